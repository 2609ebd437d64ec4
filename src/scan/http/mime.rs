//! Names the file extension that belongs to a media type.

use std::cmp::Ordering;

use memchr::{memchr, memrchr};

/// Lines of media type, tab, extension, sorted by media type.
static TABLE: &str = include_str!("mime_types.tsv");

/// The extension for the value of a `Content-Type` field, if there is a usual one.
///
/// Parameters are cut off at the first `;`; what is left must be a known type to the letter, so
/// that blanks around it make it unknown. Case does not matter.
pub(super) fn extension(content_type: &[u8]) -> Option<&'static str> {
    let media_type = content_type.split(|&byte| byte == b';').next()?;
    let table = TABLE.as_bytes();
    let mut low = 0;
    let mut high = table.len();
    // A binary search over byte positions: each probe looks at the line around the middle.
    while low < high {
        let middle = low + (high - low) / 2;
        let start =
            memrchr(b'\n', table.get(low..middle)?).map_or(low, |newline| low + newline + 1);
        let rest = table.get(start..)?;
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let tab = memchr(b'\t', rest)?;
        let wanted = media_type.iter().map(u8::to_ascii_lowercase);
        match rest.get(..tab)?.iter().copied().cmp(wanted) {
            Ordering::Equal => return TABLE.get(start + tab + 1..start + end),
            Ordering::Less => low = start + end + 1,
            Ordering::Greater => high = start,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_the_table_is_found() {
        let mut last = "";
        for line in TABLE.lines() {
            let (name, wanted) = line.split_once('\t').expect("a line has two fields");
            assert!(last < name, "the table is not sorted at {name}");
            last = name;
            assert_eq!(extension(name.as_bytes()), Some(wanted));
            assert_eq!(extension(name.to_ascii_uppercase().as_bytes()), Some(wanted));
        }
    }

    #[test]
    fn parameters_are_cut_off_and_blanks_are_not() {
        assert_eq!(extension(b"text/html; charset=utf-8"), Some("html"));
        assert_eq!(extension(b"text/html;"), Some("html"));
        assert_eq!(extension(b"text/html ; x"), None);
        assert_eq!(extension(b"text/html "), None);
    }

    #[test]
    fn unknown_types_have_no_extension() {
        for unknown in [&b""[..], b";", b"a", b"zzzz/zzzz", b"application/octet-stream", b"\xff\t"]
        {
            assert_eq!(extension(unknown), None, "{unknown:?}");
        }
    }
}
