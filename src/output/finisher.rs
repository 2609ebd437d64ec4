//! Finishes files beside the packet loop.
//!
//! Most of the time of a run with many small flows goes into making files, and of one with
//! scanners into looking at them. A file that is complete needs nothing of the others, so another
//! thread finishes it while packets are read on. Outcomes are asked for by ticket, so that what
//! comes of them does not depend on which thread was faster.
//!
//! When the thread has enough to do, the packet loop finishes the file itself: two processors are
//! then busy with files, and what waits stays bounded.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use super::stored_file::{ClosedFile, StoredFile};
use crate::flow::Identity;
use crate::messages::Messages;
use crate::scan::{Content, Findings, RunningHashes};

/// Files that may wait for the thread.
const MAX_WAITING: usize = 128;

/// Bytes of files that may wait for the thread.
const MAX_WAITING_BYTES: usize = 8 * 1024 * 1024;

/// Looks at a finished flow's bytes.
pub type Inspect = dyn Fn(&Identity, &Path, Content<'_>, Option<RunningHashes>) -> io::Result<Findings>
    + Send
    + Sync;

/// What came of a file; `None` if it could not be written.
pub type Outcome = Option<ClosedFile<Findings>>;

/// Stands for a file that is being finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

/// Finishes files, here or on a thread.
pub struct Finisher {
    inspect: Arc<Inspect>,
    messages: Messages,
    helper: Option<Helper>,
    done: Outcomes,
}

/// What came of files, by ticket. Most are asked for in the order of their tickets.
#[derive(Default)]
struct Outcomes {
    /// The ticket of the first place.
    first: u64,
    places: VecDeque<Place>,
    /// The bodies that were found in those that are here.
    bodies: usize,
}

enum Place {
    Awaited,
    Here(Outcome),
    Taken,
}

struct Helper {
    jobs: Sender<Job>,
    outcomes: Receiver<(Ticket, usize, Outcome)>,
    thread: JoinHandle<()>,
    waiting: usize,
    waiting_bytes: usize,
}

struct Job {
    ticket: Ticket,
    flow: Identity,
    file: Box<StoredFile>,
}

impl Finisher {
    /// Finishes files with `inspect` looking at each; on a thread if `beside` says so and there
    /// can be one.
    pub fn new(inspect: Arc<Inspect>, messages: Messages, beside: bool) -> Self {
        let helper = match beside {
            true => Helper::start(Arc::clone(&inspect), messages.clone()),
            false => None,
        };
        Self { inspect, messages, helper, done: Outcomes::default() }
    }

    /// Has the file of a flow finished, now or soon.
    pub fn finish(&mut self, flow: &Identity, file: Box<StoredFile>) -> Ticket {
        let ticket = self.done.issue();
        let job = Job { ticket, flow: *flow, file };
        let left = match &mut self.helper {
            Some(helper) => helper.offer(job),
            None => Some(job),
        };
        if let Some(job) = left {
            let outcome = job.run(&*self.inspect, &self.messages);
            self.done.put(ticket, outcome);
        }
        ticket
    }

    /// What came of the file, if it is finished by now. Gives each outcome once.
    pub fn outcome(&mut self, ticket: Ticket) -> Option<Outcome> {
        self.collect();
        self.done.take(ticket)
    }

    /// How many bodies were found in files whose outcomes were not asked for yet.
    pub fn bodies_held(&self) -> usize {
        self.done.bodies
    }

    /// Waits until all files are finished.
    pub fn wait(&mut self) {
        while let Some(helper) = &mut self.helper
            && helper.waiting > 0
        {
            match helper.outcomes.recv() {
                Ok(outcome) => helper.take(outcome, &mut self.done),
                // The thread is gone, and with it what it had; that must not pass in silence.
                Err(_) => {
                    self.messages.error(format_args!(
                        "{} flow files were lost by a failure of the program",
                        helper.waiting
                    ));
                    self.helper = None;
                }
            }
        }
    }

    fn collect(&mut self) {
        if let Some(helper) = &mut self.helper {
            while let Ok(outcome) = helper.outcomes.try_recv() {
                helper.take(outcome, &mut self.done);
            }
        }
    }
}

/// How many bodies were found.
fn bodies(outcome: &Outcome) -> usize {
    let bodies = outcome.as_ref().and_then(|closed| closed.findings.bodies.as_ref());
    bodies.map_or(0, Vec::len)
}

impl Outcomes {
    /// The next ticket.
    fn issue(&mut self) -> Ticket {
        self.places.push_back(Place::Awaited);
        Ticket(self.first + self.places.len() as u64 - 1)
    }

    fn put(&mut self, ticket: Ticket, outcome: Outcome) {
        let found = bodies(&outcome);
        if let Some(place) = self.place(ticket) {
            *place = Place::Here(outcome);
            self.bodies += found;
        }
    }

    fn take(&mut self, ticket: Ticket) -> Option<Outcome> {
        let place = self.place(ticket)?;
        let outcome = match std::mem::replace(place, Place::Taken) {
            Place::Here(outcome) => Some(outcome),
            other => {
                *place = other;
                None
            }
        };
        self.bodies -= outcome.as_ref().map_or(0, bodies);
        while let Some(Place::Taken) = self.places.front() {
            self.places.pop_front();
            self.first += 1;
        }
        outcome
    }

    fn place(&mut self, Ticket(number): Ticket) -> Option<&mut Place> {
        self.places.get_mut(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }
}

impl Drop for Finisher {
    fn drop(&mut self) {
        self.wait();
        if let Some(Helper { jobs, thread, .. }) = self.helper.take() {
            drop(jobs);
            let _ = thread.join();
        }
    }
}

impl Helper {
    fn start(inspect: Arc<Inspect>, messages: Messages) -> Option<Self> {
        let (jobs, to_do) = channel::<Job>();
        let (tell, outcomes) = channel();
        let thread = Builder::new()
            .name("files".to_owned())
            .spawn(move || {
                for job in to_do {
                    let (ticket, memory) = (job.ticket, job.file.memory());
                    let outcome = job.run(&*inspect, &messages);
                    if tell.send((ticket, memory, outcome)).is_err() {
                        return;
                    }
                }
            })
            .ok()?;
        Some(Self { jobs, outcomes, thread, waiting: 0, waiting_bytes: 0 })
    }

    /// Takes the job on, or gives it back.
    fn offer(&mut self, job: Job) -> Option<Job> {
        if self.waiting >= MAX_WAITING || self.waiting_bytes >= MAX_WAITING_BYTES {
            return Some(job);
        }
        let memory = job.file.memory();
        match self.jobs.send(job) {
            Ok(()) => {
                self.waiting += 1;
                self.waiting_bytes += memory;
                None
            }
            Err(refused) => Some(refused.0),
        }
    }

    fn take(&mut self, (ticket, memory, outcome): (Ticket, usize, Outcome), done: &mut Outcomes) {
        self.waiting -= 1;
        self.waiting_bytes -= memory;
        done.put(ticket, outcome);
    }
}

impl Job {
    fn run(self, inspect: &Inspect, messages: &Messages) -> Outcome {
        let flow = self.flow;
        self.file.finish(messages, |path, content, hashes| inspect(&flow, path, content, hashes))
    }
}
