//! Reads lz4 files: frames one after another, current and legacy ones.

use std::io::{self, ErrorKind, Read};

use lz4_flex::frame::FrameDecoder;

use super::archive::{Archive, damaged, truncated};
use super::compression::Compression;
use super::window::{Fill, Window};

const FRAME: u32 = 0x184d_2204;
const LEGACY_FRAME: u32 = 0x184c_2102;

/// The bytes that were compressed. What follows the last frame is ignored.
pub(super) struct Lz4Reader<R: Read> {
    decoder: FrameDecoder<Source<R>>,
    frame: Option<Frame>,
}

/// The kind of frame that is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    Current,
    /// Has no end mark: the end of the file is its end.
    Legacy,
}

/// What the decoder reads from; notes when the decoder wanted more than there is, which the
/// decoder itself takes for a proper end.
struct Source<R> {
    compressed: Window<R>,
    exhausted: bool,
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.exhausted |= !buffer.is_empty() && self.compressed.fill(1)? != Fill::Enough;
        let count = self.compressed.filled().read(buffer)?;
        self.compressed.consume(count);
        Ok(count)
    }
}

impl<R: Read> Lz4Reader<R> {
    pub(super) fn new(compressed: Window<R>) -> Self {
        let source = Source { compressed, exhausted: false };
        Self { decoder: FrameDecoder::new(source), frame: None }
    }

    /// Looks for a frame where none has begun yet.
    fn next_frame(&mut self) -> io::Result<Option<Frame>> {
        let window = &mut self.decoder.get_mut().compressed;
        loop {
            window.fill(8)?;
            let bytes = window.filled();
            return match bytes.first_chunk().map(|magic| u32::from_le_bytes(*magic)) {
                Some(FRAME) => Ok(Some(Frame::Current)),
                Some(LEGACY_FRAME) => Ok(Some(Frame::Legacy)),
                Some(0x184d_2a50..=0x184d_2a5f) => {
                    let length = bytes.get(4..8).and_then(<[u8]>::first_chunk);
                    let length = length.map_or(0, |it| u64::from(u32::from_le_bytes(*it)));
                    window.skip(8 + length)?;
                    continue;
                }
                _ => Ok(None),
            };
        }
    }
}

impl<R: Read> Read for Lz4Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            let frame = match self.frame {
                Some(frame) => frame,
                None => match self.next_frame()? {
                    Some(frame) => *self.frame.insert(frame),
                    None => break,
                },
            };
            match self.decoder.read(buffer) {
                Ok(0) if !self.decoder.get_ref().exhausted => self.frame = None,
                Ok(0) if frame == Frame::Legacy => break,
                Ok(0) => return Err(truncated(Compression::Lz4)),
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Err(truncated(Compression::Lz4));
                }
                Err(error) => return Err(damaged(Compression::Lz4, error)),
            }
        }
        Ok(0)
    }
}

impl<R: Read + Send> Archive for Lz4Reader<R> {
    fn next_member(&mut self) -> io::Result<Option<String>> {
        Ok(None)
    }
}
