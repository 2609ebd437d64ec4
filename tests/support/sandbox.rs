//! An empty folder in which the real program runs.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use super::captures::{ETHERNET, Pcap, frames};
use super::packets::{Connection, Side, ethernet};
use super::report::Report;

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An empty folder that vanishes at the end of the test.
pub(crate) struct Sandbox(TempDir);

/// How a run of the program ended and what it said.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit status; none if a signal ended the program.
    pub(crate) status: Option<i32>,
    /// Standard output.
    pub(crate) stdout: Vec<u8>,
    /// Standard error.
    pub(crate) stderr: String,
}

/// The path of a capture in `fixtures/`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// The program, to be called as `tcpflow`.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_tcpflow"))
}

impl Sandbox {
    /// A new one.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// A new one in memory, where the system has such a place: thousands of files take as long there
    /// whatever the disk is like and whoever else uses it.
    pub(crate) fn in_memory() -> Self {
        tempfile::tempdir_in("/dev/shm").map_or_else(|_| Self::new(), Self)
    }

    /// A new one with a capture `in.pcap` of one flow, from port 1 of 10.0.0.1 to port 80 of
    /// 10.0.0.2, that says `text`.
    pub(crate) fn with_flow() -> Self {
        let sandbox = Self::new();
        let flow = Connection::between("10.0.0.1:1", "10.0.0.2:80").says(Side::Client, b"text");
        sandbox.capture("in.pcap", [flow]);
        sandbox
    }

    /// Where a file of it is.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file into it.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("a file in a temporary folder");
    }

    /// Makes a named pipe in it.
    pub(crate) fn pipe(&self, name: &str) {
        nix::unistd::mkfifo(&self.path(name), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    }

    /// Reads a file of it.
    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Writes a capture of these connections into it, over Ethernet.
    pub(crate) fn capture(&self, name: &str, connections: impl IntoIterator<Item = Connection>) {
        let datagrams = connections.into_iter().flat_map(Connection::datagrams);
        let frames = frames(datagrams.map(|datagram| ethernet(&datagram)));
        self.write(name, Pcap::of(ETHERNET).write(&frames));
    }

    /// The program with these arguments, to be run in it.
    pub(crate) fn command(&self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Command {
        let mut command = Command::new(program());
        command.arg0("tcpflow").args(arguments).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    /// Runs the program with these words as arguments; `{NAME}` stands for a fixture's path.
    pub(crate) fn run(&self, arguments: &str) -> Outcome {
        self.run_with(arguments.split_whitespace().map(expand))
    }

    /// Runs the program with these arguments.
    pub(crate) fn run_with(&self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Outcome {
        self.command(arguments).output().expect("the program can be run").into()
    }

    /// Runs the program with these words as arguments and these bytes on its standard input.
    pub(crate) fn run_on(&self, input: &[u8], arguments: &str) -> Outcome {
        let mut command = self.command(arguments.split_whitespace().map(expand));
        let mut child = piped(&mut command).stdin(Stdio::piped()).spawn().expect("a child");
        let mut stdin = child.stdin.take().expect("a pipe");
        thread::scope(|scope| {
            // The program may end before it has read everything.
            scope.spawn(move || stdin.write_all(input).is_ok());
            child.wait_with_output().expect("an end of the program").into()
        })
    }

    /// Starts the program with these words as arguments and does not wait for it.
    pub(crate) fn start(&self, arguments: &str) -> Running {
        Running::start(self.command(arguments.split_whitespace().map(expand)))
    }

    /// Starts the program with these arguments and does not wait for it.
    pub(crate) fn start_with(&self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Running {
        Running::start(self.command(arguments))
    }

    /// Starts the program by another one, which is to become it: `before` are its words.
    pub(crate) fn start_by(&self, before: &str, arguments: &str) -> Running {
        let mut words = before.split_whitespace();
        let mut command = Command::new(words.next().expect("a program"));
        command.args(words).arg(program()).args(arguments.split_whitespace().map(expand));
        command.current_dir(self.0.path()).stdin(Stdio::null());
        Running::start(command)
    }

    /// Starts the program with standard output going elsewhere than into the [`Outcome`].
    pub(crate) fn start_into(&self, stdout: impl Into<Stdio>, arguments: &str) -> Running {
        let mut command = self.command(arguments.split_whitespace().map(expand));
        command.stdout(stdout).stderr(Stdio::piped());
        Running::spawn(command)
    }

    /// Starts the program in a network namespace.
    pub(crate) fn start_inside(&self, namespace: &str, arguments: &str) -> Running {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace]).arg(program()).args(arguments.split(' '));
        command.current_dir(self.0.path()).stdin(Stdio::null());
        Running::start(command)
    }

    /// Runs a line of shell, in which `tcpflow` is the program.
    pub(crate) fn shell(&self, line: &str) -> Outcome {
        let folder = program().parent().expect("a folder").display();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command.arg("-c").arg(line).env("PATH", format!("{folder}:{path}"));
        command.current_dir(self.0.path()).stdin(Stdio::null());
        command.output().expect("a shell").into()
    }

    /// All files below a folder of it, but for reports, by their names.
    pub(crate) fn tree(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        gather(&self.path(folder), "", &mut files);
        files.remove("report.xml");
        files
    }

    /// The names of all files below a folder of it, but for reports.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        self.tree(folder).into_keys().collect()
    }

    /// Reads a report in it.
    #[track_caller]
    pub(crate) fn report(&self, name: &str) -> Report {
        Report::read(&self.path(name))
    }
}

/// Replaces `{NAME}` by the path of the fixture of that name.
pub(crate) fn expand(word: &str) -> String {
    match word.strip_prefix('{').and_then(|word| word.strip_suffix('}')) {
        Some(name) => fixture(name).display().to_string(),
        None => word.to_owned(),
    }
}

fn piped(command: &mut Command) -> &mut Command {
    command.stdout(Stdio::piped()).stderr(Stdio::piped())
}

fn gather(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("a folder's entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        match path.is_dir() {
            true => gather(&path, &format!("{prefix}{name}/"), files),
            false => match fs::read(&path) {
                Ok(content) => _ = files.insert(format!("{prefix}{name}"), content),
                // Removed since the folder was read, by a program that is still at work.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => panic!("{}: {error}", path.display()),
            },
        }
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Outcome {
    /// The program did its job, and said nothing but where the report is.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.status, Some(0), "{self:?}");
        assert_eq!(self.complaints(), Vec::<&str>::new(), "{self:?}");
        self
    }

    /// The program failed with this status and one line, which contains all of `words`.
    #[track_caller]
    pub(crate) fn fails(self, status: i32, words: &[&str]) -> Self {
        assert_eq!(self.status, Some(status), "{self:?}");
        let complaints = self.complaints();
        assert_eq!(complaints.len(), 1, "{self:?}");
        self.complains(words)
    }

    /// One line on standard error contains all of `words`.
    #[track_caller]
    pub(crate) fn complains(self, words: &[&str]) -> Self {
        let said = self.complaints().iter().any(|line| {
            line.starts_with("tcpflow: ") && words.iter().all(|word| line.contains(word))
        });
        assert!(said, "no line with {words:?} in {self:?}");
        self
    }

    /// The lines on standard error that tell of something unusual.
    pub(crate) fn complaints(&self) -> Vec<&str> {
        self.stderr.lines().filter(|line| !line.starts_with("reportfilename: ")).collect()
    }

    /// Standard output as text.
    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("text on standard output")
    }
}

/// The program, running; killed if the test fails.
pub(crate) struct Running {
    child: Child,
    stdout: Arc<Mutex<Vec<u8>>>,
    stderr: Arc<Mutex<Vec<u8>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        piped(&mut command);
        Self::spawn(command)
    }

    /// Gathers what comes out of the pipes that the command has.
    fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().expect("a child");
        let mut readers = Vec::new();
        let mut text = |(text, reader)| {
            readers.push(reader);
            text
        };
        let stdout = child.stdout.take().map(gathered).map(&mut text).unwrap_or_default();
        let stderr = child.stderr.take().map(gathered).map(&mut text).unwrap_or_default();
        Self { child, stdout, stderr, readers }
    }

    /// Waits until the program says this on standard error.
    pub(crate) fn says(&self, words: &str) {
        wait_until(words, || {
            String::from_utf8_lossy(&self.stderr.lock().expect("text")).contains(words)
        });
    }

    /// How many bytes the program printed on standard output so far.
    pub(crate) fn printed(&self) -> usize {
        self.stdout.lock().expect("text").len()
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).expect("the program is there");
    }

    /// Waits for the program's end.
    pub(crate) fn finish(mut self) -> Outcome {
        wait_until("the program's end", || self.child.try_wait().expect("a child").is_some());
        for reader in self.readers.drain(..) {
            reader.join().expect("readers do not panic");
        }
        Outcome {
            status: self.child.wait().expect("a child").code(),
            stdout: self.stdout.lock().expect("text").clone(),
            stderr: String::from_utf8_lossy(&self.stderr.lock().expect("text")).into_owned(),
        }
    }
}

/// What comes out of a pipe, as it comes.
pub(crate) fn gathered(
    mut pipe: impl Read + Send + 'static,
) -> (Arc<Mutex<Vec<u8>>>, JoinHandle<()>) {
    let text = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&text);
    let reader = thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = pipe.read(&mut piece) {
            sink.lock().expect("text").extend(&piece[..length]);
        }
    });
    (text, reader)
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `condition` holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Says, past the test harness, that a test did not run and why.
pub(crate) fn skip(test: &str, reason: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {reason}");
}

/// Whether the tests run as root.
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}
