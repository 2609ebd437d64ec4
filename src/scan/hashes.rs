//! Hashes of a stream, computed while its bytes pass.
//!
//! Bytes that arrive in order are hashed on their way to the file, by all algorithms wanted. Behind
//! a byte that was skipped they are not; at the end the rest is read back, once for all of them. Once
//! a byte that was hashed is written again the hash is worth nothing, and all is read back.

use std::io;

use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

use super::Content;

/// A way to hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RFC 1321
    Md5,
    /// FIPS 180-4
    Sha1,
    /// FIPS 180-4
    Sha256,
}

/// Which algorithms are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Algorithms {
    /// [`Algorithm::Md5`]
    pub md5: bool,
    /// [`Algorithm::Sha1`]
    pub sha1: bool,
    /// [`Algorithm::Sha256`]
    pub sha256: bool,
}

/// The hashes of one stream, not finished yet.
#[derive(Debug)]
pub struct RunningHashes {
    /// How many bytes passed in order.
    position: u64,
    /// Whether one of these bytes was written again.
    broken: bool,
    /// In the order of [`Algorithms::wanted`].
    states: Box<[State]>,
}

/// A hash of a finished stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hash {
    /// How it was computed.
    pub algorithm: Algorithm,
    /// Its bytes.
    pub digest: Vec<u8>,
}

/// An algorithm at work.
#[derive(Debug)]
enum State {
    Md5(Md5),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Algorithm {
    /// The name that reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }
}

impl Algorithms {
    /// Those that are wanted, in the order in which reports name them.
    pub fn wanted(self) -> impl Iterator<Item = Algorithm> {
        [(self.md5, Algorithm::Md5), (self.sha1, Algorithm::Sha1), (self.sha256, Algorithm::Sha256)]
            .into_iter()
            .filter_map(|(wanted, algorithm)| wanted.then_some(algorithm))
    }

    /// Whether nothing is to be hashed.
    pub fn is_empty(self) -> bool {
        self.wanted().next().is_none()
    }
}

impl RunningHashes {
    /// Hashes of a stream of which nothing has passed yet.
    pub fn new(algorithms: Algorithms) -> Self {
        let states = algorithms.wanted().map(State::new).collect();
        Self { position: 0, broken: false, states }
    }

    /// `bytes` were stored at `position` of the stream.
    pub fn update(&mut self, position: u64, bytes: &[u8]) {
        self.broken |= position < self.position;
        if position == self.position && !self.broken {
            self.hash(bytes);
            self.position += bytes.len() as u64;
        }
    }

    /// Bytes from `position` on moved, or were written again.
    pub fn invalidate_from(&mut self, position: u64) {
        self.broken |= position < self.position;
    }

    /// Bytes will pass that are not the stream's: the whole content must be read in the end.
    pub fn give_up(&mut self) {
        self.broken = true;
    }

    /// The hashes of `content`, which is all that was stored. Reads it only if its bytes did not
    /// pass in order.
    pub fn finish(mut self, content: &mut Content<'_>) -> io::Result<Vec<Hash>> {
        if self.broken || self.position > content.len() {
            for state in &mut self.states {
                *state = State::new(state.algorithm());
            }
            self.position = 0;
        }
        content.for_each_chunk_from(self.position, |chunk| self.hash(chunk))?;
        Ok(self.states.into_iter().map(State::finish).collect())
    }

    fn hash(&mut self, bytes: &[u8]) {
        for state in &mut self.states {
            state.update(bytes);
        }
    }
}

impl State {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Md5 => Self::Md5(Md5::new()),
            Algorithm::Sha1 => Self::Sha1(Sha1::new()),
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
        }
    }

    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Md5(_) => Algorithm::Md5,
            Self::Sha1(_) => Algorithm::Sha1,
            Self::Sha256(_) => Algorithm::Sha256,
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(state) => state.update(bytes),
            Self::Sha1(state) => state.update(bytes),
            Self::Sha256(state) => state.update(bytes),
        }
    }

    fn finish(self) -> Hash {
        let algorithm = self.algorithm();
        let digest = match self {
            Self::Md5(state) => state.finalize().to_vec(),
            Self::Sha1(state) => state.finalize().to_vec(),
            Self::Sha256(state) => state.finalize().to_vec(),
        };
        Hash { algorithm, digest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MD5_ONLY: Algorithms = Algorithms { md5: true, sha1: false, sha256: false };
    const ALL: Algorithms = Algorithms { md5: true, sha1: true, sha256: true };

    /// Each hash as in a report.
    fn hashes(algorithms: Algorithms, updates: &[(u64, &[u8])], content: &[u8]) -> Vec<String> {
        let mut running = RunningHashes::new(algorithms);
        for (position, bytes) in updates {
            running.update(*position, bytes);
        }
        let hashes = running.finish(&mut Content::Memory(content)).unwrap();
        let hex = |hash: &Hash| -> String {
            hash.digest.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        hashes.iter().map(|hash| format!("{} {}", hash.algorithm.name(), hex(hash))).collect()
    }

    /// The examples that the algorithms' standards give.
    #[test]
    fn hashes_are_those_of_the_standards() {
        let expected = [
            "MD5 900150983cd24fb0d6963f7d28e17f72",
            "SHA1 a9993e364706816aba3e25717850c26c9cd0d89d",
            "SHA256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ];
        assert_eq!(hashes(ALL, &[(0, b"abc")], b"abc"), expected);
        assert_eq!(hashes(MD5_ONLY, &[(0, b"abc")], b"abc"), expected[..1]);
        let sha256 = Algorithms { sha256: true, ..Algorithms::default() };
        assert_eq!(hashes(sha256, &[], b"abc"), expected[2..]);
        assert_eq!(hashes(Algorithms::default(), &[], b"abc"), expected[..0]);
    }

    #[test]
    fn any_order_of_updates_gives_the_hashes_of_the_content() {
        let expected = hashes(ALL, &[], b"abcdef");
        for updates in [
            [(0, &b"abc"[..]), (3, b"def")],
            [(3, b"def"), (0, b"abc")],
            [(0, b"abx"), (2, b"cdef")],
            [(0, b"ab"), (2, b"c")],
        ] {
            assert_eq!(hashes(ALL, &updates, b"abcdef"), expected, "{updates:?}");
        }
    }
}
