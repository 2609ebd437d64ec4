//! Opens files, and keeps as many open as may be: descriptors are a cache.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::{FileId, FileStore};
use crate::output::create;
use crate::output::write_behind::Target;

/// A descriptor is given up for another file's once so many times as many writes as there are
/// descriptors have passed since it was used. If all are in use more often than that, the other
/// file is opened for its write alone: of files written in turns, those that have a descriptor
/// keep it, rather than each losing it just before its turn.
const IDLE_ROUNDS: u64 = 4;

impl FileStore {
    /// What to write the file's window to: it is made if need be, and opened if a descriptor is to
    /// be had.
    pub(super) fn target(&mut self, id: FileId) -> io::Result<Target> {
        self.writes += 1;
        let Some(file) = &mut self.files[id.index()] else {
            return Err(io::ErrorKind::NotFound.into());
        };
        file.last_write = self.writes;
        let is_full = file.handle.is_none() && self.open.len() >= self.limits.descriptors;
        if is_full && !self.has_idle_descriptor() {
            let made = self.files[id.index()].as_ref().and_then(|file| file.creation.made());
            return match made {
                Some((path, folder)) => Ok(Target::Closed(path.to_owned(), Arc::clone(folder))),
                None => self.open_file(id).map(Target::Open),
            };
        }
        self.ensure_open(id);
        let file = self.files[id.index()].as_ref();
        file.and_then(|file| file.handle.clone())
            .map(Target::Open)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Whether the descriptor used least recently is not likely to be used soon.
    fn has_idle_descriptor(&self) -> bool {
        let oldest = self.open.oldest().and_then(|slot| self.files[slot as usize].as_ref());
        oldest
            .is_none_or(|file| self.writes - file.last_write > IDLE_ROUNDS * self.open.len() as u64)
    }

    /// Opens the file, or makes it, unless it is open or has failed.
    pub(super) fn ensure_open(&mut self, id: FileId) {
        let Some(file) = &self.files[id.index()] else { return };
        if file.failed {
            return;
        }
        if file.handle.is_none() {
            while self.open.len() >= self.limits.descriptors {
                self.close_oldest();
            }
            match self.open_file(id) {
                Ok(handle) => {
                    if let Some(file) = &mut self.files[id.index()] {
                        file.handle = Some(handle);
                    }
                }
                Err(error) => return self.fail(id, error),
            }
        }
        self.open.touch(id.slot());
    }

    /// Opens the file, or makes it. Descriptors may be scarcer than the limit says.
    fn open_file(&mut self, id: FileId) -> io::Result<Arc<File>> {
        loop {
            let Some(file) = &mut self.files[id.index()] else {
                return Err(io::ErrorKind::NotFound.into());
            };
            match file.creation.open() {
                Err(error) if create::too_many_open(&error) && self.open.len() > 0 => {
                    self.close_oldest();
                }
                outcome => return outcome.map(Arc::new),
            }
        }
    }

    /// Closes the descriptor used least recently. The file gets its times when it is finished.
    fn close_oldest(&mut self) {
        let Some(oldest) = self.open.oldest() else { return };
        self.open.remove(oldest);
        if let Some(file) = &mut self.files[oldest as usize] {
            file.handle = None;
        }
    }
}
