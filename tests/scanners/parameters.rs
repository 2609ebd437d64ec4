//! What `-S` changes.

use std::os::unix::fs::MetadataExt as _;

use crate::support::captures::{ETHERNET, FIRST_SECOND, Frame, Pcap};
use crate::support::packets::{Connection, Side, ethernet, udp};
use crate::support::sandbox::Sandbox;
use crate::web::{SERVER_FLOW, exchange, gzip, report, response};

const FLOW: &str = "010.000.000.001.40000-010.000.000.002.00080";

/// A folder with a capture of these datagrams, each at its second.
fn timed(datagrams: impl IntoIterator<Item = (u64, Vec<u8>)>) -> Sandbox {
    let frames: Vec<_> = datagrams
        .into_iter()
        .map(|(second, datagram)| {
            let data = ethernet(&datagram);
            Frame { nanoseconds: second * 1_000_000_000, wire_len: data.len() as u32, data }
        })
        .collect();
    let sandbox = Sandbox::new();
    sandbox.write("timed.pcap", Pcap::of(ETHERNET).write(&frames));
    sandbox
}

/// Two payloads of a flow, and between them a datagram of somebody else.
fn idle(first: u64, other: u64, second: u64) -> Sandbox {
    let flow = Connection::between("10.0.0.1:40000", "10.0.0.2:80")
        .says(Side::Client, b"before")
        .says(Side::Client, b"after");
    let [before, after]: [_; 2] = flow.datagrams().try_into().expect("two datagrams");
    let [from, to] = ["10.0.0.3:53", "10.0.0.4:53"].map(|end| end.parse().expect("an address"));
    timed([(first, before), (other, udp(from, to, b"?")), (second, after)])
}

#[test]
fn idle_flows_end_when_another_packet_tells_the_time() {
    for (timeout, times, ends) in [
        (5, (0, 5, 6), false),
        (5, (0, 6, 6), true),
        // A packet of the flow itself does not end it, however late it is.
        (5, (0, 1, 100), false),
        (0, (0, 1000, 2000), false),
        // Time that goes backwards ends nothing.
        (5, (100, 0, 100), false),
    ] {
        let sandbox = idle(times.0, times.1, times.2);
        sandbox.run(&format!("-S tcp_timeout={timeout} -o out -r timed.pcap")).succeeds();
        let files = sandbox.tree("out");
        let expected = match ends {
            true => vec![
                (FLOW.to_owned(), b"before".to_vec()),
                (format!("{FLOW}c1"), b"after".to_vec()),
            ],
            false => vec![(FLOW.to_owned(), b"beforeafter".to_vec())],
        };
        assert_eq!(files.into_iter().collect::<Vec<_>>(), expected, "{timeout} {times:?}");
    }
}

#[test]
fn http_max_body_cuts_what_is_decompressed_and_says_so() {
    let body = vec![b'x'; 100_000];
    let coded = response("Content-Encoding: gzip\r\n", &gzip(&body));
    let plain = response("", &body);
    for (limit, size) in [("1000", 1000), ("2K", 2048), ("100000", 100_000), ("auto", 100_000)] {
        let sandbox = Sandbox::new();
        sandbox.capture("web.pcap", [exchange(&[&coded[..], &plain].concat())]);
        let outcome = sandbox.run(&format!("-e http -S http_max_body={limit} -o out -r web.pcap"));
        let outcome = match size < body.len() {
            true => outcome.complains(&["-HTTPBODY-001", "cut at", &size.to_string()]),
            false => outcome.succeeds(),
        };
        assert_eq!(outcome.status, Some(0));
        let cut = sandbox.read(&format!("out/{SERVER_FLOW}-HTTPBODY-001"));
        assert!(cut == body[..size], "{limit}: {} bytes", cut.len());
        // What is not compressed is not cut.
        assert!(sandbox.read(&format!("out/{SERVER_FLOW}-HTTPBODY-002")) == body);
        let size = format!("<filesize>{size}</filesize></fileobject></byte_run>");
        assert!(report(&sandbox.path("out")).contains(&size), "{limit}");
    }
}

/// 100 MB of zeros in 100 KB: without a limit of its own a body may become a thousand times its
/// size, so that honest ones are whole and a bomb is cut.
#[test]
fn honest_compression_is_never_cut() {
    let sandbox = Sandbox::new();
    let body = vec![0; 20_000_000];
    sandbox.capture("web.pcap", [exchange(&response("Content-Encoding: gzip\r\n", &gzip(&body)))]);
    sandbox.run("-e http -o out -r web.pcap").succeeds();
    assert!(sandbox.read(&format!("out/{SERVER_FLOW}-HTTPBODY-001")) == body);
}

#[test]
fn without_a_report_the_scanners_work_all_the_same() {
    let sandbox = Sandbox::new();
    sandbox.capture("web.pcap", [exchange(&response("", b"Hello"))]);
    let outcome = sandbox.run("-a -S enable_report=NO -X other.xml -o out -r web.pcap").succeeds();
    assert_eq!(outcome.stderr, "");
    assert!(!sandbox.path("out/report.xml").exists() && !sandbox.path("other.xml").exists());
    assert_eq!(sandbox.read(&format!("out/{SERVER_FLOW}-HTTPBODY-001")), b"Hello");
    assert!(sandbox.path("out/report.pdf").exists());
}

#[test]
fn tdelta_moves_flows_and_bodies() {
    let sandbox = Sandbox::new();
    sandbox.capture("web.pcap", [exchange(&response("", b"Hello"))]);
    sandbox.run("-e http -S tdelta=-3600 -o out -r web.pcap").succeeds();
    for name in [SERVER_FLOW.to_owned(), format!("{SERVER_FLOW}-HTTPBODY-001")] {
        let metadata = sandbox.path(format!("out/{name}")).metadata().expect("a file");
        assert_eq!(metadata.mtime(), i64::from(FIRST_SECOND) - 3600, "{name}");
    }
    assert!(report(&sandbox.path("out")).contains("<tdelta>-3600</tdelta>"));
}

#[test]
fn parameters_that_make_no_sense_are_refused_before_anything_is_made() {
    for (parameter, words) in [
        ("http_maxbody=5", "unknown parameter 'http_maxbody'"),
        ("http_max_body=5X", "'5X'"),
        ("tcp_timeout=-1", "'-1'"),
        ("tcp_alert_fd=abc", "'abc'"),
        ("netviz_histogram_dump=many", "'many'"),
        ("tdelta", "NAME=VALUE"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.capture("web.pcap", [exchange(&response("", b"Hello"))]);
        let outcome = sandbox.run(&format!("-S {parameter} -o out -r web.pcap"));
        assert_ne!(outcome.status, Some(0), "{parameter}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{parameter}: {outcome:?}");
        assert!(outcome.stderr.contains(words), "{parameter}: {outcome:?}");
        assert!(!sandbox.path("out").exists(), "{parameter}");
    }
}
