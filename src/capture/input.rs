//! The bytes of a file or of standard input as they are stored, with a count of those read.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::event::{PollFd, PollFlags, poll};

/// An opened file and how far it was read.
pub(super) struct Input {
    file: Arc<File>,
    position: Arc<AtomicU64>,
}

/// Whether this path stands for standard input.
pub(super) fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl Input {
    /// Opens the file at `path`, which may [stand for standard input](is_standard_input).
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = match is_standard_input(path) {
            // A descriptor of its own, read without the standard library's buffer between.
            true => File::from(io::stdin().as_fd().try_clone_to_owned()?),
            false => File::open(path)?,
        };
        if file.metadata()?.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        Ok(Self { file: Arc::new(file), position: Arc::default() })
    }

    /// The size of the file, if it is a regular one: then reading never waits for anyone.
    pub(super) fn regular_size(&self) -> Option<u64> {
        self.file.metadata().ok().filter(|metadata| metadata.is_file()).map(|it| it.len())
    }

    /// The file, if what was read of it is what stands there from its beginning on.
    pub(super) fn read_from_beginning(&self) -> Option<Arc<File>> {
        let read = self.position.load(Ordering::Relaxed);
        let is_there = (&*self.file).stream_position().is_ok_and(|position| position == read);
        (is_there && self.regular_size().is_some()).then(|| Arc::clone(&self.file))
    }

    /// The count of bytes read, to be looked at from elsewhere.
    pub(super) fn position(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.position)
    }
}

impl Read for Input {
    /// Waits for bytes even if whoever opened the file said not to.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = loop {
            match (&*self.file).read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    poll(&mut [PollFd::new(&self.file, PollFlags::IN)], None)?;
                }
                outcome => break outcome?,
            }
        };
        self.position.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
