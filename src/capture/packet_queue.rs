//! The queue between the thread that empties the kernel's buffer and the packet loop.
//!
//! It holds [batches](Batch) of packets up to a number of bytes. Whoever fills it waits at that
//! bound; whoever takes from it waits a little while for the first packet. A batch that was not
//! taken yet is filled further, so that few packets take little room however long they wait, and
//! batches that were taken come back to be filled again: in the long run nothing is allocated.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::batch::Batch;

/// Empty batches that are kept; more are only needed after the queue was long.
const SPARE_BATCHES: usize = 16;

/// Makes a queue for packets of `limit` bytes; the last batch may exceed it, and so may the only one.
pub(super) fn packet_queue(limit: u64) -> (Filler, Taker) {
    let shared = Arc::new(Shared { limit, ..Shared::default() });
    (Filler(Arc::clone(&shared)), Taker(shared))
}

/// The end at which packets come in. Dropping it is the end of the packets.
#[derive(Debug)]
pub(super) struct Filler(Arc<Shared>);

/// The end at which packets go out. Dropping it stops the other one.
#[derive(Debug)]
pub(super) struct Taker(Arc<Shared>);

/// What there was to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Packets, at least one.
    Packets,
    /// None came in time.
    Nothing,
    /// None will come any more.
    End,
}

#[derive(Debug, Default)]
struct Shared {
    limit: u64,
    state: Mutex<State>,
    packets_came: Condvar,
    room_came: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Batch>,
    /// Memory of what is waiting.
    waiting_bytes: u64,
    spare: Vec<Batch>,
    /// Whether the taker waits for packets, or the filler for room: only then is a wake-up, which
    /// is a system call, needed.
    taker_waits: bool,
    filler_waits: bool,
    /// The filler is to stop.
    stopping: bool,
    /// The filler is gone.
    ended: bool,
}

impl Filler {
    /// A batch that has room, perhaps with packets in it that come before the next ones; it must be
    /// [put](Self::put) back. Waits for the taker while the queue is full; `None` if it is full and
    /// the filler is to stop.
    pub(super) fn batch(&self) -> Option<Batch> {
        let mut state = self.0.state();
        loop {
            if state.waiting.back().is_some_and(|batch| !batch.is_full())
                && let Some(batch) = state.waiting.pop_back()
            {
                state.waiting_bytes -= batch.memory();
                return Some(batch);
            }
            if state.waiting.is_empty() || state.waiting_bytes < self.0.limit {
                return Some(state.spare.pop().unwrap_or_else(Batch::with_room));
            }
            if state.stopping {
                return None;
            }
            state.filler_waits = true;
            state = self.0.room_came.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.filler_waits = false;
        }
    }

    /// Adds the packets of a batch behind all others.
    pub(super) fn put(&self, batch: Batch) {
        let mut state = self.0.state();
        if batch.is_empty() {
            return state.keep(batch);
        }
        state.waiting_bytes += batch.memory();
        state.waiting.push_back(batch);
        if state.taker_waits {
            self.0.packets_came.notify_one();
        }
    }

    /// Whether the taker wants no more packets than there are.
    pub(super) fn is_stopping(&self) -> bool {
        self.0.state().stopping
    }
}

impl Drop for Filler {
    fn drop(&mut self) {
        self.0.state().ended = true;
        self.0.packets_came.notify_one();
    }
}

impl Taker {
    /// Replaces `batch`, which is used up, by the packets that have waited longest; if there are
    /// none, waits up to `patience` for some.
    pub(super) fn take(&self, batch: &mut Batch, patience: Duration) -> Taken {
        let mut state = self.0.state();
        if state.waiting.is_empty() && !state.ended && !patience.is_zero() {
            state.taker_waits = true;
            let woken = self.0.packets_came.wait_timeout_while(state, patience, |state| {
                state.waiting.is_empty() && !state.ended
            });
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
            state.taker_waits = false;
        }
        match state.waiting.pop_front() {
            Some(next) => {
                state.waiting_bytes -= next.memory();
                state.keep(std::mem::replace(batch, next));
                if state.filler_waits {
                    self.0.room_came.notify_one();
                }
                Taken::Packets
            }
            None if state.ended => Taken::End,
            None => Taken::Nothing,
        }
    }

    /// Asks the filler to stop. What is in the queue can still be taken.
    pub(super) fn stop(&self) {
        self.0.state().stopping = true;
        self.0.room_came.notify_one();
    }

    /// How many packets are waiting.
    pub(super) fn packets(&self) -> usize {
        self.0.state().waiting.iter().map(Batch::len).sum()
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    /// No panic can leave the state half-changed.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Keeps the memory of a batch whose packets are not needed any more.
    fn keep(&mut self, mut batch: Batch) {
        if self.spare.len() < SPARE_BATCHES {
            batch.clear();
            self.spare.push(batch);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use super::*;
    use crate::capture::LinkType;
    use crate::time::CaptureTime;

    /// Longer than any of the tests should take.
    const LONG: Duration = Duration::from_secs(20);

    /// A packet that has its number in it.
    fn add(filler: &Filler, number: u32, length: usize) -> bool {
        let Some(mut batch) = filler.batch() else { return false };
        let mut data = vec![0; length];
        data[..4].copy_from_slice(&number.to_be_bytes());
        batch.push(CaptureTime::default(), length as u32, &data);
        filler.put(batch);
        true
    }

    /// The numbers of the packets in a batch.
    fn numbers(batch: &mut Batch) -> Vec<u32> {
        let mut numbers = Vec::new();
        while let Some(packet) = batch.pop(LinkType::RAW) {
            numbers.push(u32::from_be_bytes(packet.data[..4].try_into().unwrap()));
        }
        numbers
    }

    #[test]
    fn packets_keep_their_order_across_threads() {
        const COUNT: u32 = 200_000;
        let (filler, taker) = packet_queue(1 << 20);
        let filling = thread::spawn(move || (0..COUNT).all(|number| add(&filler, number, 60)));
        let (mut next, mut batch) = (0, Batch::default());
        while let taken = taker.take(&mut batch, LONG)
            && taken != Taken::End
        {
            assert_eq!(taken, Taken::Packets);
            for number in numbers(&mut batch) {
                assert_eq!(number, next);
                next += 1;
            }
        }
        assert_eq!(next, COUNT);
        assert!(filling.join().unwrap());
    }

    #[test]
    fn packets_that_nobody_takes_share_batches() {
        let (filler, taker) = packet_queue(64 << 20);
        for number in 0..1_000 {
            assert!(add(&filler, number, 60));
        }
        assert_eq!(taker.packets(), 1_000);
        let mut batch = Batch::default();
        assert_eq!(taker.take(&mut batch, Duration::ZERO), Taken::Packets);
        assert_eq!(numbers(&mut batch), (0..1_000).collect::<Vec<_>>());
        assert_eq!(taker.packets(), 0);
        assert_eq!(taker.take(&mut batch, Duration::ZERO), Taken::Nothing);
    }

    #[test]
    fn a_full_queue_waits_for_room_and_stops_at_once() {
        const LIMIT: u64 = 4 << 20;
        const LENGTH: u64 = 100_000;
        let (filler, taker) = packet_queue(LIMIT);
        let filling = thread::spawn(move || {
            let mut count = 0;
            while add(&filler, count, LENGTH as usize) {
                count += 1;
            }
            assert!(filler.is_stopping());
            count
        });
        let until_full = || {
            let begin = Instant::now();
            while !taker.0.state().filler_waits {
                assert!(begin.elapsed() < LONG, "the queue does not fill");
                thread::sleep(Duration::from_millis(1));
            }
            let bytes = taker.0.state().waiting_bytes;
            assert!((LIMIT..LIMIT + 4 * LENGTH).contains(&bytes), "{bytes} bytes wait");
        };
        until_full();
        let mut batch = Batch::default();
        assert_eq!(taker.take(&mut batch, LONG), Taken::Packets);
        let taken = numbers(&mut batch).len();
        thread::sleep(Duration::from_millis(50));
        until_full();
        let left = taker.packets();
        let begin = Instant::now();
        taker.stop();
        let put = filling.join().unwrap();
        assert!(begin.elapsed() < Duration::from_secs(1));
        assert_eq!(put as usize, taken + left, "packets put, and those taken or left");
    }

    #[test]
    fn a_queue_without_room_still_takes_a_batch_at_a_time() {
        let (filler, taker) = packet_queue(0);
        let filling = thread::spawn(move || (0..1_000).all(|number| add(&filler, number, 60)));
        let (mut count, mut batch) = (0, Batch::default());
        while taker.take(&mut batch, LONG) == Taken::Packets {
            count += numbers(&mut batch).len();
        }
        assert_eq!(count, 1_000);
        assert!(filling.join().unwrap());
    }

    #[test]
    fn batches_are_used_again() {
        let (filler, taker) = packet_queue(64 << 20);
        let mut batch = Batch::default();
        let mut places = std::collections::HashSet::new();
        for number in 0..100 {
            assert!(add(&filler, number, 60));
            assert_eq!(taker.take(&mut batch, LONG), Taken::Packets);
            places.insert(batch.pop(LinkType::RAW).unwrap().data.as_ptr());
        }
        assert!(places.len() <= 2, "{} allocations for 100 packets", places.len());
    }
}
