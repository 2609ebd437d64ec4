//! What stands behind an EtherType field: tags, labels and sessions, then perhaps a datagram.

use etherparse::EtherType;

use super::{llc, mpls, ppp};

/// Service tag of 802.1ad as some vendors numbered it before the standard.
const OLD_SERVICE_TAG: EtherType = EtherType(0x9100);
/// Service instance tag of 802.1ah: a whole Ethernet frame follows.
const INSTANCE_TAG: EtherType = EtherType(0x88e7);
const PPPOE_SESSION: EtherType = EtherType(0x8864);

/// Lower numbers in the place of an EtherType are lengths (IEEE 802.3, 3.2.6).
const MAX_LENGTH: u16 = 1500;

/// The VLAN number within a tag; the other bits are priority and drop eligibility.
const VLAN_NUMBER: u16 = 0x0fff;

/// Destination and source of an Ethernet frame.
const ADDRESSES_LEN: usize = 12;

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
    let (kind, rest) = take(from_ethertype)?;
    match kind {
        // As nearly always.
        EtherType::IPV4 => Some(Carried { vlan: None, datagram: rest }),
        _ => behind(kind, rest),
    }
}

/// Reads what follows an EtherType, through any number of tags.
pub(super) fn behind(mut kind: EtherType, mut rest: &[u8]) -> Option<Carried<'_>> {
    let mut vlan = None;
    let mut outermost = true;
    loop {
        match kind {
            EtherType::IPV4 | EtherType::IPV6 => return Some(Carried { vlan, datagram: rest }),
            EtherType::VLAN_TAGGED_FRAME | EtherType::PROVIDER_BRIDGING | OLD_SERVICE_TAG => {
                let (control, from_ethertype) = take_u16(rest)?;
                if outermost && kind == EtherType::VLAN_TAGGED_FRAME {
                    vlan = Some(control & VLAN_NUMBER);
                }
                outermost = false;
                (kind, rest) = take(from_ethertype)?;
            }
            INSTANCE_TAG => {
                const TAG_LEN: usize = 4;
                outermost = false;
                (kind, rest) = take(rest.get(TAG_LEN + ADDRESSES_LEN..)?)?;
            }
            EtherType(len @ 0..=MAX_LENGTH) => {
                (kind, rest) = llc::behind(rest.get(..usize::from(len)).unwrap_or(rest))?;
            }
            mpls::UNICAST | mpls::MULTICAST => match mpls::behind_labels(rest)? {
                datagram @ [0x40..=0x6f, ..] => return Some(Carried { vlan, datagram }),
                // An Ethernet pseudowire: a control word and a frame (RFC 4448, 4.6).
                [0x00..=0x0f, _, _, _, frame @ ..] => {
                    (kind, rest) = take(frame.get(ADDRESSES_LEN..)?)?;
                }
                _ => return None,
            },
            PPPOE_SESSION => {
                return Some(Carried { vlan, datagram: ppp::in_session(rest)? });
            }
            _ => return None,
        }
    }
}

/// An EtherType and what follows it.
fn take(bytes: &[u8]) -> Option<(EtherType, &[u8])> {
    take_u16(bytes).map(|(number, rest)| (EtherType(number), rest))
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

    #[test]
    fn a_length_is_followed_by_a_logical_link_header() {
        let framed = [0, 10, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0, 0x45, 1, 0xff, 0xff];
        assert_eq!(carried(&framed).unwrap().datagram, [0x45, 1], "padding is left out");
        let cut = &framed[..11];
        assert_eq!(carried(cut).unwrap().datagram, [0x45]);
        let spanning_tree = [0, 3, 0x42, 0x42, 3];
        assert_eq!(carried(&spanning_tree), None);
    }

    #[test]
    fn a_tag_behind_a_logical_link_header_names_the_vlan() {
        let framed = [0, 13, 0xaa, 0xaa, 3, 0, 0, 0, 0x81, 0, 0, 5, 8, 0, 0x45];
        assert_eq!(carried(&framed), Some(Carried { vlan: Some(5), datagram: &[0x45] }));
    }

    #[test]
    fn nested_logical_link_headers_come_to_an_end() {
        let once = [5, 0xdc, 0xaa, 0xaa, 3, 0, 0, 0];
        assert_eq!(carried(&once.repeat(30_000)), None);
    }

    #[test]
    fn labels_lead_to_a_datagram_or_a_pseudowire() {
        assert_eq!(carried(&[0x88, 0x47, 0, 0, 1, 9, 0x45]).unwrap().datagram, [0x45]);
        assert_eq!(carried(&[0x88, 0x48, 0, 0, 0, 9, 0, 0, 1, 9, 0x60]).unwrap().datagram, [0x60]);
        let pseudowire =
            [&[0x88, 0x47, 0, 0, 1, 9, 0, 0, 0, 0][..], &[2; 12], &[8, 0, 0x45]].concat();
        assert_eq!(carried(&pseudowire).unwrap().datagram, [0x45]);
        assert_eq!(carried(&[0x88, 0x47, 0, 0, 1, 9, 0x83]), None, "neither");
        assert_eq!(carried(&[0x88, 0x47, 0, 0, 1, 9]), None, "nothing");
    }

    #[test]
    fn sessions_and_backbone_frames_are_opened() {
        let session = [0x88, 0x64, 0x11, 0, 0, 1, 0, 3, 0, 0x21, 0x45, 0xff];
        let tagged = [&[0x81, 0, 0, 3][..], &session].concat();
        assert_eq!(carried(&tagged), Some(Carried { vlan: Some(3), datagram: &[0x45] }));
        let backbone =
            [&[0x88, 0xe7, 0, 0, 0, 9][..], &[2; 12], &[0x81, 0, 0, 3, 8, 0, 0x45]].concat();
        assert_eq!(carried(&backbone), Some(Carried { vlan: None, datagram: &[0x45] }));
    }
}
