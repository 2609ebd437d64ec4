//! A file for each flow.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use foldhash::fast::RandomState;

use super::create::{Creation, NewFile};
use super::finisher::Finisher;
use super::naming::NameHash;
use super::outcomes::{Outcome, Ticket};
use super::store::{FileId, FileStore};
use crate::chunk::Chunk;
use crate::flow::{Identity, Near};
use crate::origin::Origin;
use crate::scan::{Algorithms, RunningHashes};
use crate::time::Timestamp;

/// Paths that are kept to be written over.
const MAX_SPARE_PATHS: usize = 256;

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

/// A flow's file that is being finished.
#[derive(Clone, Copy, Debug)]
pub struct Finishing {
    id: FileId,
    ticket: Ticket,
    name: Option<NameHash>,
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
    options: FlowFileOptions,
    /// Whether nothing of a flow is left out, and no index is kept.
    keeps_all: bool,
    /// Paths that nobody needs any more, to be written over.
    spare_paths: Vec<PathBuf>,
    /// The files that may still have to be made, growing or being finished, by their names without
    /// count.
    waiting: HashMap<NameHash, FileId, RandomState>,
}

impl FlowFiles {
    /// Files in `store`, finished by `finisher`.
    pub fn new(store: FileStore, finisher: Finisher, options: FlowFileOptions) -> Self {
        let keeps_all = options.byte_limit.is_none() && !options.index;
        let (spare_paths, waiting) = Default::default();
        Self { store, finisher, options, keeps_all, spare_paths, waiting }
    }

    /// Stores a payload that goes on where the file is, if that is all there is to do: the way of
    /// nearly all payloads of large streams. `false` if it is not; then nothing was done.
    #[inline(always)]
    pub fn go_on(&mut self, file: FileId, position: u64, payload: &[u8]) -> bool {
        self.keeps_all && self.store.go_on(file, position, payload)
    }

    /// Stores a payload; `file` is made with the flow's first.
    #[inline]
    pub fn payload(
        &mut self,
        flow: &Identity,
        file: &mut Option<FileId>,
        position: u64,
        payload: &[u8],
        time: Timestamp,
    ) {
        let file = match *file {
            Some(file) => file,
            None => *file.insert(self.begin(flow)),
        };
        let kept = self.within_limit(position, payload.len());
        self.store.put(file, position, payload.get(..kept).unwrap_or(payload));
        if self.options.index {
            self.write_index(file, position, time, kept);
        }
    }

    /// From now on payloads may lie in `chunk`, from where large streams are written. What stands in
    /// it can be read again from `origin` on.
    pub fn lend(&mut self, chunk: &Chunk, origin: Option<Origin>) {
        self.store.lend(chunk, origin);
    }

    /// The chunk has been read.
    pub fn end_lending(&mut self) {
        self.store.end_lending();
    }

    /// Brings near the processor what it takes to store the next payload.
    #[inline]
    pub fn bring_near(&self, file: FileId, what: Near) {
        self.store.bring_near(file, what);
    }

    /// Takes note of a payload of `len` bytes that is stored already.
    pub fn repeated(&mut self, file: FileId, position: u64, len: usize, time: Timestamp) {
        if self.options.index {
            self.write_index(file, position, time, self.within_limit(position, len));
        }
    }

    /// How many of `len` bytes at `position` are to be kept.
    fn within_limit(&self, position: u64, len: usize) -> usize {
        match self.options.byte_limit {
            Some(limit) => limit.saturating_sub(position).min(len as u64) as usize,
            None => len,
        }
    }

    /// How many of these bytes differ from those stored at `position`.
    pub fn differing(&mut self, file: FileId, position: u64, again: &[u8]) -> u64 {
        self.store.differing(file, position, again)
    }

    /// Moves everything stored up by `distance`.
    pub fn move_up(&mut self, file: Option<FileId>, distance: u64) {
        if let Some(file) = file {
            self.store.move_up(file, distance, self.options.byte_limit);
        }
    }

    /// Has the flow's file finished. `None` if there is nothing to finish.
    pub fn close(&mut self, flow: &Identity, id: FileId) -> Option<Finishing> {
        let file = self.store.detach(id)?;
        if let Some(index) = file.index {
            self.store.close(index, |_, _, _| Ok(()));
        }
        let name = file.name;
        let ticket = self.finisher.finish(flow, file);
        Some(Finishing { id, ticket, name })
    }

    /// What came of a flow's file, if it is finished by now. Gives each outcome once.
    pub fn outcome(&mut self, file: Finishing) -> Option<Outcome> {
        let outcome = self.finisher.outcome(file.ticket);
        for spent in self.finisher.spent() {
            self.store.recycle(spent);
        }
        let outcome = outcome?;
        self.store.forget(file.id);
        if let Some(name) = file.name
            && let Entry::Occupied(waiting) = self.waiting.entry(name)
            && *waiting.get() == file.id
        {
            waiting.remove();
        }
        Some(outcome)
    }

    /// Takes the memory of a path that nobody needs any more.
    pub fn take_back(&mut self, path: PathBuf) {
        if self.spare_paths.len() < MAX_SPARE_PATHS {
            self.spare_paths.push(path);
        }
    }

    /// Waits until all closed files are finished.
    pub fn wait(&mut self) {
        self.finisher.wait();
    }

    /// Bytes of memory that open files take besides what the store may keep of their bytes.
    pub fn memory(&self) -> u64 {
        self.store.memory()
    }

    /// From now on at most so many bytes wait in memory to be written.
    pub fn set_buffers(&mut self, bytes: u64) {
        self.store.set_buffers(bytes);
    }

    /// How many bodies were found in flows whose outcomes were not asked for yet.
    pub fn bodies_held(&self) -> usize {
        self.finisher.bodies_held()
    }

    /// Where the flow's file is, once it was made.
    pub fn path(&self, file: FileId) -> Option<&Path> {
        self.store.path(file)
    }

    /// Writes everything that waits in memory.
    pub fn flush(&mut self) {
        self.finisher.hasten();
        self.store.flush();
    }

    fn begin(&mut self, flow: &Identity) -> FileId {
        let namer = self.store.namer();
        let spare = self.spare_paths.pop().unwrap_or_default();
        let first_path = namer.path_in(spare, flow, 0);
        let name = namer.hash(&first_path);
        let hashes = self.options.hashes;
        let hashes = (!hashes.is_empty()).then(|| RunningHashes::new(hashes));
        let new = NewFile { flow: *flow, first_path };
        let id = self.store.add(Creation::New(new), Some(flow.first_time), hashes);
        let contested = match self.waiting.get(&name) {
            Some(&earlier) if self.store.is_growing(earlier) => {
                self.store.create(earlier);
                true
            }
            Some(_) => {
                self.finisher.wait();
                false
            }
            None => false,
        };
        if contested || self.options.index || self.options.make_files == MakeFiles::AtOnce {
            let path = self.store.create(id).map(Path::to_owned);
            if let Some(path) = path.filter(|_| self.options.index) {
                self.add_index(id, path);
            }
        } else {
            self.waiting.insert(name, id);
            if let Some(file) = self.store.file_mut(id) {
                file.name = Some(name);
            }
        }
        id
    }

    /// Adds the index beside the file at `path`.
    fn add_index(&mut self, id: FileId, path: PathBuf) {
        let mut beside = path.into_os_string();
        beside.push(".findx");
        let index = self.store.add(Creation::Replace(beside.into()), None, None);
        if let Some(file) = self.store.file_mut(id) {
            file.index = Some(index);
        }
    }

    fn write_index(&mut self, file: FileId, position: u64, time: Timestamp, written: usize) {
        let Some(index) = self.store.file_mut(file).and_then(|file| file.index) else { return };
        let line = format!("{position}|{}.{:06}|{written}\n", time.seconds(), time.subsec_micros());
        self.store.append(index, line.as_bytes());
    }
}
