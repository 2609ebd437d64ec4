//! Text that may have come from anywhere becomes text that is safe to print on a terminal.
//!
//! File names, archives' members, filter expressions and captures may hold control characters,
//! which terminals obey: they can hide what was printed, change the title, or type commands. All
//! messages pass here on their way out, so that whoever makes a message need not think of it.

use std::fmt::{self, Display, Write};

/// Shows a text with every character escaped that would do something instead of being seen. What
/// is shown is always a single line.
#[derive(Clone, Copy, Debug)]
pub struct Visible<'a>(pub &'a str);

impl Display for Visible<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(is_unseen) {
            let (plain, tail) = rest.split_at(at);
            f.write_str(plain)?;
            let mut chars = tail.chars();
            match chars.next() {
                Some('\n') => f.write_str("\\n")?,
                Some('\r') => f.write_str("\\r")?,
                Some('\t') => f.write_str("\\t")?,
                Some(c) if c.is_ascii() => write!(f, "\\x{:02x}", u32::from(c))?,
                Some(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                None => {}
            }
            rest = chars.as_str();
        }
        f.write_str(rest)
    }
}

/// Whether a character controls the terminal or the order of what is around it: C0, DEL, C1, the
/// marks of bidirectional text (which make `gpj.exe` look like `exe.jpg`) and separators of lines.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}')
}

/// Whether printing these bytes of a name could do more than show them.
pub fn has_controls(name: &[u8]) -> bool {
    String::from_utf8_lossy(name).chars().any(is_unseen)
}

/// Appends a name to what is printed, its control characters escaped.
pub fn push_name(out: &mut Vec<u8>, name: &[u8]) {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write!(text, "{}", Visible(&String::from_utf8_lossy(name)));
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_terminals_obey_is_spelt_out() {
        for (text, shown) in [
            ("plain: ünï → 文", "plain: ünï → 文"),
            ("a\x1b[2Jb", "a\\x1b[2Jb"),
            ("two\nlines\r\n\ttab", "two\\nlines\\r\\n\\ttab"),
            ("\0\x07\x08\x7f", "\\x00\\x07\\x08\\x7f"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("a\u{2028}b\u{2067}", "a\\u{2028}b\\u{2067}"),
            ("", ""),
        ] {
            assert_eq!(Visible(text).to_string(), shown);
        }
    }

    #[test]
    fn every_control_character_is_escaped() {
        for c in ('\0'..=char::MAX).filter(|c| c.is_control()) {
            let text = c.to_string();
            let shown = Visible(&text).to_string();
            assert!(shown.starts_with('\\') && shown.chars().all(|c| !c.is_control()), "{shown}");
            assert!(has_controls(text.as_bytes()));
        }
        assert!(!has_controls("harmless ü".as_bytes()));
    }
}
