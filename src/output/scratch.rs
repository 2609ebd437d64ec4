//! Streams that are hashed but not kept: `-FM` with `-FX` or on the console.
//!
//! Bytes may arrive in any order and be overwritten, so a stream must be whole before its hash is
//! known. It gathers like a flow file; only one too large for memory is written to a folder of
//! temporary files, which goes away with the program.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tempfile::TempDir;

use super::create::Creation;
use super::store::{FileId, FileStore};
use crate::scan::{Algorithms, Content, RunningHashes};

/// Streams being hashed.
#[derive(Debug)]
pub struct ScratchStreams {
    store: FileStore,
    hashes: Algorithms,
    folder: Arc<ScratchFolder>,
    made: u64,
}

/// The folder of all scratch files of a run. It is made with the first of them and not before: by
/// then privileges have been given up, and it belongs to whoever writes the file.
#[derive(Debug, Default)]
struct ScratchFolder(OnceLock<TempDir>);

impl ScratchFolder {
    fn path(&self) -> io::Result<&Path> {
        if self.0.get().is_none() {
            // If two threads make one each, that of the slower goes away here.
            let made = tempfile::Builder::new().prefix("tcpflow-").tempdir();
            let _ = self.0.set(made.map_err(without_path)?);
        }
        self.0.get().map(TempDir::path).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// The crate's errors name a path that nobody has heard of.
fn without_path(error: io::Error) -> io::Error {
    let cause = error.get_ref().and_then(|inner| inner.source());
    let number = cause.and_then(|it| it.downcast_ref::<io::Error>()?.raw_os_error());
    number.map_or(error.kind().into(), io::Error::from_raw_os_error)
}

/// A file that is only made if its stream does not fit in memory.
#[derive(Debug)]
pub struct ScratchFile {
    folder: Arc<ScratchFolder>,
    number: u64,
    /// Where it is, once it was made; before, where its folder will be.
    path: PathBuf,
}

impl ScratchFile {
    /// Where it is, once it was made; before, where its folder will be.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The same, for when the file is closed.
    pub(super) fn into_path(self) -> PathBuf {
        self.path
    }

    /// Opens the file, or makes it. Its folder is the program's own, and nobody else's to enter.
    pub(super) fn open(&mut self) -> io::Result<File> {
        self.path = self.folder.path()?.join(self.number.to_string());
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&self.path)
    }
}

impl ScratchStreams {
    /// Streams in `store`, which must not be shared, to be hashed by these algorithms.
    pub fn new(store: FileStore, hashes: Algorithms) -> Self {
        Self { store, hashes, folder: Arc::default(), made: 0 }
    }

    /// Stores a payload; `stream` is made with the first one.
    pub fn payload(&mut self, stream: &mut Option<FileId>, position: u64, payload: &[u8]) {
        let id = *stream.get_or_insert_with(|| {
            self.made += 1;
            let (folder, number) = (Arc::clone(&self.folder), self.made);
            let file = ScratchFile { folder, number, path: std::env::temp_dir() };
            let hashes = RunningHashes::new(self.hashes);
            self.store.add(Creation::Scratch(file), None, Some(hashes))
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
