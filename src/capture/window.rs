//! Turns a byte stream into a sliding window of contiguous bytes, the ground capture formats are
//! read on: no allocation and no system call for each packet.
//!
//! The buffer grows when one record needs more than it holds, and only as fast as bytes really
//! arrive, so that a false length in a damaged file costs nothing.

use std::io::{self, ErrorKind, Read};

/// A buffered part of a byte stream.
///
/// Invariant: `start <= end <= buffer.len()`; the bytes between `start` and `end` were read and
/// not yet consumed.
pub(super) struct Window<R> {
    stream: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
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
        Self { stream, buffer: vec![0; capacity.max(1)], start: 0, end: 0 }
    }

    /// The same buffered bytes, followed by another stream.
    pub(super) fn map_stream<S>(self, change: impl FnOnce(R) -> S) -> Window<S> {
        let Self { stream, buffer, start, end } = self;
        Window { stream: change(stream), buffer, start, end }
    }

    /// The stream behind the window. Reading from it directly would lose the bytes' order.
    pub(super) fn stream_mut(&mut self) -> &mut R {
        &mut self.stream
    }

    /// The bytes that are there.
    #[inline]
    pub(super) fn filled(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Drops `count` bytes from the front, or all there are.
    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// Drops `count` bytes from the front and lends those among them that stand in `part`;
    /// none unless `part.end <= count` and all are there.
    #[inline]
    pub(super) fn lend(&mut self, count: usize, part: std::ops::Range<usize>) -> &mut [u8] {
        let front = self.buffer.get_mut(self.start..self.end).unwrap_or_default();
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
        // What is left is less than one record, so moving it costs next to nothing.
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < wanted {
            if self.end == self.buffer.len() {
                let doubled = self.buffer.len().saturating_mul(2);
                self.buffer.resize(doubled.min(wanted), 0);
            }
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.stream.read(room) {
                Ok(0) => return Ok(Fill::Short(self.end)),
                Ok(count) => self.end = (self.end + count).min(self.buffer.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Fill::Waiting),
                Err(error) => return Err(error),
            }
        }
        Ok(Fill::Enough)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte a call, with an interruption before each.
    struct Dripping(Vec<u8>, bool);

    impl Read for Dripping {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(ErrorKind::Interrupted.into());
            }
            match self.0.is_empty() {
                true => Ok(0),
                false => {
                    buffer[0] = self.0.remove(0);
                    Ok(1)
                }
            }
        }
    }

    #[test]
    fn short_reads_and_interruptions_are_invisible() {
        let mut window = Window::new(Dripping((0..10).collect(), false), 3);
        assert_eq!(window.fill(4).unwrap(), Fill::Enough);
        assert_eq!(window.lend(4, 1..3), [1, 2]);
        assert_eq!(window.fill(6).unwrap(), Fill::Enough);
        assert_eq!(window.filled(), [4, 5, 6, 7, 8, 9]);
        window.consume(4);
        assert_eq!(window.fill(3).unwrap(), Fill::Short(2));
        assert_eq!(window.filled(), [8, 9]);
    }

    #[test]
    fn a_false_length_does_not_allocate() {
        let mut window = Window::new(&[1u8; 100][..], 16);
        assert_eq!(window.fill(1 << 40).unwrap(), Fill::Short(100));
        assert!(window.buffer.len() <= 200);
    }

    #[test]
    fn taking_what_is_not_there_gives_nothing() {
        let mut window = Window::new(&[1u8, 2, 3][..], 16);
        window.fill(3).unwrap();
        assert_eq!(window.lend(9, 2..5), []);
        assert_eq!(window.filled(), []);
    }
}
