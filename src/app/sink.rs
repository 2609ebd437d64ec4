//! Takes the streams: to files, to the console or nowhere, and in any case into the report.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::flow::{Identity, Sink, Summary};
use crate::hooks::{AlertDescriptor, Children};
use crate::messages::Messages;
use crate::output::{Console, FileId, FlowFile, FlowFiles, ScratchStreams};
use crate::report::Report;
use crate::scan::{Content, Findings, FinishedFlow, RunningHashes, Scanner};
use crate::time::Timestamp;

/// Where the bytes of streams go.
pub(super) enum Route {
    Files(FlowFiles),
    Console(Console),
    Nowhere,
}

/// Everything that is done with streams.
pub(super) struct StreamSink {
    pub(super) route: Route,
    /// Gathers streams that are hashed but not kept.
    pub(super) scratch: Option<ScratchStreams>,
    /// Look at flows; not at those that are neither kept nor gathered.
    pub(super) scanners: Vec<Box<dyn Scanner>>,
    pub(super) hooks: FlowHooks,
    /// Everything that hooks have started.
    pub(super) children: Children,
    pub(super) report: Option<Report>,
    pub(super) messages: Messages,
}

/// Whom to tell of flow files.
#[derive(Debug, Default)]
pub(super) struct FlowHooks {
    /// A command to run on each file, and how to run it.
    pub(super) command: Option<(String, Children)>,
    /// A descriptor that hears of files being opened and closed.
    pub(super) alert: Option<AlertDescriptor>,
}

/// What is remembered of an open flow.
#[derive(Debug, Default)]
pub(super) struct Stream {
    files: Option<FlowFile>,
    scratch: Option<FileId>,
    /// How many bytes were printed.
    printed: u64,
}

/// The file of a closed flow.
#[derive(Debug)]
pub(super) struct Kept(PathBuf);

impl StreamSink {
    /// Writes everything that waits in memory.
    pub(super) fn flush(&mut self) {
        match &mut self.route {
            Route::Files(files) => files.flush(),
            Route::Console(console) => console.flush(),
            Route::Nowhere => {}
        }
        if let Some(report) = &mut self.report {
            report.flush();
        }
    }

    /// Whether nobody reads what is printed any more.
    pub(super) fn console_error(&self) -> Option<&io::Error> {
        match &self.route {
            Route::Console(console) => console.error(),
            Route::Files(_) | Route::Nowhere => None,
        }
    }
}

impl Sink for StreamSink {
    type Stream = Stream;
    type Kept = Kept;

    fn arrived(&mut self, flow: &Identity, stream: &mut Stream, payload: &[u8]) {
        if let Route::Console(console) = &mut self.route {
            console.payload(flow, &mut stream.printed, payload);
        }
    }

    #[inline]
    fn payload(
        &mut self,
        flow: &Identity,
        stream: &mut Stream,
        position: u64,
        payload: &[u8],
        time: Timestamp,
    ) {
        if let Route::Files(files) = &mut self.route {
            let is_new = stream.files.is_none();
            files.payload(flow, &mut stream.files, position, payload, time);
            if is_new
                && let Some(alert) = &self.hooks.alert
                && let Some(path) = stream.files.and_then(|file| files.path(file))
            {
                alert.opened(path);
            }
        }
        for scanner in &mut self.scanners {
            scanner.payload(flow, position, payload);
        }
        if let Some(scratch) = &mut self.scratch {
            scratch.payload(&mut stream.scratch, position, payload);
        }
    }

    fn move_up(&mut self, _: &Identity, stream: &mut Stream, distance: u64) {
        if let Route::Files(files) = &mut self.route {
            files.move_up(stream.files, distance);
        }
        if let Some(scratch) = &mut self.scratch {
            scratch.move_up(stream.scratch, distance);
        }
    }

    fn closed(&mut self, flow: &Identity, stream: Stream, summary: &Summary) -> Option<Kept> {
        let Self { route, scratch, scanners, .. } = self;
        let mut findings = Findings::default();
        let mut path = None;
        if let (Route::Files(files), Some(file)) = (route, stream.files)
            && let Some(closed) = files.close(flow, file, |path, content, hashes| {
                scan(scanners, flow, Some(path), content, hashes)
            })
        {
            findings = closed.findings;
            path = Some(closed.path);
        }
        if let (Some(scratch), Some(id)) = (scratch, stream.scratch) {
            let scanned =
                scratch.close(id, |content, hashes| scan(scanners, flow, None, content, hashes));
            findings = scanned.unwrap_or_default();
        }
        if let Some(report) = &mut self.report {
            report.flow(flow, summary, path.as_deref(), &findings);
        }
        if let Some(path) = &path {
            if let Some(alert) = &self.hooks.alert {
                alert.closed(path);
            }
            if let Some((command, children)) = &self.hooks.command {
                children.run(command, path);
            }
        }
        path.map(Kept)
    }

    fn holds(&mut self, kept: &Kept, position: u64, payload: &[u8]) -> bool {
        holds(&kept.0, position, payload).unwrap_or(false)
    }

    fn syn_with_payload(&mut self, flow: &Identity, length: usize) {
        let tuple = flow.tuple;
        self.messages.debug(1, format_args!("{tuple:?}: SYN with {length} bytes of payload"));
    }
}

/// Has all scanners look at a flow.
fn scan(
    scanners: &mut [Box<dyn Scanner>],
    identity: &Identity,
    path: Option<&Path>,
    content: Content<'_>,
    hashes: Option<RunningHashes>,
) -> io::Result<Findings> {
    let mut findings = Findings::default();
    let mut flow = FinishedFlow { identity, path, content, hashes };
    for scanner in scanners {
        scanner.flow(&mut flow, &mut findings)?;
    }
    Ok(findings)
}

fn holds(path: &Path, position: u64, payload: &[u8]) -> io::Result<bool> {
    let mut stored = vec![0; payload.len()];
    File::open(path)?.read_exact_at(&mut stored, position)?;
    Ok(stored == payload)
}
