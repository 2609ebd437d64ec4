//! IP payload compression (RFC 3173) with DEFLATE (RFC 2394).

use flate2::{Decompress, FlushDecompress, Status};

/// The number of payload compression in the protocol and next header fields.
pub(super) const PROTOCOL: u8 = 108;

/// What was compressed was a datagram's payload, so nothing true is longer.
const MAX_LEN: usize = 65_535;

/// The protocol of what was compressed, and its bytes: all that could be inflated of them.
///
/// Below 256 the number in the header is the algorithm. Above, the ends agreed on its meaning
/// where nobody sees it; then whatever inflates to its very end was DEFLATE.
pub(super) fn inflate(payload: &[u8]) -> Option<(u8, Vec<u8>)> {
    const DEFLATE: u16 = 2;
    const FIRST_AGREED: u16 = 256;
    let (&[protocol, _, high, low], compressed) = payload.split_first_chunk()?;
    let number = u16::from_be_bytes([high, low]);
    if number != DEFLATE && number < FIRST_AGREED {
        return None;
    }
    let mut inflated = Vec::with_capacity(MAX_LEN);
    let status =
        Decompress::new(false).decompress_vec(compressed, &mut inflated, FlushDecompress::Finish);
    let is_sure = number == DEFLATE || matches!(status, Ok(Status::StreamEnd));
    (is_sure && !inflated.is_empty()).then_some((protocol, inflated))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compress, Compression, FlushCompress};

    fn compressed(bytes: &[u8]) -> Vec<u8> {
        compressed_as(2, bytes)
    }

    fn compressed_as(number: u16, bytes: &[u8]) -> Vec<u8> {
        let mut deflated = Vec::with_capacity(bytes.len() + 1000);
        Compress::new(Compression::default(), false)
            .compress_vec(bytes, &mut deflated, FlushCompress::Finish)
            .unwrap();
        [&[6, 0][..], &number.to_be_bytes(), &deflated].concat()
    }

    #[test]
    fn deflated_payloads_are_inflated() {
        let bytes = b"the same over and over, the same over and over";
        assert_eq!(inflate(&compressed(bytes)), Some((6, bytes.to_vec())));
    }

    #[test]
    fn under_an_agreed_number_only_what_inflates_to_its_end_is_taken() {
        let whole = compressed_as(300, b"the same over and over, the same over and over");
        assert!(inflate(&whole).is_some());
        assert!(inflate(&whole[..whole.len() - 1]).is_none());
    }

    #[test]
    fn what_inflates_to_more_than_a_datagram_is_cut() {
        let bomb = compressed(&vec![0; 10_000_000]);
        assert_eq!(inflate(&bomb).unwrap().1.len(), MAX_LEN);
    }

    #[test]
    fn a_cut_payload_leaves_its_beginning_and_other_algorithms_nothing() {
        let bytes: Vec<u8> = (0..2000_u32).flat_map(|n| n.to_le_bytes()).collect();
        let whole = compressed(&bytes);
        let (_, beginning) = inflate(&whole[..whole.len() / 2]).unwrap();
        assert!(!beginning.is_empty() && bytes.starts_with(&beginning));
        assert!(inflate(&[6, 0, 0, 3, 1, 2, 3]).is_none());
        assert!(inflate(&[6, 0, 0]).is_none());
    }
}
