//! Streams that are hashed but not kept: `-FM` with `-FX` or on the console.
//!
//! Bytes may arrive in any order and be overwritten, so a stream must be whole before its hash is
//! known. It gathers like a flow file; only one too large for memory is written to a folder of
//! temporary files, which goes away with the program.

use std::io;

use tempfile::TempDir;

use super::create::Creation;
use super::store::{FileId, FileStore};
use crate::scan::{Algorithms, Content, RunningHashes};

/// Streams being hashed.
#[derive(Debug)]
pub struct ScratchStreams {
    store: FileStore,
    hashes: Algorithms,
    folder: TempDir,
    made: u64,
}

impl ScratchStreams {
    /// Streams in `store`, which must not be shared, to be hashed by these algorithms.
    pub fn new(store: FileStore, hashes: Algorithms) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("tcpflow-").tempdir()?;
        Ok(Self { store, hashes, folder, made: 0 })
    }

    /// Stores a payload; `stream` is made with the first one.
    pub fn payload(&mut self, stream: &mut Option<FileId>, position: u64, payload: &[u8]) {
        let id = *stream.get_or_insert_with(|| {
            self.made += 1;
            let path = self.folder.path().join(self.made.to_string());
            let hashes = RunningHashes::new(self.hashes);
            self.store.add(Creation::Scratch(path), None, Some(hashes))
        });
        self.store.put(id, position, payload);
    }

    /// How many of these bytes differ from those stored at `position`.
    pub fn differing(&mut self, stream: FileId, position: u64, again: &[u8]) -> u64 {
        self.store.differing(stream, position, again)
    }

    /// Moves everything stored up by `distance`.
    pub fn move_up(&mut self, stream: Option<FileId>, distance: u64) {
        if let Some(id) = stream {
            self.store.move_up(id, distance, None);
        }
    }

    /// Bytes of memory that streams take besides what their store may keep of their bytes.
    pub fn memory(&self) -> u64 {
        self.store.memory()
    }

    /// Closes a stream after `inspect` has looked at its bytes, and forgets them.
    pub fn close<T>(
        &mut self,
        stream: FileId,
        inspect: impl FnOnce(Content<'_>, Option<RunningHashes>) -> io::Result<T>,
    ) -> Option<T> {
        let closed = self.store.close(stream, |_, content, hashes| inspect(content, hashes))?;
        if closed.on_disk {
            let _ = std::fs::remove_file(&closed.path);
        }
        Some(closed.findings)
    }
}
