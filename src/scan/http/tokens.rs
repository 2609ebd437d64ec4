//! Finds the words that matter in the comma list of a `Transfer-Encoding` or `Connection` field.
//!
//! It reproduces a particular reader of such lists rather than RFC 9110's: a word spoilt in the
//! middle swallows the byte that spoilt it, even a comma, and after `chunked` a comma begins no new
//! word. Which bytes belong to a body depends on it, so a tidier reader would give other bodies.

/// Which list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// `Transfer-Encoding`: looks for `chunked` at the end of the list.
    TransferEncoding,
    /// `Connection`, `Proxy-Connection`: looks for `upgrade` anywhere.
    Connection,
}

/// The words that are told from others. `close` and `keep-alive` mean nothing here, but a list
/// element that begins like one of them is read differently from one that does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Chunked,
    Close,
    KeepAlive,
    Upgrade,
}

impl Word {
    fn spelling(self) -> &'static [u8] {
        match self {
            Word::Chunked => b"chunked",
            Word::Close => b"close",
            Word::KeepAlive => b"keep-alive",
            Word::Upgrade => b"upgrade",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// After a separating comma: a word may begin.
    Start,
    /// So many bytes of a word have been seen.
    Within(Word, usize),
    /// A whole word has been seen and nothing but spaces since.
    Whole(Word),
    /// Something else: wait for the next comma.
    Skip,
    /// Nothing more is recognised in this field.
    Off,
}

/// A reader of one field's value.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenReader {
    list: List,
    state: State,
    /// Whether a comma has confirmed the word that was looked for.
    confirmed: bool,
}

impl TokenReader {
    pub(super) fn new(list: List) -> Self {
        Self { list, state: State::Off, confirmed: false }
    }

    /// Takes the first byte of the value. Here a comma is only a byte that begins no known word.
    pub(super) fn first(&mut self, byte: u8) {
        self.state = match self.word_with(byte | 0x20) {
            Some(word) => State::Within(word, 1),
            None => State::Skip,
        };
    }

    /// Takes a further byte of the value.
    pub(super) fn more(&mut self, byte: u8) {
        let lower = byte | 0x20;
        self.state = match self.state {
            State::Start => match self.word_with(lower) {
                Some(word) => State::Within(word, 1),
                None if is_token(lower) => State::Skip,
                None if byte == b' ' => State::Start,
                None => State::Off,
            },
            State::Within(word, seen) => match word.spelling().get(seen) {
                Some(&expected) if expected == lower => {
                    if seen + 1 == word.spelling().len() {
                        State::Whole(word)
                    } else {
                        State::Within(word, seen + 1)
                    }
                }
                _ => State::Skip,
            },
            State::Whole(word) => match byte {
                b' ' => State::Whole(word),
                b',' if self.list == List::Connection => {
                    self.confirm(word);
                    State::Start
                }
                _ => State::Skip,
            },
            State::Skip if byte == b',' => State::Start,
            other => other,
        };
    }

    /// The line is folded: the value goes on in the next one.
    pub(super) fn fold(&mut self) {
        if self.state != State::Start {
            self.state = State::Off;
        }
    }

    /// The value has ended; returns whether the list says what was looked for.
    pub(super) fn end(mut self) -> bool {
        if let State::Whole(word) = self.state {
            self.confirm(word);
        }
        self.confirmed
    }

    fn word_with(&self, lower: u8) -> Option<Word> {
        match (self.list, lower) {
            (List::TransferEncoding, b'c') => Some(Word::Chunked),
            (List::Connection, b'c') => Some(Word::Close),
            (List::Connection, b'k') => Some(Word::KeepAlive),
            (List::Connection, b'u') => Some(Word::Upgrade),
            _ => None,
        }
    }

    fn confirm(&mut self, word: Word) {
        self.confirmed |= matches!(word, Word::Chunked | Word::Upgrade);
    }
}

/// Whether a byte may stand in a token (RFC 9110, 5.6.2).
pub(super) fn is_token(byte: u8) -> bool {
    matches!(byte,
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*'
        | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a value given as the lines of a folded field, each line with its leading blank.
    fn found(list: List, lines: &[&str]) -> bool {
        let mut reader = TokenReader::new(list);
        for (number, line) in lines.iter().enumerate() {
            for (index, byte) in line.bytes().enumerate() {
                match (number, index) {
                    (0, 0) => reader.first(byte),
                    (_, 0) => reader.fold(),
                    _ => reader.more(byte),
                }
            }
        }
        reader.end()
    }

    #[test]
    fn upgrade_is_found_as_an_element_of_the_list() {
        for yes in
            ["upgrade", "UpGrade", "x,upgrade", "upgrade ,x", "upgrade,x", "close, upgrade  "]
        {
            assert!(found(List::Connection, &[yes]), "{yes:?}");
        }
        for no in ["upgrad", "upgrades", "upgrade x", "x upgrade", "upgrade\t"] {
            assert!(!found(List::Connection, &[no]), "{no:?}");
        }
    }

    #[test]
    fn a_spoilt_word_swallows_the_comma_that_spoils_it() {
        assert!(!found(List::Connection, &["clo,upgrade"]));
        assert!(found(List::Connection, &["clo,x,upgrade"]));
        // The first byte of a value is never a separator.
        assert!(found(List::Connection, &["x,upgrade"]));
    }

    #[test]
    fn what_is_no_token_after_a_comma_ends_the_search() {
        assert!(!found(List::Connection, &["x,,upgrade"]));
        assert!(!found(List::Connection, &["x,\tupgrade"]));
        assert!(found(List::Connection, &["x,   upgrade"]));
    }

    #[test]
    fn chunked_counts_only_at_the_end() {
        for yes in ["chunked", "Chunked  ", "gzip, chunked", "chunked, foo, chunked"] {
            assert!(found(List::TransferEncoding, &[yes]), "{yes:?}");
        }
        for no in ["chunked,chunked", "chunked, gzip", ",chunked", "chunked,", "chunke"] {
            assert!(!found(List::TransferEncoding, &[no]), "{no:?}");
        }
    }

    #[test]
    fn a_fold_forgets_unless_it_follows_a_comma() {
        assert!(!found(List::TransferEncoding, &["chunked", " foo"]));
        assert!(!found(List::Connection, &["upgrade", " x"]));
        assert!(!found(List::Connection, &["x", " ,upgrade"]));
        assert!(found(List::Connection, &["x, ", " upgrade"]));
        assert!(found(List::Connection, &["upgrade, x", " y"]));
    }
}
