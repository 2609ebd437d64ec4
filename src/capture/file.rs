//! Capture files: finds out what a file is and reads its packets.

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::at_hand::AtHand;
use super::content::Content;
use super::error::{CaptureError, Fault};
use super::input::{Input, is_standard_input};
use super::members::{Members, Place};
use super::packet::LinkType;
use super::reader::Reader;
use super::record::Record;
use super::savefile::PcapHeader;
use super::source::Next;
use crate::chunk::Chunk;
use crate::origin::Origin;

/// Of so many files of an archive that cannot be read each is told of; the others are counted.
const NAMED: usize = 10;

/// A capture file, opened.
pub struct FileSource {
    members: Members,
    link_type: LinkType,
    header: PcapHeader,
    position: Arc<AtomicU64>,
    size: Option<u64>,
    faults: Faults,
    /// The file, if its bytes are packets as they stand there.
    plain: Option<Arc<File>>,
}

/// What is wrong with the files of an archive.
#[derive(Default)]
struct Faults {
    /// Those that are still to be told.
    untold: VecDeque<CaptureError>,
    /// How many were, or are to be told.
    named: usize,
    /// How many there were besides.
    more: usize,
}

impl FileSource {
    /// Opens the file at `path`, `-` for standard input, and reads what comes before its packets.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let name = match is_standard_input(path) {
            true => "standard input".to_owned(),
            false => path.display().to_string(),
        };
        let of_it = |fault: Fault| fault.of(name.clone());
        let input = Input::open(path).map_err(|error| of_it(error.into()))?;
        let (position, size) = (input.position(), input.regular_size());
        let mut window = Content::open(input).map_err(of_it)?;
        let plain = match window.stream_mut() {
            Content::Direct(input) => input.read_from_beginning(),
            Content::Ahead(_) | Content::Here(_) => None,
        };
        let mut members = Members::begin(name, window)?;
        let mut faults = Faults::default();
        let reader = loop {
            match members.advance() {
                Ok(Place::Inside | Place::Waiting) => {}
                Ok(Place::Done) => return Err(faults.all(members.file())),
                Err(fault) => faults.add(members.give_up(fault)),
            }
            if let Some(reader) = members.reader() {
                break reader;
            }
        };
        let (link_type, header) = (reader.link_type(), reader.header());
        Ok(Self { members, link_type, header, position, size, faults, plain })
    }

    /// See [`Source::at_hand`](super::Source::at_hand).
    #[inline]
    pub fn at_hand(&self) -> AtHand<'_> {
        match self.members.reader() {
            Some(reader) => AtHand::new(reader, self.members.window().filled()),
            None => AtHand::default(),
        }
    }

    /// See [`Source::chunk_at_hand`](super::Source::chunk_at_hand).
    pub fn chunk_at_hand(&self) -> Option<&Chunk> {
        let is_ordinary = self.members.reader().is_some_and(Reader::is_ordinary);
        is_ordinary.then(|| self.members.window().chunk())
    }

    /// See [`Source::origin_at_hand`](super::Source::origin_at_hand).
    pub fn origin_at_hand(&self) -> Option<Origin> {
        let end = self.position();
        let begin = end.checked_sub(self.members.window().chunk_len() as u64)?;
        self.plain.as_ref().map(|file| Origin::new(Arc::clone(file), begin))
    }

    /// See [`Source::pass_over`](super::Source::pass_over).
    #[inline]
    pub fn pass_over(&mut self, len: usize) {
        self.members.window_mut().consume(len);
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
        loop {
            if let Some(error) = self.faults.untold.pop_front() {
                return Err(error);
            }
            let record = match self.members.advance() {
                Ok(Place::Inside) => self.members.next_record(),
                Ok(Place::Waiting) => return Ok(Next::Idle),
                Ok(Place::Done) => match std::mem::take(&mut self.faults.more) {
                    0 => return Ok(Next::End),
                    more => return Err(Fault::More(more).of(self.members.file())),
                },
                Err(fault) => Err(fault),
            };
            match record {
                Ok(Record::Packet(packet)) => {
                    if leaves_at_hand && self.at_hand().next().is_some() {
                        return Ok(Next::AtHand);
                    }
                    return Ok(Next::Packet(packet.lend(self.members.window_mut())));
                }
                Ok(Record::Waiting) => return Ok(Next::Idle),
                Ok(Record::End) => self.members.leave(),
                Err(fault) => {
                    self.faults.add(self.members.give_up(fault));
                    // However many come, the reader can see to other things.
                    if self.faults.untold.is_empty() {
                        return Ok(Next::Idle);
                    }
                }
            }
        }
    }

    /// See [`Source::link_type`](super::Source::link_type).
    pub fn link_type(&self) -> LinkType {
        self.link_type
    }

    /// See [`Source::name`](super::Source::name).
    pub fn name(&self) -> &str {
        self.members.file()
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

impl Faults {
    fn add(&mut self, error: CaptureError) {
        match self.named < NAMED {
            true => {
                self.untold.push_back(error);
                self.named += 1;
            }
            false => self.more += 1,
        }
    }

    /// All of them in one, if none was told and there is nothing else to be told of the archive.
    fn all(mut self, file: &str) -> CaptureError {
        let more = self.untold.len().saturating_sub(1) + self.more;
        match self.untold.pop_front() {
            None => Fault::UnknownFormat.of(file),
            Some(error) if more == 0 => error,
            Some(CaptureError { source_name, fault }) => {
                Fault::AndMore { first: Box::new(fault), more }.of(source_name)
            }
        }
    }
}
