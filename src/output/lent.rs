//! Bytes of a file that still lie where the capture was read, in pieces: payloads that nobody has
//! copied. They are written from there.
//!
//! Pieces may come in any order and leave holes, which the file reads as zeros; of pieces that
//! overlap the later one counts.

use std::fs::File;
use std::io::{self, IoSlice};
use std::ops::Range;

use rustix::io::{Errno, pwritev};

use crate::chunk::Chunk;
use crate::sparse;

/// Payloads of less than this, on the average, are better copied.
const SMALL_PAYLOAD: usize = 256;

/// As many pieces are written at once.
const AT_ONCE: usize = 256;

/// A payload in a chunk, and where it belongs.
#[derive(Clone, Copy, Debug)]
struct Piece {
    position: u64,
    at: u32,
    len: u32,
}

impl Piece {
    fn end(self) -> u64 {
        self.position + u64::from(self.len)
    }

    /// Its part of a chunk's bytes, all of which is there.
    #[inline]
    fn bytes(self, chunk: &[u8]) -> &[u8] {
        let at = self.at as usize;
        chunk.get(at..at + self.len as usize).unwrap_or_default()
    }
}

/// Payloads, without the chunk that they are in.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pieces: Vec<Piece>,
    /// Where the next piece is expected: behind the last.
    next: u64,
    /// Whether a piece lay elsewhere than it was expected.
    is_mixed: bool,
}

impl Pieces {
    /// Forgets all pieces; the next is expected at `position`.
    pub(super) fn begin(&mut self, position: u64) {
        self.pieces.clear();
        (self.next, self.is_mixed) = (position, false);
    }

    /// How many pieces there are.
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.pieces.len()
    }

    /// Adds the part of a chunk from `at` on that belongs at `position`.
    #[inline]
    pub(super) fn add(&mut self, position: u64, at: u32, len: u32) {
        let piece = Piece { position, at, len };
        self.is_mixed |= position != self.next;
        self.next = piece.end();
        self.pieces.push(piece);
    }

    /// The `len` bytes at `position`, if all of them are in one piece.
    pub(super) fn find<'a>(&self, chunk: &'a Chunk, position: u64, len: usize) -> Option<&'a [u8]> {
        let end = position + len as u64;
        let overlaps = |piece: &&Piece| piece.position < end && position < piece.end();
        let last = self.pieces.iter().rev().find(overlaps)?;
        if position < last.position || last.end() < end {
            return None;
        }
        last.bytes(chunk.bytes()).get((position - last.position) as usize..)?.get(..len)
    }

    /// Puts pieces into the order of the file, unless some of them overlap; tells whether they do.
    fn arrange(&mut self) -> bool {
        let in_order =
            |pieces: &[Piece]| pieces.is_sorted_by(|one, next| one.end() <= next.position);
        if self.is_mixed && !in_order(&self.pieces) {
            let mut sorted = self.pieces.clone();
            sorted.sort_by_key(|piece| piece.position);
            if !in_order(&sorted) {
                return true;
            }
            self.pieces = sorted;
        }
        false
    }
}

/// Payloads on their way to a file.
#[derive(Debug)]
pub(super) struct Lent {
    chunk: Chunk,
    pieces: Pieces,
    len: usize,
}

impl Lent {
    /// Parts of `chunk`.
    pub(super) fn new(chunk: Chunk, pieces: Pieces) -> Self {
        let len = pieces.pieces.iter().map(|piece| piece.len as usize).sum();
        Self { chunk, pieces, len }
    }

    /// How many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many bytes of the chunk there were from the first of these payloads on.
    pub(super) fn chance(&self) -> usize {
        let first = self.pieces.pieces.first().map_or(0, |piece| piece.at as usize);
        self.chunk.bytes().len().saturating_sub(first)
    }

    /// Whether the payloads are so small that copying them is less work.
    pub(super) fn is_in_small_pieces(&self) -> bool {
        self.len < SMALL_PAYLOAD * self.pieces.count()
    }

    /// The position behind all bytes.
    pub(super) fn end(&self) -> u64 {
        match self.pieces.is_mixed {
            true => self.pieces.pieces.iter().map(|piece| piece.end()).max().unwrap_or(0),
            false => self.pieces.next,
        }
    }

    /// The list of pieces, to be used again.
    pub(super) fn into_pieces(self) -> Pieces {
        self.pieces
    }

    /// Writes all of it to a file that reads as zeros from `empty_from` on.
    ///
    /// Other parts of the file may be written at the same time by somebody else, so the file is
    /// never made shorter, not even for a moment.
    pub(super) fn write_to(
        &mut self,
        file: &File,
        empty_from: u64,
        scratch: &mut Vec<u8>,
    ) -> io::Result<()> {
        let Self { chunk, pieces, .. } = self;
        // What is written twice may be zeros the second time.
        let empty_from = if pieces.arrange() { u64::MAX } else { empty_from };
        let bytes = chunk.bytes();
        let mut rest = &pieces.pieces[..];
        let mut slices = Vec::with_capacity(rest.len().min(AT_ONCE));
        while let Some(&Piece { position, .. }) = rest.first() {
            let (now, later) = rest.split_at(run(rest, pieces.is_mixed));
            slices.clear();
            slices.extend(now.iter().map(|piece| IoSlice::new(piece.bytes(bytes))));
            match slices.iter().any(|bytes| sparse::is_zero(bytes)) {
                true => write_thinly(file, &slices, position, empty_from, scratch)?,
                false => {
                    let end = now.last().map_or(position, |piece| piece.end());
                    write_all(file, &mut slices, position..end)?;
                }
            }
            rest = later;
        }
        Ok(())
    }
}

/// How many pieces follow each other in the file, as far as they are written at once.
fn run(pieces: &[Piece], is_mixed: bool) -> usize {
    let goes_on = |(one, next): (&Piece, &Piece)| one.end() == next.position;
    let most = pieces.len().min(AT_ONCE);
    match is_mixed {
        true => 1 + pieces.iter().zip(&pieces[1..most]).take_while(|&it| goes_on(it)).count(),
        false => most,
    }
}

/// Writes slices one behind the other to the positions `at`, of which there are as many as bytes.
fn write_all(file: &File, mut rest: &mut [IoSlice<'_>], mut at: Range<u64>) -> io::Result<()> {
    while !at.is_empty() {
        match pwritev(file, rest, at.start) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                at.start += written as u64;
                if !at.is_empty() {
                    IoSlice::advance_slices(&mut rest, written);
                }
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The same, but leaves holes for blocks of zeros.
fn write_thinly(
    file: &File,
    slices: &[IoSlice<'_>],
    position: u64,
    empty_from: u64,
    scratch: &mut Vec<u8>,
) -> io::Result<()> {
    scratch.clear();
    slices.iter().for_each(|bytes| scratch.extend_from_slice(bytes));
    sparse::write_beside(file, scratch, position, empty_from)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{FileExt, MetadataExt};

    use proptest::prelude::*;

    use super::*;

    fn lent(bytes: &[u8], pieces: &[(u64, u32, u32)]) -> Lent {
        let mut chunk = Chunk::new(bytes.len());
        chunk.bytes_to_change().copy_from_slice(bytes);
        let mut list = Pieces::default();
        list.begin(pieces[0].0);
        pieces.iter().for_each(|&(position, at, len)| list.add(position, at, len));
        Lent::new(chunk, list)
    }

    #[test]
    fn repeated_bytes_are_found_in_the_newest_piece_only() {
        let lent = lent(b"abcdefgh", &[(10, 0, 4), (14, 4, 4), (12, 6, 1)]);
        let find = |position, len| lent.pieces.find(&lent.chunk, position, len);
        assert_eq!(find(10, 2), Some(&b"ab"[..]));
        assert_eq!(find(14, 4), Some(&b"efgh"[..]));
        assert_eq!(find(12, 1), Some(&b"g"[..]));
        assert_eq!(find(11, 2), None, "in two pieces");
        assert_eq!(find(17, 2), None, "beyond");
        assert_eq!(find(0, 2), None, "before");
    }

    #[test]
    fn zeros_take_no_disk() {
        let zeros = vec![0; 1_000_000];
        let pieces: Vec<_> = (0..1000).map(|n| (n * 1000, n as u32 * 1000, 1000)).collect();
        let file = tempfile::tempfile().unwrap();
        lent(&zeros, &pieces).write_to(&file, 0, &mut Vec::new()).unwrap();
        let metadata = file.metadata().unwrap();
        assert_eq!(metadata.len(), 1_000_000);
        assert!(metadata.blocks() * 512 < 100_000, "{} blocks", metadata.blocks());
    }

    proptest! {
        #[test]
        fn later_pieces_overwrite_earlier_ones(
            bytes in prop::collection::vec(0_u8..2, 40_000),
            pieces in prop::collection::vec((0_u64..60_000, 0_u32..30_000, 1_u32..9_000), 1..200),
            in_order in any::<bool>(),
            zeros in 0_usize..40_000,
            before in 0_usize..20_000,
        ) {
            let mut bytes = bytes;
            bytes[..zeros].fill(0);
            let mut pieces = pieces;
            if in_order {
                let mut end = before as u64;
                for (position, _, len) in &mut pieces {
                    *position = end + *position % 2 * 5000;
                    end = *position + u64::from(*len);
                }
                let middle = pieces.len() / 2;
                pieces.swap(0, middle);
            }
            let mut model = vec![7; before];
            for &(position, at, len) in &pieces {
                let end = position as usize + len as usize;
                if model.len() < end {
                    model.resize(end, 0);
                }
                let (at, len) = (at as usize, len as usize);
                model[position as usize..end].copy_from_slice(&bytes[at..at + len]);
            }
            let file = tempfile::NamedTempFile::new().unwrap();
            file.as_file().write_all_at(&vec![7; before], 0).unwrap();
            let mut lent = lent(&bytes, &pieces);
            lent.write_to(file.as_file(), before as u64, &mut Vec::new()).unwrap();
            prop_assert!(fs::read(file.path()).unwrap() == model);
        }
    }
}
