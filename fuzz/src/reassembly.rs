//! Arbitrary segments through a tracker, against a sink that keeps books of its own.
//!
//! An input is a byte of rules and then segments, ten bytes each: flow and phase, flags, sequence
//! number (four bytes), length of the payload, a byte that its contents depend on, seconds since
//! the segment before (signed two bytes).

use std::collections::{BTreeMap, BTreeSet};

use tcpflow::config::Phase;
use tcpflow::decode::{FiveTuple, LinkFacts, Segment, TcpFlags};
use tcpflow::flow::{Identity, Rules, Sink, Summary, Tracker};
use tcpflow::time::Timestamp;

use crate::input::Bytes;

/// Bytes of a segment in an input.
pub const SEGMENT_LEN: usize = 10;

/// In the first byte of a segment: one of four connections, the direction, the phase.
const REVERSED: u8 = 0x04;
const FINISHING: u8 = 0x80;

/// Feeds the segments of `input` to a tracker. What is promised is in [`Books`].
pub fn run(input: &[u8]) {
    let mut input = Bytes::new(input);
    let choice = input.u8();
    let rules = Rules {
        max_seek: [1 << 24, 0, 100, u32::MAX][usize::from(choice & 3)],
        idle_timeout: [None, Some(0), Some(1), Some(60)][usize::from(choice >> 2 & 3)],
        memory: [u64::MAX, 0, 1000, 100_000][usize::from(choice >> 4 & 3)],
    };
    let mut tracker = Tracker::new(rules);
    let mut books = Books { max_seek: rules.max_seek, ..Books::default() };
    let mut second = 1_000_000_000;
    while !input.is_empty() {
        let (flow, flags, seq) = (input.u8(), input.u8(), input.u32());
        let (length, variant) = (usize::from(input.u8()), input.u8());
        second += i64::from(input.u16() as i16);
        let payload: Vec<u8> = (0..length).map(|i| variant.wrapping_add(i as u8)).collect();
        let time = Timestamp::from_micros(second * 1_000_000 + i64::from(variant));
        let segment = Segment {
            tuple: tuple(flow),
            time,
            seq,
            flags: TcpFlags(flags),
            link: LinkFacts::default(),
            wire_len: 54 + u32::from(variant) + payload.len() as u32,
            captured_len: 54 + payload.len() as u32,
            payload: &payload,
        };
        let phase = if flow & FINISHING != 0 { Phase::Finish } else { Phase::Normal };
        books.expect(&segment);
        let before = tracker.totals();
        tracker.segment(&segment, phase, &mut books);
        let after = tracker.totals();
        books.was_counted(after.packets - before.packets, after.flows - before.flows, phase);
        tracker.expire(time, &mut books);
        assert_eq!(after.flows, books.closed + tracker.open_flows() as u64, "a flow got lost");
        assert!(after.max_open_flows >= tracker.open_flows() as u64);
    }
    tracker.finish(&mut books);
    let totals = tracker.totals();
    assert_eq!(tracker.open_flows(), 0);
    assert_eq!(books.closed, totals.flows);
    assert_eq!(books.summed, Sums { packets: totals.packets, ..books.counted });
    assert_eq!(books.summed, books.counted);
}

fn tuple(flow: u8) -> FiveTuple {
    let port = 1000 + u16::from(flow & 1);
    let tuple = match flow & 2 {
        0 => FiveTuple::v4([10, 0, 0, 1], [10, 0, 0, 2], (port, 80)),
        _ => FiveTuple::v6([1; 16], [2; 16], (port, 80)),
    };
    if flow & REVERSED != 0 { tuple.reversed() } else { tuple }
}

/// What the tracker told, checked as it comes.
///
/// Promised: every payload comes with its own bytes, at a position that agrees with its sequence
/// number and lies no further from the one before than `max_seek`; each flow is closed once;
/// the sums over all flows are those of the segments.
#[derive(Default)]
struct Books {
    max_seek: u32,
    /// The segment being fed.
    current: Option<Current>,
    closed: u64,
    connection_numbers: BTreeSet<u64>,
    /// Over all segments that were counted, and over all flows that were closed.
    counted: Sums,
    summed: Sums,
}

struct Current {
    first_byte: u32,
    tuple: FiveTuple,
    payload: Vec<u8>,
    lengths: Sums,
    arrived: bool,
    stored: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    packets: u64,
    wire_len: u64,
    captured_len: u64,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.packets += other.packets;
        self.wire_len += other.wire_len;
        self.captured_len += other.captured_len;
    }
}

impl Books {
    /// A payload found its place in its stream.
    fn is_placed(&mut self, flow: &Identity, stream: &mut Stream, position: u64, payload: &[u8]) {
        let current = self.current.as_mut().expect("payloads only of a segment");
        assert!(current.arrived && !current.stored);
        assert_eq!(flow.tuple, current.tuple);
        assert_eq!(payload, current.payload);
        current.stored = true;
        let base = current.first_byte.wrapping_sub(position as u32);
        assert_eq!(*stream.base.get_or_insert(base), base, "the position contradicts the number");
        let jump = position.abs_diff(stream.next.unwrap_or(0));
        assert!(jump <= self.max_seek.into(), "a jump of {jump} bytes to {position}");
        stream.next = Some(position + payload.len() as u64);
        stream.stored_payloads += 1;
    }

    fn expect(&mut self, segment: &Segment<'_>) {
        let syn = segment.flags.contains(TcpFlags::SYN);
        self.current = Some(Current {
            first_byte: segment.seq.wrapping_add(u32::from(syn)),
            tuple: segment.tuple,
            payload: segment.payload.to_vec(),
            lengths: Sums {
                packets: 1,
                wire_len: segment.wire_len.into(),
                captured_len: segment.captured_len.into(),
            },
            arrived: false,
            stored: false,
        });
    }

    fn was_counted(&mut self, packets: u64, flows: u64, phase: Phase) {
        let current = self.current.take().expect("a segment was fed");
        assert!(packets <= 1 && flows <= packets);
        assert!(flows == 0 || phase == Phase::Normal, "a flow began in the finishing phase");
        assert!(packets == 1 || !current.arrived, "a payload arrived uncounted");
        assert!(packets == 0 || current.payload.is_empty() || current.arrived);
        if packets == 1 {
            self.counted.add(current.lengths);
        }
    }
}

/// What was stored of a flow: a byte for each position that was written.
#[derive(Debug, Default)]
struct Stored {
    /// By position less `moved`, so that moving all of them is cheap.
    bytes: BTreeMap<i64, u8>,
    moved: i64,
}

impl Stored {
    fn put(&mut self, position: u64, payload: &[u8]) {
        self.bytes.extend((position as i64 - self.moved..).zip(payload.iter().copied()));
    }

    fn differing(&self, position: u64, again: &[u8]) -> u64 {
        let places = position as i64 - self.moved..;
        let stored = places.map(|at| self.bytes.get(&at).expect("asked for bytes that are stored"));
        stored.zip(again).filter(|(old, new)| old != new).count() as u64
    }

    fn size(&self) -> u64 {
        self.bytes.last_key_value().map_or(0, |(last, _)| (last + 1 + self.moved) as u64)
    }

    fn holds(&self, position: u64, payload: &[u8]) -> bool {
        let places = position as i64 - self.moved..;
        places.zip(payload).all(|(at, byte)| self.bytes.get(&at) == Some(byte))
    }
}

/// What is known of an open flow.
#[derive(Debug, Default)]
struct Stream {
    stored: Stored,
    /// The sequence number at position 0.
    base: Option<u32>,
    /// Behind the payload stored last.
    next: Option<u64>,
    payloads: u64,
    stored_payloads: u64,
}

impl Sink for Books {
    type Stream = Stream;
    type Kept = Stored;

    fn arrived(&mut self, flow: &Identity, stream: &mut Stream, payload: &[u8]) {
        let current = self.current.as_mut().expect("payloads only of a segment");
        assert!(!payload.is_empty() && !current.arrived);
        assert_eq!(flow.tuple, current.tuple);
        assert_eq!(payload, current.payload);
        current.arrived = true;
        stream.payloads += 1;
    }

    fn payload(
        &mut self,
        flow: &Identity,
        stream: &mut Stream,
        position: u64,
        payload: &[u8],
        _time: Timestamp,
    ) {
        self.is_placed(flow, stream, position, payload);
        stream.stored.put(position, payload);
    }

    fn differing(&mut self, stream: &mut Stream, position: u64, again: &[u8]) -> u64 {
        assert!(!again.is_empty());
        stream.stored.differing(position, again)
    }

    fn repeated(
        &mut self,
        flow: &Identity,
        stream: &mut Stream,
        position: u64,
        payload: &[u8],
        _time: Timestamp,
    ) {
        self.is_placed(flow, stream, position, payload);
        assert!(stream.stored.holds(position, payload), "bytes that are new are not repeated");
    }

    fn move_up(&mut self, flow: &Identity, stream: &mut Stream, distance: u64) {
        let current = self.current.as_ref().expect("room is made for a segment");
        assert_eq!(flow.tuple, current.tuple);
        assert!(distance > 0 && distance <= self.max_seek.into());
        stream.base = stream.base.map(|base| base.wrapping_sub(distance as u32));
        stream.next = stream.next.map(|next| next + distance);
        stream.stored.moved += distance as i64;
    }

    fn closed(&mut self, flow: &Identity, stream: Stream, summary: &Summary) -> Option<Stored> {
        assert!(self.connection_numbers.insert(flow.connection_number), "closed twice");
        assert!(flow.session_id <= flow.connection_number);
        assert_eq!(summary.size, stream.stored.size());
        let stored = stream.stored.bytes.len() as u64;
        assert!(summary.missing_bytes >= summary.size - stored, "{} are there", stored);
        assert!(summary.packets >= 1 && summary.packets >= stream.payloads);
        assert!(u64::from(summary.out_of_order) <= stream.stored_payloads);
        assert!(u64::from(summary.violations) <= 2 * stream.payloads);
        assert!(summary.wire_len >= summary.captured_len);
        self.closed += 1;
        let Summary { packets, wire_len, captured_len, .. } = *summary;
        self.summed.add(Sums { packets, wire_len, captured_len });
        (stream.stored.size() > 0).then_some(stream.stored)
    }

    fn holds(&mut self, kept: &Stored, position: u64, payload: &[u8]) -> bool {
        assert!(!payload.is_empty());
        kept.holds(position, payload)
    }

    fn syn_with_payload(&mut self, flow: &Identity, length: usize) {
        let current = self.current.as_ref().expect("a SYN is a segment");
        assert_eq!((flow.tuple, length), (current.tuple, current.payload.len()));
    }
}
