//! Opens files, and keeps as many open as may be: descriptors are a cache.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::{FileId, FileStore};
use crate::output::create::{self, Creation};
use crate::output::write_behind::Target;

/// A descriptor may be given up for another file's once this many writes for each open file have
/// passed since it was used. If all are used more often than that, the other file is opened for its
/// write alone: of files written in turns, those that have a descriptor
/// keep it, rather than each losing it just before its turn.
const IDLE_ROUNDS: u64 = 4;

impl FileStore {
    /// What to write the file's window to; opening the file, or making it, is left to whoever
    /// writes. `None` if there is no such file, or it is being opened.
    pub(super) fn target(&mut self, id: FileId) -> Option<Target> {
        self.writes += 1;
        let writes = self.writes;
        let file = self.files[id.index()].as_mut()?;
        file.last_write = writes;
        if let Some(handle) = &file.handle {
            let target = Target::Open(Arc::clone(handle));
            self.open.touch(id.slot());
            return Some(target);
        }
        let stays_open = self.held() < self.limits.descriptors || self.has_idle_descriptor();
        if stays_open {
            self.make_room();
            self.opening += 1;
        }
        let creation = self.files[id.index()].as_mut()?.creation.take()?;
        Some(Target::Closed { creation, stays_open })
    }

    /// Takes back a file that was to be opened.
    pub(super) fn opened(
        &mut self,
        id: FileId,
        creation: Creation,
        stays_open: bool,
        handle: Option<Arc<File>>,
    ) {
        self.opening -= usize::from(stays_open);
        let Some(file) = &mut self.files[id.index()] else { return };
        file.creation = Some(creation);
        if handle.is_some() && !file.failed {
            file.handle = handle;
            self.open.touch(id.slot());
        }
    }

    /// How many descriptors are in use, or will be at once.
    pub(super) fn held(&self) -> usize {
        self.open.len() + self.opening
    }

    /// Closes descriptors until one more may be held.
    fn make_room(&mut self) {
        while self.held() >= self.limits.descriptors && self.open.len() > 0 {
            self.close_oldest();
        }
    }

    /// Whether the descriptor used least recently is not likely to be used soon.
    fn has_idle_descriptor(&self) -> bool {
        let oldest = self.open.oldest().and_then(|slot| self.files[slot as usize].as_ref());
        oldest.is_some_and(|file| {
            self.writes - file.last_write > IDLE_ROUNDS * self.open.len() as u64
        })
    }

    /// Opens the file, or makes it, unless it is open or has failed. Nothing of it may be on the
    /// way.
    pub(super) fn ensure_open(&mut self, id: FileId) {
        let Some(file) = &self.files[id.index()] else { return };
        if file.failed {
            return;
        }
        if file.handle.is_none() {
            self.make_room();
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
            let file = self.files[id.index()].as_mut();
            let Some(creation) = file.and_then(|file| file.creation.as_mut()) else {
                return Err(io::ErrorKind::NotFound.into());
            };
            match creation.open(&self.tools.namer) {
                Err(error) if create::too_many_open(&error) && self.open.len() > 0 => {
                    self.close_oldest();
                }
                outcome => return outcome.map(Arc::new),
            }
        }
    }

    /// Closes the descriptor used least recently. The file gets its times when it is finished.
    ///
    /// What is on its way to the file would keep the descriptor open, and is waited for: most likely
    /// it was written long ago.
    fn close_oldest(&mut self) {
        let Some(oldest) = self.open.oldest() else { return };
        self.settle(FileId::of_slot(oldest));
        self.open.remove(oldest);
        if let Some(file) = &mut self.files[oldest as usize] {
            file.handle = None;
        }
    }
}
