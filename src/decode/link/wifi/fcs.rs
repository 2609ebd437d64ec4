//! The frame check sequence at the end of an 802.11 frame: whether it is there, and right.

use flate2::Crc;

use super::Frame;

const LEN: usize = 4;

/// What the capture header says of the frame check sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fcs {
    /// Nothing.
    Unknown,
    /// It is not part of the capture.
    Absent,
    /// It stands at the end of the frame.
    Present {
        /// It was found to be wrong when the frame was received.
        is_bad: bool,
    },
}

/// A frame without its check sequence.
pub(super) struct Checked<'a> {
    pub(super) frame: Frame<'a>,
    /// Whether a check sequence is there and wrong.
    pub(super) is_wrong: bool,
}

/// Takes the frame check sequence off, if there is one.
///
/// Where the capture header says nothing, the last four bytes are one if they are right, which
/// others are once in four thousand million frames; a wrong one cannot be told from data then. Of
/// a frame whose end was not captured nothing can be checked, and only the part of the check
/// sequence that was captured is taken off.
pub(super) fn take_off(frame: Frame<'_>) -> Checked<'_> {
    let is_whole = frame.missing == 0;
    let (len, is_wrong) = match frame.fcs {
        Fcs::Absent => (0, false),
        Fcs::Unknown if is_whole && is_right(frame.bytes) => (LEN, false),
        Fcs::Unknown => (0, false),
        Fcs::Present { is_bad } if is_whole => (LEN, is_bad || !is_right(frame.bytes)),
        Fcs::Present { is_bad } => (LEN.saturating_sub(frame.missing), is_bad),
    };
    let bytes = frame.bytes.get(..frame.bytes.len().saturating_sub(len)).unwrap_or_default();
    let missing = match frame.fcs {
        Fcs::Present { .. } => frame.missing.saturating_sub(LEN),
        _ => frame.missing,
    };
    Checked { frame: Frame { bytes, missing, ..frame }, is_wrong }
}

fn is_right(frame: &[u8]) -> bool {
    let Some((checked, fcs)) = frame.split_last_chunk::<LEN>() else { return false };
    let mut crc = Crc::new();
    crc.update(checked);
    crc.sum() == u32::from_le_bytes(*fcs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-32 for the digits 1 to 9 is known from everywhere.
    const RIGHT: [u8; 13] = *b"123456789\x26\x39\xf4\xcb";
    const WRONG: [u8; 13] = *b"123456789\x26\x39\xf4\xcc";
    const GOOD: Fcs = Fcs::Present { is_bad: false };
    const BAD: Fcs = Fcs::Present { is_bad: true };

    /// Bytes left, bytes of them missing, whether it was wrong.
    fn check(bytes: &[u8], missing: usize, fcs: Fcs) -> (usize, usize, bool) {
        let checked = take_off(Frame { bytes, missing, fcs, padded: false });
        (checked.frame.bytes.len(), checked.frame.missing, checked.is_wrong)
    }

    #[test]
    fn what_the_capture_header_says_is_believed() {
        assert_eq!(check(&RIGHT, 0, GOOD), (9, 0, false));
        assert_eq!(check(&WRONG, 0, GOOD), (9, 0, true));
        assert_eq!(check(&RIGHT, 0, BAD), (9, 0, true));
        assert_eq!(check(&RIGHT, 0, Fcs::Absent), (13, 0, false));
        assert_eq!(check(&WRONG, 0, Fcs::Absent), (13, 0, false));
    }

    #[test]
    fn without_a_word_it_is_found_by_checking() {
        assert_eq!(check(&RIGHT, 0, Fcs::Unknown), (9, 0, false));
        assert_eq!(check(&WRONG, 0, Fcs::Unknown), (13, 0, false));
        assert_eq!(check(b"123", 0, Fcs::Unknown), (3, 0, false));
    }

    #[test]
    fn of_a_cut_frame_only_what_is_there_is_taken_off() {
        assert_eq!(check(&RIGHT[..11], 2, GOOD), (9, 0, false));
        assert_eq!(check(&RIGHT[..5], 8, GOOD), (5, 4, false));
        assert_eq!(check(&RIGHT[..5], 8, BAD), (5, 4, true));
        assert_eq!(check(&RIGHT, 1, Fcs::Unknown), (13, 1, false));
    }

    #[test]
    fn a_frame_shorter_than_its_check_sequence_is_nothing() {
        assert_eq!(check(b"12", 0, GOOD), (0, 0, true));
        assert_eq!(check(b"", 0, GOOD), (0, 0, true));
    }
}
