//! Capture files: finds out what a file is and reads its packets.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::{CaptureError, Fault};
use super::input::Input;
use super::packet::LinkType;
use super::pcap::PcapReader;
use super::pcapng::PcapNgReader;
use super::savefile::PcapHeader;
use super::source::Next;
use super::window::{Fill, Window};

/// Bytes of a file to have in memory.
const WINDOW_SIZE: usize = 1 << 20;

/// A capture file, opened.
pub struct FileSource {
    name: String,
    window: Window<Input>,
    reader: Reader,
    link_type: LinkType,
    header: PcapHeader,
    position: Arc<AtomicU64>,
    size: Option<u64>,
}

/// The reader for the format of a file.
enum Reader {
    Pcap(PcapReader),
    PcapNg(PcapNgReader),
    /// Everything was read.
    Done,
}

impl FileSource {
    /// Opens the file at `path`, `-` for standard input, and reads what comes before its packets.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let name = match path.as_os_str() == "-" {
            true => "standard input".to_owned(),
            false => path.display().to_string(),
        };
        let open = || {
            let input = Input::open(path)?;
            let (position, size) = (input.position(), input.regular_size());
            let mut window = Window::new(input, WINDOW_SIZE);
            let reader = Reader::open(&mut window)?;
            Ok((window, reader, position, size))
        };
        match open() {
            Ok((window, reader, position, size)) => {
                let (link_type, header) = (reader.link_type(), reader.header());
                Ok(Self { name, window, reader, link_type, header, position, size })
            }
            Err(fault) => Err(Fault::of(fault, name)),
        }
    }

    /// See [`Source::next_packet`](super::Source::next_packet).
    #[inline]
    pub fn next_packet(&mut self) -> Result<Next<'_>, CaptureError> {
        let next = match &mut self.reader {
            Reader::Pcap(reader) => reader.next(&mut self.window),
            Reader::PcapNg(reader) => reader.next(&mut self.window),
            Reader::Done => Ok(Next::End),
        };
        next.map_err(|fault| {
            self.reader = Reader::Done;
            fault.of(&self.name)
        })
    }

    /// See [`Source::link_type`](super::Source::link_type).
    pub fn link_type(&self) -> LinkType {
        self.link_type
    }

    /// See [`Source::name`](super::Source::name).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// See [`Source::pcap_header`](super::Source::pcap_header).
    pub fn pcap_header(&self) -> PcapHeader {
        self.header
    }

    /// See [`Source::position`](super::Source::position).
    pub fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }

    /// See [`Source::size`](super::Source::size).
    pub fn size(&self) -> Option<u64> {
        self.size
    }
}

impl Reader {
    /// Finds out the format of the capture at the front of the window.
    fn open<R: Read>(window: &mut Window<R>) -> Result<Self, Fault> {
        if let Fill::Short(got) = window.fill_waiting(4)? {
            return Err(Fault::Truncated { part: "file header", wanted: 4, got });
        }
        let magic = *window.bytes().first_chunk().ok_or(Fault::UnknownFormat)?;
        match () {
            () if PcapReader::recognises(magic) => PcapReader::open(window).map(Self::Pcap),
            () if PcapNgReader::recognises(magic) => PcapNgReader::open(window).map(Self::PcapNg),
            () => Err(Fault::UnknownFormat),
        }
    }

    fn link_type(&self) -> LinkType {
        match self {
            Self::Pcap(reader) => reader.link_type(),
            Self::PcapNg(reader) => reader.link_type(),
            Self::Done => LinkType::NULL,
        }
    }

    fn header(&self) -> PcapHeader {
        match self {
            Self::Pcap(reader) => reader.header(),
            Self::PcapNg(reader) => reader.header(),
            Self::Done => PcapHeader::new(LinkType::NULL, 0),
        }
    }
}
