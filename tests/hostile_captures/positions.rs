//! Sequence numbers that claim any place in a stream.

use std::os::unix::fs::MetadataExt as _;

use crate::bounds::{Bounds, SMALL, disk_use, largest_file};
use crate::capture::{Capture, data, flow_file, receiver, sender};
use crate::support::packets::{SYN, ethernet, tcp};

const ETHERNET: u16 = 1;
const PORT: u16 = 40000;
/// `-m` if nothing is said.
const MAX_SEEK: u32 = 16 << 20;

/// A capture of one flow without SYN: payloads and where they claim to be.
fn claims<'a>(segments: impl IntoIterator<Item = (u32, &'a [u8])>) -> Capture {
    let mut capture = Capture::of(ETHERNET);
    for (seq, payload) in segments {
        capture.frame(&data(PORT, seq, payload));
    }
    capture
}

/// The next byte of a stream after one byte at 0 is expected at 1.
const EXPECTED: u32 = 1;

#[test]
fn one_packet_cannot_make_a_hole_larger_than_max_seek() {
    let far = [MAX_SEEK + 1, 1 << 30, 0x7fff_ffff, 0x8000_0000, 0xc000_0000, !MAX_SEEK];
    for distance in far {
        for arguments in ["", "-I", "-a", "-c -X out/report.xml", "-FX -FM"] {
            let sandbox =
                claims([(0, &b"a"[..]), (EXPECTED.wrapping_add(distance), b"b")]).into_sandbox();
            std::fs::create_dir(sandbox.path("out")).expect("an empty folder");
            SMALL.run(&sandbox, &format!("{arguments} -o out -r in.pcap")).succeeds();
            let report = sandbox.report("out/report.xml");
            let sizes: Vec<&str> = report.flows.iter().map(|flow| &*flow.filesize).collect();
            assert_eq!(sizes, ["1", "1"], "{distance} {arguments}");
            assert!(largest_file(&sandbox.path("out")) < 100_000, "{distance} {arguments}");
        }
    }
}

/// As far as `-m` allows, in either direction, there is one stream; its hole takes no space.
#[test]
fn a_hole_of_max_seek_takes_no_disk() {
    for seq in [EXPECTED + MAX_SEEK, EXPECTED.wrapping_sub(MAX_SEEK)] {
        let sandbox = claims([(0, &b"a"[..]), (seq, b"b")]).into_sandbox();
        SMALL.run(&sandbox, "-o out -r in.pcap").succeeds();
        let file = sandbox.path(format!("out/{}", flow_file(PORT)));
        let metadata = std::fs::metadata(file).expect("the only flow's file");
        assert!(metadata.len().abs_diff(u64::from(MAX_SEEK)) <= 2, "{}", metadata.len());
        assert!(metadata.blocks() * 512 < 1 << 20, "{} blocks", metadata.blocks());
        assert_eq!(sandbox.report("out/report.xml").flows.len(), 1);
    }
}

/// A stream that turns out to begin earlier, again and again: all the room that was made and not
/// filled is never more than `-m`.
#[test]
fn insertions_together_cannot_make_holes_larger_than_max_seek() {
    const PACKETS: u32 = 1000;
    for step in [MAX_SEEK - 1, MAX_SEEK / 2, MAX_SEEK / 7, 100_000] {
        let segments = (0..PACKETS).map(|n| (0_u32.wrapping_sub(n.wrapping_mul(step)), &b"x"[..]));
        let sandbox = claims(segments).into_sandbox();
        SMALL.run(&sandbox, "-o out -r in.pcap").succeeds();
        let largest = largest_file(&sandbox.path("out"));
        assert!(largest <= u64::from(MAX_SEEK) + u64::from(PACKETS), "{step}: {largest}");
        let report = sandbox.report("out/report.xml");
        let packets = report.flows.iter().map(|flow| flow.attribute("packets"));
        let packets: u32 = packets.map(|n| n.expect("a number").parse::<u32>().unwrap()).sum();
        assert_eq!(packets, PACKETS, "{step}: every packet is counted to a flow");
        let written = disk_use(&sandbox.path("out"));
        assert!(written < u64::from(PACKETS) * 20_000, "{step}: {written} bytes on disk");
    }
}

/// Even data in reverse order is one stream, if it is no longer than `-m`.
#[test]
fn data_in_reverse_order_is_one_stream() {
    const PIECE: usize = 1000;
    const PIECES: u32 = 16_000;
    let piece = |n: u32| vec![n as u8; PIECE];
    let mut capture = Capture::of(ETHERNET);
    for n in (0..PIECES).rev() {
        capture.frame(&data(PORT, n * PIECE as u32, &piece(n)));
    }
    let sandbox = capture.into_sandbox();
    SMALL.run(&sandbox, "-o out -r in.pcap").succeeds();
    assert_eq!(sandbox.names("out"), [flow_file(PORT)]);
    let content = sandbox.read(&format!("out/{}", flow_file(PORT)));
    assert!(content == (0..PIECES).flat_map(piece).collect::<Vec<_>>());
}

/// Jumps ahead, each as far as `-m` allows. The positions are as large as they claim; disk, memory
/// and time are those of the bytes there are.
#[test]
fn repeated_jumps_ahead_take_no_disk() {
    const PACKETS: u32 = 1000;
    for step in [MAX_SEEK + 1, 1_000_000, 60_000, 20_000] {
        let segments = (0..PACKETS).map(|n| (n.wrapping_mul(step), &b"x"[..]));
        let sandbox = claims(segments).into_sandbox();
        SMALL.run(&sandbox, "-o out -r in.pcap").succeeds();
        let written = disk_use(&sandbox.path("out"));
        assert!(written < u64::from(PACKETS) * 9_000, "{step}: {written} bytes on disk");
        let report = sandbox.report("out/report.xml");
        let size = u64::from(PACKETS - 1) * u64::from(step) + 1;
        assert_eq!(report.flow(&format!("out/{}", flow_file(PORT))).filesize, size.to_string());
    }
}

#[test]
fn two_hundred_thousand_holes_in_one_stream() {
    const HOLES: u32 = 200_000;
    // Every second byte of 400,000, scattered; and then the others, from the end on.
    let scattered = |n: u32| (n * 7919) % HOLES * 2;
    let mut capture = Capture::of(ETHERNET);
    capture.frame(&ethernet(&tcp(sender(PORT), receiver(), SYN, 99, 0, b"")));
    let even = (0..HOLES).map(scattered).map(|at| (at, b'e'));
    let odd = (0..HOLES).rev().map(|at| (at * 2 + 1, b'o'));
    for (at, byte) in even.chain(odd) {
        capture.frame(&data(PORT, 100 + at, &[byte]));
    }
    let sandbox = capture.into_sandbox();
    Bounds { seconds: 10, memory: 500 }.run(&sandbox, "-o out -r in.pcap").succeeds();
    let content = sandbox.read(&format!("out/{}", flow_file(PORT)));
    assert!(content == b"eo".repeat(HOLES as usize));
}

/// What came last counts, and nothing else of the stream changes.
#[test]
fn every_segment_twice_with_different_bytes() {
    const SEGMENTS: u32 = 20_000;
    let mut capture = Capture::of(ETHERNET);
    for n in 0..SEGMENTS {
        for byte in [b'1', b'2'] {
            capture.frame(&data(PORT, n * 100, &[byte; 100]));
        }
    }
    let sandbox = capture.into_sandbox();
    SMALL.run(&sandbox, "-e md5 -o out -r in.pcap").succeeds();
    assert_eq!(sandbox.names("out"), [flow_file(PORT)]);
    let content = sandbox.read(&format!("out/{}", flow_file(PORT)));
    assert!(content == vec![b'2'; SEGMENTS as usize * 100]);
    let report = sandbox.report("out/report.xml");
    assert_eq!(report.flows[0].attribute("out_of_order_count"), Some("20000"));
    let digest = &report.flows[0].md5;
    let expected = md5_hex(&content);
    assert_eq!(digest.as_deref(), Some(&*expected));
}

fn md5_hex(bytes: &[u8]) -> String {
    use md5::{Digest, Md5};
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
