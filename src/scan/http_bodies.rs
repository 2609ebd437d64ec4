//! The scanner `http`: the bodies of HTTP responses, each in a file beside its flow's.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;

use super::http::{
    BodySink, FinishedBody, Note, Options, RequestMethods, Scanner as Responses, Unstorable,
};
use super::{Body, Findings, FinishedFlow, FlowScanner};
use crate::flow::Identity;
use crate::hooks::{AlertDescriptor, Children};
use crate::messages::Messages;

/// The rights of a body's file, less the umask.
const MODE: u32 = 0o644;

/// Bytes of a body gather up to this size before they are written.
const FULL_BUFFER: usize = 128 * 1024;

/// Connections whose requests are remembered at once, at most.
const REMEMBERED_CONNECTIONS: usize = 65_536;

/// Whom to tell of bodies.
#[derive(Clone, Debug, Default)]
pub struct HttpHooks {
    /// A command to run on each body, and how to run it.
    pub command: Option<(String, Children)>,
    /// A descriptor that hears of bodies being opened and closed.
    pub alert: Option<AlertDescriptor>,
}

/// Finds the bodies of all flows.
pub struct HttpBodies {
    options: Options,
    hooks: HttpHooks,
    messages: Messages,
    /// The requests of connections, by session.
    requests: Mutex<HashMap<u64, Requests, RandomState>>,
}

/// The request side of a connection, read as it passes.
struct Requests {
    flow_number: u64,
    parser: RequestMethods,
    /// The position of the byte that comes next.
    next: u64,
}

impl HttpBodies {
    /// Treats bodies as `options` say and tells `hooks` of them.
    pub fn new(options: Options, hooks: HttpHooks, messages: Messages) -> Self {
        Self { options, hooks, messages, requests: Mutex::default() }
    }

    fn requests(&self) -> MutexGuard<'_, HashMap<u64, Requests, RandomState>> {
        // Each connection's requests stand for themselves; those of one may be lost.
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FlowScanner for HttpBodies {
    /// Notes what is requested: a response to HEAD has no body, though it looks as if it had.
    fn payload(&self, flow: &Identity, position: u64, payload: &[u8]) {
        let mut connections = self.requests();
        if position == 0 && may_be_request(payload) {
            if connections.len() >= REMEMBERED_CONNECTIONS {
                connections.clear();
            }
            let flow_number = flow.connection_number;
            let requests = Requests { flow_number, parser: RequestMethods::new(), next: 0 };
            connections.insert(flow.session_id, requests);
        }
        let Some(requests) = connections.get_mut(&flow.session_id) else { return };
        if requests.flow_number != flow.connection_number {
            return;
        }
        let repeated = requests.next.saturating_sub(position);
        if position > requests.next {
            // A hole: from here on it is not known which response answers which request.
            connections.remove(&flow.session_id);
        } else if let Some(new) = payload.get(repeated as usize..) {
            requests.parser.feed(new);
            requests.next += new.len() as u64;
        }
    }

    fn flow(&self, flow: &mut FinishedFlow<'_>, findings: &mut Findings) -> io::Result<()> {
        let requests = self.requests_answered_by(flow.identity);
        let Some(path) = flow.path else { return Ok(()) };
        let mut responses = Responses::new(self.options);
        if let Some(requests) = requests {
            responses.add_requests(requests.parser.methods());
        }
        let mut files = BodyFiles {
            flow: path,
            flow_time: flow.identity.first_time.to_system_time(),
            hooks: &self.hooks,
            messages: &self.messages,
            file: None,
            buffer: Vec::new(),
            bodies: Vec::new(),
        };
        flow.content.for_each_chunk(|chunk| responses.feed(chunk, &mut files))?;
        let is_http = responses.is_http();
        responses.finish(&mut files);
        findings.bodies = is_http.then_some(files.bodies);
        Ok(())
    }
}

impl HttpBodies {
    /// The requests of the other direction, which are forgotten.
    fn requests_answered_by(&self, responses: &Identity) -> Option<Requests> {
        let mut connections = self.requests();
        let requests = connections.get(&responses.session_id)?;
        match requests.flow_number == responses.connection_number {
            true => None,
            false => connections.remove(&responses.session_id),
        }
    }
}

/// Whether a stream that begins with these bytes may hold requests: methods are upper-case words
/// by custom, and no response must be taken for one.
fn may_be_request(start: &[u8]) -> bool {
    start.first().is_some_and(u8::is_ascii_uppercase) && !start.starts_with(b"HTTP/")
}

/// Writes the bodies of one flow.
struct BodyFiles<'a> {
    flow: &'a Path,
    flow_time: std::time::SystemTime,
    hooks: &'a HttpHooks,
    messages: &'a Messages,
    file: Option<File>,
    buffer: Vec<u8>,
    bodies: Vec<Body>,
}

impl BodyFiles<'_> {
    fn path(&self, suffix: &str) -> PathBuf {
        let mut path = OsString::from(self.flow);
        path.push(suffix);
        path.into()
    }

    fn write_buffer(&mut self) -> Result<(), Unstorable> {
        let Some(file) = &mut self.file else { return Err(Unstorable) };
        let written = file.write_all(&self.buffer);
        self.buffer.clear();
        written.map_err(|error| {
            self.messages
                .error(format_args!("{}: HTTP body not stored: {error}", self.flow.display()));
            Unstorable
        })
    }

    fn finish_file(&mut self, path: &Path) -> io::Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let times = fs::FileTimes::new().set_accessed(self.flow_time).set_modified(self.flow_time);
        file.set_times(times).map_err(|error| {
            self.messages.error(format_args!("{}: {error}", path.display()));
            error
        })
    }
}

impl BodySink for BodyFiles<'_> {
    fn open(&mut self, suffix: &str) -> Result<(), Unstorable> {
        let path = self.path(suffix);
        if let Some(alert) = &self.hooks.alert {
            alert.opened(&path);
        }
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(MODE)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&path);
        match opened {
            Ok(file) => {
                self.file = Some(file);
                Ok(())
            }
            Err(error) => {
                self.messages.error(format_args!("{}: {error}", path.display()));
                Err(Unstorable)
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Unstorable> {
        self.buffer.extend_from_slice(bytes);
        match self.buffer.len() >= FULL_BUFFER {
            true => self.write_buffer(),
            false => Ok(()),
        }
    }

    fn truncate(&mut self, size: u64) -> Result<(), Unstorable> {
        use std::io::{Seek, SeekFrom};
        self.write_buffer()?;
        let Some(file) = &mut self.file else { return Err(Unstorable) };
        let cut = file.set_len(size).and_then(|()| file.seek(SeekFrom::Start(size)));
        cut.map(drop).map_err(|error| {
            self.messages.error(format_args!("{}: HTTP body: {error}", self.flow.display()));
            Unstorable
        })
    }

    fn close(&mut self, body: FinishedBody<'_>) {
        let path = self.path(body.suffix);
        if self.write_buffer().is_err() {
            self.file = None;
            return;
        }
        // What went wrong has been told; the body is there all the same.
        let _ = self.finish_file(&path);
        self.bodies.push(Body { offset: body.file_offset, path: path.clone(), size: body.size });
        if let Some(alert) = &self.hooks.alert {
            alert.closed(&path);
        }
        if let Some((command, children)) = &self.hooks.command {
            children.run(command, &path);
        }
    }

    fn discard(&mut self, suffix: &str) {
        self.file = None;
        self.buffer.clear();
        let path = self.path(suffix);
        if let Err(error) = fs::remove_file(&path) {
            self.messages.error(format_args!("{}: {error}", path.display()));
        }
    }

    fn note(&mut self, suffix: &str, note: Note) {
        let path = self.path(suffix);
        self.messages.debug(note.level(), format_args!("{}: {note}", path.display()));
    }
}
