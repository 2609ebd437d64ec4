//! Helvetica, which every PDF reader brings along: what it can write, and how wide that is.
//!
//! Nothing is embedded. The price is that only the characters of Windows code page 1252 exist;
//! others are written as `\u{4e2d}`, so that a file name stays recognisable.

/// A cut of the font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// Helvetica.
    Regular,
    /// Helvetica Bold.
    Bold,
}

/// `text` with everything escaped that the font does not have.
pub(super) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match code(character) {
            Some(_) => printable.push(character),
            None => printable.extend(character.escape_unicode()),
        }
    }
    printable
}

/// `text` in the font's encoding. Characters it does not have are left out.
pub(super) fn encode(text: &str) -> Vec<u8> {
    text.chars().filter_map(code).collect()
}

/// How wide `text` is in points, set in `size` points.
pub(super) fn width(face: Face, size: f32, text: &str) -> f32 {
    let widths = match face {
        Face::Regular => &REGULAR,
        Face::Bold => &BOLD,
    };
    let width_of = |code: u8| usize::from(code).checked_sub(32).and_then(|at| widths.get(at));
    let thousandths: u32 =
        text.chars().filter_map(code).filter_map(width_of).map(|width| u32::from(*width)).sum();
    thousandths as f32 * size / 1000.0
}

/// `text`, with as much of its middle replaced by an ellipsis as does not fit into `room` points.
/// The ends of a path tell more than its middle.
pub(super) fn shorten(face: Face, size: f32, text: &str, room: f32) -> String {
    if width(face, size, text) <= room {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let shortened = |kept: usize| {
        let (head, tail) = (kept / 2, kept - kept / 2);
        let head = characters.iter().take(head);
        let tail = characters.iter().skip(characters.len() - tail);
        head.chain(['\u{2026}'].iter()).chain(tail).collect::<String>()
    };
    // The width grows with what is kept, so the longest that fits is found by halving.
    let (mut fits, mut too_long) = (0, characters.len());
    while fits + 1 < too_long {
        let middle = fits.midpoint(too_long);
        match width(face, size, &shortened(middle)) <= room {
            true => fits = middle,
            false => too_long = middle,
        }
    }
    shortened(fits)
}

/// The code of a character in WinAnsiEncoding (ISO 32000-1, annex D).
fn code(character: char) -> Option<u8> {
    match character {
        ' '..='~' | '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(character)).ok(),
        _ => {
            let place = UPPER.chars().position(|upper| upper == character)?;
            u8::try_from(place + 0x80).ok().filter(|_| character != UNASSIGNED)
        }
    }
}

const UNASSIGNED: char = '\u{0}';

/// Codes 0x80 to 0x9f.
const UPPER: &str = "\u{20ac}\0\u{201a}\u{192}\u{201e}\u{2026}\u{2020}\u{2021}\u{2c6}\u{2030}\
                     \u{160}\u{2039}\u{152}\0\u{17d}\0\0\u{2018}\u{2019}\u{201c}\u{201d}\u{2022}\
                     \u{2013}\u{2014}\u{2dc}\u{2122}\u{161}\u{203a}\u{153}\0\u{17e}\u{178}";

/// Widths in thousandths of the size for codes 32 to 255, as published for the standard fonts.
#[rustfmt::skip]
const REGULAR: [u16; 224] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 0,
    556, 0, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 0, 611, 0,
    0, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 0, 500, 667,
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
];

/// The same for the bold cut.
#[rustfmt::skip]
const BOLD: [u16; 224] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584, 0,
    556, 0, 278, 556, 500, 1000, 556, 556, 333, 1000, 667, 333, 1000, 0, 611, 0,
    0, 278, 278, 500, 500, 350, 556, 1000, 333, 1000, 556, 333, 944, 0, 500, 667,
    278, 333, 556, 556, 556, 556, 280, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 611, 556, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    722, 722, 722, 722, 722, 722, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 556, 556, 556, 556, 556, 278, 278, 278, 278,
    611, 611, 611, 611, 611, 611, 611, 584, 611, 611, 611, 611, 611, 556, 611, 556,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_standard_font() {
        assert_eq!(width(Face::Regular, 10.0, "Wi 1"), 9.44 + 2.22 + 2.78 + 5.56);
        assert_eq!(width(Face::Bold, 1000.0, "Wi\u{178}"), 944.0 + 278.0 + 667.0);
        assert_eq!(width(Face::Regular, 1000.0, "\u{ff}\u{20ac}"), 500.0 + 556.0);
    }

    #[test]
    fn what_the_font_lacks_is_escaped() {
        let text = printable("na\u{ef}ve \u{4e2d}\n\u{0}\u{7f}\u{2013}.pcap");
        assert_eq!(text, "na\u{ef}ve \\u{4e2d}\\u{a}\\u{0}\\u{7f}\u{2013}.pcap");
        assert_eq!(encode(&text).len(), text.chars().count());
        assert_eq!(encode("a\u{2013}\u{178}\u{e9}"), [b'a', 0x96, 0x9f, 0xe9]);
    }

    #[test]
    fn long_texts_lose_their_middle() {
        let long = "/a/very/long/path/of/some/capture.pcap";
        for room in [0.0, 20.0, 60.0, 120.0] {
            let short = shorten(Face::Regular, 8.0, long, room);
            assert!(width(Face::Regular, 8.0, &short) <= room.max(8.0), "{room}: {short}");
            assert!(short.contains('\u{2026}'));
        }
        assert_eq!(shorten(Face::Regular, 8.0, long, 500.0), long);
    }
}
