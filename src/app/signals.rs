//! The signals that ask the program to stop, and one that would kill it.
//!
//! The first one is noted, and the run ends in good order at the next packet; the second one ends
//! the program at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

/// The exit status of a program that a signal ended, less the signal's number.
const ENDED_BY_SIGNAL: i32 = 128;

/// Whether somebody asked the program to stop.
#[derive(Clone, Debug)]
pub(super) struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Begins to listen to SIGINT, SIGTERM and SIGHUP.
    pub(super) fn listen() -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // In this order: the first signal finds the flag still down.
            flag::register_conditional_shutdown(
                signal,
                ENDED_BY_SIGNAL + signal,
                Arc::clone(&stop),
            )?;
            flag::register(signal, Arc::clone(&stop))?;
        }
        // With a handler, whatever it does, a write beyond the limit of a file's size (`ulimit -f`) fails
        // like any other; without one it ends the program.
        flag::register(libc::SIGXFSZ, Arc::default())?;
        Ok(Self(stop))
    }

    /// The flag itself, for those who wait for something.
    pub(super) fn shared(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    /// Whether a signal has arrived.
    #[inline]
    pub(super) fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
