//! More of everything than anyone means: flows, names, fragments.

use std::net::SocketAddr;

use crate::bounds::{Bounds, SMALL};
use crate::capture::{Capture, receiver};
use crate::support::packets::{ACK, SYN, ethernet, tcp};
use crate::support::sandbox::Sandbox;

const ETHERNET: u16 = 1;

/// Sender number `n` of many.
fn sender(n: u32) -> SocketAddr {
    let [a, b, c, d] = (n / 50_000).to_be_bytes();
    SocketAddr::from(([10 ^ a, b, c, d], 1024 + (n % 50_000) as u16))
}

/// A report that is too large to be read flow by flow.
struct Counted {
    flows: u64,
    end: String,
}

impl Counted {
    fn of(sandbox: &Sandbox) -> Self {
        let text = sandbox.read("out/report.xml");
        let flows = memchr::memmem::find_iter(&text, b"<fileobject>").count() as u64;
        let end = String::from_utf8_lossy(&text[text.len() - 1500..]).into_owned();
        Self { flows, end }
    }

    /// A number of the report's end.
    #[track_caller]
    fn number(&self, name: &str) -> u64 {
        let found = self
            .end
            .split_once(&format!("<{name}>"))
            .and_then(|(_, rest)| rest.split_once('<').and_then(|(number, _)| number.parse().ok()));
        found.unwrap_or_else(|| panic!("no {name} in {}", self.end))
    }
}

#[test]
fn a_million_flows_with_one_packet_each() {
    const FLOWS: u32 = 1_000_000;
    let mut capture = Capture::of(ETHERNET);
    for n in 0..FLOWS {
        capture.frame(&ethernet(&tcp(sender(n), receiver(), SYN, n, 0, b"")));
    }
    let sandbox = capture.into_sandbox();
    Bounds { seconds: 10, memory: 600 }.run(&sandbox, "-o out -r in.pcap").succeeds();
    let report = Counted::of(&sandbox);
    assert_eq!(report.number("total_flows"), u64::from(FLOWS));
    assert_eq!(report.number("total_packets"), u64::from(FLOWS));
    assert_eq!(report.flows, u64::from(FLOWS));
}

/// At the bound those idle longest are closed. It is told once, and counted; nothing else changes.
#[test]
fn more_flows_than_memory_allows() {
    const FLOWS: u32 = 200_000;
    const MEMORY: u64 = 160;
    let mut capture = Capture::of(ETHERNET);
    for n in 0..FLOWS {
        capture.frame(&ethernet(&tcp(sender(n), receiver(), SYN, n, 0, b"")));
    }
    let sandbox = capture.into_sandbox();
    let bounds = Bounds { seconds: 10, memory: 600 };
    let arguments = format!("-S max_memory={MEMORY}M -o out -r in.pcap");
    let outcome = bounds.run(&sandbox, &arguments);
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert_eq!(outcome.complaints().len(), 1, "{outcome:?}");
    outcome.complains(&["160 MB of memory", "closed early", "max_memory"]);
    let report = Counted::of(&sandbox);
    assert_eq!(report.flows, u64::from(FLOWS));
    assert_eq!(report.number("total_flows"), u64::from(FLOWS));
    let early = report.number("closed_early");
    assert!((50_000..200_000).contains(&early), "{early}");
    assert_eq!(early + report.number("flow_map_size"), u64::from(FLOWS));
    let peak = report.number("maxrss");
    assert!(peak < MEMORY << 10, "{peak} KB");
}

/// Holes take memory as flows do.
#[test]
fn more_holes_than_memory_allows() {
    const HOLES: u32 = 400_000;
    const MEMORY: u64 = 100;
    let mut capture = Capture::of(ETHERNET);
    for n in 0..HOLES {
        capture.frame(&ethernet(&tcp(sender(n % 4), receiver(), ACK, n * 10, 1, b"x")));
    }
    let sandbox = capture.into_sandbox();
    let bounds = Bounds { seconds: 10, memory: 600 };
    let outcome = bounds.run(&sandbox, &format!("-S max_memory={MEMORY}M -o out -r in.pcap"));
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    outcome.complains(&["closed early"]);
    let report = sandbox.report("out/report.xml");
    let packets = report.flows.iter().map(|flow| flow.attribute("packets").expect("packets"));
    assert_eq!(packets.map(|n| n.parse::<u32>().expect("a number")).sum::<u32>(), HOLES);
    let peak: u64 = report.text_of("maxrss").parse().expect("a number");
    assert!(peak < MEMORY << 10, "{peak} KB");
}

/// A capture that stays within the bound tells nothing of it.
#[test]
fn few_flows_say_nothing_of_memory() {
    let mut capture = Capture::of(ETHERNET);
    capture.frame(&ethernet(&tcp(sender(1), receiver(), SYN, 1, 0, b"")));
    let sandbox = capture.into_sandbox();
    SMALL.run(&sandbox, "-S max_memory=1 -o out -r in.pcap").succeeds();
    let text = sandbox.read("out/report.xml");
    assert!(memchr::memmem::find(&text, b"closed_early").is_none());
}

/// With bytes to be kept in memory, or printed: what waits is bounded, and nothing is lost.
#[test]
fn many_flows_with_one_byte_each() {
    const FLOWS: u32 = 30_000;
    let mut capture = Capture::of(ETHERNET);
    for n in 0..FLOWS {
        capture.frame(&ethernet(&tcp(sender(n), receiver(), ACK, n, 0, b"x")));
    }
    let sandbox = capture.into_sandbox();
    let small = "-S buffer_memory=100K -f 50";
    let bounds = Bounds { seconds: 10, memory: 500 };
    bounds.run(&sandbox, &format!("{small} -Fk -o out -r in.pcap")).succeeds();
    let files = sandbox.tree("out");
    assert_eq!(files.len(), FLOWS as usize);
    assert!(files.values().all(|content| content == b"x"));
    let printed = bounds.run(&sandbox, "-C -0 -r in.pcap").succeeds().stdout;
    assert_eq!(printed, b"x".repeat(FLOWS as usize));
}

/// With `-K` no flow ever ends. Those that were forgotten for want of memory go on in their files.
#[test]
fn more_packet_files_than_memory_allows() {
    const FLOWS: u32 = 40_000;
    const ROUNDS: u32 = 3;
    let mut capture = Capture::of(ETHERNET);
    let mut expected = 24;
    for round in 0..ROUNDS {
        for n in 0..FLOWS {
            let frame = ethernet(&tcp(sender(n), receiver(), ACK, round, 1, b"x"));
            expected += if n == 0 { 16 + frame.len() } else { 0 };
            capture.frame(&frame);
        }
    }
    let sandbox = capture.into_sandbox();
    let bounds = Bounds { seconds: 20, memory: 500 };
    bounds.run(&sandbox, "-S max_memory=1 -K -Fk -o out -r in.pcap").succeeds();
    let files = sandbox.tree("out");
    assert_eq!(files.len(), FLOWS as usize);
    for (name, content) in files {
        assert_eq!(content.len(), expected, "{name}");
        assert_eq!(memchr::memmem::find_iter(&content, b"\xd4\xc3\xb2\xa1").count(), 1, "{name}");
    }
    let peak: u64 = sandbox.report("out/report.xml").text_of("maxrss").parse().expect("a number");
    assert!(peak < 60 << 10, "{peak} KB");
}

/// Fragments that never become datagrams are forgotten, the oldest first; the flow beside them is
/// not.
#[test]
fn fragments_that_never_end() {
    const FRAGMENTS: u32 = 100_000;
    let whole = tcp(sender(0), receiver(), ACK, 1, 1, b"whole");
    let mut capture = Capture::of(ETHERNET);
    for n in 0..FRAGMENTS {
        let mut fragment = tcp(sender(n), receiver(), ACK, 1, 1, &[0; 1200]);
        let id = (n as u16).to_be_bytes();
        fragment[4..6].copy_from_slice(&id);
        fragment[6..8].copy_from_slice(&[0x20, 0x01]);
        fragment[12..16].copy_from_slice(&n.to_be_bytes());
        capture.frame(&ethernet(&fragment));
    }
    capture.frame(&ethernet(&whole));
    let sandbox = capture.into_sandbox();
    Bounds { seconds: 5, memory: 400 }.run(&sandbox, "-o out -r in.pcap").succeeds();
    assert_eq!(sandbox.tree("out").into_values().collect::<Vec<_>>(), [b"whole"]);
}

/// The same tiny fragment over and over, the overlapping ones of "teardrop" and "Rose".
#[test]
fn fragments_that_overlap_in_every_way() {
    let mut capture = Capture::of(ETHERNET);
    let mut fragment = tcp(sender(0), receiver(), ACK, 1, 1, &[b'o'; 60]);
    fragment[4..6].copy_from_slice(&[7, 7]);
    for offset in (0..8192_u16).rev() {
        for flags in [0x2000, 0x0000] {
            let field = flags | offset;
            fragment[6..8].copy_from_slice(&field.to_be_bytes());
            capture.frame(&ethernet(&fragment));
        }
    }
    capture.frame(&ethernet(&tcp(sender(1), receiver(), ACK, 1, 1, b"beside")));
    let sandbox = capture.into_sandbox();
    SMALL.run(&sandbox, "-o out -r in.pcap").succeeds();
    let beside = sandbox.tree("out").into_values().any(|content| content == b"beside");
    assert!(beside);
}
