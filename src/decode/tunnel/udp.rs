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
