//! Linux "cooked" captures, as made on the device `any`.
//!
//! Version 1 is taken for IP whatever its protocol field says, as it always was: the datagram's
//! own version decides later. Only what stands between header and datagram is looked for.

use etherparse::EtherType;

use super::ethertype::{self, take_u16};
use super::{bare, llc, mpls};
use crate::decode::segment::{Datagram, LinkFacts};

/// Numbers below the first EtherType are Linux's own. This one means an 802.2 header, not a length.
const LINUX_LLC: u16 = 4;
const FIRST_ETHERTYPE: u16 = 0x0600;

/// `DLT_LINUX_SLL`: 16 bytes, the protocol in the last two.
pub(super) fn version_1(frame: &[u8]) -> Option<Datagram<'_>> {
    let (protocol, payload) = take_u16(frame.get(14..)?)?;
    match EtherType(protocol) {
        mpls::UNICAST => mpls::behind_labels(payload).map(bare),
        EtherType::VLAN_TAGGED_FRAME | EtherType::PROVIDER_BRIDGING => carried(protocol, payload),
        _ => carried(protocol, payload).or(Some(bare(payload))),
    }
}

/// `DLT_LINUX_SLL2`: 20 bytes, the protocol in the first two.
pub(super) fn version_2(frame: &[u8]) -> Option<Datagram<'_>> {
    let (protocol, _) = take_u16(frame)?;
    carried(protocol, frame.get(20..)?)
}

fn carried(protocol: u16, payload: &[u8]) -> Option<Datagram<'_>> {
    let (ethertype, payload) = match protocol {
        LINUX_LLC => llc::behind(payload)?,
        FIRST_ETHERTYPE.. => (EtherType(protocol), payload),
        _ => return None,
    };
    let carried = ethertype::behind(ethertype, payload)?;
    let link = LinkFacts { vlan: carried.vlan, ..LinkFacts::default() };
    Some(Datagram { link, data: carried.datagram })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version_1_frame(protocol: [u8; 2], behind: &[u8]) -> Vec<u8> {
        [&[0; 14][..], &protocol, behind].concat()
    }

    fn version_2_frame(protocol: [u8; 2], behind: &[u8]) -> Vec<u8> {
        [&protocol[..], &[0; 18], behind].concat()
    }

    #[test]
    fn version_1_does_not_check_the_protocol() {
        let arp = version_1_frame([0x08, 0x06], &[0, 1]);
        assert_eq!(version_1(&arp).unwrap().data, [0, 1]);
        assert!(version_1(&arp[..15]).is_none());
    }

    #[test]
    fn mpls_labels_are_skipped_to_the_bottom_of_the_stack() {
        let frame = version_1_frame([0x88, 0x47], &[0, 0, 0, 9, 0, 0, 1, 9, 0x45]);
        assert_eq!(version_1(&frame).unwrap().data, [0x45]);
        let endless = version_1_frame([0x88, 0x47], &[0, 0, 0, 9]);
        assert!(version_1(&endless).is_none());
    }

    #[test]
    fn vlan_tags_behind_the_header_are_read() {
        let frame = version_1_frame([0x81, 0x00], &[0, 5, 8, 0, 0x45]);
        let datagram = version_1(&frame).unwrap();
        assert_eq!((datagram.link.vlan, datagram.data), (Some(5), &[0x45][..]));
        let frame = version_2_frame([0x81, 0x00], &[0, 6, 8, 0, 0x45]);
        let datagram = version_2(&frame).unwrap();
        assert_eq!((datagram.link.vlan, datagram.data), (Some(6), &[0x45][..]));
    }

    #[test]
    fn logical_link_headers_and_sessions_are_read() {
        let snap = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0, 0x45];
        assert_eq!(version_1(&version_1_frame([0, 4], &snap)).unwrap().data, [0x45]);
        assert_eq!(version_2(&version_2_frame([0, 4], &snap)).unwrap().data, [0x45]);
        let session = [0x11, 0, 0, 1, 0, 3, 0, 0x57, 0x60];
        assert_eq!(version_1(&version_1_frame([0x88, 0x64], &session)).unwrap().data, [0x60]);
    }

    #[test]
    fn version_2_takes_ip_only() {
        assert_eq!(version_2(&version_2_frame([0x86, 0xdd], &[0x60])).unwrap().data, [0x60]);
        assert!(version_2(&version_2_frame([0x08, 0x06], &[0x60])).is_none());
        assert!(version_2(&version_2_frame([0, 1], &[0x60])).is_none());
    }
}
