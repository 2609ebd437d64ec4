//! What is said on standard error, and whether anything went wrong.
//!
//! One [`Messages`] is shared by all stages that can fail half-way and go on: they report here and
//! the exit status follows from what was reported. Here alone text is put on standard error, each
//! message as one line whose control characters are escaped: names in it may have come from
//! whoever made the capture.

use std::fmt::Display;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::config::Verbosity;
use crate::visible::Visible;

/// Files that could not be written are named up to this many; a full disk under a million flows
/// must not become a million lines.
const NAMED_FILES: u64 = 10;

/// From this debug level on all of them are named.
const ALL_NAMED: u32 = 2;

/// Goes to the start of a terminal's line and erases it.
const ERASE_LINE: &str = "\r\x1b[K";

/// Prints messages, each one line that begins with the program's name. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Messages(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    prefix: String,
    verbosity: Verbosity,
    failed: AtomicBool,
    /// Files that could not be written.
    failed_files: AtomicU64,
    /// Whether the terminal's line holds a line of progress, over which a message is printed.
    shows_progress: AtomicBool,
}

impl Messages {
    /// Messages that begin with `prefix` and a colon.
    pub fn new(prefix: &str, verbosity: Verbosity) -> Self {
        Self(Arc::new(Inner {
            prefix: prefix.to_owned(),
            verbosity,
            failed: AtomicBool::new(false),
            failed_files: AtomicU64::new(0),
            shows_progress: AtomicBool::new(false),
        }))
    }

    /// Something the user asked for was not done. Always printed; the run will not count as a
    /// success.
    pub fn error(&self, message: impl Display) {
        self.0.failed.store(true, Ordering::Relaxed);
        self.print(message);
    }

    /// A flow's file, or one beside it, could not be written. The first ones are named, the others
    /// counted for [`tell_more_files`](Self::tell_more_files).
    pub fn file_error(&self, path: impl Display, error: impl Display) {
        let earlier = self.0.failed_files.fetch_add(1, Ordering::Relaxed);
        match earlier < NAMED_FILES || self.0.verbosity.level >= ALL_NAMED {
            true => self.error(format_args!("{path}: {error}")),
            false => self.0.failed.store(true, Ordering::Relaxed),
        }
    }

    /// At the end of a run: how many files could not be written beyond those that were named.
    pub fn tell_more_files(&self) {
        let more = self.0.failed_files.load(Ordering::Relaxed).saturating_sub(NAMED_FILES);
        if more > 0 && self.0.verbosity.level < ALL_NAMED {
            let files = if more == 1 { "file" } else { "files" };
            self.error(format_args!("{more} more {files} could not be written"));
        }
    }

    /// What is missing in the result although nothing failed. Always printed.
    pub fn loss(&self, message: impl Display) {
        self.print(message);
    }

    /// Something the user should know. Not printed with `-q` or `-d 0`.
    pub fn warning(&self, message: impl Display) {
        if self.0.verbosity.warns() {
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
        // Held, so that no progress comes between.
        let _stderr = std::io::stderr().lock();
        self.hide_progress();
        say(line);
    }

    /// Shows on the terminal how far the run has come, in place of what was shown before.
    pub fn show_progress(&self, line: &str) {
        let mut stderr = std::io::stderr().lock();
        self.0.shows_progress.store(true, Ordering::Relaxed);
        let _ = stderr.write_all(format!("{ERASE_LINE}{line}").as_bytes());
    }

    /// Erases what is shown of how far the run has come.
    pub fn hide_progress(&self) {
        let mut stderr = std::io::stderr().lock();
        if self.0.shows_progress.swap(false, Ordering::Relaxed) {
            let _ = stderr.write_all(ERASE_LINE.as_bytes());
        }
    }

    /// Whether an error was reported.
    pub fn failed(&self) -> bool {
        self.0.failed.load(Ordering::Relaxed)
    }

    fn print(&self, message: impl Display) {
        let message = message.to_string();
        self.plain(format_args!("{}: {}", self.0.prefix, without_error_number(&message)));
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

/// Prints one line on standard error, in one piece, so that lines of hooks and of ours do not mix.
/// Nobody is left to be told if standard error itself is gone.
pub fn say(line: impl Display) {
    let line = line.to_string();
    let line = format!("{}\n", Visible(&line));
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

    #[test]
    fn files_that_fail_are_counted() {
        let messages = Messages::new("test", Verbosity { level: 0, quiet: true });
        messages.tell_more_files();
        assert!(!messages.failed(), "nothing to tell");
        for number in 0..=NAMED_FILES {
            messages.file_error(number, "no room");
        }
        assert!(messages.failed());
        assert_eq!(messages.0.failed_files.load(Ordering::Relaxed), NAMED_FILES + 1);
    }
}
