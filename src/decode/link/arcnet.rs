//! ARCNET, with the packet headers of RFC 1201 and RFC 1051.

use super::bare;
use crate::decode::segment::Datagram;

/// RFC 1051: the datagram follows at once.
const IP_OLD: u8 = 240;
/// RFC 1201: a split flag and a sequence number first.
const IP: u8 = 212;
const IPV6: u8 = 196;

/// `DLT_ARCNET`: source, destination, protocol.
pub(super) fn bsd(frame: &[u8]) -> Option<Datagram<'_>> {
    datagram(frame.get(2..)?)
}

/// `DLT_ARCNET_LINUX`: source, destination, two bytes of offset, protocol.
pub(super) fn linux(frame: &[u8]) -> Option<Datagram<'_>> {
    datagram(frame.get(4..)?)
}

fn datagram(from_protocol: &[u8]) -> Option<Datagram<'_>> {
    /// Three bytes that keep a packet from having a length that the hardware cannot send.
    const PADDING: [u8; 3] = [0xff; 3];
    const NOT_SPLIT: u8 = 0;
    let (&protocol, rest) = from_protocol.split_first()?;
    match protocol {
        IP_OLD => Some(bare(rest)),
        IP | IPV6 => match rest.strip_prefix(&PADDING).unwrap_or(rest) {
            [NOT_SPLIT, _, _, datagram @ ..] => Some(bare(datagram)),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_headers_are_read() {
        assert_eq!(bsd(&[1, 2, 240, 0x45]).unwrap().data, [0x45]);
        assert_eq!(linux(&[1, 2, 0, 0, 240, 0x45]).unwrap().data, [0x45]);
        assert_eq!(linux(&[1, 2, 0, 0, 212, 0, 0, 7, 0x45]).unwrap().data, [0x45]);
        assert_eq!(bsd(&[1, 2, 196, 0xff, 0xff, 0xff, 0, 0, 7, 0x60]).unwrap().data, [0x60]);
    }

    #[test]
    fn split_packets_and_other_protocols_carry_nothing() {
        assert!(bsd(&[1, 2, 212, 1, 0, 7, 0x45]).is_none());
        assert!(bsd(&[1, 2, 213, 0, 0, 7, 0x45]).is_none());
        assert!(bsd(&[1, 2, 212, 0, 0]).is_none());
        assert!(linux(&[1, 2, 0, 0]).is_none());
    }
}
