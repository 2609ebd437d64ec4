//! `DLT_NFLOG`: packets that the firewall of Linux logged, among other attributes.

use super::bare;
use crate::decode::segment::Datagram;

const IPV4: u8 = 2;
const IPV6: u8 = 10;
const PAYLOAD: u16 = 9;

/// A family, a version, a resource number, then attributes: length, type, value, padding to four
/// bytes. The payload is one of them.
///
/// Length and type are in the byte order of the capturing host, which need not be the file's. No
/// capture holds attributes of both orders, so each is tried on the whole.
pub(super) fn datagram(frame: &[u8]) -> Option<Datagram<'_>> {
    let (&[family, _, _, _], attributes) = frame.split_first_chunk()?;
    if !matches!(family, IPV4 | IPV6) {
        return None;
    }
    payload(attributes, u16::from_le_bytes)
        .or_else(|| payload(attributes, u16::from_be_bytes))
        .map(bare)
}

fn payload(mut attributes: &[u8], number: fn([u8; 2]) -> u16) -> Option<&[u8]> {
    loop {
        let &[a, b, c, d] = attributes.first_chunk()?;
        let len = usize::from(number([a, b]));
        // The kernel marks attributes that hold others, or numbers in network order.
        const KIND: u16 = 0x3fff;
        if number([c, d]) & KIND == PAYLOAD {
            // A payload cut by the snap length reaches to the end.
            return attributes.get(4..len).or_else(|| attributes.get(4..).filter(|_| len >= 4));
        }
        if len < 4 {
            return None;
        }
        attributes = attributes.get(len.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LITTLE: [u8; 17] = [2, 0, 0, 0, 5, 0, 10, 0, b'x', 0, 0, 0, 6, 0, 9, 0, 0x45];
    const BIG: [u8; 17] = [10, 0, 0, 0, 0, 5, 0, 10, b'x', 0, 0, 0, 0, 5, 0, 9, 0x60];

    #[test]
    fn the_payload_is_found_in_either_byte_order() {
        assert_eq!(datagram(&LITTLE).unwrap().data, [0x45], "cut by one byte");
        assert_eq!(datagram(&BIG).unwrap().data, [0x60]);
    }

    #[test]
    fn broken_attributes_end_the_search() {
        assert!(datagram(&[2, 0, 0, 0, 0, 0, 10, 0]).is_none(), "length 0");
        assert!(datagram(&[2, 0, 0, 0, 3, 0, 9, 0, 0x45]).is_none(), "shorter than its header");
        assert!(datagram(&[2, 0, 0, 0, 0xff, 0xff, 10, 0]).is_none(), "beyond the end");
        assert!(datagram(&LITTLE[..12]).is_none(), "no payload");
        assert!(datagram(&[&[7][..], &LITTLE[1..]].concat()).is_none(), "another family");
    }
}
