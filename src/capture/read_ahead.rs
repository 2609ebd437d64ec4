//! Reads on a thread of its own whatever makes the reader wait: pipes and decompressors.
//!
//! The packet loop thus works while bytes are being decompressed, and is told when a pipe is silent
//! instead of being stuck in it.

use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::archive::Archive;

/// Bytes handed over at once, at most: small enough to be in a processor's cache still.
const PORTION_LEN: usize = 256 << 10;
/// Portions that may wait to be taken.
const PORTIONS_AHEAD: usize = 4;
/// How long to wait for bytes before saying that there are none now.
const PATIENCE: Duration = Duration::from_millis(20);

/// The receiving end of a thread that reads an [`Archive`].
///
/// Dropping it ends the thread, at the latest when what it reads from gives something.
pub(super) struct ReadAhead {
    /// `None` once it is known how the thread ended.
    thread: Option<JoinHandle<()>>,
    events: Receiver<Event>,
    /// Takes used portions back to the thread.
    used: Sender<Vec<u8>>,
    portion: Portion,
    /// An event that must not be looked at before the current file is left.
    next_member: Option<String>,
}

/// Bytes on their way. Invariant: `start <= end <= bytes.len()`.
#[derive(Default)]
struct Portion {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

/// What the thread has to tell. When it has ended, the archive has.
enum Event {
    Bytes(Portion),
    NextMember(String),
    /// The current file is damaged; others may come.
    Damaged(io::Error),
    Failed(io::Error),
}

impl ReadAhead {
    /// Begins to read. Gives the archive back if there can be no thread.
    pub(super) fn start(archive: Box<dyn Archive>) -> Result<Self, Box<dyn Archive>> {
        // What a thread is given when it is made is lost if it cannot be made.
        let (give, archive_comes) = channel();
        let (to_reader, events) = sync_channel(PORTIONS_AHEAD);
        let (used, from_reader) = channel();
        let thread = thread::Builder::new().name("read-ahead".to_owned()).spawn(move || {
            if let Ok(archive) = archive_comes.recv() {
                run(archive, &to_reader, &from_reader);
            }
        });
        match thread {
            Err(_) => Err(archive),
            Ok(thread) => {
                // It waits for this and for nothing else.
                let _ = give.send(archive);
                let (thread, portion) = (Some(thread), Portion::default());
                Ok(Self { thread, events, used, portion, next_member: None })
            }
        }
    }

    /// Drops what is left of the current file and goes on to the next; `None` if there is none. Fails
    /// with [`ErrorKind::WouldBlock`] if that is not known for some time.
    pub(super) fn next_member(&mut self) -> io::Result<Option<String>> {
        loop {
            let Portion { bytes, .. } = std::mem::take(&mut self.portion);
            self.take_back(bytes);
            if let Some(name) = self.next_member.take() {
                return Ok(Some(name));
            }
            match self.events.recv_timeout(PATIENCE) {
                Ok(Event::Bytes(portion)) => self.portion = portion,
                Ok(Event::NextMember(name)) => self.next_member = Some(name),
                // Nobody wants the rest of that file.
                Ok(Event::Damaged(_)) => {}
                Ok(Event::Failed(error)) => return Err(error),
                Err(RecvTimeoutError::Timeout) => return Err(ErrorKind::WouldBlock.into()),
                Err(RecvTimeoutError::Disconnected) => return self.check_thread().map(|()| None),
            }
        }
    }

    /// Has the thread use memory again. One that has ended needs none.
    fn take_back(&self, bytes: Vec<u8>) {
        if bytes.capacity() > 0 {
            let _ = self.used.send(bytes);
        }
    }

    /// What is to be said of the end of the thread: if a decompressor panicked, its silence must
    /// not be taken for the end of the file.
    fn check_thread(&mut self) -> io::Result<()> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Err(_)) => Err(io::Error::other("the decompressor failed")),
            Some(Ok(())) | None => Ok(()),
        }
    }
}

impl Read for ReadAhead {
    /// Fails with [`ErrorKind::WouldBlock`] if there are no bytes for some time.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.portion.start == self.portion.end {
            if self.next_member.is_some() {
                return Ok(0);
            }
            match self.events.recv_timeout(PATIENCE) {
                Ok(Event::Bytes(portion)) => {
                    let used = std::mem::replace(&mut self.portion, portion);
                    self.take_back(used.bytes);
                }
                Ok(Event::NextMember(name)) => self.next_member = Some(name),
                Ok(Event::Damaged(error) | Event::Failed(error)) => return Err(error),
                Err(RecvTimeoutError::Timeout) => return Err(ErrorKind::WouldBlock.into()),
                Err(RecvTimeoutError::Disconnected) => return self.check_thread().map(|()| 0),
            }
        }
        let portion = &mut self.portion;
        let count =
            portion.bytes.get(portion.start..portion.end).unwrap_or_default().read(buffer)?;
        portion.start += count;
        Ok(count)
    }
}

/// The thread: reads until the archive or the interest in it ends.
fn run(mut archive: Box<dyn Archive>, events: &SyncSender<Event>, used: &Receiver<Vec<u8>>) {
    loop {
        match read_portion(&mut *archive, used) {
            Ok(Some(portion)) => match events.send(Event::Bytes(portion)) {
                Ok(()) => continue,
                Err(_) => return,
            },
            Ok(None) => {}
            // An archive that ends too early has no more files.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                let _ = events.send(Event::Failed(error));
                return;
            }
            Err(error) => {
                if events.send(Event::Damaged(error)).is_err() {
                    return;
                }
            }
        }
        let sent = match archive.next_member() {
            Ok(Some(name)) => events.send(Event::NextMember(name)),
            Ok(None) => return,
            Err(error) => {
                let _ = events.send(Event::Failed(error));
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// The next bytes of the current file; `None` at its end.
fn read_portion(
    archive: &mut dyn Archive,
    used: &Receiver<Vec<u8>>,
) -> io::Result<Option<Portion>> {
    let mut bytes = used.try_recv().unwrap_or_default();
    bytes.resize(PORTION_LEN, 0);
    loop {
        match archive.read(&mut bytes) {
            Ok(0) => return Ok(None),
            Ok(end) => return Ok(Some(Portion { bytes, start: 0, end })),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives some bytes and then panics.
    struct Broken(bool);

    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            assert!(!std::mem::replace(&mut self.0, true), "this is the test");
            buffer[..3].copy_from_slice(b"abc");
            Ok(3)
        }
    }

    impl Archive for Broken {
        fn next_member(&mut self) -> io::Result<Option<String>> {
            Ok(None)
        }
    }

    #[test]
    fn a_panic_is_no_end_of_file() {
        let mut ahead = ReadAhead::start(Box::new(Broken(false))).ok().unwrap();
        let mut buffer = [0; 10];
        let mut read = || loop {
            match ahead.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                outcome => return outcome,
            }
        };
        assert_eq!(read().unwrap(), 3);
        assert_eq!(read().unwrap_err().to_string(), "the decompressor failed");
        assert_eq!(read().unwrap(), 0);
    }
}
