//! The captures in a file, one after another: one, or as many as are in an archive.
//!
//! Other files of an archive are passed over. One that is damaged ends neither the archive nor the
//! program; whoever reads is told of it, and goes on.

use std::io::ErrorKind;

use super::content::Content;
use super::error::{CaptureError, Fault};
use super::reader::Reader;
use super::record::Record;
use super::window::{Fill, Window};

/// After so many files that are no captures the reader may see to other things.
const PASSED_OVER: u32 = 64;

/// The captures in a file.
pub(super) struct Members {
    file: String,
    /// The name that the current file has in an archive.
    name: Option<String>,
    window: Window<Content>,
    state: State,
    passed_over: u32,
}

enum State {
    /// A capture is being read.
    Inside(Reader),
    /// A file was found in the archive; what it is, is not known yet.
    Before,
    /// A file is done; the archive may hold another.
    Between,
    /// Everything was read.
    Done,
}

/// Where the reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// To the records of a capture.
    Inside,
    /// There is nothing to read now.
    Waiting,
    /// To the end.
    Done,
}

impl Members {
    /// Those of the file of this name. Reads what comes before the packets, unless it is an archive.
    pub(super) fn begin(file: String, mut window: Window<Content>) -> Result<Self, CaptureError> {
        let state = match window.fill_waiting(1) {
            Ok(Fill::Enough | Fill::Waiting) => Reader::open(&mut window).map(State::Inside),
            // An archive of files that have names gives nothing before one of them was asked for.
            Ok(Fill::Short(_)) => Ok(State::Between),
            Err(error) => Err(error.into()),
        };
        match state {
            Ok(state) => Ok(Self { file, name: None, window, state, passed_over: 0 }),
            Err(fault) => Err(fault.of(file)),
        }
    }

    /// Goes on to a capture, if none is being read.
    pub(super) fn advance(&mut self) -> Result<Place, Fault> {
        loop {
            match self.state {
                State::Inside(_) => return Ok(Place::Inside),
                State::Done => return Ok(Place::Done),
                State::Between => {
                    self.window.consume(usize::MAX);
                    self.name = None;
                    match self.window.stream_mut().next_member() {
                        Ok(None) => self.state = State::Done,
                        Ok(name) => (self.name, self.state) = (name, State::Before),
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {
                            return Ok(Place::Waiting);
                        }
                        Err(error) => return Err(error.into()),
                    }
                }
                State::Before => {
                    if self.window.fill(1)? == Fill::Waiting {
                        return Ok(Place::Waiting);
                    }
                    match Reader::open(&mut self.window) {
                        Ok(reader) => self.state = State::Inside(reader),
                        Err(Fault::UnknownFormat | Fault::Truncated { got: 0, .. }) => {
                            self.state = State::Between;
                            self.passed_over += 1;
                            if self.passed_over.is_multiple_of(PASSED_OVER) {
                                return Ok(Place::Waiting);
                            }
                        }
                        Err(fault) => return Err(fault),
                    }
                }
            }
        }
    }

    /// The next record of the capture that is being read.
    pub(super) fn next_record(&mut self) -> Result<Record, Fault> {
        match &mut self.state {
            State::Inside(Reader::Pcap(reader)) => reader.next(&mut self.window),
            State::Inside(Reader::PcapNg(reader)) => reader.next(&mut self.window),
            State::Before | State::Between | State::Done => Ok(Record::End),
        }
    }

    /// The capture has been read.
    pub(super) fn leave(&mut self) {
        self.state = State::Between;
    }

    /// The file cannot be read on: only the other files of an archive can be any good after that.
    /// Gives the fault back with the file's name.
    pub(super) fn give_up(&mut self, fault: Fault) -> CaptureError {
        match self.name.take() {
            Some(name) => {
                self.state = State::Between;
                fault.of(format!("{}: {name}", self.file))
            }
            None => {
                self.state = State::Done;
                fault.of(self.file.clone())
            }
        }
    }

    /// The reader of the capture that is being read.
    #[inline]
    pub(super) fn reader(&self) -> Option<&Reader> {
        match &self.state {
            State::Inside(reader) => Some(reader),
            State::Before | State::Between | State::Done => None,
        }
    }

    /// The name of the file that the captures are in.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// The bytes that were read and not looked at yet.
    #[inline]
    pub(super) fn window(&self) -> &Window<Content> {
        &self.window
    }

    /// The same, to be consumed.
    #[inline]
    pub(super) fn window_mut(&mut self) -> &mut Window<Content> {
        &mut self.window
    }
}
