//! Files to be finished, from the packet loop to the thread that finishes them, and back again if
//! the packet loop has nothing else to do.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::finisher::{BATCH, Inspect, Outcome, Ticket};
use super::stored_file::StoredFile;
use super::tools::Tools;
use crate::flow::Identity;
use crate::scan::Content;

/// A file of so many bytes is not kept together with others.
const LARGE: usize = 256 * 1024;

/// A file to be finished.
pub(super) struct Job {
    pub(super) ticket: Ticket,
    pub(super) flow: Identity,
    pub(super) file: Box<StoredFile>,
}

/// A job that was done.
pub(super) struct Finished {
    pub(super) ticket: Ticket,
    /// Bytes of memory that it took while it waited.
    pub(super) memory: usize,
    pub(super) outcome: Outcome,
    /// What is left of the file.
    pub(super) file: Box<StoredFile>,
}

impl Job {
    /// Whether it takes so long that it is better done by itself.
    pub(super) fn is_large(&self) -> bool {
        self.file.memory().max(self.file.written_len()) >= LARGE
    }

    /// Does it.
    pub(super) fn run(self, inspect: &Inspect, tools: &mut Tools) -> Finished {
        let Self { ticket, flow, mut file } = self;
        let memory = file.memory();
        let inspect =
            |path: &Path, content: Content<'_>, hashes| inspect(&flow, path, content, hashes);
        let outcome = file.finish(tools, inspect);
        Finished { ticket, memory, outcome, file }
    }
}

/// Does several jobs; what they left in a capture is read together.
pub(super) fn run_together(jobs: Vec<Job>, inspect: &Inspect, tools: &mut Tools) -> Vec<Finished> {
    tools.rereading.read_ahead(jobs.iter().filter_map(|job| job.file.left()));
    jobs.into_iter().map(|job| job.run(inspect, tools)).collect()
}

/// Jobs in order.
#[derive(Default)]
pub(super) struct JobQueue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    is_closed: bool,
}

impl JobQueue {
    /// Adds jobs behind the others.
    pub(super) fn put(&self, jobs: &mut Vec<Job>) {
        self.state().jobs.extend(jobs.drain(..));
        self.changed.notify_one();
    }

    /// Waits for jobs; several small ones at once. `None` once the queue is closed and empty.
    pub(super) fn take(&self) -> Option<Vec<Job>> {
        let is_idle = |state: &mut State| state.jobs.is_empty() && !state.is_closed;
        let waited = self.changed.wait_while(self.state(), is_idle);
        let jobs = &mut waited.unwrap_or_else(PoisonError::into_inner).jobs;
        let small = jobs.iter().take(BATCH).take_while(|job| !job.is_large()).count();
        let batch: Vec<Job> = jobs.drain(..small.max(1).min(jobs.len())).collect();
        (!batch.is_empty()).then_some(batch)
    }

    /// The next job, or several that left something in a capture; none if there is none.
    pub(super) fn take_some(&self) -> Vec<Job> {
        let jobs = &mut self.state().jobs;
        let left = jobs.iter().take(BATCH).take_while(|job| job.file.left().is_some()).count();
        jobs.drain(..left.max(1).min(jobs.len())).collect()
    }

    /// No more jobs will come.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
