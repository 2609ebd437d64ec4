//! Writes windows to their files: when memory is scarce, when a window is full, when somebody wants
//! to see them. Here or on another thread, but in order.

use std::io;
use std::os::unix::fs::FileExt;

use super::{FileId, FileStore};
use crate::output::pending::FULL_WINDOW;
use crate::output::write_behind::{Target, Write, WriteBehind, Written};

/// Among this many windows used least recently the largest is written out.
const CANDIDATES: usize = 8;

/// Smaller windows are not worth waking another thread for.
const MIN_BEHIND: usize = 64 * 1024;

/// Empty windows that are kept for their memory: the system takes longer to give fresh memory than
/// the bytes in it take to be copied.
pub(super) const MAX_SPARE: usize = 32;

impl FileStore {
    /// Writes the window to the file, or has it written, and empties it.
    pub(super) fn write_out(&mut self, id: FileId) {
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
        let fresh = match before >= FULL_WINDOW {
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
        let is_busy = self.behind.as_ref().is_none_or(WriteBehind::is_busy);
        let is_worth_it = file.on_the_way > 0 || is_large && is_turn && !is_busy;
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
    pub(super) fn note(&mut self, mut written: Written) {
        if self.spare.len() < MAX_SPARE && written.bytes.capacity() >= FULL_WINDOW {
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
    pub(super) fn settle(&mut self, id: FileId) {
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

    pub(super) fn clear(&mut self, id: FileId) {
        if let Some(file) = &mut self.files[id.index()] {
            file.pending.clear();
        }
    }

    /// Writes `data` to the file without touching the window.
    pub(super) fn write_apart(&mut self, id: FileId, position: u64, data: &[u8]) {
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
    pub(super) fn keep_budget(&mut self) {
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

    pub(super) fn write_and_release(&mut self, id: FileId) {
        self.write_out(id);
        self.release(id);
    }

    /// Gives the memory of an empty window back.
    pub(super) fn release(&mut self, id: FileId) {
        let Some(file) = &mut self.files[id.index()] else { return };
        self.memory_used -= file.pending.memory() as u64;
        file.pending.release();
        self.buffered.remove(id.slot());
    }
}
