//! Linux "cooked" captures, as made on the device `any`.
//!
//! Version 1 is taken for IP whatever its protocol field says, as it always was: the datagram's
//! own version decides later. Only what stands between header and datagram is looked for.

use etherparse::EtherType;

use super::ethertype::{self, take_u16};
use crate::decode::segment::{Datagram, LinkFacts};

const MPLS: u16 = 0x8847;
const BOTTOM_OF_STACK: u8 = 1;

/// `DLT_LINUX_SLL`: 16 bytes, the protocol in the last two.
pub(super) fn version_1(frame: &[u8]) -> Option<Datagram<'_>> {
    let from_protocol = frame.get(14..)?;
    let (protocol, payload) = take_u16(from_protocol)?;
    let mut link = LinkFacts::default();
    let data = match EtherType(protocol) {
        EtherType(MPLS) => behind_mpls_labels(payload)?,
        EtherType::VLAN_TAGGED_FRAME | EtherType::PROVIDER_BRIDGING => {
            let tagged = ethertype::carried(from_protocol)?;
            link.vlan = tagged.vlan;
            tagged.datagram
        }
        _ => payload,
    };
    Some(Datagram { link, data })
}

/// `DLT_LINUX_SLL2`: 20 bytes, the protocol in the first two.
pub(super) fn version_2(frame: &[u8]) -> Option<Datagram<'_>> {
    let (protocol, _) = take_u16(frame)?;
    let payload = frame.get(20..)?;
    let mut link = LinkFacts::default();
    let data = match EtherType(protocol) {
        EtherType::IPV4 | EtherType::IPV6 => payload,
        EtherType::VLAN_TAGGED_FRAME | EtherType::PROVIDER_BRIDGING => {
            let (control, from_inner_type) = take_u16(payload)?;
            let inner = ethertype::carried(from_inner_type)?;
            if EtherType(protocol) == EtherType::VLAN_TAGGED_FRAME {
                link.vlan = Some(control & 0x0fff);
            }
            inner.datagram
        }
        EtherType(MPLS) => behind_mpls_labels(payload)?,
        _ => return None,
    };
    Some(Datagram { link, data })
}

/// What follows the last label of a stack (RFC 3032, 2.1).
fn behind_mpls_labels(mut labels: &[u8]) -> Option<&[u8]> {
    loop {
        let ([_, _, flags, _], rest) = labels.split_first_chunk()?;
        if flags & BOTTOM_OF_STACK != 0 {
            return Some(rest);
        }
        labels = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version_1_frame(protocol: [u8; 2], behind: &[u8]) -> Vec<u8> {
        [&[0; 14][..], &protocol, behind].concat()
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
        let frame = [&[0x81, 0x00][..], &[0; 18], &[0, 6, 8, 0, 0x45]].concat();
        let datagram = version_2(&frame).unwrap();
        assert_eq!((datagram.link.vlan, datagram.data), (Some(6), &[0x45][..]));
    }

    #[test]
    fn version_2_takes_ip_only() {
        let frame = |protocol: [u8; 2]| [&protocol[..], &[0; 18], &[0x60]].concat();
        assert_eq!(version_2(&frame([0x86, 0xdd])).unwrap().data, [0x60]);
        assert!(version_2(&frame([0x08, 0x06])).is_none());
    }
}
