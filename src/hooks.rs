//! Whom the user wants told of files: commands to run on them, descriptors that hear of them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::messages::Messages;
use crate::sys;

/// How many commands run at once, at most.
const AT_ONCE: usize = 10;

/// Runs commands on files, a few at a time. Cheap to clone; all clones share one limit.
#[derive(Clone, Debug)]
pub struct Children {
    running: Arc<Mutex<Vec<Child>>>,
    messages: Messages,
}

impl Children {
    /// Nothing is running yet.
    pub fn new(messages: Messages) -> Self {
        Self { running: Arc::default(), messages }
    }

    /// Runs the shell command `command` with `path` as one more word, whatever characters are in
    /// it. Waits only if too many commands are running.
    ///
    /// The command gets an empty standard input: ours may be the capture.
    pub fn run(&self, command: &str, path: &Path) {
        let mut running = self.running();
        if running.len() >= AT_ONCE {
            running.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        }
        if running.len() >= AT_ONCE {
            let _ = running.remove(0).wait();
        }
        let started = Command::new("/bin/sh")
            .args(["-c", &format!("{command} \"$1\""), "sh"])
            .arg(path)
            .stdin(Stdio::null())
            .spawn();
        match started {
            Ok(child) => running.push(child),
            Err(error) => {
                let path = path.display();
                self.messages.error(format_args!("{path}: cannot run '{command}': {error}"));
            }
        }
    }

    fn running(&self) -> MutexGuard<'_, Vec<Child>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nothing is running any more.
    pub fn finish(&self) {
        for mut child in self.running().drain(..) {
            let _ = child.wait();
        }
    }
}

/// A descriptor of our parent's that hears of files, a line for each event.
#[derive(Clone, Debug)]
pub struct AlertDescriptor {
    file: Arc<File>,
    number: i32,
    /// Whether it was told that lines get lost; once is enough for a reader that is gone.
    failed: Arc<AtomicBool>,
    messages: Messages,
}

impl AlertDescriptor {
    /// The open descriptor `number`.
    pub fn inherit(number: i32, messages: Messages) -> std::io::Result<Self> {
        let file = Arc::new(sys::duplicate_descriptor(number)?);
        Ok(Self { file, number, failed: Arc::default(), messages })
    }

    /// A file was made.
    pub fn opened(&self, path: &Path) {
        self.tell("open", path.as_os_str());
    }

    /// A file is complete.
    pub fn closed(&self, path: &Path) {
        self.tell("close", path.as_os_str());
    }

    fn tell(&self, event: &str, path: &OsStr) {
        let line = [event.as_bytes(), b"\t", path.as_bytes(), b"\n"].concat();
        if let Err(error) = (&*self.file).write_all(&line)
            && !self.failed.swap(true, Ordering::Relaxed)
        {
            self.messages.error(format_args!("descriptor {}: {error}", self.number));
        }
    }
}
