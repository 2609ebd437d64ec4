//! The command line: from words to a [`Config`], or to why there is none.
//!
//! ```text
//! words  ->  getopt  ->  said  ->  meaning  ->  Action
//! ```
//!
//! [`options`] is the table of what can be said. `getopt` turns words into words that clap cannot
//! misread, `said` has clap read them and keeps their order, and `meaning` makes of them what a run
//! needs to know. Nothing here opens a file or asks the system anything.

mod completions;
mod error;
mod getopt;
mod help;
mod meaning;
pub mod options;
mod said;
mod switches;
#[cfg(test)]
mod tests;

use std::ffi::OsString;

pub use error::UsageError;
pub use switches::{SCANNERS, ScannerInfo};

use crate::config::Config;

/// What a command line asks for.
#[derive(Debug)]
pub enum Action {
    /// To do what the configuration says, after printing these lines on standard error.
    Run(Box<Config>, Vec<String>),
    /// To print this on standard output.
    Print(String),
}

/// Understands a command line, of which the first word is the program's name.
pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Action, UsageError> {
    let command_line: Vec<_> = arguments.collect();
    let program = match command_line.first() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => "tcpflow".to_owned(),
    };
    said::Said::read(command_line.iter().skip(1).cloned())
        .and_then(|said| meaning::interpret(&program, command_line, said))
        .map_err(|cause| cause.of(&program))
}
