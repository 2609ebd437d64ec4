//! The bytes of a capture file, whatever they are wrapped in.

use std::io::{self, Read};

use super::archive::{self, Archive};
use super::compression::{Compression, DETECTION_LEN};
use super::error::Fault;
use super::input::Input;
use super::read_ahead::ReadAhead;
use super::window::{Fill, Window};

/// Bytes of a file to have in memory.
const WINDOW_LEN: usize = 256 << 10;

/// Where the bytes of a capture come from.
pub(super) enum Content {
    /// A regular file that is not compressed.
    Direct(Input),
    /// Anything else.
    Ahead(ReadAhead),
    /// The same where there can be no thread for it.
    Here(Box<dyn Archive>),
}

impl Content {
    /// Finds out whether a file is compressed, and arranges for its bytes to be read.
    pub(super) fn open(input: Input) -> Result<Window<Self>, Fault> {
        let never_waits = input.regular_size().is_some();
        let mut window = Window::new(input, WINDOW_LEN);
        if window.fill(DETECTION_LEN)? == Fill::Short(0) {
            return Err(Fault::Truncated { part: "file header", wanted: 4, got: 0 });
        }
        let archive: Box<dyn Archive> = match Compression::detect(window.filled()) {
            Some(compression) => archive::unpack(compression, window)?,
            None if never_waits => return Ok(window.map_stream(Self::Direct)),
            None => Box::new(window),
        };
        let content = ReadAhead::start(archive).map_or_else(Self::Here, Self::Ahead);
        Ok(Window::new(content, WINDOW_LEN))
    }

    /// See [`Archive::next_member`](archive::Archive::next_member).
    pub(super) fn next_member(&mut self) -> io::Result<Option<String>> {
        match self {
            Self::Direct(_) => Ok(None),
            Self::Ahead(ahead) => ahead.next_member(),
            Self::Here(archive) => archive.next_member(),
        }
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Direct(input) => input.read(buffer),
            Self::Ahead(ahead) => ahead.read(buffer),
            Self::Here(archive) => archive.read(buffer),
        }
    }
}
