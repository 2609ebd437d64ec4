//! The bytes of one file that wait in memory: a window that grows at its end.
//!
//! Segments are small and writes are dear, so bytes gather here until a large write is worth it.
//! The window holds bytes that follow each other without a gap in the file; small holes are filled
//! with the zeros that the file would read there. What does not fit in must go to the file first.
//!
//! A small window is in blocks as long as it only grows, for there may be many of them; a large one
//! is in one piece. A window in blocks may have left its last bytes in the capture: then it can only
//! grow and be written, or be brought back.

mod left;
mod pieces;
#[cfg(test)]
mod tests;

use super::blocks::{Blocks, SpareBlocks};
use super::chain::Chain;
use super::lent::Lent;
use crate::sys::cache;

/// The largest hole that is bridged with zeros in memory.
const MAX_BRIDGE: u64 = 64 * 1024;

/// A window does not grow beyond this size, unless one payload alone is larger.
pub(super) const FULL_WINDOW: usize = 256 * 1024;

/// A window of more than this size is in one piece.
const MAX_CHAIN: usize = MEDIUM_WINDOW;

/// A window in one piece of less than this size is one of many.
const SMALL_WINDOW: usize = 8 * 1024;

/// What stays of a full window when bytes come late: some twenty segments.
const KEPT: usize = 32 * 1024;

/// A window that outgrows this size grows to the full one at once.
const MEDIUM_WINDOW: usize = 32 * 1024;

/// A window of a file's bytes.
///
/// Invariant: the chain is empty, or there is no memory for a window in one piece.
#[derive(Debug, Default)]
pub(super) struct PendingBytes {
    start: u64,
    bytes: Vec<u8>,
    chain: Chain,
    /// Whether bytes ever came elsewhere than at the end.
    is_patched: bool,
}

/// What became of bytes offered to a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// They are in the window.
    Inside,
    /// All of them lie before the window.
    Before,
    /// They cannot be held together with what is in the window.
    Apart,
    /// There is no room behind what is in the window.
    Full,
}

/// Bytes on their way to a file: those of a window, or such as never were in one.
#[derive(Debug)]
pub(super) enum Gathered {
    Piece(Vec<u8>),
    Blocks(Chain),
    Lent(Lent),
}

impl Gathered {
    /// How many bytes there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Piece(bytes) => bytes.len(),
            Self::Blocks(chain) => chain.len(),
            Self::Lent(lent) => lent.len(),
        }
    }
}

impl PendingBytes {
    /// An empty window behind the first `len` bytes of a file.
    pub(super) fn behind(len: u64) -> Self {
        Self { start: len, ..Self::default() }
    }

    /// Where in the file the window begins.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// How many bytes are in the window.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bytes.len() + self.chain.len()
    }

    /// The position behind the window.
    #[inline]
    pub(super) fn end(&self) -> u64 {
        self.start + self.len() as u64
    }

    /// Brings near the processor where the next bytes will be put.
    #[inline]
    pub(super) fn bring_end_near(&self) {
        if let Some(last) = self.bytes.last() {
            cache::bring_near(last);
        }
        self.chain.bring_end_near();
    }

    /// Whether nothing waits.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory in use.
    #[inline]
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity() + self.chain.memory()
    }

    /// Appends `data` if it belongs at the end, there are bytes before it, and there is room left
    /// for it where they are: the way of most payloads. `false` if not; then nothing was done.
    #[inline]
    pub(super) fn append(&mut self, position: u64, data: &[u8]) -> bool {
        if position != self.end() {
            return false;
        }
        let len = self.bytes.len();
        if len == 0 {
            return self.chain.len() + data.len() <= MAX_CHAIN && self.chain.append_in_block(data);
        }
        let goes_on = data.len() <= self.bytes.capacity() - len;
        if goes_on {
            self.bytes.extend_from_slice(data);
        }
        goes_on
    }

    /// Puts `data` at `position` of the file if it can be held together with what is there;
    /// `written` is the position behind the last byte that the file itself holds. Later bytes
    /// overwrite earlier ones.
    pub(super) fn put(
        &mut self,
        position: u64,
        data: &[u8],
        written: u64,
        spare: &mut SpareBlocks,
    ) -> Placed {
        if self.is_empty() {
            self.start = position;
        }
        if self.bytes.capacity() == 0
            && position == self.end()
            && self.chain.len() + data.len() <= MAX_CHAIN
        {
            self.chain.append(data, spare);
            return Placed::Inside;
        }
        if self.chain.len() > 0 {
            let room = (self.chain.len() + data.len()).next_multiple_of(SMALL_WINDOW);
            spare.give(self.join(Vec::with_capacity(room)));
        }
        self.put_in_piece(position, data, written)
    }

    fn put_in_piece(&mut self, position: u64, data: &[u8], written: u64) -> Placed {
        if position == self.end() {
            if !self.bytes.is_empty() && self.bytes.len() + data.len() > FULL_WINDOW {
                return Placed::Full;
            }
            self.grow(data.len());
            self.bytes.extend_from_slice(data);
            return Placed::Inside;
        }
        if position < self.start {
            return match position + data.len() as u64 <= self.start {
                true => Placed::Before,
                false => Placed::Apart,
            };
        }
        let leaves_hole = position > self.end();
        // Zeros must not cover bytes that the file holds beyond the window.
        if leaves_hole && (position - self.end() > MAX_BRIDGE || written > self.end()) {
            return Placed::Apart;
        }
        let from = (position - self.start) as usize;
        if leaves_hole && from + data.len() > FULL_WINDOW {
            return Placed::Full;
        }
        self.grow((from + data.len()).saturating_sub(self.bytes.len()));
        self.is_patched = true;
        if leaves_hole {
            self.bytes.resize(from, 0);
        }
        let covered = data.len().min(self.bytes.len() - from);
        self.bytes[from..from + covered].copy_from_slice(&data[..covered]);
        self.bytes.extend_from_slice(&data[covered..]);
        Placed::Inside
    }

    /// Makes room for `more` bytes. Small windows, of which there may be many, grow by half so
    /// that little of their common budget is wasted; large ones quickly, so that little is copied.
    fn grow(&mut self, more: usize) {
        let (len, capacity) = (self.bytes.len(), self.bytes.capacity());
        if capacity - len < more {
            let larger = match capacity {
                0..SMALL_WINDOW => capacity + capacity / 2,
                SMALL_WINDOW..MEDIUM_WINDOW => capacity * 4,
                _ => FULL_WINDOW,
            };
            self.bytes.reserve_exact(larger.min(FULL_WINDOW).max(len + more) - len);
        }
    }

    /// Whether `more` bytes make it one of the large windows, or need a larger one than it is.
    pub(super) fn outgrows(&self, more: usize) -> bool {
        let (len, capacity) = (self.bytes.len(), self.bytes.capacity());
        match capacity {
            0 => self.chain.len() > 0 && self.chain.len() + more > MAX_CHAIN,
            _ => (SMALL_WINDOW * 2..FULL_WINDOW).contains(&capacity) && capacity - len < more,
        }
    }

    /// Moves the bytes of a window in one piece up by `distance`, with zeros in the new space. Only
    /// for a window that begins at 0.
    pub(super) fn move_up(&mut self, distance: usize, spare: &mut SpareBlocks) {
        debug_assert_eq!(self.start, 0);
        if self.chain.len() > 0 {
            spare.give(self.join(Vec::new()));
        }
        let len = self.bytes.len();
        self.bytes.resize(len + distance, 0);
        self.bytes.copy_within(..len, distance);
        self.bytes[..distance.min(len)].fill(0);
    }

    /// Cuts off the first `distance` bytes of a window in one piece that begins at 0.
    pub(super) fn drop_front(&mut self, distance: u64) {
        debug_assert!(self.start == 0 && self.chain.len() == 0);
        let distance = usize::try_from(distance).unwrap_or(usize::MAX).min(self.bytes.len());
        self.bytes.drain(..distance);
    }

    /// Has an empty window go on `distance` before where it would have.
    pub(super) fn step_back(&mut self, distance: u64) {
        self.start = self.start.saturating_sub(distance);
    }

    /// Cuts off what lies beyond `end` of a window in one piece.
    pub(super) fn truncate(&mut self, end: u64) {
        debug_assert_eq!(self.chain.len(), 0);
        self.bytes.truncate(end.saturating_sub(self.start) as usize);
    }

    /// Empties the window but keeps its memory, ready to go on at its end.
    pub(super) fn clear(&mut self) {
        self.start = self.end();
        self.bytes.clear();
        self.chain = Chain::default();
    }

    /// Takes the bytes out, with where they begin; the window goes on behind them, in `fresh` if it
    /// is in one piece, which must be empty.
    pub(super) fn take(&mut self, fresh: Vec<u8>) -> (u64, Gathered) {
        let start = self.start;
        self.start = self.end();
        let gathered = match self.chain.len() {
            0 => Gathered::Piece(std::mem::replace(&mut self.bytes, fresh)),
            _ => Gathered::Blocks(std::mem::take(&mut self.chain)),
        };
        (start, gathered)
    }

    /// The same with a full window that is in one piece. If the stream is not quite in order its last
    /// bytes stay, for what comes late is then still in the window.
    pub(super) fn take_full(&mut self, mut fresh: Vec<u8>) -> (u64, Gathered) {
        let (start, len) = (self.start, self.bytes.len());
        let taken = match self.is_patched && len >= 2 * KEPT {
            true => len - KEPT,
            false => len,
        };
        fresh.extend_from_slice(&self.bytes[taken..]);
        self.bytes.truncate(taken);
        self.start += taken as u64;
        (start, Gathered::Piece(std::mem::replace(&mut self.bytes, fresh)))
    }

    /// Empties the window and takes its memory.
    pub(super) fn release(&mut self) -> (Vec<u8>, Blocks) {
        self.start = self.end();
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        (bytes, std::mem::take(&mut self.chain).into_blocks())
    }
}
