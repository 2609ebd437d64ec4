//! Reads the field lines of a header or trailer block, up to the empty line that ends it.
//!
//! More lenient than RFC 9112 in places (bare line feeds, folded lines) and stricter in others. An
//! error ends the reading of a message at that byte, and reading begins anew there, so which byte
//! it is matters as much as that there is one.

use super::fields::{FieldReader, Head, Invalid, Name};
use super::limit::HeaderBudget;
use super::tokens::is_token;

/// Which block is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The one before the body.
    Header,
    /// The one after the last chunk.
    Trailer,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// At the start of a line that does not continue a value.
    #[default]
    LineStart,
    /// After the CR of the empty line.
    EmptyLineCr,
    Name,
    /// Between the colon and the value.
    BeforeValue,
    /// After the CR of a line without a value.
    NoValueCr,
    /// After a line without a value: the value may follow in a folded line.
    NoValueLf,
    /// Within a value, of which so many bytes have been read since it began or was folded.
    Value(usize),
    /// After the CR at the end of a value.
    ValueCr,
    /// After the line end of a value, which a folded line may continue.
    ValueLf,
}

/// A block that is being read.
#[derive(Clone, Debug)]
pub(super) struct Block {
    kind: Kind,
    state: State,
    name: Name,
    field: FieldReader,
}

impl Block {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, state: State::LineStart, name: Name::default(), field: FieldReader::Ignored }
    }

    /// Reads on; `true` when the block has ended, with the input just behind it. On an error the
    /// input stands at the byte that is wrong.
    pub(super) fn read(
        &mut self,
        input: &mut &[u8],
        head: &mut Head,
        budget: &mut HeaderBudget,
    ) -> Result<bool, Invalid> {
        loop {
            self.skim(input, head, budget);
            let Some((&byte, rest)) = input.split_first() else { return Ok(false) };
            budget.spend(1);
            if budget.overdrawn() && !self.on_credit(byte) {
                return Err(Invalid);
            }
            let ended = self.step(byte, head)?;
            *input = rest;
            if ended {
                return Ok(true);
            }
        }
    }

    /// Names and values are checked against the limit at their first two bytes and at their end
    /// only, so that this is where the error is found.
    fn on_credit(&self, byte: u8) -> bool {
        match self.state {
            State::Name => self.name.len() > 1 && is_token(byte),
            State::Value(read) => read > 1 && byte != b'\r' && byte != b'\n',
            _ => false,
        }
    }

    /// Takes as much of a value as needs no look at single bytes.
    fn skim(&mut self, input: &mut &[u8], head: &mut Head, budget: &mut HeaderBudget) {
        let State::Value(read @ 2..) = self.state else { return };
        if self.field.reads_bytes() {
            return;
        }
        let end = input.iter().position(|&byte| !is_value_byte(byte)).unwrap_or(input.len());
        let (run, rest) = input.split_at(end);
        self.field.run(run, head);
        self.state = State::Value(read.saturating_add(run.len()));
        budget.spend(run.len());
        *input = rest;
    }

    fn step(&mut self, byte: u8, head: &mut Head) -> Result<bool, Invalid> {
        self.state = match (self.state, byte) {
            (State::LineStart, _) => return self.line_start(byte, head),
            (State::EmptyLineCr, b'\n') => return self.end(head),

            (State::Name, b':') => {
                self.field = FieldReader::new(&self.name, head);
                State::BeforeValue
            }
            (State::Name, _) if is_token(byte) => {
                self.name.push(byte);
                State::Name
            }

            (State::BeforeValue, b' ' | b'\t') => State::BeforeValue,
            (State::BeforeValue, b'\r') => State::NoValueCr,
            (State::BeforeValue, b'\n') | (State::NoValueCr, b'\n') => State::NoValueLf,
            (State::BeforeValue, _) => {
                self.field.first(byte, head)?;
                State::Value(1)
            }
            (State::NoValueLf, b' ' | b'\t') => State::BeforeValue,

            (State::Value(_), b'\r') => State::ValueCr,
            (State::Value(_), b'\n') | (State::ValueCr, b'\n') => State::ValueLf,
            (State::Value(read), _) if is_value_byte(byte) => {
                self.field.more(byte, head)?;
                State::Value(read.saturating_add(1))
            }
            (State::ValueLf, b' ' | b'\t') => {
                self.field.fold(byte, head);
                State::Value(1)
            }

            (State::NoValueLf | State::ValueLf, _) => {
                std::mem::take(&mut self.field).end(head)?;
                self.state = State::LineStart;
                return self.line_start(byte, head);
            }
            (State::EmptyLineCr | State::Name | State::NoValueCr, _)
            | (State::Value(_) | State::ValueCr, _) => return Err(Invalid),
        };
        Ok(false)
    }

    fn line_start(&mut self, byte: u8, head: &Head) -> Result<bool, Invalid> {
        self.state = match byte {
            b'\r' => State::EmptyLineCr,
            b'\n' => return self.end(head),
            _ if is_token(byte) => {
                self.name = Name::default();
                self.name.push(byte);
                State::Name
            }
            _ => return Err(Invalid),
        };
        Ok(false)
    }

    /// A header block may not tell the body's length in two ways.
    fn end(&self, head: &Head) -> Result<bool, Invalid> {
        if self.kind == Kind::Header && head.transfer_encoding && head.content_length.is_some() {
            return Err(Invalid);
        }
        Ok(true)
    }
}

/// Whether a byte may stand in a value: no control character but the tab.
fn is_value_byte(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}
