//! A named POSIX semaphore around each packet printed, so that several programs can share a
//! terminal.

use std::io;

use crate::sys::NamedSemaphore;

/// A semaphore that other programs may hold.
#[derive(Debug)]
pub struct Semaphore(NamedSemaphore);

/// Holds the semaphore until dropped.
#[derive(Debug)]
pub struct Held<'a>(&'a NamedSemaphore);

impl Semaphore {
    /// Opens the semaphore, making it free and open to everybody if it does not exist.
    pub fn open(name: &str) -> io::Result<Self> {
        NamedSemaphore::open(name).map(Self)
    }

    /// Waits until the semaphore is free and takes it.
    pub fn wait(&self) -> Held<'_> {
        self.0.wait();
        Held(&self.0)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.post();
    }
}
