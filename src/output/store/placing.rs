//! Puts bytes where they belong: at the end of their file's window, elsewhere in it, or past it.

use super::{FileId, FileStore};
use crate::flow::Near;
use crate::output::blocks::SpareBlocks;
use crate::output::pending::{PendingBytes, Placed};

impl FileStore {
    /// Stores `data` at `position`. Later bytes overwrite earlier ones, holes read as zeros.
    #[inline]
    pub fn put(&mut self, id: FileId, position: u64, data: &[u8]) {
        if !self.go_on(id, position, data)
            && let Some(Some(file)) = self.files.get(id.index())
        {
            self.place(id, position + file.lead, data);
        }
    }

    /// The same if it takes no thinking: there is room for it in the window, or it is taken on as the
    /// bytes before it were. `false` if there is more to it; then nothing was done.
    #[inline(always)]
    pub fn go_on(&mut self, id: FileId, position: u64, data: &[u8]) -> bool {
        let Some(Some(file)) = self.files.get_mut(id.index()) else { return false };
        let place = position + file.lead;
        match file.loan {
            Some(loan) => self.lending.add(loan, place, data),
            None => file.pending.append(place, data),
        }
    }

    /// Stores `data` behind everything stored so far.
    pub fn append(&mut self, id: FileId, data: &[u8]) {
        let Some(file) = &self.files[id.index()] else { return };
        let end = file.pending.end() - file.lead;
        self.put(id, end, data);
    }

    /// Stores `data` at a position of the file rather than of the stream.
    pub(super) fn place(&mut self, id: FileId, position: u64, data: &[u8]) {
        let Some(file) = &mut self.files[id.index()] else { return };
        if file.failed || data.is_empty() {
            return;
        }
        if file.takes_on && file.pending.is_empty() {
            self.end_loan(id);
            if self.begin_loan(id, position, data) {
                return;
            }
        }
        let Some(file) = &self.files[id.index()] else { return };
        if file.pending.outgrows(data.len()) && self.may_take_on(id, data) {
            return self.go_on_without_window(id, position, data);
        }
        if (file.pending.is_left() || self.should_leave(&file.pending, data.len()))
            && self.leave(id, position, data)
        {
            return;
        }
        let Some(file) = &mut self.files[id.index()] else { return };
        // As `change_window` does it; with nothing between it and the window, for this is done for
        // every payload when windows are many.
        let before = file.pending.memory() as u64;
        if file.pending.is_empty() {
            self.line.join(id.slot());
        }
        if file.pending.outgrows(data.len())
            && let Some(window) = self.spare.full_window()
        {
            file.pending.move_into(window, &mut self.spare.blocks);
        }
        let placed = file.pending.put(position, data, file.written, &mut self.spare.blocks);
        // A window that is put in one piece may take less than before.
        self.memory_used = self.memory_used + file.pending.memory() as u64 - before;
        match placed {
            Placed::Inside => self.keep_budget(),
            // A lone repetition of old bytes must not disturb the window; a stream that goes on
            // there takes the window with it.
            Placed::Before if file.written_apart != position => {
                self.write_apart(id, position, data)
            }
            Placed::Full if self.may_take_on(id, data) => {
                self.go_on_without_window(id, position, data);
            }
            Placed::Full => {
                self.write_full(id);
                self.place(id, position, data);
            }
            Placed::Before | Placed::Apart => {
                self.write_out(id);
                self.place(id, position, data);
            }
        }
    }

    /// Writes the window, for from now on the file takes on its payloads where they are.
    pub(super) fn go_on_without_window(&mut self, id: FileId, position: u64, data: &[u8]) {
        if let Some(file) = &mut self.files[id.index()] {
            file.takes_on = true;
        }
        self.write_out(id);
        self.place(id, position, data);
    }

    /// Changes the window of a file, and takes note of the memory that it takes then.
    pub(super) fn change_window<T>(
        &mut self,
        id: FileId,
        change: impl FnOnce(&mut PendingBytes, &mut SpareBlocks) -> T,
    ) -> Option<T> {
        let file = self.files[id.index()].as_mut()?;
        self.memory_used -= file.pending.memory() as u64;
        let left = file.pending.left_len();
        let outcome = change(&mut file.pending, &mut self.spare.blocks);
        self.memory_used += file.pending.memory() as u64;
        self.leaving.changed(left, file.pending.left_len());
        Some(outcome)
    }

    /// Brings near the processor what it takes to store the next bytes.
    #[inline]
    pub fn bring_near(&self, id: FileId, what: Near) {
        if let Some(Some(file)) = self.files.get(id.index()) {
            match what {
                Near::Place => file.bring_near(),
                Near::End => file.pending.bring_end_near(),
            }
        }
    }
}
