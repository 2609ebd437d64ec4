//! Reads the IP header, version 4 (RFC 791) or 6 (RFC 8200), of a datagram that carries TCP.
//!
//! The version is read from the first nibble, whatever the link layer said. The payload ends where
//! the header says, so that link-layer padding never becomes stream data, and never beyond what
//! was captured. A length field of 0, which segmentation offload leaves behind, means all of it.

use etherparse::{Ipv4HeaderSlice, Ipv6HeaderSlice};

use super::FiveTuple;

/// The number of TCP in the protocol and next header fields.
const TCP: u8 = 6;

/// The addresses of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// Source and destination of an IPv4 datagram.
    V4([u8; 4], [u8; 4]),
    /// Source and destination of an IPv6 datagram.
    V6([u8; 16], [u8; 16]),
}

impl Addresses {
    /// The flow between these addresses and the given source and destination ports.
    pub fn with_ports(self, ports: (u16, u16)) -> FiveTuple {
        match self {
            Self::V4(source, destination) => FiveTuple::v4(source, destination, ports),
            Self::V6(source, destination) => FiveTuple::v6(source, destination, ports),
        }
    }
}

/// What a datagram carries.
#[derive(Clone, Copy, Debug)]
pub struct Carried<'a> {
    /// From where to where.
    pub addresses: Addresses,
    /// The bytes behind the IP header that belong to the datagram and were captured.
    pub payload: &'a [u8],
}

/// What the datagram carries if that is TCP; `None` for everything else and for broken headers.
#[inline]
pub fn tcp_payload(datagram: &[u8]) -> Option<Carried<'_>> {
    match datagram.first()? >> 4 {
        4 => tcp_in_v4(datagram),
        6 => tcp_in_v6(datagram),
        _ => None,
    }
}

fn tcp_in_v4(datagram: &[u8]) -> Option<Carried<'_>> {
    let header = Ipv4HeaderSlice::from_slice(datagram).ok()?;
    // A fragment from the middle of a datagram holds no TCP header.
    if header.protocol().0 != TCP || header.fragments_offset().value() != 0 {
        return None;
    }
    let header_len = header.slice().len();
    let end = match usize::from(header.total_len()) {
        0 => datagram.len(),
        claimed => claimed.min(datagram.len()),
    };
    Some(Carried {
        addresses: Addresses::V4(header.source(), header.destination()),
        payload: datagram.get(header_len..end)?,
    })
}

fn tcp_in_v6(datagram: &[u8]) -> Option<Carried<'_>> {
    let header = Ipv6HeaderSlice::from_slice(datagram).ok()?;
    if header.next_header().0 != TCP {
        return None;
    }
    let behind_header = datagram.get(header.slice().len()..)?;
    let len = match usize::from(header.payload_length()) {
        0 => behind_header.len(),
        claimed => claimed.min(behind_header.len()),
    };
    Some(Carried {
        addresses: Addresses::V6(header.source(), header.destination()),
        payload: behind_header.get(..len)?,
    })
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
        tcp_payload(datagram).map(|carried| carried.payload.len())
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
    fn only_tcp_and_only_first_fragments_are_taken() {
        let mut datagram = v4(5, 40, 40);
        datagram[9] = 17;
        assert_eq!(payload_len(&datagram), None);
        let mut datagram = v4(5, 40, 40);
        datagram[7] = 1;
        assert_eq!(payload_len(&datagram), None);
        datagram[6..8].copy_from_slice(&[0x20, 0]);
        assert_eq!(payload_len(&datagram), Some(20));
    }
}
