//! Capture files: finds out what a file is and reads its packets.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::at_hand::AtHand;
use super::content::Content;
use super::error::{CaptureError, Fault};
use super::input::Input;
use super::packet::LinkType;
use super::pcap::PcapReader;
use super::pcapng::PcapNgReader;
use super::record::Record;
use super::savefile::PcapHeader;
use super::source::Next;
use super::window::{Fill, Window};
use crate::chunk::Chunk;
use crate::origin::Origin;

/// A capture file, opened.
pub struct FileSource {
    name: String,
    /// The name of the file inside an archive that is being read.
    member: Option<String>,
    window: Window<Content>,
    state: State,
    link_type: LinkType,
    header: PcapHeader,
    position: Arc<AtomicU64>,
    size: Option<u64>,
    /// What is wrong with files of an archive before the first that could be opened; the last first.
    unopened: Vec<CaptureError>,
    /// The file, if its bytes are packets as they stand there.
    plain: Option<Arc<File>>,
}

/// What is being read.
enum State {
    Inside(Reader),
    /// A capture is done; the archive may hold another.
    Between,
    /// Everything was read.
    Done,
}

/// The reader for the format of a capture.
pub(super) enum Reader {
    Pcap(PcapReader),
    PcapNg(PcapNgReader),
}

impl FileSource {
    /// Opens the file at `path`, `-` for standard input, and reads what comes before its packets.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let name = match path.as_os_str() == "-" {
            true => "standard input".to_owned(),
            false => path.display().to_string(),
        };
        Self::open_named(path, name)
    }

    fn open_named(path: &Path, name: String) -> Result<Self, CaptureError> {
        let of_it = |fault: Fault| fault.of(name.clone());
        let input = Input::open(path).map_err(|error| of_it(error.into()))?;
        let (position, size) = (input.position(), input.regular_size());
        let mut window = Content::open(input).map_err(of_it)?;
        let plain = match window.stream_mut() {
            Content::Direct(input) => input.read_from_beginning(),
            Content::Ahead(_) => None,
        };
        let (mut member, mut unopened) = (None, Vec::new());
        let reader = match window.fill_waiting(1).map_err(|error| of_it(error.into()))? {
            Fill::Enough | Fill::Waiting => Reader::open(&mut window).map_err(of_it)?,
            // An archive of files that have names gives nothing before one of them was asked for.
            Fill::Short(_) => loop {
                match open_next_member(&mut window, &mut member) {
                    Ok(Some(reader)) => break reader,
                    Ok(None) => {
                        return Err(unopened.pop().unwrap_or_else(|| of_it(Fault::UnknownFormat)));
                    }
                    Err(fault) => unopened.insert(0, fault.of(full_name(&name, member.as_deref()))),
                }
            },
        };
        let (link_type, header) = (reader.link_type(), reader.header());
        let state = State::Inside(reader);
        Ok(Self { name, member, window, state, link_type, header, position, size, unopened, plain })
    }

    /// See [`Source::at_hand`](super::Source::at_hand).
    #[inline]
    pub fn at_hand(&self) -> AtHand<'_> {
        match &self.state {
            State::Inside(reader) => AtHand::new(reader, self.window.filled()),
            State::Between | State::Done => AtHand::default(),
        }
    }

    /// See [`Source::chunk_at_hand`](super::Source::chunk_at_hand).
    pub fn chunk_at_hand(&self) -> Option<&Chunk> {
        match &self.state {
            State::Inside(reader) if reader.is_ordinary() => Some(self.window.chunk()),
            _ => None,
        }
    }

    /// See [`Source::origin_at_hand`](super::Source::origin_at_hand).
    pub fn origin_at_hand(&self) -> Option<Origin> {
        let end = self.position();
        let begin = end.checked_sub(self.window.chunk_len() as u64)?;
        self.plain.as_ref().map(|file| Origin::new(Arc::clone(file), begin))
    }

    /// See [`Source::pass_over`](super::Source::pass_over).
    #[inline]
    pub fn pass_over(&mut self, len: usize) {
        self.window.consume(len);
    }

    /// See [`Source::next_packet`](super::Source::next_packet).
    pub fn next_packet(&mut self) -> Result<Next<'_>, CaptureError> {
        self.next(false)
    }

    /// See [`Source::read_on`](super::Source::read_on).
    pub fn read_on(&mut self) -> Result<Next<'_>, CaptureError> {
        self.next(true)
    }

    fn next(&mut self, leaves_at_hand: bool) -> Result<Next<'_>, CaptureError> {
        if let Some(error) = self.unopened.pop() {
            return Err(error);
        }
        loop {
            let record = match &mut self.state {
                State::Inside(Reader::Pcap(reader)) => reader.next(&mut self.window),
                State::Inside(Reader::PcapNg(reader)) => reader.next(&mut self.window),
                State::Between => match self.open_next_member() {
                    Ok(()) => continue,
                    Err(fault) => Err(fault),
                },
                State::Done => return Ok(Next::End),
            };
            match record {
                Ok(Record::Packet(packet)) => {
                    if leaves_at_hand && self.at_hand().next().is_some() {
                        return Ok(Next::AtHand);
                    }
                    return Ok(Next::Packet(packet.lend(&mut self.window)));
                }
                Ok(Record::Waiting) => return Ok(Next::Idle),
                Ok(Record::End) => self.state = State::Between,
                Err(fault) => {
                    let error = fault.of(full_name(&self.name, self.member.as_deref()));
                    // Only the other files of an archive can be any good after this.
                    self.state = match self.member.take() {
                        Some(_) => State::Between,
                        None => State::Done,
                    };
                    return Err(error);
                }
            }
        }
    }

    /// Goes on to the next capture in an archive.
    fn open_next_member(&mut self) -> Result<(), Fault> {
        self.state = match open_next_member(&mut self.window, &mut self.member)? {
            Some(reader) => State::Inside(reader),
            None => State::Done,
        };
        Ok(())
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

/// The name of a file, which may be one in an archive.
fn full_name(name: &str, member: Option<&str>) -> String {
    match member {
        Some(member) => format!("{name}: {member}"),
        None => name.to_owned(),
    }
}

/// Goes on to the next capture in an archive and puts down its name; passes over files that are
/// empty or something else.
fn open_next_member(
    window: &mut Window<Content>,
    member: &mut Option<String>,
) -> Result<Option<Reader>, Fault> {
    loop {
        window.consume(usize::MAX);
        *member = None;
        *member = window.stream_mut().next_member()?;
        if member.is_none() {
            return Ok(None);
        }
        match Reader::open(window) {
            Ok(reader) => return Ok(Some(reader)),
            Err(Fault::UnknownFormat | Fault::Truncated { got: 0, .. }) => {}
            Err(fault) => return Err(fault),
        }
    }
}

impl Reader {
    /// Finds out the format of the capture at the front of the window.
    fn open<R: Read>(window: &mut Window<R>) -> Result<Self, Fault> {
        if let Fill::Short(got) = window.fill_waiting(4)? {
            return Err(Fault::Truncated { part: "file header", wanted: 4, got });
        }
        let magic = *window.filled().first_chunk().ok_or(Fault::UnknownFormat)?;
        match () {
            () if PcapReader::recognises(magic) => PcapReader::open(window).map(Self::Pcap),
            () if PcapNgReader::recognises(magic) => PcapNgReader::open(window).map(Self::PcapNg),
            () => Err(Fault::UnknownFormat),
        }
    }

    /// Whether its packets are [at hand](AtHand).
    pub(super) fn is_ordinary(&self) -> bool {
        match self {
            Self::Pcap(reader) => reader.is_ordinary(),
            Self::PcapNg(reader) => reader.is_ordinary(),
        }
    }

    fn link_type(&self) -> LinkType {
        match self {
            Self::Pcap(reader) => reader.link_type(),
            Self::PcapNg(reader) => reader.link_type(),
        }
    }

    fn header(&self) -> PcapHeader {
        match self {
            Self::Pcap(reader) => reader.header(),
            Self::PcapNg(reader) => reader.header(),
        }
    }
}
