//! The packets that could not be processed, kept in a pcap file (`-w`).

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::capture::{LinkType, PcapHeader, RawPacket, write_record};
use crate::messages::Messages;

/// A pcap file that takes whole frames. If it cannot be written that is told once, and the run
/// goes on without it.
#[derive(Debug)]
pub struct UnprocessedPackets {
    path: PathBuf,
    out: BufWriter<File>,
    link_type: LinkType,
    record: Vec<u8>,
    left_out: u64,
    failed: bool,
    messages: Messages,
}

impl UnprocessedPackets {
    /// Writes `header`, which says `link_type`, to `file`, which is new or empty, and at `path`.
    pub fn begin(
        file: File,
        path: &Path,
        header: PcapHeader,
        link_type: LinkType,
        messages: Messages,
    ) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(256 * 1024, file);
        out.write_all(header.as_bytes())?;
        let path = path.to_owned();
        Ok(Self { path, out, link_type, record: Vec::new(), left_out: 0, failed: false, messages })
    }

    /// Adds a packet. One of another link type than the file's cannot be held by it; it is counted.
    pub fn packet(&mut self, packet: &RawPacket<'_>) {
        if packet.link_type != self.link_type {
            self.left_out += 1;
            return;
        }
        self.record.clear();
        write_record(&mut self.record, packet);
        if !self.failed {
            let written = self.out.write_all(&self.record);
            self.note(written);
        }
    }

    /// Writes everything that waits in memory.
    pub fn flush(&mut self) {
        if !self.failed {
            let written = self.out.flush();
            self.note(written);
        }
    }

    /// Writes the rest, and tells what is missing.
    pub fn finish(mut self) {
        self.flush();
        if self.left_out > 0 {
            self.messages.error(format_args!(
                "{}: {} packets of other link types than the first input's left out",
                self.path.display(),
                self.left_out
            ));
        }
    }

    fn note(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.failed = true;
            self.messages.error(format_args!("{}: {error}", self.path.display()));
        }
    }
}
