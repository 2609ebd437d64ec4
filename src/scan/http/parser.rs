//! Splits a byte stream into HTTP/1 messages: start line, fields, body, one message after another.
//!
//! The stream comes in pieces of any size and the same events come out however it was cut. Nothing
//! is kept but a few header values, so that memory does not grow with the stream. What a start line
//! looks like, and which body follows which, is a [`StartLine`]'s matter; the rest of the grammar
//! is common to requests and responses.

use super::block::{Block, Kind};
use super::chunks::{Chunks, Piece};
use super::fields::{Head, Invalid};
use super::limit::HeaderBudget;

/// The first line of a message.
pub(super) trait StartLine: Default {
    /// Whether a message may begin with this byte; the first one that is read.
    fn may_begin(byte: u8) -> bool;

    /// Reads on; `true` when the line has ended, with the input just behind it. On an error the
    /// input stands at the byte that is wrong.
    fn read(&mut self, input: &mut &[u8], budget: &mut HeaderBudget) -> Result<bool, Invalid>;

    /// Tells which body follows.
    fn framing(&self, head: &Head) -> Framing;

    /// Whether the connection speaks another protocol after this message.
    fn switches_protocol(&self, head: &Head) -> bool;
}

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is no body.
    None,
    /// After so many bytes, at least one.
    Sized(u64),
    /// After the last chunk.
    Chunked,
    /// At the end of the stream.
    ToEnd,
}

/// What was found in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event<'a> {
    /// A message has begun.
    Begin,
    /// Its header block is complete and a body may follow.
    Headers,
    /// A chunk of the body begins.
    Chunk,
    /// A piece of the body, never empty, and where in the stream it stands.
    Body {
        /// The position of the first byte in the stream.
        offset: u64,
        /// The bytes, freed from chunking.
        bytes: &'a [u8],
    },
    /// The message is complete.
    Complete,
    /// The next byte is not allowed where it stands; see [`Parser::restart`].
    Invalid {
        /// It stands where the data of a chunk should end: the chunk's size is wrong, and what was
        /// taken for its data is not to be trusted.
        in_chunk: bool,
    },
}

enum State {
    Between,
    StartLine,
    Headers(Block),
    Sized {
        left: u64,
    },
    ToEnd,
    Chunked(Chunks),
    Trailer(Block),
    Complete,
    /// Whatever else the stream holds is none of ours.
    Stopped,
}

/// A stream that is being taken apart.
pub(super) struct Parser<S> {
    state: State,
    line: S,
    head: Head,
    budget: HeaderBudget,
    /// The position of the next byte in the stream.
    offset: u64,
    /// Where reading began or began anew; `run_start <= offset`.
    run_start: u64,
    /// Stop after the message.
    stop: bool,
}

impl<S: StartLine> Parser<S> {
    pub(super) fn new() -> Self {
        Self {
            state: State::Between,
            line: S::default(),
            head: Head::default(),
            budget: HeaderBudget::default(),
            offset: 0,
            run_start: 0,
            stop: false,
        }
    }

    /// Takes bytes from the input up to the next event; `None` when all are taken.
    pub(super) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        loop {
            let before = input.len();
            let event = self.advance(input);
            self.offset += (before - input.len()) as u64;
            match event {
                Ok(Some(Event::Body { bytes, .. })) => {
                    let offset = self.offset - bytes.len() as u64;
                    return Some(Event::Body { offset, bytes });
                }
                Ok(Some(event)) => return Some(event),
                Err(Invalid) => return Some(Event::Invalid { in_chunk: self.at_chunk_end() }),
                Ok(None) if input.is_empty() && !matches!(self.state, State::Complete) => {
                    return None;
                }
                Ok(None) => {}
            }
        }
    }

    /// Takes at most one step from one state into another.
    fn advance<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Event<'a>>, Invalid> {
        match &mut self.state {
            State::Between => {
                let Some((&byte, rest)) = input.split_first() else { return Ok(None) };
                if S::may_begin(byte) && !self.budget.exhausted() {
                    self.line = S::default();
                    self.head.clear();
                    self.stop = false;
                    self.state = State::StartLine;
                    return Ok(Some(Event::Begin));
                }
                self.budget.spend(1);
                if self.budget.overdrawn() || !matches!(byte, b'\r' | b'\n') {
                    return Err(Invalid);
                }
                *input = rest;
                Ok(None)
            }
            State::StartLine => {
                if self.line.read(input, &mut self.budget)? {
                    self.state = State::Headers(Block::new(Kind::Header));
                }
                Ok(None)
            }
            State::Headers(block) => {
                if !block.read(input, &mut self.head, &mut self.budget)? {
                    return Ok(None);
                }
                self.budget.reset();
                self.stop = self.line.switches_protocol(&self.head);
                self.state = match self.line.framing(&self.head) {
                    Framing::None => State::Complete,
                    Framing::Sized(left) => State::Sized { left },
                    Framing::Chunked => State::Chunked(Chunks::default()),
                    Framing::ToEnd => State::ToEnd,
                };
                Ok(Some(Event::Headers))
            }
            State::Sized { left } => {
                let take = usize::try_from(*left).map_or(input.len(), |n| n.min(input.len()));
                let (bytes, rest) = input.split_at(take);
                *input = rest;
                *left -= take as u64;
                if *left == 0 {
                    self.state = State::Complete;
                }
                Ok(body(bytes))
            }
            State::ToEnd => Ok(body(std::mem::take(input))),
            State::Chunked(chunks) => {
                match chunks.read(input, &mut self.budget)? {
                    Some(Piece::Begin) => return Ok(Some(Event::Chunk)),
                    Some(Piece::Data(bytes)) => return Ok(body(bytes)),
                    Some(Piece::Last) => self.state = State::Trailer(Block::new(Kind::Trailer)),
                    None => {}
                }
                Ok(None)
            }
            State::Trailer(block) => {
                if block.read(input, &mut self.head, &mut self.budget)? {
                    self.state = State::Complete;
                }
                Ok(None)
            }
            State::Complete => {
                self.state = if self.stop { State::Stopped } else { State::Between };
                Ok(Some(Event::Complete))
            }
            State::Stopped => {
                *input = &[];
                Ok(None)
            }
        }
    }

    fn at_chunk_end(&self) -> bool {
        matches!(&self.state, State::Chunked(chunks) if chunks.at_data_end())
    }

    /// What the header block says, from [`Event::Headers`] on.
    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    /// The start line, from [`Event::Headers`] on.
    pub(super) fn line(&self) -> &S {
        &self.line
    }

    /// Whether anything was read since reading began, or began anew.
    pub(super) fn has_moved(&self) -> bool {
        self.run_start < self.offset
    }

    /// Begins anew at the byte that was not allowed, as if the stream began there.
    pub(super) fn restart(&mut self) {
        self.state = State::Between;
        self.budget.reset();
        self.run_start = self.offset;
    }

    /// Gives up: everything from here on is skipped.
    pub(super) fn stop(&mut self) {
        self.state = State::Stopped;
    }

    /// Whether no message can follow.
    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.state, State::Stopped)
    }

    /// Whether a body follows according to the fields, at [`Event::Headers`].
    pub(super) fn expects_body(&self) -> bool {
        !matches!(self.state, State::Complete)
    }

    /// Told at [`Event::Headers`]: no body follows, whatever the fields say.
    pub(super) fn skip_body(&mut self) {
        self.state = State::Complete;
    }
}

fn body(bytes: &[u8]) -> Option<Event<'_>> {
    (!bytes.is_empty()).then_some(Event::Body { offset: 0, bytes })
}
