//! Takes the chunks of a chunked body apart (RFC 9112, 7.1); the trailer is not theirs.

use super::fields::{Invalid, push_digit};
use super::limit::HeaderBudget;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before the first digit of a size.
    #[default]
    SizeStart,
    Size,
    /// Between the size and the end of its line.
    Extension,
    SizeCr,
    /// Within the data, of which `left` bytes are still to come.
    Data,
    DataEnd,
    DataCr,
}

/// A chunked body that is being read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chunks {
    state: State,
    /// The size of the chunk, then what is left of its data.
    left: u64,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A chunk that is not the last begins.
    Begin,
    /// Data of a chunk; never empty.
    Data(&'a [u8]),
    /// The last chunk; the trailer follows.
    Last,
}

impl Chunks {
    /// Reads on, up to one piece of data; `None` when the input is used up. On an error the input
    /// stands at the byte that is wrong.
    pub(super) fn read<'a>(
        &mut self,
        input: &mut &'a [u8],
        budget: &mut HeaderBudget,
    ) -> Result<Option<Piece<'a>>, Invalid> {
        loop {
            if self.state == State::Data {
                return Ok(self.data(input).map(Piece::Data));
            }
            if self.state == State::Extension {
                budget.skip_to(input, |rest| memchr::memchr(b'\r', rest));
            }
            let Some((&byte, rest)) = input.split_first() else { return Ok(None) };
            if !matches!(self.state, State::DataEnd | State::DataCr) {
                budget.spend(1);
                if budget.overdrawn() {
                    return Err(Invalid);
                }
            }
            let piece = self.step(byte)?;
            *input = rest;
            if matches!(self.state, State::Data | State::SizeStart) {
                budget.reset();
            }
            if piece.is_some() {
                return Ok(piece);
            }
        }
    }

    /// Whether the data of a chunk has just ended without its line end.
    pub(super) fn at_data_end(&self) -> bool {
        self.state == State::DataEnd
    }

    fn data<'a>(&mut self, input: &mut &'a [u8]) -> Option<&'a [u8]> {
        if input.is_empty() {
            return None;
        }
        let take = usize::try_from(self.left).map_or(input.len(), |left| left.min(input.len()));
        let (data, rest) = input.split_at(take);
        *input = rest;
        self.left -= take as u64;
        if self.left == 0 {
            self.state = State::DataEnd;
        }
        Some(data)
    }

    fn step<'a>(&mut self, byte: u8) -> Result<Option<Piece<'a>>, Invalid> {
        self.state = match (self.state, byte) {
            (State::SizeStart | State::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default() as u8;
                let size = if self.state == State::SizeStart { 0 } else { self.left };
                self.left = push_digit(size, 16, digit)?;
                State::Size
            }
            (State::Size, b';' | b' ') => State::Extension,
            (State::Size | State::Extension, b'\r') => State::SizeCr,
            (State::Extension, _) => State::Extension,
            (State::SizeCr, b'\n') if self.left == 0 => {
                self.state = State::SizeStart;
                return Ok(Some(Piece::Last));
            }
            (State::SizeCr, b'\n') => {
                self.state = State::Data;
                return Ok(Some(Piece::Begin));
            }
            (State::DataEnd, b'\r') => State::DataCr,
            (State::DataCr, b'\n') => State::SizeStart,
            _ => return Err(Invalid),
        };
        Ok(None)
    }
}
