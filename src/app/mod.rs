//! Joins the stages: what the command line asked for is set up, run, and told.

mod closed;
mod limits;
mod memory;
mod packets;
mod privileges;
mod progress;
mod run;
mod setup;
mod signals;
mod sink;
mod wanted;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use crate::cli::{self, Action};
use crate::messages;

pub use run::run;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done.
    Success,
    /// Something was not: an input unreadable or damaged, an output not written, an option that asks
    /// for the impossible.
    Failure,
    /// The command line could not be understood.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Success => Self::SUCCESS,
            Exit::Failure => Self::FAILURE,
            Exit::Usage => Self::from(2),
        }
    }
}

/// The whole program: understands `arguments`, of which the first is the program's name, and does
/// what they say.
pub fn main(arguments: impl Iterator<Item = OsString>) -> Exit {
    match cli::parse(arguments) {
        Ok(Action::Run(config, warnings)) => {
            if config.verbosity.warns() {
                warnings.iter().for_each(messages::say);
            }
            run(&config)
        }
        Ok(Action::Print(text)) => {
            // Whoever reads help through a pipe may stop reading.
            let _ = std::io::stdout().write_all(text.as_bytes());
            Exit::Success
        }
        Err(error) => {
            messages::say(&error);
            error.exit
        }
    }
}
