//! Large streams are written straight from where the capture was read, without a window of their
//! own: what files take on of a chunk is written together once the chunk has been read.
//!
//! A stream whose window has become large goes on so as long as enough of it comes with each chunk.
//! Whoever wants to know how long a file is, or what is in it, has what it has taken on written
//! first.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::{FileId, FileStore};
use crate::chunk::Chunk;
use crate::origin::Origin;
use crate::output::lent::{Lent, Pieces};
use crate::output::pending::Gathered;
use crate::output::stored_file::StoredFile;
use crate::output::write_behind::{Target, Write};

/// A file that takes on less than this part of a chunk, or of what remained of it when the file began,
/// goes back to a window.
const WORTH_IT: usize = 32;

/// If most files are, no file takes on anything of so many chunks.
const REST: u32 = 256;

/// As many payloads are taken on before they are written.
const MOST_PIECES: usize = 1024;

/// Names what a file has taken on: one more than its place among all that was taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::output) struct LoanId(NonZeroU32);

impl LoanId {
    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// What files have taken on of the chunk that is being read.
#[derive(Debug, Default)]
pub(super) struct Lending {
    chunk: Option<Chunk>,
    /// A file that has its number; the others were written already.
    loans: Vec<Loan>,
    /// Bytes taken on of this chunk that were written, or will be.
    taken_on: usize,
    /// Of how many more chunks nothing is taken on.
    rest: u32,
}

/// What a file has taken on.
#[derive(Debug)]
struct Loan {
    file: FileId,
    handle: Arc<File>,
    /// Where the file ended before.
    empty_from: u64,
    pieces: Pieces,
}

impl Lending {
    /// Whether `data` may be taken on.
    fn lends(&self, data: &[u8]) -> bool {
        self.rest == 0 && self.chunk.as_ref().is_some_and(|chunk| chunk.range_of(data).is_some())
    }

    /// The chunk that is being read.
    #[inline]
    pub(super) fn chunk(&self) -> Option<&Chunk> {
        self.chunk.as_ref()
    }

    fn begin(&mut self, loan: Loan) -> LoanId {
        self.loans.push(loan);
        LoanId(NonZeroU32::MIN.saturating_add(self.loans.len() as u32 - 1))
    }

    /// Adds a payload to what was taken on as `loan`, if that can be done.
    #[inline(always)]
    pub(super) fn add(&mut self, loan: LoanId, place: u64, data: &[u8]) -> bool {
        if let Some(range) = self.chunk.as_ref().and_then(|chunk| chunk.range_of(data))
            && let Some(Loan { pieces, .. }) = self.loans.get_mut(loan.index())
            && pieces.count() < MOST_PIECES
        {
            // A chunk that is lent is shorter than 4 GiB.
            pieces.add(place, range.start as u32, range.len() as u32);
            return true;
        }
        false
    }

    /// The bytes that the file has taken on at `place`, if all of them are in one piece.
    pub(super) fn find(&self, file: &StoredFile, place: u64, len: usize) -> Option<&[u8]> {
        let Loan { pieces, .. } = self.loans.get(file.loan?.index())?;
        pieces.find(self.chunk.as_ref()?, place, len)
    }

    /// Takes out what the file has taken on, to be written or dropped. From now on it counts as
    /// written.
    pub(super) fn take(&mut self, file: &mut StoredFile) -> Option<Write> {
        let loan = self.loans.get_mut(file.loan.take()?.index())?;
        let lent = Lent::new(self.chunk.clone()?, std::mem::take(&mut loan.pieces));
        self.taken_on += lent.len();
        file.takes_on = !lent.is_in_small_pieces();
        file.written = file.written.max(lent.end());
        let target = Target::Open(Arc::clone(&loan.handle));
        let (id, empty_from) = (loan.file, loan.empty_from);
        let bytes = Gathered::Lent(lent);
        Some(Write { id, target, start: 0, empty_from, bytes, capture: None, hashes: None })
    }
}

impl FileStore {
    /// From now on payloads may lie in `chunk`, which files may hold until they are written.
    ///
    /// What stands in it can be read again from `origin` on. Then small files may leave theirs there.
    pub fn lend(&mut self, chunk: &Chunk, origin: Option<Origin>) {
        let is_short = u32::try_from(chunk.bytes().len()).is_ok();
        self.lending.chunk = is_short.then(|| chunk.clone());
        self.begin_leaving(origin);
    }

    /// The chunk has been read: what files have taken on of it is written, or will be.
    pub fn end_lending(&mut self) {
        if self.lending.chunk.is_none() {
            return;
        }
        self.write_loans();
        self.write_overdue();
        self.lending.chunk = None;
        self.lending.rest = self.lending.rest.saturating_sub(1);
    }

    /// Whether the file could take on `data`. With fewer descriptors than large streams some cannot,
    /// for they would be opened for each chunk.
    pub(super) fn may_take_on(&self, id: FileId, data: &[u8]) -> bool {
        let Some(file) = &self.files[id.index()] else { return false };
        file.hashes.is_none()
            && (file.handle.is_some() || self.held() < self.limits.descriptors)
            && self.lending.lends(data)
    }

    /// Has the file take on `data` and what comes after it, if that can be done. There must be
    /// nothing in its window.
    pub(super) fn begin_loan(&mut self, id: FileId, place: u64, data: &[u8]) -> bool {
        let Some(file) = &self.files[id.index()] else { return false };
        if !file.takes_on || !self.lending.lends(data) {
            return false;
        }
        // Holes in a window, filled with zeros, may be what these bytes are for.
        if file.is_window_on_the_way || file.handle.is_none() {
            self.settle(id);
        }
        if !self.may_take_on(id, data) {
            return false;
        }
        self.ensure_open(id);
        let Some(Target::Open(handle)) = self.target(id) else { return false };
        self.release(id);
        let Some(file) = &mut self.files[id.index()] else { return false };
        let mut pieces = self.spare.take_pieces();
        pieces.begin(place);
        let loan = Loan { file: id, handle, empty_from: file.written, pieces };
        let loan = self.lending.begin(loan);
        file.loan = Some(loan);
        self.lending.add(loan, place, data)
    }

    /// Writes what the file has taken on.
    pub(super) fn end_loan(&mut self, id: FileId) {
        let Some(file) = &mut self.files[id.index()] else { return };
        if let Some(write) = self.lending.take(file) {
            file.on_the_way += 1;
            let written = write.run(&mut self.tools);
            self.note(written);
        }
    }

    /// Writes everything that was taken on, or has the thread write it if that has nothing else to do.
    /// Then both may be writing to one file, but not the same bytes of it: before bytes that are on
    /// the way are written once more, they are compared, and so waited for.
    pub(super) fn write_loans(&mut self) {
        let mut least_of_all = 0;
        let mut writes = Vec::with_capacity(self.lending.loans.len());
        for index in 0..self.lending.loans.len() {
            let Some(&Loan { file: id, .. }) = self.lending.loans.get(index) else { break };
            let Some(file) = &mut self.files[id.index()] else { continue };
            if let Some(write) = self.lending.take(file) {
                if let Gathered::Lent(lent) = &write.bytes {
                    let least = lent.chance() / WORTH_IT;
                    file.takes_on &= lent.len() >= least;
                    least_of_all += least;
                }
                file.on_the_way += 1;
                writes.push(write);
            }
        }
        self.lending.loans.clear();
        let taken_on = std::mem::take(&mut self.lending.taken_on);
        if writes.is_empty() {
            return;
        }
        if taken_on < least_of_all {
            self.lending.rest = REST;
        }
        self.note_written();
        match &mut self.behind {
            Some(behind) if behind.is_idle() => behind.begin_together(writes),
            _ => {
                for write in writes {
                    let written = write.run(&mut self.tools);
                    self.note(written);
                }
            }
        }
    }
}
