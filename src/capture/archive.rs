//! Compressed files as the bytes that were compressed.

use std::io::{self, ErrorKind, Read};

use super::codec::{Codec, Step};
use super::compression::{Compression, DETECTION_LEN};
use super::lz4::Lz4Reader;
use super::window::{Fill, Window};
use super::zip::ZipReader;

/// A stream of bytes that may go on with other files after its end.
///
/// `read` gives the bytes of the current file. It reports damage only after everything before it.
pub(super) trait Archive: Read + Send {
    /// Goes on to the next file of the archive and tells its name; `None` if there is none, or none
    /// that can be found after damage that `read` has reported.
    ///
    /// Archives that are but one file without a name are at its start when opened.
    fn next_member(&mut self) -> io::Result<Option<String>>;
}

/// What is not compressed.
impl<R: Read + Send> Archive for Window<R> {
    fn next_member(&mut self) -> io::Result<Option<String>> {
        Ok(None)
    }
}

/// The uncompressed bytes of `compressed`.
pub(super) fn unpack<R: Read + Send + 'static>(
    compression: Compression,
    compressed: Window<R>,
) -> io::Result<Box<dyn Archive>> {
    Ok(match (compression, Codec::new(compression)?) {
        (_, Some(codec)) => {
            Box::new(StreamReader { compression, compressed, codec, state: State::Inside })
        }
        (Compression::Zip, None) => Box::new(ZipReader::new(compressed)),
        (_, None) => Box::new(Lz4Reader::new(compressed)),
    })
}

/// An error that says what is wrong with an archive.
pub(super) fn damaged(compression: Compression, reason: impl std::fmt::Display) -> io::Error {
    let name = compression.name();
    io::Error::new(ErrorKind::InvalidData, format!("damaged {name} archive: {reason}"))
}

/// An error that says that an archive ends too early.
pub(super) fn truncated(compression: Compression) -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, format!("truncated {} archive", compression.name()))
}

/// Reads one compressed stream after another, as if they were one.
///
/// Padding with zeros may follow a stream; whatever else follows is ignored, as gzip and bzip2 do.
struct StreamReader<R> {
    compression: Compression,
    compressed: Window<R>,
    codec: Codec,
    state: State,
}

enum State {
    Inside,
    /// A stream just ended.
    Between,
    /// Damage was met, but bytes from before it had to be delivered first.
    Damaged(String),
    Done,
}

impl<R: Read + Send> Archive for StreamReader<R> {
    fn next_member(&mut self) -> io::Result<Option<String>> {
        Ok(None)
    }
}

impl<R: Read> Read for StreamReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            match &mut self.state {
                State::Inside => {
                    let at_end = self.compressed.fill(1)? != Fill::Enough;
                    let step = self.codec.step(self.compressed.filled(), buffer);
                    let Step { consumed, produced, finished } = step;
                    self.compressed.consume(consumed);
                    match finished {
                        Ok(true) => self.state = State::Between,
                        Ok(false) if (consumed, produced) != (0, 0) => {}
                        Ok(false) if at_end => return Err(truncated(self.compression)),
                        Ok(false) => self.state = State::Damaged("no progress".to_owned()),
                        Err(reason) => self.state = State::Damaged(reason),
                    }
                    if produced > 0 {
                        return Ok(produced);
                    }
                }
                State::Between => self.state = self.after_stream()?,
                State::Damaged(reason) => return Err(damaged(self.compression, reason)),
                State::Done => break,
            }
        }
        Ok(0)
    }
}

impl<R: Read> StreamReader<R> {
    /// Looks for another stream behind one that ended.
    fn after_stream(&mut self) -> io::Result<State> {
        while self.compressed.fill(1)? == Fill::Enough {
            match self.compressed.filled().iter().position(|byte| *byte != 0) {
                None => self.compressed.consume(usize::MAX),
                Some(padding) => {
                    self.compressed.consume(padding);
                    self.compressed.fill(DETECTION_LEN)?;
                    if !self.compression.continues(self.compressed.filled()) {
                        break;
                    }
                    return match Codec::new(self.compression)? {
                        Some(codec) => {
                            self.codec = codec;
                            Ok(State::Inside)
                        }
                        None => Ok(State::Done),
                    };
                }
            }
        }
        Ok(State::Done)
    }
}
