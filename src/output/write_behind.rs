//! Writes windows of growing files on a thread of its own, so that the packet loop reads on
//! meanwhile.
//!
//! Writes are done in the order in which they were handed over. What waits is bounded: beyond the
//! bound whoever has more to write waits. Whoever wants to read a file, or to write to it past this
//! thread, must wait for it first.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use super::folder::OutputFolder;
use super::store::FileId;
use crate::scan::RunningHashes;
use crate::sparse;

/// Bytes that may wait to be written.
const MAX_WAITING_BYTES: usize = 4 << 20;

/// With so many bytes waiting the thread has enough to do. Of several large streams some are then
/// written, and hashed, by the packet loop itself.
const ENOUGH_BYTES: usize = 1 << 20;

/// Writes that may wait to be done.
const MAX_WAITING: usize = 1024;

/// Hashes of a file that grows, handed to whoever writes its bytes.
pub(super) type SharedHashes = Arc<Mutex<RunningHashes>>;

/// Bytes on their way to a file.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) id: FileId,
    pub(super) target: Target,
    /// Where in the file they belong.
    pub(super) start: u64,
    /// Where the file ends when they arrive.
    pub(super) empty_from: u64,
    pub(super) bytes: Vec<u8>,
    /// What is to be told of them.
    pub(super) hashes: Option<SharedHashes>,
}

/// The file to write to.
#[derive(Debug)]
pub(super) enum Target {
    Open(Arc<File>),
    /// It is there, but no descriptor could be kept for it.
    Closed(PathBuf, Arc<OutputFolder>),
}

/// A write that was done.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) id: FileId,
    pub(super) result: io::Result<()>,
    /// What was written, of use for its memory.
    pub(super) bytes: Vec<u8>,
}

/// The near end of the thread.
#[derive(Debug)]
pub(super) struct WriteBehind {
    /// `None` only while it is dropped.
    jobs: Option<Sender<Write>>,
    done: Receiver<Written>,
    thread: Option<JoinHandle<()>>,
    waiting: usize,
    waiting_bytes: usize,
}

impl WriteBehind {
    /// Starts the thread, if there can be one.
    pub(super) fn start() -> Option<Self> {
        let (jobs, to_do) = channel::<Write>();
        let (tell, done) = channel();
        let thread = Builder::new()
            .name("writer".to_owned())
            .spawn(move || {
                for write in to_do {
                    if tell.send(write.run()).is_err() {
                        return;
                    }
                }
            })
            .ok()?;
        Some(Self { jobs: Some(jobs), done, thread: Some(thread), waiting: 0, waiting_bytes: 0 })
    }

    /// Takes a write on; gives it back if the thread is gone.
    pub(super) fn begin(&mut self, write: Write) -> Result<(), Write> {
        let len = write.bytes.len();
        let Some(jobs) = &self.jobs else { return Err(write) };
        jobs.send(write).map_err(|refused| refused.0)?;
        self.waiting += 1;
        self.waiting_bytes += len;
        Ok(())
    }

    /// Whether something must be written before more is handed over.
    pub(super) fn is_full(&self) -> bool {
        self.waiting >= MAX_WAITING || self.waiting_bytes >= MAX_WAITING_BYTES
    }

    /// Whether the thread will have something to do for a while.
    pub(super) fn is_busy(&self) -> bool {
        self.waiting_bytes >= ENOUGH_BYTES
    }

    /// A write that has been done since the last question.
    pub(super) fn poll(&mut self) -> Option<Written> {
        if self.waiting == 0 {
            return None;
        }
        let written = self.done.try_recv().ok()?;
        Some(self.note(written))
    }

    /// Waits for the next write to be done; `None` if there is none, or the thread is gone.
    pub(super) fn wait(&mut self) -> Option<Written> {
        if self.waiting == 0 {
            return None;
        }
        let written = self.done.recv().ok()?;
        Some(self.note(written))
    }

    fn note(&mut self, written: Written) -> Written {
        self.waiting -= 1;
        self.waiting_bytes -= written.bytes.len();
        written
    }
}

impl Drop for WriteBehind {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Write {
    /// Does it.
    pub(super) fn run(self) -> Written {
        let Self { id, target, start, empty_from, bytes, hashes } = self;
        if let Some(hashes) = &hashes {
            update(hashes, start, &bytes);
        }
        let result = match target {
            Target::Open(file) => sparse::write_at(&file, &bytes, start, empty_from),
            Target::Closed(path, folder) => folder
                .open_again(&path)
                .and_then(|file| sparse::write_at(&file, &bytes, start, empty_from)),
        };
        Written { id, result, bytes }
    }
}

/// Tells `hashes` of bytes that are written.
pub(super) fn update(hashes: &SharedHashes, start: u64, bytes: &[u8]) {
    // A panic in between leaves hashes of too few bytes, which are found out at the end.
    hashes.lock().unwrap_or_else(PoisonError::into_inner).update(start, bytes);
}
