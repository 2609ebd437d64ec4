//! File-name templates: the text of `-T`, changed by `-F`, becomes a name for each flow.
//!
//! A template is taken apart once; a name is made for every flow, hundreds of thousands a second,
//! so that rendering only appends bytes. Templates know no folder and no file system: what a name
//! is put behind, and what happens if the file exists, is the caller's.

mod codes;
#[cfg(test)]
mod tests;

use std::fmt;

use thiserror::Error;

pub use self::codes::{CODES, CodeInfo};

use self::codes::Code;
use crate::flow::Identity;

/// The template when neither `-T` nor `-F` says other.
pub const DEFAULT_TEMPLATE: &str = "%A.%a-%B.%b%V%v%C%c";

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

/// Why a template is refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TemplateError {
    /// A `%` with a letter that means nothing.
    #[error("file-name template '{template}': unknown code '%{code}'")]
    UnknownCode {
        /// The template, as given.
        template: String,
        /// What stands behind the percent sign.
        code: char,
    },
    /// A `%` with nothing behind it.
    #[error("file-name template '{0}': nothing follows the last '%' (a percent sign is '%%')")]
    LonePercent(String),
    /// Nothing but a count that is not written while it is 0.
    #[error("file-name template '{0}': the first file would have no name")]
    Empty(String),
    /// A part that is `..`, so that files would be somewhere above the output folder.
    #[error("file-name template '{0}': '..' would lead out of the output folder")]
    Climbs(String),
    /// A slash in front, though no output folder stands before it.
    #[error("file-name template '{0}': names that begin with '/' need an output folder (-o)")]
    Absolute(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(Vec<u8>),
    Code(Code),
}

impl Template {
    /// Parses `text`; `%C%c` is appended if `%c` does not occur in it.
    ///
    /// `%c` is looked for in the text, not among the codes: `100%%c` is left without a count,
    /// because the original names its files so.
    pub fn parse(text: &[u8]) -> Result<Self, TemplateError> {
        let mut pieces = split(text)?;
        if !text.windows(2).any(|pair| pair == b"%c") {
            pieces.extend([Piece::Code(Code::CountMark), Piece::Code(Code::CountIfAny)]);
        }
        let optional = [Piece::Code(Code::CountMark), Piece::Code(Code::CountIfAny)];
        if pieces.iter().all(|piece| optional.contains(piece)) {
            return Err(TemplateError::Empty(lossy(text)));
        }
        Ok(Self { pieces })
    }

    /// Refuses a template whose names would lead out of the output folder. `has_folder` tells
    /// whether one will stand in front of them. Codes give no slashes and no dots at the ends, so
    /// that this depends on the text alone; codes that may give nothing are taken to do so.
    pub fn stay_inside(&self, has_folder: bool) -> Result<(), TemplateError> {
        let text: Vec<u8> = self.pieces.iter().fold(Vec::new(), |mut text, piece| {
            match piece {
                Piece::Literal(literal) => text.extend_from_slice(literal),
                Piece::Code(code) if code.may_be_empty() => {}
                Piece::Code(_) => text.push(b'x'),
            }
            text
        });
        if text.split(|&byte| byte == b'/').any(|part| part == b"..") {
            return Err(TemplateError::Climbs(self.to_string()));
        }
        if !has_folder && text.starts_with(b"/") {
            return Err(TemplateError::Absolute(self.to_string()));
        }
        Ok(())
    }

    /// The parts of names that are the same for all flows.
    pub fn literals(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_slice()),
            Piece::Code(_) => None,
        })
    }

    /// Puts what `text` stands for in front.
    pub fn prepend(&mut self, text: &[u8]) -> Result<(), TemplateError> {
        self.pieces.splice(0..0, split(text)?);
        Ok(())
    }

    /// Makes every name carry its count, 0 too: `%C%c` becomes `c%#`.
    pub fn always_count(&mut self) {
        let mut rest = self.pieces.as_mut_slice();
        while let [first, tail @ ..] = rest {
            if let ([second, ..], Piece::Code(Code::CountMark)) = (&mut *tail, &*first)
                && *second == Piece::Code(Code::CountIfAny)
            {
                *first = Piece::Literal(b"c".to_vec());
                *second = Piece::Code(Code::Count);
            }
            rest = tail;
        }
    }

    /// Whether names with different counts differ.
    pub fn has_count(&self) -> bool {
        let counts = [Piece::Code(Code::CountIfAny), Piece::Code(Code::Count)];
        self.pieces.iter().any(|piece| counts.contains(piece))
    }

    /// Appends the name of the flow's file with this count to `out`.
    pub fn render(&self, out: &mut Vec<u8>, flow: &Identity, count: u32) {
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.extend_from_slice(text),
                Piece::Code(code) => code.render(out, flow, count),
            }
        }
    }
}

impl Default for Template {
    fn default() -> Self {
        Self::parse(DEFAULT_TEMPLATE.as_bytes()).expect("the default template is well formed")
    }
}

impl fmt::Display for Template {
    /// As it would be typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => f.write_str(&lossy(text))?,
                Piece::Code(code) => {
                    let known = CODES.iter().find(|info| info.code == *code);
                    write!(f, "%{}", known.map_or('?', |info| info.letter))?;
                }
            }
        }
        Ok(())
    }
}

/// Takes `text` apart at its codes.
fn split(text: &[u8]) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(percent) = rest.iter().position(|&byte| byte == b'%') {
        let (literal, behind) = rest.split_at(percent);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.to_vec()));
        }
        let behind = behind.get(1..).unwrap_or_default();
        let Some((&letter, tail)) = behind.split_first() else {
            return Err(TemplateError::LonePercent(lossy(text)));
        };
        let Some(info) = CODES.iter().find(|info| info.letter == char::from(letter)) else {
            let code = lossy(behind).chars().next().unwrap_or('\u{fffd}');
            return Err(TemplateError::UnknownCode { template: lossy(text), code });
        };
        pieces.push(Piece::Code(info.code));
        rest = tail;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest.to_vec()));
    }
    Ok(pieces)
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
