//! What a run is to do: the command line after it was understood and checked.
//!
//! [`crate::cli`] builds one [`Config`], once, and nothing changes it afterwards. Here stands what
//! the options mean together; what was typed stays behind in `cli`.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::output::template::Template;
use crate::scan::Algorithms;
use crate::settings::Settings;

/// The jump in sequence numbers, in bytes, beyond which a new flow begins, unless `-m` says other.
pub const DEFAULT_MAX_SEEK: u32 = 16 * 1024 * 1024;

/// Everything a run needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// The name the program was called by; the prefix of its messages.
    pub program: String,
    /// The whole command line, as it was given.
    pub command_line: Vec<OsString>,
    /// Where packets come from.
    pub input: Input,
    /// A pcap-filter expression; empty for none.
    pub filter: String,
    /// The output folder (`-o`), `.` by default.
    pub output_folder: PathBuf,
    /// How flow files are named (`-T`, `-F`).
    pub template: Template,
    /// What becomes of the streams' bytes.
    pub sink: Sink,
    /// Keep at most this many bytes of each flow (`-b`).
    pub byte_limit: Option<u64>,
    /// Keep at most this many flow files open at once (`-f`).
    pub max_descriptors: Option<usize>,
    /// A larger jump of the sequence numbers, either way, begins a new flow (`-m`), in bytes.
    pub max_seek: u32,
    /// Write a `.findx` index beside every flow file (`-I`).
    pub index: bool,
    /// Where packets that were not processed go, if anywhere (`-w`).
    pub unprocessed: Option<PathBuf>,
    /// Where the DFXML report goes.
    pub report: Option<PathBuf>,
    /// Which scanners run, and whether flows are post-processed.
    pub scanners: Scanners,
    /// The values of all `-S` parameters.
    pub settings: Settings,
    /// Become this user once the input is open (`-U`).
    pub user: Option<String>,
    /// Change the root to this folder (`-z`); only with `user`.
    pub chroot: Option<PathBuf>,
    /// Take this semaphore around each packet printed (`-L`).
    pub semaphore: Option<String>,
    /// How much is said on standard error.
    pub verbosity: Verbosity,
}

/// Where packets come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A network device; `None` for libpcap's first one.
    Live {
        /// The device's name (`-i`).
        device: Option<String>,
        /// Whether to see frames that are not meant for this host (off with `-p`).
        promiscuous: bool,
    },
    /// Capture files, in the order in which they are to be read. The path `-` is standard input.
    Files(Vec<InputFile>),
}

/// One capture file of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Where it is; `-` is standard input.
    pub path: PathBuf,
    /// Whether it may begin flows or, given with `-R`, only finish those already known.
    pub phase: Phase,
}

/// What the packets of an input may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Begin and continue flows (`-r`, `-l`, live).
    Normal,
    /// Only continue flows that are known (`-R`).
    Finish,
}

/// What becomes of the streams' bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sink {
    /// A file for each flow.
    Files,
    /// Printed as they arrive (`-c`, `-C`).
    Console(ConsoleStyle),
    /// A pcap file for each flow, with its packets (`-K`).
    PacketFiles,
    /// Nothing; flows are only reported (`-FX`).
    ReportOnly,
}

/// How packets are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConsoleStyle {
    /// What a payload looks like.
    pub form: ConsoleForm,
    /// Whether a header names the flow (`-c`), or not (`-C`, `-J`).
    pub header: bool,
    /// Whether a newline follows each packet (not with `-0`).
    pub newline: bool,
    /// Whether directions are coloured (`-g`).
    pub color: bool,
}

/// What a printed payload looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConsoleForm {
    /// Printable ASCII, `.` for the rest.
    #[default]
    Text,
    /// As it is (`-B`).
    Binary,
    /// A hexadecimal dump (`-D`).
    Hex,
    /// One JSON object a packet (`-J`).
    Json,
}

/// Which scanners run: the outcome of `-a`, `-e`, `-E`, `-x`, `-FM`, applied in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanners {
    /// Rebuild TCP streams at all.
    pub tcpdemux: bool,
    /// Hashes of every flow.
    pub hashes: Algorithms,
    /// HTTP bodies.
    pub http: bool,
    /// The picture `report.pdf`.
    pub netviz: bool,
    /// Names of wireless networks.
    pub wifiviz: bool,
    /// Inflate compressed HTTP bodies (not with `-Z`).
    pub http_decompress: bool,
}

/// How much is said on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verbosity {
    /// The debug level (`-d`): 0 only errors, 1 the default, 10 everything.
    pub level: u32,
    /// Suppress warnings and the progress line (`-q`).
    pub quiet: bool,
}

impl Verbosity {
    /// Whether warnings are printed.
    pub fn warns(self) -> bool {
        !self.quiet && self.level > 0
    }
}

impl Config {
    /// What a run does when nothing is said: every flow of libpcap's first device goes to a file in
    /// the current folder.
    pub fn new(program: &str, command_line: Vec<OsString>) -> Self {
        Self {
            program: program.to_owned(),
            command_line,
            input: Input::Live { device: None, promiscuous: true },
            filter: String::new(),
            output_folder: PathBuf::from("."),
            template: Template::default(),
            sink: Sink::Files,
            byte_limit: None,
            max_descriptors: None,
            max_seek: DEFAULT_MAX_SEEK,
            index: false,
            unprocessed: None,
            report: Some(PathBuf::from("./report.xml")),
            scanners: Scanners { tcpdemux: true, http_decompress: true, ..Scanners::default() },
            settings: Settings::default(),
            user: None,
            chroot: None,
            semaphore: None,
            verbosity: Verbosity { level: 1, quiet: false },
        }
    }
}
