//! The capture headers of Prism drivers, and of AVS, which took their place.

/// All drivers write this many bytes, whatever length they note in them.
const PRISM_LEN: usize = 144;

/// The high 20 bits of a version number: AVS. The low 12 count its revisions.
const AVS_MAGIC: u32 = 0x80211;
/// The shortest of them.
const AVS_MIN_LEN: usize = 64;

/// The frame behind a Prism header, or behind an AVS header in its place.
pub(super) fn behind_header(packet: &[u8]) -> Option<&[u8]> {
    match avs_len(packet) {
        Some(len) => packet.get(len..),
        None => packet.get(PRISM_LEN..),
    }
}

/// The frame behind an AVS header.
pub(super) fn behind_avs_header(packet: &[u8]) -> Option<&[u8]> {
    packet.get(avs_len(packet)?..)
}

fn avs_len(packet: &[u8]) -> Option<usize> {
    let &[a, b, c, d, len @ ..] = packet.first_chunk::<8>()?;
    let len = usize::try_from(u32::from_be_bytes(len)).ok()?;
    let is_avs = u32::from_be_bytes([a, b, c, d]) >> 12 == AVS_MAGIC;
    (is_avs && len >= AVS_MIN_LEN).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn avs(len: u8) -> Vec<u8> {
        [&[0x80, 0x21, 0x10, 0x01, 0, 0, 0, len][..], &[0; 56], b"frame"].concat()
    }

    #[test]
    fn the_prism_header_is_always_as_long() {
        let packet = [&[0x44, 0, 0, 0, 64, 0, 0, 0][..], &[0; 136], b"frame"].concat();
        assert_eq!(behind_header(&packet), Some(&b"frame"[..]));
        assert_eq!(behind_header(&packet[..143]), None);
    }

    #[test]
    fn avs_is_known_by_its_magic() {
        assert_eq!(behind_avs_header(&avs(64)), Some(&b"frame"[..]));
        assert_eq!(behind_header(&avs(64)), Some(&b"frame"[..]));
        assert_eq!(behind_avs_header(&avs(66)), Some(&b"ame"[..]));
        assert_eq!(behind_avs_header(&avs(63)), None);
        assert_eq!(behind_avs_header(&avs(200)), None);
        assert_eq!(behind_avs_header(&[0; 100]), None);
    }
}
