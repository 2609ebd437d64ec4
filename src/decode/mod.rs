//! From frames to TCP segments, in three steps that each know only their own layer:
//!
//! 1. [`link`] takes off the link layer: a frame gives the datagrams it carries, usually one.
//! 2. [`network`] reads the IP header: a datagram gives addresses, protocol and payload.
//! 3. [`transport`] reads the TCP header: a payload gives a [`Segment`].
//!
//! Nothing here does I/O, allocates, or panics, whatever the bytes. Lengths that headers claim are
//! believed only as far as bytes were captured. Checksums are not verified: captures of the
//! sending host rarely hold valid ones.

pub mod link;
pub mod network;
pub mod segment;
pub mod transport;

use crate::capture::{LinkType, RawPacket};

pub use segment::{Datagram, FiveTuple, LinkFacts, MacAddr, Segment, TcpFlags};

/// What became of a datagram.
#[derive(Debug)]
pub enum Verdict<'a> {
    /// It carries this TCP segment.
    Segment(Segment<'a>),
    /// It belongs to this flow, but its TCP header is cut or malformed, so that nothing in it can
    /// be put in place. Not processed.
    Headless(Segment<'a>),
    /// It is no TCP, or no IP at all. Not processed.
    NotTcp,
}

/// Turns frames into segments.
///
/// Holds what the steps need to remember between packets.
#[derive(Debug)]
pub struct Decoder {
    delta_seconds: i32,
}

impl Decoder {
    /// A decoder that moves every packet's time by `delta_seconds`.
    pub fn new(delta_seconds: i32) -> Self {
        Self { delta_seconds }
    }

    /// Whether frames of this link type can be read.
    pub fn supports(link_type: LinkType) -> bool {
        link::supports(link_type)
    }

    /// Calls `visit` with each datagram that the link layer hands on as IP, and what it is.
    /// A frame that carries none (ARP, an unknown EtherType, too few bytes) calls it never.
    pub fn decode(
        &mut self,
        packet: &RawPacket<'_>,
        mut visit: impl FnMut(Datagram<'_>, Verdict<'_>),
    ) {
        link::datagrams(packet, |datagram| {
            let verdict = self.examine(packet, &datagram);
            visit(datagram, verdict);
        });
    }

    fn examine<'a>(&self, packet: &RawPacket<'_>, datagram: &Datagram<'a>) -> Verdict<'a> {
        let Some(carried) = network::tcp_payload(datagram.data) else {
            return Verdict::NotTcp;
        };
        let Some(ports) = transport::ports(carried.payload) else {
            return Verdict::NotTcp;
        };
        let mut segment = Segment {
            tuple: carried.addresses.with_ports(ports),
            time: packet.time.to_timestamp(self.delta_seconds),
            seq: 0,
            flags: TcpFlags::default(),
            link: datagram.link,
            wire_len: packet.wire_len,
            captured_len: packet.data.len() as u32,
            payload: &[],
        };
        match transport::Header::parse(carried.payload) {
            Some(header) => {
                segment.seq = header.seq;
                segment.flags = header.flags;
                segment.payload = header.payload;
                Verdict::Segment(segment)
            }
            None => Verdict::Headless(segment),
        }
    }
}
