//! Beacons: the frames in which wireless networks announce themselves.

use crate::decode::segment::MacAddr;

/// What a wireless network says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beacon<'a> {
    /// The address that sent it.
    pub source: MacAddr,
    /// The network's name, up to its first NUL: up to 32 bytes of any kind. Empty if it is hidden.
    pub ssid: &'a [u8],
}

const MAX_SSID_LEN: usize = 32;
/// Timestamp, interval, capabilities.
const FIXED_LEN: usize = 12;

/// Reads the body of a beacon frame; `None` if the part that all have is cut.
///
/// Of several names the last counts. Names behind a malformed element are not found: where one
/// element's end is not certain, the next one's beginning is not either.
pub(super) fn read(source: MacAddr, body: &[u8]) -> Option<Beacon<'_>> {
    let mut elements = body.get(FIXED_LEN..)?;
    let mut ssid: &[u8] = &[];
    while let Some((name, rest)) = step(elements) {
        ssid = name.unwrap_or(ssid);
        elements = rest;
    }
    let ssid = ssid.split(|&byte| byte == 0).next().unwrap_or_default();
    Some(Beacon { source, ssid })
}

/// Takes off one element; the name, if it is one. `None` at the end and at a malformed element.
///
/// Some elements are as long as the standard has them, whatever length they say; it is how names
/// behind such elements have always been found.
fn step(elements: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    const SSID: u8 = 0;
    const RATES: u8 = 1;
    const CHANNEL: u8 = 3;
    const CONTENTION_FREE: u8 = 4;
    const TRAFFIC_MAP: u8 = 5;
    const CHALLENGE: u8 = 16;

    let (&[kind, len], values) = elements.split_first_chunk()?;
    let len = usize::from(len);
    let taken = match kind {
        SSID if len > MAX_SSID_LEN => return None,
        SSID => {
            let (ssid, rest) = values.split_at_checked(len)?;
            return Some((Some(ssid), rest));
        }
        RATES if len > 16 => return None,
        CHALLENGE if len > 253 => return None,
        CHANNEL => 1,
        CONTENTION_FREE => 6,
        TRAFFIC_MAP => len.max(3),
        _ => len,
    };
    Some((None, values.get(taken..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ssid(elements: &[u8]) -> Vec<u8> {
        let body = [&[0; FIXED_LEN][..], elements].concat();
        read(MacAddr::default(), &body).unwrap().ssid.to_vec()
    }

    #[test]
    fn the_name_is_found_among_the_elements() {
        let elements = [1, 2, 0x82, 0x84, 3, 1, 6, 5, 4, 0, 1, 0, 0, 0, 3, b'n', b'e', b't'];
        assert_eq!(ssid(&elements), b"net");
        assert_eq!(ssid(&[221, 3, 1, 2, 3, 0, 1, b'x', 48, 0]), b"x");
    }

    #[test]
    fn the_last_name_counts_and_an_empty_one_hides() {
        assert_eq!(ssid(&[0, 2, b'a', b'b', 0, 1, b'c']), b"c");
        assert_eq!(ssid(&[0, 2, b'a', b'b', 0, 0]), b"");
        assert_eq!(ssid(&[0, 3, b'a', 0, b'b']), b"a", "up to the first NUL");
    }

    #[test]
    fn a_malformed_element_ends_the_search_and_keeps_what_was_found() {
        let too_long: [(u8, u8); 3] = [(0, 33), (1, 17), (16, 254)];
        for (kind, len) in too_long {
            let value = vec![b'x'; usize::from(len)];
            let elements = [&[0, 1, b'a', kind, len][..], &value, &[0, 1, b'b']].concat();
            assert_eq!(ssid(&elements), b"a", "{kind}");
        }
        for cut in [&[0, 9, b'z'][..], &[7, 9, 1], &[3, 0], &[4, 0, 1], &[5, 0, 1, 2], &[9]] {
            assert_eq!(ssid(&[&[0, 1, b'a'], cut].concat()), b"a", "{cut:?}");
        }
    }

    #[test]
    fn some_elements_have_a_length_of_their_own() {
        assert_eq!(ssid(&[3, 9, 6, 0, 1, b'a']), b"a", "channel");
        assert_eq!(ssid(&[4, 0, 1, 2, 3, 4, 5, 6, 0, 1, b'a']), b"a", "contention-free set");
        assert_eq!(ssid(&[5, 0, 1, 2, 3, 0, 1, b'a']), b"a", "traffic map, at least three");
        assert_eq!(ssid(&[5, 5, 1, 2, 3, 4, 5, 0, 1, b'a']), b"a", "traffic map");
    }

    #[test]
    fn a_body_without_the_fixed_part_is_no_beacon() {
        assert!(read(MacAddr::default(), &[0; FIXED_LEN - 1]).is_none());
        assert_eq!(read(MacAddr::default(), &[0; FIXED_LEN]).unwrap().ssid, b"");
    }
}
