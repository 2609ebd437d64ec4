//! Memory that was used and will be again: windows, blocks, files.
//!
//! The memory allocator asks the system for what is as large as a window, and the system takes
//! longer to give memory than the bytes in it take to be copied. What is small is asked for so often
//! that it is worth keeping, too.

use crate::output::blocks::{Blocks, SpareBlocks};
use crate::output::lent::Pieces;
use crate::output::pending::{FULL_WINDOW, Gathered};
use crate::output::stored_file::StoredFile;

/// Full windows that are kept.
const MAX_FULL_WINDOWS: usize = 32;

/// Files that are kept.
const MAX_FILES: usize = 1024;

/// Lists of payloads that are kept.
const MAX_PIECES: usize = 256;

/// What is there to be used again; all of it is empty.
#[derive(Debug, Default)]
pub(super) struct Spare {
    pub(super) blocks: SpareBlocks,
    full_windows: Vec<Vec<u8>>,
    #[expect(clippy::vec_box, reason = "they are used again as they are, not moved")]
    files: Vec<Box<StoredFile>>,
    pieces: Vec<Pieces>,
}

impl Spare {
    /// A full window, if there is one.
    pub(super) fn full_window(&mut self) -> Option<Vec<u8>> {
        self.full_windows.pop()
    }

    /// A full window.
    pub(super) fn take_full_window(&mut self) -> Vec<u8> {
        self.full_window().unwrap_or_else(|| Vec::with_capacity(FULL_WINDOW))
    }

    /// Puts a file where another one was, if there is such a place.
    pub(super) fn place(&mut self, file: StoredFile) -> Box<StoredFile> {
        match self.files.pop() {
            Some(mut place) => {
                *place = file;
                place
            }
            None => Box::new(file),
        }
    }

    /// Takes the memory of bytes that were written.
    pub(super) fn keep(&mut self, bytes: Gathered) {
        match bytes {
            Gathered::Piece(bytes) => self.keep_window(bytes),
            Gathered::Blocks(chain) => self.blocks.give(chain.into_blocks()),
            Gathered::Lent(lent) => {
                if self.pieces.len() < MAX_PIECES {
                    self.pieces.push(lent.into_pieces());
                }
            }
        }
    }

    /// A list of payloads, to be begun.
    pub(super) fn take_pieces(&mut self) -> Pieces {
        self.pieces.pop().unwrap_or_default()
    }

    /// Takes what a window consisted of.
    pub(super) fn keep_released(&mut self, (window, blocks): (Vec<u8>, Blocks)) {
        self.keep_window(window);
        self.blocks.give(blocks);
    }

    /// Takes a file that was finished.
    pub(super) fn keep_file(&mut self, mut file: Box<StoredFile>) {
        self.keep_released(file.pending.release());
        self.blocks.give(std::mem::take(&mut file.spent));
        if self.files.len() < MAX_FILES {
            self.files.push(file);
        }
    }

    fn keep_window(&mut self, mut window: Vec<u8>) {
        if window.capacity() >= FULL_WINDOW && self.full_windows.len() < MAX_FULL_WINDOWS {
            window.clear();
            self.full_windows.push(window);
        }
    }
}
