//! PPP (RFC 1661), also inside a PPPoE session (RFC 2516).

use super::ethertype::take_u16;
use super::{bare, mpls};
use crate::decode::segment::Datagram;

/// Address and control of HDLC-like framing (RFC 1662), which may be compressed away.
const ADDRESS_AND_CONTROL: [u8; 2] = [0xff, 0x03];
const IPV4: u16 = 0x0021;
const IPV6: u16 = 0x0057;
const MPLS_UNICAST: u16 = 0x0281;
const MPLS_MULTICAST: u16 = 0x0283;

/// The datagram in a frame: optional address and control, a protocol number of one or two bytes,
/// and what that stands for.
pub(super) fn carried(frame: &[u8]) -> Option<&[u8]> {
    let frame = frame.strip_prefix(&ADDRESS_AND_CONTROL).unwrap_or(frame);
    // The last byte of a protocol number is odd, all others are even; so an odd first byte is a
    // number whose leading zero was compressed away (RFC 1661, 2).
    let (protocol, inside) = match frame.split_first()? {
        (&first, rest) if first & 1 == 1 => (u16::from(first), rest),
        _ => take_u16(frame)?,
    };
    match protocol {
        IPV4 | IPV6 => Some(inside),
        MPLS_UNICAST | MPLS_MULTICAST => mpls::behind_labels(inside),
        _ => None,
    }
}

/// The datagram behind the EtherType of a PPPoE session.
pub(super) fn in_session(session: &[u8]) -> Option<&[u8]> {
    const VERSION_AND_TYPE: u8 = 0x11;
    const DATA: u8 = 0;
    let (&[VERSION_AND_TYPE, DATA, _, _, high, low], frame) = session.split_first_chunk()? else {
        return None;
    };
    let len = usize::from(u16::from_be_bytes([high, low]));
    carried(frame.get(..len).unwrap_or(frame))
}

/// `DLT_PPP_ETHER`: 6 bytes of PPPoE header and 2 of protocol; neither is looked at, the
/// datagram's own version decides.
pub(super) fn over_ethernet(frame: &[u8]) -> Option<Datagram<'_>> {
    frame.get(8..).map(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_compressions_of_the_header_are_read() {
        let headers: [&[u8]; 4] = [&[0xff, 3, 0, 0x21], &[0xff, 3, 0x21], &[0, 0x57], &[0x57]];
        for header in headers {
            let frame = [header, &[0x45, 0x46]].concat();
            assert_eq!(carried(&frame).unwrap(), [0x45, 0x46], "{header:02x?}");
        }
    }

    #[test]
    fn other_protocols_carry_nothing() {
        assert!(carried(&[0xff, 3, 0xc0, 0x21, 1]).is_none(), "link control");
        assert!(carried(&[0xff, 3]).is_none());
        assert!(carried(&[]).is_none());
    }

    #[test]
    fn labels_are_skipped() {
        assert_eq!(carried(&[0x02, 0x81, 0, 0, 1, 9, 0x45]).unwrap(), [0x45]);
    }

    #[test]
    fn a_session_carries_data_of_the_length_it_says() {
        assert_eq!(in_session(&[0x11, 0, 0, 1, 0, 3, 0, 0x21, 0x45, 9]).unwrap(), [0x45]);
        assert_eq!(in_session(&[0x11, 0, 0, 1, 9, 9, 0, 0x21, 0x45]).unwrap(), [0x45], "cut");
        assert!(in_session(&[0x11, 9, 0, 1, 0, 3, 0, 0x21, 0x45]).is_none(), "discovery");
        assert!(in_session(&[0x11, 0, 0, 1, 0]).is_none());
    }
}
