//! Payloads that are left in the capture file, and read once more when their file is written.
//!
//! With many flows open, memory for what waits would have to be asked for and given by the system
//! only to hold what lies in its memory already. A reference takes 8 bytes instead. Flows that take
//! turns lie beside each other in each turn: what several of them left is read together, in few
//! reads. If it turns out that many are needed all the same, nothing more is left.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::chain::Chain;
use crate::origin::read_again;

/// What lies between two payloads is read with them if it is not more than this.
const MAX_GAP: u64 = 1024;

/// As many bytes are read at once.
const AT_ONCE: u64 = 256 * 1024;

/// With fewer payloads than this in each read it is better not to leave any.
const WORTH_IT: u32 = 4;

/// As many reads tell what the next will be like.
const TELLING: u32 = 1024;

/// A payload in a capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reference(u64);

impl Reference {
    /// What it takes of memory.
    pub(super) const SIZE: usize = size_of::<Self>();

    /// The `len` bytes at `position`, if there can be a reference to them.
    #[inline]
    pub(super) fn new(position: u64, len: usize) -> Option<Self> {
        let len = u16::try_from(len).ok().filter(|&len| len > 0)?;
        (position < 1 << 48).then_some(Self(position << 16 | u64::from(len)))
    }

    /// How many bytes it stands for.
    #[inline]
    pub(super) fn len(self) -> usize {
        (self.0 & 0xffff) as usize
    }

    /// Where in the file they begin.
    pub(super) fn position(self) -> u64 {
        self.0 >> 16
    }

    fn end(self) -> u64 {
        self.position() + self.len() as u64
    }

    /// The reference in memory.
    #[inline]
    pub(super) fn to_bytes(self) -> [u8; Self::SIZE] {
        self.0.to_ne_bytes()
    }

    /// A reference that was put in memory.
    pub(super) fn from_bytes(bytes: [u8; Self::SIZE]) -> Self {
        Self(u64::from_ne_bytes(bytes))
    }
}

/// The bytes of a window, the last of which were left in a capture file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left<'a> {
    pub(super) chain: &'a Chain,
    pub(super) capture: &'a Arc<File>,
}

/// How near to each other lies what was left, as far as it was read again: known to all threads.
#[derive(Debug, Default)]
pub(super) struct Locality {
    payloads: AtomicU32,
    reads: AtomicU32,
}

impl Locality {
    /// Whether payloads should rather be kept.
    pub(super) fn is_poor(&self) -> bool {
        let reads = self.reads.load(Ordering::Relaxed);
        reads > TELLING && self.payloads.load(Ordering::Relaxed) / reads < WORTH_IT
    }

    /// Forgets what was learnt: another capture follows.
    pub(super) fn reset(&self) {
        self.payloads.store(0, Ordering::Relaxed);
        self.reads.store(0, Ordering::Relaxed);
    }

    fn note(&self, payloads: usize, reads: u32) {
        // They stop rather than overflow, in some large capture.
        if self.payloads.load(Ordering::Relaxed) < u32::MAX / 2 {
            self.payloads.fetch_add(payloads as u32, Ordering::Relaxed);
            self.reads.fetch_add(reads, Ordering::Relaxed);
        }
    }
}

/// Reads again what windows left in a capture file, of several windows at once.
#[derive(Debug, Default)]
pub(super) struct Rereading {
    /// What was read ahead: of one file, window by window.
    capture: Option<Arc<File>>,
    windows: Vec<ReadWindow>,
    references: Vec<Reference>,
    /// Where in `bytes` is what each of them stands for.
    places: Vec<usize>,
    bytes: Vec<u8>,
    /// The references with their numbers, in the order of the file.
    sorted: Vec<(Reference, usize)>,
    locality: Arc<Locality>,
}

/// A window that was read ahead.
#[derive(Clone, Copy, Debug)]
struct ReadWindow {
    /// Two windows that end with the same payload are the same.
    last: Reference,
    begin: usize,
    end: usize,
}

impl Rereading {
    /// Tells `locality` what it learns.
    pub(super) fn new(locality: Arc<Locality>) -> Self {
        Self { locality, ..Self::default() }
    }

    /// What is known of how near things lie.
    pub(super) fn locality(&self) -> &Arc<Locality> {
        &self.locality
    }

    /// Reads what windows left, as far as it is in one file, so that it is here when it is
    /// [gathered](Self::gather). What cannot be read is tried once more then.
    pub(super) fn read_ahead<'a>(&mut self, windows: impl Iterator<Item = Left<'a>>) {
        // What cannot be read is asked for again, alone.
        let _ = self.read(windows);
    }

    /// Appends the bytes of a window to `out`: those that it kept, and those that it left.
    pub(super) fn gather(&mut self, left: Left<'_>, out: &mut Vec<u8>) -> io::Result<()> {
        let window = match self.find(left) {
            Some(window) => window,
            None => {
                self.read(std::iter::once(left))?;
                self.find(left).ok_or(io::ErrorKind::UnexpectedEof)?
            }
        };
        out.reserve(left.chain.len());
        left.chain.kept_to(out);
        let range = window.begin..window.end;
        for (reference, &place) in self.references[range.clone()].iter().zip(&self.places[range]) {
            out.extend_from_slice(&self.bytes[place..place + reference.len()]);
        }
        Ok(())
    }

    fn find(&self, left: Left<'_>) -> Option<ReadWindow> {
        let is_here = self.capture.as_ref().is_some_and(|it| Arc::ptr_eq(it, left.capture));
        let last = left.chain.last_reference()?;
        self.windows.iter().find(|window| is_here && window.last == last).copied()
    }

    fn read<'a>(&mut self, windows: impl Iterator<Item = Left<'a>>) -> io::Result<()> {
        self.capture = None;
        self.windows.clear();
        self.references.clear();
        let mut file = None;
        for Left { chain, capture } in windows {
            if !Arc::ptr_eq(file.get_or_insert(capture), capture) {
                continue;
            }
            let begin = self.references.len();
            chain.references(&mut self.references);
            if let Some(&last) = self.references.last() {
                self.windows.push(ReadWindow { last, begin, end: self.references.len() });
            }
        }
        let Some(file) = file else { return Ok(()) };
        self.read_references(file)?;
        self.capture = Some(Arc::clone(file));
        Ok(())
    }

    fn read_references(&mut self, file: &File) -> io::Result<()> {
        self.sorted.clear();
        self.sorted.extend(self.references.iter().copied().zip(0..));
        // Each window's are in order already, of which a stable sort makes use.
        self.sorted.sort();
        self.places.clear();
        self.places.resize(self.references.len(), 0);
        let (mut filled, mut reads) = (0, 0);
        let mut rest = &self.sorted[..];
        while let Some(&(first, _)) = rest.first() {
            let (begin, mut end) = (first.position(), first.end());
            let together = rest.iter().take_while(|(next, _)| {
                let is_near = next.position() <= end + MAX_GAP && next.end() <= begin + AT_ONCE;
                end = end.max(if is_near { next.end() } else { 0 });
                is_near
            });
            let (now, later) = rest.split_at(together.count().max(1));
            let len = (end - begin) as usize;
            if self.bytes.len() < filled + len {
                self.bytes.resize(filled + len, 0);
            }
            read_again(file, &mut self.bytes[filled..filled + len], begin)?;
            reads += 1;
            for &(reference, number) in now {
                self.places[number] = filled + (reference.position() - begin) as usize;
            }
            filled += len;
            rest = later;
        }
        self.locality.note(self.references.len(), reads);
        Ok(())
    }
}
