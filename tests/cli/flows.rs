//! The options that change how packets become streams and what is kept of them.

use std::ops::Range;

use crate::support::captures::{ETHERNET, Pcap, frames};
use crate::support::packets::{ACK, Connection, PSH, Side, ethernet};
use crate::support::sandbox::Sandbox;

const CLIENT_FILE: &str = "010.000.000.001.40000-010.000.000.002.00080";
const SECOND: u64 = 1_000_000_000;

fn client() -> Connection {
    Connection::between("10.0.0.1:40000", "10.0.0.2:80")
}

/// Writes a capture whose packets come so many seconds after its begin.
fn capture_at(sandbox: &Sandbox, name: &str, connection: Connection, seconds: &[u64]) {
    let mut frames = frames(connection.datagrams().iter().map(|datagram| ethernet(datagram)));
    assert_eq!(frames.len(), seconds.len());
    for (frame, second) in frames.iter_mut().zip(seconds) {
        frame.nanoseconds = second * SECOND;
    }
    sandbox.write(name, Pcap::of(ETHERNET).write(&frames));
}

#[test]
fn b_keeps_the_first_bytes_and_reports_the_true_size() {
    let sandbox = Sandbox::new();
    sandbox.run("-b 6 -o out -r {out-of-order.pcap}").succeeds();
    assert_eq!(sandbox.read(&format!("out/{CLIENT_FILE}")), b"one tw");
    let report = sandbox.report("out/report.xml");
    assert_eq!(report.flow(&format!("out/{CLIENT_FILE}")).filesize, "13");
}

#[test]
fn b_0_leaves_empty_files() {
    let sandbox = Sandbox::new();
    sandbox.run("-b0 -o out -r {http-ipv4.pcap}").succeeds();
    assert!(sandbox.tree("out").values().all(Vec::is_empty));
    assert_eq!(sandbox.names("out").len(), 2);
}

/// What an insertion moves beyond the limit is cut off.
#[test]
fn b_holds_when_the_stream_moves_up() {
    let sandbox = Sandbox::new();
    sandbox.run("-b 8 -o out -r {insertion.pcap}").succeeds();
    assert_eq!(sandbox.read(&format!("out/{CLIENT_FILE}")), b"A\0\0\0hell");
}

#[test]
fn m_says_which_jump_begins_a_new_flow() {
    for (max_skip, expected) in [
        ("10", vec![(CLIENT_FILE.to_owned(), b"before\0\0\0\0\0\0\0\0\0\0after".to_vec())]),
        (
            "9",
            vec![
                (CLIENT_FILE.to_owned(), b"before".to_vec()),
                (format!("{CLIENT_FILE}c1"), b"after".to_vec()),
            ],
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.run(&format!("-m {max_skip} -o out -r {{gap.pcap}}")).succeeds();
        assert_eq!(Vec::from_iter(sandbox.tree("out")), expected, "-m {max_skip}");
    }
}

#[test]
fn a_jump_beyond_16_megabytes_begins_a_new_flow() {
    let sandbox = Sandbox::new();
    let jump = |distance: u32| {
        client().segment(Side::Client, PSH | ACK, 0, b"a").segment(
            Side::Client,
            PSH | ACK,
            1 + distance,
            b"b",
        )
    };
    sandbox.capture("within.pcap", [jump(16 << 20)]);
    sandbox.capture("beyond.pcap", [jump((16 << 20) + 1)]);
    sandbox.run("-o within -r within.pcap").succeeds();
    sandbox.run("-o beyond -r beyond.pcap").succeeds();
    assert_eq!(sandbox.read(&format!("within/{CLIENT_FILE}")).len(), (16 << 20) + 2);
    assert_eq!(sandbox.read(&format!("beyond/{CLIENT_FILE}")), b"a");
    assert_eq!(sandbox.read(&format!("beyond/{CLIENT_FILE}c1")), b"b");
}

#[test]
fn i_writes_an_index_of_what_arrived_when() {
    let sandbox = Sandbox::new();
    sandbox.run("-I -o out -r {out-of-order.pcap}").succeeds();
    let index = sandbox.read(&format!("out/{CLIENT_FILE}.findx"));
    let expected = "0|1700000000.126456|4\n8|1700000000.127456|5\n4|1700000000.128456|4\n";
    assert_eq!(String::from_utf8_lossy(&index), expected);
    assert_eq!(sandbox.names("out"), [CLIENT_FILE.to_owned(), format!("{CLIENT_FILE}.findx")]);
}

#[test]
fn the_index_follows_tdelta_and_b() {
    let sandbox = Sandbox::new();
    sandbox.run("-I -b 10 -S tdelta=100 -o out -r {out-of-order.pcap}").succeeds();
    let index = sandbox.read(&format!("out/{CLIENT_FILE}.findx"));
    let expected = "0|1700000100.126456|4\n8|1700000100.127456|2\n4|1700000100.128456|4\n";
    assert_eq!(String::from_utf8_lossy(&index), expected);
}

/// Six flows that speak in turns, with descriptors for two.
#[test]
fn f_is_a_cache_and_loses_nothing() {
    let sandbox = Sandbox::new();
    let flows: Vec<_> = (1..=6)
        .map(|number| Connection::between(&format!("10.0.0.{number}:1000"), "10.0.0.9:80"))
        .map(|connection| {
            (0..20).fold(connection, |flow, round| {
                flow.says(Side::Client, format!("round {round:02}\n").as_bytes())
            })
        })
        .map(Connection::datagrams)
        .collect();
    let turns = (0..20).flat_map(|round| flows.iter().map(move |flow| ethernet(&flow[round])));
    sandbox.write("turns.pcap", Pcap::of(ETHERNET).write(&frames(turns)));
    sandbox.run("-f 2 -S buffer_memory=0 -o out -r turns.pcap").succeeds();
    let expected: String = (0..20).map(|round| format!("round {round:02}\n")).collect();
    let tree = sandbox.tree("out");
    assert_eq!(tree.len(), 6);
    for (name, content) in tree {
        assert_eq!(String::from_utf8_lossy(&content), expected, "{name}");
    }
}

/// What a flow says in a round.
fn words(flow: usize, round: usize) -> Vec<u8> {
    format!("{flow} {round} ").repeat(60).into_bytes()
}

/// A capture of flows that speak in turns, in these rounds.
fn turns(flows: usize, rounds: Range<usize>) -> Vec<u8> {
    let talk = |flow: usize| {
        let client = format!("10.0.{}.{}:1000", flow / 250, flow % 250);
        let talk = Connection::between(&client, "10.1.0.9:80");
        let talk =
            (0..rounds.end).fold(talk, |it, round| it.says(Side::Client, &words(flow, round)));
        talk.datagrams()
    };
    let talks: Vec<_> = (0..flows).map(talk).collect();
    let frames = frames(rounds.flat_map(|it| talks.iter().map(move |talk| ethernet(&talk[it]))));
    Pcap::of(ETHERNET).write(&frames)
}

/// Small flows leave their payloads in a capture file, to be read again; in a pipe they cannot.
#[test]
fn what_many_flows_left_in_their_captures_is_read_again() {
    const FLOWS: usize = 500;
    const ROUNDS: usize = 16;
    let sandbox = Sandbox::new();
    sandbox.write("one.pcap", turns(FLOWS, 0..6));
    sandbox.write("two.pcap", turns(FLOWS, 6..ROUNDS));
    let all = turns(FLOWS, 0..ROUNDS);
    for options in ["", "-e md5", "-a -x netviz", "-f 40", "-S buffer_memory=0"] {
        let options = format!("-S buffer_memory=400K {options}");
        sandbox.run(&format!("{options} -o files -r one.pcap -r two.pcap")).succeeds();
        sandbox.run_on(&all, &format!("{options} -o pipe -r -")).succeeds();
        let tree = sandbox.tree("files");
        assert_eq!(tree.len(), FLOWS);
        for (flow, (name, content)) in tree.into_iter().enumerate() {
            let expected = (0..ROUNDS).flat_map(|round| words(flow, round));
            assert!(expected.eq(content), "{options}: {name}");
        }
        let facts = |folder: &str| -> Vec<_> {
            let report = sandbox.report(&format!("{folder}/report.xml"));
            report
                .flows
                .into_iter()
                .map(|it| (it.filename.is_some(), it.filesize, it.md5))
                .collect()
        };
        assert!(facts("files") == facts("pipe"), "{options}");
        sandbox.shell("rm -r files pipe").succeeds();
    }
}

#[test]
fn tdelta_moves_every_time() {
    let sandbox = Sandbox::new();
    sandbox.run("-S tdelta=-3600 -T %t%a -o out -r {http-ipv4.pcap}").succeeds();
    assert_eq!(sandbox.names("out"), ["169999640000080", "169999640040000"]);
    let report = sandbox.report("out/report.xml");
    assert_eq!(report.text_of("tdelta"), "-3600");
    let start = report.flows[0].attribute("startime");
    assert_eq!(start, Some("2023-11-14T21:13:20.123456Z"));
    let modified = sandbox.path("out/169999640000080").metadata().unwrap().modified().unwrap();
    let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(since.as_secs(), 1_700_000_000 - 3600);
}

/// A flow that was silent for 3 seconds goes on in a new file, but only if the limit is below 3.
#[test]
fn tcp_timeout_closes_idle_flows() {
    let sandbox = Sandbox::new();
    let other = Connection::between("10.0.0.3:5", "10.0.0.2:80").says(Side::Client, b"x");
    let talk = client().says(Side::Client, b"one").says(Side::Client, b"two");
    let [first, second] = talk.datagrams().try_into().unwrap();
    let datagrams = [first, other.datagrams().remove(0), second];
    let mut frames = frames(datagrams.map(|datagram| ethernet(&datagram)));
    for (frame, second) in frames.iter_mut().zip([0, 3, 4]) {
        frame.nanoseconds = second * SECOND;
    }
    sandbox.write("idle.pcap", Pcap::of(ETHERNET).write(&frames));

    sandbox.run("-S tcp_timeout=2 -o short -r idle.pcap").succeeds();
    assert_eq!(sandbox.read(&format!("short/{CLIENT_FILE}")), b"one");
    assert_eq!(sandbox.read(&format!("short/{CLIENT_FILE}c1")), b"two");
    assert_eq!(sandbox.report("short/report.xml").text_of("total_flows"), "3");

    sandbox.run("-S tcp_timeout=3 -o long -r idle.pcap").succeeds();
    assert_eq!(sandbox.read(&format!("long/{CLIENT_FILE}")), b"onetwo");
    sandbox.run("-o never -r idle.pcap").succeeds();
    assert_eq!(sandbox.read(&format!("never/{CLIENT_FILE}")), b"onetwo");
}

/// A packet of the flow itself comes first and keeps it open.
#[test]
fn tcp_timeout_spares_a_flow_that_speaks_again() {
    let sandbox = Sandbox::new();
    let talk = client().says(Side::Client, b"one").says(Side::Client, b"two");
    capture_at(&sandbox, "idle.pcap", talk, &[0, 100]);
    sandbox.run("-S tcp_timeout=2 -o out -r idle.pcap").succeeds();
    assert_eq!(sandbox.read(&format!("out/{CLIENT_FILE}")), b"onetwo");
}

/// Time that goes backwards closes nothing.
#[test]
fn tcp_timeout_bears_time_going_backwards() {
    let sandbox = Sandbox::new();
    let talk = client().says(Side::Client, b"a").says(Side::Client, b"b").says(Side::Client, b"c");
    capture_at(&sandbox, "back.pcap", talk, &[100, 0, 1]);
    sandbox.run("-S tcp_timeout=2 -o out -r back.pcap").succeeds();
    assert_eq!(sandbox.read(&format!("out/{CLIENT_FILE}")), b"abc");
}

/// A stream of more than 4 GiB, of which only the ends of its jumps are in the capture. The file is
/// not written, so that the test needs no such disk.
#[test]
fn streams_over_4_gib_have_true_positions() {
    let sandbox = Sandbox::new();
    let step = 16_000_000;
    let connection = (0..300u32).fold(client(), |connection, number| {
        connection.segment(Side::Client, PSH | ACK, number.wrapping_mul(step), b"x")
    });
    sandbox.capture("long.pcap", [connection]);
    sandbox.run("-FX -o out -r long.pcap").succeeds();
    let report = sandbox.report("out/report.xml");
    assert_eq!(report.flows.len(), 1);
    assert_eq!(report.flows[0].filesize, (299 * u64::from(step) + 1).to_string());
    sandbox.run("-o sparse -r long.pcap").succeeds();
    let size = sandbox.path(format!("sparse/{CLIENT_FILE}")).metadata().unwrap().len();
    assert_eq!(size, 299 * u64::from(step) + 1);
}
