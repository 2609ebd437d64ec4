//! The status line of a response, and which body follows it (RFC 9112, 4 and 6.3).

use super::fields::{Head, Invalid};
use super::limit::HeaderBudget;
use super::parser::{Framing, StartLine};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Within `HTTP/`, of which so many bytes have been read.
    Protocol(usize),
    Major,
    Dot,
    Minor,
    AfterVersion,
    /// Before the status code.
    Blank,
    Code,
    Reason,
    ReasonCr,
}

/// A status line.
#[derive(Clone, Copy, Debug)]
pub(super) struct StatusLine {
    state: State,
    code: u16,
}

impl Default for StatusLine {
    fn default() -> Self {
        Self { state: State::Protocol(0), code: 0 }
    }
}

const PROTOCOL: &[u8] = b"HTTP/";

impl StatusLine {
    /// The status code; at most 999.
    pub(super) fn code(&self) -> u16 {
        self.code
    }

    fn step(&mut self, byte: u8) -> Result<bool, Invalid> {
        self.state = match (self.state, byte) {
            (State::Protocol(read), _) if PROTOCOL.get(read) == Some(&byte) => {
                if read + 1 == PROTOCOL.len() { State::Major } else { State::Protocol(read + 1) }
            }
            (State::Major, b'0'..=b'9') => State::Dot,
            (State::Dot, b'.') => State::Minor,
            (State::Minor, b'0'..=b'9') => State::AfterVersion,
            (State::AfterVersion | State::Blank, b' ') => State::Blank,
            (State::Blank | State::Code, b'0'..=b'9') => {
                self.code = self.code * 10 + u16::from(byte - b'0');
                if self.code > 999 {
                    return Err(Invalid);
                }
                State::Code
            }
            (State::Code, b' ') => State::Reason,
            (State::Code | State::Reason, b'\r') => State::ReasonCr,
            (State::Code | State::Reason | State::ReasonCr, b'\n') => return Ok(true),
            (State::Reason, _) => State::Reason,
            _ => return Err(Invalid),
        };
        Ok(false)
    }
}

impl StartLine for StatusLine {
    fn may_begin(byte: u8) -> bool {
        PROTOCOL.first() == Some(&byte)
    }

    fn read(&mut self, input: &mut &[u8], budget: &mut HeaderBudget) -> Result<bool, Invalid> {
        loop {
            if self.state == State::Reason {
                budget.skip_to(input, |rest| memchr::memchr2(b'\r', b'\n', rest));
            }
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
            None if self.switches_protocol(head) => Framing::None,
            _ if head.transfer_encoding => Framing::ToEnd,
            Some(0) => Framing::None,
            Some(length) => Framing::Sized(length),
            None if matches!(self.code, 100..=199 | 204 | 304) => Framing::None,
            None => Framing::ToEnd,
        }
    }

    fn switches_protocol(&self, head: &Head) -> bool {
        self.code == 101 && head.upgrade && head.connection_upgrade
    }
}
