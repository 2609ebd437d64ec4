//! Hashes of a stream, computed while its bytes pass.
//!
//! Bytes that arrive in order are hashed on their way to the file. Once a byte was skipped or
//! written again the hash of what passed is worth nothing, and the file is read back at the end.

use std::io;

use md5::{Digest, Md5};

use super::Content;

/// The hashes of one stream, not finished yet.
#[derive(Debug, Default)]
pub struct RunningHashes {
    /// How many bytes passed in order.
    position: u64,
    /// Whether a byte was skipped or written again.
    broken: bool,
    md5: Md5,
}

/// The hashes of a finished stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashes {
    /// MD5 (RFC 1321).
    pub md5: [u8; 16],
}

impl RunningHashes {
    /// `bytes` were stored at `position` of the stream.
    pub fn update(&mut self, position: u64, bytes: &[u8]) {
        if position != self.position {
            self.broken = true;
        }
        if !self.broken {
            self.md5.update(bytes);
            self.position += bytes.len() as u64;
        }
    }

    /// Everything stored so far moved.
    pub fn invalidate(&mut self) {
        self.broken = true;
    }

    /// The hashes of `content`, which is all that was stored. Reads it only if its bytes did not
    /// pass in order.
    pub fn finish(self, content: &mut Content<'_>) -> io::Result<Hashes> {
        let mut md5 = self.md5;
        if self.broken || self.position != content.len() {
            md5 = Md5::new();
            content.for_each_chunk(|chunk| md5.update(chunk))?;
        }
        Ok(Hashes { md5: md5.finalize().into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(updates: &[(u64, &[u8])], content: &[u8]) -> [u8; 16] {
        let mut running = RunningHashes::default();
        for (position, bytes) in updates {
            running.update(*position, bytes);
        }
        running.finish(&mut Content::Memory(content)).unwrap().md5
    }

    #[test]
    fn any_order_of_updates_gives_the_hash_of_the_content() {
        let expected: [u8; 16] = Md5::digest(b"abcdef").into();
        assert_eq!(hash(&[(0, b"abc"), (3, b"def")], b"abcdef"), expected);
        assert_eq!(hash(&[(3, b"def"), (0, b"abc")], b"abcdef"), expected);
        assert_eq!(hash(&[(0, b"abx"), (2, b"cdef")], b"abcdef"), expected);
        assert_eq!(hash(&[(0, b"abc")], b"abcdef"), expected);
    }
}
