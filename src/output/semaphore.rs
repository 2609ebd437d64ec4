//! A named POSIX semaphore around each packet printed, so that several programs can share a
//! terminal.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::sys::NamedSemaphore;

/// How long to wait before looking whether to give up.
const PATIENCE: Duration = Duration::from_millis(100);

/// A semaphore that other programs may hold.
#[derive(Debug)]
pub struct Semaphore {
    semaphore: NamedSemaphore,
    /// Raised when the program is to end, and no longer to wait for others.
    give_up: Arc<AtomicBool>,
}

/// Holds the semaphore until dropped.
#[derive(Debug)]
pub struct Held<'a>(&'a NamedSemaphore);

impl Semaphore {
    /// Opens the semaphore, making it free and open to everybody if it does not exist.
    pub fn open(name: &str, give_up: Arc<AtomicBool>) -> io::Result<Self> {
        Ok(Self { semaphore: NamedSemaphore::open(name)?, give_up })
    }

    /// Waits until the semaphore is free and takes it; `None` if there is no time to wait any
    /// more.
    pub fn wait(&self) -> Option<Held<'_>> {
        loop {
            if self.semaphore.wait_for(PATIENCE) {
                return Some(Held(&self.semaphore));
            }
            if self.give_up.load(Ordering::Relaxed) {
                return None;
            }
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.post();
    }
}
