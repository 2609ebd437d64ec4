//! The frame that all pcapng blocks have in common: type, length, content, length again.

use super::error::Fault;

/// The type of a section header block, the same in both byte orders.
pub(super) const SECTION: u32 = 0x0a0d_0d0a;

/// Bytes of a block besides its content: type, and the length twice.
pub(super) const BLOCK_OVERHEAD: usize = 12;
/// Bytes before the content.
const CONTENT_START: usize = 8;

/// The mark that a section header begins its content with, as its own byte order reads it.
const BYTE_ORDER_MARK: u32 = 0x1a2b_3c4d;

/// The byte order of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// The byte order that a section header block says it is in; `None` if it is no such block.
    pub(super) fn of_section(block: &[u8]) -> Option<Self> {
        let mark = block.get(CONTENT_START..)?.first_chunk::<4>()?;
        [Self::Little, Self::Big].into_iter().find(|order| order.u32(*mark) == BYTE_ORDER_MARK)
    }

    #[inline]
    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    #[inline]
    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    pub(super) fn i64(self, bytes: [u8; 8]) -> i64 {
        match self {
            Self::Little => i64::from_le_bytes(bytes),
            Self::Big => i64::from_be_bytes(bytes),
        }
    }
}

/// The first 8 bytes of a block. Invariant: `BLOCK_OVERHEAD <= length`, a multiple of 4.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockHeader {
    /// What the block holds.
    pub(super) kind: u32,
    length: u32,
}

impl BlockHeader {
    /// Reads the header of a block of at most `maximum` bytes.
    #[inline]
    pub(super) fn parse(bytes: &[u8], order: ByteOrder, maximum: u32) -> Result<Self, Fault> {
        let Some(&[a, b, c, d, e, f, g, h]) = bytes.first_chunk::<CONTENT_START>() else {
            return Err(Fault::BlockLength(0));
        };
        let (kind, length) = (order.u32([a, b, c, d]), order.u32([e, f, g, h]));
        if (length as usize) < BLOCK_OVERHEAD || !length.is_multiple_of(4) {
            return Err(Fault::BlockLength(length));
        }
        if length > maximum {
            return Err(Fault::BlockTooLong { length, maximum });
        }
        Ok(Self { kind, length })
    }

    /// Bytes of the whole block.
    #[inline]
    pub(super) fn length(self) -> usize {
        self.length as usize
    }
}

/// The content of a block, read from front to back.
pub(super) struct Block<'a> {
    /// What was not read yet.
    rest: &'a [u8],
    /// Where `rest` begins in the block.
    position: usize,
    order: ByteOrder,
}

impl<'a> Block<'a> {
    /// The content of the block with this header that stands at the front of `bytes`.
    #[inline]
    pub(super) fn new(
        bytes: &'a [u8],
        header: BlockHeader,
        order: ByteOrder,
    ) -> Result<Self, Fault> {
        let (content, trailer) = bytes
            .get(CONTENT_START..header.length())
            .and_then(|rest| rest.split_last_chunk::<4>())
            .ok_or(Fault::BlockLength(header.length))?;
        // libpcap never looks at the one of a file's first block; nothing is lost by leaving out the
        // others of its kind, since what follows is checked again.
        if order.u32(*trailer) != header.length && header.kind != SECTION {
            return Err(Fault::BlockLengthMismatch);
        }
        Ok(Self { rest: content, position: CONTENT_START, order })
    }

    /// The byte order of the block's section.
    pub(super) fn order(&self) -> ByteOrder {
        self.order
    }

    /// Whether everything was read.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `count` bytes; the block is called `name` if it has fewer.
    #[inline]
    pub(super) fn bytes(&mut self, count: usize, name: &'static str) -> Result<&'a [u8], Fault> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or(Fault::BlockContent(name))?;
        self.rest = rest;
        self.position += count;
        Ok(bytes)
    }

    /// The next 32-bit words.
    #[inline]
    pub(super) fn words<const N: usize>(&mut self, name: &'static str) -> Result<[u32; N], Fault> {
        let (chunks, _) = self.bytes(N * 4, name)?.as_chunks::<4>();
        let mut words = [0; N];
        for (word, chunk) in words.iter_mut().zip(chunks) {
            *word = self.order.u32(*chunk);
        }
        Ok(words)
    }

    /// The next 16-bit words.
    #[inline]
    pub(super) fn halves<const N: usize>(&mut self, name: &'static str) -> Result<[u16; N], Fault> {
        let (chunks, _) = self.bytes(N * 2, name)?.as_chunks::<2>();
        let mut halves = [0; N];
        for (half, chunk) in halves.iter_mut().zip(chunks) {
            *half = self.order.u16(*chunk);
        }
        Ok(halves)
    }

    /// Where in the block the next `count` bytes are, if there are as many.
    #[inline]
    pub(super) fn next_range(&self, count: usize) -> Option<std::ops::Range<usize>> {
        (count <= self.rest.len()).then(|| self.position..self.position + count)
    }
}
