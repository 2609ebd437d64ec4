//! Writes windows of growing files on a thread of its own, so that the packet loop reads on
//! meanwhile, and opens or makes the files for it.
//!
//! Writes are done in the order in which they were handed over. What waits is bounded: beyond the
//! bound whoever has more to write waits, or does it itself. Whoever wants to read a file, or to
//! write to it past this thread, must wait for it first.

use std::fs::File;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::vec;

use super::create::Creation;
use super::left::Left;
use super::pending::Gathered;
use super::store::FileId;
use super::tools::Tools;
use crate::scan::RunningHashes;
use crate::sparse;

/// Bytes that may wait to be written.
const MAX_WAITING_BYTES: usize = 4 << 20;

/// With so many bytes waiting the thread has enough to do. Of several large streams some are then
/// written, and hashed, by the packet loop itself.
const ENOUGH_BYTES: usize = 1 << 20;

/// Writes that may wait to be done.
const MAX_WAITING: usize = 1024;

/// With so many of them waiting the thread has enough to do, however small they are.
const ENOUGH: usize = 512;

/// Small writes that are handed over together: to wake the thread for each costs as much as to do
/// it.
const BATCH: usize = 32;

/// As many bytes are handed over at once.
const BATCH_BYTES: usize = 64 * 1024;

/// Hashes of a file that grows, handed to whoever writes its bytes.
pub(super) type SharedHashes = Arc<Mutex<RunningHashes>>;

/// Bytes on their way to a file.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) id: FileId,
    pub(super) target: Target,
    /// Where in the file they belong, unless they say so themselves.
    pub(super) start: u64,
    /// Where the file ends when they arrive.
    pub(super) empty_from: u64,
    pub(super) bytes: Gathered,
    /// The capture that they were left in, if they were.
    pub(super) capture: Option<Arc<File>>,
    /// What is to be told of them; not of those that are lent.
    pub(super) hashes: Option<SharedHashes>,
}

/// The file to write to.
#[derive(Debug)]
pub(super) enum Target {
    Open(Arc<File>),
    /// It is to be opened, or made, and stays open only if there are descriptors enough.
    Closed {
        creation: Creation,
        stays_open: bool,
    },
}

/// A write that was done, or could not be.
#[derive(Debug)]
pub(super) struct Written {
    /// What was to be written, and where. A file that was to be opened is, if it stays open and
    /// could be.
    pub(super) write: Write,
    /// The descriptor of a file that was opened and stays open.
    pub(super) opened: Option<Arc<File>>,
    pub(super) result: io::Result<()>,
}

/// The near end of the thread.
#[derive(Debug)]
pub(super) struct WriteBehind {
    /// `None` only while it is dropped.
    jobs: Option<Sender<Vec<Write>>>,
    done: Receiver<Vec<Written>>,
    /// What came back together with what was asked for last.
    came: vec::IntoIter<Written>,
    thread: Option<JoinHandle<()>>,
    /// Writes to be handed over together.
    batch: Vec<Write>,
    batch_bytes: usize,
    waiting: usize,
    waiting_bytes: usize,
}

impl WriteBehind {
    /// Starts the thread, if there can be one.
    pub(super) fn start(mut tools: Tools) -> Option<Self> {
        let (jobs, to_do) = channel::<Vec<Write>>();
        let (tell, done) = channel();
        let thread = Builder::new()
            .name("writer".to_owned())
            .spawn(move || {
                for batch in to_do {
                    tools.rereading.read_ahead(batch.iter().filter_map(Write::left));
                    let written = batch.into_iter().map(|write| write.run(&mut tools));
                    if tell.send(written.collect()).is_err() {
                        return;
                    }
                }
            })
            .ok()?;
        Some(Self {
            jobs: Some(jobs),
            done,
            came: Vec::new().into_iter(),
            thread: Some(thread),
            batch: Vec::new(),
            batch_bytes: 0,
            waiting: 0,
            waiting_bytes: 0,
        })
    }

    /// Takes a write on.
    pub(super) fn begin(&mut self, write: Write) {
        let len = write.bytes.len();
        self.waiting += 1;
        self.waiting_bytes += len;
        // What was left in a capture is read together.
        self.batch_bytes += if write.capture.is_some() { 0 } else { len };
        self.batch.push(write);
        if self.batch.len() >= BATCH || self.batch_bytes >= BATCH_BYTES {
            self.hand_over();
        }
    }

    /// Takes on writes that belong together.
    pub(super) fn begin_together(&mut self, writes: Vec<Write>) {
        self.hand_over();
        self.waiting += writes.len();
        self.waiting_bytes += writes.iter().map(|write| write.bytes.len()).sum::<usize>();
        self.batch = writes;
        self.hand_over();
    }

    /// Hands over what was kept to be handed over together.
    pub(super) fn hand_over(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        self.batch_bytes = 0;
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        if let Some(jobs) = &self.jobs {
            // If the thread is gone, so is the other end of `done`, which is noticed.
            let _ = jobs.send(batch);
        }
    }

    /// Whether something must be written before more is handed over.
    pub(super) fn is_full(&self) -> bool {
        self.waiting >= MAX_WAITING || self.waiting_bytes >= MAX_WAITING_BYTES
    }

    /// Whether the thread has nothing to do.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting == 0
    }

    /// Whether the thread will have nothing to do soon.
    pub(super) fn is_nearly_idle(&self) -> bool {
        self.waiting < 2 * BATCH && self.waiting_bytes < ENOUGH_BYTES
    }

    /// Whether the thread will have something to do for a while.
    pub(super) fn is_busy(&self) -> bool {
        self.waiting_bytes >= ENOUGH_BYTES || self.waiting >= ENOUGH
    }

    /// A write that has been done since the last question.
    pub(super) fn poll(&mut self) -> Option<Written> {
        if self.waiting == 0 {
            return None;
        }
        if self.came.len() == 0 {
            self.came = self.done.try_recv().ok()?.into_iter();
        }
        self.next()
    }

    /// Waits for the next write to be done; `None` if there is none, or the thread is gone.
    pub(super) fn wait(&mut self) -> Option<Written> {
        if self.waiting == 0 {
            return None;
        }
        if self.came.len() == 0 {
            self.hand_over();
            self.came = self.done.recv().ok()?.into_iter();
        }
        self.next()
    }

    fn next(&mut self) -> Option<Written> {
        let written = self.came.next()?;
        self.waiting -= 1;
        self.waiting_bytes -= written.write.bytes.len();
        Some(written)
    }
}

impl Drop for WriteBehind {
    fn drop(&mut self) {
        self.hand_over();
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Write {
    /// What of it was left in a capture.
    fn left(&self) -> Option<Left<'_>> {
        match (&self.bytes, &self.capture) {
            (Gathered::Blocks(chain), Some(capture)) if chain.is_left() => {
                Some(Left { chain, capture })
            }
            _ => None,
        }
    }

    /// Does it.
    pub(super) fn run(mut self, tools: &mut Tools) -> Written {
        tools.scratch.clear();
        let reread = match self.left() {
            Some(left) => tools.rereading.gather(left, &mut tools.scratch).map(|()| true),
            None => Ok(false),
        };
        let Self { target, bytes, start, empty_from, hashes, .. } = &mut self;
        let mut opened = None;
        let result = reread.and_then(|is_reread| {
            let file = match target {
                Target::Open(file) => &*file,
                Target::Closed { creation, .. } => {
                    let file = creation.open(&tools.namer)?;
                    &*opened.insert(Arc::new(file))
                }
            };
            let in_piece = match bytes {
                Gathered::Piece(bytes) => bytes.as_slice(),
                Gathered::Blocks(_) if is_reread => tools.scratch.as_slice(),
                Gathered::Blocks(chain) => chain.in_piece(&mut tools.scratch),
                Gathered::Lent(lent) => {
                    return lent.write_to(file, *empty_from, &mut tools.scratch);
                }
            };
            if let Some(hashes) = hashes {
                update(hashes, *start, in_piece);
            }
            sparse::write_beside(file, in_piece, *start, *empty_from)
        });
        let opened =
            opened.filter(|_| matches!(self.target, Target::Closed { stays_open: true, .. }));
        Written { write: self, opened, result }
    }
}

/// Tells `hashes` of bytes that are written.
pub(super) fn update(hashes: &SharedHashes, start: u64, bytes: &[u8]) {
    // A panic in between leaves hashes of too few bytes, which are found out at the end.
    hashes.lock().unwrap_or_else(PoisonError::into_inner).update(start, bytes);
}
