//! Many files that grow at once, written seldom.
//!
//! Bytes gather in memory, a window for each file, under one budget; beyond it windows are written
//! out, large ones and those that do not grow first. A small file costs one open, one write, one
//! stamp and one close. Descriptors are a cache: any number of files may be growing, only some are
//! held open. Windows are written, and files opened for it, by another thread if there can be one.
//!
//! A file that fails (full disk, no permission) is reported once, by name, and takes no more
//! bytes; the others go on.

mod descriptors;
mod leaving;
mod lending;
mod line;
mod placing;
mod repeats;
mod room;
mod spare;
mod writing;

use std::io;
use std::num::NonZeroU32;
use std::path::Path;

pub(super) use self::lending::LoanId;

use self::leaving::Leaving;
use self::lending::Lending;
use self::line::Line;
use self::spare::Spare;
use super::create::Creation;
use super::finish::ClosedFile;
use super::lru::UseOrder;
use super::naming::Namer;
use super::pending::PendingBytes;
use super::stored_file::StoredFile;
use super::tools::Tools;
use super::write_behind::WriteBehind;
use crate::scan::{Content, RunningHashes};
use crate::time::Timestamp;

/// What a file usually takes besides its window: itself, a short name, and its places in several
/// tables.
const USUAL_FILE_COST: usize = size_of::<StoredFile>() + 256;

/// What a file takes at the most besides its window: itself, its places in line and in the orders of
/// use, how it is to be made or what it is called, its hashes, and the place of its name among those
/// that wait.
const FILE_COST: usize = size_of::<StoredFile>() + 5 + 2 * 12 + 256 + 512 + 48;

/// Names a file of a [`FileStore`] until it is closed.
///
/// One more than the file's slot, so that "no file" costs no space in the millions of flows that
/// have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId(NonZeroU32);

impl FileId {
    fn of_slot(slot: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(slot))
    }

    fn slot(self) -> u32 {
        self.0.get() - 1
    }

    fn index(self) -> usize {
        self.slot() as usize
    }
}

/// What a store may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of memory for all windows together, and for the files themselves.
    pub memory: u64,
    /// With more than this in windows, files that are to stay open are made before they have to be.
    pub early: u64,
    /// Files held open at once; at least 1.
    pub descriptors: usize,
    /// Whether another thread may write.
    pub beside: bool,
}

/// Files being written.
#[derive(Debug)]
pub struct FileStore {
    files: Vec<Option<Box<StoredFile>>>,
    free: Vec<u32>,
    /// All files with bytes in memory; those that have none any more are passed over.
    line: Line,
    /// Files with a descriptor.
    open: UseOrder,
    /// Files that are being opened, to stay open.
    opening: usize,
    /// Files that were moved up since they were last settled.
    moved: UseOrder,
    memory_used: u64,
    /// How many windows were written.
    writes: u64,
    /// How many payloads came while there was little memory.
    payloads: u64,
    behind: Option<WriteBehind>,
    lending: Lending,
    leaving: Leaving,
    spare: Spare,
    limits: Limits,
    tools: Tools,
}

impl FileStore {
    /// A store without files.
    pub fn new(limits: Limits, tools: Tools) -> Self {
        Self {
            files: Vec::new(),
            free: Vec::new(),
            line: Line::default(),
            open: UseOrder::default(),
            opening: 0,
            moved: UseOrder::default(),
            memory_used: 0,
            writes: 0,
            payloads: 0,
            behind: if limits.beside { WriteBehind::start(tools.clone()) } else { None },
            lending: Lending::default(),
            leaving: Leaving::default(),
            spare: Spare::default(),
            limits,
            tools,
        }
    }

    /// What gives its files their names.
    pub(super) fn namer(&self) -> &Namer {
        &self.tools.namer
    }

    /// Adds a file. Nothing is made on disk before its bytes are written or [`create`](Self::create)
    /// is called.
    pub fn add(
        &mut self,
        creation: Creation,
        stamp: Option<Timestamp>,
        hashes: Option<RunningHashes>,
    ) -> FileId {
        self.add_file(StoredFile::new(creation, stamp, hashes))
    }

    /// Adds a file that was made and finished before, to go on at its end. `None` if it is gone.
    pub fn resume(&mut self, path: &Path) -> Option<FileId> {
        let made = self.namer().folder().open_again(path).ok()?;
        let len = made.metadata().ok()?.len();
        let creation = Creation::Made(path.to_owned());
        let mut file = StoredFile::new(creation, None, None);
        file.written = len;
        file.pending = PendingBytes::behind(len);
        Some(self.add_file(file))
    }

    fn add_file(&mut self, file: StoredFile) -> FileId {
        let file = self.spare.place(file);
        match self.free.pop() {
            Some(number) => {
                self.files[number as usize] = Some(file);
                FileId::of_slot(number)
            }
            None => {
                self.files.push(Some(file));
                FileId::of_slot((self.files.len() - 1) as u32)
            }
        }
    }

    /// The file, as long as it is growing.
    pub(super) fn file_mut(&mut self, id: FileId) -> Option<&mut StoredFile> {
        self.files.get_mut(id.index())?.as_deref_mut()
    }

    /// Whether the file is still in the store.
    pub(super) fn is_growing(&self, id: FileId) -> bool {
        matches!(self.files.get(id.index()), Some(Some(_)))
    }

    /// Bytes of memory that files take besides their windows, at the most.
    pub fn memory(&self) -> u64 {
        (self.files_held() * FILE_COST) as u64
    }

    /// Bytes of the budget that files take besides their windows: as much as they usually do, but
    /// windows keep half of it.
    #[inline]
    fn files_memory(&self) -> u64 {
        ((self.files_held() * USUAL_FILE_COST) as u64).min(self.limits.memory / 2)
    }

    #[inline]
    fn files_held(&self) -> usize {
        self.files.len() - self.free.len()
    }

    /// From now on windows take at most so many bytes of memory.
    pub fn set_buffers(&mut self, bytes: u64) {
        self.limits.memory = bytes;
        self.keep_budget();
    }

    /// Makes the file on disk if that was not done yet; `None` if it cannot be made.
    pub fn create(&mut self, id: FileId) -> Option<&Path> {
        self.settle(id);
        self.ensure_open(id);
        self.path(id)
    }

    /// Where the file is, once it was made.
    pub fn path(&self, id: FileId) -> Option<&Path> {
        self.files[id.index()].as_ref()?.creation.as_ref()?.path()
    }

    /// Bytes of memory that all windows take.
    #[cfg(test)]
    pub(super) fn memory_used(&self) -> u64 {
        self.memory_used
    }

    /// Writes everything that waits in memory, and waits until it is written. Files are then as
    /// they would be if they were closed.
    pub fn flush(&mut self) {
        while let Some(moved) = self.moved.oldest() {
            self.give_back_room(FileId::of_slot(moved));
        }
        self.write_loans();
        while let Some(slot) = self.line.next() {
            self.write_and_release(FileId::of_slot(slot));
        }
        while let Some(written) = self.behind.as_mut().and_then(WriteBehind::wait) {
            self.note(written);
        }
    }

    /// Takes the file out of the store, to be finished by [`StoredFile::finish`]. Its number stands
    /// for it until that is [forgotten](Self::forget).
    pub fn detach(&mut self, id: FileId) -> Option<Box<StoredFile>> {
        self.settle(id);
        let mut file = self.files[id.index()].take()?;
        self.memory_used -= file.pending.memory() as u64;
        self.leaving.changed(file.pending.left_len(), 0);
        file.capture = self.leaving.capture().filter(|_| file.pending.is_left()).cloned();
        self.open.remove(id.slot());
        self.moved.remove(id.slot());
        Some(file)
    }

    /// Lets the number of a file that was taken out name another one.
    pub fn forget(&mut self, id: FileId) {
        self.free.push(id.slot());
    }

    /// Takes the file out of the store and finishes it here.
    pub fn close<T>(
        &mut self,
        id: FileId,
        inspect: impl FnOnce(&Path, Content<'_>, Option<RunningHashes>) -> io::Result<T>,
    ) -> Option<ClosedFile<T>> {
        let mut file = self.detach(id)?;
        let closed = file.finish(&mut self.tools, inspect);
        self.recycle(file);
        self.forget(id);
        closed
    }

    /// Takes back the memory of a file that was finished.
    pub fn recycle(&mut self, file: Box<StoredFile>) {
        self.spare.keep_file(file);
    }

    fn fail(&mut self, id: FileId, error: io::Error) {
        let Some(file) = &mut self.files[id.index()] else { return };
        file.fail(error, &self.tools.messages);
        self.lending.take(file);
        self.open.remove(id.slot());
    }
}
