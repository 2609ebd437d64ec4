//! Memory for windows of which there are many, in blocks of two sizes.
//!
//! A window in one piece has room that it does not need yet, or is moved each time it grows, and
//! memory given back in pieces of all sizes is hard to use again. Blocks spare all that. Small ones
//! waste little on flows of a few bytes. What is longer goes on in large ones: each block is
//! somewhere else in memory, and whoever gathers the bytes waits for each.

use std::mem::ManuallyDrop;

use arrayvec::ArrayVec;

use crate::sys::readiness::Readiness;

/// Bytes in a small block. With its link and its length it fills whole lines of a processor's cache;
/// so does a large one.
pub(super) const SMALL: usize = 496;

/// What a large block holds: a usual segment and some more.
pub(super) const LARGE: usize = 2032;

/// What a small block takes of memory.
pub(super) const SMALL_COST: usize = size_of::<Block<SMALL>>() + 16;

/// What a large block takes of memory.
pub(super) const LARGE_COST: usize = size_of::<Block<LARGE>>() + 16;

/// Some bytes, and a link to those before.
#[derive(Debug)]
pub(super) struct Block<const LEN: usize> {
    pub(super) older: Option<Box<Self>>,
    pub(super) bytes: ArrayVec<u8, LEN>,
}

impl<const LEN: usize> Block<LEN> {
    fn new() -> Box<Self> {
        Box::new(Self { older: None, bytes: ArrayVec::new() })
    }

    /// Takes as many of the first bytes as there is room for; `data` is what is left.
    #[inline]
    pub(super) fn take_from(&mut self, data: &mut &[u8]) {
        let (now, later) = data.split_at(data.len().min(self.bytes.remaining_capacity()));
        // There is room, so that this cannot fail.
        let _ = self.bytes.try_extend_from_slice(now);
        *data = later;
    }

    /// Appends the bytes of all older blocks and its own to `out`. Lists are short.
    pub(super) fn copy_to(&self, out: &mut Vec<u8>) {
        if let Some(older) = &self.older {
            older.copy_to(out);
        }
        out.extend_from_slice(&self.bytes);
    }
}

/// Blocks of one size, linked from the newest to the oldest, for bytes are only ever added at the end.
#[derive(Debug, Default)]
pub(super) struct List<const LEN: usize>(Option<Box<Block<LEN>>>);

impl<const LEN: usize> List<LEN> {
    #[inline]
    pub(super) fn newest(&self) -> Option<&Block<LEN>> {
        self.0.as_deref()
    }

    #[inline]
    pub(super) fn newest_mut(&mut self) -> Option<&mut Block<LEN>> {
        self.0.as_deref_mut()
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Block<LEN>> {
        std::iter::successors(self.newest(), |block| block.older.as_deref())
    }

    /// Makes a block the newest.
    pub(super) fn push(&mut self, mut block: Box<Block<LEN>>) -> &mut Block<LEN> {
        block.older = self.0.take();
        self.0.insert(block)
    }

    fn pop(&mut self) -> Option<Box<Block<LEN>>> {
        let mut block = self.0.take()?;
        self.0 = block.older.take();
        Some(block)
    }
}

impl<const LEN: usize> Drop for List<LEN> {
    /// One by one: there may be more than the stack has room for.
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}

/// Blocks of both sizes, whatever is in them.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    pub(super) small: List<SMALL>,
    pub(super) large: List<LARGE>,
}

/// Empty blocks for the next to use.
#[derive(Debug, Default)]
pub(super) struct SpareBlocks {
    small: Spare<SMALL>,
    large: Spare<LARGE>,
    readiness: Readiness,
}

impl SpareBlocks {
    /// An empty small block.
    pub(super) fn take_small(&mut self) -> Box<Block<SMALL>> {
        self.small.take(&mut self.readiness)
    }

    /// An empty large block.
    pub(super) fn take_large(&mut self) -> Box<Block<LARGE>> {
        self.large.take(&mut self.readiness)
    }

    /// Whether so many small and large blocks can be taken without more memory.
    #[inline]
    pub(super) fn suffice_for(&self, small: usize, large: usize) -> bool {
        small <= self.small.count && large <= self.large.count
    }

    /// Takes blocks back.
    #[inline]
    pub(super) fn give(&mut self, Blocks { small, large }: Blocks) {
        self.small.give(small);
        self.large.give(large);
    }

    /// Keeps no more than so many bytes of memory.
    pub(super) fn keep_at_most(&mut self, bytes: u64) {
        let small = (self.small.count * SMALL_COST) as u64;
        self.large.keep_at_most(bytes.saturating_sub(small) / LARGE_COST as u64);
        self.small.keep_at_most(bytes / SMALL_COST as u64);
    }
}

/// Empty blocks of one size.
///
/// In the end they are left to the system: to give them back one by one takes longer than to ask for
/// them.
#[derive(Debug, Default)]
struct Spare<const LEN: usize> {
    blocks: ManuallyDrop<List<LEN>>,
    count: usize,
}

impl<const LEN: usize> Spare<LEN> {
    #[inline]
    fn take(&mut self, readiness: &mut Readiness) -> Box<Block<LEN>> {
        match self.blocks.pop() {
            Some(block) => {
                self.count -= 1;
                block
            }
            None => {
                let block = Block::new();
                readiness.note(&*block);
                block
            }
        }
    }

    fn give(&mut self, mut blocks: List<LEN>) {
        while let Some(mut block) = blocks.pop() {
            block.bytes.clear();
            self.blocks.push(block);
            self.count += 1;
        }
    }

    fn keep_at_most(&mut self, count: u64) {
        while self.count as u64 > count && self.blocks.pop().is_some() {
            self.count -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_blocks_are_dropped_one_by_one() {
        let mut blocks = List::<SMALL>::default();
        for _ in 0..1_000_000 {
            blocks.push(Block::new());
        }
        drop(blocks);
    }

    #[test]
    fn no_more_spare_blocks_are_kept_than_there_is_memory_for() {
        let mut spare = SpareBlocks::default();
        let give = |spare: &mut SpareBlocks| {
            let mut blocks = Blocks::default();
            for _ in 0..10 {
                blocks.small.push(Block::new());
                blocks.large.push(Block::new());
            }
            spare.give(blocks);
        };
        for memory in [0, 1, 5, 10, 12, 25, 30, 50, 100].map(|count| count * SMALL_COST) {
            give(&mut spare);
            assert!(spare.suffice_for(10, 10));
            spare.keep_at_most(memory as u64);
            let kept = spare.small.count * SMALL_COST + spare.large.count * LARGE_COST;
            assert!(kept <= memory, "{kept} {memory}");
            assert!(kept + LARGE_COST > memory.min(10 * (SMALL_COST + LARGE_COST)));
        }
    }
}
