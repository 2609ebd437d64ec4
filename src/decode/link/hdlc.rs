//! Serial lines: PPP in HDLC-like framing (RFC 1662), and Cisco's own framing.
//!
//! Captures name the one and hold the other, so the first bytes decide, not the link type.

use etherparse::EtherType;

use super::{bare, ethertype, ppp};
use crate::decode::segment::Datagram;

/// The datagram of either kind of frame.
pub(super) fn datagram(frame: &[u8]) -> Option<Datagram<'_>> {
    const UNICAST: u8 = 0x0f;
    const BROADCAST: u8 = 0x8f;
    match frame {
        // No PPP frame begins so: that would be a protocol number that is not assigned.
        [UNICAST | BROADCAST, 0, high, low, payload @ ..] => cisco([*high, *low], payload),
        _ => ppp::carried(frame).map(bare),
    }
}

fn cisco(protocol: [u8; 2], payload: &[u8]) -> Option<Datagram<'_>> {
    match EtherType(u16::from_be_bytes(protocol)) {
        // Not a length, there is none in these frames.
        EtherType(0..0x0600) => None,
        ethertype => Some(bare(ethertype::behind(ethertype, payload)?.datagram)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_framings_are_read() {
        assert_eq!(datagram(&[0x0f, 0, 8, 0, 0x45]).unwrap().data, [0x45]);
        assert_eq!(datagram(&[0x8f, 0, 0x86, 0xdd, 0x60]).unwrap().data, [0x60]);
        assert_eq!(datagram(&[0x0f, 0, 0x88, 0x47, 0, 0, 1, 9, 0x45]).unwrap().data, [0x45]);
        assert_eq!(datagram(&[0xff, 3, 0, 0x21, 0x45]).unwrap().data, [0x45]);
        assert_eq!(datagram(&[0x21, 0x45]).unwrap().data, [0x45]);
    }

    #[test]
    fn keepalives_and_cut_frames_carry_nothing() {
        assert!(datagram(&[0x8f, 0, 0x80, 0x35, 0, 0, 0, 2]).is_none());
        assert!(datagram(&[0x0f, 0, 8]).is_none());
        assert!(datagram(&[0x0f, 0, 0, 3, 0xaa, 0xaa, 3]).is_none());
    }
}
