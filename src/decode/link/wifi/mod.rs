//! Wireless LAN (IEEE 802.11): from captured frames to datagrams and beacons.
//!
//! Data frames of every kind are read, with real source and destination addresses. Encrypted ones
//! are counted and left out. Management frames matter only as beacons, control frames never do.

mod beacon;
mod fcs;
mod header;
mod msdu;
mod parts;
mod ppi;
mod prism;
mod radiotap;

use super::Found;
use crate::capture::{LinkType, RawPacket};
use crate::decode::frame_facts::FrameFacts;
use crate::decode::segment::Datagram;
use crate::time::Timestamp;

use fcs::Fcs;
use header::{DataHeader, Header};
use parts::Parts;

pub use beacon::Beacon;

/// Whether captures of this link type may hold 802.11 frames.
pub(super) fn supports(link_type: LinkType) -> bool {
    matches!(
        link_type,
        LinkType::IEEE802_11 | LinkType::PRISM | LinkType::RADIOTAP | LinkType::AVS | LinkType::PPI
    )
}

/// What stands behind the capture header of a packet whose link type is for wireless captures.
pub(super) enum Captured<'a> {
    /// An 802.11 frame.
    Wireless(Frame<'a>),
    /// A frame of another link type, all the same.
    Other(LinkType, &'a [u8]),
}

/// An 802.11 frame and what the capture header said of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    /// From the frame control field on, as far as captured.
    bytes: &'a [u8],
    /// How many bytes of the frame's end were not captured.
    missing: usize,
    fcs: Fcs,
    /// Whether the header is padded to a multiple of four bytes.
    padded: bool,
}

/// Takes off the capture header; `None` if it is cut or malformed, or if the link type is none for
/// wireless captures.
pub(super) fn captured<'a>(packet: &RawPacket<'a>) -> Option<Captured<'a>> {
    let (bytes, fcs, padded) = match packet.link_type {
        LinkType::IEEE802_11 => (packet.data, Fcs::Unknown, false),
        LinkType::PRISM => (prism::behind_header(packet.data)?, Fcs::Unknown, false),
        LinkType::AVS => (prism::behind_avs_header(packet.data)?, Fcs::Unknown, false),
        LinkType::RADIOTAP => radiotap::read(packet.data)?,
        LinkType::PPI => match ppi::read(packet.data)? {
            (LinkType::IEEE802_11, fcs, bytes) => (bytes, fcs, false),
            (other, _, bytes) => return Some(Captured::Other(other, bytes)),
        },
        _ => return None,
    };
    let wire_len = usize::try_from(packet.wire_len).unwrap_or(usize::MAX);
    let missing = wire_len.saturating_sub(packet.data.len());
    Some(Captured::Wireless(Frame { bytes, missing, fcs, padded }))
}

/// Reads 802.11 frames; remembers those that are parts of a larger one.
#[derive(Debug)]
pub(super) struct Wifi {
    check_fcs: bool,
    parts: Parts,
    protected_frames: u64,
}

impl Wifi {
    pub(super) fn new(check_fcs: bool) -> Self {
        Self { check_fcs, parts: Parts::default(), protected_frames: 0 }
    }

    /// Calls `visit` with what the frame holds.
    pub(super) fn read(
        &mut self,
        frame: Frame<'_>,
        facts: FrameFacts,
        visit: &mut dyn FnMut(Found<'_>),
    ) {
        let checked = fcs::take_off(frame);
        if checked.is_wrong && self.check_fcs {
            return;
        }
        let frame = checked.frame;
        match Header::read(frame.bytes) {
            Some(Header::Beacon { source, body }) => {
                if let Some(beacon) = beacon::read(source, body) {
                    visit(Found::Beacon(beacon));
                }
            }
            Some(Header::Data(header)) if header.protected => {
                self.protected_frames = self.protected_frames.saturating_add(1);
            }
            Some(Header::Data(header)) => self.read_data(&header, frame, facts, visit),
            None => {}
        }
    }

    fn read_data(
        &mut self,
        header: &DataHeader,
        frame: Frame<'_>,
        facts: FrameFacts,
        visit: &mut dyn FnMut(Found<'_>),
    ) {
        let body_at = if frame.padded { header.len.next_multiple_of(4) } else { header.len };
        let Some(body) = frame.bytes.get(body_at..) else { return };
        let mut visit = |datagram: Datagram<'_>, facts| {
            visit(Found::Datagram(datagram, FrameFacts { link: datagram.link, ..facts }));
        };
        match header.part {
            None => msdu::datagrams(&header.unit, body, |datagram| visit(datagram, facts)),
            Some(part) => {
                let is_cut = frame.missing > 0;
                if let Some(joined) = self.parts.add(&header.unit, part, body, is_cut, facts) {
                    joined.datagrams(&mut visit);
                }
            }
        }
    }

    #[inline]
    pub(super) fn is_waiting(&self) -> bool {
        !self.parts.is_empty()
    }

    /// See [`super::LinkLayer::give_up_overdue`].
    pub(super) fn give_up_overdue(
        &mut self,
        now: Timestamp,
        visit: &mut impl FnMut(Datagram<'_>, FrameFacts),
    ) {
        while let Some(joined) = self.parts.give_up_overdue(now) {
            joined.datagrams(visit);
        }
    }

    /// See [`super::LinkLayer::give_up`].
    pub(super) fn give_up(&mut self, visit: &mut impl FnMut(Datagram<'_>, FrameFacts)) {
        while let Some(joined) = self.parts.give_up() {
            joined.datagrams(visit);
        }
    }

    /// How many data frames were left out because they are encrypted.
    pub(super) fn protected_frames(&self) -> u64 {
        self.protected_frames
    }
}
