//! Text within XML 1.0.

use std::borrow::Cow;

use quick_xml::escape::escape;

/// `bytes` as character data or an attribute value: escaped, and with a replacement character for
/// everything that is no UTF-8 or that XML 1.0 cannot hold in any form.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(plain) if plain.chars().all(is_xml_char) => escape(plain),
        mixed => {
            let clean: String =
                mixed.chars().map(|c| if is_xml_char(c) { c } else { '\u{fffd}' }).collect();
            Cow::Owned(escape(clean).into_owned())
        }
    }
}

/// Appends `bytes` as [`text`] gives them. File names rarely hold anything but letters, digits and
/// a little punctuation, which need no second look.
pub(super) fn push_text(out: &mut Vec<u8>, bytes: &[u8]) {
    // Looks at all bytes without a branch, many at a time.
    if bytes.iter().fold(true, |plain, &byte| plain & is_plain(byte)) {
        out.extend_from_slice(bytes);
    } else {
        out.extend_from_slice(text(bytes).as_bytes());
    }
}

/// Whether a byte stands for itself in XML.
fn is_plain(byte: u8) -> bool {
    (b' '..0x7f).contains(&byte)
        & (byte != b'<')
        & (byte != b'>')
        & (byte != b'&')
        & (byte != b'\'')
        & (byte != b'"')
}

/// A network's name as an attribute value. Line breaks and tabs, which a reader of attributes turns
/// into blanks, are percent-encoded; the control characters that XML allows are replaced all the
/// same, because whoever looks at a report may do so on a terminal.
pub(super) fn ssid(bytes: &[u8]) -> String {
    let mut encoded = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\r' => encoded.extend_from_slice(b"%0D"),
            b'\n' => encoded.extend_from_slice(b"%0A"),
            b'\t' => encoded.extend_from_slice(b"%09"),
            other => encoded.push(other),
        }
    }
    text(&encoded).replace(|c: char| c.is_control(), "\u{fffd}")
}

/// `Char` of XML 1.0 (fifth edition, 2.2).
fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_and_impossible_characters_are_replaced() {
        assert_eq!(text(b"a<b>&'\"c"), "a&lt;b&gt;&amp;&apos;&quot;c");
        assert_eq!(text(b"\x01\xff\x7f"), "\u{fffd}\u{fffd}\x7f");
        assert_eq!(text("\u{ffff}é".as_bytes()), "\u{fffd}é");
        assert_eq!(ssid("\x7f\u{9b}31m\r\t".as_bytes()), "\u{fffd}\u{fffd}31m%0D%09");
    }

    #[test]
    fn every_byte_is_appended_as_it_would_be_spelt() {
        for byte in 0..=u8::MAX {
            let mut out = Vec::new();
            push_text(&mut out, &[b'a', byte]);
            assert_eq!(out, text(&[b'a', byte]).as_bytes(), "{byte}");
        }
    }
}
