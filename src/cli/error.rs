//! Why a command line is refused.

use thiserror::Error;

use crate::app::Exit;
use crate::output::template::TemplateError;
use crate::settings::ParameterError;

/// A command line that is refused: one line to print as it is, and how to exit.
#[derive(Debug, Error)]
pub struct UsageError {
    /// How the program is to end.
    pub exit: Exit,
    program: String,
    cause: Cause,
}

/// What is wrong with a command line.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum Cause {
    #[error("{0} (-h for help)")]
    Syntax(String),
    #[error("option '{word}' is ambiguous: '--{first}' or '--{second}'?")]
    Ambiguous { word: String, first: &'static str, second: &'static str },
    #[error("option {option} needs an argument: {argument}")]
    MissingArgument { option: String, argument: &'static str },
    #[error("-{option}: '{value}' is not {expected}")]
    BadValue { option: &'static str, value: String, expected: &'static str },
    #[error("the filter expression is not UTF-8: '{0}'")]
    FilterText(String),
    #[error("-S: {0}")]
    Parameter(#[from] ParameterError),
    #[error("-z option requires -U option")]
    ChrootWithoutUser,
    #[error("-o: the name of the output folder is empty")]
    EmptyFolder,
    // The next two lines are those of the original, word for word: scripts look for them.
    #[error("ERROR: post_processing currently requires storing output.")]
    PostProcessingWithoutFiles,
    #[error("Invalid scanner name '{0}'")]
    InvalidScanner(String),
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl Cause {
    /// Whether the words cannot be understood (2), or are understood and make no sense (1).
    fn exit(&self) -> Exit {
        match self {
            Self::Syntax(_)
            | Self::Ambiguous { .. }
            | Self::MissingArgument { .. }
            | Self::BadValue { .. } => Exit::Usage,
            _ => Exit::Failure,
        }
    }

    pub(super) fn of(self, program: &str) -> UsageError {
        UsageError { exit: self.exit(), program: program.to_owned(), cause: self }
    }
}

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.cause {
            Cause::PostProcessingWithoutFiles | Cause::InvalidScanner(_) => self.cause.fmt(f),
            cause => write!(f, "{}: {cause}", self.program),
        }
    }
}
