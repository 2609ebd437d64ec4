//! Memory that is made ready before it is used.
//!
//! The system clears a page when it is first touched, and on a virtual machine the host may have to
//! find one first: the packet loop would wait for that up to a third of its time. A thread that has
//! nothing else to do touches the pages ahead of it.

use std::ops::Range;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::Builder;

use super::memory::make_ready;

/// As much memory is made ready at once.
const STEP: usize = 2 << 20;

/// A run that never asks for more of it does without the thread.
const SMALL: usize = 64 << 20;

/// Steps that may wait for the thread.
const MAX_WAITING: usize = 4;

/// Makes memory ready that is asked for in pieces, each behind the one before: as the allocator gives
/// memory that was never used.
#[derive(Debug, Default)]
pub struct Readiness {
    /// Bytes that were asked for.
    used: usize,
    /// Everything before this address is ready, or was used before.
    until: usize,
    thread: Thread,
}

#[derive(Debug, Default)]
enum Thread {
    #[default]
    NotNeeded,
    Runs(SyncSender<Range<usize>>),
    /// There cannot be one; memory is ready when it is used.
    Impossible,
}

impl Readiness {
    /// Takes note that the memory of `piece` came from the allocator.
    #[inline]
    pub fn note<T>(&mut self, piece: &T) {
        self.used += size_of::<T>();
        let address = (&raw const *piece).addr();
        if self.used > SMALL && address + STEP > self.until {
            self.go_on(address);
        }
    }

    /// Pieces come from elsewhere from now on.
    pub fn begin_elsewhere(&mut self) {
        self.until = 0;
    }

    #[cold]
    fn go_on(&mut self, address: usize) {
        if let Thread::NotNeeded = self.thread {
            self.thread = start();
        }
        let end = address + 2 * STEP;
        if let Thread::Runs(steps) = &self.thread {
            // If the thread does not get there in time, the memory is made ready when it is used.
            let _ = steps.try_send(self.until.max(address)..end);
        }
        self.until = end;
    }
}

/// The thread ends when nobody has anything more to tell it.
fn start() -> Thread {
    let (steps, to_do) = sync_channel::<Range<usize>>(MAX_WAITING);
    let thread = Builder::new()
        .name("memory".to_owned())
        .spawn(move || to_do.into_iter().for_each(make_ready));
    match thread {
        Ok(_) => Thread::Runs(steps),
        Err(_) => Thread::Impossible,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_run_has_no_thread() {
        let mut readiness = Readiness::default();
        let piece = [0_u8; 1000];
        (0..SMALL / 1000).for_each(|_| readiness.note(&piece));
        assert!(matches!(readiness.thread, Thread::NotNeeded));
    }

    #[test]
    fn memory_that_is_made_ready_keeps_its_bytes() {
        let mut memory = vec![7_u8; 8 * STEP];
        memory[5 * STEP..].fill(8);
        let mut readiness = Readiness { used: SMALL, ..Readiness::default() };
        for piece in memory.chunks(64 << 10) {
            readiness.note(piece.first_chunk::<1000>().unwrap());
        }
        assert!(readiness.until > memory.as_ptr().addr() + 7 * STEP);
        readiness.begin_elsewhere();
        readiness.note(memory.first_chunk::<1000>().unwrap());
        assert_eq!(readiness.until, memory.as_ptr().addr() + 2 * STEP);
        drop(readiness);
        make_ready(0..1 << 20); // Nothing is there.
        make_ready(memory.as_ptr_range().start.addr()..memory.as_ptr_range().end.addr());
        assert!(memory[..5 * STEP].iter().all(|&byte| byte == 7));
        assert!(memory[5 * STEP..].iter().all(|&byte| byte == 8));
    }
}
