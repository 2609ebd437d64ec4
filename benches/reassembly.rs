//! What it costs to put segments in their place, without files: in order, in disorder, and with
//! many flows open at once.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use tcpflow::config::{DEFAULT_MAX_SEEK, Phase};
use tcpflow::decode::{FiveTuple, LinkFacts, Segment, TcpFlags};
use tcpflow::flow::{Identity, Rules, Sink, Summary, Tracker};
use tcpflow::time::CaptureTime;

fn main() {
    divan::main();
}

const PACKETS: u32 = 100_000;
const PAYLOAD: [u8; 1000] = [b'x'; 1000];

/// Takes streams and only counts them.
#[derive(Default)]
struct Counter {
    bytes: u64,
}

impl Sink for Counter {
    type Stream = ();
    type Kept = ();

    fn payload(
        &mut self,
        _: &Identity,
        (): &mut (),
        position: u64,
        payload: &[u8],
        _: tcpflow::time::Timestamp,
    ) {
        self.bytes += black_box(position) & 1;
        self.bytes += payload.len() as u64;
    }

    fn differing(&mut self, (): &mut (), _: u64, _: &[u8]) -> u64 {
        0
    }

    fn move_up(&mut self, _: &Identity, (): &mut (), _: u64) {}

    fn closed(&mut self, _: &Identity, (): (), _: &Summary) -> Option<()> {
        None
    }

    fn holds(&mut self, (): &(), _: u64, _: &[u8]) -> bool {
        false
    }
}

/// The segment number `number` of flow number `flow`, at this place of its stream.
fn segment(flow: u32, number: u32, place: u32) -> Segment<'static> {
    let time = CaptureTime { seconds: i64::from(number / 1000), microseconds: 0 };
    Segment {
        tuple: FiveTuple::v4(flow.to_be_bytes(), [10, 0, 0, 1], (1000, 80)),
        time: time.to_timestamp(0),
        seq: place.wrapping_mul(PAYLOAD.len() as u32),
        flags: TcpFlags::default(),
        link: LinkFacts::default(),
        wire_len: 1054,
        captured_len: 1054,
        payload: &PAYLOAD,
    }
}

fn follow(bencher: Bencher<'_, '_>, segments: Vec<Segment<'static>>) {
    bencher
        .counter(ItemsCount::new(segments.len()))
        .counter(BytesCount::new(segments.len() * PAYLOAD.len()))
        .bench_local(|| {
            let mut sink = Counter::default();
            let rules = Rules { max_seek: DEFAULT_MAX_SEEK, idle_timeout: None, memory: u64::MAX };
            let mut tracker = Tracker::new(rules);
            for segment in &segments {
                tracker.segment(black_box(segment), Phase::Normal, &mut sink);
            }
            tracker.finish(&mut sink);
            assert!(sink.bytes >= segments.len() as u64 * PAYLOAD.len() as u64);
        });
}

#[divan::bench]
fn one_flow_in_order(bencher: Bencher<'_, '_>) {
    follow(bencher, (0..PACKETS).map(|number| segment(1, number, number)).collect());
}

/// Each pair of segments arrives in reverse.
#[divan::bench]
fn one_flow_in_disorder(bencher: Bencher<'_, '_>) {
    follow(bencher, (0..PACKETS).map(|number| segment(1, number, number ^ 1)).collect());
}

/// Only every other segment arrives, so that every one leaves a hole.
#[divan::bench]
fn one_flow_with_holes(bencher: Bencher<'_, '_>) {
    follow(bencher, (0..PACKETS).map(|number| segment(1, number, 2 * number)).collect());
}

/// As many flows are open at once, and take turns.
#[divan::bench(args = [1_000, 100_000])]
fn flows_in_turns(bencher: Bencher<'_, '_>, flows: u32) {
    let segments = (0..PACKETS).map(|number| segment(number % flows, number, number / flows));
    follow(bencher, segments.collect());
}
