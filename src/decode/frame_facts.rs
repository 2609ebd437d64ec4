//! Where a datagram came from: what the frame around it says of every segment in it.

use super::segment::{FiveTuple, LinkFacts, Segment};
use super::transport::Header;
use crate::capture::RawPacket;
use crate::time::Timestamp;

/// The frame of a datagram, or all the frames that its fragments came in.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FrameFacts {
    /// What the link layer said; of several frames the one that arrived first.
    pub(super) link: LinkFacts,
    /// When it was captured, `tdelta` included; of several frames the one that arrived last, for
    /// only then was there anything to put into a stream.
    pub(super) time: Timestamp,
    /// Bytes on the wire, of all frames together.
    pub(super) wire_len: u32,
    /// Bytes captured, of all frames together.
    pub(super) captured_len: u32,
}

impl FrameFacts {
    /// A frame of which the link layer has not been read yet.
    #[inline]
    pub(super) fn of(packet: &RawPacket<'_>, time: Timestamp) -> Self {
        Self {
            link: LinkFacts::default(),
            time,
            wire_len: packet.wire_len,
            captured_len: packet.data.len() as u32,
        }
    }

    /// This frame and one that arrived later. Flows count the bytes of all frames that carried
    /// something to them, so that a report's sum agrees with the capture.
    pub(super) fn and_later(self, later: Self) -> Self {
        Self {
            link: self.link,
            time: later.time,
            wire_len: self.wire_len.saturating_add(later.wire_len),
            captured_len: self.captured_len.saturating_add(later.captured_len),
        }
    }

    /// A segment from here of which nothing is known but whose it is.
    #[inline]
    pub(super) fn headless_segment<'a>(&self, tuple: FiveTuple) -> Segment<'a> {
        let nothing = Header { seq: 0, flags: Default::default(), payload: &[] };
        self.segment(tuple, nothing)
    }

    /// A segment from here.
    #[inline]
    pub(super) fn segment<'a>(&self, tuple: FiveTuple, header: Header<'a>) -> Segment<'a> {
        Segment {
            tuple,
            time: self.time,
            seq: header.seq,
            flags: header.flags,
            link: self.link,
            wire_len: self.wire_len,
            captured_len: self.captured_len,
            payload: header.payload,
        }
    }
}
