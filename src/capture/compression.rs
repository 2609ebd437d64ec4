//! Tells by its first bytes how a file is compressed.
//!
//! Names are not looked at: standard input has none, and a file that was renamed is what it is.

/// A way of compressing files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Bzip2,
    Xz,
    /// The format before xz.
    Lzma,
    Zstd,
    Lz4,
    Zip,
}

/// How many bytes [`Compression::detect`] wants to see.
pub(super) const DETECTION_LEN: usize = 13;

impl Compression {
    /// How a file that begins with `bytes` is compressed, if it is.
    pub(super) fn detect(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Self::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            // A frame to skip: parallel zstd begins with one, files of lz4 hardly ever do.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            [0x04, 0x22, 0x4d, 0x18, ..] | [0x02, 0x21, 0x4c, 0x18, ..] => Some(Self::Lz4),
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Self::Zip),
            _ if is_lzma(bytes) => Some(Self::Lzma),
            _ => None,
        }
    }

    /// Whether `bytes`, which follow a finished stream, begin another one that belongs to it.
    pub(super) fn continues(self, bytes: &[u8]) -> bool {
        self != Self::Lzma && Self::detect(bytes) == Some(self)
    }

    /// What the format is called in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Lzma => "lzma",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Zip => "zip",
        }
    }
}

/// Whether `bytes` can be the header of an lzma file. The format has no magic number, but what
/// programs write is narrow: the usual properties, a dictionary of 2^n or 2^n + 2^(n-1) bytes, and
/// a size that is unknown or below 256 GiB; xz itself decides the same way.
fn is_lzma(bytes: &[u8]) -> bool {
    let Some(&[properties, a, b, c, d, ref size @ ..]) = bytes.first_chunk::<13>() else {
        return false;
    };
    let dictionary = u32::from_le_bytes([a, b, c, d]);
    let lowest_bit = dictionary & dictionary.wrapping_neg();
    let size = u64::from_le_bytes(*size);
    properties == 0x5d
        && dictionary >= 4096
        && (dictionary == lowest_bit || dictionary == lowest_bit.wrapping_mul(3))
        && (size == u64::MAX || size < 1 << 38)
}
