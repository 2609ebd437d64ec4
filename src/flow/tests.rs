//! The rules of reassembly, one by one, against a sink that keeps streams in memory.

use arrayvec::ArrayVec;
use proptest::prelude::*;

use super::*;
use crate::config::Phase;
use crate::decode::{FiveTuple, LinkFacts, Segment, TcpFlags};

const SYN: TcpFlags = TcpFlags::SYN;
const ACK: TcpFlags = TcpFlags::ACK;
const FIN: TcpFlags = TcpFlags::FIN;
const RST: TcpFlags = TcpFlags::RST;

/// Keeps streams as sparse maps from position to byte, so that a position beyond 4 GiB costs
/// nothing.
#[derive(Default)]
struct MemorySink {
    closed: Vec<Closed>,
    arrived: Vec<Vec<u8>>,
    /// How often it was told that flows are closed early.
    pressed: u32,
    /// What it was told that flows leave of their memory.
    spare: Vec<u64>,
    repeated: Vec<(u64, Vec<u8>)>,
}

type Bytes = std::collections::BTreeMap<u64, u8>;

#[derive(Clone, Debug, PartialEq)]
struct Closed {
    flow: Identity,
    bytes: Bytes,
    summary: Summary,
}

impl Closed {
    fn text(&self) -> String {
        let end = self.bytes.last_key_value().map_or(0, |(position, _)| position + 1);
        (0..end).map(|at| char::from(*self.bytes.get(&at).unwrap_or(&b'_'))).collect()
    }
}

impl Sink for MemorySink {
    type Stream = Bytes;
    type Kept = Bytes;

    fn arrived(&mut self, _: &Identity, _: &mut Bytes, payload: &[u8]) {
        self.arrived.push(payload.to_vec());
    }

    fn payload(&mut self, _: &Identity, stream: &mut Bytes, at: u64, payload: &[u8], _: Timestamp) {
        stream.extend((at..).zip(payload.iter().copied()));
    }

    fn differing(&mut self, stream: &mut Bytes, position: u64, again: &[u8]) -> u64 {
        let stored = (position..).zip(again).map(|(at, byte)| (stream.get(&at), byte));
        stored.filter(|&(old, new)| old.expect("asked for bytes that are stored") != new).count()
            as u64
    }

    fn repeated(&mut self, _: &Identity, _: &mut Bytes, at: u64, payload: &[u8], _: Timestamp) {
        self.repeated.push((at, payload.to_vec()));
    }

    fn move_up(&mut self, _: &Identity, stream: &mut Bytes, distance: u64) {
        *stream = std::mem::take(stream).into_iter().map(|(at, b)| (at + distance, b)).collect();
    }

    fn spare_memory(&mut self, bytes: u64) {
        self.spare.push(bytes);
    }

    fn under_pressure(&mut self) {
        self.pressed += 1;
    }

    fn closed(&mut self, flow: &Identity, bytes: Bytes, summary: &Summary) -> Option<Bytes> {
        self.closed.push(Closed { flow: *flow, bytes: bytes.clone(), summary: *summary });
        (!bytes.is_empty()).then_some(bytes)
    }

    fn holds(&mut self, kept: &Bytes, position: u64, payload: &[u8]) -> bool {
        (position..).zip(payload).all(|(at, byte)| kept.get(&at) == Some(byte))
    }
}

/// A tracker and what came out of it.
struct Bench {
    tracker: Tracker<MemorySink>,
    sink: MemorySink,
    phase: Phase,
    second: i64,
}

impl Bench {
    fn new() -> Self {
        Self::with(Rules { max_seek: 1 << 24, idle_timeout: None, memory: u64::MAX })
    }

    fn with(rules: Rules) -> Self {
        let (tracker, sink) = (Tracker::new(rules), MemorySink::default());
        Self { tracker, sink, phase: Phase::Normal, second: 0 }
    }

    fn send(&mut self, seq: u32, flags: TcpFlags, payload: &str) -> &mut Self {
        self.send_on(1000, seq, flags, payload.as_bytes())
    }

    fn send_on(&mut self, port: u16, seq: u32, flags: TcpFlags, payload: &[u8]) -> &mut Self {
        let time = Timestamp::from_micros(self.second * 1_000_000);
        let segment = Segment {
            tuple: FiveTuple::v4([10, 0, 0, 1], [10, 0, 0, 2], (port, 80)),
            time,
            seq,
            flags,
            link: LinkFacts::default(),
            wire_len: 54 + payload.len() as u32,
            captured_len: 54 + payload.len() as u32,
            payload,
        };
        self.tracker.segment(&segment, self.phase, &mut self.sink);
        self.tracker.expire(time, &mut self.sink);
        self
    }

    /// Closes everything; the streams' bytes with `_` for holes, in order of closing.
    fn texts(&mut self) -> Vec<String> {
        self.tracker.finish(&mut self.sink);
        self.sink.closed.iter().map(Closed::text).collect()
    }
}

#[test]
fn bytes_stand_where_their_sequence_numbers_say() {
    let mut bench = Bench::new();
    bench.send(99, SYN, "").send(103, ACK, "def").send(100, ACK, "abc");
    assert_eq!(bench.texts(), ["abcdef"]);
    assert_eq!(bench.sink.closed[0].summary.out_of_order, 1);
    assert_eq!(bench.sink.closed[0].summary.packets, 3);
}

#[test]
fn holes_stay_and_later_bytes_overwrite_earlier_ones() {
    let mut bench = Bench::new();
    bench.send(100, ACK, "abc").send(105, ACK, "fg").send(101, ACK, "BC");
    assert_eq!(bench.texts(), ["aBC__fg"]);
}

#[test]
fn bytes_that_arrive_again_are_told_from_new_ones() {
    let mut bench = Bench::new();
    bench.send(99, SYN, "").send(100, ACK, "abc").send(106, ACK, "ghi");
    bench.send(101, ACK, "bc").send(102, ACK, "CdefG").send(100, ACK, "abCdefGhi");
    assert_eq!(bench.texts(), ["abCdefGhi"]);
    assert_eq!(bench.sink.closed[0].summary.conflicts, 2);
    let repeated = [(1, b"bc".to_vec()), (0, b"abCdefGhi".to_vec())];
    assert_eq!(bench.sink.repeated, repeated, "what is stored is not stored again");
}

#[test]
fn missing_bytes_are_holes_and_what_a_fin_promised() {
    let missing = |segments: &[(u32, TcpFlags, &str)]| {
        let mut bench = Bench::new();
        for &(seq, flags, payload) in segments {
            bench.send(seq, flags, payload);
        }
        bench.tracker.finish(&mut bench.sink);
        bench.sink.closed[0].summary.missing_bytes
    };
    assert_eq!(missing(&[(99, SYN, ""), (100, ACK, "abc"), (103, FIN | ACK, "d")]), 0);
    assert_eq!(missing(&[(99, SYN, ""), (100, ACK, "abc"), (105, ACK, "f")]), 2);
    assert_eq!(missing(&[(99, SYN, ""), (103, ACK, "d")]), 3, "at the beginning");
    assert_eq!(missing(&[(99, SYN, ""), (100, ACK, "abc"), (107, FIN | ACK, "")]), 4, "at the end");
    assert_eq!(missing(&[(103, ACK, "d"), (100, ACK, "a")]), 2, "before an earlier beginning");
    assert_eq!(missing(&[(99, SYN, ""), (105, FIN | ACK, "")]), 5, "all of it");
}

#[test]
fn sequence_numbers_wrap() {
    let mut bench = Bench::new();
    bench.send(u32::MAX - 1, SYN, "").send(u32::MAX, ACK, "ab").send(1, ACK, "cd");
    assert_eq!(bench.texts(), ["abcd"]);
}

#[test]
fn positions_go_beyond_4_gib() {
    let mut bench = Bench::new();
    let step = 1 << 24;
    bench.send(0, SYN, "");
    for number in 0..600_u64 {
        bench.send((number * step + 1) as u32, ACK, "x");
    }
    bench.tracker.finish(&mut bench.sink);
    let closed = &bench.sink.closed;
    assert_eq!(closed.len(), 1, "a jump of just max_seek is none too many");
    assert_eq!(closed[0].summary.size, 599 * step + 1);
    assert!(closed[0].bytes.keys().all(|at| at % step == 0));
}

#[test]
fn a_jump_beyond_max_seek_begins_a_new_flow() {
    for jump in [1001_u32, 1001_u32.wrapping_neg()] {
        let mut bench = Bench::with(Rules { max_seek: 1000, idle_timeout: None, memory: u64::MAX });
        bench.send(0, SYN, "").send(1, ACK, "a").send(2_u32.wrapping_add(jump), ACK, "b");
        assert_eq!(bench.texts(), ["a", "b"], "{jump}");
    }
}

#[test]
fn a_fin_closes_when_every_byte_before_it_has_arrived() {
    let mut bench = Bench::new();
    bench.send(99, SYN, "").send(103, FIN | ACK, "def");
    assert!(bench.sink.closed.is_empty());
    bench.send(100, ACK, "abc");
    assert_eq!(bench.sink.closed.len(), 1);
    assert_eq!(bench.texts(), ["abcdef"]);
}

#[test]
fn the_first_fin_settles_the_size() {
    let mut bench = Bench::new();
    bench.send(99, SYN, "").send(102, FIN | ACK, "").send(110, FIN | ACK, "").send(100, ACK, "ab");
    assert_eq!(bench.sink.closed.len(), 1);
}

#[test]
fn a_reset_closes_at_once() {
    let mut bench = Bench::new();
    bench.send(99, SYN, "").send(105, RST, "x");
    assert_eq!(bench.sink.closed.len(), 1);
    assert_eq!(bench.sink.closed[0].text(), "_____x");
}

#[test]
fn a_new_syn_is_a_new_connection_and_a_repeated_one_is_not() {
    let mut bench = Bench::new();
    bench.send(99, SYN, "").send(100, ACK, "ab").send(99, SYN, "").send(102, ACK, "cd");
    assert!(bench.sink.closed.is_empty());
    bench.send(5000, SYN, "").send(5001, ACK, "ef");
    assert_eq!(bench.texts(), ["abcd", "ef"]);
}

#[test]
fn a_reused_syn_with_a_fin_goes_straight_to_a_new_flow() {
    let mut bench = Bench::new();
    bench.send(99, SYN, "").send(100, ACK, "ab").send(5000, SYN | FIN, "");
    assert_eq!(bench.tracker.totals().flows, 2);
}

#[test]
fn payload_of_a_syn_is_kept_and_is_a_violation() {
    let mut bench = Bench::new();
    bench.send(99, SYN, "ab").send(102, ACK, "cd");
    assert_eq!(bench.texts(), ["abcd"]);
    assert_eq!(bench.sink.closed[0].summary.violations, 1);
}

#[test]
fn bytes_before_a_syn_are_dropped_as_a_violation() {
    let mut bench = Bench::new();
    bench.send(99, SYN, "").send(90, ACK, "no").send(100, ACK, "ab");
    assert_eq!(bench.texts(), ["ab"]);
    assert_eq!(bench.sink.closed[0].summary.violations, 1);
    assert_eq!(bench.sink.arrived.len(), 2, "but they did arrive");
}

#[test]
fn a_stream_joined_in_the_middle_may_begin_earlier() {
    let mut bench = Bench::new();
    bench.send(110, ACK, "kl").send(100, ACK, "abc").send(103, ACK, "d");
    assert_eq!(bench.texts(), ["abcd______kl"]);
    let summary = bench.sink.closed[0].summary;
    assert_eq!((summary.size, summary.out_of_order), (12, 1));
}

#[test]
fn an_end_known_before_the_beginning_moves_with_it() {
    let mut bench = Bench::new();
    bench.send(103, FIN | ACK, "");
    assert_eq!(bench.tracker.totals().flows, 0, "nothing to join");
    bench.send(102, ACK, "c").send(104, FIN | ACK, "").send(100, ACK, "ab");
    assert!(bench.sink.closed.is_empty(), "byte 103 misses");
    bench.send(103, ACK, "d");
    assert_eq!(bench.sink.closed.len(), 1);
    assert_eq!(bench.texts(), ["abcd"]);
}

#[test]
fn a_keep_alive_repeats_nothing() {
    let mut bench = Bench::new();
    bench.send(99, SYN, "").send(100, ACK, "ab").send(101, ACK, "X").send(102, ACK, "c");
    assert_eq!(bench.texts(), ["abc"]);
    assert_eq!(bench.sink.closed[0].summary.out_of_order, 0);
}

#[test]
fn a_keep_alive_before_the_first_byte_makes_room_like_any_data() {
    let mut bench = Bench::new();
    bench.send(100, ACK, "a");
    bench.send(200, ACK, "");
    let mut first = Bench::new();
    first.send_on(1, 100, ACK, b"a").send_on(1, 98, ACK, b"x").send_on(1, 97, ACK, b"w");
    assert_eq!(first.texts(), ["wx_a"]);
}

#[test]
fn packets_that_begin_nothing_are_ignored() {
    let mut bench = Bench::new();
    for flags in [ACK, FIN | ACK, RST, FIN, TcpFlags(0), SYN | FIN, SYN | RST] {
        bench.send(100, flags, "");
    }
    assert_eq!(bench.tracker.totals(), Totals::default());
    bench.send(100, SYN | ACK, "");
    assert_eq!(bench.tracker.totals().flows, 1);
}

#[test]
fn late_retransmissions_of_a_closed_flow_are_recognised() {
    let mut bench = Bench::new();
    bench.send(99, SYN, "").send(100, ACK, "abc").send(103, FIN | ACK, "");
    bench.send(101, ACK, "bc").send(103, FIN | ACK, "");
    assert_eq!(bench.tracker.totals().flows, 1);
    bench.send(101, ACK, "bX");
    assert_eq!(bench.texts(), ["abc", "bX"]);
}

#[test]
fn late_retransmissions_are_recognised_through_100_other_closings() {
    for (others, flows) in [(100, 1), (101, 2)] {
        let mut bench = Bench::new();
        bench.send(99, SYN, "").send(100, ACK, "abc").send(103, FIN | ACK, "");
        for port in 2000..2000 + others {
            bench.send_on(port, 1, SYN, b"").send_on(port, 2, FIN | ACK, b"");
        }
        bench.send(100, ACK, "abc");
        assert_eq!(bench.tracker.totals().flows, u64::from(others) + flows, "{others}");
    }
}

/// A capture of kilobytes made files of gigabytes, each packet 16 MB before the one before.
#[test]
fn a_stream_begins_at_most_max_seek_before_the_first_byte_that_was_seen() {
    let mut bench = Bench::with(Rules { max_seek: 100, idle_timeout: None, memory: u64::MAX });
    bench.send(1000, ACK, "a").send(950, ACK, "b").send(900, ACK, "c").send(899, ACK, "d");
    bench.send(898, ACK, "e");
    bench.tracker.finish(&mut bench.sink);
    let sizes: Vec<u64> = bench.sink.closed.iter().map(|closed| closed.summary.size).collect();
    assert_eq!(sizes, [101, 2], "the second stream begins where the first would have gone too far");
    assert_eq!(bench.sink.closed[1].text(), "ed");
}

/// The bound on the memory of open flows in these tests: a flow and a half, or less.
fn pressed(memory: u64) -> Bench {
    Bench::with(Rules { max_seek: 1 << 24, idle_timeout: None, memory })
}

#[test]
fn too_many_flows_close_those_idle_longest() {
    let mut bench = pressed(40_000);
    for (second, port) in (0..).zip(1..=1000) {
        bench.second = second;
        bench.send_on(port, 1, SYN, b"").send_on(1, 1, SYN, b"");
    }
    let closed: Vec<u16> =
        bench.sink.closed.iter().map(|closed| closed.flow.tuple.source_port()).collect();
    let expected: Vec<u16> = (2..).take(closed.len()).collect();
    assert_eq!(closed, expected, "in the order of their last packets; port 1 is always busy");
    assert_eq!(bench.tracker.totals().closed_early, closed.len() as u64);
    assert!(bench.tracker.open_flows() < 200 && bench.tracker.open_flows() > 50);
    assert_eq!(bench.sink.pressed, 1, "told once");
    bench.tracker.finish(&mut bench.sink);
    assert_eq!(bench.sink.closed.len(), 1000);
}

#[test]
fn what_flows_leave_of_their_memory_is_told_as_they_become_more() {
    let mut bench = pressed(64 << 20);
    for port in 1..=10_000 {
        bench.send_on(port, 1, SYN, b"");
    }
    let spare = std::mem::take(&mut bench.sink.spare);
    assert!(spare.len() == 3 && spare.is_sorted_by(|more, less| more > less), "{spare:?}");
    assert!(spare[0] <= 48 << 20 && spare[0] > 47 << 20, "all of their table: {}", spare[0]);
    let each = (spare[1] - spare[2]) / 4096;
    assert!((100..400).contains(&each), "{each}");
}

#[test]
fn a_stream_of_nothing_but_holes_is_closed_when_nothing_else_can_be() {
    let mut bench = pressed(40_000);
    bench.send_on(1, 1, SYN, b"");
    for hole in 0..1000 {
        bench.second = i64::from(hole);
        bench.send_on(2, hole * 10, ACK, b"x");
    }
    bench.tracker.finish(&mut bench.sink);
    let packets: u64 = bench.sink.closed.iter().map(|closed| closed.summary.packets).sum();
    assert_eq!(packets, 1001);
    assert!((4..50).contains(&bench.sink.closed.len()), "{}", bench.sink.closed.len());
}

#[test]
fn the_finishing_phase_begins_no_flow() {
    let mut bench = Bench::with(Rules { max_seek: 1000, idle_timeout: None, memory: u64::MAX });
    bench.send(99, SYN, "").send(100, ACK, "ab").send_on(2, 9, SYN, b"").send_on(2, 10, ACK, b"x");
    bench.phase = Phase::Finish;
    bench.send(102, ACK, "cd").send_on(1, 50, SYN, b"").send_on(2, 5000, ACK, b"jump");
    bench.send(7000, SYN, "");
    assert_eq!(bench.tracker.open_flows(), 0);
    assert_eq!(bench.texts(), ["x", "abcd"]);
}

#[test]
fn idle_flows_close_in_the_order_of_their_last_packets() {
    let mut bench = Bench::with(Rules { max_seek: 1000, idle_timeout: Some(5), memory: u64::MAX });
    for (port, second) in [(1, 10), (2, 9), (3, 12), (1, 11), (4, 17)] {
        bench.second = second;
        bench.send_on(port, 1, SYN, b"");
    }
    let closed = |bench: &Bench| -> Vec<u16> {
        bench.sink.closed.iter().map(|closed| closed.flow.tuple.source_port()).collect()
    };
    assert_eq!(closed(&bench), [2, 1], "6 s are more than 5, 5 s are not");
    bench.second = 0;
    bench.send_on(5, 1, SYN, b"");
    assert_eq!(closed(&bench), [2, 1], "time going backwards closes nothing");
}

#[test]
fn both_directions_share_a_session_and_have_their_own_numbers() {
    let mut bench = Bench::new();
    let tuple = FiveTuple::v4([10, 0, 0, 1], [10, 0, 0, 2], (1000, 80));
    for (tuple, flags) in [(tuple, SYN), (tuple.reversed(), SYN | ACK)] {
        let segment = Segment {
            tuple,
            time: Timestamp::default(),
            seq: 7,
            flags,
            link: LinkFacts::default(),
            wire_len: 54,
            captured_len: 54,
            payload: &[],
        };
        bench.tracker.segment(&segment, Phase::Normal, &mut bench.sink);
    }
    bench.send_on(2000, 1, SYN, b"").texts();
    let flows: Vec<_> = bench.sink.closed.iter().map(|closed| closed.flow).collect();
    let numbers: Vec<_> = flows.iter().map(|f| (f.connection_number, f.session_id)).collect();
    assert_eq!(numbers, [(0, 0), (1, 0), (2, 1)]);
    assert_eq!(flows[0].direction, Direction::ClientToServer);
    assert_eq!(flows[1].direction, Direction::ServerToClient);
}

/// Pieces of a stream that cover all of it, with overlaps and repetitions, in any order.
fn shuffled_pieces() -> impl Strategy<Value = (Vec<u8>, Vec<(usize, usize)>)> {
    (1_usize..120).prop_flat_map(|len| {
        let stream = prop::collection::vec(any::<u8>(), len);
        let cuts = prop::collection::vec((0..len, 1_usize..20), 0..30);
        (stream, cuts, 1_usize..20).prop_flat_map(move |(stream, cuts, step)| {
            let whole = (0..len).step_by(step).map(|start| (start, step));
            let mut pieces: Vec<_> = whole.chain(cuts).collect();
            for (start, length) in &mut pieces {
                *length = (*length).min(len - *start);
            }
            (Just(stream), Just(pieces).prop_shuffle())
        })
    })
}

proptest! {
    #[test]
    fn any_order_of_the_segments_of_a_stream_gives_the_same_bytes(
        (stream, pieces) in shuffled_pieces(),
        isn in prop_oneof![any::<u32>(), (u32::MAX - 60)..],
        with_syn in any::<bool>(),
        fin_first in any::<bool>(),
    ) {
        let mut bench = Bench::new();
        if with_syn {
            bench.send(isn, SYN, "");
        }
        let first = isn.wrapping_add(1);
        if fin_first && with_syn {
            bench.send(first.wrapping_add(stream.len() as u32), FIN | ACK, "");
        }
        let expected: Bytes = (0..).zip(stream.iter().copied()).collect();
        for (start, length) in pieces {
            // A piece of one byte before the expected position is a keep-alive by definition.
            if length > 1 || stream.len() == 1 {
                let bytes = &stream[start..start + length];
                bench.send_on(1000, first.wrapping_add(start as u32), ACK, bytes);
            } else {
                let start = start.min(stream.len() - 2);
                let bytes = &stream[start..start + 2];
                bench.send_on(1000, first.wrapping_add(start as u32), ACK, bytes);
            }
        }
        if fin_first && with_syn {
            prop_assert!(!bench.sink.closed.is_empty(), "complete, hence closed");
        }
        bench.texts();
        prop_assert_eq!(&bench.sink.closed[0].bytes, &expected);
        prop_assert_eq!(bench.sink.closed[0].summary.size, stream.len() as u64);
    }

    #[test]
    fn no_sequence_of_segments_confuses_the_books(
        segments in prop::collection::vec(
            (0_u16..3, any::<u32>().prop_map(|seq| seq % 64), 0_u8..32, 0_usize..9, any::<bool>()),
            0..60,
        ),
        max_seek in 0_u32..70,
    ) {
        let mut bench = Bench::with(Rules { max_seek, idle_timeout: Some(3), memory: u64::MAX });
        for (second, (port, seq, flags, length, backwards)) in (0..).zip(segments) {
            bench.second = if backwards { -second } else { second };
            bench.send_on(port, seq.wrapping_sub(20), TcpFlags(flags), &b"abcdefgh"[..length]);
        }
        bench.texts();
        prop_assert_eq!(bench.sink.closed.len() as u64, bench.tracker.totals().flows);
        for closed in &bench.sink.closed {
            let end = closed.bytes.last_key_value().map_or(0, |(at, _)| at + 1);
            prop_assert_eq!(closed.summary.size, end);
        }
    }

    /// Flows are closed, and their slots used again, between the look ahead and the segment; and
    /// whoever wants idle flows closed goes without the short way for segments that go on.
    #[test]
    fn the_short_way_and_looking_ahead_change_nothing(
        segments in prop::collection::vec(
            (0_u16..4, prop::sample::select(vec![0_u8, 0x10, 0x10, 0x10, 0x18, 2, 0x12, 1, 0x11, 4]),
             0_u32..12, 0_usize..9),
            0..90,
        ),
        many in any::<bool>(),
    ) {
        let rules = Rules { max_seek: 1 << 24, idle_timeout: None, memory: u64::MAX };
        let mut ahead = Bench::with(rules);
        let mut alone = Bench::with(rules);
        let mut long = Bench::with(Rules { idle_timeout: Some(u32::MAX), ..rules });
        if many {
            for port in 0..1100 {
                for bench in [&mut ahead, &mut alone, &mut long] {
                    bench.send_on(10_000 + port, 1, SYN, b"");
                }
            }
        }
        for some in segments.chunks(16) {
            let segments: ArrayVec<Segment<'_>, 16> = some
                .iter()
                .map(|&(port, flags, seq, length)| Segment {
                    tuple: FiveTuple::v4([10, 0, 0, 1], [10, 0, 0, 2], (port, 80)),
                    seq,
                    flags: TcpFlags(flags),
                    payload: &b"abcdefgh"[..length],
                    ..Segment::default()
                })
                .collect();
            let lookups = ahead.tracker.look_ahead(&segments, &ahead.sink);
            for (segment, lookup) in segments.iter().zip(lookups) {
                ahead.tracker.expected_segment(lookup, segment, Phase::Normal, &mut ahead.sink);
                alone.tracker.segment(segment, Phase::Normal, &mut alone.sink);
                long.tracker.segment(segment, Phase::Normal, &mut long.sink);
            }
        }
        for other in [&mut alone, &mut long] {
            other.texts();
        }
        ahead.texts();
        for other in [&alone, &long] {
            prop_assert_eq!(&ahead.sink.arrived, &other.sink.arrived);
            prop_assert_eq!(&ahead.sink.closed, &other.sink.closed);
            prop_assert_eq!(ahead.tracker.totals(), other.tracker.totals());
        }
    }
}
