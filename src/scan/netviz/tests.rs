//! The whole way from packets to the page.

use std::collections::HashMap;

use proptest::prelude::*;

use super::page::{HEIGHT, Item, Page, TextRun, WIDTH};
use super::*;

const START: i64 = 1_400_000_000; // 2014-05-13 16:53:20 UTC
const SECOND: i64 = 1_000_000;

fn ipv4(source: [u8; 4], destination: [u8; 4], ports: (u16, u16)) -> Vec<u8> {
    let mut datagram = vec![0; 40];
    datagram[0] = 0x45;
    datagram[9] = 6;
    datagram[12..16].copy_from_slice(&source);
    datagram[16..20].copy_from_slice(&destination);
    datagram[20..22].copy_from_slice(&ports.0.to_be_bytes());
    datagram[22..24].copy_from_slice(&ports.1.to_be_bytes());
    datagram
}

fn ipv6(source: u128, destination: u128, ports: (u16, u16)) -> Vec<u8> {
    let mut datagram = vec![0; 60];
    datagram[0] = 0x60;
    datagram[6] = 6;
    datagram[8..24].copy_from_slice(&source.to_be_bytes());
    datagram[24..40].copy_from_slice(&destination.to_be_bytes());
    datagram[40..42].copy_from_slice(&ports.0.to_be_bytes());
    datagram[42..44].copy_from_slice(&ports.1.to_be_bytes());
    datagram
}

fn web(source_port: u16) -> Vec<u8> {
    ipv4([10, 0, 0, 1], [10, 0, 0, 2], (source_port, 40_000))
}

struct Counting(NetViz);

impl Counting {
    fn new() -> Self {
        Self::with(-1, LocalZone::utc())
    }

    fn with(histogram_size: i64, zone: LocalZone) -> Self {
        Self(NetViz::new(Options { histogram_size, zone }))
    }

    fn packet(mut self, seconds: i64, wire_len: u32, data: &[u8]) -> Self {
        let ether_type = match data.first().map(|byte| byte >> 4) {
            Some(4) => Some(0x0800),
            Some(6) => Some(0x86dd),
            _ => None,
        };
        let time = Timestamp::from_micros((START + seconds) * SECOND);
        self.0.packet(&PacketView { time, wire_len, ether_type, data });
        self
    }

    fn page(&self) -> Page {
        self.0.page(&facts("a.pcap + 2 more"))
    }

    /// The page's texts, line by line from the top, parts of a line from the left.
    fn lines(&self) -> Vec<String> {
        let page = self.page();
        let mut runs: Vec<&TextRun> = page.texts().collect();
        runs.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)));
        let lines = runs.chunk_by(|a, b| a.y == b.y);
        lines
            .map(|line| line.iter().map(|run| run.text.as_str()).collect::<Vec<_>>().join(" "))
            .collect()
    }

    fn assert_line(&self, expected: &str) {
        let lines = self.lines();
        assert!(lines.iter().any(|line| line == expected), "no {expected:?} in {lines:#?}");
    }
}

fn facts(source: &str) -> PageFacts {
    PageFacts {
        program_version: "9.8.7".to_owned(),
        source: source.to_owned(),
        generated: Timestamp::from_micros(START * SECOND),
    }
}

#[test]
fn the_title_block_says_what_when_and_how_much() {
    let counting = Counting::new()
        .packet(3_601, 1_000, &web(80))
        .packet(0, 250, &ipv6(1, 2, (443, 5)))
        .packet(7, 4, &[0; 4]);
    counting.assert_line("TCPFLOW 9.8.7");
    counting.assert_line("Input: a.pcap + 2 more");
    counting.assert_line("Generated: 2014-05-13 16:53:20 UTC");
    counting.assert_line("Date range: 2014-05-13 16:53:20 \u{2013} 2014-05-13 17:53:21 UTC");
    counting.assert_line("Packets analyzed: 3 (1.25 KB)");
    counting.assert_line("Transports: IPv4 79%   IPv6 19%");
    counting.assert_line("Traffic over Time 1 hour (1 minute intervals)");
}

#[test]
fn times_are_local() {
    let zone = LocalZone::posix("EST5EDT,M3.2.0,M11.1.0");
    let winter = 200 * 86_400;
    let counting = Counting::with(-1, zone).packet(0, 1, &web(80)).packet(winter, 1, &web(80));
    counting.assert_line(
        "Date range: 2014-05-13 12:53:20 \u{2013} 2014-11-29 11:53:20 \
         UTC\u{2013}04:00 / UTC\u{2013}05:00",
    );
}

#[test]
fn rankings_have_bytes_and_shares_of_their_own_totals() {
    let cut = &web(80)[..20];
    let counting = Counting::new()
        .packet(0, 600, &ipv4([10, 0, 0, 1], [10, 0, 0, 9], (80, 1024)))
        .packet(1, 300, &ipv4([10, 0, 0, 2], [10, 0, 0, 9], (5222, 1024)))
        .packet(2, 100, cut);
    counting.assert_line(
        "Top Source Addresses Bytes Share Cum. Top Destination Addresses Bytes Share Cum.",
    );
    counting.assert_line("1 10.0.0.1 700 B 70% 70% 1 10.0.0.9 900 B 90% 90%");
    counting.assert_line("2 10.0.0.2 300 B 30% 100% 2 10.0.0.2 100 B 10% 100%");
    counting
        .assert_line("Top Source Ports Bytes Share Cum. Top Destination Ports Bytes Share Cum.");
    counting.assert_line("1 80 HTTP 600 B 66% 66% 1 1024 900 B 100% 100%");
    counting.assert_line("2 5222 300 B 33% 100%");
    counting.assert_line("HTTP Port 5222 Not TCP Cumulative share");
}

#[test]
fn without_packets_the_page_says_so() {
    let counting = Counting::new();
    counting.assert_line("Date range: 1970-01-01 00:00:00 \u{2013} 1970-01-01 00:00:00 UTC");
    counting.assert_line("Packets analyzed: 0 (0 B)");
    counting.assert_line("no packets received");
    counting.assert_line("No TCP");
    counting.assert_line("No Source Addresses No Destination Addresses");
    counting.assert_line("No Source Ports No Destination Ports");
}

#[test]
fn of_two_known_ports_packets_take_turns() {
    let both = ipv4([10, 0, 0, 1], [10, 0, 0, 2], (22, 443));
    let counting = (0..3).fold(Counting::new(), |counting, at| counting.packet(at, 100, &both));
    let bars = Summary::of(&counting.0).bars.unwrap();
    let sums =
        |class: classes::Class| -> u64 { bars.sums.iter().map(|sums| sums[class.number()]).sum() };
    assert_eq!(sums(classes::Class::Service(Service::Ssh)), 200);
    assert_eq!(sums(classes::Class::Service(Service::Https)), 100);
}

#[test]
fn the_dump_lists_every_address() {
    let counting = Counting::new()
        .packet(0, 300, &ipv4([10, 0, 0, 9], [10, 0, 0, 2], (1, 2)))
        .packet(0, 200, &ipv4([10, 0, 0, 1], [10, 0, 0, 2], (1, 2)))
        .packet(0, 60, &ipv6(0x2001_0db8 << 96, 1, (1, 2)));
    let statistics = |nodes, hits, misses| {
        format!(
            "nodes: {nodes}  maxnodes: 458752 ctr_added: {nodes} pruned: 0\n\
             cache_hits: {hits}\ncache_misses: {misses}\n"
        )
    };
    let (sources, destinations) = (statistics(3, 0, 3), statistics(2, 1, 2));
    let expected = format!(
        "{sources}src_tree:\n{sources}histogram size: 3\n\
         10.0.0.1  count=200\n10.0.0.9  count=300\n2001:db8::  count=60\n\n\
         dst_tree:\n{destinations}histogram size: 2\n::1  count=60\n10.0.0.2  count=500\n\n"
    );
    assert_eq!(counting.0.histogram_dump(), expected);
}

#[test]
fn the_file_is_a_small_pdf_without_fonts_or_bitmaps() {
    let mut counting = Counting::new();
    for number in 0..5_000_u32 {
        let [a, b, ..] = number.wrapping_mul(0x9e37_79b1).to_be_bytes();
        let port = [80, 443, 22, 21, 25, 110, 3306, 5222, 6667][number as usize % 9];
        let datagram = ipv4([10, a, b, 1], [192, b, a, 2], (port, 1024 + u16::from(b)));
        let length = if number % 10 == 0 { 19 } else { 40 };
        counting = counting.packet(i64::from(number), number, &datagram[..length]);
    }
    let pdf = counting.0.finish(&facts("\u{4e2d}.pcap"));
    assert!(pdf.starts_with(b"%PDF-1."));
    assert!(pdf.len() < 50_000, "{}", pdf.len());
    let holds = |word: &[u8]| pdf.windows(word.len()).any(|window| window == word);
    assert!(holds(b"/Helvetica-Bold"));
    assert!(!holds(b"/FontFile") && !holds(b"/Subtype /Image"));
}

/// Everything is on the page, and no text covers another.
fn assert_tidy(page: &Page) {
    let runs: Vec<&TextRun> = page.texts().filter(|run| !run.text.is_empty()).collect();
    let frame = |run: &TextRun| {
        let size = run.style.size;
        let right = run.x + run.style.width(&run.text);
        (run.x, run.y - 0.72 * size, right, run.y + 0.21 * size)
    };
    for (number, run) in runs.iter().enumerate() {
        let (left, top, right, bottom) = frame(run);
        assert!(left >= 0.0 && right <= WIDTH && top >= 0.0 && bottom <= HEIGHT, "{run:?}");
        for other in &runs[number + 1..] {
            let (other_left, other_top, other_right, other_bottom) = frame(other);
            let apart = left >= other_right
                || other_left >= right
                || top >= other_bottom
                || other_top >= bottom;
            assert!(apart, "{run:?} covers {other:?}");
        }
    }
    for item in &page.items {
        if let Item::Area(area, _) = item {
            let numbers = [area.x, area.y, area.width, area.height];
            assert!(numbers.iter().all(|number| number.is_finite() && *number >= 0.0), "{area:?}");
            assert!(area.x + area.width <= WIDTH && area.y + area.height <= HEIGHT, "{area:?}");
        }
    }
}

#[test]
fn no_text_covers_another_however_long_the_capture() {
    let long = u128::MAX - 0x1111;
    for span in [0, 1, 59, 3_599, 86_400, 20 * 86_400, 400 * 86_400, 3_650 * 86_400, 1 << 36] {
        for wire_len in [0, 60, u32::MAX] {
            let mut counting = Counting::new();
            for number in 0..40_u32 {
                let at = span * i64::from(number) / 39;
                let port = 65_500 + (number % 12) as u16;
                let data = ipv6(long - u128::from(number % 20), long, (port, port - 9));
                counting = counting.packet(at, wire_len, &data);
                counting =
                    counting.packet(at, wire_len, &web([80, 443, 22, 20][number as usize % 4]));
                counting = counting.packet(at, wire_len, &[]);
            }
            assert_tidy(&counting.page());
        }
    }
    assert_tidy(&Counting::new().page());
}

#[test]
fn a_long_source_is_shortened() {
    let counting = Counting::new().packet(0, 60, &web(80));
    assert_tidy(&counting.0.page(&facts(&"/very/long/path \u{1f600}".repeat(100))));
}

fn any_time() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        Just(i64::MIN),
        Just(i64::MAX),
        (START * SECOND..START * SECOND + 100 * SECOND),
        (-20_000_000_000..20_000_000_000_i64).prop_map(|seconds| seconds * SECOND),
    ]
}

fn any_datagram() -> impl Strategy<Value = Vec<u8>> {
    let header = prop_oneof![Just(0x45_u8), Just(0x4f), Just(0x60), any::<u8>()];
    (header, proptest::collection::vec(any::<u8>(), 0..120)).prop_map(|(first, mut bytes)| {
        if let Some(byte) = bytes.first_mut() {
            *byte = first;
        }
        for place in [6, 9] {
            // Often TCP.
            if let Some(byte) = bytes.get_mut(place).filter(|byte| **byte < 200) {
                *byte = 6;
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_packet_is_too_odd(
        packets in proptest::collection::vec(
            (any_time(), any::<u32>(), any::<Option<u16>>(), any_datagram()), 0..40),
        histogram_size in prop_oneof![Just(-1), Just(i64::MIN), Just(i64::MAX), 0..20_i64],
        source in ".{0,200}",
        generated in any_time(),
    ) {
        let zone = LocalZone::posix("EST5EDT,M3.2.0,M11.1.0");
        let mut netviz = NetViz::new(Options { histogram_size, zone });
        for (micros, wire_len, ether_type, data) in &packets {
            let time = Timestamp::from_micros(*micros);
            let (wire_len, ether_type) = (*wire_len, *ether_type);
            netviz.packet(&PacketView { time, wire_len, ether_type, data });
        }
        let bytes: u64 = packets.iter().map(|packet| u64::from(packet.1)).sum();
        let summary = Summary::of(&netviz);
        let drawn: u64 = summary.bars.iter().flat_map(timeline::Bars::totals).sum();
        prop_assert_eq!((summary.bytes, drawn), (bytes, bytes), "no byte is lost");

        let facts = PageFacts {
            program_version: "1".to_owned(),
            source,
            generated: Timestamp::from_micros(generated),
        };
        assert_tidy(&netviz.page(&facts));
        let _ = netviz.histogram_dump();
        prop_assert!(netviz.finish(&facts).len() < 50_000);
    }

    #[test]
    fn bars_hold_each_port_in_its_time(
        packets in proptest::collection::vec((0..400_000_i64, 1..6_u16, 1..1000_u32), 1..60),
    ) {
        let mut counting = Counting::new();
        let mut expected: HashMap<(i128, u16), u64> = HashMap::new();
        for (at, port, bytes) in &packets {
            counting = counting.packet(*at, *bytes, &web(*port));
        }
        let summary = Summary::of(&counting.0);
        let bars = summary.bars.unwrap();
        prop_assert!(bars.sums.len() <= 111);
        let classes = classes::Classes::new(&counting.0.source_ports.top(10), |_| true);
        for (at, port, bytes) in &packets {
            let time = i128::from((START + at) * SECOND);
            let bar = (time - bars.start).div_euclid(bars.width);
            let class = classes.of_port(*port).number();
            *expected.entry((bar, class as u16)).or_default() += u64::from(*bytes);
        }
        for (bar, sums) in bars.sums.iter().enumerate() {
            for (class, sum) in sums.iter().enumerate() {
                let wanted = expected.get(&(bar as i128, class as u16)).copied().unwrap_or(0);
                prop_assert_eq!(*sum, wanted);
            }
        }
    }
}
