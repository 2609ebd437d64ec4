//! `DLT_JUNIPER_ETHER`: Ethernet frames as Juniper routers capture them, behind a header of theirs.

use super::{bare, ethernet};
use crate::decode::segment::Datagram;

const MAGIC: [u8; 3] = *b"MGC";
const NO_LINK_LAYER: u8 = 0x02;
const EXTENSIONS: u8 = 0x80;

/// The datagram of a frame. Without a link layer only four bytes stand before it.
pub(super) fn ethernet(frame: &[u8]) -> Option<Datagram<'_>> {
    let (&flags, mut rest) = frame.strip_prefix(&MAGIC)?.split_first()?;
    if flags & EXTENSIONS != 0 {
        let (len, behind) = super::ethertype::take_u16(rest)?;
        rest = behind.get(usize::from(len)..)?;
    }
    if flags & NO_LINK_LAYER != 0 {
        return rest.get(4..).map(bare);
    }
    ethernet::datagram(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_skipped_and_addresses_kept() {
        let frame = [&[2; 12][..], &[8, 0, 0x45]].concat();
        let plain = [b"MGC\x01", &frame[..]].concat();
        assert_eq!(ethernet(&plain).unwrap().data, [0x45]);
        let extended = [b"MGC\x80\0\x03abc", &frame[..]].concat();
        let datagram = ethernet(&extended).unwrap();
        assert_eq!(datagram.data, [0x45]);
        assert_eq!(datagram.link.source.0, [2; 6]);
        assert_eq!(ethernet(b"MGC\x02\0\0\0\x02\x45").unwrap().data, [0x45]);
    }

    #[test]
    fn another_magic_and_cut_headers_carry_nothing() {
        assert!(ethernet(b"MGD\x01").is_none());
        assert!(ethernet(b"MGC").is_none());
        assert!(ethernet(b"MGC\x80\xff\xff").is_none());
    }
}
