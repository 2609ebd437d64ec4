//! Joins the stages: what the command line asked for is set up, run, and told.

mod limits;
mod packets;
mod privileges;
mod progress;
mod run;
mod signals;
mod sink;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use crate::cli::{self, Action};
use crate::messages::Messages;

pub use run::run;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done.
    Success,
    /// Something was not: an input unreadable or damaged, an output not written.
    Failure,
    /// The command line makes no sense.
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
