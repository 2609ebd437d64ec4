//! Makes room before the beginning of files, for streams that turn out to begin earlier.

use super::{FileId, FileStore};
use crate::output::moving;

/// A move of a stream's bytes is done in memory up to this size.
const MAX_MOVE_IN_MEMORY: u64 = 4 * 1024 * 1024;

impl FileStore {
    /// Moves all bytes of the file up by `distance`, with zeros in the new space, and cuts off
    /// what lies beyond `limit` in the end.
    ///
    /// A stream may turn out to begin earlier with every packet. So as much room as there are bytes
    /// is made beyond what is asked for, and given back when the file is closed: all moves
    /// together cost no more than a few times the bytes there are.
    pub fn move_up(&mut self, id: FileId, distance: u64, limit: Option<u64>) {
        self.end_loan(id);
        self.bring_back(id);
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
            self.change_window(id, |window, spare| window.move_up(up as usize, spare));
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

    /// Gives back the room before the beginning of a file.
    pub(super) fn give_back_room(&mut self, id: FileId) {
        self.moved.remove(id.slot());
        self.write_out(id);
        self.settle(id);
        self.ensure_open(id);
        let Some(file) = &mut self.files[id.index()] else { return };
        if !file.failed
            && let Err(error) = file.give_back_room(&self.tools)
        {
            self.fail(id, error);
        }
    }
}
