//! The bytes of one of many windows, in [blocks](super::blocks) that it shares with nobody.
//!
//! The first bytes are in a small block, and most files need no other; all that follow are in large
//! ones. Instead of its last bytes a chain may hold references to where they were
//! [left](super::left), in small blocks of their own.

use std::mem::offset_of;

use super::blocks::{Block, Blocks, LARGE, LARGE_COST, SMALL, SMALL_COST, SpareBlocks};
use super::left::Reference;
use crate::sys::cache;

/// References never cross the end of a block.
const REFERENCES_IN_BLOCK: usize = SMALL / Reference::SIZE;
const _: () = assert!(SMALL.is_multiple_of(Reference::SIZE));

/// Bytes in blocks, or references to them: few, for they are gathered one call inside the other.
///
/// Invariant: of the large blocks only the newest may have room, and there are none as long as the
/// first small one has. The newest small blocks are those with references, and only the newest of
/// those may have room.
#[derive(Debug, Default)]
pub(super) struct Chain {
    blocks: Blocks,
    len: u32,
    /// How many references there are, behind all bytes.
    references: u16,
    /// If there are any, how many bytes are in blocks.
    kept: u16,
}

impl Chain {
    /// How many bytes there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// Bytes of memory in use.
    #[inline]
    pub(super) fn memory(&self) -> usize {
        let (small, large) = blocks_for(self.kept());
        (small + self.reference_blocks()) * SMALL_COST + large * LARGE_COST
    }

    /// Whether it can take `more` bytes without asking for memory.
    #[inline]
    pub(super) fn has_room_for(&self, more: usize, spare: &SpareBlocks) -> bool {
        let (small, large) = blocks_for(self.kept());
        let (small_then, large_then) = blocks_for(self.kept() + more);
        spare.suffice_for(small_then - small, large_then - large)
    }

    /// How many bytes are in blocks.
    #[inline]
    fn kept(&self) -> usize {
        if self.is_left() { usize::from(self.kept) } else { self.len() }
    }

    /// How many bytes were left in the capture.
    #[inline]
    pub(super) fn left_len(&self) -> usize {
        self.len() - self.kept()
    }

    #[inline]
    fn reference_blocks(&self) -> usize {
        self.references_count().div_ceil(REFERENCES_IN_BLOCK)
    }

    /// Whether some of its bytes, the last ones, were left in the capture.
    #[inline]
    pub(super) fn is_left(&self) -> bool {
        self.references > 0
    }

    /// How many payloads it has left in the capture.
    #[inline]
    pub(super) fn references_count(&self) -> usize {
        usize::from(self.references)
    }

    /// Brings near the processor where the next bytes will be put. Where that is follows from the
    /// length of all, so that the block need not be there to be asked for its own.
    #[inline]
    pub(super) fn bring_end_near(&self) {
        if self.is_left() {
            let filled = self.references_count() * Reference::SIZE % SMALL;
            bring_near(self.blocks.small.newest(), filled);
        } else if self.len() < SMALL {
            bring_near(self.blocks.small.newest(), self.len());
        } else {
            bring_near(self.blocks.large.newest(), (self.len() - SMALL) % LARGE);
        }
    }

    /// The bytes, if they are in one piece.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        match self.blocks.small.newest() {
            None => Some(&[]),
            Some(first) => {
                let is_whole = !self.is_left() && first.bytes.len() == self.len();
                is_whole.then_some(&first.bytes)
            }
        }
    }

    /// Adds bytes; all of them together must be less than 4 GiB, and none left in the capture.
    pub(super) fn append(&mut self, mut data: &[u8], spare: &mut SpareBlocks) {
        debug_assert!(!self.is_left());
        let is_first = self.len() < SMALL;
        let Blocks { small, large } = &mut self.blocks;
        self.len += data.len() as u32;
        if is_first && !data.is_empty() {
            let first = match small.newest_mut() {
                Some(block) => block,
                None => small.push(spare.take_small()),
            };
            first.take_from(&mut data);
        }
        while !data.is_empty() {
            let block = match large.newest_mut() {
                Some(block) if !block.bytes.is_full() => block,
                _ => large.push(spare.take_large()),
            };
            block.take_from(&mut data);
        }
    }

    /// Adds bytes if there is room for all of them behind others in a block. `false` if there is not;
    /// then nothing was done.
    #[inline]
    pub(super) fn append_in_block(&mut self, data: &[u8]) -> bool {
        let len = self.len();
        let goes_on = !self.is_left()
            && if (1..SMALL).contains(&len) {
                extend(self.blocks.small.newest_mut(), data)
            } else {
                len > SMALL && extend(self.blocks.large.newest_mut(), data)
            };
        if goes_on {
            self.len += data.len() as u32;
        }
        goes_on
    }

    /// Adds bytes that are left in the capture: at most 65,535 payloads, behind as many bytes that are
    /// not.
    pub(super) fn leave(&mut self, payload: Reference, spare: &mut SpareBlocks) {
        debug_assert!(self.references < u16::MAX && self.kept() <= usize::from(u16::MAX));
        if self.references == 0 {
            self.kept = self.len as u16;
        }
        let small = &mut self.blocks.small;
        let block = match small.newest_mut() {
            Some(block) if self.references > 0 && !block.bytes.is_full() => block,
            _ => small.push(spare.take_small()),
        };
        block.take_from(&mut &payload.to_bytes()[..]);
        self.len += payload.len() as u32;
        self.references += 1;
    }

    /// The bytes, in `scratch` if they are not in one piece.
    pub(super) fn in_piece<'a>(&'a self, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        match self.whole() {
            Some(bytes) => bytes,
            None => {
                debug_assert!(!self.is_left());
                scratch.clear();
                self.kept_to(scratch);
                scratch
            }
        }
    }

    /// Appends to `out` what was left in the capture.
    pub(super) fn references(&self, out: &mut Vec<Reference>) {
        if let Some(newest) = self.blocks.small.newest() {
            references_to(newest, self.reference_blocks(), out);
        }
    }

    /// What was left in the capture last.
    pub(super) fn last_reference(&self) -> Option<Reference> {
        let newest = self.blocks.small.newest().filter(|_| self.is_left())?;
        newest.bytes.last_chunk().copied().map(Reference::from_bytes)
    }

    /// What was left in the capture first.
    pub(super) fn first_reference(&self) -> Option<Reference> {
        let oldest = self.blocks.small.newest_first().take(self.reference_blocks()).last()?;
        oldest.bytes.first_chunk().copied().map(Reference::from_bytes)
    }

    /// Appends to `out` the bytes before those that were left in the capture: all, if none were.
    pub(super) fn kept_to(&self, out: &mut Vec<u8>) {
        out.reserve(self.kept());
        if let Some(first) = self.blocks.small.newest_first().nth(self.reference_blocks()) {
            first.copy_to(out);
        }
        if let Some(newest) = self.blocks.large.newest() {
            newest.copy_to(out);
        }
    }

    /// Appends all bytes to `out`; none may have been left in the capture. The blocks are left, to be
    /// used again.
    pub(super) fn gather(self, out: &mut Vec<u8>) -> Blocks {
        debug_assert!(!self.is_left());
        self.kept_to(out);
        self.blocks
    }

    /// Drops the bytes; the blocks are left, to be used again.
    pub(super) fn into_blocks(self) -> Blocks {
        self.blocks
    }
}

/// Adds bytes to a block if there is room for all of them.
#[inline]
fn extend<const LEN: usize>(block: Option<&mut Block<LEN>>, data: &[u8]) -> bool {
    block.is_some_and(|block| block.bytes.try_extend_from_slice(data).is_ok())
}

/// How many small and large blocks hold `len` bytes.
#[inline]
fn blocks_for(len: usize) -> (usize, usize) {
    (usize::from(len > 0), len.saturating_sub(SMALL).div_ceil(LARGE))
}

/// Brings near the processor a block's link and what comes behind the `filled` bytes in it.
#[inline]
fn bring_near<const LEN: usize>(block: Option<&Block<LEN>>, filled: usize) {
    if let Some(block) = block {
        cache::bring_near(&block.older);
        cache::bring_near_at(block, offset_of!(Block<LEN>, bytes) + filled);
    }
}

/// Appends the references in a block and in those before it, `count` in all, to `out`.
fn references_to(block: &Block<SMALL>, count: usize, out: &mut Vec<Reference>) {
    if count == 0 {
        return;
    }
    if let Some(older) = &block.older {
        references_to(older, count - 1, out);
    }
    let (chunks, _) = block.bytes.as_chunks();
    out.extend(chunks.iter().copied().map(Reference::from_bytes));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_appended_is_gathered(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..1500), 0..9)
        ) {
            let mut spare = SpareBlocks::default();
            for tries_block in [false, true] {
                let mut chain = Chain::default();
                for piece in &pieces {
                    if !tries_block || !chain.append_in_block(piece) {
                        chain.append(piece, &mut spare);
                    }
                }
                let expected = pieces.concat();
                prop_assert_eq!(chain.len(), expected.len());
                prop_assert!(chain.memory() >= expected.len());
                if let Some(whole) = chain.whole() {
                    prop_assert_eq!(whole, &expected[..]);
                }
                let mut gathered = b"before".to_vec();
                spare.give(chain.gather(&mut gathered));
                prop_assert_eq!(gathered, [&b"before"[..], &expected].concat());
            }
        }

        /// So that the budget for all windows is one for their memory.
        #[test]
        fn memory_is_that_of_all_blocks(
            pieces in prop::collection::vec(1..1500_usize, 0..9),
            left in 0..150_u64,
        ) {
            let mut spare = SpareBlocks::default();
            let mut chain = Chain::default();
            for &len in &pieces {
                chain.append(&vec![0; len], &mut spare);
            }
            for position in 0..left {
                chain.leave(Reference::new(position, 100).unwrap(), &mut spare);
            }
            let total: usize = pieces.iter().sum();
            prop_assert_eq!(chain.len(), total + left as usize * 100);
            prop_assert_eq!(chain.left_len(), left as usize * 100);
            let mut kept = Vec::new();
            chain.kept_to(&mut kept);
            prop_assert_eq!(kept.len(), total);
            let mut references = Vec::new();
            chain.references(&mut references);
            let positions = references.iter().map(|it| it.position());
            prop_assert!(positions.eq(0..left));
            let memory = chain.memory();
            let Blocks { small, large } = chain.into_blocks();
            let small = small.newest_first().count() * SMALL_COST;
            prop_assert_eq!(memory, small + large.newest_first().count() * LARGE_COST);
        }
    }
}
