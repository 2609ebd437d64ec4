//! PPP (RFC 1661), alone or inside a PPPoE session (RFC 2516).

use super::bare;
use super::ethertype::take_u16;
use crate::decode::segment::Datagram;

/// Address and control of HDLC-like framing (RFC 1662), which may be compressed away.
const ADDRESS_AND_CONTROL: [u8; 2] = [0xff, 0x03];
const IPV4: u16 = 0x0021;
const IPV6: u16 = 0x0057;

/// `DLT_PPP`: optional address and control, a protocol number of one or two bytes, the datagram.
pub(super) fn datagram(frame: &[u8]) -> Option<Datagram<'_>> {
    let frame = frame.strip_prefix(&ADDRESS_AND_CONTROL).unwrap_or(frame);
    // The last byte of a protocol number is odd, all others are even; so an odd first byte is a
    // number whose leading zero was compressed away (RFC 1661, 2).
    let (protocol, datagram) = match frame.split_first()? {
        (&first, rest) if first & 1 == 1 => (u16::from(first), rest),
        _ => take_u16(frame)?,
    };
    matches!(protocol, IPV4 | IPV6).then(|| bare(datagram))
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
            assert_eq!(datagram(&frame).unwrap().data, [0x45, 0x46], "{header:02x?}");
        }
    }

    #[test]
    fn other_protocols_carry_nothing() {
        assert!(datagram(&[0xff, 3, 0xc0, 0x21, 1]).is_none(), "link control");
        assert!(datagram(&[0xff, 3]).is_none());
        assert!(datagram(&[]).is_none());
    }
}
