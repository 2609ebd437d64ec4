//! One file being written: what waits in memory, and what is on disk. [How it ends](super::finish)
//! is another matter.

use std::fs::{File, FileTimes};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, PoisonError};

use super::blocks::Blocks;
use super::create::Creation;
use super::naming::NameHash;
use super::pending::PendingBytes;
use super::store::{FileId, LoanId};
use super::tools::Tools;
use super::write_behind::{self, SharedHashes};
use crate::messages::Messages;
use crate::scan::RunningHashes;
use crate::sparse;
use crate::sys::cache;
use crate::time::Timestamp;

/// A file being written. Belongs to a [`FileStore`](super::FileStore) until it is complete; to
/// finish it needs nothing of the store, so that another thread may do it. Then nothing of it is on
/// the way any more.
#[derive(Debug)]
#[repr(C)] // What every payload needs lies together.
pub struct StoredFile {
    pub(super) pending: PendingBytes,
    /// Room before the beginning, of the file as of the window, that was made and may be needed: all
    /// positions in them are so much higher than in the stream.
    pub(super) lead: u64,
    /// The position behind the last byte written to the file.
    pub(super) written: u64,
    /// It cannot be written; that was told.
    pub(super) failed: bool,
    /// It takes on payloads where they are, if it can, without a window.
    pub(super) takes_on: bool,
    /// What it has taken on so.
    pub(super) loan: Option<LoanId>,
    /// Writes that were handed over and are not known to be done.
    pub(super) on_the_way: u32,
    /// Whether a window may be among them.
    pub(super) is_window_on_the_way: bool,
    /// Where the window ended when it was last looked at because memory was scarce.
    pub(super) looked_at: u64,
    /// The position behind the last bytes that were written past the window.
    pub(super) written_apart: u64,
    /// The open file, which others may be writing to as well.
    pub(super) handle: Option<Arc<File>>,
    /// When it was last written to, by the store's count of writes.
    pub(super) last_write: u64,
    pub(super) hashes: Option<SharedHashes>,
    /// What of the stream lies beyond is cut off at the end.
    pub(super) limit: Option<u64>,
    /// Blocks that are not used any more.
    pub(super) spent: Blocks,
    /// The index that is written beside it.
    pub(super) index: Option<FileId>,
    /// Stands for its name, if it is a flow's.
    pub(super) name: Option<NameHash>,
    /// The modification time it gets when it is finished.
    pub(super) stamp: Option<Timestamp>,
    /// The open file, if it was opened only to be finished.
    pub(super) opened_to_finish: Option<File>,
    /// The capture in which bytes of the window were left; only while the file is not in a store.
    pub(super) capture: Option<Arc<File>>,
    /// `None` while another thread opens it.
    pub(super) creation: Option<Creation>,
}

impl StoredFile {
    pub(super) fn new(
        creation: Creation,
        stamp: Option<Timestamp>,
        hashes: Option<RunningHashes>,
    ) -> Self {
        Self {
            creation: Some(creation),
            name: None,
            index: None,
            stamp,
            pending: PendingBytes::default(),
            spent: Blocks::default(),
            lead: 0,
            limit: None,
            written: 0,
            written_apart: 0,
            handle: None,
            looked_at: 0,
            last_write: 0,
            on_the_way: 0,
            is_window_on_the_way: false,
            hashes: hashes.map(|hashes| Arc::new(Mutex::new(hashes))),
            failed: false,
            takes_on: false,
            loan: None,
            capture: None,
            opened_to_finish: None,
        }
    }

    /// Brings near the processor what every payload needs.
    #[inline]
    pub(super) fn bring_near(&self) {
        cache::bring_near(&self.pending);
        cache::bring_near(&self.written);
    }

    /// Bytes of memory that wait to be written.
    pub fn memory(&self) -> usize {
        self.pending.memory()
    }

    /// How many bytes the file has already.
    pub fn written_len(&self) -> usize {
        usize::try_from(self.written).unwrap_or(usize::MAX)
    }

    /// Writes the window to the file, which must be open, and hashes it. The window must be in one
    /// piece.
    pub(super) fn write_pending(&mut self) -> io::Result<()> {
        self.hash_pending();
        if let Some(file) = self.file()
            && !self.pending.is_empty()
        {
            let position = self.pending.start();
            sparse::write_at(file, self.pending.whole(), position, self.written)?;
            self.written = self.written.max(self.pending.end());
        }
        Ok(())
    }

    /// What is stored from `position` on moves or is written again.
    pub(super) fn invalidate_hashes(&self, position: u64) {
        if let Some(hashes) = &self.hashes {
            hashes.lock().unwrap_or_else(PoisonError::into_inner).invalidate_from(position);
        }
    }

    /// What is stored has another place in the file than in the stream.
    pub(super) fn give_up_hashes(&self) {
        if let Some(hashes) = &self.hashes {
            hashes.lock().unwrap_or_else(PoisonError::into_inner).give_up();
        }
    }

    /// Takes note that the file cannot be written, and tells it once.
    pub(super) fn fail(&mut self, error: io::Error, messages: &Messages) {
        if !self.failed {
            self.failed = true;
            self.close();
            match &self.creation {
                Some(creation) => messages.file_error(creation.display(), error),
                // Only if the thread that was to open it is gone.
                None => messages.file_error("a flow file", error),
            }
        }
    }

    /// Whether the file need not be made as long as its bytes fit in memory.
    pub(super) fn is_scratch(&self) -> bool {
        self.creation.as_ref().is_some_and(Creation::is_scratch)
    }

    /// Opens the file, or makes it, if it is not open; to be finished.
    pub(super) fn open(&mut self, tools: &Tools) -> io::Result<()> {
        if self.file().is_none()
            && !self.failed
            && let Some(creation) = &mut self.creation
        {
            self.opened_to_finish = Some(creation.open(&tools.namer)?);
        }
        Ok(())
    }

    /// The file, if it is open.
    pub(super) fn file(&self) -> Option<&File> {
        self.handle.as_deref().or(self.opened_to_finish.as_ref())
    }

    /// Gives up the open file.
    pub(super) fn close(&mut self) {
        (self.handle, self.opened_to_finish) = (None, None);
    }

    /// Hashes the window, which must be in one piece.
    pub(super) fn hash_pending(&mut self) {
        if let Some(hashes) = &self.hashes
            && !self.pending.is_empty()
        {
            write_behind::update(hashes, self.pending.start(), self.pending.whole());
        }
    }
}

/// What is said of a file that somebody removed while it was open, so that what was written to it
/// is lost.
pub const REMOVED: &str = "removed while it was being written";

/// Whether an open file has no name any more.
pub fn is_removed(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.nlink() == 0)
}

/// Gives an open file the times of its first packet.
pub(super) fn stamp(file: &File, time: Option<Timestamp>) -> io::Result<()> {
    let Some(time) = time else { return Ok(()) };
    let time = time.to_system_time();
    file.set_times(FileTimes::new().set_accessed(time).set_modified(time))
}
