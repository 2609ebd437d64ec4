//! Small files leave their payloads in the capture while many are open: see
//! [`left`](crate::output::left).
//!
//! All windows of a store leave theirs in one capture, the one that is being read. Whoever wants to
//! do more with a window than to write it has it brought back to memory first.

#[cfg(test)]
pub(super) mod tests;

use std::fs::File;
use std::sync::Arc;

use super::{FileId, FileStore};
use crate::chunk::Chunk;
use crate::origin::Origin;
use crate::output::left::{Left, Reference};
use crate::output::pending::PendingBytes;
use crate::output::stored_file::StoredFile;

/// Small files begin to leave payloads when this part of the budget is in use, and nothing of it is
/// there to be used again; then they go on as long as anything is left.
const PART: u64 = 16;

/// What so many files have left is brought back together.
const TOGETHER: usize = 32;

/// What was left so many bytes of the capture ago is written: later the system may not have it in
/// memory any more, and would have to read it from a disk once more.
const REACH: u64 = 512 << 20;

/// Where payloads are left.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    /// Where the chunk that is being read can be read again, or the last one that could.
    origin: Option<Origin>,
    /// Whether it is the chunk that is being read.
    is_current: bool,
    /// Bytes that windows have left.
    bytes: u64,
    /// Up to where in the capture it was seen to that nothing is left for too long.
    seen_to: u64,
}

impl Leaving {
    /// Bytes that windows have left in the capture.
    #[inline]
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes note that what a window has left is another number of bytes.
    #[inline]
    pub(super) fn changed(&mut self, before: u64, after: u64) {
        self.bytes = self.bytes + after - before;
    }

    /// The capture in which windows have left bytes.
    pub(super) fn capture(&self) -> Option<&Arc<File>> {
        self.origin.as_ref().map(Origin::file)
    }

    /// Stands for `data`, if that lies in `chunk` and can be read again.
    #[inline]
    fn reference(&self, chunk: Option<&Chunk>, data: &[u8]) -> Option<Reference> {
        let origin = self.origin.as_ref().filter(|_| self.is_current)?;
        let range = chunk?.range_of(data)?;
        Reference::new(origin.position() + range.start as u64, range.len())
    }
}

impl FileStore {
    /// From now on payloads may be left at `origin`, which is where the chunk begins.
    pub(super) fn begin_leaving(&mut self, origin: Option<Origin>) {
        self.leaving.is_current = origin.is_some();
        let Some(new) = origin else { return };
        if self.leaving.capture().is_some_and(|old| !Arc::ptr_eq(old, new.file())) {
            self.bring_all_back();
            self.tools.rereading.locality().reset();
            self.leaving.seen_to = 0;
        }
        self.leaving.origin = Some(new);
    }

    /// Has everything in memory that was left, or in the files if memory does not suffice.
    fn bring_all_back(&mut self) {
        let Some(capture) = self.leaving.capture().cloned() else { return };
        let is_left = |file: &Option<Box<StoredFile>>| {
            file.as_ref().is_some_and(|file| file.pending.is_left())
        };
        let left = self.files.iter().zip(0..).filter(|(file, _)| is_left(file));
        let left: Vec<u32> = left.map(|(_, slot)| slot).collect();
        for slots in left.chunks(TOGETHER) {
            let windows = slots.iter().filter_map(|&slot| {
                let chain = self.files[slot as usize].as_ref()?.pending.left()?;
                Some(Left { chain, capture: &capture })
            });
            self.tools.rereading.read_ahead(windows);
            slots.iter().for_each(|&slot| self.bring_back(FileId::of_slot(slot)));
            self.keep_budget();
        }
    }

    /// Whether a window that has kept all of its bytes should leave the next `len`.
    #[inline]
    pub(super) fn should_leave(&self, window: &PendingBytes, len: usize) -> bool {
        self.memory_used + self.leaving.bytes >= self.limits.memory / PART
            && self.leaving.is_current
            && (self.leaving.bytes > 0 || !window.has_room_for(len, &self.spare.blocks))
            && !self.tools.rereading.locality().is_poor()
    }

    /// Leaves `data` in the capture if the window may do so, or else has the window as it must be to
    /// take the data. `true` if that was all.
    pub(super) fn leave(&mut self, id: FileId, position: u64, data: &[u8]) -> bool {
        let Some(file) = &mut self.files[id.index()] else { return false };
        let goes_on = file.pending.is_left();
        if file.pending.may_leave(position, data.len())
            && let Some(reference) = self.leaving.reference(self.lending.chunk(), data)
        {
            if file.pending.is_empty() {
                self.line.join(id.slot());
            }
            let before = file.pending.memory() as u64;
            file.pending.leave(position, reference, &mut self.spare.blocks);
            self.memory_used = self.memory_used + file.pending.memory() as u64 - before;
            self.leaving.changed(0, data.len() as u64);
            self.keep_budget();
            return true;
        }
        if goes_on {
            if file.pending.has_left_enough(data.len()) && self.may_take_on(id, data) {
                self.go_on_without_window(id, position, data);
                return true;
            }
            self.bring_back(id);
            self.place(id, position, data);
        }
        goes_on
    }

    /// Has the window's bytes in memory, if they were left in the capture.
    pub(super) fn bring_back(&mut self, id: FileId) {
        let Some(Some(file)) = self.files.get(id.index()) else { return };
        let (Some(chain), Some(capture)) = (file.pending.left(), self.leaving.capture()) else {
            return;
        };
        let mut bytes = Vec::with_capacity(file.pending.room_to_grow());
        let read = self.tools.rereading.gather(Left { chain, capture }, &mut bytes);
        let is_read = read.is_ok();
        self.change_window(id, |window, spare| match is_read {
            true => spare.give(window.bring_back(bytes)),
            false => window.clear(),
        });
        if let Err(error) = read {
            self.fail(id, error);
        }
    }

    /// Has written what was left too long ago. All files are looked at once within a quarter of the
    /// bytes that are too many.
    pub(super) fn write_overdue(&mut self) {
        let Some(position) = self.leaving.origin.as_ref().map(Origin::position) else { return };
        let passed = position.saturating_sub(self.leaving.seen_to);
        self.leaving.seen_to = position;
        if self.leaving.bytes == 0 {
            return;
        }
        for _ in 0..(self.line.len() as u64 * passed).div_ceil(REACH / 4) {
            let Some(slot) = self.line.next() else { return };
            let Some(file) = &self.files[slot as usize] else { continue };
            let first = file.pending.left().and_then(|chain| chain.first_reference());
            if first.is_some_and(|first| first.position() + REACH < position) {
                self.write_and_release(FileId::of_slot(slot));
            } else if !file.pending.is_empty() {
                self.line.join(slot);
            }
        }
    }
}
