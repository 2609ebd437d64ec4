//! Writes windows to their files: when memory is scarce, when a window is full, when somebody wants
//! to see them. Here or on another thread, but in order.

use std::io;
use std::os::unix::fs::FileExt;

use super::{FileId, FileStore};
use crate::output::create;
use crate::output::pending::{FULL_WINDOW, Gathered, PendingBytes};
use crate::output::write_behind::{Target, Write, WriteBehind, Written};

/// This many files of the line are looked at for one whose window is worth writing.
const CANDIDATES: usize = 8;

/// Takes bytes out of a window, which goes on in the memory that is given.
type Take = fn(&mut PendingBytes, Vec<u8>) -> (u64, Gathered);

/// How many payloads pass between two looks at what the thread does.
const PAYLOADS_PER_LOOK: u64 = 32;

impl FileStore {
    /// Writes the window to the file, or has it written, and empties it.
    pub(super) fn write_out(&mut self, id: FileId) {
        self.write_some(id, PendingBytes::take);
    }

    /// Writes a full window, but perhaps not its last bytes.
    pub(super) fn write_full(&mut self, id: FileId) {
        self.write_some(id, PendingBytes::take_full);
    }

    /// Has the bytes written that `take` takes out of the window.
    fn write_some(&mut self, id: FileId, take: Take) {
        // A file that is being opened is not there to be opened once more.
        if self.files[id.index()].as_ref().is_some_and(|file| file.creation.is_none()) {
            self.settle(id);
        }
        let Some(file) = &self.files[id.index()] else { return };
        if file.pending.is_empty() || file.failed {
            self.change_window(id, |window, _| window.clear());
            return;
        }
        let Some(target) = self.target(id) else { return };
        self.hand_over(id, target, take);
    }

    /// Has the window written by the thread, or here if there is none.
    fn hand_over(&mut self, id: FileId, target: Target, take: Take) {
        let Some(file) = &self.files[id.index()] else { return };
        let capture = self.leaving.capture().filter(|_| file.pending.is_left()).cloned();
        let fresh = match file.pending.memory() >= FULL_WINDOW {
            true => self.spare.take_full_window(),
            false => Vec::new(),
        };
        let taken = self.change_window(id, |window, _| take(window, fresh));
        let (Some((start, bytes)), Some(file)) = (taken, &mut self.files[id.index()]) else {
            return;
        };
        let empty_from = file.written;
        file.written = file.written.max(start + bytes.len() as u64);
        // What is on the way already must come first. Otherwise the thread takes as much as it can:
        // some of it costs more there, for its bytes move from one processor's cache to the other's,
        // but then nobody waits for it. What was left in the capture is better read for several files
        // at once.
        let is_busy = self.behind.as_ref().is_none_or(WriteBehind::is_busy);
        let is_for_thread = file.on_the_way > 0 || !is_busy || capture.is_some();
        file.on_the_way += 1;
        file.is_window_on_the_way = true;
        let write =
            Write { id, target, start, empty_from, bytes, capture, hashes: file.hashes.clone() };
        match &mut self.behind {
            Some(behind) if is_for_thread => behind.begin(write),
            _ => {
                let written = write.run(&mut self.tools);
                self.note(written);
            }
        }
        self.note_written();
    }

    /// Takes note of what the thread has written, and waits for it if that has too much to do.
    pub(super) fn note_written(&mut self) {
        while let Some(behind) = &mut self.behind {
            let written = if behind.is_full() { behind.wait() } else { behind.poll() };
            match written {
                Some(written) => self.note(written),
                None => break,
            }
        }
    }

    /// Takes note of a write that was done.
    pub(super) fn note(&mut self, written: Written) {
        let Written { write, opened, mut result } = written;
        let Write { id, target, start, empty_from, bytes, capture, hashes } = write;
        if let Target::Closed { creation, stays_open } = target {
            self.opened(id, creation, stays_open, opened);
        }
        if result.as_ref().is_err_and(create::too_many_open) && self.open.len() > 0 {
            // Descriptors are scarcer than was thought. Nothing later of this file is on the way.
            self.ensure_open(id);
            if let Some(handle) = self.files[id.index()].as_ref().and_then(|it| it.handle.clone()) {
                let target = Target::Open(handle);
                let again = Write { id, target, start, empty_from, bytes, capture, hashes };
                let Written { write, result: outcome, .. } = again.run(&mut self.tools);
                self.spare.keep(write.bytes);
                result = outcome;
            }
        } else {
            self.spare.keep(bytes);
        }
        if let Some(file) = &mut self.files[id.index()] {
            file.on_the_way -= 1;
            file.is_window_on_the_way &= file.on_the_way > 0;
        }
        if let Err(error) = result {
            self.fail(id, error);
        }
    }

    /// Waits until nothing of the file is on the way.
    pub(super) fn settle(&mut self, id: FileId) {
        self.end_loan(id);
        while self.files[id.index()].as_ref().is_some_and(|file| file.on_the_way > 0) {
            match self.behind.as_mut().and_then(WriteBehind::wait) {
                Some(written) => self.note(written),
                None => {
                    // The thread is gone, and with it what it had; that must not pass in silence.
                    self.behind = None;
                    if let Some(file) = &mut self.files[id.index()] {
                        file.on_the_way = 0;
                        file.is_window_on_the_way = false;
                    }
                    self.fail(id, io::Error::other("lost by a failure of the program"));
                }
            }
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

    /// Writes windows out until all fit the budget, and has some written before that if the thread has
    /// nothing else to do.
    #[inline]
    pub(super) fn keep_budget(&mut self) {
        if self.memory_used + self.leaving.bytes() > self.limits.early {
            self.payloads += 1;
            if self.payloads.is_multiple_of(PAYLOADS_PER_LOOK) {
                self.look_at_memory();
            }
        }
        if self.memory_used + self.files_memory() > self.limits.memory {
            self.write_until_all_fit();
        }
    }

    /// Has the thread make files that are to stay open, which must be done sometime, as long as it
    /// has nothing else to do.
    #[inline(never)]
    fn look_at_memory(&mut self) {
        self.keep_spare_blocks();
        self.note_written();
        while self.held() < self.limits.descriptors
            && self.behind.as_ref().is_some_and(WriteBehind::is_nearly_idle)
            && let Some(slot) = self.line.next()
        {
            let id = FileId::of_slot(slot);
            if self.files[slot as usize].as_ref().is_some_and(|file| file.handle.is_none()) {
                self.write_and_release(id);
            } else {
                self.line.join(slot);
                return;
            }
            if self.held() >= self.limits.descriptors
                && let Some(behind) = &mut self.behind
            {
                // There will be no more of them to be handed over together.
                behind.hand_over();
            }
        }
    }

    /// Of blocks that nobody uses, keeps only as many as the budget leaves.
    fn keep_spare_blocks(&mut self) {
        self.spare.blocks.keep_at_most(self.limits.memory.saturating_sub(self.memory_used));
    }

    #[inline(never)]
    fn write_until_all_fit(&mut self) {
        self.keep_spare_blocks();
        while self.memory_used + self.files_memory() > self.limits.memory {
            match self.next_to_write() {
                Some(id) => self.write_and_release(id),
                None => return,
            }
        }
    }

    /// The next file in line whose window is larger than most, or has not grown since the last
    /// look. If there is none among the first ones, the largest of those.
    fn next_to_write(&mut self) -> Option<FileId> {
        let (mut looks, mut largest) = (0, None);
        while looks < CANDIDATES
            && let Some(slot) = self.line.next()
        {
            let Some(file) = &mut self.files[slot as usize] else { continue };
            let (size, end) = (file.pending.memory() as u64, file.pending.end());
            if size == 0 {
                continue;
            }
            looks += 1;
            let is_idle = std::mem::replace(&mut file.looked_at, end) == end;
            if is_idle || size >= self.memory_used / (self.line.len() as u64 + 1) {
                return Some(FileId::of_slot(slot));
            }
            self.line.join(slot);
            largest = largest.max(Some((size, slot)));
        }
        largest.map(|(_, slot)| FileId::of_slot(slot))
    }

    pub(super) fn write_and_release(&mut self, id: FileId) {
        self.write_out(id);
        self.release(id);
    }

    /// Gives the memory of an empty window back.
    pub(super) fn release(&mut self, id: FileId) {
        if let Some(released) = self.change_window(id, |window, _| window.release()) {
            self.spare.keep_released(released);
        }
    }
}
