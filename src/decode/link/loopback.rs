//! The loopback pseudo-headers of the BSDs: a 4-byte address family before the datagram.

use super::bare;
use crate::decode::segment::Datagram;

/// `AF_INET` everywhere, and `AF_INET6` of Linux, of NetBSD and OpenBSD, of FreeBSD, and of macOS.
const IP_FAMILIES: [u32; 5] = [2, 10, 24, 28, 30];

/// `DLT_NULL`: the family is in the byte order of the host that captured, which the file need not
/// share. No family is another one's mirror image, so both orders are tried.
pub(super) fn null(frame: &[u8]) -> Option<Datagram<'_>> {
    let (family, datagram) = frame.split_first_chunk()?;
    let is_ip = IP_FAMILIES.contains(&u32::from_le_bytes(*family))
        || IP_FAMILIES.contains(&u32::from_be_bytes(*family));
    is_ip.then(|| bare(datagram))
}

/// `DLT_LOOP`: the family is not looked at; the datagram's own version decides.
pub(super) fn openbsd(frame: &[u8]) -> Option<Datagram<'_>> {
    frame.get(4..).map(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_takes_every_ip_family_in_either_byte_order() {
        for family in IP_FAMILIES {
            for bytes in [family.to_le_bytes(), family.to_be_bytes()] {
                assert_eq!(null(&bytes).unwrap().data, b"");
            }
        }
        assert!(null(&[7, 0, 0, 0, 0x45]).is_none());
        assert!(null(&[2, 0, 0]).is_none());
    }

    #[test]
    fn loop_takes_any_family() {
        assert_eq!(openbsd(&[9, 9, 9, 9, 0x45]).unwrap().data, [0x45]);
        assert!(openbsd(&[0, 0, 0]).is_none());
    }
}
