//! What decoding finds: IP datagrams with their link-layer facts, and TCP segments in them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::time::Timestamp;

/// A MAC address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(pub [u8; 6]);

impl MacAddr {
    /// Whether every byte is zero, which reports treat as "no address".
    pub fn is_zero(self) -> bool {
        self.0 == [0; 6]
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// What the link layer said around a datagram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkFacts {
    /// The number of the outermost VLAN (12 bits), if the outermost tag is an 802.1Q tag.
    pub vlan: Option<u16>,
    /// Where the frame came from; zero if the link layer has no such address.
    pub source: MacAddr,
    /// Where the frame went; zero if the link layer has no such address.
    pub destination: MacAddr,
}

/// What the link layer handed on as IP. It need not be IP: `data` was not looked at yet.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// What the link layer said around it.
    pub link: LinkFacts,
    /// The bytes captured, from the IP header on. Padding may follow the datagram's end.
    pub data: &'a [u8],
}

/// One direction of a connection: the addresses and ports of both ends, in order.
///
/// Addresses are kept as 16 bytes; an IPv4 address stands in the first 4, the others are 0. The
/// family tells them apart. Ports are kept as they are on the wire, so that nothing has to be turned
/// around to find a flow.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct FiveTuple {
    source: [u8; 16],
    destination: [u8; 16],
    /// That of the source, then that of the destination, in network byte order.
    ports: [u8; 4],
    is_ipv6: bool,
}

impl FiveTuple {
    /// The flow of a segment inside an IPv4 datagram.
    #[inline]
    pub fn v4(source: [u8; 4], destination: [u8; 4], ports: (u16, u16)) -> Self {
        Self::v4_of_wire(source, destination, on_wire(ports))
    }

    /// The same with the first 4 bytes of the segment.
    #[inline]
    pub fn v4_of_wire(source: [u8; 4], destination: [u8; 4], ports: [u8; 4]) -> Self {
        // In one piece: byte by byte it would be moved byte by byte.
        let widen = |address| u128::from(u32::from_le_bytes(address)).to_le_bytes();
        Self { source: widen(source), destination: widen(destination), ports, is_ipv6: false }
    }

    /// The flow of a segment inside an IPv6 datagram.
    pub fn v6(source: [u8; 16], destination: [u8; 16], ports: (u16, u16)) -> Self {
        Self { source, destination, ports: on_wire(ports), is_ipv6: true }
    }

    /// The other direction of the same connection.
    pub fn reversed(self) -> Self {
        let [a, b, c, d] = self.ports;
        Self {
            source: self.destination,
            destination: self.source,
            ports: [c, d, a, b],
            is_ipv6: self.is_ipv6,
        }
    }

    /// Whether the addresses are IPv6 addresses.
    pub fn is_ipv6(&self) -> bool {
        self.is_ipv6
    }

    /// The sender's address.
    pub fn source(&self) -> IpAddr {
        self.address(&self.source)
    }

    /// The receiver's address.
    pub fn destination(&self) -> IpAddr {
        self.address(&self.destination)
    }

    /// The sender's port.
    pub fn source_port(&self) -> u16 {
        u16::from_be_bytes([self.ports[0], self.ports[1]])
    }

    /// The receiver's port.
    pub fn destination_port(&self) -> u16 {
        u16::from_be_bytes([self.ports[2], self.ports[3]])
    }

    /// The whole tuple as machine words, for hashing: two for each address, of which an IPv4 address
    /// fills the lower half of the first, and one for the rest.
    #[inline]
    pub fn words(&self) -> [u64; 5] {
        let halves = |bytes: &[u8; 16]| {
            let whole = u128::from_le_bytes(*bytes);
            [whole as u64, (whole >> 64) as u64]
        };
        let [a, b] = halves(&self.source);
        let [c, d] = halves(&self.destination);
        let ports = u64::from(u32::from_le_bytes(self.ports));
        [a, b, c, d, ports << 1 | u64::from(self.is_ipv6)]
    }

    fn address(&self, bytes: &[u8; 16]) -> IpAddr {
        match self.is_ipv6 {
            true => IpAddr::V6(Ipv6Addr::from(*bytes)),
            false => IpAddr::V4(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3])),
        }
    }
}

/// Two ports as they are in a TCP header.
#[inline]
fn on_wire((source, destination): (u16, u16)) -> [u8; 4] {
    let ([a, b], [c, d]) = (source.to_be_bytes(), destination.to_be_bytes());
    [a, b, c, d]
}

impl fmt::Debug for FiveTuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.source(), self.destination());
        write!(f, "{from} {} > {to} {}", self.source_port(), self.destination_port())
    }
}

/// The flags of a TCP header that matter to reassembly (RFC 9293, 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// The acknowledgement number counts.
    pub const ACK: Self = Self(0x10);

    /// Whether some flags of `other` are set.
    #[inline]
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all flags of `other` are set.
    #[inline]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl std::ops::BitOr for TcpFlags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A TCP segment as it arrived.
#[derive(Clone, Copy, Debug, Default)]
pub struct Segment<'a> {
    /// Whose bytes these are.
    pub tuple: FiveTuple,
    /// When it was captured, `tdelta` included.
    pub time: Timestamp,
    /// The sequence number field.
    pub seq: u32,
    /// The flags.
    pub flags: TcpFlags,
    /// What the link layer said around the datagram.
    pub link: LinkFacts,
    /// Bytes of the whole frame on the wire.
    pub wire_len: u32,
    /// Bytes of the whole frame that were captured.
    pub captured_len: u32,
    /// The segment's data, as far as captured.
    pub payload: &'a [u8],
}
