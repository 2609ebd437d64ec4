//! What the header fields of a message say: where its body ends, and what the body is.
//!
//! Values come in pieces, so that nothing depends on how the stream was cut, and only the values
//! that are needed are kept.

use super::limit::HEADER_LIMIT;
use super::tokens::{List, TokenReader};

/// The byte is not allowed where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Invalid;

/// Everything of a header block that is understood.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    /// The value of `Content-Length`.
    pub(super) content_length: Option<u64>,
    /// Whether a field's name begins with `Transfer-Encoding`, whatever the field says.
    pub(super) transfer_encoding: bool,
    /// Whether the last transfer coding is `chunked`.
    pub(super) chunked: bool,
    /// Whether there is an `Upgrade` field with a value.
    pub(super) upgrade: bool,
    /// Whether `Connection` names `upgrade`.
    pub(super) connection_upgrade: bool,
    /// The last `Content-Type`, empty if there is none.
    pub(super) content_type: Vec<u8>,
    /// The last `Content-Encoding`, empty if there is none.
    pub(super) content_encoding: Vec<u8>,
}

impl Head {
    /// Forgets everything, but keeps the memory.
    pub(super) fn clear(&mut self) {
        let Self { content_type, content_encoding, .. } = std::mem::take(self);
        self.content_type = content_type;
        self.content_encoding = content_encoding;
        self.content_type.clear();
        self.content_encoding.clear();
    }
}

const TRANSFER_ENCODING: &[u8] = b"transfer-encoding";

/// A field's name in lower case, as much of it as is needed to know it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Name {
    /// The first bytes; `transfer-encoding` is the longest name that is understood.
    bytes: [u8; TRANSFER_ENCODING.len()],
    /// The true length, which may exceed that of `bytes`.
    len: usize,
}

impl Name {
    pub(super) fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte.to_ascii_lowercase();
        }
        self.len = self.len.saturating_add(1);
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }
}

/// Reads the value of one field into a [`Head`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum FieldReader {
    /// A field that is not understood.
    #[default]
    Ignored,
    ContentLength(Length),
    TransferEncoding(TokenReader),
    Connection(TokenReader),
    Upgrade,
    ContentType,
    ContentEncoding,
}

/// How much of a `Content-Length` has been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Nothing,
    Digits(u64),
    SpacesAfter(u64),
}

impl FieldReader {
    /// Begins to read the field of this name. What an earlier field of the name said is forgotten
    /// where the last one wins.
    pub(super) fn new(name: &Name, head: &mut Head) -> Self {
        if name.len >= TRANSFER_ENCODING.len() && name.bytes == TRANSFER_ENCODING {
            head.transfer_encoding = true;
            // An earlier field of the name no longer counts.
            head.chunked = false;
        }
        match name.bytes.get(..name.len).unwrap_or_default() {
            b"content-length" => Self::ContentLength(Length::Nothing),
            b"connection" | b"proxy-connection" => {
                Self::Connection(TokenReader::new(List::Connection))
            }
            b"upgrade" => Self::Upgrade,
            TRANSFER_ENCODING => Self::TransferEncoding(TokenReader::new(List::TransferEncoding)),
            b"content-type" => {
                head.content_type.clear();
                Self::ContentType
            }
            b"content-encoding" => {
                head.content_encoding.clear();
                Self::ContentEncoding
            }
            _ => Self::Ignored,
        }
    }

    /// Takes the first byte of the value; blanks before it have been skipped.
    pub(super) fn first(&mut self, byte: u8, head: &mut Head) -> Result<(), Invalid> {
        match self {
            Self::ContentLength(length) => {
                if head.content_length.is_some() || !byte.is_ascii_digit() {
                    return Err(Invalid);
                }
                *length = Length::Digits(u64::from(byte - b'0'));
            }
            Self::TransferEncoding(tokens) | Self::Connection(tokens) => tokens.first(byte),
            Self::Upgrade => head.upgrade = true,
            Self::ContentType => keep(&mut head.content_type, &[byte]),
            Self::ContentEncoding => keep(&mut head.content_encoding, &[byte]),
            Self::Ignored => {}
        }
        Ok(())
    }

    /// Takes a further byte of the value.
    pub(super) fn more(&mut self, byte: u8, head: &mut Head) -> Result<(), Invalid> {
        match self {
            Self::ContentLength(length) => *length = length.more(byte)?,
            Self::TransferEncoding(tokens) | Self::Connection(tokens) => tokens.more(byte),
            Self::Upgrade | Self::ContentType | Self::ContentEncoding | Self::Ignored => {
                self.run(&[byte], head);
            }
        }
        Ok(())
    }

    /// Whether each byte of the value must go through [`Self::more`].
    pub(super) fn reads_bytes(&self) -> bool {
        matches!(self, Self::ContentLength(_) | Self::TransferEncoding(_) | Self::Connection(_))
    }

    /// Takes further bytes of a value that is not read byte by byte.
    pub(super) fn run(&mut self, bytes: &[u8], head: &mut Head) {
        match self {
            Self::ContentType => keep(&mut head.content_type, bytes),
            Self::ContentEncoding => keep(&mut head.content_encoding, bytes),
            _ => {}
        }
    }

    /// The value goes on in the next line, which begins with this blank.
    pub(super) fn fold(&mut self, blank: u8, head: &mut Head) {
        match self {
            Self::ContentLength(Length::Digits(value)) => {
                *self = Self::ContentLength(Length::SpacesAfter(*value));
            }
            Self::TransferEncoding(tokens) | Self::Connection(tokens) => tokens.fold(),
            _ => self.run(&[blank], head),
        }
    }

    /// The value has ended.
    pub(super) fn end(self, head: &mut Head) -> Result<(), Invalid> {
        match self {
            Self::ContentLength(Length::Nothing) => return Err(Invalid),
            Self::ContentLength(Length::Digits(value) | Length::SpacesAfter(value)) => {
                head.content_length = Some(value);
            }
            Self::TransferEncoding(tokens) => head.chunked |= tokens.end(),
            Self::Connection(tokens) => head.connection_upgrade |= tokens.end(),
            _ => {}
        }
        Ok(())
    }
}

impl Length {
    fn more(self, byte: u8) -> Result<Self, Invalid> {
        match (self, byte) {
            (Self::Digits(value), b'0'..=b'9') => {
                push_digit(value, 10, byte - b'0').map(Self::Digits)
            }
            (Self::Digits(value) | Self::SpacesAfter(value), b' ') => Ok(Self::SpacesAfter(value)),
            _ => Err(Invalid),
        }
    }
}

/// Appends a digit to a number. Numbers near 2^64 are refused a little early, the bound being one
/// that can be checked before the digit is known.
pub(super) fn push_digit(value: u64, radix: u64, digit: u8) -> Result<u64, Invalid> {
    if value > (u64::MAX - radix) / radix {
        return Err(Invalid);
    }
    Ok(value * radix + u64::from(digit))
}

/// Keeps a piece of a value. Longer values than a header block may have are not kept whole: their
/// block is refused at the end of the line.
fn keep(value: &mut Vec<u8>, piece: &[u8]) {
    let room = HEADER_LIMIT.saturating_sub(value.len());
    value.extend_from_slice(piece.get(..room).unwrap_or(piece));
}
