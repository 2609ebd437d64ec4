//! Bytes that wait in blocks of one size, for windows of which there are many.
//!
//! A window in one piece has room that it does not need yet, or is moved each time it grows, and
//! memory given back in pieces of all sizes is hard to use again. Blocks spare all that. They are
//! linked from the newest to the oldest, for bytes are only ever added at the end.
//!
//! Instead of its last bytes a chain may hold references to where they were [left](super::left).

use std::mem::{ManuallyDrop, offset_of};

use arrayvec::ArrayVec;

use super::left::Reference;
use crate::sys::cache;
use crate::sys::readiness::Readiness;

/// What a block holds; with its link and length it is as large as several lines of a processor's
/// cache.
const BLOCK_LEN: usize = 496;

/// What a block takes of memory.
const BLOCK_COST: usize = size_of::<Block>() + 16;

#[derive(Debug)]
struct Block {
    older: Option<Box<Block>>,
    bytes: ArrayVec<u8, BLOCK_LEN>,
}

impl Block {
    /// Appends the bytes of all older blocks and its own to `out`. Chains are short.
    fn copy_to(&self, out: &mut Vec<u8>) {
        if let Some(older) = &self.older {
            older.copy_to(out);
        }
        out.extend_from_slice(&self.bytes);
    }

    /// The same with the references in the newest `count` blocks.
    fn references_to(&self, count: usize, out: &mut Vec<Reference>) {
        if count == 0 {
            return;
        }
        if let Some(older) = &self.older {
            older.references_to(count - 1, out);
        }
        let (chunks, _) = self.bytes.as_chunks();
        out.extend(chunks.iter().copied().map(Reference::from_bytes));
    }
}

/// Bytes in blocks, or references to them: few, for they are gathered one call inside the other.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// All blocks behind the first in this list are full.
    blocks: Blocks,
    len: u32,
    /// How many references there are, in blocks of their own behind those with bytes.
    references: u16,
    /// If there are any, how many bytes are in the other blocks.
    kept: u16,
}

/// Blocks, whatever is in them.
#[derive(Debug, Default)]
pub(super) struct Blocks(Option<Box<Block>>);

/// Empty blocks for the next to use.
///
/// In the end they are left to the system: to give them back one by one takes longer than to ask for
/// them.
#[derive(Debug, Default)]
pub(super) struct SpareBlocks {
    blocks: ManuallyDrop<Blocks>,
    count: usize,
    readiness: Readiness,
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
        let blocks = self.kept().div_ceil(BLOCK_LEN) + self.reference_blocks();
        blocks * BLOCK_COST
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
        self.references_count().div_ceil(BLOCK_LEN / Reference::SIZE)
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
        if let Some(newest) = &self.blocks.0 {
            cache::bring_near(&newest.older);
            let filled = match self.references_count() {
                0 => self.len(),
                count => count * Reference::SIZE,
            } % BLOCK_LEN;
            cache::bring_near_at(&**newest, offset_of!(Block, bytes) + filled);
        }
    }

    /// The bytes, if they are in one piece.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        match &self.blocks.0 {
            None => Some(&[]),
            Some(block) => {
                let is_whole = !self.is_left() && block.bytes.len() == self.len();
                is_whole.then_some(&block.bytes)
            }
        }
    }

    /// Adds bytes; all of them together must be less than 4 GiB, and none left in the capture.
    pub(super) fn append(&mut self, data: &[u8], spare: &mut SpareBlocks) {
        debug_assert!(!self.is_left());
        self.len += data.len() as u32;
        self.fill(data, spare);
    }

    /// Adds bytes that are left in the capture: at most 65,535 payloads, behind as many bytes that are
    /// not.
    pub(super) fn leave(&mut self, payload: Reference, spare: &mut SpareBlocks) {
        debug_assert!(self.references < u16::MAX && self.kept() <= usize::from(u16::MAX));
        if self.references == 0 {
            self.kept = self.len as u16;
            self.blocks.push(spare.take());
        }
        self.len += payload.len() as u32;
        self.references += 1;
        self.fill(&payload.to_bytes(), spare);
    }

    fn fill(&mut self, mut data: &[u8], spare: &mut SpareBlocks) {
        while !data.is_empty() {
            let block = match &mut self.blocks.0 {
                Some(block) if !block.bytes.is_full() => block,
                _ => self.blocks.push(spare.take()),
            };
            let (now, later) = data.split_at(data.len().min(block.bytes.remaining_capacity()));
            // There is room, so that this cannot fail.
            let _ = block.bytes.try_extend_from_slice(now);
            data = later;
        }
    }

    /// The bytes, in `scratch` if they are not in one piece.
    pub(super) fn in_piece<'a>(&'a self, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        match self.whole() {
            Some(bytes) => bytes,
            None => {
                scratch.clear();
                self.copy_to(scratch);
                scratch
            }
        }
    }

    /// Appends to `out` what was left in the capture.
    pub(super) fn references(&self, out: &mut Vec<Reference>) {
        if let Some(newest) = &self.blocks.0 {
            newest.references_to(self.reference_blocks(), out);
        }
    }

    fn newest_first(&self) -> impl Iterator<Item = &Block> {
        std::iter::successors(self.blocks.0.as_deref(), |block| block.older.as_deref())
    }

    /// What was left in the capture last.
    pub(super) fn last_reference(&self) -> Option<Reference> {
        let newest = self.blocks.0.as_ref().filter(|_| self.is_left())?;
        newest.bytes.last_chunk().copied().map(Reference::from_bytes)
    }

    /// What was left in the capture first.
    pub(super) fn first_reference(&self) -> Option<Reference> {
        let oldest = self.newest_first().take(self.reference_blocks()).last()?;
        oldest.bytes.first_chunk().copied().map(Reference::from_bytes)
    }

    /// Appends to `out` the bytes before those that were left in the capture.
    pub(super) fn kept_to(&self, out: &mut Vec<u8>) {
        if let Some(block) = self.newest_first().nth(self.reference_blocks()) {
            block.copy_to(out);
        }
    }

    /// Appends all bytes to `out`. The blocks are left, to be used again.
    pub(super) fn gather(self, out: &mut Vec<u8>) -> Blocks {
        self.copy_to(out);
        self.blocks
    }

    fn copy_to(&self, out: &mut Vec<u8>) {
        debug_assert!(!self.is_left());
        out.reserve(self.len());
        if let Some(newest) = &self.blocks.0 {
            newest.copy_to(out);
        }
    }

    /// Drops the bytes; the blocks are left, to be used again.
    pub(super) fn into_blocks(self) -> Blocks {
        self.blocks
    }
}

impl Blocks {
    fn push(&mut self, mut block: Box<Block>) -> &mut Box<Block> {
        block.older = self.0.take();
        self.0.insert(block)
    }

    fn pop(&mut self) -> Option<Box<Block>> {
        let mut block = self.0.take()?;
        self.0 = block.older.take();
        Some(block)
    }
}

impl Drop for Blocks {
    /// One by one: there may be more than the stack has room for.
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}

impl SpareBlocks {
    fn take(&mut self) -> Box<Block> {
        match self.blocks.pop() {
            Some(block) => {
                self.count -= 1;
                block
            }
            None => {
                let block = Box::new(Block { older: None, bytes: ArrayVec::new() });
                self.readiness.note(&*block);
                block
            }
        }
    }

    /// Whether `len` bytes can be held without more memory.
    #[inline]
    pub(super) fn suffice_for(&self, len: usize) -> bool {
        self.count * BLOCK_LEN >= len
    }

    /// Takes blocks back.
    pub(super) fn give(&mut self, mut blocks: Blocks) {
        while let Some(mut block) = blocks.pop() {
            block.bytes.clear();
            self.blocks.push(block);
            self.count += 1;
        }
    }

    /// Keeps no more than so many bytes of memory.
    pub(super) fn keep_at_most(&mut self, bytes: u64) {
        while (self.count * BLOCK_COST) as u64 > bytes && self.blocks.pop().is_some() {
            self.count -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_appended_is_gathered(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..1200), 0..9)
        ) {
            let mut spare = SpareBlocks::default();
            for _ in 0..2 {
                let mut chain = Chain::default();
                for piece in &pieces {
                    chain.append(piece, &mut spare);
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
    }

    #[test]
    fn a_million_blocks_are_dropped_one_by_one() {
        let mut blocks = Blocks::default();
        for _ in 0..1_000_000 {
            blocks.push(Box::new(Block { older: None, bytes: ArrayVec::new() }));
        }
        drop(blocks);
    }
}
