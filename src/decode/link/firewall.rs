//! `DLT_PFLOG`: packets that the firewall pf logged, behind a header of its own.

use super::bare;
use crate::capture::family;
use crate::decode::segment::Datagram;

/// The header says how long it is, without the padding to four bytes behind it, and of which
/// address family the packet is. What else it says differs between the BSDs.
pub(super) fn datagram(frame: &[u8]) -> Option<Datagram<'_>> {
    let &[len, af, ..] = frame.first_chunk::<2>()?;
    let header_len = usize::from(len).next_multiple_of(4);
    family::is_ip(u32::from(af)).then(|| frame.get(header_len..).map(bare))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_datagram_follows_the_padded_header() {
        let frame = [&[61, 2][..], &[0; 62], &[0x45]].concat();
        assert_eq!(datagram(&frame).unwrap().data, [0x45]);
        let frame = [&[100, 24][..], &[0; 98], &[0x60]].concat();
        assert_eq!(datagram(&frame).unwrap().data, [0x60]);
    }

    #[test]
    fn other_families_and_cut_headers_carry_nothing() {
        assert!(datagram(&[&[61, 7][..], &[0; 62], &[0x45]].concat()).is_none());
        assert!(datagram(&[61, 2, 0]).is_none());
        assert!(datagram(&[61]).is_none());
    }
}
