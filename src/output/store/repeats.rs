//! Holds bytes that arrive again against those that are stored, wherever they are.

use std::os::unix::fs::FileExt;

use super::{FileId, FileStore};
use crate::output::pending::PendingBytes;

impl FileStore {
    /// How many bytes of `data` differ from those stored at `position`; holes are zeros. Bytes
    /// behind everything stored do not differ from anything.
    pub fn differing(&mut self, id: FileId, position: u64, data: &[u8]) -> u64 {
        self.bring_back(id);
        self.change_window(id, PendingBytes::make_whole);
        let Some(file) = &self.files[id.index()] else { return 0 };
        let position = position + file.lead;
        if let Some(stored) = self.lending.find(file, position, data.len()) {
            return count_differing(stored, data);
        }
        self.end_loan(id);
        let Some(file) = &self.files[id.index()] else { return 0 };
        let (window, written) = (file.pending.start(), file.written);
        let part = |from: u64, to: u64| {
            let at = |place: u64| (place.max(position) - position).min(data.len() as u64) as usize;
            let range = at(from)..at(to).max(at(from));
            (position + range.start as u64, data.get(range).unwrap_or_default())
        };
        // The window is newer than what the file holds there.
        let (place, again) = part(window, file.pending.end());
        let after = file.pending.end();
        let in_window = file.pending.whole().get((place.max(window) - window) as usize..);
        let mut differing = count_differing(in_window.unwrap_or_default(), again);
        let (_, in_hole) = part(written, window);
        differing += in_hole.iter().filter(|&&byte| byte != 0).count() as u64;
        for (from, to) in [(0, written.min(window)), (after, written.max(after))] {
            let (place, again) = part(from, to);
            if !again.is_empty() {
                differing += self.differing_on_disk(id, place, again);
            }
        }
        differing
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
}

fn count_differing(stored: &[u8], again: &[u8]) -> u64 {
    let both = stored.len().min(again.len());
    // As nearly always; and quicker than counting.
    if stored.get(..both) == again.get(..both) {
        return 0;
    }
    stored.iter().zip(again).filter(|(old, new)| old != new).count() as u64
}
