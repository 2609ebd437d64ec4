//! Windows in blocks and windows in one piece: how one becomes the other.

use super::PendingBytes;
use crate::output::blocks::{Blocks, SpareBlocks};

impl PendingBytes {
    /// Has the bytes in one piece.
    pub(in crate::output) fn make_whole(&mut self, spare: &mut SpareBlocks) {
        if self.is_in_pieces() {
            spare.give(self.join(Vec::new()));
        }
    }

    /// The bytes of a window in one piece.
    pub(in crate::output) fn whole(&self) -> &[u8] {
        match self.chain.whole() {
            Some(bytes) if !bytes.is_empty() => bytes,
            _ => &self.bytes,
        }
    }

    /// Gathers what is in blocks in `memory`, which must be empty, as a window in one piece.
    pub(in crate::output) fn join(&mut self, mut memory: Vec<u8>) -> Blocks {
        let blocks = std::mem::take(&mut self.chain).gather(&mut memory);
        self.bytes = memory;
        blocks
    }

    /// Whether the window is in more than one block.
    pub(in crate::output) fn is_in_pieces(&self) -> bool {
        self.chain.whole().is_none()
    }

    /// Has the window in one piece, and not in a block.
    pub(in crate::output) fn unchain(&mut self) {
        if self.chain.len() > 0 {
            self.join(Vec::new());
        }
    }

    /// Goes on in memory that is at hand, which must be empty and larger.
    pub(in crate::output) fn move_into(&mut self, mut memory: Vec<u8>, spare: &mut SpareBlocks) {
        if self.chain.len() > 0 {
            spare.give(self.join(memory));
        } else {
            memory.extend_from_slice(&self.bytes);
            self.bytes = memory;
        }
    }
}
