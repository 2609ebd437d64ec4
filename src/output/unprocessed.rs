//! The packets that could not be processed, kept in a pcap file (`-w`).

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::capture::{LinkType, PcapHeader, RawPacket, write_record};
use crate::messages::Messages;

/// A pcap file that takes whole frames.
#[derive(Debug)]
pub struct UnprocessedPackets {
    out: BufWriter<File>,
    link_type: LinkType,
    record: Vec<u8>,
    left_out: u64,
}

impl UnprocessedPackets {
    /// Makes the file, or empties it, and writes `header`, which says `link_type`.
    pub fn create(path: &Path, header: PcapHeader, link_type: LinkType) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(256 * 1024, File::create(path)?);
        out.write_all(header.as_bytes())?;
        Ok(Self { out, link_type, record: Vec::new(), left_out: 0 })
    }

    /// Adds a packet. One of another link type than the file's cannot be held by it; it is counted.
    pub fn packet(&mut self, packet: &RawPacket<'_>) -> io::Result<()> {
        if packet.link_type != self.link_type {
            self.left_out += 1;
            return Ok(());
        }
        self.record.clear();
        write_record(&mut self.record, packet);
        self.out.write_all(&self.record)
    }

    /// Writes the rest, and tells what is missing.
    pub fn finish(mut self, messages: &Messages) {
        if let Err(error) = self.flush() {
            messages.error(format_args!("packets not processed: {error}"));
        }
        if self.left_out > 0 {
            messages.error(format_args!(
                "packets not processed: {} of other link types than the first input's left out",
                self.left_out
            ));
        }
    }

    /// Writes everything that waits in memory.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
