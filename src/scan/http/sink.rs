//! Where bodies go: the other side of the scanner.

use thiserror::Error;

use super::coding::Outcome;

/// Takes the bodies that a [`super::Scanner`] finds, one after another.
///
/// For each response whose header block is complete there is one [`Self::open`]; if it succeeds,
/// any number of [`Self::write`], at most one [`Self::truncate`], and then one [`Self::close`] or [`Self::discard`]. The sink tells
/// the user itself what it could not do, since it knows where the bytes were to go.
pub trait BodySink {
    /// A body begins, which may turn out to be empty. `suffix` is what is to be appended to the
    /// name of the flow's file, as in `-HTTPBODY-001.html`.
    ///
    /// # Errors
    /// If the body cannot be stored. It is then skipped, and later ones go on.
    fn open(&mut self, suffix: &str) -> Result<(), Unstorable>;

    /// Bytes of the body; never empty.
    ///
    /// # Errors
    /// If they could not be stored. The rest of the body is then skipped, and later ones go on.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Unstorable>;

    /// Only the first `size` bytes of the body, fewer than were written, are its own after all.
    ///
    /// # Errors
    /// If the others could not be removed.
    fn truncate(&mut self, size: u64) -> Result<(), Unstorable>;

    /// The body has ended, and has at least one byte.
    fn close(&mut self, body: FinishedBody<'_>);

    /// The body has ended, and is empty: it is to leave no trace.
    fn discard(&mut self, suffix: &str);

    /// Something worth telling about the response of this suffix.
    fn note(&mut self, suffix: &str, note: Note);
}

/// The sink could not store a body and has said why.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("an HTTP body could not be stored")]
pub struct Unstorable;

/// A body that has been stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinishedBody<'a> {
    /// What the body's name appends to that of the flow's file.
    pub suffix: &'a str,
    /// The position of the body's first byte in the flow, before anything is decoded. Of a chunked
    /// body it is the first byte of the first chunk's data.
    pub file_offset: u64,
    /// The bytes that were written and not taken back; at least one.
    pub size: u64,
}

/// Something worth telling about a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// The body is coded, and is being decoded.
    Decoding,
    /// Decoding did not end as it should; never [`Outcome::Whole`].
    Decoded(Outcome),
    /// The connection speaks another protocol from here on, and is left alone.
    Upgraded,
}

impl Note {
    /// The debug level (`-d`) from which on the note is to be shown. Only the cutting of a body is
    /// for everyone: it loses data on purpose.
    pub fn level(self) -> u32 {
        match self {
            Note::Decoding => 10,
            Note::Upgraded => 9,
            Note::Decoded(Outcome::Cut(_)) => 1,
            Note::Decoded(_) => 3,
        }
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Note::Decoding => f.write_str("the body is compressed, decompressing it"),
            Note::Decoded(Outcome::Whole) => f.write_str("decompressed"),
            Note::Decoded(Outcome::Truncated) => f.write_str("the compressed body is incomplete"),
            Note::Decoded(Outcome::Garbage) => {
                f.write_str("left out what follows the end of the compressed body")
            }
            Note::Decoded(Outcome::Corrupt) => {
                f.write_str("the compressed body is damaged, kept what came before the damage")
            }
            Note::Decoded(Outcome::NotDecoded) => {
                f.write_str("the body cannot be decompressed, stored it as it is")
            }
            Note::Decoded(Outcome::Cut(limit)) => {
                write!(f, "the decompressed body was cut at {limit} bytes (see http_max_body)")
            }
            Note::Upgraded => {
                f.write_str("the connection changes to another protocol, the rest is not scanned")
            }
        }
    }
}
