//! Many files that grow at once, written seldom.
//!
//! Bytes gather in memory, a window for each file, under one budget; beyond it windows are written
//! out, of those used least recently a large one first. A small file costs one open, one write, one
//! stamp and one close. Descriptors are a cache: any number of files may be growing, only some are
//! held open. Windows are written by another thread if there can be one.
//!
//! A file that fails (full disk, no permission) is reported once, by name, and takes no more
//! bytes; the others go on.

use std::fs::File;
use std::io;
use std::num::NonZeroU32;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::create::{self, Creation};
use super::folder::{FILE_MODE, Opening, OutputFolder};
use super::lru::UseOrder;
use super::moving;
use super::pending::{PendingBytes, Placed};
use super::stored_file::StoredFile;
use super::write_behind::{Target, Write, WriteBehind, Written};
use crate::messages::Messages;
use crate::scan::RunningHashes;
use crate::time::Timestamp;

/// As long as nearly all of the budget is free a window begins with this size, which spares small
/// flows the growing.
const FIRST_WINDOW: usize = 8 * 1024;

/// Such windows that are kept when their files are closed.
const MAX_FIRST_WINDOWS: usize = 256;

/// Smaller windows are not worth waking another thread for.
const MIN_BEHIND: usize = 64 * 1024;

/// Among this many windows used least recently the largest is written out.
const CANDIDATES: usize = 8;

/// A descriptor is given up for another file's once so many times as many writes as there are
/// descriptors have passed since it was used. If all are in use more often than that, the other
/// file is opened for its write alone: of files written in turns, those that have a descriptor
/// keep it, rather than each losing it just before its turn.
const IDLE_ROUNDS: u64 = 4;

/// Empty windows that are kept for their memory.
const MAX_SPARE: usize = 8;

/// A move of a stream's bytes is done in memory up to this size.
const MAX_MOVE_IN_MEMORY: u64 = 4 * 1024 * 1024;

/// What a file takes besides its window: itself, its places in the orders of use, how it is to be
/// made or what it is called, its hashes, and the place of its name among those that wait.
const FILE_COST: usize = size_of::<StoredFile>() + 2 * 12 + 256 + 512 + 48;

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
    /// Whether another thread may write.
    pub beside: bool,
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
    /// Files that were moved up since they were last settled.
    moved: UseOrder,
    memory_used: u64,
    /// How many windows were written.
    writes: u64,
    behind: Option<WriteBehind>,
    /// Empty windows that were written, for the next to use: a window is so large that the memory
    /// allocator asks the system for it.
    spare: Vec<Vec<u8>>,
    /// The same, for small files to begin with.
    first_windows: Vec<Vec<u8>>,
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
            moved: UseOrder::default(),
            memory_used: 0,
            writes: 0,
            behind: if limits.beside { WriteBehind::start() } else { None },
            spare: Vec::new(),
            first_windows: Vec::new(),
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
        hashes: Option<RunningHashes>,
    ) -> FileId {
        self.add_file(StoredFile::new(creation, stamp, hashes))
    }

    /// Adds a file that was made and finished before, to go on at its end. `None` if it is gone.
    pub fn resume(&mut self, path: &Path, folder: &Arc<OutputFolder>) -> Option<FileId> {
        let len = folder.open(path, Opening::Again, FILE_MODE).ok()?.metadata().ok()?.len();
        let creation = Creation::Made(path.to_owned(), Arc::clone(folder));
        let mut file = StoredFile::new(creation, None, None);
        file.written = len;
        file.pending = PendingBytes::behind(len);
        Some(self.add_file(file))
    }

    fn add_file(&mut self, file: StoredFile) -> FileId {
        let file = Box::new(file);
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

    /// Bytes of memory that files take besides their windows.
    pub fn memory(&self) -> u64 {
        ((self.files.len() - self.free.len()) * FILE_COST) as u64
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
        let Some(Some(file)) = self.files.get_mut(id.index()) else { return };
        let place = position + file.lead;
        if file.pending.append(place, data) {
            self.buffered.touch(id.slot());
        } else {
            self.place(id, place, data);
        }
    }

    /// The same, at a position of the file rather than of the stream.
    fn place(&mut self, id: FileId, position: u64, data: &[u8]) {
        let plenty = self.memory_used < self.limits.memory / 16;
        let Some(file) = &mut self.files[id.index()] else { return };
        if file.failed || data.is_empty() {
            return;
        }
        let before = file.pending.memory();
        if before == 0 && plenty {
            let memory = self.first_windows.pop();
            file.pending.begin_with(memory.unwrap_or_else(|| Vec::with_capacity(FIRST_WINDOW)));
        }
        let placed = file.pending.put(position, data, file.written);
        self.memory_used += (file.pending.memory() - before) as u64;
        match placed {
            Placed::Inside => {
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
                self.place(id, position, data);
            }
        }
    }

    /// How many bytes of `data` differ from those stored at `position`; holes are zeros. Bytes
    /// behind everything stored do not differ from anything.
    pub fn differing(&mut self, id: FileId, position: u64, data: &[u8]) -> u64 {
        let Some(file) = &self.files[id.index()] else { return 0 };
        let position = position + file.lead;
        let (window, written) = (file.pending.start(), file.written);
        let part = |from: u64, to: u64| {
            let at = |place: u64| (place.max(position) - position).min(data.len() as u64) as usize;
            let range = at(from)..at(to).max(at(from));
            (position + range.start as u64, data.get(range).unwrap_or_default())
        };
        // The window is newer than what the file holds there.
        let (place, again) = part(window, file.pending.end());
        let in_window = file.pending.bytes().get((place.max(window) - window) as usize..);
        let mut differing = count_differing(in_window.unwrap_or_default(), again);
        let (_, in_hole) = part(written, window);
        differing += in_hole.iter().filter(|&&byte| byte != 0).count() as u64;
        let after = file.pending.end();
        for (from, to) in [(0, written.min(window)), (after, written.max(after))] {
            let (place, again) = part(from, to);
            if !again.is_empty() {
                differing += self.differing_on_disk(id, place, again);
            }
        }
        differing
    }

    /// Stores `data` behind everything stored so far.
    pub fn append(&mut self, id: FileId, data: &[u8]) {
        let Some(file) = &self.files[id.index()] else { return };
        let end = file.pending.end() - file.lead;
        self.put(id, end, data);
    }

    /// Moves all bytes of the file up by `distance`, with zeros in the new space, and cuts off
    /// what lies beyond `limit` in the end.
    ///
    /// A stream may turn out to begin earlier with every packet. So as much room as there are bytes
    /// is made beyond what is asked for, and given back when the file is closed: all moves
    /// together cost no more than a few times the bytes there are.
    pub fn move_up(&mut self, id: FileId, distance: u64, limit: Option<u64>) {
        let Some(file) = &mut self.files[id.index()] else { return };
        file.give_up_hashes();
        file.limit = limit;
        self.moved.touch(id.slot());
        if distance <= file.lead {
            file.lead -= distance;
            return;
        }
        let end = file.written.max(file.pending.end());
        let up = distance - file.lead + end;
        file.lead = end;
        let in_memory = file.written == 0 && file.pending.start() == 0;
        if in_memory && end + up <= MAX_MOVE_IN_MEMORY {
            let before = file.pending.memory();
            file.pending.move_up(up as usize);
            self.memory_used += (file.pending.memory() - before) as u64;
            return;
        }
        self.write_out(id);
        self.settle(id);
        self.ensure_open(id);
        let Some(file) = &mut self.files[id.index()] else { return };
        let Some(handle) = &file.handle else { return };
        match moving::move_bytes_up(handle, file.written, up) {
            Ok(written) => file.written = written,
            Err(error) => self.fail(id, error),
        }
    }

    /// Writes everything that waits in memory, and waits until it is written. Files are then as
    /// they would be if they were closed.
    pub fn flush(&mut self) {
        while let Some(moved) = self.moved.oldest() {
            self.give_back_room(FileId::of_slot(moved));
        }
        while let Some(oldest) = self.buffered.oldest() {
            self.write_and_release(FileId::of_slot(oldest));
        }
        while let Some(written) = self.behind.as_mut().and_then(WriteBehind::wait) {
            self.note(written);
        }
    }

    /// Gives back the room before the beginning of a file.
    fn give_back_room(&mut self, id: FileId) {
        self.moved.remove(id.slot());
        self.write_out(id);
        self.settle(id);
        self.ensure_open(id);
        let Some(file) = &mut self.files[id.index()] else { return };
        if !file.failed
            && let Err(error) = file.give_back_room()
        {
            self.fail(id, error);
        }
    }

    /// Takes the file out of the store, to be finished by [`StoredFile::finish`].
    pub fn detach(&mut self, id: FileId) -> Option<Box<StoredFile>> {
        self.settle(id);
        let file = self.files[id.index()].take()?;
        self.memory_used -= file.pending.memory() as u64;
        self.buffered.remove(id.slot());
        self.open.remove(id.slot());
        self.moved.remove(id.slot());
        self.free.push(id.slot());
        Some(file)
    }

    /// Takes back the window of a file that was finished.
    pub fn recycle(&mut self, window: Vec<u8>) {
        if self.first_windows.len() < MAX_FIRST_WINDOWS
            && (FIRST_WINDOW..=2 * FIRST_WINDOW).contains(&window.capacity())
        {
            self.first_windows.push(window);
        }
    }

    /// Writes the window to the file, or has it written, and empties it; the window's memory is
    /// kept for what follows.
    fn write_out(&mut self, id: FileId) {
        let Some(file) = &self.files[id.index()] else { return };
        if file.pending.is_empty() || file.failed {
            self.clear(id);
            return;
        }
        let target = match self.target(id) {
            Ok(target) => target,
            Err(error) => {
                self.fail(id, error);
                self.clear(id);
                return;
            }
        };
        self.hand_over(id, target);
    }

    /// Has the window written by the thread, or here if there is none.
    fn hand_over(&mut self, id: FileId, target: Target) {
        let Some(file) = &mut self.files[id.index()] else { return };
        let before = file.pending.memory();
        let fresh = match before >= MIN_BEHIND {
            true => self.spare.pop().unwrap_or_default(),
            false => Vec::new(),
        };
        let (start, bytes) = file.pending.take(fresh);
        self.memory_used += file.pending.memory() as u64;
        self.memory_used -= before as u64;
        let empty_from = file.written;
        file.written = file.written.max(start + bytes.len() as u64);
        // What is on the way already must come first, and hashing takes longer than writing. Of the
        // rest every third window goes to the thread: with all of them a GB of eight streams takes
        // a tenth less time, but a tenth more of the processors', because every byte then moves
        // from one's cache to the other's.
        let is_large = bytes.len() >= MIN_BEHIND;
        let is_turn = file.hashes.is_some() || self.writes.is_multiple_of(3);
        let is_worth_it = file.on_the_way > 0 || is_large && is_turn;
        file.on_the_way += 1;
        let write = Write { id, target, start, empty_from, bytes, hashes: file.hashes.clone() };
        let left = match &mut self.behind {
            Some(behind) if is_worth_it => behind.begin(write).err(),
            _ => Some(write),
        };
        if let Some(write) = left {
            let written = write.run();
            self.note(written);
        }
        while let Some(behind) = &mut self.behind {
            let written = if behind.is_full() { behind.wait() } else { behind.poll() };
            match written {
                Some(written) => self.note(written),
                None => break,
            }
        }
    }

    /// Takes note of a write that was done.
    fn note(&mut self, mut written: Written) {
        if self.spare.len() < MAX_SPARE && written.bytes.capacity() >= MIN_BEHIND {
            written.bytes.clear();
            self.spare.push(written.bytes);
        }
        if let Some(file) = &mut self.files[written.id.index()] {
            file.on_the_way -= 1;
        }
        if let Err(error) = written.result {
            self.fail(written.id, error);
        }
    }

    /// Waits until nothing of the file is on the way.
    fn settle(&mut self, id: FileId) {
        while self.files[id.index()].as_ref().is_some_and(|file| file.on_the_way > 0) {
            match self.behind.as_mut().and_then(WriteBehind::wait) {
                Some(written) => self.note(written),
                None => {
                    // The thread is gone, and with it what it had; that must not pass in silence.
                    self.behind = None;
                    if let Some(file) = &mut self.files[id.index()] {
                        file.on_the_way = 0;
                    }
                    self.fail(id, io::Error::other("lost by a failure of the program"));
                }
            }
        }
    }

    fn clear(&mut self, id: FileId) {
        if let Some(file) = &mut self.files[id.index()] {
            file.pending.clear();
        }
    }

    /// What to write the file's window to: it is made if need be, and opened if a descriptor is to
    /// be had.
    fn target(&mut self, id: FileId) -> io::Result<Target> {
        self.writes += 1;
        let Some(file) = &mut self.files[id.index()] else {
            return Err(io::ErrorKind::NotFound.into());
        };
        file.last_write = self.writes;
        let is_full = file.handle.is_none() && self.open.len() >= self.limits.descriptors;
        if is_full && !self.has_idle_descriptor() {
            let made = self.files[id.index()].as_ref().and_then(|file| file.creation.made());
            return match made {
                Some((path, folder)) => Ok(Target::Closed(path.to_owned(), Arc::clone(folder))),
                None => self.open_file(id).map(Target::Open),
            };
        }
        self.ensure_open(id);
        let file = self.files[id.index()].as_ref();
        file.and_then(|file| file.handle.clone())
            .map(Target::Open)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Whether the descriptor used least recently is not likely to be used soon.
    fn has_idle_descriptor(&self) -> bool {
        let oldest = self.open.oldest().and_then(|slot| self.files[slot as usize].as_ref());
        oldest
            .is_none_or(|file| self.writes - file.last_write > IDLE_ROUNDS * self.open.len() as u64)
    }

    /// Writes `data` to the file without touching the window.
    fn write_apart(&mut self, id: FileId, position: u64, data: &[u8]) {
        self.settle(id);
        self.ensure_open(id);
        let Some(file) = &mut self.files[id.index()] else { return };
        file.invalidate_hashes(position);
        let Some(handle) = &file.handle else { return };
        file.written_apart = position + data.len() as u64;
        match handle.write_all_at(data, position) {
            Ok(()) => file.written = file.written.max(file.written_apart),
            Err(error) => self.fail(id, error),
        }
    }

    /// Writes windows out until all fit the budget.
    fn keep_budget(&mut self) {
        while self.memory_used > self.limits.memory {
            let size = |slot: u32| {
                self.files[slot as usize].as_ref().map_or(0, |file| file.pending.memory())
            };
            let largest = self.buffered.oldest_first().take(CANDIDATES).max_by_key(|&it| size(it));
            match largest {
                Some(slot) => self.write_and_release(FileId::of_slot(slot)),
                None => return,
            }
        }
    }

    fn write_and_release(&mut self, id: FileId) {
        self.write_out(id);
        self.release(id);
    }

    /// Gives the memory of an empty window back.
    fn release(&mut self, id: FileId) {
        let Some(file) = &mut self.files[id.index()] else { return };
        self.memory_used -= file.pending.memory() as u64;
        file.pending.release();
        self.buffered.remove(id.slot());
    }

    fn differing_on_disk(&mut self, id: FileId, position: u64, data: &[u8]) -> u64 {
        self.settle(id);
        self.ensure_open(id);
        let Some(handle) = self.files[id.index()].as_ref().and_then(|it| it.handle.clone()) else {
            return 0;
        };
        let mut stored = vec![0; data.len()];
        match handle.read_exact_at(&mut stored, position) {
            Ok(()) => count_differing(&stored, data),
            // What was cut off by a limit was not stored.
            Err(_) => 0,
        }
    }

    /// Opens the file, or makes it, unless it is open or has failed.
    fn ensure_open(&mut self, id: FileId) {
        let Some(file) = &self.files[id.index()] else { return };
        if file.failed {
            return;
        }
        if file.handle.is_none() {
            while self.open.len() >= self.limits.descriptors {
                self.close_oldest();
            }
            match self.open_file(id) {
                Ok(handle) => {
                    if let Some(file) = &mut self.files[id.index()] {
                        file.handle = Some(handle);
                    }
                }
                Err(error) => return self.fail(id, error),
            }
        }
        self.open.touch(id.slot());
    }

    /// Opens the file, or makes it. Descriptors may be scarcer than the limit says.
    fn open_file(&mut self, id: FileId) -> io::Result<Arc<File>> {
        loop {
            let Some(file) = &mut self.files[id.index()] else {
                return Err(io::ErrorKind::NotFound.into());
            };
            match file.creation.open() {
                Err(error) if create::too_many_open(&error) && self.open.len() > 0 => {
                    self.close_oldest();
                }
                outcome => return outcome.map(Arc::new),
            }
        }
    }

    /// Closes the descriptor used least recently. The file gets its times when it is finished.
    fn close_oldest(&mut self) {
        let Some(oldest) = self.open.oldest() else { return };
        self.open.remove(oldest);
        if let Some(file) = &mut self.files[oldest as usize] {
            file.handle = None;
        }
    }

    fn fail(&mut self, id: FileId, error: io::Error) {
        let Some(file) = &mut self.files[id.index()] else { return };
        file.fail(error, &self.messages);
        self.open.remove(id.slot());
    }
}

fn count_differing(stored: &[u8], again: &[u8]) -> u64 {
    stored.iter().zip(again).filter(|(old, new)| old != new).count() as u64
}
