//! System calls that no safe crate offers. The only module in which `unsafe` is allowed.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::io;
use std::ptr::NonNull;

/// A named POSIX semaphore (`sem_overview(7)`).
#[derive(Debug)]
pub(crate) struct NamedSemaphore(NonNull<libc::sem_t>);

impl NamedSemaphore {
    /// Opens the semaphore `name`; if there is none, makes it with value 1, open to everybody
    /// whom the umask does not exclude.
    pub(crate) fn open(name: &str) -> io::Result<Self> {
        let name = CString::new(name)?;
        const MODE: libc::c_uint = 0o777;
        const FREE: libc::c_uint = 1;
        // SAFETY: `name` is a C string that outlives the call; with O_CREAT the call takes the two
        // further arguments given.
        let semaphore = unsafe { libc::sem_open(name.as_ptr(), libc::O_CREAT, MODE, FREE) };
        match NonNull::new(semaphore) {
            Some(semaphore) if semaphore.as_ptr() != libc::SEM_FAILED => Ok(Self(semaphore)),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Waits until the value is above 0 and lowers it.
    pub(crate) fn wait(&self) {
        // SAFETY: the pointer came from `sem_open` and is closed only when `self` is dropped.
        // A signal may interrupt the wait; every other error is excluded by that.
        while unsafe { libc::sem_wait(self.0.as_ptr()) } != 0
            && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
        {}
    }

    /// Raises the value.
    pub(crate) fn post(&self) {
        // SAFETY: as in `wait`.
        unsafe { libc::sem_post(self.0.as_ptr()) };
    }
}

impl Drop for NamedSemaphore {
    fn drop(&mut self) {
        // SAFETY: as in `wait`; nobody uses the pointer afterwards.
        unsafe { libc::sem_close(self.0.as_ptr()) };
    }
}
