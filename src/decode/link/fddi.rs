//! FDDI (ANSI X3.139): frame control, two addresses, a logical link header.
//!
//! Some drivers hand over the addresses with their bits swapped and a capture does not tell, so
//! they are not kept.

use super::{bare, ethertype, llc};
use crate::decode::segment::Datagram;

/// The datagram of a frame.
pub(super) fn datagram(frame: &[u8]) -> Option<Datagram<'_>> {
    const LOGICAL_LINK: u8 = 0x50;
    const KIND: u8 = 0xf0;
    const HEADER_LEN: usize = 13;
    if frame.first()? & KIND != LOGICAL_LINK {
        return None;
    }
    let (ethertype, payload) = llc::behind(frame.get(HEADER_LEN..)?)?;
    Some(bare(ethertype::behind(ethertype, payload)?.datagram))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_logical_link_frames_carry_datagrams() {
        let frame = |control: u8| {
            [&[control][..], &[0; 12], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0, 0x45]].concat()
        };
        assert_eq!(datagram(&frame(0x57)).unwrap().data, [0x45]);
        assert!(datagram(&frame(0x41)).is_none(), "station management");
        assert!(datagram(&frame(0x57)[..20]).is_none());
    }
}
