//! Reads the requests of the other direction, for their methods: a response to HEAD has no body,
//! whatever its fields say, and nothing in the response tells.

use super::fields::{Head, Invalid};
use super::limit::HeaderBudget;
use super::parser::{Event, Framing, Parser, StartLine};
use super::tokens::is_token;

/// The method of a request, as far as it matters to its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The response has no body.
    Head,
    /// The response says itself whether it has a body.
    Other,
}

/// Collects the methods of the requests in a stream.
///
/// Where the stream is damaged, or goes over to another protocol, it gives up: from there on no
/// methods are known, which is better than to assign them to the wrong responses.
pub struct RequestMethods {
    parser: Parser<RequestLine>,
    methods: Vec<Method>,
}

impl RequestMethods {
    /// Requests beyond this number are not looked at. It bounds the memory for a stream that is
    /// made of tiny requests.
    pub const MOST: usize = 1 << 20;

    /// A reader at the start of a stream.
    pub fn new() -> Self {
        Self { parser: Parser::new(), methods: Vec::new() }
    }

    /// Takes the next bytes of the stream.
    pub fn feed(&mut self, mut input: &[u8]) {
        while let Some(event) = self.parser.next(&mut input) {
            match event {
                Event::Headers if self.methods.len() < Self::MOST => {
                    self.methods.push(self.parser.line().method());
                }
                Event::Headers | Event::Invalid { .. } => self.parser.stop(),
                Event::Begin | Event::Chunk | Event::Body { .. } | Event::Complete => {}
            }
        }
    }

    /// The methods of the requests so far, in their order, without any gap.
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// The same, when no more will come.
    pub fn into_methods(self) -> Vec<Method> {
        self.methods
    }
}

impl Default for RequestMethods {
    fn default() -> Self {
        Self::new()
    }
}

/// What the last word of a request line is, and a request's is not without it.
const PROTOCOL: &[u8] = b"HTTP/1.";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Method,
    /// Behind the method; of the last word so many bytes are those of `PROTOCOL`.
    Word(usize),
    /// In a word that is not the protocol.
    OtherWord,
    /// Behind a complete protocol version.
    Version,
    Cr,
}

/// The first line of a request (RFC 9112, 3).
#[derive(Clone, Copy, Debug)]
struct RequestLine {
    state: State,
    /// The first bytes of the method, in full length if it is one of those that matter.
    method: [u8; RequestLine::LONGEST],
    len: usize,
}

impl RequestLine {
    const LONGEST: usize = b"CONNECT".len();

    fn name(&self) -> &[u8] {
        self.method.get(..self.len).unwrap_or_default()
    }

    fn method(&self) -> Method {
        if self.name() == b"HEAD" { Method::Head } else { Method::Other }
    }

    fn step(&mut self, byte: u8) -> Result<bool, Invalid> {
        self.state = match (self.state, byte) {
            (State::Method, b' ') => State::Word(0),
            (State::Method, _) if is_token(byte) => {
                if let Some(slot) = self.method.get_mut(self.len) {
                    *slot = byte;
                }
                self.len = self.len.saturating_add(1);
                State::Method
            }
            (State::Version, b'\r') => State::Cr,
            (State::Version | State::Cr, b'\n') => return Ok(true),
            (State::Method | State::Cr, _) | (_, b'\r' | b'\n') => return Err(Invalid),
            (_, b' ') => State::Word(0),
            (State::Word(seen), _) if PROTOCOL.get(seen) == Some(&byte) => State::Word(seen + 1),
            (State::Word(seen), b'0'..=b'9') if seen == PROTOCOL.len() => State::Version,
            (State::Word(_) | State::OtherWord | State::Version, _) => State::OtherWord,
        };
        Ok(false)
    }
}

impl Default for RequestLine {
    fn default() -> Self {
        Self { state: State::Method, method: [0; Self::LONGEST], len: 0 }
    }
}

impl StartLine for RequestLine {
    fn may_begin(byte: u8) -> bool {
        is_token(byte)
    }

    fn read(&mut self, input: &mut &[u8], budget: &mut HeaderBudget) -> Result<bool, Invalid> {
        loop {
            let Some((&byte, rest)) = input.split_first() else { return Ok(false) };
            budget.spend(1);
            if budget.overdrawn() {
                return Err(Invalid);
            }
            let ended = self.step(byte)?;
            *input = rest;
            if ended {
                return Ok(true);
            }
        }
    }

    fn framing(&self, head: &Head) -> Framing {
        match head.content_length {
            _ if head.chunked => Framing::Chunked,
            _ if head.transfer_encoding => Framing::ToEnd,
            None | Some(0) => Framing::None,
            Some(length) => Framing::Sized(length),
        }
    }

    /// Behind CONNECT comes what is tunnelled. Whether an upgrade was granted is not known here;
    /// if it was, what follows does not look like a request.
    fn switches_protocol(&self, _head: &Head) -> bool {
        self.name() == b"CONNECT"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Method::{Head, Other};

    fn methods(stream: &[u8]) -> Vec<Method> {
        let mut whole = RequestMethods::new();
        whole.feed(stream);
        let mut bytes = RequestMethods::new();
        stream.chunks(1).for_each(|byte| bytes.feed(byte));
        assert_eq!(whole.methods(), bytes.methods(), "the cutting made a difference");
        whole.methods().to_vec()
    }

    #[test]
    fn pipelined_requests_are_told_apart() {
        let stream =
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\nHEAD /a b HTTP/1.0\n\n\r\nHEADER / HTTP/1.1\r\n\r\n";
        assert_eq!(methods(stream), [Other, Head, Other]);
    }

    #[test]
    fn bodies_are_skipped() {
        let stream = b"POST / HTTP/1.1\r\nContent-Length: 22\r\n\r\nHEAD / HTTP/1.1\r\nX:y\r\n\
            PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHEAD \r\n0\r\n\r\n\
            HEAD / HTTP/1.1\r\n\r\n";
        assert_eq!(methods(stream), [Other, Other, Head]);
    }

    #[test]
    fn damage_ends_the_list() {
        for damage in [
            &b"\x00\x01"[..],
            b"HEAD /\r\n\r\n",
            b"HEAD / HTTP/2.0\r\n\r\n",
            b"HEAD / HTTP/1.1 \r\n\r\n",
            b"HEAD / HTTP/1.1\r\nNo Colon\r\n\r\n",
            b"HEAD / HTTP/1.1\r\nX: unfinished\r\n",
        ] {
            let mut stream = b"GET / HTTP/1.1\r\n\r\n".to_vec();
            stream.extend_from_slice(damage);
            stream.extend_from_slice(b"HEAD / HTTP/1.1\r\n\r\n");
            assert_eq!(methods(&stream)[..], [Other], "{}", damage.escape_ascii());
        }
    }

    #[test]
    fn nothing_is_read_behind_connect() {
        assert_eq!(methods(b"CONNECT x:443 HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\n\r\n"), [Other]);
    }
}
