//! What stands behind an EtherType field: VLAN tags, then perhaps a datagram.

use etherparse::EtherType;

/// Service tag of 802.1ad as some vendors numbered it before the standard.
const OLD_SERVICE_TAG: EtherType = EtherType(0x9100);

/// The VLAN number within a tag; the other bits are priority and drop eligibility.
const VLAN_NUMBER: u16 = 0x0fff;

/// What was found behind an EtherType field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Carried<'a> {
    /// The outermost VLAN, if the outermost tag is a customer tag (802.1Q).
    pub(super) vlan: Option<u16>,
    /// The bytes that the EtherType calls IP.
    pub(super) datagram: &'a [u8],
}

/// Reads from the EtherType field on, through any number of tags.
#[inline]
pub(super) fn carried(from_ethertype: &[u8]) -> Option<Carried<'_>> {
    let (kind, mut rest) = take_u16(from_ethertype)?;
    let mut kind = EtherType(kind);
    let mut vlan = None;
    let mut outermost = true;
    loop {
        match kind {
            EtherType::IPV4 | EtherType::IPV6 => return Some(Carried { vlan, datagram: rest }),
            EtherType::VLAN_TAGGED_FRAME | EtherType::PROVIDER_BRIDGING | OLD_SERVICE_TAG => {
                let (control, behind) = take_u16(rest)?;
                if outermost && kind == EtherType::VLAN_TAGGED_FRAME {
                    vlan = Some(control & VLAN_NUMBER);
                }
                outermost = false;
                let (next, behind) = take_u16(behind)?;
                kind = EtherType(next);
                rest = behind;
            }
            _ => return None,
        }
    }
}

/// A big-endian number and what follows it.
pub(super) fn take_u16(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u16::from_be_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_stack_of_tags_is_walked_and_the_first_customer_tag_names_the_vlan() {
        let tagged = [0x81, 0x00, 0xe0, 0x65, 0x88, 0xa8, 0, 7, 0x91, 0x00, 0, 8, 0x86, 0xdd, 0x60];
        let found = carried(&tagged).unwrap();
        assert_eq!(found.vlan, Some(101), "priority bits are not part of the number");
        assert_eq!(found.datagram, [0x60]);
    }

    #[test]
    fn an_outer_service_tag_hides_the_customer_vlan() {
        let tagged = [0x88, 0xa8, 0, 7, 0x81, 0x00, 0, 9, 0x08, 0x00, 0x45];
        assert_eq!(carried(&tagged), Some(Carried { vlan: None, datagram: &[0x45] }));
    }

    #[test]
    fn other_types_and_cut_tags_carry_nothing() {
        assert_eq!(carried(&[0x08, 0x06, 0, 1]), None);
        assert_eq!(carried(&[0x81, 0x00, 0]), None);
        assert_eq!(carried(&[0x81, 0x00, 0, 1, 8]), None);
        assert_eq!(carried(&[8]), None);
    }
}
