//! The usual frame: Ethernet without tags around IPv4 without options around TCP.
//!
//! Everything stands at a place that is known beforehand, so that one look at the length of the frame
//! is enough. What is not as usual, or odd in any way, is left to those who read layer by layer; what
//! is read here is what they would read.

use super::origin::Origin;
use super::segment::{Datagram, FiveTuple, LinkFacts, MacAddr, Segment, TcpFlags};
use super::{network, transport};
use crate::capture::RawPacket;
use crate::time::Timestamp;

/// Ethernet header, IPv4 header and the fixed part of a TCP header.
const HEADERS: usize = ETHERNET + IPV4 + TCP;
const ETHERNET: usize = 14;
const IPV4: usize = 20;
const TCP: usize = 20;

/// The EtherType of IPv4; version 4 and a header of five words.
const KIND: [u8; 3] = [0x08, 0x00, 0x45];

/// The bits that only fragments have: more fragments, and the offset.
const FRAGMENT: u16 = 0x3fff;

/// The datagram and the segment in an Ethernet frame, if everything is as usual.
#[inline]
pub(super) fn read<'a>(
    packet: &RawPacket<'a>,
    time: Timestamp,
) -> Option<(Datagram<'a>, Segment<'a>)> {
    let frame = packet.data;
    let head: &[u8; HEADERS] = frame.first_chunk()?;
    let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    if [head[12], head[13], head[14]] != KIND
        || head[23] != network::TCP
        || word(20) & FRAGMENT != 0
    {
        return None;
    }
    let claimed = usize::from(word(16));
    let data_offset = usize::from(head[46] >> 4) * 4;
    if claimed < IPV4 + TCP || data_offset < TCP {
        return None;
    }
    let end = (ETHERNET + claimed).min(frame.len());
    let (destination, source) = (MacAddr(part::<0, _>(head)), MacAddr(part::<6, _>(head)));
    let link = LinkFacts { vlan: None, source, destination };
    let datagram = Datagram { link, data: frame.get(ETHERNET..)? };
    let tuple = FiveTuple::v4(part::<26, _>(head), part::<30, _>(head), (word(34), word(36)));
    let header = transport::Header {
        seq: u32::from_be_bytes(part::<38, _>(head)),
        flags: TcpFlags(head[47]),
        payload: frame.get(ETHERNET + IPV4 + data_offset..end).unwrap_or_default(),
    };
    Some((datagram, Origin { link, ..Origin::of(packet, time) }.segment(tuple, header)))
}

/// `N` bytes from `AT` on, which must be there.
#[inline(always)]
fn part<const AT: usize, const N: usize>(head: &[u8; HEADERS]) -> [u8; N] {
    const { assert!(AT + N <= HEADERS) };
    head.split_at(AT).1.first_chunk().copied().unwrap_or([0; N])
}
