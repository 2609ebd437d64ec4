//! Logical link control (IEEE 802.2) with its subnetwork access protocol (RFC 1042).

use etherparse::EtherType;

use super::ethertype::take_u16;

/// Service access points and control byte that announce an organisation and its protocol number.
const SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];
/// The ones that were meant for IP itself (RFC 948).
const IP: [u8; 3] = [0x06, 0x06, 0x03];

/// Organisations whose protocol numbers are EtherTypes: RFC 1042, and 802.1H for bridges.
const ENCAPSULATED_ETHERNET: [[u8; 3]; 2] = [[0, 0, 0], [0, 0, 0xf8]];

/// The EtherType that the header stands for, and what follows the header.
pub(super) fn behind(frame: &[u8]) -> Option<(EtherType, &[u8])> {
    let (header, rest) = frame.split_first_chunk::<3>()?;
    match *header {
        SNAP => {
            let (organisation, rest) = rest.split_first_chunk::<3>()?;
            let (number, rest) = take_u16(rest)?;
            ENCAPSULATED_ETHERNET.contains(organisation).then_some((EtherType(number), rest))
        }
        IP => Some((EtherType::IPV4, rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snap_of_both_ethernet_organisations_and_plain_ip_are_taken() {
        let ipv6 = (EtherType::IPV6, &[0x60][..]);
        assert_eq!(behind(&[0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd, 0x60]), Some(ipv6));
        assert_eq!(behind(&[0xaa, 0xaa, 3, 0, 0, 0xf8, 0x86, 0xdd, 0x60]), Some(ipv6));
        assert_eq!(behind(&[6, 6, 3, 0x45]), Some((EtherType::IPV4, &[0x45][..])));
    }

    #[test]
    fn other_organisations_and_access_points_are_not() {
        assert_eq!(behind(&[0xaa, 0xaa, 3, 0, 0, 0x0c, 8, 0, 0x45]), None);
        assert_eq!(behind(&[0xaa, 0xaa, 0x13, 0, 0, 0, 8, 0, 0x45]), None);
        assert_eq!(behind(&[0xe0, 0xe0, 3, 0, 0, 0, 8, 0, 0x45]), None);
        assert_eq!(behind(&[0xaa, 0xaa, 3, 0, 0, 0, 8]), None);
    }
}
