//! The bytes of a finished stream, wherever they are.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// How much is read of a file at a time.
const CHUNK: usize = 256 * 1024;

/// All bytes of a stream as they were stored; holes read as zeros.
#[derive(Debug)]
pub enum Content<'a> {
    /// Still in memory.
    Memory(&'a [u8]),
    /// In a file of this many bytes.
    File(&'a File, u64),
}

impl Content<'_> {
    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(_, len) => *len,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls `take` with all bytes, in order and in large pieces. A file is read once, through a
    /// buffer of fixed size, however long it is.
    pub fn for_each_chunk(&mut self, take: impl FnMut(&[u8])) -> io::Result<()> {
        self.for_each_chunk_from(0, take)
    }

    /// The same, without the bytes before `position`.
    pub fn for_each_chunk_from(
        &mut self,
        position: u64,
        mut take: impl FnMut(&[u8]),
    ) -> io::Result<()> {
        match self {
            Self::Memory(bytes) => {
                let start = position.min(bytes.len() as u64) as usize;
                take(bytes.get(start..).unwrap_or_default());
            }
            Self::File(file, len) => {
                let mut position = position;
                let rest = len.saturating_sub(position);
                let mut buffer = vec![0; rest.min(CHUNK as u64) as usize];
                while position < *len {
                    let wanted = buffer.len().min((*len - position) as usize);
                    file.read_exact_at(&mut buffer[..wanted], position)?;
                    take(&buffer[..wanted]);
                    position += wanted as u64;
                }
            }
        }
        Ok(())
    }
}
