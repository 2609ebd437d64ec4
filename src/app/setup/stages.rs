//! Builds the stages behind the tracker: where streams go, who looks at them, who finishes files.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use super::{Setup, SetupError};
use crate::app::closed::{FlowScanners, LastFiles, scan};
use crate::app::sink::{FlowHooks, Route, StreamSink};
use crate::config::{Config, Input, Phase, Sink};
use crate::hooks::{AlertDescriptor, Children};
use crate::output::{
    Console, FileStore, Finisher, FlowFileOptions, FlowFiles, Inspect, Limits, MakeFiles, Namer,
    OutputFolder, Pace, ScratchStreams, Semaphore, Tools,
};
use crate::scan::{
    FlowScanner, HashScanner, HttpBodies, HttpHooks, Networks, PacketScanner, Picture, http,
};

/// With fewer descriptors than this, all of them are for files that grow, and no thread has any.
const DESCRIPTORS_FOR_TWO: usize = 512;

/// More descriptors than files that wait for a thread can have open, and the thread needs.
const DESCRIPTORS_FOR_WAITING: usize = 320;
const _: () = assert!(DESCRIPTORS_FOR_WAITING < DESCRIPTORS_FOR_TWO);

/// With more bytes than this waiting in memory, an idle thread makes files before memory is scarce.
/// Where buffers get no more than that, it never does: smaller windows would be written more often.
const EARLY: u64 = 64 << 20;

impl Setup<'_> {
    /// What takes the streams.
    pub(super) fn sink(&mut self) -> Result<StreamSink, SetupError> {
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
                Some(ScratchStreams::new(store, config.scanners.hashes))
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
            last_files: LastFiles::default(),
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
    pub(super) fn packet_scanners(&self) -> Vec<Box<dyn PacketScanner>> {
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

    /// What it takes to make and read flow files.
    pub(super) fn tools(&self) -> Tools {
        Tools::new(self.namer(), self.messages.clone())
    }

    /// A store of files that grow, with `buffers` bytes of memory.
    pub(super) fn store(&self, tools: Tools, buffers: u64) -> FileStore {
        let beside = self.may_write_beside();
        // Files that wait to be finished have descriptors, too, and may need some.
        let waiting = if beside { DESCRIPTORS_FOR_WAITING } else { 0 };
        let descriptors = self.descriptors - waiting;
        FileStore::new(Limits { memory: buffers, early: EARLY, descriptors, beside }, tools)
    }
}
