//! What is said on standard error, and whether anything went wrong.
//!
//! One [`Messages`] is shared by all stages that can fail half-way and go on: they report here and
//! the exit status follows from what was reported.

use std::fmt::Display;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::config::Verbosity;

/// Prints messages, each one line that begins with the program's name. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Messages(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    prefix: String,
    verbosity: Verbosity,
    failed: AtomicBool,
}

impl Messages {
    /// Messages that begin with `prefix` and a colon.
    pub fn new(prefix: &str, verbosity: Verbosity) -> Self {
        Self(Arc::new(Inner {
            prefix: prefix.to_owned(),
            verbosity,
            failed: AtomicBool::new(false),
        }))
    }

    /// Something the user asked for was not done. Always printed; the run will not count as a
    /// success.
    pub fn error(&self, message: impl Display) {
        self.0.failed.store(true, Ordering::Relaxed);
        self.print(message);
    }

    /// Something the user should know. Not printed with `-q` or `-d 0`.
    pub fn warning(&self, message: impl Display) {
        if !self.0.verbosity.quiet && self.0.verbosity.level > 0 {
            self.print(message);
        }
    }

    /// A step of the run, printed from debug level `level` on.
    pub fn debug(&self, level: u32, message: impl Display) {
        if self.0.verbosity.level >= level {
            self.print(message);
        }
    }

    /// A line without the program's name.
    pub fn plain(&self, line: impl Display) {
        write_line(format_args!("{line}"));
    }

    /// Whether an error was reported.
    pub fn failed(&self) -> bool {
        self.0.failed.load(Ordering::Relaxed)
    }

    fn print(&self, message: impl Display) {
        let message = message.to_string();
        write_line(format_args!("{}: {}", self.0.prefix, without_error_number(&message)));
    }
}

/// The standard library puts the system's number behind each of its errors, which tells people
/// nothing that the words before it do not.
pub(crate) fn without_error_number(message: &str) -> &str {
    match message.rsplit_once(" (os error ") {
        Some((words, number)) if number.ends_with(')') => words,
        _ => message,
    }
}

/// Writes one line in one piece, so that lines of hooks and of ours do not mix. Nobody is left to
/// be told if standard error itself is gone.
fn write_line(line: impl Display) {
    let line = format!("{line}\n");
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_are_told_in_words() {
        let error = std::io::Error::from_raw_os_error(28);
        let message = format!("out/flow: {error}");
        assert_eq!(without_error_number(&message), "out/flow: No space left on device");
        assert_eq!(without_error_number("a (b)"), "a (b)");
    }
}
