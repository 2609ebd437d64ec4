//! A line on the terminal that tells how far the reading of a file has come.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use crate::messages::Messages;

/// Nothing is shown for files that take less than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line changes.
const INTERVAL: Duration = Duration::from_millis(200);

/// The progress of one file.
#[derive(Debug)]
pub(super) struct Progress<'a> {
    messages: &'a Messages,
    start: Instant,
    shown_at: Option<Instant>,
    enabled: bool,
}

/// How far the reading has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    /// Bytes of the file read.
    pub(super) bytes: u64,
    /// Bytes that the file has, if that is known.
    pub(super) size: Option<u64>,
    /// Packets read from it.
    pub(super) packets: u64,
    /// Flows made so far.
    pub(super) flows: u64,
}

impl<'a> Progress<'a> {
    /// The progress of a file of which reading begins now; shown only if `wanted` and if somebody
    /// is there to see it.
    pub(super) fn begin(wanted: bool, messages: &'a Messages) -> Self {
        let enabled = wanted && std::io::stderr().is_terminal();
        Self { messages, start: Instant::now(), shown_at: None, enabled }
    }

    /// Shows the line if it is time to.
    pub(super) fn update(&mut self, position: impl FnOnce() -> Position) {
        if !self.enabled {
            return;
        }
        let due = match self.shown_at {
            Some(shown_at) => shown_at.elapsed() >= INTERVAL,
            None => self.start.elapsed() >= PATIENCE,
        };
        if due {
            self.shown_at = Some(Instant::now());
            self.messages.show_progress(&describe(position(), self.start.elapsed()));
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.messages.hide_progress();
    }
}

fn describe(position: Position, elapsed: Duration) -> String {
    let Position { bytes, size, packets, flows } = position;
    let seconds = elapsed.as_secs_f64().max(0.001);
    let rate = bytes as f64 / seconds;
    let amount = match size {
        Some(size) if size > 0 => {
            format!("{} of {} ({}%)", megabytes(bytes), megabytes(size), bytes * 100 / size)
        }
        _ => megabytes(bytes),
    };
    let left = match size {
        Some(size) if rate > 0.0 => {
            let left = size.saturating_sub(bytes) as f64 / rate;
            format!(", {} left", clock(Duration::from_secs_f64(left.min(1e9))))
        }
        _ => String::new(),
    };
    format!("{amount}, {packets} packets, {flows} flows, {}/s{left}", megabytes(rate as u64))
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds / 3600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_amount_rate_and_time_left() {
        let position = Position {
            bytes: 250_000_000,
            size: Some(1_000_000_000),
            packets: 300_000,
            flows: 1_200,
        };
        assert_eq!(
            describe(position, Duration::from_secs(2)),
            "250.0 MB of 1000.0 MB (25%), 300000 packets, 1200 flows, 125.0 MB/s, 0:06 left"
        );
    }

    #[test]
    fn without_a_size_nothing_is_promised() {
        let position = Position { bytes: 5_000_000, size: None, packets: 10, flows: 1 };
        assert_eq!(
            describe(position, Duration::from_secs(1)),
            "5.0 MB, 10 packets, 1 flows, 5.0 MB/s"
        );
        let empty = Position { size: Some(0), ..position };
        assert!(!describe(empty, Duration::ZERO).contains('%'));
    }
}
