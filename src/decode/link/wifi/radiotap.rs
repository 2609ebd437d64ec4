//! The radiotap capture header (radiotap.org).

use super::fcs::Fcs;

const HAS_TIMER: u32 = 1;
const HAS_FLAGS: u32 = 1 << 1;
const MORE_WORDS: u32 = 1 << 31;

const FCS_AT_END: u8 = 0x10;
const DATA_PADDED: u8 = 0x20;
const FCS_BAD: u8 = 0x40;

/// The frame behind the header, what is known of its check sequence, and whether its own header
/// is padded. `None` if the header is cut or its presence words run out of it.
///
/// Only the flags matter, and those are the second field of the first namespace, so all that can
/// stand before them are presence words and the timer. Flags in later namespaces speak of single
/// antennas. The version is not looked at: every one there has been begins like this.
pub(super) fn read(packet: &[u8]) -> Option<(&[u8], Fcs, bool)> {
    let &[_, _, low, high, ..] = packet.first_chunk::<8>()?;
    let len = usize::from(u16::from_le_bytes([low, high]));
    let (header, frame) = packet.split_at_checked(len)?;
    let Some(flags) = flags(header)? else { return Some((frame, Fcs::Unknown, false)) };
    let fcs = match flags & FCS_AT_END {
        0 => Fcs::Absent,
        _ => Fcs::Present { is_bad: flags & FCS_BAD != 0 },
    };
    Some((frame, fcs, flags & DATA_PADDED != 0))
}

/// The flags field, if it is there and not cut.
fn flags(header: &[u8]) -> Option<Option<u8>> {
    let word_at = |at| header.get(at..)?.first_chunk().copied().map(u32::from_le_bytes);
    let first = word_at(4)?;
    let mut word = first;
    let mut at = 8;
    while word & MORE_WORDS != 0 {
        word = word_at(at)?;
        at += 4;
    }
    if first & HAS_TIMER != 0 {
        at = at.next_multiple_of(8) + 8;
    }
    Some(if first & HAS_FLAGS != 0 { header.get(at).copied() } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(present: &[u32], fields: &[u8]) -> Vec<u8> {
        let words: Vec<u8> = present.iter().flat_map(|word| word.to_le_bytes()).collect();
        let len = (4 + words.len() + fields.len()) as u16;
        [&[0, 0][..], &len.to_le_bytes(), &words, fields, b"frame"].concat()
    }

    fn read_all(packet: &[u8]) -> Option<(Fcs, bool)> {
        let (frame, fcs, padded) = read(packet)?;
        assert_eq!(frame, b"frame");
        Some((fcs, padded))
    }

    #[test]
    fn flags_tell_of_check_sequence_and_padding() {
        let fcs = |is_bad| Fcs::Present { is_bad };
        assert_eq!(read_all(&packet(&[2], &[0x00])), Some((Fcs::Absent, false)));
        assert_eq!(read_all(&packet(&[2], &[0x10])), Some((fcs(false), false)));
        assert_eq!(read_all(&packet(&[6], &[0x50, 2])), Some((fcs(true), false)));
        assert_eq!(read_all(&packet(&[2], &[0x20])), Some((Fcs::Absent, true)));
        assert_eq!(read_all(&packet(&[0], &[])), Some((Fcs::Unknown, false)), "no field at all");
        assert_eq!(read_all(&packet(&[4], &[2])), Some((Fcs::Unknown, false)), "others only");
    }

    #[test]
    fn the_timer_is_aligned_from_the_start_of_the_header() {
        let present = Some((Fcs::Present { is_bad: false }, false));
        let timer = [0xff; 8];
        assert_eq!(read_all(&packet(&[3], &[&timer[..], &[0x10]].concat())), present);
        let aligned = [&[0; 4][..], &timer, &[0x10]].concat();
        assert_eq!(read_all(&packet(&[MORE_WORDS | 3, 0], &aligned)), present);
    }

    #[test]
    fn extended_words_and_other_namespaces_are_stepped_over() {
        let vendor = 1 << 30;
        let words = [MORE_WORDS | vendor | 2, MORE_WORDS | 3, 1 << 29];
        let fields = [0x10, 0, 0, 0, 0, 0, 0, 9, 9];
        let present = Some((Fcs::Present { is_bad: false }, false));
        assert_eq!(read_all(&packet(&words, &fields)), present);
    }

    #[test]
    fn a_cut_field_is_no_field() {
        assert_eq!(read_all(&packet(&[3], &[0; 4])), Some((Fcs::Unknown, false)));
    }

    #[test]
    fn headers_that_are_cut_or_too_short_for_their_words_are_refused() {
        let whole = packet(&[2], &[0x10]);
        for len in 0..9 {
            assert_eq!(read(&whole[..len]), None, "{len} bytes");
        }
        assert_eq!(read(&[0, 0, 5, 0, 0, 0, 0, 0, 1, 1]), None, "length below 8");
        assert_eq!(read(&packet(&[MORE_WORDS], &[])), None);
        assert_eq!(read(&packet(&[MORE_WORDS, MORE_WORDS], &[0; 3])), None);
    }
}
