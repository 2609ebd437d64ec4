//! Takes the streams: to files, to the console or nowhere, and in any case into the report.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use super::closed::{Closing, FlowScanners, Kept, LastFiles, scan};
use super::memory::Shares;
use crate::chunk::Chunk;
use crate::flow::{Identity, Near, Sink, Summary};
use crate::hooks::{AlertDescriptor, Children};
use crate::messages::Messages;
use crate::origin::Origin;
use crate::output::{Console, FileId, FlowFiles, ScratchStreams};
use crate::report::Report;
use crate::scan::Findings;
use crate::time::Timestamp;

/// Closed flows that may wait for the files of earlier ones.
const MAX_CLOSING: usize = 100_000;

/// Bodies that may wait, as what was found in such flows, to be reported.
const MAX_BODIES: usize = 100_000;

/// Where the bytes of streams go.
#[expect(clippy::large_enum_variant, reason = "there is one, and it stays where it is")]
pub(super) enum Route {
    Files(FlowFiles),
    Console(Console),
    Nowhere,
}

/// Everything that is done with streams.
pub(super) struct StreamSink {
    pub(super) route: Route,
    /// Whether payloads are stored, or printed, and nobody else looks at them.
    pub(super) only_stores: bool,
    /// Gathers streams that are hashed but not kept.
    pub(super) scratch: Option<ScratchStreams>,
    pub(super) scanners: FlowScanners,
    pub(super) hooks: FlowHooks,
    /// Everything that hooks have started.
    pub(super) children: Children,
    pub(super) report: Option<Report>,
    pub(super) messages: Messages,
    /// Closed flows in the order of closing, from the first one on whose file is being finished.
    pub(super) closing: VecDeque<Closing>,
    pub(super) last_files: LastFiles,
    /// The memory that a run may take.
    pub(super) shares: Shares,
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
    file: Option<FileId>,
    scratch: Option<FileId>,
    /// How many bytes were printed.
    printed: u64,
}

impl StreamSink {
    /// Writes everything that waits in memory.
    pub(super) fn flush(&mut self) {
        match &mut self.route {
            Route::Files(files) => files.flush(),
            Route::Console(console) => console.flush(),
            Route::Nowhere => {}
        }
        self.settle();
        if let Some(report) = &mut self.report {
            report.flush();
        }
    }

    /// From now on payloads may lie in `chunk`, and files may hold that until they are written, or
    /// read once more what is at `origin`.
    pub(super) fn lend(&mut self, chunk: &Chunk, origin: Option<Origin>) {
        if let Route::Files(files) = &mut self.route {
            files.lend(chunk, origin);
        }
    }

    /// The chunk has been read.
    pub(super) fn end_lending(&mut self) {
        if let Route::Files(files) = &mut self.route {
            files.end_lending();
        }
    }

    /// Waits until every flow that was closed is reported.
    pub(super) fn finish(&mut self) {
        if let Route::Files(files) = &mut self.route {
            files.wait();
        }
        self.flush();
    }

    /// Why nothing can be printed any more, if that is so.
    pub(super) fn console_error(&self) -> Option<&io::Error> {
        match &self.route {
            Route::Console(console) => console.error(),
            Route::Files(_) | Route::Nowhere => None,
        }
    }

    /// Reports closed flows, in the order of closing, as far as their files are finished.
    fn settle(&mut self) {
        while let Some(closing) = self.closing.front_mut() {
            let mut path = None;
            if let (Some(file), Route::Files(files)) = (closing.file, &mut self.route) {
                let Some(outcome) = files.outcome(file) else { return };
                path = outcome.map(|closed| {
                    closing.findings = closed.findings;
                    closed.path
                });
            }
            let Some(closing) = self.closing.pop_front() else { return };
            self.tell(&closing.flow, &closing.summary, path.as_deref(), &closing.findings);
            if closing.file.is_some()
                && let Some(forgotten) = self.last_files.finish(path)
                && let Route::Files(files) = &mut self.route
            {
                files.take_back(forgotten);
            }
        }
    }

    /// Does with a payload whatever is to be done.
    #[inline(never)]
    fn any_payload(
        &mut self,
        flow: &Identity,
        stream: &mut Stream,
        position: u64,
        payload: &[u8],
        time: Timestamp,
    ) {
        if let Route::Files(files) = &mut self.route {
            let is_new = stream.file.is_none();
            files.payload(flow, &mut stream.file, position, payload, time);
            if is_new
                && let Some(alert) = &self.hooks.alert
                && let Some(path) = stream.file.and_then(|file| files.path(file))
            {
                alert.opened(path);
            }
        }
        for scanner in self.scanners.iter() {
            scanner.payload(flow, position, payload);
        }
        if let Some(scratch) = &mut self.scratch {
            scratch.payload(&mut stream.scratch, position, payload);
        }
    }

    fn tell(&mut self, flow: &Identity, summary: &Summary, path: Option<&Path>, found: &Findings) {
        if let Some(report) = &mut self.report {
            report.flow(flow, summary, path, found);
        }
        let Some(path) = path else { return };
        if let Some(alert) = &self.hooks.alert {
            alert.closed(path);
        }
        if let Some((command, children)) = &self.hooks.command {
            children.run(command, path);
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

    /// Nearly always the payload goes on where the file is.
    #[inline(always)]
    fn payload(
        &mut self,
        flow: &Identity,
        stream: &mut Stream,
        position: u64,
        payload: &[u8],
        time: Timestamp,
    ) {
        let is_stored = self.only_stores
            && match (&mut self.route, stream.file) {
                (Route::Files(files), Some(file)) => files.go_on(file, position, payload),
                _ => false,
            };
        if !is_stored {
            self.any_payload(flow, stream, position, payload, time);
        }
    }

    fn differing(&mut self, stream: &mut Stream, position: u64, again: &[u8]) -> u64 {
        match (&mut self.route, &mut self.scratch, stream.file, stream.scratch) {
            (Route::Files(files), _, Some(file), _) => files.differing(file, position, again),
            (_, Some(scratch), _, Some(id)) => scratch.differing(id, position, again),
            _ => 0,
        }
    }

    fn repeated(
        &mut self,
        _: &Identity,
        stream: &mut Stream,
        position: u64,
        payload: &[u8],
        time: Timestamp,
    ) {
        if let (Route::Files(files), Some(file)) = (&mut self.route, stream.file) {
            files.repeated(file, position, payload.len(), time);
        }
    }

    fn move_up(&mut self, _: &Identity, stream: &mut Stream, distance: u64) {
        if let Route::Files(files) = &mut self.route {
            files.move_up(stream.file, distance);
        }
        if let Some(scratch) = &mut self.scratch {
            scratch.move_up(stream.scratch, distance);
        }
    }

    fn closed(&mut self, flow: &Identity, stream: Stream, summary: &Summary) -> Option<Kept> {
        if stream.file.is_some() || stream.scratch.is_some() {
            for scanner in self.scanners.iter() {
                scanner.closed(flow);
            }
        }
        let file = match (&mut self.route, stream.file) {
            (Route::Files(files), Some(file)) => files.close(flow, file),
            _ => None,
        };
        let kept = file.map(|_| self.last_files.close());
        let mut findings = Findings::default();
        if let (Some(scratch), Some(id)) = (&mut self.scratch, stream.scratch) {
            let scanners = &self.scanners;
            let scanned =
                scratch.close(id, |content, hashes| scan(scanners, flow, None, content, hashes));
            findings = scanned.unwrap_or_default();
        }
        if file.is_none() && self.closing.is_empty() {
            self.tell(flow, summary, None, &findings);
        } else {
            self.closing.push_back(Closing { flow: *flow, summary: *summary, file, findings });
            if let Route::Files(files) = &mut self.route
                && (self.closing.len() >= MAX_CLOSING || files.bodies_held() >= MAX_BODIES)
            {
                files.wait();
            }
            self.settle();
        }
        kept
    }

    fn holds(&mut self, kept: &Kept, position: u64, payload: &[u8]) -> bool {
        if !self.last_files.is_finished(*kept) {
            if let Route::Files(files) = &mut self.route {
                files.wait();
            }
            self.settle();
        }
        self.last_files.holds(*kept, position, payload)
    }

    #[inline]
    fn bring_near(&self, stream: &Stream, what: Near) {
        if let (Route::Files(files), Some(file)) = (&self.route, stream.file) {
            files.bring_near(file, what);
        }
    }

    fn memory(&self) -> u64 {
        let files = match &self.route {
            Route::Files(files) => files.memory(),
            Route::Console(_) | Route::Nowhere => 0,
        };
        files + self.scratch.as_ref().map_or(0, ScratchStreams::memory)
    }

    fn spare_memory(&mut self, bytes: u64) {
        if let Route::Files(files) = &mut self.route {
            files.set_buffers(self.shares.buffers.beside(bytes));
        }
    }

    fn under_pressure(&mut self) {
        self.messages.warning(format_args!(
            "too many flows are open for {} MB of memory: those idle longest are closed early \
             (see max_memory)",
            self.shares.total >> 20
        ));
    }

    fn syn_with_payload(&mut self, flow: &Identity, length: usize) {
        let tuple = flow.tuple;
        self.messages.debug(1, format_args!("{tuple:?}: SYN with {length} bytes of payload"));
    }
}
