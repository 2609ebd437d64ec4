//! A stretch of a capture in memory, held by several at once: by whoever reads the capture, and by
//! files that have yet to write parts of it. As long as somebody else holds it, its bytes stay.

use std::ops::Range;
use std::sync::Arc;

use crate::sys::memory::LARGE;

/// Bytes that may be held by others.
#[derive(Clone, Debug)]
pub struct Chunk(Arc<Vec<u8>>);

impl Chunk {
    /// So many zeros, held by nobody else.
    pub fn new(len: usize) -> Self {
        // Large memory comes as zeros, and takes nothing as long as it is not touched; what is less
        // would be cleared.
        let mut bytes = vec![0; len.max(LARGE)];
        bytes.truncate(len);
        Self(Arc::new(bytes))
    }

    /// All bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes to be changed, unless somebody else holds them.
    pub fn bytes_mut(&mut self) -> Option<&mut Vec<u8>> {
        Arc::get_mut(&mut self.0)
    }

    /// The bytes to be changed; a copy of them if somebody else holds them.
    pub fn bytes_to_change(&mut self) -> &mut Vec<u8> {
        Arc::make_mut(&mut self.0)
    }

    /// Where in it `part` lies, unless that is empty or lies somewhere else.
    #[inline]
    pub fn range_of(&self, part: &[u8]) -> Option<Range<usize>> {
        // What lies before it is further behind it than there is memory.
        let start = part.as_ptr().addr().wrapping_sub(self.0.as_ptr().addr());
        let is_in_it = start < self.0.len() && part.len() <= self.0.len() - start;
        (is_in_it && !part.is_empty()).then(|| start..start + part.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_and_nothing_else() {
        let (chunk, other) = (Chunk::new(10), Chunk::new(10));
        assert_eq!(chunk.range_of(&chunk.bytes()[3..7]), Some(3..7));
        assert_eq!(chunk.range_of(chunk.bytes()), Some(0..10));
        assert_eq!(chunk.range_of(&chunk.bytes()[4..4]), None);
        assert_eq!(chunk.range_of(other.bytes()), None);
        assert_eq!(other.range_of(chunk.bytes()), None);
    }

    #[test]
    fn what_others_hold_is_not_changed() {
        let mut chunk = Chunk::new(2);
        let held = chunk.clone();
        assert!(chunk.bytes_mut().is_none());
        chunk.bytes_to_change()[0] = 7;
        assert_eq!((held.bytes(), chunk.bytes()), (&[0, 0][..], &[7, 0][..]));
        assert!(chunk.bytes_mut().is_some());
    }
}
