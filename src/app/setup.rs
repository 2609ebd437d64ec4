//! Makes what a run needs, in an order that matters: the first input and the filter expression come
//! first, so that a mistake in them leaves nothing behind; then the output folder and the report;
//! and only with all those open the privileges go.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::limits;
use super::memory::Shares;
use super::packets::{Demux, Pipeline};
use super::privileges::{self, PrivilegeError, Relinquish};
use super::signals::StopFlag;
use super::sink::{FlowHooks, FlowScanners, Route, StreamSink, scan};
use crate::capture::{CaptureError, FilterError, LiveOptions, Source};
use crate::config::{Config, Input, Phase, Sink};
use crate::decode::{self, Decoder};
use crate::flow::{Rules, Tracker};
use crate::hooks::{AlertDescriptor, Children};
use crate::messages::Messages;
use crate::output::{
    Console, FileStore, Finisher, FlowFileOptions, FlowFiles, Inspect, Limits, MakeFiles, Namer,
    OutputFolder, Pace, PacketFiles, ScratchStreams, Semaphore, Tools, UnprocessedPackets,
};
use crate::report::{Environment, Report};
use crate::scan::{
    FlowScanner, HashScanner, HttpBodies, HttpHooks, Networks, PacketScanner, Picture, http,
};

/// What is said to root who captures and keeps all rights. Reading files is no occasion: a file may
/// be root's alone.
const ROOT_HINT: &str =
    "capturing as root: with -U USER only the device is opened as root (-q omits this line)";

/// With fewer descriptors than this, all of them are for files that grow, and no thread has any.
const DESCRIPTORS_FOR_TWO: usize = 512;

/// More descriptors than files that wait for a thread can have open, and the thread needs.
const DESCRIPTORS_FOR_WAITING: usize = 320;
const _: () = assert!(DESCRIPTORS_FOR_WAITING < DESCRIPTORS_FOR_TWO);

/// With more bytes than this waiting in memory, an idle thread makes files before memory is scarce.
/// Where buffers get no more than that, it never does: smaller windows would be written more often.
const EARLY: u64 = 64 << 20;

/// Why a run could not begin.
#[derive(Debug, Error)]
pub(super) enum SetupError {
    #[error(transparent)]
    Capture(#[from] CaptureError),
    #[error(transparent)]
    Filter(#[from] FilterError),
    #[error(transparent)]
    Privileges(#[from] PrivilegeError),
    #[error("{}: {}", .0.display(), .1)]
    File(PathBuf, io::Error),
    #[error("{}: not a folder", .0.display())]
    NotAFolder(PathBuf),
    #[error("semaphore {0}: {1}")]
    Semaphore(String, io::Error),
    #[error("descriptor {0}: {1}")]
    Descriptor(i32, io::Error),
    #[error("cannot listen to signals: {0}")]
    Signals(io::Error),
}

/// A run that is being set up.
pub(super) struct Setup<'a> {
    config: &'a Config,
    messages: Messages,
    stop: StopFlag,
    relinquish: Option<Relinquish>,
    /// Flow files that may be open at once.
    descriptors: usize,
    memory: Shares,
    report: Option<Report>,
    /// What is still to be read, the next one last.
    inputs: Vec<PendingInput<'a>>,
}

/// An input that is not open yet.
enum PendingInput<'a> {
    Device { name: Option<&'a str>, promiscuous: bool },
    File(&'a Path, Phase),
}

impl<'a> Setup<'a> {
    /// Looks at nothing but the configuration and the user to become.
    pub(super) fn begin(
        config: &'a Config,
        messages: Messages,
        stop: StopFlag,
    ) -> Result<Self, SetupError> {
        let relinquish = match &config.user {
            Some(user) => Some(Relinquish::prepare(user, config.chroot.as_deref())?),
            None => None,
        };
        let mut inputs: Vec<_> = match &config.input {
            Input::Live { device, promiscuous } => {
                vec![PendingInput::Device { name: device.as_deref(), promiscuous: *promiscuous }]
            }
            Input::Files(files) => {
                files.iter().map(|file| PendingInput::File(&file.path, file.phase)).collect()
            }
        };
        inputs.reverse();
        let descriptors = limits::descriptors(config.max_descriptors);
        let memory = Shares::of(config);
        Ok(Self { config, messages, stop, relinquish, descriptors, memory, report: None, inputs })
    }

    /// Makes the output folder and begins the report.
    fn begin_output(&mut self) -> Result<(), SetupError> {
        let config = self.config;
        let place = |path: &Path| match &self.relinquish {
            Some(relinquish) => relinquish.before_chroot(path),
            None => path.to_owned(),
        };
        let folder = place(&config.output_folder);
        if make_folder(&folder)?
            && let Some(relinquish) = &self.relinquish
        {
            relinquish
                .give_folder(&folder)
                .map_err(|error| SetupError::File(folder.clone(), error))?;
        }
        let Some(path) = &config.report else { return Ok(()) };
        let environment = Environment::observe(&config.command_line);
        let placed = place(path);
        let report = OutputFolder::new(&folder)
            .create_anywhere(&placed)
            .and_then(|file| Report::begin(file, &placed, environment, config.settings.tdelta))
            .map_err(|error| SetupError::File(placed.clone(), error))?;
        self.messages.plain(format_args!("reportfilename: {}", path.display()));
        if let Some(relinquish) = &self.relinquish {
            relinquish.give_file(report.file()).map_err(|error| SetupError::File(placed, error))?;
        }
        self.report = Some(report);
        Ok(())
    }

    /// Opens the next input that can be opened, and tells of those that cannot.
    pub(super) fn open_next_input(&mut self) -> Option<(Source, Phase)> {
        while let Some(input) = self.inputs.pop() {
            match self.open(&input) {
                Ok(opened) => return Some(opened),
                Err(error) => self.messages.error(error),
            }
        }
        None
    }

    fn open(&self, input: &PendingInput<'_>) -> Result<(Source, Phase), SetupError> {
        let (source, phase) = match *input {
            PendingInput::File(path, phase) => (Source::open_file(path)?, phase),
            PendingInput::Device { name, promiscuous } => {
                let source = Source::open_live(&LiveOptions {
                    device: name.map(str::to_owned),
                    promiscuous,
                    filter: self.config.filter.clone(),
                    timeout_ms: self.config.settings.packet_buffer_timeout,
                    buffer_size: self.config.settings.capture_buffer,
                    queue_bytes: self.memory.queue,
                })?;
                self.messages.debug(1, format_args!("listening on {}", source.name()));
                if self.relinquish.is_none() && privileges::is_root() {
                    self.messages.warning(ROOT_HINT);
                }
                (source, Phase::Normal)
            }
        };
        Ok((source, phase))
    }

    /// Gives up privileges, if the command line says so.
    pub(super) fn relinquish_privileges(&self) -> Result<(), SetupError> {
        match &self.relinquish {
            Some(relinquish) => Ok(relinquish.relinquish()?),
            None => Ok(()),
        }
    }

    /// Makes the outputs and builds the stages; `first` is the input that will be read first.
    pub(super) fn pipeline(&mut self, first: Option<&Source>) -> Result<Pipeline, SetupError> {
        let config = self.config;
        self.begin_output()?;
        let unprocessed = match (&config.unprocessed, first) {
            (Some(path), Some(source)) => {
                let (header, link_type) = (source.pcap_header(), source.link_type());
                let messages = self.messages.clone();
                let file = OutputFolder::new(&config.output_folder)
                    .create_anywhere(path)
                    .and_then(|file| {
                        UnprocessedPackets::begin(file, path, header, link_type, messages)
                    })
                    .map_err(|error| SetupError::File(path.clone(), error))?;
                Some(file)
            }
            _ => None,
        };
        let demux = match (config.scanners.tcpdemux, &config.sink) {
            (false, _) => Demux::Off,
            (true, Sink::PacketFiles) => {
                let files = PacketFiles::new(
                    self.store(self.tools(), self.memory.buffers.least),
                    self.memory.flows,
                    self.messages.clone(),
                );
                Demux::Packets(Box::new(files))
            }
            (true, _) => Demux::Streams(Box::new(Tracker::new(Rules {
                max_seek: config.max_seek,
                idle_timeout: match config.settings.tcp_timeout {
                    0 => None,
                    seconds => Some(seconds),
                },
                memory: self.memory.flows,
            }))),
        };
        Ok(Pipeline {
            decoder: Decoder::new(decode::Options {
                check_fcs: config.settings.check_fcs,
                decap: config.settings.decap,
            }),
            delta_seconds: config.settings.tdelta,
            scanners: self.packet_scanners(),
            demux,
            sink: self.sink()?,
            unprocessed,
            messages: self.messages.clone(),
        })
    }

    fn sink(&mut self) -> Result<StreamSink, SetupError> {
        let config = self.config;
        let children = Children::new(self.messages.clone());
        let hooks = FlowHooks {
            command: self.command(&config.settings.tcp_cmd, &children),
            alert: self.alert(config.settings.tcp_alert_fd)?,
        };
        let scanners = self.flow_scanners(&children)?;
        let route = self.route(&hooks, &scanners)?;
        let hashes_what_is_not_kept = !config.scanners.hashes.is_empty()
            && self.report.is_some()
            && config.scanners.tcpdemux
            && matches!(config.sink, Sink::Console(_) | Sink::ReportOnly);
        let scratch = match hashes_what_is_not_kept {
            true => {
                let store = self.store(self.tools(), self.memory.buffers.least);
                let streams = ScratchStreams::new(store, config.scanners.hashes);
                Some(streams.map_err(|error| SetupError::File(std::env::temp_dir(), error))?)
            }
            false => None,
        };
        Ok(StreamSink {
            route,
            only_stores: scratch.is_none() && scanners.is_empty(),
            scratch,
            scanners,
            hooks,
            children,
            report: self.report.take(),
            messages: self.messages.clone(),
            closing: VecDeque::new(),
            shares: self.memory,
        })
    }

    fn route(&self, hooks: &FlowHooks, scanners: &FlowScanners) -> Result<Route, SetupError> {
        let config = self.config;
        let is_live = matches!(config.input, Input::Live { .. });
        Ok(match &config.sink {
            Sink::Files => {
                // Whoever hears of a file wants to find it.
                let make_files = match is_live || hooks.alert.is_some() {
                    true => MakeFiles::AtOnce,
                    false => MakeFiles::WhenWritten,
                };
                let options = FlowFileOptions {
                    byte_limit: config.byte_limit,
                    index: config.index,
                    hashes: config.scanners.hashes,
                    make_files,
                };
                let tools = self.tools();
                let store = self.store(tools.clone(), self.memory.buffers.most);
                let finisher = self.finisher(hooks, scanners, tools);
                Route::Files(FlowFiles::new(store, finisher, options))
            }
            Sink::Console(style) => {
                let semaphore = match &config.semaphore {
                    Some(name) => Some(
                        Semaphore::open(name, self.stop.shared())
                            .map_err(|error| SetupError::Semaphore(name.clone(), error))?,
                    ),
                    None => None,
                };
                let out = Box::new(io::stdout());
                let limit = config.byte_limit;
                Route::Console(Console::new(out, *style, self.namer(), limit, semaphore, is_live))
            }
            Sink::ReportOnly | Sink::PacketFiles => Route::Nowhere,
        })
    }

    /// The scanners of flows that are on. Their order is that of what they say in the report.
    fn flow_scanners(&self, children: &Children) -> Result<FlowScanners, SetupError> {
        let Config { scanners: on, settings, .. } = self.config;
        let mut scanners: Vec<Box<dyn FlowScanner>> = Vec::new();
        if !on.hashes.is_empty() {
            scanners.push(Box::new(HashScanner(on.hashes)));
        }
        if on.http {
            let options =
                http::Options { decode: on.http_decompress, max_size: settings.http_max_body };
            let hooks = HttpHooks {
                command: self.command(&settings.http_cmd, children),
                alert: self.alert(settings.http_alert_fd)?,
            };
            let folder = OutputFolder::new(&self.config.output_folder);
            scanners.push(Box::new(HttpBodies::new(options, folder, hooks, self.messages.clone())));
        }
        Ok(scanners.into())
    }

    /// The scanners of packets that are on.
    fn packet_scanners(&self) -> Vec<Box<dyn PacketScanner>> {
        let Config { scanners: on, settings, .. } = self.config;
        let mut scanners: Vec<Box<dyn PacketScanner>> = Vec::new();
        if on.netviz {
            scanners.push(Box::new(Picture::new(
                OutputFolder::new(&self.config.output_folder),
                self.source_in_words(),
                settings.netviz_histogram_size,
                settings.netviz_histogram_dump,
                self.messages.clone(),
            )));
        }
        if on.wifiviz {
            scanners.push(Box::new(Networks::new(self.messages.clone())));
        }
        scanners
    }

    /// Finishes flow files, beside the packet loop unless hooks want to hear of them in order or
    /// descriptors are too few for two threads.
    fn finisher(&self, hooks: &FlowHooks, scanners: &FlowScanners, tools: Tools) -> Finisher {
        let settings = &self.config.settings;
        let has_hooks = hooks.alert.is_some()
            || hooks.command.is_some()
            || settings.http_alert_fd.is_some()
            || !settings.http_cmd.is_empty();
        let scanners = Arc::clone(scanners);
        let inspect: Arc<Inspect> = Arc::new(move |flow, path, content, hashes| {
            scan(&scanners, flow, Some(path), content, hashes)
        });
        let pace = match self.config.input {
            _ if has_hooks || !self.may_write_beside() => Pace::Here,
            Input::Live { .. } => Pace::BesideAtOnce,
            Input::Files(_) => Pace::Beside,
        };
        Finisher::new(inspect, tools, pace)
    }

    /// Whether other threads are of any use: there are processors and descriptors for them.
    fn may_write_beside(&self) -> bool {
        let several = std::thread::available_parallelism().is_ok_and(|count| count.get() > 1);
        several && self.descriptors >= DESCRIPTORS_FOR_TWO
    }

    fn command(&self, command: &str, children: &Children) -> Option<(String, Children)> {
        (!command.is_empty()).then(|| (command.to_owned(), children.clone()))
    }

    fn alert(&self, descriptor: Option<i32>) -> Result<Option<AlertDescriptor>, SetupError> {
        let Some(number) = descriptor else { return Ok(None) };
        AlertDescriptor::inherit(number, self.messages.clone())
            .map(Some)
            .map_err(|error| SetupError::Descriptor(number, error))
    }

    /// Where the packets come from, as the picture says it.
    fn source_in_words(&self) -> String {
        match &self.config.input {
            Input::Live { device, .. } => device.clone().unwrap_or_default(),
            Input::Files(files) => {
                let mut begin = files.iter().filter(|file| file.phase == Phase::Normal);
                match (begin.next(), begin.count()) {
                    (None, _) => String::new(),
                    (Some(first), 0) => first.path.display().to_string(),
                    (Some(first), more) => format!("{} + {more} more", first.path.display()),
                }
            }
        }
    }

    fn namer(&self) -> Namer {
        let folder = OutputFolder::new(&self.config.output_folder);
        let folder = match self.config.input {
            Input::Live { .. } => folder,
            Input::Files(_) => folder.held(),
        };
        Namer::new(folder, self.config.template.clone())
    }

    fn tools(&self) -> Tools {
        Tools::new(self.namer(), self.messages.clone())
    }

    fn store(&self, tools: Tools, buffers: u64) -> FileStore {
        let beside = self.may_write_beside();
        // Files that wait to be finished have descriptors, too, and may need some.
        let waiting = if beside { DESCRIPTORS_FOR_WAITING } else { 0 };
        let descriptors = self.descriptors - waiting;
        FileStore::new(Limits { memory: buffers, early: EARLY, descriptors, beside }, tools)
    }
}

/// Makes the folder if it is not there; only the last component. Tells whether it was made.
fn make_folder(folder: &Path) -> Result<bool, SetupError> {
    if folder.as_os_str().is_empty() {
        return Ok(false);
    }
    match fs::create_dir(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => match folder.is_dir() {
            true => Ok(false),
            false => Err(SetupError::NotAFolder(folder.to_owned())),
        },
        Err(error) => Err(SetupError::File(folder.to_owned(), error)),
    }
}
