//! Turns a byte stream into a sliding window of contiguous bytes, the ground capture formats are
//! read on: no allocation and no system call for each packet.
//!
//! The buffer grows when one record needs more than it holds, and only as fast as bytes really
//! arrive, so that a false length in a damaged file costs nothing. Bytes that somebody else holds
//! are left alone: the window then goes on in another buffer.

#[cfg(test)]
mod tests;

use std::io::{self, ErrorKind, Read};
use std::ops::Range;

use crate::chunk::Chunk;

/// Buffers that are held by others are at least so large: much of them is then written in one go,
/// and half a processor's own cache is still free.
const HELD_LEN: usize = 1 << 20;

/// Once [`Window::held`] has come so far, most data is written straight from the buffers; buffers of
/// twice the size then save a tenth, for half as many change hands.
const OFTEN: u32 = 16;

/// Buffers that are kept for when nobody else holds them any more.
const MAX_OTHERS: usize = 8;

/// Once nobody else held so many buffers in a row, the window goes on in one of its usual size, for
/// what is looked at and copied soon is so still in the processor's cache.
const PATIENCE: u32 = 8;

/// A buffered part of a byte stream.
///
/// Invariant: `start <= end <= buffer.len()`; the bytes between `start` and `end` were read and
/// not yet consumed.
pub(super) struct Window<R> {
    stream: R,
    buffer: Chunk,
    start: usize,
    end: usize,
    /// Buffers that were used before, and were held by others then.
    others: Vec<Chunk>,
    /// The length of a buffer as long as nobody else holds any.
    usual_len: usize,
    /// How often others held a buffer of late: plus two for each that was still held when the next was
    /// needed, minus one for each that was free.
    held: u32,
    /// The length of a buffer from when others hold some until nobody does for a while.
    held_len: usize,
    /// How many more times a buffer is filled before it is one of the usual size again, because others
    /// held one; 0 if it is, or has grown for some large record.
    patience: u32,
}

/// What came of an attempt to have some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// They are there.
    Enough,
    /// The stream has nothing now but has not ended; ask again later.
    Waiting,
    /// The stream ended; only these many bytes are there.
    Short(usize),
}

impl<R> Window<R> {
    /// A window of `capacity` bytes, to begin with.
    pub(super) fn new(stream: R, capacity: usize) -> Self {
        let usual_len = capacity.max(1);
        let (buffer, others) = (Chunk::new(usual_len), Vec::new());
        let (held, held_len, patience) = (0, HELD_LEN, 0);
        Self { stream, buffer, start: 0, end: 0, others, usual_len, held, held_len, patience }
    }

    /// The same buffered bytes, followed by another stream.
    pub(super) fn map_stream<S>(self, change: impl FnOnce(R) -> S) -> Window<S> {
        let Self { stream, buffer, start, end, others, usual_len, held, held_len, patience } = self;
        let stream = change(stream);
        Window { stream, buffer, start, end, others, usual_len, held, held_len, patience }
    }

    /// The stream behind the window. Reading from it directly would lose the bytes' order.
    pub(super) fn stream_mut(&mut self) -> &mut R {
        &mut self.stream
    }

    /// The bytes that are there.
    #[inline]
    pub(super) fn filled(&self) -> &[u8] {
        self.buffer.bytes().get(self.start..self.end).unwrap_or_default()
    }

    /// Everything in memory, with the bytes that are there somewhere in it, to be held by others.
    #[inline]
    pub(super) fn chunk(&self) -> &Chunk {
        &self.buffer
    }

    /// How many bytes of the stream are before the end of what is there, counted from the beginning
    /// of [all that is in memory](Self::chunk).
    pub(super) fn chunk_len(&self) -> usize {
        self.end
    }

    /// Drops `count` bytes from the front, or all there are.
    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// Drops `count` bytes from the front and lends those among them that stand in `part`;
    /// none unless `part.end <= count` and all are there.
    #[inline]
    pub(super) fn lend(&mut self, count: usize, part: Range<usize>) -> &[u8] {
        let front = self.buffer.bytes().get(self.start..self.end).unwrap_or_default();
        self.start = self.start.saturating_add(count).min(self.end);
        front.get(..count).and_then(|taken| taken.get(part)).unwrap_or_default()
    }

    /// The same, to be changed.
    pub(super) fn lend_mut(&mut self, count: usize, part: Range<usize>) -> &mut [u8] {
        let buffer = self.buffer.bytes_to_change();
        let front = buffer.get_mut(self.start..self.end).unwrap_or_default();
        self.start = self.start.saturating_add(count).min(self.end);
        front.get_mut(..count).and_then(|taken| taken.get_mut(part)).unwrap_or_default()
    }
}

impl<R: Read> Window<R> {
    /// Tries to have at least `wanted` bytes.
    ///
    /// An error of the stream is reported only once the bytes before it do not suffice.
    #[inline]
    pub(super) fn fill(&mut self, wanted: usize) -> io::Result<Fill> {
        if self.end - self.start >= wanted {
            return Ok(Fill::Enough);
        }
        self.fill_from_stream(wanted)
    }

    /// As [`fill`](Self::fill), but waits as long as the stream does.
    pub(super) fn fill_waiting(&mut self, wanted: usize) -> io::Result<Fill> {
        loop {
            match self.fill(wanted)? {
                Fill::Waiting => {}
                outcome => return Ok(outcome),
            }
        }
    }

    /// Drops `count` bytes, or as many as come before the stream's end; tells whether all were
    /// there.
    pub(super) fn skip(&mut self, mut count: u64) -> io::Result<bool> {
        while count > 0 && self.fill_waiting(1)? == Fill::Enough {
            let step = usize::try_from(count)
                .map_or(self.filled().len(), |count| count.min(self.filled().len()));
            self.consume(step);
            count -= step as u64;
        }
        Ok(count == 0)
    }

    #[cold]
    #[inline(never)]
    fn fill_from_stream(&mut self, wanted: usize) -> io::Result<Fill> {
        self.begin_anew();
        let buffer = self.buffer.bytes_to_change();
        while self.end < wanted {
            if self.end == buffer.len() {
                let doubled = buffer.len().saturating_mul(2);
                buffer.resize(doubled.min(wanted), 0);
            }
            let room = buffer.get_mut(self.end..).unwrap_or_default();
            match self.stream.read(room) {
                Ok(0) => return Ok(Fill::Short(self.end)),
                Ok(count) => self.end = (self.end + count).min(buffer.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Fill::Waiting),
                Err(error) => return Err(error),
            }
        }
        Ok(Fill::Enough)
    }

    /// Has the bytes that are there at the front of a buffer that nobody else holds. They are less
    /// than one record, so moving them costs next to nothing.
    fn begin_anew(&mut self) {
        match self.buffer.bytes_mut() {
            None => {
                self.held = (self.held + 2).min(OFTEN);
                if self.held == OFTEN {
                    self.held_len = 2 * HELD_LEN;
                }
                self.go_on_in(None);
                self.patience = PATIENCE;
            }
            Some(_) if self.patience == 1 => {
                (self.held, self.held_len, self.patience) = (0, HELD_LEN, 0);
                self.go_on_in(Some(Chunk::new(self.usual_len)));
            }
            Some(buffer) => {
                buffer.copy_within(self.start..self.end, 0);
                self.held = self.held.saturating_sub(1);
                self.patience = self.patience.saturating_sub(1);
            }
        }
        self.end -= self.start;
        self.start = 0;
    }

    /// Has the bytes that are there at the front of another buffer: this one, or one that was held by
    /// others before.
    fn go_on_in(&mut self, next: Option<Chunk>) {
        let mut next = next.unwrap_or_else(|| {
            self.others.retain(|it| it.bytes().len() == self.held_len);
            let free = self.others.iter_mut().position(|it| it.bytes_mut().is_some());
            match free {
                Some(place) => self.others.swap_remove(place),
                None => Chunk::new(self.buffer.bytes().len().max(self.held_len)),
            }
        });
        let left = self.filled();
        let buffer = next.bytes_to_change();
        buffer.resize(buffer.len().max(left.len()), 0);
        if let Some(front) = buffer.get_mut(..left.len()) {
            front.copy_from_slice(left);
        }
        let used = std::mem::replace(&mut self.buffer, next);
        // One that has grown for some large record is not worth its memory.
        if self.others.len() < MAX_OTHERS && used.bytes().len() == self.held_len {
            self.others.push(used);
        }
    }
}

impl<R: Read> Read for Window<R> {
    /// Reads the bytes that are there, then from the stream.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.filled().is_empty() {
            return self.stream.read(buffer);
        }
        let count = self.filled().read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}
