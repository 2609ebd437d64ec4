//! Reads the IP header, version 4 (RFC 791) or 6 (RFC 8200), of a datagram.
//!
//! The version is read from the first nibble, whatever the link layer said. The payload ends where
//! the header says, so that link-layer padding never becomes stream data, and never beyond what
//! was captured. A length field of 0, which segmentation offload leaves behind, means all of it.

use etherparse::{Ipv4HeaderSlice, Ipv6HeaderSlice};

use super::FiveTuple;
use super::extension;

/// The number of TCP in the protocol and next header fields.
pub const TCP: u8 = 6;

/// The addresses of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Addresses {
    /// Source and destination of an IPv4 datagram.
    V4([u8; 4], [u8; 4]),
    /// Source and destination of an IPv6 datagram.
    V6([u8; 16], [u8; 16]),
}

impl Addresses {
    /// The flow between these addresses and the given source and destination ports.
    #[inline]
    pub fn with_ports(self, ports: (u16, u16)) -> FiveTuple {
        match self {
            Self::V4(source, destination) => FiveTuple::v4(source, destination, ports),
            Self::V6(source, destination) => FiveTuple::v6(source, destination, ports),
        }
    }
}

/// What a datagram carries, behind all headers of the network layer.
#[derive(Clone, Copy, Debug)]
pub struct Carried<'a> {
    /// From where to where.
    pub addresses: Addresses,
    /// What the payload is; in a fragment, what the whole payload begins with.
    pub protocol: u8,
    /// The bytes that belong to the datagram and were captured.
    pub payload: &'a [u8],
    /// Which part the payload is of a datagram that came in several.
    pub fragment: Option<Fragment>,
}

impl Carried<'_> {
    /// Whether the payload is a whole TCP segment, or as much of one as was captured.
    #[inline]
    pub fn is_tcp(&self) -> bool {
        self.protocol == TCP && self.fragment.is_none()
    }
}

/// Which part of a datagram a fragment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The same in all fragments of a datagram; 16 bits in version 4.
    pub id: u32,
    /// Where in the datagram's payload this part belongs, in bytes; a multiple of 8.
    pub offset: u16,
    /// Whether this is not the last part.
    pub more: bool,
    /// How many bytes of this part were not captured.
    pub missing: usize,
}

/// What the datagram carries; `None` if it is no IP or its headers are broken.
#[inline]
pub fn read(datagram: &[u8]) -> Option<Carried<'_>> {
    match datagram.first()? >> 4 {
        4 => read_v4(datagram),
        6 => read_v6(datagram),
        _ => None,
    }
}

/// How long the header says that the datagram is.
#[inline]
fn claimed_len(header: &Ipv4HeaderSlice<'_>, datagram: &[u8]) -> usize {
    match usize::from(header.total_len()) {
        0 => datagram.len(),
        claimed => claimed,
    }
}

fn read_v4(datagram: &[u8]) -> Option<Carried<'_>> {
    let header = Ipv4HeaderSlice::from_slice(datagram).ok()?;
    let header_len = header.slice().len();
    let claimed = claimed_len(&header, datagram);
    let carried = Carried {
        addresses: Addresses::V4(header.source(), header.destination()),
        protocol: header.protocol().0,
        payload: datagram.get(header_len..claimed.min(datagram.len()))?,
        fragment: header.is_fragmenting_payload().then(|| Fragment {
            id: u32::from(header.identification()),
            offset: header.fragments_offset().value() << 3,
            more: header.more_fragments(),
            missing: claimed.saturating_sub(datagram.len()),
        }),
    };
    if carried.protocol == extension::AUTHENTICATION {
        return extension::behind(carried, 0);
    }
    Some(carried)
}

fn read_v6(datagram: &[u8]) -> Option<Carried<'_>> {
    let header = Ipv6HeaderSlice::from_slice(datagram).ok()?;
    let behind_header = datagram.get(header.slice().len()..)?;
    let claimed = match usize::from(header.payload_length()) {
        0 => behind_header.len(),
        claimed => claimed,
    };
    let carried = Carried {
        addresses: Addresses::V6(header.source(), header.destination()),
        protocol: header.next_header().0,
        payload: behind_header.get(..claimed.min(behind_header.len()))?,
        fragment: None,
    };
    if carried.protocol == TCP {
        return Some(carried);
    }
    extension::behind(carried, claimed.saturating_sub(behind_header.len()))
}

/// Whether the bytes may well be a datagram of which the sender wrote `room` bytes. For places
/// where anything else might stand just as well.
pub fn is_plausible(bytes: &[u8], room: usize) -> bool {
    if let Ok(header) = Ipv4HeaderSlice::from_slice(bytes) {
        let total_len = usize::from(header.total_len());
        // Some tunnels carry only beginnings of datagrams; no chance makes their checksums right.
        total_len == 0
            || (header.slice().len()..=room).contains(&total_len)
            || header.to_header().calc_header_checksum() == header.header_checksum()
    } else if let Ok(header) = Ipv6HeaderSlice::from_slice(bytes) {
        header.slice().len() + usize::from(header.payload_length()) <= room
    } else {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(ihl: u8, total_len: u16, captured: usize) -> Vec<u8> {
        let mut datagram = vec![0xaa; captured];
        datagram[0] = 0x40 | ihl;
        datagram[2..4].copy_from_slice(&total_len.to_be_bytes());
        datagram[6..8].fill(0);
        datagram[9] = TCP;
        datagram
    }

    fn v6(payload_len: u16, captured: usize) -> Vec<u8> {
        let mut datagram = vec![0xaa; captured];
        datagram[0] = 0x60;
        datagram[4..6].copy_from_slice(&payload_len.to_be_bytes());
        datagram[6] = TCP;
        datagram
    }

    fn payload_len(datagram: &[u8]) -> Option<usize> {
        read(datagram).map(|carried| carried.payload.len())
    }

    #[test]
    fn ethernet_padding_is_not_payload() {
        assert_eq!(payload_len(&v4(5, 40, 46)), Some(20));
        assert_eq!(payload_len(&v6(20, 66)), Some(20));
    }

    #[test]
    fn a_claimed_length_is_believed_only_as_far_as_captured() {
        assert_eq!(payload_len(&v4(5, 1500, 60)), Some(40));
        assert_eq!(payload_len(&v6(1460, 70)), Some(30));
    }

    #[test]
    fn length_zero_of_segmentation_offload_means_all_that_was_captured() {
        assert_eq!(payload_len(&v4(5, 0, 120)), Some(100));
        assert_eq!(payload_len(&v6(0, 140)), Some(100));
    }

    #[test]
    fn malformed_headers_are_refused() {
        assert_eq!(payload_len(&v4(4, 40, 60)), None, "IHL below 5");
        assert_eq!(payload_len(&v4(8, 31, 60)), None, "header longer than the total length");
        assert_eq!(payload_len(&v4(5, 40, 20)[..19]), None, "fewer than 20 bytes");
        assert_eq!(payload_len(&v6(20, 60)[..39]), None, "fewer than 40 bytes");
        assert_eq!(payload_len(&[0x50; 60]), None, "version 5");
        assert_eq!(payload_len(&[]), None, "nothing");
    }

    #[test]
    fn fragments_are_told_from_whole_datagrams() {
        let mut datagram = v4(5, 60, 50);
        datagram[4..6].copy_from_slice(&[0x12, 0x34]);
        datagram[6..8].copy_from_slice(&[0x40, 0]);
        assert!(read(&datagram).unwrap().is_tcp(), "the flag that forbids fragments");
        datagram[6..8].copy_from_slice(&[0x20, 0]);
        let first = Fragment { id: 0x1234, offset: 0, more: true, missing: 10 };
        assert_eq!(read(&datagram).unwrap().fragment, Some(first));
        datagram[6..8].copy_from_slice(&[0x1f, 0xff]);
        let last = Fragment { id: 0x1234, offset: 65_528, more: false, missing: 10 };
        assert_eq!(read(&datagram).unwrap().fragment, Some(last));
        assert!(!read(&datagram).unwrap().is_tcp());
    }

    #[test]
    fn plausible_datagrams_fit_their_room() {
        assert!(is_plausible(&v4(5, 60, 30), 60));
        assert!(!is_plausible(&v4(5, 60, 30), 59));
        let mut checked = v4(5, 60, 30);
        let sum = Ipv4HeaderSlice::from_slice(&checked).unwrap().to_header().calc_header_checksum();
        checked[10..12].copy_from_slice(&sum.to_be_bytes());
        assert!(is_plausible(&checked, 59), "a beginning with a right checksum");
        assert!(!is_plausible(&v4(5, 19, 30), 60));
        assert!(is_plausible(&v4(5, 0, 30), 30));
        assert!(is_plausible(&v6(20, 60), 60));
        assert!(!is_plausible(&v6(20, 60), 59));
        assert!(!is_plausible(&[0x55; 60], 60));
    }
}
