//! Ethernet II frames (IEEE 802.3, clause 3), with any stack of VLAN tags.

use super::ethertype;
use crate::decode::segment::{Datagram, LinkFacts, MacAddr};

/// The datagram of an Ethernet frame.
#[inline]
pub(in crate::decode) fn datagram(frame: &[u8]) -> Option<Datagram<'_>> {
    let (destination, rest) = frame.split_first_chunk()?;
    let (source, rest) = rest.split_first_chunk()?;
    let carried = ethertype::carried(rest)?;
    Some(Datagram {
        link: LinkFacts {
            vlan: carried.vlan,
            source: MacAddr(*source),
            destination: MacAddr(*destination),
        },
        data: carried.datagram,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(after_addresses: &[u8]) -> Vec<u8> {
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
        frame.extend_from_slice(after_addresses);
        frame
    }

    #[test]
    fn addresses_and_datagram_are_found() {
        let frame = frame(&[0x08, 0x00, 0x45, 0xff]);
        let datagram = datagram(&frame).unwrap();
        assert_eq!(datagram.data, [0x45, 0xff]);
        assert_eq!(datagram.link.source.to_string(), "02:00:00:00:00:02");
        assert_eq!(datagram.link.destination.to_string(), "02:00:00:00:00:01");
        assert_eq!(datagram.link.vlan, None);
    }

    #[test]
    fn a_frame_without_a_whole_header_carries_nothing() {
        let whole = frame(&[0x08, 0x00]);
        for len in 0..whole.len() {
            assert!(datagram(&whole[..len]).is_none(), "{len} bytes");
        }
        assert!(datagram(&whole).unwrap().data.is_empty());
    }
}
