//! The reader for the format of a capture.

use std::io::Read;

use super::error::Fault;
use super::packet::LinkType;
use super::pcap::PcapReader;
use super::pcapng::PcapNgReader;
use super::savefile::PcapHeader;
use super::window::{Fill, Window};

/// Reads the records of one capture.
pub(super) enum Reader {
    Pcap(PcapReader),
    PcapNg(PcapNgReader),
}

impl Reader {
    /// Finds out the format of the capture at the front of the window.
    pub(super) fn open<R: Read>(window: &mut Window<R>) -> Result<Self, Fault> {
        if let Fill::Short(got) = window.fill_waiting(4)? {
            return Err(Fault::Truncated { part: "file header", wanted: 4, got });
        }
        let magic = *window.filled().first_chunk().ok_or(Fault::UnknownFormat)?;
        match () {
            () if PcapReader::recognises(magic) => PcapReader::open(window).map(Self::Pcap),
            () if PcapNgReader::recognises(magic) => PcapNgReader::open(window).map(Self::PcapNg),
            () => Err(Fault::UnknownFormat),
        }
    }

    /// Whether its packets are [at hand](super::at_hand::AtHand).
    pub(super) fn is_ordinary(&self) -> bool {
        match self {
            Self::Pcap(reader) => reader.is_ordinary(),
            Self::PcapNg(reader) => reader.is_ordinary(),
        }
    }

    /// The link type of its packets, or of the first interface's.
    pub(super) fn link_type(&self) -> LinkType {
        match self {
            Self::Pcap(reader) => reader.link_type(),
            Self::PcapNg(reader) => reader.link_type(),
        }
    }

    /// What a file begins with that takes its packets.
    pub(super) fn header(&self) -> PcapHeader {
        match self {
            Self::Pcap(reader) => reader.header(),
            Self::PcapNg(reader) => reader.header(),
        }
    }
}
