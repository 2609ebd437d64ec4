//! The scanner `http`: the bodies of HTTP responses, each in a file beside its flow's.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::http::{
    BodySink, FinishedBody, Method, Note, Options, RequestMethods, Scanner as Responses, Unstorable,
};
use super::{Body, Findings, FinishedFlow, FlowScanner};
use crate::flow::Identity;
use crate::hooks::{AlertDescriptor, Children};
use crate::messages::Messages;
use crate::output::{Opening, OutputFolder};

/// The rights of a body's file, less the umask.
const MODE: u32 = 0o644;

/// Bytes of a body gather up to this size before they are written.
const FULL_BUFFER: usize = 128 * 1024;

/// Connections whose requests are remembered at once, at most; then the oldest is forgotten.
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
    folder: OutputFolder,
    hooks: HttpHooks,
    messages: Messages,
    requests: Mutex<Requests>,
}

/// What was requested, as far as it is not known yet what came of it.
#[derive(Default)]
struct Requests {
    /// The connections that may still answer, by session, so that the oldest comes first.
    open: BTreeMap<u64, RequestSide>,
    /// The methods of the requests that a closed flow answers, by the number of that flow. They are
    /// set aside at the moment of closing, because the flow is scanned later, and what the client
    /// says until then must not make a difference.
    closed: BTreeMap<u64, Vec<Method>>,
}

/// The request side of a connection, read as it passes.
struct RequestSide {
    flow_number: u64,
    parser: RequestMethods,
    /// The position of the byte that comes next.
    next: u64,
}

impl HttpBodies {
    /// Treats bodies of flows whose files are in `folder` as `options` say, and tells `hooks` of
    /// them.
    pub fn new(
        options: Options,
        folder: OutputFolder,
        hooks: HttpHooks,
        messages: Messages,
    ) -> Self {
        Self { options, folder, hooks, messages, requests: Mutex::default() }
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        // Each connection's requests stand for themselves; those of one may be lost.
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Requests {
    fn payload(&mut self, flow: &Identity, position: u64, payload: &[u8]) {
        let flow_number = flow.connection_number;
        let is_known = |side: &RequestSide| side.flow_number == flow_number;
        if position == 0
            && may_be_request(payload)
            && !self.open.get(&flow.session_id).is_some_and(is_known)
        {
            let side = RequestSide { flow_number, parser: RequestMethods::new(), next: 0 };
            remember(&mut self.open, flow.session_id, side);
        }
        let Some(side) = self.open.get_mut(&flow.session_id) else { return };
        if !is_known(side) {
            return;
        }
        let repeated = side.next.saturating_sub(position);
        if position > side.next {
            // A hole: from here on it is not known which response answers which request.
            self.open.remove(&flow.session_id);
        } else if let Some(new) = payload.get(repeated as usize..) {
            side.parser.feed(new);
            side.next += new.len() as u64;
        }
    }

    /// The flow will be scanned: sets aside the requests of the other direction.
    fn close(&mut self, flow: &Identity) {
        let answers = |side: &RequestSide| side.flow_number != flow.connection_number;
        if self.open.get(&flow.session_id).is_some_and(answers)
            && let Some(side) = self.open.remove(&flow.session_id)
        {
            remember(&mut self.closed, flow.connection_number, side.parser.methods().to_vec());
        }
    }
}

fn remember<T>(connections: &mut BTreeMap<u64, T>, key: u64, value: T) {
    connections.insert(key, value);
    if connections.len() > REMEMBERED_CONNECTIONS {
        connections.pop_first();
    }
}

impl FlowScanner for HttpBodies {
    /// Notes what is requested: a response to HEAD has no body, though it looks as if it had.
    fn payload(&self, flow: &Identity, position: u64, payload: &[u8]) {
        self.requests().payload(flow, position, payload);
    }

    fn closed(&self, flow: &Identity) {
        self.requests().close(flow);
    }

    fn flow(&self, flow: &mut FinishedFlow<'_>, findings: &mut Findings) -> io::Result<()> {
        let methods = self.requests().closed.remove(&flow.identity.connection_number);
        let Some(path) = flow.path else { return Ok(()) };
        let mut responses = Responses::new(self.options);
        responses.add_requests(&methods.unwrap_or_default());
        let mut files = BodyFiles {
            flow: path,
            folder: &self.folder,
            flow_time: flow.identity.first_time.to_system_time(),
            hooks: &self.hooks,
            messages: &self.messages,
            open: None,
            bodies: Vec::new(),
        };
        flow.content.for_each_chunk(|chunk| responses.feed(chunk, &mut files))?;
        let is_http = responses.is_http();
        responses.finish(&mut files);
        findings.bodies = is_http.then_some(files.bodies);
        Ok(())
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
    folder: &'a OutputFolder,
    flow_time: SystemTime,
    hooks: &'a HttpHooks,
    messages: &'a Messages,
    open: Option<OpenBody>,
    bodies: Vec<Body>,
}

/// The file of a body that has not ended.
struct OpenBody {
    file: File,
    path: PathBuf,
    /// Bytes that are not written yet.
    buffer: Vec<u8>,
    /// Whether all bytes so far were written, or can still be.
    whole: bool,
}

impl OpenBody {
    fn create(folder: &OutputFolder, path: PathBuf) -> io::Result<Self> {
        let file = folder.open(&path, Opening::Empty, MODE)?;
        Ok(Self { file, path, buffer: Vec::new(), whole: true })
    }

    fn write_buffer(&mut self) -> io::Result<()> {
        let written = self.file.write_all(&self.buffer);
        self.whole &= written.is_ok();
        self.buffer.clear();
        written
    }

    fn truncate(&mut self, size: u64) -> io::Result<()> {
        self.write_buffer()?;
        self.file.set_len(size)?;
        self.file.seek(SeekFrom::Start(size)).map(drop)
    }

    /// Ends the file, of which `size` bytes were to be written, and tells how many there are.
    fn finish(&mut self, size: u64, time: SystemTime) -> (u64, io::Result<()>) {
        let written = self.write_buffer();
        let times = fs::FileTimes::new().set_accessed(time).set_modified(time);
        let stamped = self.file.set_times(times);
        let size = match self.whole {
            true => size,
            false => self.file.metadata().map_or(0, |metadata| metadata.len()),
        };
        (size, written.and(stamped))
    }
}

impl BodyFiles<'_> {
    fn path(&self, suffix: &str) -> PathBuf {
        let mut path = OsString::from(self.flow);
        path.push(suffix);
        path.into()
    }

    /// Does something with the file, and tells if that fails.
    fn with_open(
        &mut self,
        what: impl FnOnce(&mut OpenBody) -> io::Result<()>,
    ) -> Result<(), Unstorable> {
        let open = self.open.as_mut().ok_or(Unstorable)?;
        what(open).map_err(|error| {
            self.messages.file_error(open.path.display(), error);
            Unstorable
        })
    }
}

impl BodySink for BodyFiles<'_> {
    fn open(&mut self, suffix: &str) -> Result<(), Unstorable> {
        let path = self.path(suffix);
        if let Some(alert) = &self.hooks.alert {
            alert.opened(&path);
        }
        match OpenBody::create(self.folder, path.clone()) {
            Ok(open) => {
                self.open = Some(open);
                Ok(())
            }
            Err(error) => {
                self.messages.file_error(path.display(), error);
                Err(Unstorable)
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Unstorable> {
        self.with_open(|open| {
            open.buffer.extend_from_slice(bytes);
            if open.buffer.len() >= FULL_BUFFER { open.write_buffer() } else { Ok(()) }
        })
    }

    fn truncate(&mut self, size: u64) -> Result<(), Unstorable> {
        self.with_open(|open| open.truncate(size))
    }

    fn close(&mut self, body: FinishedBody<'_>) {
        let Some(mut open) = self.open.take() else { return };
        let (size, finished) = open.finish(body.size, self.flow_time);
        let path = open.path;
        if let Err(error) = finished {
            self.messages.file_error(path.display(), error);
        }
        self.bodies.push(Body { offset: body.file_offset, path: path.clone(), size });
        if let Some(alert) = &self.hooks.alert {
            alert.closed(&path);
        }
        if let Some((command, children)) = &self.hooks.command {
            children.run(command, &path);
        }
    }

    fn discard(&mut self, _suffix: &str) {
        let Some(open) = self.open.take() else { return };
        if let Err(error) = self.folder.remove(&open.path) {
            self.messages.file_error(open.path.display(), error);
        }
    }

    fn note(&mut self, suffix: &str, note: Note) {
        let path = self.path(suffix);
        self.messages.debug(note.level(), format_args!("{}: {note}", path.display()));
    }
}
