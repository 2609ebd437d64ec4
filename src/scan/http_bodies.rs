//! The scanner `http`: the bodies of HTTP responses, each in a file beside its flow's.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
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
use crate::sparse;

/// The rights of a body's file, less the umask.
const MODE: u32 = 0o644;

/// Bytes of a body gather up to this size before they are written.
const FULL_BUFFER: usize = 128 * 1024;

/// Connections whose requests are remembered at once, at most; then the oldest is forgotten.
const REMEMBERED_CONNECTIONS: usize = 65_536;

/// Requests that are remembered at once, at most, of all connections together.
const REMEMBERED_REQUESTS: usize = 16 << 20;

/// Bodies of one flow that the report lists. The files of others are written all the same.
const LISTED_BODIES: usize = 500_000;

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
struct Requests {
    /// The connections that may still answer, by session, so that the oldest comes first.
    open: BTreeMap<u64, RequestSide>,
    /// The methods of the requests that a closed flow answers, by the number of that flow. They are
    /// set aside at the moment of closing, because the flow is scanned later, and what the client
    /// says until then must not make a difference.
    closed: BTreeMap<u64, Vec<Method>>,
    /// How many requests `open` and `closed` hold together.
    remembered: usize,
    /// How many they may hold.
    most: usize,
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
        let requests = Mutex::new(Requests::new(REMEMBERED_REQUESTS));
        Self { options, folder, hooks, messages, requests }
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        // Each connection's requests stand for themselves; those of one may be lost.
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Requests {
    /// None yet, and never more than `most`.
    fn new(most: usize) -> Self {
        Self { open: BTreeMap::new(), closed: BTreeMap::new(), remembered: 0, most }
    }

    fn payload(&mut self, flow: &Identity, position: u64, payload: &[u8]) {
        let flow_number = flow.connection_number;
        let is_known = |side: &RequestSide| side.flow_number == flow_number;
        if position == 0
            && may_be_request(payload)
            && !self.open.get(&flow.session_id).is_some_and(is_known)
        {
            let side = RequestSide { flow_number, parser: RequestMethods::new(), next: 0 };
            self.remembered -= remember(&mut self.open, flow.session_id, side);
        }
        let Some(side) = self.open.get_mut(&flow.session_id) else { return };
        if !is_known(side) {
            return;
        }
        let repeated = side.next.saturating_sub(position);
        if position > side.next {
            // A hole: from here on it is not known which response answers which request.
            self.remembered -= side.requests();
            self.open.remove(&flow.session_id);
        } else if let Some(new) = payload.get(repeated as usize..) {
            self.remembered -= side.requests();
            side.parser.feed(new);
            side.next += new.len() as u64;
            self.remembered += side.requests();
            self.keep_bound();
        }
    }

    /// Forgets the oldest connections until those left have not too many requests.
    fn keep_bound(&mut self) {
        while self.remembered > self.most {
            let closed = self.closed.pop_first().map(|(_, methods)| methods.requests());
            let forgotten = closed.or_else(|| Some(self.open.pop_first()?.1.requests()));
            let Some(forgotten) = forgotten else { return };
            self.remembered -= forgotten;
        }
    }

    /// The methods of the requests that the flow answers.
    fn take(&mut self, flow: &Identity) -> Vec<Method> {
        let methods = self.closed.remove(&flow.connection_number).unwrap_or_default();
        self.remembered -= methods.len();
        methods
    }

    /// The flow will be scanned: sets aside the requests of the other direction.
    fn close(&mut self, flow: &Identity) {
        let answers = |side: &RequestSide| side.flow_number != flow.connection_number;
        if self.open.get(&flow.session_id).is_some_and(answers)
            && let Some(side) = self.open.remove(&flow.session_id)
        {
            let methods = side.parser.into_methods();
            self.remembered -= remember(&mut self.closed, flow.connection_number, methods);
        }
    }
}

/// What remembers requests.
trait Remembers {
    /// How many.
    fn requests(&self) -> usize;
}

impl Remembers for RequestSide {
    fn requests(&self) -> usize {
        self.parser.methods().len()
    }
}

impl Remembers for Vec<Method> {
    fn requests(&self) -> usize {
        self.len()
    }
}

/// Adds a connection and returns how many requests were forgotten for it.
fn remember<T: Remembers>(connections: &mut BTreeMap<u64, T>, key: u64, value: T) -> usize {
    let replaced = connections.insert(key, value);
    let oldest = match connections.len() > REMEMBERED_CONNECTIONS {
        true => connections.pop_first().map(|(_, oldest)| oldest),
        false => None,
    };
    [replaced, oldest].iter().flatten().map(Remembers::requests).sum()
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
        let methods = self.requests().take(flow.identity);
        let Some(path) = flow.path else { return Ok(()) };
        let mut responses = Responses::new(self.options);
        responses.add_requests(&methods);
        let mut files = BodyFiles {
            flow: path,
            folder: &self.folder,
            flow_time: flow.identity.first_time.to_system_time(),
            hooks: &self.hooks,
            messages: &self.messages,
            open: None,
            bodies: Vec::new(),
            unlisted: 0,
        };
        flow.content.for_each_chunk(|chunk| responses.feed(chunk, &mut files))?;
        let is_http = responses.is_http();
        responses.finish(&mut files);
        if files.unlisted > 0 {
            let (path, unlisted) = (path.display(), files.unlisted);
            self.messages.warning(format_args!(
                "{path}: the report lists {LISTED_BODIES} bodies and leaves out {unlisted}"
            ));
        }
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
    /// How many bodies there were beyond those.
    unlisted: u64,
}

/// The file of a body that has not ended.
///
/// Zeros become holes: those of streams, and the bombs among compressed bodies, must not fill the
/// disk.
struct OpenBody {
    file: File,
    path: PathBuf,
    /// The position behind the last byte that was written.
    end: u64,
    /// Bytes that are not written yet.
    buffer: Vec<u8>,
    /// Whether all bytes so far were written, or can still be.
    whole: bool,
}

impl OpenBody {
    fn create(folder: &OutputFolder, path: PathBuf) -> io::Result<Self> {
        let file = folder.open(&path, Opening::Empty, MODE)?;
        Ok(Self { file, path, end: 0, buffer: Vec::new(), whole: true })
    }

    fn write_buffer(&mut self) -> io::Result<()> {
        let written = sparse::write_at(&self.file, &self.buffer, self.end, self.end);
        self.whole &= written.is_ok();
        if written.is_ok() {
            self.end += self.buffer.len() as u64;
        }
        self.buffer.clear();
        written
    }

    fn truncate(&mut self, size: u64) -> io::Result<()> {
        self.write_buffer()?;
        self.file.set_len(size)?;
        self.end = size;
        Ok(())
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
        match self.bodies.len() {
            0..LISTED_BODIES => {
                self.bodies.push(Body { offset: body.file_offset, path: path.clone(), size });
            }
            _ => self.unlisted += 1,
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Verbosity;
    use crate::decode::{FiveTuple, LinkFacts};
    use crate::flow::Direction;
    use crate::time::Timestamp;

    /// One direction of a connection.
    fn flow(connection_number: u64, session_id: u64) -> Identity {
        Identity {
            tuple: FiveTuple::v4([10, 0, 0, 1], [10, 0, 0, 2], (1, 80)),
            link: LinkFacts::default(),
            direction: Direction::Unknown,
            first_time: Timestamp::from_micros(0),
            connection_number,
            session_id,
        }
    }

    #[test]
    fn remembered_requests_are_bounded() {
        const MOST: usize = 100;
        let mut requests = Requests::new(MOST);
        let asked = b"GET / HTTP/1.1\r\n\r\n".repeat(30);
        for session in 0..50 {
            requests.payload(&flow(2 * session, session), 0, &asked);
            // Some of them are answered at once, some later, some have a gap.
            match session % 3 {
                0 => requests.close(&flow(2 * session + 1, session)),
                1 => requests.payload(&flow(2 * session, session), 5000, &asked),
                _ => {}
            }
            let open: usize = requests.open.values().map(Remembers::requests).sum();
            let closed: usize = requests.closed.values().map(Remembers::requests).sum();
            assert_eq!(requests.remembered, open + closed);
            assert!(requests.remembered <= MOST);
        }
        requests.close(&flow(99, 47));
        assert_eq!(requests.take(&flow(99, 47)).len(), 30, "the newest are remembered");
        assert_eq!(requests.take(&flow(1, 0)).len(), 0, "the oldest are not");
    }

    #[test]
    fn bodies_that_the_report_does_not_list_are_written_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let flow = folder.path().join("flow");
        let output = OutputFolder::new(folder.path());
        let listed = Body { offset: 0, path: PathBuf::new(), size: 1 };
        let hooks = HttpHooks::default();
        let messages = Messages::new("test", Verbosity { level: 0, quiet: true });
        let mut files = BodyFiles {
            flow: &flow,
            folder: &output,
            flow_time: SystemTime::UNIX_EPOCH,
            hooks: &hooks,
            messages: &messages,
            open: None,
            bodies: vec![listed; LISTED_BODIES],
            unlisted: 0,
        };
        assert!(files.open("-body").is_ok() && files.write(b"all the same").is_ok());
        files.close(FinishedBody { suffix: "-body", file_offset: 0, size: 12 });
        assert_eq!((files.bodies.len(), files.unlisted), (LISTED_BODIES, 1));
        assert_eq!(fs::read(folder.path().join("flow-body")).unwrap(), b"all the same");
    }

    /// Neither the holes of streams nor bombs of zeros may fill the disk.
    #[test]
    fn zeros_of_a_body_become_holes_wherever_they_stand() {
        use std::os::unix::fs::MetadataExt;
        const ZEROS: usize = 40 * FULL_BUFFER;
        let folder = tempfile::tempdir().unwrap();
        let output = OutputFolder::new(folder.path());
        for pattern in ["0", "x0", "0x", "x0x0", "0x0x", "00x"] {
            let path = folder.path().join(pattern);
            let mut body = OpenBody::create(&output, path.clone()).unwrap();
            let mut expected = Vec::new();
            for kind in pattern.bytes() {
                let piece = match kind {
                    b'0' => vec![0; ZEROS],
                    _ => vec![b'x'; 1000],
                };
                for part in piece.chunks(FULL_BUFFER) {
                    body.buffer.extend_from_slice(part);
                    body.write_buffer().unwrap();
                }
                expected.extend(piece);
            }
            let size = expected.len() as u64;
            let (told, finished) = body.finish(size, SystemTime::UNIX_EPOCH);
            assert!(finished.is_ok() && told == size);
            assert!(fs::read(&path).unwrap() == expected, "{pattern}");
            let disk = fs::metadata(&path).unwrap().blocks() * 512;
            assert!(disk < 2 << 20, "{pattern}: {disk} bytes");

            let mut body = OpenBody::create(&output, path.clone()).unwrap();
            body.buffer.extend_from_slice(&expected);
            body.truncate(size - 1).unwrap();
            body.buffer.push(b'!');
            body.finish(size, SystemTime::UNIX_EPOCH).1.unwrap();
            *expected.last_mut().unwrap() = b'!';
            assert!(fs::read(&path).unwrap() == expected, "{pattern} cut and gone on with");
        }
    }
}
