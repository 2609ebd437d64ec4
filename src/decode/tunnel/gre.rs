//! Generic routing encapsulation (RFC 2784, 2890), its version 1 for PPTP (RFC 2637), and ERSPAN.

use super::link;

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACKNOWLEDGEMENT: u16 = 0x0080;
const VERSION: u16 = 0x0007;

const ETHERNET: u16 = 0x6558;
const PPP: u16 = 0x880b;
/// ERSPAN types I and II.
const ERSPAN: u16 = 0x88be;
const ERSPAN_III: u16 = 0x22eb;

/// The datagram inside.
pub(super) fn inner(payload: &[u8]) -> Option<&[u8]> {
    let (&[a, b, c, d], _) = payload.split_first_chunk()?;
    let flags = u16::from_be_bytes([a, b]);
    let protocol = u16::from_be_bytes([c, d]);
    let len_if = |flag| if flags & flag != 0 { 4 } else { 0 };
    match flags & VERSION {
        // Source routes were never in use, and are no longer part of the standard.
        0 if flags & ROUTING == 0 => {
            let header_len = 4 + len_if(CHECKSUM) + len_if(KEY) + len_if(SEQUENCE);
            in_version_0(flags, protocol, payload.get(header_len..)?)
        }
        1 if protocol == PPP => {
            let header_len = 8 + len_if(SEQUENCE) + len_if(ACKNOWLEDGEMENT);
            link::in_ppp(payload.get(header_len..)?)
        }
        _ => None,
    }
}

fn in_version_0(flags: u16, protocol: u16, inside: &[u8]) -> Option<&[u8]> {
    match protocol {
        ETHERNET => link::in_ethernet(inside),
        PPP => link::in_ppp(inside),
        // Type I has no header; only type II has sequence numbers.
        ERSPAN if flags & SEQUENCE == 0 => link::in_ethernet(inside),
        ERSPAN => link::in_ethernet(inside.get(8..)?),
        ERSPAN_III => {
            const HAS_SUBHEADER: u8 = 1;
            let header: &[u8; 12] = inside.first_chunk()?;
            let header_len = if header[11] & HAS_SUBHEADER != 0 { 20 } else { 12 };
            link::in_ethernet(inside.get(header_len..)?)
        }
        ethertype => link::in_ethertype(ethertype, inside),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATAGRAM: [u8; 3] = [0x45, 1, 2];

    fn ethernet() -> Vec<u8> {
        [&[0; 12][..], &[0x08, 0x00], &DATAGRAM].concat()
    }

    fn check(header: &[u8], inside: &[u8]) {
        let payload = [header, inside].concat();
        assert_eq!(inner(&payload), Some(&DATAGRAM[..]), "{header:02x?}");
        for len in 0..payload.len() - DATAGRAM.len() {
            assert_eq!(inner(&payload[..len]).filter(|it| !it.is_empty()), None, "{len} bytes");
        }
    }

    #[test]
    fn every_optional_field_is_skipped() {
        check(&[0, 0, 8, 0], &DATAGRAM);
        check(&[0x80, 0, 8, 0, 0, 0, 0, 0], &DATAGRAM);
        check(&[0x20, 0, 8, 0, 0, 0, 0, 1], &DATAGRAM);
        check(&[0x10, 0, 0x86, 0xdd, 0, 0, 0, 1], &DATAGRAM);
        check(&[0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2], &DATAGRAM);
    }

    #[test]
    fn ethernet_is_bridged() {
        check(&[0, 0, 0x65, 0x58], &ethernet());
    }

    #[test]
    fn all_types_of_erspan_are_read() {
        check(&[0, 0, 0x88, 0xbe], &ethernet());
        check(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 1, 0, 0, 0, 0, 0, 0], &ethernet());
        let third = [0x10, 0, 0x22, 0xeb, 0, 0, 0, 1];
        check(&[&third[..], &[0x20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat(), &ethernet());
        let with_subheader = [0x20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9];
        check(&[&third[..], &with_subheader].concat(), &ethernet());
    }

    #[test]
    fn pptp_carries_ppp() {
        check(
            &[0x30, 1, 0x88, 0x0b, 0, 9, 0, 1, 0, 0, 0, 1],
            &[&[0xff, 3, 0, 0x21], &DATAGRAM[..]].concat(),
        );
        check(
            &[0x30, 0x81, 0x88, 0x0b, 0, 9, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1],
            &[&[0x21], &DATAGRAM[..]].concat(),
        );
    }

    #[test]
    fn unknown_versions_protocols_and_source_routes_are_left_alone() {
        assert_eq!(inner(&[0, 2, 8, 0, 0x45]), None);
        assert_eq!(inner(&[0, 0, 8, 6, 0x45]), None);
        assert_eq!(inner(&[0x40, 0, 8, 0, 0, 0, 0, 0, 0x45]), None);
    }
}
