//! A file for each flow.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::create::{Creation, NewFile};
use super::finisher::{Finisher, Outcome, Ticket};
use super::naming::{NameHash, Namer};
use super::store::{FileId, FileStore};
use crate::flow::Identity;
use crate::messages::Messages;
use crate::scan::{Algorithms, RunningHashes};
use crate::time::Timestamp;

/// When a flow's file is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MakeFiles {
    /// When its first byte arrives: somebody may be watching the folder.
    AtOnce,
    /// When its bytes are written, which for a small flow is when it closes.
    WhenWritten,
}

/// What is to be stored beside the bytes.
#[derive(Clone, Copy, Debug)]
pub struct FlowFileOptions {
    /// Keep at most this many bytes of each flow.
    pub byte_limit: Option<u64>,
    /// Write an index of the payloads beside each file.
    pub index: bool,
    /// Hash the bytes.
    pub hashes: Algorithms,
    /// When files are made.
    pub make_files: MakeFiles,
}

/// The files of one flow.
#[derive(Clone, Copy, Debug)]
pub struct FlowFile {
    data: FileId,
    index: Option<FileId>,
}

/// Writes flows to files.
///
/// The count in a file's name tells which of several flows with the same name came first, so that
/// names must be settled in the order of the flows' first bytes although files are made later. A
/// flow whose name some other flow is waiting to use has that one's file made first, and then its
/// own at once.
pub struct FlowFiles {
    store: FileStore,
    finisher: Finisher,
    namer: Arc<Namer>,
    options: FlowFileOptions,
    messages: Messages,
    /// The files that may still have to be made, by their names without count.
    waiting: HashMap<NameHash, Waiting, RandomState>,
}

/// A file that may still have to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    /// It is growing.
    Growing(FileId),
    /// It is complete and being finished.
    Finishing(Ticket),
}

impl FlowFiles {
    /// Files in `store`, named by `namer`, finished by `finisher`.
    pub fn new(
        store: FileStore,
        finisher: Finisher,
        namer: Namer,
        options: FlowFileOptions,
        messages: Messages,
    ) -> Self {
        let namer = Arc::new(namer);
        Self { store, finisher, namer, options, messages, waiting: HashMap::default() }
    }

    /// Stores a payload; `files` are the flow's files, made with its first payload.
    pub fn payload(
        &mut self,
        flow: &Identity,
        files: &mut Option<FlowFile>,
        position: u64,
        payload: &[u8],
        time: Timestamp,
    ) {
        let file = match *files {
            Some(file) => file,
            None => *files.insert(self.begin(flow)),
        };
        let kept = match self.options.byte_limit {
            Some(limit) => {
                let room = limit.saturating_sub(position).min(payload.len() as u64);
                &payload[..room as usize]
            }
            None => payload,
        };
        self.store.put(file.data, position, kept);
        if let Some(index) = file.index {
            self.write_index(index, position, time, kept.len());
        }
    }

    /// Moves everything stored up by `distance`.
    pub fn move_up(&mut self, files: Option<FlowFile>, distance: u64) {
        if let Some(file) = files {
            self.store.move_up(file.data, distance, self.options.byte_limit);
        }
    }

    /// Has the flow's files finished. `None` if there is nothing to finish.
    pub fn close(&mut self, flow: &Identity, files: FlowFile) -> Option<Ticket> {
        if let Some(index) = files.index.and_then(|index| self.store.detach(index)) {
            index.finish(&self.messages, |_, _, _| Ok(()));
        }
        let file = self.store.detach(files.data)?;
        let ticket = self.finisher.finish(flow, file);
        let name = self.namer.hash(flow);
        if let Some(waiting) = self.waiting.get_mut(&name)
            && *waiting == Waiting::Growing(files.data)
        {
            *waiting = Waiting::Finishing(ticket);
        }
        Some(ticket)
    }

    /// What came of a flow's file, if it is finished by now. Gives each outcome once.
    pub fn outcome(&mut self, flow: &Identity, ticket: Ticket) -> Option<Outcome> {
        let outcome = self.finisher.outcome(ticket)?;
        let name = self.namer.hash(flow);
        if self.waiting.get(&name) == Some(&Waiting::Finishing(ticket)) {
            self.waiting.remove(&name);
        }
        Some(outcome)
    }

    /// Waits until all closed files are finished.
    pub fn wait(&mut self) {
        self.finisher.wait();
    }

    /// Where the flow's file is, once it was made.
    pub fn path(&self, files: FlowFile) -> Option<&Path> {
        self.store.path(files.data)
    }

    /// Writes everything that waits in memory.
    pub fn flush(&mut self) {
        self.store.flush();
    }

    fn begin(&mut self, flow: &Identity) -> FlowFile {
        let name = self.namer.hash(flow);
        let hashes = self.options.hashes;
        let hashes = (!hashes.is_empty()).then(|| Box::new(RunningHashes::new(hashes)));
        let creation =
            Creation::New(Box::new(NewFile { namer: Arc::clone(&self.namer), flow: *flow }));
        let data = self.store.add(creation, Some(flow.first_time), hashes);
        let contested = match self.waiting.get(&name) {
            Some(&Waiting::Growing(earlier)) => {
                self.store.create(earlier);
                true
            }
            Some(Waiting::Finishing(_)) => {
                self.finisher.wait();
                false
            }
            None => false,
        };
        let at_once = self.options.make_files == MakeFiles::AtOnce || self.options.index;
        if !contested && !at_once {
            self.waiting.insert(name, Waiting::Growing(data));
            return FlowFile { data, index: None };
        }
        let path = self.store.create(data).map(Path::to_owned);
        let index = path.filter(|_| self.options.index).map(|path| {
            let mut beside = path.into_os_string();
            beside.push(".findx");
            self.store.add(Creation::Replace(beside.into()), None, None)
        });
        FlowFile { data, index }
    }

    fn write_index(&mut self, index: FileId, position: u64, time: Timestamp, written: usize) {
        let line = format!("{position}|{}.{:06}|{written}\n", time.seconds(), time.subsec_micros());
        self.store.append(index, line.as_bytes());
    }
}
