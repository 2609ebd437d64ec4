//! From frames to TCP segments, in steps that each know only their own layer:
//!
//! 1. [`link`] takes off the link layer: a frame gives the datagrams it carries, usually one.
//! 2. [`network`] reads the IP header: a datagram gives addresses, protocol and payload.
//! 3. `fragments` holds the fragments of a datagram until all have come.
//! 4. `tunnel` finds the datagram inside a datagram; back to step 2.
//! 5. [`transport`] reads the TCP header: a payload gives a [`Segment`].
//!
//! `innermost` goes through steps 2 to 5. Nearly all frames take a shorter way through all of them at
//! once: those of the usual shape ([`Decoder::usual`], [`Decoder::nearly_usual`]), and those without
//! fragments and tunnels ([`Decoder::plain`]).
//!
//! Nothing here does I/O or panics, whatever the bytes. Only fragments are kept from one packet to
//! the next, in bounded memory; only fragments and compressed datagrams allocate. Lengths that
//! headers claim are believed only as far as bytes were captured. Checksums are not verified:
//! captures of the sending host rarely hold valid ones.

mod backlog;
mod compression;
mod extension;
mod fragments;
mod frame_facts;
mod innermost;
pub mod link;
pub mod network;
pub mod segment;
pub mod transport;
mod tunnel;
mod usual;

use crate::capture::{LinkType, RawPacket};
use crate::time::Timestamp;

use frame_facts::FrameFacts;
use innermost::Innermost;
use link::LinkLayer;

pub use link::Beacon;
pub use segment::{Datagram, FiveTuple, LinkFacts, MacAddr, Segment, TcpFlags};

/// What decoding takes into account besides the packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether 802.11 frames whose frame check sequence is there and wrong are left out.
    pub check_fcs: bool,
    /// Whether to look inside tunnels.
    pub decap: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { check_fcs: true, decap: true }
    }
}

/// Something that decoding found.
#[derive(Debug)]
pub enum Found<'a> {
    /// The link layer handed this datagram on as IP, and this is what it is.
    Datagram(&'a Datagram<'a>, &'a Verdict<'a>),
    /// The segment that the first fragment of a datagram holds, now that the rest did not come.
    /// The fragments themselves were found before; this is not another packet.
    Overdue(Segment<'a>),
    /// A wireless network announced itself.
    Beacon(Beacon<'a>),
}

/// A datagram that carries one whole segment.
pub type Plain<'a> = (Datagram<'a>, Segment<'a>);

/// What became of a datagram.
#[derive(Debug)]
pub enum Verdict<'a> {
    /// It carries this TCP segment, perhaps inside tunnels, or it is the fragment that completes
    /// it. Then the segment's time is this packet's, and its lengths are those of all frames that
    /// brought fragments.
    Segment(Segment<'a>),
    /// It belongs to this flow, but its TCP header is cut or malformed, so that nothing in it can
    /// be put in place. Not processed.
    Headless(Segment<'a>),
    /// It is a fragment of a datagram that carries TCP and is not complete yet. Processed, though
    /// nothing comes of it for now. Of the segment only whose it is can be told, and that not
    /// before the first fragment has come: it has no payload and no sequence number.
    Fragment(Option<Segment<'a>>),
    /// It is no TCP, or no IP at all. Not processed.
    NotTcp,
}

/// Turns frames into segments.
///
/// Holds what the steps need to remember between packets: fragments of datagrams and of 802.11
/// frames that wait for the others.
#[derive(Debug)]
pub struct Decoder {
    link: LinkLayer,
    innermost: Innermost,
}

impl Decoder {
    /// A decoder that has seen nothing yet.
    pub fn new(options: Options) -> Self {
        Self { link: LinkLayer::new(options.check_fcs), innermost: Innermost::new(options.decap) }
    }

    /// Whether frames of this link type can be read.
    pub fn supports(link_type: LinkType) -> bool {
        link::supports(link_type)
    }

    /// What all but few frames are: Ethernet around one whole TCP segment, not tunnelled, while
    /// nothing waits for fragments. `None` if it is anything else, which [`decode`](Self::decode)
    /// is to be asked about.
    pub fn plain<'a>(&self, packet: &RawPacket<'a>, time: Timestamp) -> Option<Plain<'a>> {
        if !self.may_be_plain(packet) {
            return None;
        }
        let datagram = link::ethernet::datagram(packet.data)?;
        let carried = network::read(datagram.data).filter(network::Carried::is_tcp)?;
        let ports = transport::ports(carried.payload)?;
        let header = transport::Header::parse(carried.payload)?;
        let facts = FrameFacts { link: datagram.link, ..FrameFacts::of(packet, time) };
        Some((datagram, facts.segment(carried.addresses.with_ports(ports), header)))
    }

    /// The first short way: Ethernet without tags around IPv4 without options around TCP. `None`
    /// if it is anything else, which [`nearly_usual`](Self::nearly_usual) is to be asked about.
    #[inline(always)]
    pub fn usual<'a>(&self, packet: &RawPacket<'a>, time: Timestamp) -> Option<Segment<'a>> {
        match self.may_be_plain(packet) {
            true => usual::read(packet, time),
            false => None,
        }
    }

    /// The second short way: the same with IPv6, or with one VLAN tag. `None` if it is anything
    /// else, which [`plain`](Self::plain) is to be asked about.
    pub fn nearly_usual<'a>(&self, packet: &RawPacket<'a>, time: Timestamp) -> Option<Segment<'a>> {
        match self.may_be_plain(packet) {
            true => usual::read_other(packet, time),
            false => None,
        }
    }

    /// The datagram around a segment that [`usual`](Self::usual) or
    /// [`nearly_usual`](Self::nearly_usual) has found in this packet.
    pub fn usual_datagram<'a>(packet: &RawPacket<'a>, segment: &Segment<'_>) -> Datagram<'a> {
        usual::datagram(packet, segment)
    }

    #[inline(always)]
    fn may_be_plain(&self, packet: &RawPacket<'_>) -> bool {
        packet.link_type == LinkType::ETHERNET && !self.is_waiting()
    }

    /// Calls `visit` with each datagram that the link layer hands on as IP, or with the beacon. A
    /// frame that holds neither (ARP, an unknown EtherType, too few bytes) calls it never.
    ///
    /// `time` is the packet's; datagrams that by then have waited too long for their fragments come
    /// first.
    pub fn decode(
        &mut self,
        packet: &RawPacket<'_>,
        time: Timestamp,
        mut visit: impl FnMut(Found<'_>),
    ) {
        let visit: &mut dyn FnMut(Found<'_>) = &mut visit;
        if self.is_waiting() {
            self.give_up_overdue(time, visit);
        }
        let innermost = &mut self.innermost;
        self.link.read(packet, FrameFacts::of(packet, time), &mut |found| match found {
            link::Found::Datagram(datagram, facts) => {
                innermost.examine(&datagram, facts, visit);
            }
            link::Found::Beacon(beacon) => visit(Found::Beacon(beacon)),
        });
    }

    #[inline]
    fn is_waiting(&self) -> bool {
        self.link.is_waiting() || self.innermost.is_waiting()
    }

    /// To be called at the end of input: gives up everything that still waits for fragments.
    pub fn finish(&mut self, mut visit: impl FnMut(Found<'_>)) {
        let innermost = &mut self.innermost;
        self.link.give_up(|datagram, facts| {
            if let Some(segment) = innermost.beginning(datagram.data, facts) {
                visit(Found::Overdue(segment));
            }
        });
        innermost.give_up(&mut visit);
    }

    /// How many 802.11 data frames were left out because they are encrypted.
    pub fn protected_frames(&self) -> u64 {
        self.link.protected_frames()
    }

    fn give_up_overdue(&mut self, now: Timestamp, visit: &mut dyn FnMut(Found<'_>)) {
        let innermost = &mut self.innermost;
        self.link.give_up_overdue(now, |datagram, facts| {
            if let Some(segment) = innermost.beginning(datagram.data, facts) {
                visit(Found::Overdue(segment));
            }
        });
        innermost.give_up_overdue(now, visit);
    }
}

#[cfg(test)]
mod tests;
