//! Finishes files beside the packet loop.
//!
//! Most of the time of a run with many small flows goes into making files, and of one with
//! scanners into looking at them. A file that is complete needs nothing of the others, so another
//! thread finishes it while packets are read on. Outcomes are asked for by ticket, so that what
//! comes of them does not depend on which thread was faster.
//!
//! When the thread has enough to do, the packet loop finishes some of the files itself: two
//! processors are then busy with files, and what waits stays bounded.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{Builder, JoinHandle};

use super::jobs::{Job, JobQueue, Step, open_together, run_together};
use super::outcomes::{Outcome, Outcomes, Ticket};
use super::stored_file::StoredFile;
use super::tools::Tools;
use crate::flow::Identity;
use crate::scan::{Content, Findings, RunningHashes};

/// Files that may wait for the thread.
const MAX_WAITING: usize = 256;

/// Files that are handed over together when nobody is in a hurry: to wake the thread for each
/// costs as much as to write a small one.
const BATCH: usize = 32;

/// Bytes of files that may wait for the thread.
const MAX_WAITING_BYTES: usize = 8 * 1024 * 1024;

/// Looks at a finished flow's bytes.
pub type Inspect = dyn Fn(&Identity, &Path, Content<'_>, Option<RunningHashes>) -> io::Result<Findings>
    + Send
    + Sync;

/// Finishes files, here or on a thread.
pub struct Finisher {
    inspect: Arc<Inspect>,
    tools: Tools,
    helper: Option<Helper>,
    done: Outcomes,
    /// What is left of finished files.
    #[expect(clippy::vec_box, reason = "they are given back as they came, not moved")]
    spent: Vec<Box<StoredFile>>,
}

/// Where and when files are finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// By the caller, at once.
    Here,
    /// On a thread, as soon as it can: somebody watches the folder.
    BesideAtOnce,
    /// On a thread, together with others.
    Beside,
}

struct Helper {
    queue: Arc<JobQueue>,
    done: Receiver<Vec<Job>>,
    thread: JoinHandle<()>,
    /// Jobs to be handed over together.
    batch: Vec<Job>,
    /// Empty batches, to be filled again.
    spare: Vec<Vec<Job>>,
    batch_len: usize,
    waiting: usize,
    waiting_bytes: usize,
}

impl Finisher {
    /// Finishes files with `inspect` looking at each, where and when `pace` says.
    pub fn new(inspect: Arc<Inspect>, tools: Tools, pace: Pace) -> Self {
        let batch_len = match pace {
            Pace::Here => 0,
            Pace::BesideAtOnce => 1,
            Pace::Beside => BATCH,
        };
        let helper = match batch_len {
            0 => None,
            _ => Helper::start(Arc::clone(&inspect), tools.clone(), batch_len),
        };
        Self { inspect, tools, helper, done: Outcomes::default(), spent: Vec::new() }
    }

    /// Has the file of a flow finished, now or soon.
    pub fn finish(&mut self, flow: &Identity, file: Box<StoredFile>) -> Ticket {
        let ticket = self.done.issue();
        let job = Job::new(ticket, flow, file);
        self.help_if_full();
        let left = match &mut self.helper {
            Some(helper) => helper.offer(job),
            None => Some(job),
        };
        if let Some(mut job) = left {
            job.run(&*self.inspect, &mut self.tools);
            self.done.put(ticket, job.outcome);
            self.spent.push(job.file);
        }
        ticket
    }

    /// Does some of what waits for the thread if that has too much to do.
    fn help_if_full(&mut self) {
        if self.is_full() {
            self.collect();
        }
        if self.is_full() {
            self.help();
        }
    }

    fn is_full(&self) -> bool {
        self.helper.as_ref().is_some_and(Helper::is_full)
    }

    /// Does some of what waits for the thread; `false` if there is nothing.
    fn help(&mut self) -> bool {
        let Some(helper) = &mut self.helper else { return false };
        let Some(mut jobs) = helper.queue.take() else { return false };
        run_together(&mut jobs, &*self.inspect, &mut self.tools);
        helper.take(jobs, &mut self.done, &mut self.spent);
        true
    }

    /// Has the files begun that wait for others.
    pub fn hasten(&mut self) {
        if let Some(helper) = &mut self.helper {
            helper.hand_over();
        }
    }

    /// What came of the file, if it is finished by now. Gives each outcome once.
    pub fn outcome(&mut self, ticket: Ticket) -> Option<Outcome> {
        // Several come at once, so that most are here already.
        self.done.take(ticket).or_else(|| {
            self.collect();
            self.done.take(ticket)
        })
    }

    /// What is left of files that were finished, to be used again by whoever made them.
    pub fn spent(&mut self) -> impl Iterator<Item = Box<StoredFile>> {
        self.spent.drain(..)
    }

    /// How many bodies were found in files whose outcomes were not asked for yet.
    pub fn bodies_held(&self) -> usize {
        self.done.bodies()
    }

    /// Waits until all files are finished.
    pub fn wait(&mut self) {
        self.hasten();
        // There is nothing else to do, so why wait.
        while self.help() {}
        while let Some(helper) = &mut self.helper
            && helper.waiting > 0
        {
            match helper.done.recv() {
                Ok(finished) => helper.take(finished, &mut self.done, &mut self.spent),
                // The thread is gone, and with it what it had; that must not pass in silence.
                Err(_) => {
                    self.tools.messages.error(format_args!(
                        "{} flow files were lost by a failure of the program",
                        helper.waiting
                    ));
                    self.helper = None;
                    self.done.give_up();
                }
            }
        }
    }

    fn collect(&mut self) {
        if let Some(helper) = &mut self.helper {
            while let Ok(finished) = helper.done.try_recv() {
                helper.take(finished, &mut self.done, &mut self.spent);
            }
        }
    }
}

impl Drop for Finisher {
    fn drop(&mut self) {
        self.wait();
        if let Some(Helper { queue, thread, .. }) = self.helper.take() {
            queue.close();
            let _ = thread.join();
        }
    }
}

impl Helper {
    fn start(inspect: Arc<Inspect>, mut tools: Tools, batch_len: usize) -> Option<Self> {
        let queue = Arc::new(JobQueue::default());
        let (tell, done) = channel();
        let jobs = Arc::clone(&queue);
        let thread = Builder::new()
            .name("files".to_owned())
            .spawn(move || {
                while let Some(step) = jobs.next() {
                    match step {
                        Step::Open(mut batch) => {
                            open_together(&mut batch, &tools);
                            jobs.put_opened(batch);
                        }
                        Step::Run(mut batch) => {
                            run_together(&mut batch, &*inspect, &mut tools);
                            if tell.send(batch).is_err() {
                                return;
                            }
                        }
                    }
                }
            })
            .ok()?;
        let (batch, spare) = (Vec::new(), Vec::new());
        Some(Self { queue, done, thread, batch, spare, batch_len, waiting: 0, waiting_bytes: 0 })
    }

    /// Whether enough waits for the thread.
    fn is_full(&self) -> bool {
        self.waiting >= MAX_WAITING || self.waiting_bytes >= MAX_WAITING_BYTES
    }

    /// Takes the job on, or gives it back.
    fn offer(&mut self, job: Job) -> Option<Job> {
        if self.is_full() {
            return Some(job);
        }
        let is_large = job.is_large();
        if is_large {
            self.hand_over();
        }
        self.waiting += 1;
        self.waiting_bytes += job.memory;
        self.batch.push(job);
        if is_large || self.batch.len() >= self.batch_len {
            self.hand_over();
        }
        None
    }

    /// Hands over what is to be handed over together.
    fn hand_over(&mut self) {
        if !self.batch.is_empty() {
            let next = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(self.batch_len));
            self.queue.put(std::mem::replace(&mut self.batch, next));
        }
    }

    fn take(
        &mut self,
        mut finished: Vec<Job>,
        done: &mut Outcomes,
        spent: &mut impl Extend<Box<StoredFile>>,
    ) {
        self.waiting -= finished.len();
        for Job { ticket, file, memory, outcome, .. } in finished.drain(..) {
            self.waiting_bytes -= memory;
            done.put(ticket, outcome);
            spent.extend([file]);
        }
        // No more of them wait at a time.
        if self.spare.len() < MAX_WAITING / BATCH {
            self.spare.push(finished);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::config::Verbosity;
    use crate::messages::Messages;
    use crate::output::create::Creation;
    use crate::output::folder::OutputFolder;
    use crate::output::naming::Namer;
    use crate::output::template::Template;

    /// Guards against a report that ends with the first flow whose file was lost.
    #[test]
    fn files_lost_with_the_thread_have_an_outcome() {
        let folder = tempfile::tempdir().unwrap();
        let namer = Namer::new(OutputFolder::new(folder.path()), Template::default());
        let messages = Messages::new("test", Verbosity { level: 0, quiet: true });
        let inspect: Arc<Inspect> = Arc::new(|_: &Identity, _: &Path, _: Content<'_>, _| {
            assert_ne!(thread::current().name(), Some("files"), "this is the test");
            Ok(Findings::default())
        });
        let tools = Tools::new(namer, messages.clone());
        let mut finisher = Finisher::new(inspect, tools, Pace::BesideAtOnce);
        let finish = |finisher: &mut Finisher, name: &str| {
            let creation = Creation::Replace(folder.path().join(name));
            finisher.finish(&Identity::sample(), Box::new(StoredFile::new(creation, None, None)))
        };
        let lost = finish(&mut finisher, "lost");
        while finisher.helper.as_ref().is_some_and(|helper| !helper.thread.is_finished()) {
            thread::yield_now();
        }
        let late = finish(&mut finisher, "late");
        finisher.wait();
        assert!(messages.failed());
        assert_eq!(finisher.outcome(lost).map(|outcome| outcome.is_some()), Some(false));
        assert!(finisher.outcome(late).is_some());
    }
}
