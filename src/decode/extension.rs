//! The headers between the IP header and what is carried: the extension headers of IPv6 (RFC 8200,
//! 4) and the authentication header (RFC 4302), which IPv4 knows too.

use super::network::{Carried, Fragment};

/// The number of the authentication header.
pub(super) const AUTHENTICATION: u8 = 51;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION: u8 = 60;

/// Longer chains are refused. Each kind may stand there once, destination options twice; the rest
/// is room for senders who care as little for that as receivers do.
const MAX_HEADERS: usize = 16;

/// Whether such a header stands before what is carried.
pub(super) fn is_extension(protocol: u8) -> bool {
    matches!(protocol, HOP_BY_HOP | ROUTING | FRAGMENT | DESTINATION | AUTHENTICATION)
}

/// Takes off the headers that the payload begins with, as far as a fragment header: what follows
/// that is readable only when all fragments are there. `missing` bytes of the datagram's end were
/// not captured.
pub(super) fn behind(mut carried: Carried<'_>, missing: usize) -> Option<Carried<'_>> {
    for _ in 0..MAX_HEADERS {
        if carried.fragment.is_some() || !is_extension(carried.protocol) {
            return Some(carried);
        }
        let &[next, len, ..] = carried.payload.first_chunk::<8>()?;
        let header_len = match carried.protocol {
            FRAGMENT => {
                carried.fragment = fragment(carried.payload.first_chunk()?, missing);
                8
            }
            AUTHENTICATION => (usize::from(len) + 2) * 4,
            _ => (usize::from(len) + 1) * 8,
        };
        carried.protocol = next;
        carried.payload = carried.payload.get(header_len..)?;
    }
    None
}

/// The fragment header; `None` for one that says that this is all (RFC 6946).
fn fragment(header: &[u8; 8], missing: usize) -> Option<Fragment> {
    const MORE: u16 = 1;
    const OFFSET: u16 = 0xfff8;
    let [_, _, high, low, id @ ..] = *header;
    let field = u16::from_be_bytes([high, low]);
    if field & (OFFSET | MORE) == 0 {
        return None;
    }
    let id = u32::from_be_bytes(id);
    Some(Fragment { id, offset: field & OFFSET, more: field & MORE != 0, missing })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::network::{Addresses, TCP};

    fn walk(protocol: u8, payload: &[u8]) -> Option<Carried<'_>> {
        let addresses = Addresses::V6([1; 16], [2; 16]);
        behind(Carried { addresses, protocol, payload, fragment: None }, 3)
    }

    #[test]
    fn all_headers_are_walked() {
        let chain = [
            &[DESTINATION, 1][..], // hop-by-hop
            &[0; 14],
            &[ROUTING, 0], // destination options
            &[0; 6],
            &[AUTHENTICATION, 2], // routing
            &[0; 22],
            &[FRAGMENT, 4], // authentication: counts 4 bytes, less 2
            &[0; 22],
            &[TCP, 0, 0, 6, 0, 0, 0, 1], // fragment: reserved bits, offset 0, no more
            b"tcp",
        ]
        .concat();
        let found = walk(HOP_BY_HOP, &chain).unwrap();
        assert_eq!((found.protocol, found.payload, found.fragment), (TCP, &b"tcp"[..], None));
        for cut in 0..chain.len() - 3 {
            assert!(walk(HOP_BY_HOP, &chain[..cut]).is_none(), "{cut} bytes");
        }
    }

    #[test]
    fn a_fragment_ends_the_walk() {
        let payload = [DESTINATION, 0, 0x12, 0x31, 0, 1, 2, 3, 9, 9];
        let found = walk(FRAGMENT, &payload).unwrap();
        let fragment = Fragment { id: 0x10203, offset: 0x1230, more: true, missing: 3 };
        assert_eq!(found.fragment, Some(fragment));
        assert_eq!((found.protocol, found.payload), (DESTINATION, &[9, 9][..]));
    }

    #[test]
    fn endless_chains_are_refused() {
        let chain = [DESTINATION, 0, 0, 0, 0, 0, 0, 0].repeat(100);
        assert!(walk(DESTINATION, &chain).is_none());
    }

    #[test]
    fn what_is_no_extension_is_left_as_it_is() {
        assert_eq!(walk(59, b"").unwrap().protocol, 59);
        assert_eq!(walk(TCP, b"x").unwrap().payload, b"x");
    }
}
