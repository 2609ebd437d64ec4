//! Many files that grow at once, written seldom.
//!
//! Bytes gather in memory, a window for each file, under one budget; beyond it the windows used
//! least recently are written out. A small file costs one open, one write, one stamp and one
//! close. Descriptors are a cache: any number of files may be growing, only the most recently
//! written ones are held open.
//!
//! A file that fails (full disk, no permission) is reported once, by name, and takes no more
//! bytes; the others go on.

use std::io;
use std::num::NonZeroU32;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::create::{self, Creation};
use super::lru::UseOrder;
use super::moving;
use super::pending::Placed;
use super::stored_file::{self, StoredFile};
use crate::messages::Messages;
use crate::scan::RunningHashes;
use crate::time::Timestamp;

/// A move of a stream's bytes is done in memory up to this size.
const MAX_MOVE_IN_MEMORY: u64 = 4 * 1024 * 1024;

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
    /// Bytes of memory for all windows together.
    pub memory: u64,
    /// Files held open at once; at least 1.
    pub descriptors: usize,
}

/// Files being written.
#[derive(Debug)]
pub struct FileStore {
    files: Vec<Option<Box<StoredFile>>>,
    free: Vec<u32>,
    /// Files with bytes in memory.
    buffered: UseOrder,
    /// Files with a descriptor.
    open: UseOrder,
    memory_used: u64,
    limits: Limits,
    messages: Messages,
}

impl FileStore {
    /// A store without files.
    pub fn new(limits: Limits, messages: Messages) -> Self {
        Self {
            files: Vec::new(),
            free: Vec::new(),
            buffered: UseOrder::default(),
            open: UseOrder::default(),
            memory_used: 0,
            limits,
            messages,
        }
    }

    /// Adds a file. Nothing is made on disk before its bytes are written or [`create`](Self::create)
    /// is called.
    pub fn add(
        &mut self,
        creation: Creation,
        stamp: Option<Timestamp>,
        hashes: Option<Box<RunningHashes>>,
    ) -> FileId {
        let file = Box::new(StoredFile::new(creation, stamp, hashes));
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

    /// Makes the file on disk if that was not done yet; `None` if it cannot be made.
    pub fn create(&mut self, id: FileId) -> Option<&Path> {
        self.ensure_open(id);
        self.path(id)
    }

    /// Where the file is, once it was made.
    pub fn path(&self, id: FileId) -> Option<&Path> {
        self.files[id.index()].as_ref()?.creation.path()
    }

    /// Stores `data` at `position`. Later bytes overwrite earlier ones, holes read as zeros.
    #[inline]
    pub fn put(&mut self, id: FileId, position: u64, data: &[u8]) {
        if let Some(Some(file)) = self.files.get_mut(id.index())
            && file.pending.append(position, data)
        {
            self.buffered.touch(id.slot());
        } else {
            self.place(id, position, data);
        }
    }

    fn place(&mut self, id: FileId, position: u64, data: &[u8]) {
        let Some(file) = &mut self.files[id.index()] else { return };
        if file.failed || data.is_empty() {
            return;
        }
        let before = file.pending.memory();
        let placed = file.pending.put(position, data, file.written);
        match placed {
            Placed::Inside => {
                self.memory_used += (file.pending.memory() - before) as u64;
                self.buffered.touch(id.slot());
                self.keep_budget();
            }
            // A lone repetition of old bytes must not disturb the window; a stream that goes on
            // there takes the window with it.
            Placed::Before if file.written_apart != position => {
                self.write_apart(id, position, data)
            }
            Placed::Before | Placed::Apart | Placed::Full => {
                self.write_out(id);
                self.put(id, position, data);
            }
        }
    }

    /// Stores `data` behind everything stored so far.
    pub fn append(&mut self, id: FileId, data: &[u8]) {
        let Some(file) = &self.files[id.index()] else { return };
        let end = file.pending.end();
        self.put(id, end, data);
    }

    /// Moves all bytes of the file up by `distance`, with zeros in the new space, and cuts off
    /// what lies beyond `limit` then.
    pub fn move_up(&mut self, id: FileId, distance: u64, limit: Option<u64>) {
        let Some(file) = &mut self.files[id.index()] else { return };
        if let Some(hashes) = &mut file.hashes {
            hashes.invalidate();
        }
        let len = file.pending.bytes().len() as u64;
        let in_memory = file.written == 0 && file.pending.start() == 0;
        if in_memory && len + distance <= MAX_MOVE_IN_MEMORY {
            let before = file.pending.memory();
            file.pending.move_up(distance as usize);
            if let Some(limit) = limit {
                file.pending.truncate(limit);
            }
            self.memory_used += (file.pending.memory() - before) as u64;
            return;
        }
        self.write_out(id);
        self.ensure_open(id);
        let Some(file) = &mut self.files[id.index()] else { return };
        let Some(handle) = &file.handle else { return };
        match moving::move_bytes_up(handle, file.written, distance, limit) {
            Ok(written) => file.written = written,
            Err(error) => self.fail(id, error),
        }
    }

    /// Writes everything that waits in memory.
    pub fn flush(&mut self) {
        while self.write_oldest() {}
    }

    /// Takes the file out of the store, to be finished by [`StoredFile::finish`].
    pub fn detach(&mut self, id: FileId) -> Option<Box<StoredFile>> {
        let file = self.files[id.index()].take()?;
        self.memory_used -= file.pending.memory() as u64;
        self.buffered.remove(id.slot());
        self.open.remove(id.slot());
        self.free.push(id.slot());
        Some(file)
    }

    /// Writes the window to the file and empties it; its memory is kept for what follows.
    fn write_out(&mut self, id: FileId) {
        let Some(file) = &self.files[id.index()] else { return };
        if !file.pending.is_empty() {
            self.ensure_open(id);
        }
        let Some(file) = &mut self.files[id.index()] else { return };
        if let Err(error) = file.write_pending() {
            self.fail(id, error);
        }
        if let Some(file) = &mut self.files[id.index()] {
            file.pending.clear();
        }
    }

    /// Writes `data` to the file without touching the window.
    fn write_apart(&mut self, id: FileId, position: u64, data: &[u8]) {
        self.ensure_open(id);
        let Some(file) = &mut self.files[id.index()] else { return };
        let Some(handle) = &file.handle else { return };
        if let Some(hashes) = &mut file.hashes {
            hashes.invalidate();
        }
        file.written_apart = position + data.len() as u64;
        match handle.write_all_at(data, position) {
            Ok(()) => file.written = file.written.max(file.written_apart),
            Err(error) => self.fail(id, error),
        }
    }

    /// Writes out the windows used least recently until all fit the budget.
    fn keep_budget(&mut self) {
        while self.memory_used > self.limits.memory && self.write_oldest() {}
    }

    /// Writes out the window used least recently; whether there was one.
    fn write_oldest(&mut self) -> bool {
        let Some(oldest) = self.buffered.oldest() else { return false };
        self.write_out(FileId::of_slot(oldest));
        self.release(FileId::of_slot(oldest));
        true
    }

    /// Gives the memory of an empty window back.
    fn release(&mut self, id: FileId) {
        let Some(file) = &mut self.files[id.index()] else { return };
        self.memory_used -= file.pending.memory() as u64;
        file.pending.release();
        self.buffered.remove(id.slot());
    }

    /// Opens the file, or makes it, unless it is open or has failed.
    fn ensure_open(&mut self, id: FileId) {
        loop {
            let Some(file) = &mut self.files[id.index()] else { return };
            if file.failed {
                return;
            }
            if file.handle.is_some() {
                self.open.touch(id.slot());
                return;
            }
            if self.open.len() >= self.limits.descriptors {
                self.close_oldest();
                continue;
            }
            match file.creation.open() {
                Ok(handle) => file.handle = Some(handle),
                // Descriptors may be scarcer than the limit says.
                Err(error) if create::too_many_open(&error) && self.open.len() > 0 => {
                    self.close_oldest();
                }
                Err(error) => self.fail(id, error),
            }
        }
    }

    /// Closes the descriptor used least recently.
    fn close_oldest(&mut self) {
        let Some(oldest) = self.open.oldest() else { return };
        self.open.remove(oldest);
        let Some(file) = &mut self.files[oldest as usize] else { return };
        if let Some(handle) = file.handle.take()
            && let Err(error) = stored_file::stamp(&handle, file.stamp)
        {
            self.fail(FileId::of_slot(oldest), error);
        }
    }

    fn fail(&mut self, id: FileId, error: io::Error) {
        let Some(file) = &mut self.files[id.index()] else { return };
        file.fail(error, &self.messages);
        self.open.remove(id.slot());
    }
}
