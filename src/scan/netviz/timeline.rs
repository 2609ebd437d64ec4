//! Counts bytes over time without knowing beforehand how long the capture will be.
//!
//! Counting starts in buckets of a tenth of a second. A packet outside the span that the buckets
//! cover moves the whole timeline to the next coarser [`Resolution`], whose buckets take over what
//! the finer ones held. So the finest resolution that holds every packet is in use at any time,
//! and no packet is ever lost, however far off its time is. Memory is bounded; a packet costs a
//! few additions and, on a port that is no known service's, a hash look-up.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::add_bytes;
use super::classes::{CLASSES, Class, Classes};
use super::ports::Service;
use super::resolution::Resolution;
use crate::time::Timestamp;

/// At most this many sums of single ports in single buckets; about 10 MB.
const MAX_PORT_SUMS: usize = 7 << 16;

/// More bars than this are joined, so that each is wide enough to be seen.
const MAX_BARS: i64 = 110;

/// What a packet is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// TCP on a port of a service.
    Service(Service),
    /// TCP on another port.
    Port(u16),
    /// Anything without a TCP header.
    NotTcp,
}

/// Bytes by time and kind.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    /// Microseconds added to every time, so that buckets begin on the hour or day of a time zone.
    shift: i64,
    /// The shifted time of the first packet.
    first: Option<i64>,
    resolution: Resolution,
    /// The number of the first bucket; bucket `n` begins `n` bucket widths after the epoch.
    base: i64,
    buckets: Vec<Bucket>,
    /// Bytes of ports that are no service's; the key is [`port_key`].
    ports: HashMap<u32, u64, RandomState>,
    /// Ports of which some bytes went to [`Bucket::other_ports`]; empty unless that happened.
    incomplete: Vec<bool>,
    /// The places of the lowest and the highest bucket in use.
    used: Option<(usize, usize)>,
    recent: Recent,
}

/// What a bucket holds besides [`Timeline::ports`].
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    services: [u64; Service::ALL.len()],
    other_ports: u64,
    not_tcp: u64,
}

/// The bucket of the last packet and the shifted times it stands for: `start <= t < end`.
#[derive(Clone, Copy, Debug, Default)]
struct Recent {
    start: i64,
    end: i64,
    place: usize,
}

impl Timeline {
    /// An empty timeline whose buckets begin at multiples of their width in a time zone
    /// `offset_seconds` ahead of UTC.
    pub(super) fn new(offset_seconds: i64) -> Self {
        Self {
            shift: offset_seconds.saturating_mul(1_000_000),
            first: None,
            resolution: Resolution::FINEST,
            base: 0,
            buckets: Vec::new(),
            ports: HashMap::default(),
            incomplete: Vec::new(),
            used: None,
            recent: Recent::default(),
        }
    }

    /// Counts `bytes` at `time`.
    pub(super) fn add(&mut self, time: Timestamp, kind: Kind, bytes: u32) {
        let time = time.as_micros().saturating_add(self.shift);
        if time < self.recent.start || time >= self.recent.end {
            self.find_bucket(time);
        }
        let place = self.recent.place;
        let Some(bucket) = self.buckets.get_mut(place) else { return };
        match kind {
            Kind::Service(service) => {
                if let Some(sum) = bucket.services.get_mut(service as usize) {
                    add_bytes(sum, bytes);
                }
            }
            Kind::NotTcp => add_bytes(&mut bucket.not_tcp, bytes),
            Kind::Port(port) => self.add_port(place, port, bytes),
        }
    }

    fn add_port(&mut self, place: usize, port: u16, bytes: u32) {
        if let Some(sum) = self.ports.get_mut(&port_key(place, port)) {
            add_bytes(sum, bytes);
            return;
        }
        if self.ports.len() >= MAX_PORT_SUMS {
            self.forget_quiet_ports();
        }
        if self.is_complete(port) {
            self.ports.insert(port_key(place, port), u64::from(bytes));
        } else if let Some(bucket) = self.buckets.get_mut(place) {
            add_bytes(&mut bucket.other_ports, bytes);
        }
    }

    #[cold]
    fn find_bucket(&mut self, time: i64) {
        let first = *self.first.get_or_insert(time);
        if self.buckets.is_empty() {
            self.base = self.resolution.base(first);
            self.buckets = vec![Bucket::default(); self.resolution.buckets];
        }
        let place = loop {
            match self.resolution.place(self.base, time) {
                Some(place) => break place,
                None => self.coarsen(first),
            }
        };
        let start = self.base.saturating_add(place as i64).saturating_mul(self.resolution.width);
        let end = start.saturating_add(self.resolution.width);
        self.recent = Recent { start, end, place };
        let (lowest, highest) = self.used.unwrap_or((place, place));
        self.used = Some((lowest.min(place), highest.max(place)));
    }

    /// Moves to the next coarser resolution. Its span holds the finer one's, and its width is a
    /// multiple, so that every bucket goes whole to another one.
    fn coarsen(&mut self, first: i64) {
        let finer = self.resolution;
        let coarser = finer.coarser();
        let (finer_base, base) = (self.base, coarser.base(first));
        let ratio = coarser.width / finer.width;
        let moved = |place: usize| {
            let number = finer_base.saturating_add(place as i64).div_euclid(ratio);
            usize::try_from(number.saturating_sub(base)).unwrap_or(0).min(coarser.buckets - 1)
        };
        let mut buckets = vec![Bucket::default(); coarser.buckets];
        for (place, bucket) in self.buckets.iter().enumerate() {
            if let Some(target) = buckets.get_mut(moved(place)) {
                target.absorb(bucket);
            }
        }
        let ports = std::mem::take(&mut self.ports);
        for (key, bytes) in ports {
            let (place, port) = place_and_port(key);
            let sum = self.ports.entry(port_key(moved(place), port)).or_insert(0);
            *sum = sum.saturating_add(bytes);
        }
        self.buckets = buckets;
        self.used = self.used.map(|(lowest, highest)| (moved(lowest), moved(highest)));
        (self.base, self.resolution) = (base, coarser);
    }

    /// Halves the number of sums: those of the quietest ports become anonymous.
    #[cold]
    fn forget_quiet_ports(&mut self) {
        let mut totals = vec![(0_u64, 0_usize); 1 << 16];
        for (key, bytes) in &self.ports {
            if let Some((total, sums)) = totals.get_mut(usize::from(place_and_port(*key).1)) {
                *total = total.saturating_add(*bytes);
                *sums += 1;
            }
        }
        let mut by_total: Vec<_> = (0..=u16::MAX).zip(totals).collect();
        by_total.sort_unstable_by_key(|(_, (total, _))| std::cmp::Reverse(*total));
        let mut kept = 0;
        self.incomplete.resize(1 << 16, false);
        let incomplete = &mut self.incomplete;
        for (port, (_, sums)) in by_total {
            kept += sums;
            if let Some(flag) = incomplete.get_mut(usize::from(port)) {
                *flag |= sums > 0 && kept > MAX_PORT_SUMS / 2;
            }
        }
        let buckets = &mut self.buckets;
        self.ports.retain(|key, bytes| {
            let (place, port) = place_and_port(*key);
            let forget = incomplete.get(usize::from(port)).copied().unwrap_or(false);
            if forget && let Some(bucket) = buckets.get_mut(place) {
                bucket.other_ports = bucket.other_ports.saturating_add(*bytes);
            }
            !forget
        });
    }

    /// Whether every byte of `port` is still known as such.
    pub(super) fn is_complete(&self, port: u16) -> bool {
        !self.incomplete.get(usize::from(port)).copied().unwrap_or(false)
    }

    /// The timeline as bars, from the first bucket in use to the last, with the ports of `classes`
    /// told apart. `None` if nothing was counted.
    pub(super) fn bars(&self, classes: &Classes) -> Option<Bars> {
        let (lowest, highest) = self.used?;
        let number = |place: usize| self.base.saturating_add(place as i64);
        let joined =
            |unit: i64| (number(lowest).div_euclid(unit), number(highest).div_euclid(unit));
        let shown = self.resolution.shown;
        let (first, last) = joined(shown);
        let unit = match last.saturating_sub(first).saturating_add(1) {
            ..=MAX_BARS => shown,
            many => shown * (many / 100 + 1),
        };
        let (first, last) = joined(unit);
        let count = usize::try_from(last - first + 1).unwrap_or(1);
        let mut sums = vec![[0_u64; CLASSES]; count];
        let mut add = |place: usize, class: Class, bytes: u64| {
            let bar = usize::try_from(number(place).div_euclid(unit) - first).unwrap_or(0);
            if let Some(sum) = sums.get_mut(bar).and_then(|bar| bar.get_mut(class.number())) {
                *sum = sum.saturating_add(bytes);
            }
        };
        for (place, bucket) in self.buckets.iter().enumerate() {
            for (service, bytes) in Service::ALL.into_iter().zip(bucket.services) {
                add(place, Class::Service(service), bytes);
            }
            add(place, Class::OtherPorts, bucket.other_ports);
            add(place, Class::NotTcp, bucket.not_tcp);
        }
        for (key, bytes) in &self.ports {
            let (place, port) = place_and_port(*key);
            add(place, classes.of_port(port), *bytes);
        }
        let width = i128::from(self.resolution.width) * i128::from(unit);
        let start = i128::from(first) * width - i128::from(self.shift);
        Some(Bars { start, width, sums })
    }
}

impl Bucket {
    fn absorb(&mut self, other: &Self) {
        let pairs = self.services.iter_mut().zip(other.services);
        let rest = [(&mut self.other_ports, other.other_ports), (&mut self.not_tcp, other.not_tcp)];
        for (sum, bytes) in pairs.chain(rest) {
            *sum = sum.saturating_add(bytes);
        }
    }
}

/// Less than 2^16 buckets exist, so that a place and a port fit in one word.
fn port_key(place: usize, port: u16) -> u32 {
    (place as u32) << 16 | u32::from(port)
}

fn place_and_port(key: u32) -> (usize, u16) {
    ((key >> 16) as usize, key as u16)
}

/// A timeline as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bars {
    /// When the first bar begins, in microseconds since 1970-01-01 UTC.
    pub(super) start: i128,
    /// How long each bar lasts, in microseconds.
    pub(super) width: i128,
    /// For each bar, bytes by [`Class::number`].
    pub(super) sums: Vec<[u64; CLASSES]>,
}

impl Bars {
    /// The bytes of each bar.
    pub(super) fn totals(&self) -> impl Iterator<Item = u64> + '_ {
        self.sums.iter().map(|sums| sums.iter().fold(0, |total, sum| sum.saturating_add(total)))
    }

    /// Whether any bar has bytes of `class`.
    pub(super) fn has(&self, class: Class) -> bool {
        self.sums.iter().any(|sums| sums.get(class.number()).is_some_and(|sum| *sum > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_400_000_000 * 1_000_000;
    const SECOND: i64 = 1_000_000;
    const DAY: i64 = 86_400 * SECOND;

    fn timeline(times: &[i64]) -> Timeline {
        let mut timeline = Timeline::new(0);
        for time in times {
            timeline.add(Timestamp::from_micros(START + time), Kind::NotTcp, 10);
        }
        timeline
    }

    /// The width of a bar in microseconds, and how many there are.
    fn bars(times: &[i64]) -> (i128, usize) {
        let bars = timeline(times).bars(&Classes::default()).unwrap();
        (bars.width, bars.sums.len())
    }

    #[test]
    fn bars_are_as_narrow_as_the_span_allows() {
        assert_eq!(bars(&[0]), (100_000, 1));
        assert_eq!(bars(&[0, 10 * SECOND]), (100_000, 101));
        assert_eq!(bars(&[0, 52 * SECOND]), (600_000, 88));
        assert_eq!(bars(&[0, 60 * SECOND]), (1_000_000, 61));
        assert_eq!(bars(&[0, 3 * DAY]).0, 5 * 600_000_000);
        assert_eq!(bars(&[0, 100 * DAY]), (i128::from(DAY), 101));
        assert_eq!(bars(&[0, 700 * DAY]), (7 * i128::from(DAY), 101));
        assert_eq!(bars(&[0, 3_280 * DAY]), (90 * i128::from(DAY), 37));
    }

    #[test]
    fn an_earlier_packet_fits_if_not_too_early() {
        assert_eq!(bars(&[0, -5 * SECOND]), (100_000, 51));
        assert_eq!(bars(&[0, -7 * SECOND]), (1_000_000, 8));
    }

    #[test]
    fn days_begin_at_local_midnight() {
        let mut timeline = Timeline::new(-4 * 3_600);
        for day in [0, 50] {
            timeline.add(Timestamp::from_micros(START + day * DAY), Kind::NotTcp, 10);
        }
        let bars = timeline.bars(&Classes::default()).unwrap();
        assert_eq!(bars.start.rem_euclid(i128::from(DAY)), 4 * 3_600 * i128::from(SECOND));
    }

    #[test]
    fn over_the_limit_quiet_ports_lose_their_name_but_no_byte() {
        let mut timeline = Timeline::new(0);
        let mut expected = 0;
        for tenth in 0..20 {
            for port in 1_000..31_000 {
                let bytes = if port == 5_000 { 1_000 } else { 1 };
                let time = Timestamp::from_micros(START + tenth * 100_000);
                timeline.add(time, Kind::Port(port), bytes);
                expected += u64::from(bytes);
            }
        }
        assert!(timeline.ports.len() <= MAX_PORT_SUMS);
        assert!(timeline.is_complete(5_000));
        assert!((1_000..31_000).any(|port| !timeline.is_complete(port)));
        let busiest = [5_000].map(|port| super::super::ports::PortBytes { port, bytes: 1 });
        let classes = Classes::new(&busiest, |port| timeline.is_complete(port));
        let bars = timeline.bars(&classes).unwrap();
        assert_eq!(bars.totals().sum::<u64>(), expected);
        assert!(bars.sums.iter().all(|sums| sums[Class::Ranked(0).number()] == 1_000));
    }
}
