//! Finds HTTP/1 responses in a stream and gives their bodies, freed from chunking and compression.
//!
//! ```text
//! bytes of a flow  ->  Scanner  ->  parser  ->  body  ->  decoder  ->  BodySink
//!                                   block, chunks         codec
//! ```
//!
//! The scanner knows neither files nor the network: bytes go in, in pieces of any size, and bodies
//! come out at a [`BodySink`], the same ones however the stream was cut. Memory does not grow with
//! the stream or the body; a body that is decoded costs its decoder's window, 16 MiB at most.
//! No input makes it panic, and no input is read more than a constant number of times.
//!
//! Where a response is damaged, reading begins anew at the first byte that cannot be right. What
//! counts as damage follows the parser of the original, not RFC 9112, because which bodies come
//! out depends on it.

mod block;
mod body;
mod chunks;
mod codec;
mod coding;
mod fields;
mod limit;
mod mime;
mod parser;
mod requests;
mod response;
mod sink;
#[cfg(test)]
mod tests;
mod tokens;

pub use coding::Outcome;
pub use requests::{Method, RequestMethods};
pub use sink::{BodySink, FinishedBody, Note, Unstorable};

use body::Body;
use coding::{Bound, Decoder};
use parser::{Event, Parser};
use response::StatusLine;

/// What every stream begins with that is scanned.
const MAGIC: &[u8; 7] = b"HTTP/1.";
/// Streams shorter than this are not scanned.
const SHORTEST: usize = 80;

/// How bodies are to be treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Undo the content coding of bodies (not with `-Z`).
    pub decode: bool,
    /// Cut bodies that decode to more bytes than this. Without it a body may become 1000 times its
    /// coded size and 1 MiB more, or 1 GiB, of which all bodies of a stream share what is beyond
    /// the former.
    pub max_size: Option<u64>,
}

/// Scans one stream.
pub struct Scanner {
    options: Options,
    stage: Stage,
    parser: Parser<StatusLine>,
    /// How many responses have begun.
    number: u64,
    body: Option<Body>,
    /// How large the next decoded body may become.
    bound: Bound,
    /// The methods of the requests, in their order; `None` once it is no longer certain which
    /// response belongs to which.
    requests: Option<Vec<Method>>,
    /// How many requests have been answered.
    answered: usize,
    /// The present response answers a HEAD request, and of what follows it so many bytes look like
    /// the next response.
    probe: Option<usize>,
}

enum Stage {
    /// Waiting for enough bytes to tell whether the stream is to be scanned.
    Waiting(Vec<u8>),
    Scanning,
    /// The stream does not look like responses.
    NotHttp,
}

impl Scanner {
    /// A scanner for one direction of a connection.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            stage: Stage::Waiting(Vec::with_capacity(SHORTEST)),
            parser: Parser::new(),
            number: 0,
            body: None,
            bound: Bound::new(options.max_size),
            requests: Some(Vec::new()),
            answered: 0,
            probe: None,
        }
    }

    /// Tells the methods of further requests of the other direction, in their order and without a
    /// gap, each before the response to it comes. Without them every response is taken at its
    /// word, so that one to a HEAD request swallows what follows it.
    pub fn add_requests(&mut self, methods: &[Method]) {
        if let Some(requests) = &mut self.requests {
            requests.extend_from_slice(methods);
        }
    }

    /// Takes the next bytes of the stream.
    pub fn feed(&mut self, mut bytes: &[u8], sink: &mut dyn BodySink) {
        if let Stage::Waiting(start) = &mut self.stage {
            let missing = SHORTEST - start.len();
            let (now, later) = bytes.split_at(missing.min(bytes.len()));
            start.extend_from_slice(now);
            bytes = later;
            let checked = start.len().min(MAGIC.len());
            if start.get(..checked) != MAGIC.get(..checked) {
                self.stage = Stage::NotHttp;
            } else if start.len() == SHORTEST {
                let start = std::mem::take(start);
                self.stage = Stage::Scanning;
                self.scan(&start, sink);
            }
        }
        if self.is_http() {
            self.scan(bytes, sink);
        }
    }

    /// The stream has ended.
    pub fn finish(mut self, sink: &mut dyn BodySink) {
        // After a pending probe nothing is to be replayed: a few bytes of what may have been the
        // next response are no body.
        self.finish_body(sink);
    }

    /// Whether the stream is one that is scanned, as far as it is known.
    pub fn is_http(&self) -> bool {
        matches!(self.stage, Stage::Scanning)
    }

    fn scan(&mut self, mut input: &[u8], sink: &mut dyn BodySink) {
        loop {
            if let Some(seen) = self.probe
                && !self.probe_for_response(seen, input, sink)
            {
                return;
            }
            let Some(event) = self.parser.next(&mut input) else { return };
            match event {
                Event::Begin => self.number += 1,
                Event::Headers => {
                    self.begin_body(sink);
                    if self.next_method() == Some(Method::Head) && self.parser.expects_body() {
                        self.probe = Some(0);
                    }
                }
                Event::Body { offset, bytes } => {
                    if let Some(body) = &mut self.body {
                        body.write(offset, bytes, sink);
                    }
                }
                Event::Complete => {
                    if self.parser.is_stopped()
                        && let Some(body) = &self.body
                    {
                        body.note(Note::Upgraded, sink);
                    }
                    self.finish_body(sink);
                }
                Event::Chunk => {
                    if let Some(body) = &mut self.body {
                        body.begin_chunk();
                    }
                }
                Event::Invalid { in_chunk } => {
                    if let Some(body) = &mut self.body
                        && in_chunk
                    {
                        body.take_back_chunk(sink);
                    }
                    self.finish_body(sink);
                    self.requests = None;
                    if self.parser.has_moved() {
                        self.parser.restart();
                    } else {
                        self.parser.stop();
                    }
                }
            }
        }
    }

    /// The method of the request that the present response answers, if it is known. An interim
    /// response leaves its request unanswered.
    fn next_method(&mut self) -> Option<Method> {
        if matches!(self.parser.line().code(), 100 | 102..=199) {
            return None;
        }
        let method = self.requests.as_ref()?.get(self.answered).copied();
        self.answered += 1;
        method
    }

    /// Looks whether there is really no body after the header block of a response to HEAD. If
    /// requests are missing from the capture, the methods belong to other responses, and to skip a
    /// body would lose it: so the next response must follow, or nothing.
    ///
    /// `seen` bytes of it have come before. Returns whether it is known now; if so, the parser
    /// stands before `input`.
    fn probe_for_response(&mut self, seen: usize, input: &[u8], sink: &mut dyn BodySink) -> bool {
        let (before, wanted) = MAGIC.split_at(seen);
        let same = wanted.iter().zip(input).take_while(|(wanted, found)| wanted == found).count();
        if same == input.len() && same < wanted.len() {
            self.probe = Some(seen + same);
            return false;
        }
        self.probe = None;
        if same == wanted.len() {
            self.parser.skip_body();
        } else {
            self.requests = None;
        }
        self.scan(before, sink);
        true
    }

    fn begin_body(&mut self, sink: &mut dyn BodySink) {
        let head = self.parser.head();
        let mut suffix = format!("-HTTPBODY-{:03}", self.number);
        if let Some(extension) = mime::extension(&head.content_type) {
            suffix.push('.');
            suffix.push_str(extension);
        }
        let decoder = if self.options.decode {
            Decoder::new(&head.content_encoding, self.bound)
        } else {
            None
        };
        // What cannot be stored is read past: the bodies behind it are worth as much as ever.
        self.body = sink.open(&suffix).ok().map(|()| Body::new(suffix, decoder));
    }

    fn finish_body(&mut self, sink: &mut dyn BodySink) {
        if let Some(body) = self.body.take() {
            self.bound = self.bound.less(body.finish(sink));
        }
    }
}
