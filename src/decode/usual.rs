//! The usual frames: Ethernet around IP without options or extension headers around TCP.
//!
//! Everything stands at a place that is known beforehand, so that one look at the length of the frame
//! is enough. What is not as usual, or odd in any way, is left to those who read layer by layer; what
//! is read here is what they would read.

use super::frame_facts::FrameFacts;
use super::network;
use super::segment::{Datagram, FiveTuple, LinkFacts, MacAddr, Segment, TcpFlags};
use super::transport::{self, Header};
use crate::capture::RawPacket;
use crate::time::Timestamp;

const ETHERNET: usize = 14;
const TAG: usize = 4;
const IPV4: usize = 20;
const IPV6: usize = 40;
const TCP: usize = 20;

/// IPv4 and TCP, without the options of either.
const V4_HEADERS: usize = IPV4 + TCP;
/// IPv6 and TCP, without extension headers and options.
const V6_HEADERS: usize = IPV6 + TCP;

/// EtherTypes (IEEE 802 numbers).
const VERSION_4: [u8; 2] = [0x08, 0x00];
const VERSION_6: [u8; 2] = [0x86, 0xdd];
const CUSTOMER_TAG: [u8; 2] = [0x81, 0x00];

/// The bits that only fragments have: more fragments, and the offset.
const FRAGMENT: u16 = 0x3fff;

/// The VLAN number within a tag.
const VLAN_NUMBER: u16 = 0x0fff;

/// The segment in the most usual of these frames, IPv4 without tags.
#[inline]
pub(super) fn read<'a>(packet: &RawPacket<'a>, time: Timestamp) -> Option<Segment<'a>> {
    let head: &[u8; ETHERNET + V4_HEADERS] = packet.data.first_chunk()?;
    if part::<12, 2, _>(head) != VERSION_4 {
        return None;
    }
    let link = addresses(part::<0, ETHERNET, _>(head));
    read_v4(packet, time, link, ETHERNET, part::<ETHERNET, V4_HEADERS, _>(head))
}

/// The same in frames with IPv6 or one 802.1Q tag.
pub(super) fn read_other<'a>(packet: &RawPacket<'a>, time: Timestamp) -> Option<Segment<'a>> {
    let frame = packet.data;
    let head: &[u8; ETHERNET] = frame.first_chunk()?;
    let (vlan, kind, at) = match part::<12, 2, _>(head) {
        CUSTOMER_TAG => {
            let tag: [u8; TAG] = *frame.get(ETHERNET..)?.first_chunk()?;
            let number = u16::from_be_bytes(part::<0, 2, _>(&tag)) & VLAN_NUMBER;
            (Some(number), part::<2, 2, _>(&tag), ETHERNET + TAG)
        }
        kind => (None, kind, ETHERNET),
    };
    let link = LinkFacts { vlan, ..addresses(*head) };
    match kind {
        VERSION_4 => read_v4(packet, time, link, at, *frame.get(at..)?.first_chunk()?),
        VERSION_6 => read_v6(packet, time, link, at, frame.get(at..)?.first_chunk()?),
        _ => None,
    }
}

/// The datagram around a segment that was read here.
pub(super) fn datagram<'a>(packet: &RawPacket<'a>, segment: &Segment<'_>) -> Datagram<'a> {
    let at = if segment.link.vlan.is_some() { ETHERNET + TAG } else { ETHERNET };
    Datagram { link: segment.link, data: packet.data.get(at..).unwrap_or_default() }
}

/// Reads the headers of a datagram that begins `at` there in the frame.
#[inline(always)]
fn read_v4<'a>(
    packet: &RawPacket<'a>,
    time: Timestamp,
    link: LinkFacts,
    at: usize,
    head: [u8; V4_HEADERS],
) -> Option<Segment<'a>> {
    let claimed = usize::from(u16::from_be_bytes(part::<2, 2, _>(&head)));
    let is_usual = head[0] == 0x45
        && head[9] == network::TCP
        && u16::from_be_bytes(part::<6, 2, _>(&head)) & FRAGMENT == 0
        && claimed >= V4_HEADERS;
    if !is_usual {
        return None;
    }
    let tcp = part::<IPV4, TCP, _>(&head);
    let header = read_tcp(packet, at + IPV4, at + claimed, tcp)?;
    let (source, destination) = (part::<12, 4, _>(&head), part::<16, 4, _>(&head));
    let tuple = FiveTuple::v4_of_wire(source, destination, part::<0, 4, _>(&tcp));
    Some(FrameFacts { link, ..FrameFacts::of(packet, time) }.segment(tuple, header))
}

/// The same for version 6.
fn read_v6<'a>(
    packet: &RawPacket<'a>,
    time: Timestamp,
    link: LinkFacts,
    at: usize,
    head: &[u8; V6_HEADERS],
) -> Option<Segment<'a>> {
    let claimed = usize::from(u16::from_be_bytes(part::<4, 2, _>(head)));
    if head[0] >> 4 != 6 || head[6] != network::TCP || claimed < TCP {
        return None;
    }
    let end = at + IPV6 + claimed;
    let tcp = part::<IPV6, TCP, _>(head);
    let header = read_tcp(packet, at + IPV6, end, tcp)?;
    let (source, destination) = (part::<8, 16, _>(head), part::<24, 16, _>(head));
    let tuple = FiveTuple::v6(source, destination, transport::ports(&tcp)?);
    Some(FrameFacts { link, ..FrameFacts::of(packet, time) }.segment(tuple, header))
}

/// Reads the TCP header that begins `at` there in the frame, of a datagram that claims to end at
/// `end`: all but its ports.
#[inline(always)]
fn read_tcp<'a>(
    packet: &RawPacket<'a>,
    at: usize,
    end: usize,
    head: [u8; TCP],
) -> Option<Header<'a>> {
    let data_offset = usize::from(head[12] >> 4) * 4;
    if data_offset < TCP {
        return None;
    }
    let payload = packet.data.get(at + data_offset..end.min(packet.data.len()));
    Some(Header {
        seq: u32::from_be_bytes(part::<4, 4, _>(&head)),
        flags: TcpFlags(head[13]),
        payload: payload.unwrap_or_default(),
    })
}

/// Where an Ethernet frame without tags came from and went.
#[inline(always)]
fn addresses(head: [u8; ETHERNET]) -> LinkFacts {
    let (destination, source) = (MacAddr(part::<0, 6, _>(&head)), MacAddr(part::<6, 6, _>(&head)));
    LinkFacts { vlan: None, source, destination }
}

/// `N` bytes from `AT` on, which must be there.
#[inline(always)]
fn part<const AT: usize, const N: usize, const LEN: usize>(head: &[u8; LEN]) -> [u8; N] {
    const { assert!(AT + N <= LEN) };
    head.split_at(AT).1.first_chunk().copied().unwrap_or([0; N])
}
