//! Windows that leave their last bytes in the capture: when they may, and how they have them back.

use super::{MEDIUM_WINDOW, PendingBytes, SMALL_WINDOW};
use crate::output::blocks::{Blocks, SpareBlocks};
use crate::output::chain::Chain;
use crate::output::left::Reference;

/// A window up to this size may leave bytes in the capture: it need not be in one piece to be one of
/// many.
const MAX_LEFT: usize = MEDIUM_WINDOW;

/// As many payloads of a window may be left in the capture: two blocks of references.
const MAX_REFERENCES: usize = 124;

// So many a chain can count.
const _: () = assert!(MAX_LEFT <= u16::MAX as usize);
const _: () = assert!(MAX_REFERENCES <= u16::MAX as usize);

/// No window begins to leave payloads with one of less than this: others are likely to be small, too,
/// and to refer to those takes as much memory as to keep them, and longer.
const SMALL_PAYLOAD: usize = 128;

impl PendingBytes {
    /// Whether some of its bytes were left in the capture. To do anything with them but to write them
    /// they must be [brought back](Self::bring_back).
    #[inline]
    pub(in crate::output) fn is_left(&self) -> bool {
        self.chain.is_left()
    }

    /// How many bytes were left in the capture.
    pub(in crate::output) fn left_len(&self) -> u64 {
        self.chain.left_len() as u64
    }

    /// The window, if some of it was left in the capture.
    pub(in crate::output) fn left(&self) -> Option<&Chain> {
        self.is_left().then_some(&self.chain)
    }

    /// Whether `len` bytes at `position` may be left in the capture.
    #[inline]
    pub(in crate::output) fn may_leave(&self, position: u64, len: usize) -> bool {
        match self.is_left() {
            _ if self.has_left_enough(len) => false,
            true => position == self.end(),
            false => {
                let goes_on = self.is_empty() || position == self.end();
                goes_on && self.bytes.capacity() == 0 && len >= SMALL_PAYLOAD
            }
        }
    }

    /// Whether `more` bytes can be put at its end without asking for memory, if it is in blocks.
    #[inline]
    pub(in crate::output) fn has_room_for(&self, more: usize, spare: &SpareBlocks) -> bool {
        self.chain.has_room_for(more, spare)
    }

    /// Whether so much was left in the capture that `more` bytes cannot be.
    pub(in crate::output) fn has_left_enough(&self, more: usize) -> bool {
        self.len() + more > MAX_LEFT || self.chain.references_count() >= MAX_REFERENCES
    }

    /// Puts down that what belongs at `position` was left in the capture, if it
    /// [may be](Self::may_leave).
    pub(in crate::output) fn leave(
        &mut self,
        position: u64,
        payload: Reference,
        spare: &mut SpareBlocks,
    ) {
        if self.is_empty() {
            self.start = position;
        }
        self.chain.leave(payload, spare);
    }

    /// How much room a window in one piece has that goes on with what is there.
    pub(in crate::output) fn room_to_grow(&self) -> usize {
        (self.len() + 1).next_multiple_of(SMALL_WINDOW)
    }

    /// Has the bytes that were left, which were read into `bytes`, as a window in one piece.
    pub(in crate::output) fn bring_back(&mut self, bytes: Vec<u8>) -> Blocks {
        debug_assert_eq!(bytes.len(), self.len());
        self.bytes = bytes;
        std::mem::take(&mut self.chain).into_blocks()
    }
}
