//! Makes what a run needs, in an order that matters: the first input and the filter expression come
//! first, so that a mistake in them leaves nothing behind; then the output folder and the report;
//! and only with all those open the privileges go.

mod stages;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::limits;
use super::memory::{self, Shares};
use super::packets::{Demux, Pipeline};
use super::privileges::{self, PrivilegeError, Relinquish};
use super::signals::StopFlag;
use crate::capture::{CaptureError, FilterError, KernelBuffer, LiveOptions, Source};
use crate::config::{Config, Input, Phase, Sink};
use crate::decode::{self, Decoder};
use crate::flow::{Rules, Tracker};
use crate::messages::Messages;
use crate::output::{OutputFolder, PacketFiles, UnprocessedPackets};
use crate::report::{Environment, Report};

/// What is said to root who captures and keeps all rights. Reading files is no occasion: a file may
/// be root's alone.
const ROOT_HINT: &str =
    "capturing as root: with -U USER only the device is opened as root (-q omits this line)";

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
        let folder = self.placed(&config.output_folder);
        if make_folder(&folder)?
            && let Some(relinquish) = &self.relinquish
        {
            relinquish
                .give_folder(&folder)
                .map_err(|error| SetupError::File(folder.clone(), error))?;
        }
        let Some(path) = &config.report else { return Ok(()) };
        let environment = Environment::observe(&config.command_line);
        let placed = self.placed(path);
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

    /// Where a path leads that is meant for after the root was changed, if it is.
    fn placed(&self, path: &Path) -> PathBuf {
        match &self.relinquish {
            Some(relinquish) => relinquish.before_chroot(path),
            None => path.to_owned(),
        }
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

    /// Whether to open the next input [may wait](Source::may_wait_to_open) for somebody.
    pub(super) fn next_input_may_wait(&self) -> bool {
        match self.inputs.last() {
            Some(PendingInput::File(path, _)) => Source::may_wait_to_open(path),
            Some(PendingInput::Device { .. }) | None => false,
        }
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
                    buffer: match self.config.settings.capture_buffer {
                        Some(size) => KernelBuffer::Exactly(size),
                        None => KernelBuffer::UpTo(memory::kernel_buffer()),
                    },
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
                // As in the original it is opened before the root is changed, and not below the new one.
                // Whether it leads through the output folder depends on where that will be.
                let file = OutputFolder::new(&self.placed(&config.output_folder))
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
