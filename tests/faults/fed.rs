//! The program while it reads a pipe, which gives it packets when the test wants it to.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::ops::Deref;

use crate::support::captures::{ETHERNET, Pcap, frames};
use crate::support::packets::{Connection, ethernet};
use crate::support::sandbox::{Outcome, Running, Sandbox, wait_until};

/// The program, which waits for more packets from the pipe `in` of its sandbox.
pub(crate) struct Fed {
    running: Running,
    pipe: File,
}

impl Fed {
    /// Starts the program with these arguments besides `-r in`.
    pub(crate) fn start(sandbox: &Sandbox, arguments: &str) -> Self {
        Self::start_by(sandbox, |sandbox| sandbox.start(&format!("-r in {arguments}")))
    }

    /// Has `start` start the program, which must read the pipe `in`.
    pub(crate) fn start_by(sandbox: &Sandbox, start: impl FnOnce(&Sandbox) -> Running) -> Self {
        sandbox.pipe("in");
        let running = start(sandbox);
        let mut pipe = OpenOptions::new().write(true).open(sandbox.path("in")).expect("a reader");
        pipe.write_all(&Pcap::of(ETHERNET).write(&[])).expect("a reader");
        Self { running, pipe }
    }

    /// Lets the program read these packets.
    pub(crate) fn give(&mut self, connection: Connection) {
        let capture = packets(connection);
        self.pipe.write_all(&capture).expect("a reader");
    }

    /// Ends the pipe, and waits for the program's end.
    pub(crate) fn end(self) -> Outcome {
        drop(self.pipe);
        self.running.finish()
    }

    /// Waits for the program's end, though the pipe stays open.
    pub(crate) fn finish(self) -> Outcome {
        self.running.finish()
    }
}

impl Deref for Fed {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

/// The records of a pcap file with these packets.
pub(crate) fn packets(connection: Connection) -> Vec<u8> {
    let frames = frames(connection.datagrams().iter().map(|datagram| ethernet(datagram)));
    let header_len = Pcap::of(ETHERNET).write(&[]).len();
    Pcap::of(ETHERNET).write(&frames).split_off(header_len)
}

/// Waits until a file of the sandbox holds exactly this.
#[track_caller]
pub(crate) fn wait_for(sandbox: &Sandbox, name: &str, content: &[u8]) {
    wait_until(name, || std::fs::read(sandbox.path(name)).is_ok_and(|found| found == content));
}
