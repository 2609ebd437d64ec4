//! Files to be finished, from the packet loop to the thread that finishes them, and back again if
//! the packet loop has nothing better to do.
//!
//! The system makes only one file of a folder at a time, and two threads that make some wait for
//! each other at the price of work. So the thread opens files, a few ahead, and either of both
//! writes and closes what is open.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::finisher::Inspect;
use super::outcomes::{Outcome, Ticket};
use super::stored_file::StoredFile;
use super::tools::Tools;
use crate::flow::Identity;
use crate::scan::Content;

/// A file of so many bytes is not kept together with others.
const LARGE: usize = 256 * 1024;

/// So many batches of files are opened ahead.
const AHEAD: usize = 3;

/// A file to be finished, and what came of it.
pub(super) struct Job {
    pub(super) ticket: Ticket,
    pub(super) flow: Identity,
    /// The file; once it is finished, what is left of it.
    pub(super) file: Box<StoredFile>,
    /// Bytes of memory that it takes while it waits.
    pub(super) memory: usize,
    /// What came of it, once it is finished; `None` before, too.
    pub(super) outcome: Outcome,
}

impl Job {
    /// Has a flow's file finished some time.
    pub(super) fn new(ticket: Ticket, flow: &Identity, file: Box<StoredFile>) -> Self {
        Self { ticket, flow: *flow, memory: file.memory(), file, outcome: None }
    }

    /// Whether it takes so long that it is better done by itself.
    pub(super) fn is_large(&self) -> bool {
        self.memory.max(self.file.written_len()) >= LARGE
    }

    /// Does it.
    pub(super) fn run(&mut self, inspect: &Inspect, tools: &mut Tools) {
        let flow = &self.flow;
        let inspect =
            |path: &Path, content: Content<'_>, hashes| inspect(flow, path, content, hashes);
        self.outcome = self.file.finish(tools, inspect);
    }
}

/// Opens the files of several jobs.
pub(super) fn open_together(jobs: &mut [Job], tools: &Tools) {
    jobs.iter_mut().for_each(|job| job.file.open_to_finish(tools));
}

/// Does several jobs; what they left in a capture is read together.
pub(super) fn run_together(jobs: &mut [Job], inspect: &Inspect, tools: &mut Tools) {
    tools.rereading.read_ahead(jobs.iter().filter_map(|job| job.file.left()));
    jobs.iter_mut().for_each(|job| job.run(inspect, tools));
}

/// Batches of jobs, in order.
#[derive(Default)]
pub(super) struct JobQueue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    batches: VecDeque<Vec<Job>>,
    /// Those whose files are open, as far as they could be opened.
    opened: VecDeque<Vec<Job>>,
    is_closed: bool,
}

/// What the thread does next.
pub(super) enum Step {
    /// Open the files of a batch, which is then [opened](JobQueue::put_opened).
    Open(Vec<Job>),
    /// Do the jobs of a batch.
    Run(Vec<Job>),
}

impl JobQueue {
    /// Adds a batch of jobs behind the others.
    pub(super) fn put(&self, batch: Vec<Job>) {
        self.state().batches.push_back(batch);
        self.changed.notify_one();
    }

    /// Adds a batch of jobs whose files were opened.
    pub(super) fn put_opened(&self, batch: Vec<Job>) {
        self.state().opened.push_back(batch);
    }

    /// Waits for something to do. `None` once the queue is closed and empty.
    pub(super) fn next(&self) -> Option<Step> {
        let is_idle = |state: &mut State| {
            state.batches.is_empty() && state.opened.is_empty() && !state.is_closed
        };
        let waited = self.changed.wait_while(self.state(), is_idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if state.opened.len() < AHEAD
            && let Some(batch) = state.batches.pop_front()
        {
            return Some(Step::Open(batch));
        }
        state.opened.pop_front().map(Step::Run)
    }

    /// A batch to be done by somebody else than the thread, with open files if there is one.
    pub(super) fn take(&self) -> Option<Vec<Job>> {
        let mut state = self.state();
        state.opened.pop_front().or_else(|| state.batches.pop_front())
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
