//! Shares the memory that a run may take among those who need some of it.
//!
//! Most stages have a bound of their own, however large the capture; what they leave is for open
//! flows. Reading a capture is not part of it: what a compressed one demands depends on the
//! compressor, and is bounded by itself.

use nix::unistd::{SysconfVar, sysconf};

use crate::config::{Config, Input, Sink};

const MB: u64 = 1 << 20;

/// The most that a run takes if nobody says otherwise.
const MOST: u64 = 1 << 30;
/// The most that a live capture takes: a link may deliver more in a second than scanners look at in
/// ten, and what finds no place in the queue is lost.
const MOST_LIVE: u64 = 2 << 30;

/// The program itself, its stacks, the names that several flows share, and everything small.
const PROGRAM: u64 = 28 * MB;
/// Fragments of datagrams and of 802.11 frames that wait for the others.
const FRAGMENTS: u64 = 68 * MB;
/// Files that wait for the thread that finishes them, and flows that wait to be reported.
const CLOSING: u64 = 64 * MB;
/// The counts of netviz.
const PICTURE: u64 = 80 * MB;
/// The names of networks.
const NETWORKS: u64 = 30 * MB;
/// Decompressors of bodies, on two threads, and the requests that wait for a response.
const BODIES: u64 = 160 * MB;

/// Flows get at least this much.
const LEAST: u64 = 16 * MB;

/// Bytes of streams get this much, if nobody says otherwise, before flows get anything.
const BUFFERS: u64 = 64 * MB;

/// Who gets how much, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shares {
    /// All of it.
    pub(super) total: u64,
    /// What is kept of open flows, but for their bytes.
    pub(super) flows: u64,
    /// Bytes of streams that wait to be written.
    pub(super) buffers: Buffers,
    /// Bytes of packets of a live capture that wait to be looked at.
    pub(super) queue: u64,
}

/// What bytes of streams get that wait to be written: fewer and larger writes are worth a lot, but
/// not a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Buffers {
    /// However many flows are open.
    pub(super) least: u64,
    /// However few.
    pub(super) most: u64,
}

impl Buffers {
    /// What they get when flows leave `spare` bytes of their own share.
    pub(super) fn beside(self, spare: u64) -> u64 {
        self.least.saturating_add(spare).min(self.most)
    }
}

impl Shares {
    /// As the command line wants it on this machine.
    pub(super) fn of(config: &Config) -> Self {
        let most = match config.input {
            Input::Live { .. } => MOST_LIVE,
            Input::Files(_) => MOST,
        };
        let total = config.settings.max_memory.unwrap_or_else(|| default_total(physical(), most));
        let buffers = match config.settings.buffer_memory.map(|bytes| bytes.min(total / 4)) {
            Some(bytes) => Buffers { least: bytes, most: bytes },
            None => Buffers { least: BUFFERS.min(total / 4), most: total / 4 },
        };
        let queue = match config.input {
            Input::Live { .. } => queue(config.settings.capture_queue, total),
            Input::Files(_) => 0,
        };
        let on = &config.scanners;
        let others: u64 = [
            (true, PROGRAM + FRAGMENTS + buffers.least + queue),
            (config.sink == Sink::Files, CLOSING),
            (on.netviz, PICTURE),
            (on.wifiviz, NETWORKS),
            (on.http, BODIES),
        ]
        .into_iter()
        .map(|(is_needed, bytes)| if is_needed { bytes } else { 0 })
        .sum();
        Self { total, flows: total.saturating_sub(others).max(LEAST), buffers, queue }
    }
}

fn default_total(physical: u64, most: u64) -> u64 {
    (physical / 2).min(most)
}

/// What the queue of a live capture gets: as much as was asked for, or all that others are sure not
/// to need, but never more than half.
fn queue(asked_for: Option<u64>, total: u64) -> u64 {
    let spare = total.saturating_sub(MOST).max(total / 4);
    asked_for.unwrap_or(spare).min(total / 2)
}

/// What the kernel's buffer of a live capture gets, in bytes, if nobody says otherwise. It has to last
/// while the thread that empties it waits for a processor: 32 MB last a quarter of a second at 400,000
/// packets a second. It is the kernel's memory and counts for nothing here.
pub(super) fn kernel_buffer() -> u32 {
    part_for_the_kernel(physical())
}

fn part_for_the_kernel(physical: u64) -> u32 {
    // The nearest power of two: machines tell somewhat less than what is built in.
    let part = 1_u64 << (physical / 192).max(1).ilog2();
    part.clamp(32 * MB, 128 * MB) as u32
}

/// The memory of this machine; more than enough if the system does not tell.
fn physical() -> u64 {
    let number = |what| sysconf(what).ok().flatten().and_then(|number| u64::try_from(number).ok());
    match (number(SysconfVar::_PHYS_PAGES), number(SysconfVar::PAGE_SIZE)) {
        (Some(pages), Some(size)) => pages.saturating_mul(size),
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(max_memory: u64, buffer_memory: Option<u64>) -> Shares {
        let mut config = Config::new("tcpflow", Vec::new());
        config.input = Input::Files(Vec::new());
        config.settings.max_memory = Some(max_memory);
        config.settings.buffer_memory = buffer_memory;
        Shares::of(&config)
    }

    #[test]
    fn the_queue_of_a_live_capture_takes_its_part() {
        let mut config = Config::new("tcpflow", Vec::new());
        assert!(matches!(config.input, Input::Live { .. }));
        config.settings.max_memory = Some(1 << 30);
        let shares = Shares::of(&config);
        assert_eq!(shares.queue, 256 * MB);
        assert_eq!(shares.flows, (1024 - 28 - 68 - 64 - 64 - 256) * MB);
    }

    #[test]
    fn the_queue_gets_what_others_do_not_need_but_half_at_the_most() {
        for (asked_for, total, given) in [
            (None, 512, 128),
            (None, 1024, 256),
            (None, 1536, 512),
            (None, 2048, 1024),
            (None, 8192, 4096),
            (Some(1), 1024, 1),
            (Some(400), 1024, 400),
            (Some(1000), 1024, 512),
        ] {
            assert_eq!(queue(asked_for.map(|it: u64| it * MB), total * MB), given * MB);
        }
    }

    #[test]
    fn half_of_the_machine_but_no_more_than_a_gib() {
        assert_eq!(default_total(24 << 30, MOST), 1 << 30);
        assert_eq!(default_total(1 << 30, MOST), 512 * MB);
    }

    #[test]
    fn the_buffer_of_the_kernel_grows_with_the_machine() {
        let given =
            [0, 1, 8, 15, 16, 23, 31, 64, 1 << 20].map(|gib| part_for_the_kernel(gib << 30));
        assert_eq!(
            given.map(|bytes| u64::from(bytes) / MB),
            [32, 32, 32, 64, 64, 64, 128, 128, 128]
        );
    }

    #[test]
    fn what_others_do_not_need_is_for_flows() {
        for (buffer_memory, least, most) in
            [(None, 64, 256), (Some(64 * MB), 64, 64), (Some(1 << 40), 256, 256)]
        {
            let shares = shares(1 << 30, buffer_memory);
            assert_eq!(shares.buffers, Buffers { least: least * MB, most: most * MB });
            assert_eq!(shares.flows, (1024 - 28 - 68 - least - 64) * MB);
        }
    }

    #[test]
    fn bytes_that_wait_get_what_flows_leave() {
        let buffers = Buffers { least: 64, most: 256 };
        let given = [u64::MAX, 192, 100, 1, 0].map(|spare| buffers.beside(spare));
        assert_eq!(given, [256, 256, 164, 65, 64]);
    }

    #[test]
    fn little_memory_is_shared_all_the_same() {
        assert_eq!(
            shares(100 * MB, None),
            Shares {
                total: 100 * MB,
                flows: LEAST,
                buffers: Buffers { least: 25 * MB, most: 25 * MB },
                queue: 0
            }
        );
        assert_eq!(shares(0, Some(0)).flows, LEAST);
    }
}
