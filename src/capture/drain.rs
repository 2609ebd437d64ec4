//! A thread that copies packets out of the kernel's buffer into a [queue](super::packet_queue), and
//! does nothing else.
//!
//! Packets are asked for a batch at a time: that costs less than asking libpcap for each one, and
//! the kernel's buffer is free again at once.

use std::io;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pcap::{Active, Capture};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::error::libpcap_reason;
use super::packet_queue::{Filler, Taker, packet_queue};
use crate::time::CaptureTime;

/// Packets to copy at once, at most.
const PACKETS_AT_ONCE: usize = 128;
/// How long to wait for packets before looking whether to stop.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
/// How long, once asked to stop, to go on taking what the kernel has.
const LAST_LOOK: Duration = Duration::from_millis(20);
/// How often the kernel is asked for its counts, which have only 32 bits.
const COUNT_INTERVAL: Duration = Duration::from_secs(60);

/// How many packets there were, from the start of a capture on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Packets that the filter let pass, dropped ones included.
    pub received: u64,
    /// Packets lost because there was no room for them in the kernel's buffer.
    pub dropped: u64,
    /// Packets lost by the device itself, where it tells.
    pub dropped_by_device: u64,
    /// Packets that were captured, but not looked at before the capture ended.
    pub unread: u64,
}

/// Adds up counts of 32 bits, which overflow within hours on a fast link.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    sums: Statistics,
    /// The counts that libpcap told last.
    told: [u32; 3],
}

impl Tally {
    /// What became of the packets of a capture until now.
    pub(super) fn count(&mut self, capture: &mut Capture<Active>) -> Statistics {
        // A device that is gone cannot be asked any more; what it told before is true still.
        if let Ok(pcap::Stat { received, dropped, if_dropped }) = capture.stats() {
            self.add([received, dropped, if_dropped]);
        }
        self.sums
    }

    fn add(&mut self, now: [u32; 3]) {
        let Statistics { received, dropped, dropped_by_device, .. } = &mut self.sums;
        let sums = [received, dropped, dropped_by_device];
        for ((sum, now), before) in sums.into_iter().zip(now).zip(self.told) {
            *sum += u64::from(now.wrapping_sub(before));
        }
        self.told = now;
    }
}

/// The thread and the queue that it fills. Dropping it ends the thread.
pub(super) struct Drain {
    /// The packets.
    pub(super) queue: Taker,
    thread: JoinHandle<Outcome>,
}

/// What became of the packets, and what libpcap said if it failed.
type Outcome = (Statistics, Option<String>);

impl Drain {
    /// Begins to take packets, of which `limit` bytes may wait in the queue.
    pub(super) fn start(capture: Capture<Active>, limit: u64) -> io::Result<Self> {
        let (filler, queue) = packet_queue(limit);
        let thread = thread::Builder::new()
            .name("capture".to_owned())
            .spawn(move || Draining::new(capture, filler).run())?;
        Ok(Self { queue, thread })
    }

    /// Ends the thread and tells what became of the packets, and what went wrong.
    pub(super) fn finish(self) -> Outcome {
        let Self { queue, thread } = self;
        queue.stop();
        let (mut statistics, failure) = thread
            .join()
            .unwrap_or_else(|_| (Statistics::default(), Some("the capture failed".to_owned())));
        statistics.unread += queue.packets() as u64;
        (statistics, failure)
    }
}

/// What the thread works with.
struct Draining {
    capture: Capture<Active>,
    queue: Filler,
    tally: Tally,
    counted_at: Instant,
    /// Until when to go on, since it is known that the end has come.
    until: Option<Instant>,
}

impl Draining {
    fn new(capture: Capture<Active>, queue: Filler) -> Self {
        let tally = Tally::default();
        Self { capture, queue, tally, counted_at: Instant::now(), until: None }
    }

    fn run(mut self) -> Outcome {
        let failure = self.take_all().err().map(libpcap_reason);
        (self.tally.count(&mut self.capture), failure)
    }

    /// Takes packets until asked to stop.
    fn take_all(&mut self) -> Result<(), pcap::Error> {
        while !self.is_over() {
            let count = match self.queue.batch() {
                Some(mut batch) => {
                    let count = self.capture.dispatch(Some(PACKETS_AT_ONCE), |packet| {
                        let time = CaptureTime {
                            seconds: packet.header.ts.tv_sec,
                            microseconds: packet.header.ts.tv_usec as u32,
                        };
                        batch.push(time, packet.header.len, packet.data);
                    });
                    self.queue.put(batch);
                    count?
                }
                // There is no room for what the kernel still has.
                None => {
                    let count = self.capture.dispatch(Some(PACKETS_AT_ONCE), |_| {})?;
                    self.tally.sums.unread += count as u64;
                    count
                }
            };
            if count == 0 {
                self.rest();
            }
        }
        Ok(())
    }

    fn is_over(&mut self) -> bool {
        if self.until.is_none() && self.queue.is_stopping() {
            self.until = Some(Instant::now() + LAST_LOOK);
        }
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Waits for packets. Libpcap's own waiting would not end before one comes, however long that
    /// takes.
    fn rest(&mut self) {
        if self.counted_at.elapsed() >= COUNT_INTERVAL {
            self.counted_at = Instant::now();
            self.tally.count(&mut self.capture);
        }
        let mut descriptors = [PollFd::new(&self.capture, PollFlags::IN)];
        match poll(&mut descriptors, Some(&PATIENCE)) {
            Ok(_) | Err(Errno::INTR) => {}
            // What is wrong with the descriptor, libpcap will find out and say; but should it not,
            // this must not become a loop without rest.
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_32_bits_that_overflow_go_on() {
        let mut tally = Tally::default();
        tally.add([u32::MAX - 1, 5, 0]);
        tally.add([3, 5, 1]);
        let (received, dropped_by_device) = (u64::from(u32::MAX) + 4, 1);
        let sums = Statistics { received, dropped: 5, dropped_by_device, unread: 0 };
        assert_eq!(tally.sums, sums);
    }
}
