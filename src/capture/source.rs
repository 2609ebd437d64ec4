//! What all sources of packets have in common.

use std::path::Path;

use super::at_hand::AtHand;
use super::error::CaptureError;
use super::file::FileSource;
use super::input::is_standard_input;
use super::live::{Live, LiveOptions};
use super::packet::{LinkType, RawPacket};
use super::savefile::PcapHeader;
use crate::chunk::Chunk;
use crate::origin::Origin;

/// What a source has next.
#[derive(Clone, Copy, Debug)]
pub enum Next<'a> {
    /// A packet.
    Packet(RawPacket<'a>),
    /// There are packets at hand, to be taken from [`Source::at_hand`].
    AtHand,
    /// Nothing now: the source is a device that has been silent for some 10 ms, or a pipe that has been
    /// so for some 20 ms. Time to do what was put off, and to look whether to stop.
    Idle,
    /// Nothing any more.
    End,
}

/// A source of packets.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is moved twice")]
pub enum Source {
    /// A capture file, an archive, a pipe.
    File(FileSource),
    /// A network device.
    Live(Live),
}

impl Source {
    /// Opens a capture file; `-` is standard input.
    pub fn open_file(path: &Path) -> Result<Self, CaptureError> {
        FileSource::open(path).map(Self::File)
    }

    /// Whether it may take as long as somebody likes to [open](Self::open_file) the file at `path`: a
    /// pipe that nobody writes to.
    pub fn may_wait_to_open(path: &Path) -> bool {
        is_standard_input(path) || !path.is_file()
    }

    /// Begins to capture from a device.
    pub fn open_live(options: &LiveOptions) -> Result<Self, CaptureError> {
        Live::open(options).map(Self::Live)
    }

    /// The next packet, or why there is none.
    ///
    /// It is never [`Next::AtHand`]. After an error there may still be packets (of the next file in
    /// an archive): call again until [`Next::End`].
    pub fn next_packet(&mut self) -> Result<Next<'_>, CaptureError> {
        match self {
            Self::File(file) => file.next_packet(),
            Self::Live(live) => live.next_packet(),
        }
    }

    /// As [`next_packet`](Self::next_packet), but leaves packets at hand where they are. To be called
    /// when there were none.
    pub fn read_on(&mut self) -> Result<Next<'_>, CaptureError> {
        match self {
            Self::File(file) => file.read_on(),
            Self::Live(live) => live.next_packet(),
        }
    }

    /// Packets that come next and are in memory already; there may be none although
    /// [`next_packet`](Self::next_packet) has some. They stay until they are
    /// [passed over](Self::pass_over).
    #[inline]
    pub fn at_hand(&self) -> AtHand<'_> {
        match self {
            Self::File(file) => file.at_hand(),
            Self::Live(_) => AtHand::default(),
        }
    }

    /// The memory in which packets at hand lie. Whoever holds it may go on reading them, whatever
    /// happens to the source.
    pub fn chunk_at_hand(&self) -> Option<&Chunk> {
        match self {
            Self::File(file) => file.chunk_at_hand(),
            Self::Live(_) => None,
        }
    }

    /// Where what is in that memory can be read again, from its first byte on; if it can.
    pub fn origin_at_hand(&self) -> Option<Origin> {
        match self {
            Self::File(file) => file.origin_at_hand(),
            Self::Live(_) => None,
        }
    }

    /// Goes on behind packets at hand that take `len` bytes
    /// ([`AtHand::passed`](super::AtHand::passed)).
    #[inline]
    pub fn pass_over(&mut self, len: usize) {
        if let Self::File(file) = self {
            file.pass_over(len);
        }
    }

    /// The link type of the source: of all its packets or, in a pcapng file, of the first
    /// interface's; other packets may have others.
    pub fn link_type(&self) -> LinkType {
        match self {
            Self::File(file) => file.link_type(),
            Self::Live(live) => live.link_type(),
        }
    }

    /// What to call the source in messages.
    pub fn name(&self) -> &str {
        match self {
            Self::File(file) => file.name(),
            Self::Live(live) => live.name(),
        }
    }

    /// The header of a pcap file to which packets of this source are written with
    /// [`write_record`](super::write_record): a copy of the source's own if it is such a file.
    pub fn pcap_header(&self) -> PcapHeader {
        match self {
            Self::File(file) => file.pcap_header(),
            Self::Live(live) => live.pcap_header(),
        }
    }

    /// How many bytes of the file (compressed, if it is) were read; 0 of a device.
    pub fn position(&self) -> u64 {
        match self {
            Self::File(file) => file.position(),
            Self::Live(_) => 0,
        }
    }

    /// How many bytes the file has, if it is a regular file.
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::File(file) => file.size(),
            Self::Live(_) => None,
        }
    }
}
