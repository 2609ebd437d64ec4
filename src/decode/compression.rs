//! IP payload compression (RFC 3173) with DEFLATE (RFC 2394).

use flate2::{Decompress, FlushDecompress};

/// The number of payload compression in the protocol and next header fields.
pub(super) const PROTOCOL: u8 = 108;

/// The only algorithm in use that has a number of its own.
const DEFLATE: u16 = 2;

/// What was compressed was a datagram's payload, so nothing true is longer.
const MAX_LEN: usize = 65_535;

/// The protocol of what was compressed, and its bytes: all that could be inflated of them.
pub(super) fn inflate(payload: &[u8]) -> Option<(u8, Vec<u8>)> {
    let (&[protocol, _, high, low], compressed) = payload.split_first_chunk()?;
    if u16::from_be_bytes([high, low]) != DEFLATE {
        return None;
    }
    let mut inflated = Vec::with_capacity(MAX_LEN);
    // An error or a missing end leaves what came before it, as a cut capture does.
    let _ =
        Decompress::new(false).decompress_vec(compressed, &mut inflated, FlushDecompress::Finish);
    (!inflated.is_empty()).then_some((protocol, inflated))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compress, Compression, FlushCompress};

    fn compressed(bytes: &[u8]) -> Vec<u8> {
        let mut deflated = Vec::with_capacity(bytes.len() + 1000);
        Compress::new(Compression::default(), false)
            .compress_vec(bytes, &mut deflated, FlushCompress::Finish)
            .unwrap();
        [&[6, 0, 0, 2][..], &deflated].concat()
    }

    #[test]
    fn deflated_payloads_are_inflated() {
        let bytes = b"the same over and over, the same over and over";
        assert_eq!(inflate(&compressed(bytes)), Some((6, bytes.to_vec())));
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
