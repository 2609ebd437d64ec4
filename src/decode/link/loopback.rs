//! The pseudo-headers of the BSDs' software interfaces: a 4-byte address family first.

use super::bare;
use crate::capture::family;
use crate::decode::segment::Datagram;

/// `DLT_NULL`: the family is in the byte order of the host that captured, which the file need not
/// share.
pub(super) fn null(frame: &[u8]) -> Option<Datagram<'_>> {
    let (family, datagram) = frame.split_first_chunk()?;
    family::is_ip_in_bytes(*family).then(|| bare(datagram))
}

/// `DLT_ENC`: the family as above, then a security parameter index and flags.
pub(super) fn encapsulating(frame: &[u8]) -> Option<Datagram<'_>> {
    let (family, rest) = frame.split_first_chunk()?;
    family::is_ip_in_bytes(*family).then(|| rest.get(8..).map(bare))?
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
        for family in [2_u32, 10, 24, 28, 30] {
            for bytes in [family.to_le_bytes(), family.to_be_bytes()] {
                assert_eq!(null(&bytes).unwrap().data, b"");
            }
        }
        assert!(null(&[7, 0, 0, 0, 0x45]).is_none());
        assert!(null(&[2, 0, 0]).is_none());
    }

    #[test]
    fn the_header_of_enc_is_longer() {
        let frame = [&[2, 0, 0, 0][..], &[7; 8], &[0x45]].concat();
        assert_eq!(encapsulating(&frame).unwrap().data, [0x45]);
        assert!(encapsulating(&frame[..11]).is_none());
        assert!(encapsulating(&[9; 13]).is_none());
    }

    #[test]
    fn loop_takes_any_family() {
        assert_eq!(openbsd(&[9, 9, 9, 9, 0x45]).unwrap().data, [0x45]);
        assert!(openbsd(&[0, 0, 0]).is_none());
    }
}
