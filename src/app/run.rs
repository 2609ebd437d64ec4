//! A run from the opened report to its last line.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use thiserror::Error;

use super::Exit;
use super::limits;
use super::packets::{Demux, Pipeline};
use super::privileges::{PrivilegeError, Relinquish};
use super::progress::{Position, Progress};
use super::signals::StopFlag;
use super::sink::{Route, StreamSink};
use crate::capture::{CaptureError, Filter, FilterError, LiveOptions, Next, Source};
use crate::config::{Config, Input, Phase, Sink};
use crate::decode::Decoder;
use crate::flow::{Rules, Tracker};
use crate::messages::Messages;
use crate::output::{
    Console, FileStore, FlowFileOptions, FlowFiles, Limits, MakeFiles, Namer, PacketFiles,
    ScratchStreams, Semaphore, UnprocessedPackets,
};
use crate::report::{Environment, Report, RunSummary, Totals};

/// In live capture, bytes wait at most this long in memory.
const LIVE_FLUSH: Duration = Duration::from_secs(1);

/// How many packets pass between two looks at the clock.
const PACKETS_PER_LOOK: u64 = 256;

/// From this many flows on, an output folder with as many entries deserves a warning.
const TOO_MANY_FILES: u64 = 10_000;

/// Why a run could not begin.
#[derive(Debug, Error)]
enum SetupError {
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
    #[error("cannot listen to signals: {0}")]
    Signals(io::Error),
    #[error("sorry - unknown datalink type {number} on interface {name}")]
    LinkType { number: i32, name: String },
}

/// Does what `config` says.
pub fn run(config: &Config) -> Exit {
    let prefix = config.settings.debug_prefix.as_deref().unwrap_or(&config.program);
    let messages = Messages::new(prefix, config.verbosity);
    if let Err(error) = Run::prepare(config, messages.clone()).and_then(Run::go) {
        messages.error(error);
    }
    match messages.failed() {
        true => Exit::Failure,
        false => Exit::Success,
    }
}

/// A run that is under way.
struct Run<'a> {
    config: &'a Config,
    messages: Messages,
    stop: StopFlag,
    relinquish: Option<Relinquish>,
    report: Option<Report>,
    /// What is still to be read, the next one last.
    inputs: Vec<PendingInput>,
}

/// An input that is not open yet.
enum PendingInput {
    Device,
    File(PathBuf, Phase),
}

impl<'a> Run<'a> {
    /// Makes the output folder and begins the report.
    fn prepare(config: &'a Config, messages: Messages) -> Result<Self, SetupError> {
        let stop = StopFlag::listen().map_err(SetupError::Signals)?;
        let relinquish = match &config.user {
            Some(user) => Some(Relinquish::prepare(user, config.chroot.as_deref())?),
            None => None,
        };
        let place = |path: &Path| match &relinquish {
            Some(relinquish) => relinquish.before_chroot(path),
            None => path.to_owned(),
        };
        let folder = place(&config.output_folder);
        if make_folder(&folder)?
            && let Some(relinquish) = &relinquish
        {
            relinquish.give_folder(&folder).map_err(|error| SetupError::File(folder, error))?;
        }
        let report = match &config.report {
            Some(path) => {
                let environment = Environment::observe(&config.command_line);
                let placed = place(path);
                let report = Report::create(&placed, environment, config.settings.tdelta)
                    .map_err(|error| SetupError::File(placed, error))?;
                messages.plain(format_args!("reportfilename: {}", path.display()));
                Some(report)
            }
            None => None,
        };
        let mut inputs = match &config.input {
            Input::Live { .. } => vec![PendingInput::Device],
            Input::Files(files) => {
                files.iter().map(|file| PendingInput::File(file.path.clone(), file.phase)).collect()
            }
        };
        inputs.reverse();
        Ok(Self { config, messages, stop, relinquish, report, inputs })
    }

    /// Reads everything and finishes what was begun.
    fn go(mut self) -> Result<(), SetupError> {
        let mut current = self.open_next();
        let mut filter = match &current {
            // A device's packets were filtered by the kernel.
            Some((source, _)) if !self.config.filter.is_empty() && !self.is_live() => {
                Some(Filter::compile(&self.config.filter, source.link_type())?)
            }
            _ => None,
        };
        let mut pipeline = self.pipeline(current.as_ref().map(|(source, _)| source))?;
        if let Some(relinquish) = &self.relinquish {
            relinquish.relinquish()?;
        }
        while let Some((mut source, phase)) = current {
            self.read(&mut source, phase, filter.as_mut(), &mut pipeline);
            if self.stop.is_raised() || pipeline.is_abandoned() {
                break;
            }
            current = self.open_next();
        }
        self.finish(pipeline);
        Ok(())
    }

    /// Opens the next input that can be opened, and tells of those that cannot.
    fn open_next(&mut self) -> Option<(Source, Phase)> {
        while let Some(input) = self.inputs.pop() {
            match self.open(&input) {
                Ok(opened) => return Some(opened),
                Err(error) => self.messages.error(error),
            }
        }
        None
    }

    fn open(&self, input: &PendingInput) -> Result<(Source, Phase), SetupError> {
        let (source, phase) = match (input, &self.config.input) {
            (PendingInput::File(path, phase), _) => (Source::open_file(path)?, *phase),
            (PendingInput::Device, Input::Live { device, promiscuous }) => {
                let source = Source::open_live(&LiveOptions {
                    device: device.clone(),
                    promiscuous: *promiscuous,
                    filter: self.config.filter.clone(),
                    timeout_ms: self.config.settings.packet_buffer_timeout,
                    buffer_size: None,
                })?;
                self.messages.debug(1, format_args!("listening on {}", source.name()));
                (source, Phase::Normal)
            }
            (PendingInput::Device, Input::Files(_)) => unreachable!("only live input has a device"),
        };
        if !Decoder::supports(source.link_type()) {
            return Err(SetupError::LinkType {
                number: source.link_type().0,
                name: source.name().to_owned(),
            });
        }
        Ok((source, phase))
    }

    /// Builds the stages; `first` is the input that will be read first.
    fn pipeline(&mut self, first: Option<&Source>) -> Result<Pipeline, SetupError> {
        let config = self.config;
        let unprocessed = match (&config.unprocessed, first) {
            (Some(path), Some(source)) => {
                let file =
                    UnprocessedPackets::create(path, source.pcap_header(), source.link_type())
                        .map_err(|error| SetupError::File(path.clone(), error))?;
                Some(file)
            }
            _ => None,
        };
        if let (Some(relinquish), Some(report)) = (&self.relinquish, &self.report) {
            relinquish
                .give_file(report.file())
                .map_err(|error| SetupError::File(report.path().to_owned(), error))?;
        }
        let demux = match (config.scanners.tcpdemux, &config.sink) {
            (false, _) => Demux::Off,
            (true, Sink::PacketFiles) => {
                Demux::Packets(PacketFiles::new(self.store(), self.namer(), self.messages.clone()))
            }
            (true, _) => {
                let rules = Rules {
                    max_seek: config.max_seek,
                    idle_timeout: match config.settings.tcp_timeout {
                        0 => None,
                        seconds => Some(seconds),
                    },
                };
                Demux::Streams(Box::new(Tracker::new(rules)), Box::new(self.sink()?))
            }
        };
        Ok(Pipeline {
            decoder: Decoder::new(config.settings.tdelta),
            delta_seconds: config.settings.tdelta,
            demux,
            unprocessed,
            messages: self.messages.clone(),
        })
    }

    fn sink(&mut self) -> Result<StreamSink, SetupError> {
        let config = self.config;
        let hash = config.scanners.md5;
        let route = match &config.sink {
            Sink::Files => {
                let options = FlowFileOptions {
                    byte_limit: config.byte_limit,
                    index: config.index,
                    hash,
                    make_files: if self.is_live() {
                        MakeFiles::AtOnce
                    } else {
                        MakeFiles::WhenWritten
                    },
                };
                Route::Files(FlowFiles::new(self.store(), self.namer(), options))
            }
            Sink::Console(style) => {
                let semaphore = match &config.semaphore {
                    Some(name) => Some(
                        Semaphore::open(name)
                            .map_err(|error| SetupError::Semaphore(name.clone(), error))?,
                    ),
                    None => None,
                };
                Route::Console(Console::new(
                    Box::new(io::stdout()),
                    *style,
                    self.namer(),
                    config.byte_limit,
                    semaphore,
                    self.is_live(),
                ))
            }
            Sink::ReportOnly | Sink::PacketFiles => Route::Nowhere,
        };
        let scratch = match (&route, hash && self.report.is_some()) {
            (Route::Console(_) | Route::Nowhere, true) => Some(
                ScratchStreams::new(self.store())
                    .map_err(|error| SetupError::File(std::env::temp_dir(), error))?,
            ),
            _ => None,
        };
        Ok(StreamSink {
            route,
            scratch,
            report: self.report.take(),
            messages: self.messages.clone(),
        })
    }

    /// Reads one input to its end.
    fn read(
        &self,
        source: &mut Source,
        phase: Phase,
        mut filter: Option<&mut Filter>,
        pipeline: &mut Pipeline,
    ) {
        let shows_progress = !self.is_live()
            && !self.config.verbosity.quiet
            && !matches!(self.config.sink, Sink::Console(_));
        let mut progress = Progress::begin(shows_progress);
        let mut packets: u64 = 0;
        let mut flushed = Instant::now();
        loop {
            if self.stop.is_raised() {
                self.messages.debug(1, "terminating orderly");
                return;
            }
            match source.next_packet() {
                Ok(Next::Packet(packet)) => {
                    packets += 1;
                    match filter.as_mut().map_or(Ok(true), |filter| filter.matches(&packet)) {
                        Ok(true) => pipeline.packet(&packet, phase),
                        Ok(false) => {}
                        Err(error) => {
                            self.messages.error(error);
                            return;
                        }
                    }
                }
                Ok(Next::Idle) => {
                    pipeline.flush();
                    flushed = Instant::now();
                }
                Ok(Next::End) => return,
                Err(error) => self.messages.error(error),
            }
            if packets % PACKETS_PER_LOOK == 0 {
                if pipeline.is_abandoned() {
                    return;
                }
                if self.is_live() && flushed.elapsed() >= LIVE_FLUSH {
                    pipeline.flush();
                    flushed = Instant::now();
                }
                progress.update(|| Position {
                    bytes: source.position(),
                    size: source.size(),
                    packets,
                    flows: pipeline.flows(),
                });
            }
        }
    }

    /// Closes everything and tells the end.
    fn finish(mut self, pipeline: Pipeline) {
        let Pipeline { demux, unprocessed, .. } = pipeline;
        let mut totals = Totals::default();
        match demux {
            Demux::Streams(mut tracker, mut sink) => {
                totals.open_flows = tracker.open_flows() as u64;
                tracker.finish(&mut *sink);
                sink.flush();
                let counted = tracker.totals();
                totals.flows = counted.flows;
                totals.packets = counted.packets;
                totals.max_open_flows = counted.max_open_flows;
                if let Some(error) = sink.console_error()
                    && error.kind() != ErrorKind::BrokenPipe
                {
                    self.messages.error(format_args!("standard output: {error}"));
                }
                self.report = sink.report.take();
            }
            Demux::Packets(files) => files.finish(),
            Demux::Off => {}
        }
        if let Some(mut file) = unprocessed {
            if let Err(error) = file.flush() {
                self.messages.error(format_args!("packets not processed: {error}"));
            }
            if file.left_out() > 0 {
                self.messages.error(format_args!(
                    "{} packets of other link types could not be written to the file of packets \
                     not processed",
                    file.left_out()
                ));
            }
        }
        if let Some(report) = self.report.take() {
            let path = report.path().to_owned();
            if let Err(error) = report.finish(totals, &RunSummary::default()) {
                self.messages.error(format_args!("{}: {error}", path.display()));
            }
        }
        self.warn_of_many_files(totals.flows);
    }

    fn warn_of_many_files(&self, flows: u64) {
        if flows <= TOO_MANY_FILES || self.config.sink != Sink::Files {
            return;
        }
        let folder = &self.config.output_folder;
        let entries = fs::read_dir(folder).map_or(0, |entries| entries.count() as u64);
        if entries >= TOO_MANY_FILES {
            self.messages.warning(format_args!(
                "{} holds {entries} files; -Fk, -Fm or -Fg sort them into folders of 1,000",
                folder.display()
            ));
        }
    }

    fn is_live(&self) -> bool {
        matches!(self.config.input, Input::Live { .. })
    }

    fn namer(&self) -> Namer {
        Namer::new(&self.config.output_folder, self.config.template.clone())
    }

    fn store(&self) -> FileStore {
        let limits = Limits {
            memory: self.config.settings.buffer_memory,
            descriptors: limits::descriptors(self.config.max_descriptors),
        };
        FileStore::new(limits, self.messages.clone())
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
