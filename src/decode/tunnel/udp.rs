//! Tunnels over UDP, told by their port and checked by what is inside: VXLAN (RFC 7348), Geneve
//! (RFC 8926), GTP-U (3GPP TS 29.281), Teredo (RFC 4380) and AYIYA.

use super::{link, network};

const VXLAN: u16 = 4789;
/// What Linux used before VXLAN had a port of its own, and some products still use.
const OLD_VXLAN: u16 = 8472;
const GENEVE: u16 = 6081;
const GTP_U: u16 = 2152;
const TEREDO: u16 = 3544;
const AYIYA: u16 = 5072;

const ETHERNET: u16 = 0x6558;

/// The datagram inside.
pub(super) fn inner(segment: &[u8]) -> Option<&[u8]> {
    let (&[a, b, c, d, e, f, _, _], payload) = segment.split_first_chunk()?;
    let ports = [u16::from_be_bytes([c, d]), u16::from_be_bytes([a, b])];
    let inside = ports.into_iter().find_map(|port| inside_port(port, payload))?;
    // Segmentation offload leaves 0 here, too.
    let room = match usize::from(u16::from_be_bytes([e, f])) {
        0 => usize::MAX,
        len => len.checked_sub(segment.len() - inside.len())?,
    };
    network::is_plausible(inside, room).then_some(inside)
}

fn inside_port(port: u16, payload: &[u8]) -> Option<&[u8]> {
    match port {
        VXLAN | OLD_VXLAN => in_vxlan(payload),
        GENEVE => in_geneve(payload),
        GTP_U => in_gtp_u(payload),
        TEREDO => in_teredo(payload),
        AYIYA => in_ayiya(payload),
        _ => None,
    }
}

fn in_vxlan(payload: &[u8]) -> Option<&[u8]> {
    const HAS_NETWORK_NUMBER: u8 = 0x08;
    let (header, frame) = payload.split_first_chunk::<8>()?;
    (header[0] & HAS_NETWORK_NUMBER != 0).then(|| link::in_ethernet(frame))?
}

fn in_geneve(payload: &[u8]) -> Option<&[u8]> {
    let &[version_and_len, _, high, low, ..] = payload.first_chunk::<8>()?;
    if version_and_len >> 6 != 0 {
        return None;
    }
    let inside = payload.get(8 + usize::from(version_and_len & 0x3f) * 4..)?;
    match u16::from_be_bytes([high, low]) {
        ETHERNET => link::in_ethernet(inside),
        ethertype => link::in_ethertype(ethertype, inside),
    }
}

fn in_gtp_u(payload: &[u8]) -> Option<&[u8]> {
    const VERSION_1: u8 = 0b0011_0000;
    const VERSION: u8 = 0b1111_0000;
    const EXTENSION: u8 = 0b100;
    const OPTIONAL_FIELDS: u8 = 0b111;
    const USER_DATA: u8 = 255;

    let (&[flags, message, ..], mut rest) = payload.split_first_chunk::<8>()?;
    if flags & VERSION != VERSION_1 || message != USER_DATA {
        return None;
    }
    if flags & OPTIONAL_FIELDS != 0 {
        let (&[_, _, _, mut next], behind) = rest.split_first_chunk()?;
        rest = behind;
        // An unused field is there all the same when one of the others is used.
        while flags & EXTENSION != 0 && next != 0 {
            let len = usize::from(*rest.first()?) * 4;
            let (header, behind) = rest.split_at_checked(len)?;
            next = *header.last()?;
            rest = behind;
        }
    }
    Some(rest)
}

/// Behind the optional authentication and origin indications (RFC 4380, 5.1.1) is always IPv6.
fn in_teredo(payload: &[u8]) -> Option<&[u8]> {
    let mut rest = payload;
    if let [0, 1, id_len, value_len, behind @ ..] = rest {
        const NONCE_AND_CONFIRMATION: usize = 9;
        let skip = usize::from(*id_len) + usize::from(*value_len) + NONCE_AND_CONFIRMATION;
        rest = behind.get(skip..)?;
    }
    if let [0, 0, _, _, _, _, _, _, behind @ ..] = rest {
        rest = behind;
    }
    (rest.first()? >> 4 == 6).then_some(rest)
}

/// "Anything in anything", once used by IPv6 tunnel brokers: who sends and a signature, each of a
/// length that the header tells.
fn in_ayiya(payload: &[u8]) -> Option<&[u8]> {
    const FORWARD: u8 = 1;
    const IPV4: u8 = 4;
    const IPV6: u8 = 41;
    let &[identity, signature, operation, next, ..] = payload.first_chunk::<8>()?;
    if operation & 0x0f != FORWARD || !matches!(next, IPV4 | IPV6) {
        return None;
    }
    let identity_len = 1_usize << (identity >> 4);
    let signature_len = usize::from(signature >> 4) * 4;
    payload.get(8 + identity_len + signature_len..)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An IPv4 or IPv6 datagram with nothing in it.
    fn datagram(version: u8) -> Vec<u8> {
        if version == 4 {
            [&[0x45, 0, 0, 20][..], &[0; 16]].concat()
        } else {
            [&[0x60, 0, 0, 0, 0, 0, 59][..], &[0; 33]].concat()
        }
    }

    fn ethernet() -> Vec<u8> {
        [&[2; 12][..], &[0x08, 0x00], &datagram(4)].concat()
    }

    /// A UDP segment to (or, with `from`, from) a port.
    fn segment(port: u16, from: bool, header: &[u8], inside: &[u8]) -> Vec<u8> {
        let ports = if from { [port, 40_000] } else { [40_000, port] };
        let len = (8 + header.len() + inside.len()) as u16;
        let [a, b] = ports.map(u16::to_be_bytes);
        [&a[..], &b, &len.to_be_bytes(), &[0, 0], header, inside].concat()
    }

    fn check(port: u16, header: &[u8], inside: &[u8], version: u8) {
        for from in [false, true] {
            let whole = segment(port, from, header, inside);
            assert_eq!(inner(&whole), Some(&datagram(version)[..]), "{port} {header:02x?}");
        }
        let elsewhere = segment(port + 1, false, header, inside);
        assert_eq!(inner(&elsewhere), None, "{port} only");
        let whole = segment(port, false, header, inside);
        for len in 0..whole.len() - datagram(version).len() + 1 {
            assert_eq!(inner(&whole[..len]), None, "{port}, {len} bytes");
        }
    }

    #[test]
    fn vxlan_is_opened_on_both_ports() {
        check(VXLAN, &[8, 0, 0, 0, 0, 0, 9, 0], &ethernet(), 4);
        check(OLD_VXLAN, &[8, 0, 0, 0, 0, 0, 9, 0], &ethernet(), 4);
        let without_number = segment(VXLAN, false, &[0; 8], &ethernet());
        assert_eq!(inner(&without_number), None);
    }

    #[test]
    fn geneve_is_opened_behind_its_options() {
        check(GENEVE, &[0, 0, 0x65, 0x58, 0, 0, 9, 0], &ethernet(), 4);
        check(GENEVE, &[1, 0, 0x86, 0xdd, 0, 0, 9, 0, 1, 2, 3, 4], &datagram(6), 6);
        let newer = segment(GENEVE, false, &[0x40, 0, 8, 0, 0, 0, 9, 0], &datagram(4));
        assert_eq!(inner(&newer), None);
    }

    #[test]
    fn gtp_is_opened_behind_its_extensions() {
        check(GTP_U, &[0x30, 255, 0, 20, 0, 0, 0, 1], &datagram(4), 4);
        check(GTP_U, &[0x32, 255, 0, 24, 0, 0, 0, 1, 0, 1, 0, 0], &datagram(4), 4);
        let extended = [0x34, 255, 0, 32, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 0, 0x85, 1, 0, 0, 0];
        check(GTP_U, &extended, &datagram(6), 6);
        let echo = segment(GTP_U, false, &[0x30, 1, 0, 20, 0, 0, 0, 1], &datagram(4));
        assert_eq!(inner(&echo), None);
        let empty_extension = [0x34, 255, 0, 32, 0, 0, 0, 1, 0, 0, 0, 0x85, 0, 0, 0, 0];
        assert_eq!(inner(&segment(GTP_U, false, &empty_extension, &datagram(4))), None);
    }

    #[test]
    fn teredo_is_opened_behind_its_indications() {
        check(TEREDO, &[], &datagram(6), 6);
        let origin = [0, 0, 1, 2, 3, 4, 5, 6];
        check(TEREDO, &origin, &datagram(6), 6);
        let authentication = [0, 1, 2, 3, 1, 2, 1, 2, 3, 9, 9, 9, 9, 9, 9, 9, 9, 0];
        check(TEREDO, &[&authentication[..], &origin].concat(), &datagram(6), 6);
        assert_eq!(inner(&segment(TEREDO, false, &[], &datagram(4))), None);
    }

    #[test]
    fn ayiya_is_opened_behind_identity_and_signature() {
        let header = [&[0x42, 0x52, 0x11, 41, 0, 0, 0, 0][..], &[7; 16], &[8; 20]].concat();
        check(AYIYA, &header, &datagram(6), 6);
        let other = [&[0x42, 0x52, 0x10, 41, 0, 0, 0, 0][..], &[7; 16], &[8; 20]].concat();
        assert_eq!(inner(&segment(AYIYA, false, &other, &datagram(6))), None, "no data");
    }

    #[test]
    fn other_contents_of_these_ports_are_left_alone() {
        for port in [VXLAN, GENEVE, GTP_U, TEREDO, AYIYA] {
            for byte in [0x00, 0x30, 0x45, 0x60, 0xff] {
                assert_eq!(inner(&segment(port, false, &[], &[byte; 200])), None, "{byte:02x}");
            }
        }
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused_unless_offload_left_nothing() {
        let header = [8, 0, 0, 0, 0, 0, 9, 0];
        let mut whole = segment(VXLAN, false, &header, &ethernet());
        whole[5] -= 1;
        assert_eq!(inner(&whole), None, "the inner datagram is longer than the outer one");
        whole[5] = 0;
        assert_eq!(inner(&whole), Some(&datagram(4)[..]), "length 0");
        whole[5] = 3;
        assert_eq!(inner(&whole), None, "shorter than its own header");
    }
}
