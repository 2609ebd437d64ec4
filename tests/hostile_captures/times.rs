//! Times that no clock shows.

use crate::bounds::SMALL;
use crate::capture::{Capture, data, flow_file};
use crate::support::captures::{ByteOrder, FIRST_SECOND, Frame, Pcap};
use crate::support::report::Report;
use crate::support::sandbox::Sandbox;

const ETHERNET: u16 = 1;

/// Whether this is a time as the report should have it.
fn is_a_time(text: &str) -> bool {
    let digits: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    ["0000-00-00T00:00:00Z", "0000-00-00T00:00:00.000000Z"].contains(&digits.as_str())
}

/// When the flows of a report began.
fn start_times(report: &Report) -> Vec<&str> {
    report.flows.iter().filter_map(|flow| flow.attribute("startime")).collect()
}

/// A capture with a flow of one packet for each of these time stamps.
fn stamped(stamps: &[(u32, u32)]) -> Sandbox {
    let mut capture = Capture::of(ETHERNET);
    for (&(seconds, fraction), port) in stamps.iter().zip(1..) {
        let frame = data(port, 1, b"x");
        let len = frame.len() as u32;
        capture.record([seconds, fraction, len, len], &frame);
    }
    capture.into_sandbox()
}

#[test]
fn impossible_microseconds_count_as_none() {
    let fractions = [999_999, 1_000_000, 1_000_001, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
    let stamps = fractions.map(|fraction| (FIRST_SECOND, fraction));
    let sandbox = stamped(&stamps);
    SMALL.run(&sandbox, "-a -I -o out -r in.pcap").succeeds();
    let report = sandbox.report("out/report.xml");
    let mut expected = vec!["2023-11-14T22:13:20Z"; stamps.len()];
    expected[0] = "2023-11-14T22:13:20.999999Z";
    assert_eq!(start_times(&report), expected);
    for port in 2..=stamps.len() as u16 {
        let index = sandbox.read(&format!("out/{}.findx", flow_file(port)));
        assert_eq!(String::from_utf8_lossy(&index), format!("0|{FIRST_SECOND}.000000|1\n"));
    }
}

/// Copies of packets keep what was captured, however wrong.
#[test]
fn copies_of_packets_keep_impossible_times() {
    let sandbox = stamped(&[(0xffff_ffff, 0xffff_ffff)]);
    let original = sandbox.read("in.pcap");
    SMALL.run(&sandbox, "-K -o out -r in.pcap").succeeds();
    let copy = sandbox.read(&format!("out/{}.pcap", flow_file(1)));
    assert_eq!(copy[24..], original[24..]);
}

#[test]
fn the_ends_of_time_are_times() {
    let stamps = [(0, 0), (1, 999_999), (0x7fff_ffff, 0), (0x8000_0000, 0), (u32::MAX, 999_999)];
    for arguments in ["", "-S tdelta=2147483647", "-S tdelta=-2147483648"] {
        let sandbox = stamped(&stamps);
        let options = "-S tcp_timeout=1 -a -o out -r in.pcap";
        SMALL.run(&sandbox, &format!("{arguments} {options}")).succeeds();
        let report = sandbox.report("out/report.xml");
        let times = start_times(&report);
        assert_eq!(times.len(), stamps.len(), "{arguments}");
        assert!(times.iter().all(|time| is_a_time(time)), "{arguments}: {times:?}");
    }
}

/// Whatever a pcapng file says a unit of time is: it gives a time, or the file is refused.
#[test]
fn units_of_time_that_cannot_be_still_give_times() {
    for resolution in [0, 1, 6, 9, 10, 18, 19, 20, 63, 64, 127, 128, 129, 191, 192, 255] {
        for stamp in [0, 1, u64::from(FIRST_SECOND), 1 << 53, 1 << 63, u64::MAX] {
            let sandbox = Sandbox::new();
            sandbox.write("in.pcapng", pcapng(resolution, stamp));
            let outcome = SMALL.run(&sandbox, "-o out -r in.pcapng");
            if outcome.status != Some(0) {
                outcome.fails(1, &["in.pcapng", "if_tsresol"]);
                continue;
            }
            let report = sandbox.report("out/report.xml");
            let times = start_times(&report);
            let is_fine = |time: &&str| is_a_time(time) || time.ends_with('Z');
            assert!(times.len() == 1 && times.iter().all(is_fine), "{resolution} {stamp}");
        }
    }
}

/// A pcapng file of one packet, at this many units of this resolution.
fn pcapng(resolution: u8, stamp: u64) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let len = (body.len() as u32 + 12).to_le_bytes();
        [&kind.to_le_bytes()[..], &len, body, &len].concat()
    };
    let mut frame = data(1, 1, b"x");
    let len = (frame.len() as u32).to_le_bytes();
    frame.resize(frame.len().next_multiple_of(4), 0);
    let (high, low) = ((stamp >> 32) as u32, stamp as u32);
    let packet = [&[0; 4][..], &high.to_le_bytes(), &low.to_le_bytes(), &len, &len, &frame];
    [
        block(0x0a0d_0d0a, &[&[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0][..], &[0xff; 8]].concat()),
        block(1, &[1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, resolution, 0, 0, 0, 0, 0, 0, 0]),
        block(6, &packet.concat()),
    ]
    .concat()
}

#[test]
fn impossible_nanoseconds_count_as_none() {
    let frame = data(1, 1, b"x");
    let frame = Frame { nanoseconds: 0, wire_len: frame.len() as u32, data: frame };
    for order in [ByteOrder::Little, ByteOrder::Big] {
        let pcap = Pcap { nanoseconds: true, order, ..Pcap::of(ETHERNET) };
        let mut bytes = pcap.write(std::slice::from_ref(&frame));
        bytes[28..32].fill(0xff);
        let sandbox = Sandbox::new();
        sandbox.write("in.pcap", bytes);
        SMALL.run(&sandbox, "-a -o out -r in.pcap").succeeds();
        let report = sandbox.report("out/report.xml");
        assert_eq!(start_times(&report), ["2023-11-14T22:13:20Z"], "{order:?}");
    }
}

/// No flow expires because time runs backwards, and none is kept for ever by a time far off.
#[test]
fn a_clock_that_jumps_about_neither_loses_nor_doubles_bytes() {
    let mut capture = Capture::of(ETHERNET);
    for (number, seconds) in (0..).zip([5, 0xffff_fff0, 3, 0x8000_0000, 0, 7]) {
        let frame = data(1, 1 + number, &[b'a' + number as u8]);
        let len = frame.len() as u32;
        capture.record([seconds, 0, len, len], &frame);
    }
    let sandbox = capture.into_sandbox();
    SMALL.run(&sandbox, "-S tcp_timeout=10 -o out -r in.pcap").succeeds();
    assert_eq!(sandbox.tree("out").into_values().collect::<Vec<_>>().concat(), b"abcdef");
}
