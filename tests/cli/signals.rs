//! Signals end the reading in good order: what was seen so far is written and told.

use std::fs::OpenOptions;
use std::io::Write as _;

use rustix::process::Signal;

use crate::support::sandbox::{Sandbox, fixture, wait_until};

const CLIENT_FILE: &str = "010.000.000.001.40000-010.000.000.002.00080";

/// A pipe that gives the first packets of a capture and then nothing more, and the program that
/// reads it.
fn interrupted_by(signal: Signal) {
    let sandbox = Sandbox::new();
    sandbox.pipe("pipe");
    let running = sandbox.start("-o out -r pipe -FM -w rest.pcap");
    let capture = std::fs::read(fixture("http-ipv4.pcap")).unwrap();
    let mut writer = OpenOptions::new().write(true).open(sandbox.path("pipe")).unwrap();
    let three_packets_and_the_request = 24 + 4 * (16 + 54) + 46;
    writer.write_all(&capture[..three_packets_and_the_request]).unwrap();
    wait_until("the report's begin", || sandbox.path("out/report.xml").exists());
    // Time for the four packets; that they are read before the signal is what is tested.
    std::thread::sleep(std::time::Duration::from_millis(300));
    running.signal(signal);
    let outcome = running.finish();
    assert_eq!(outcome.status, Some(0), "{signal:?}: {outcome:?}");
    assert_eq!(outcome.complaints(), ["tcpflow: terminating orderly"], "{signal:?}");
    assert_eq!(sandbox.read(&format!("out/{CLIENT_FILE}")).len(), 46, "{signal:?}");
    let report = sandbox.report("out/report.xml");
    assert_eq!(report.text_of("total_packets"), "4");
    assert!(report.flow(&format!("out/{CLIENT_FILE}")).md5.is_some());
    assert_eq!(sandbox.read("rest.pcap").len(), 24);
    drop(writer);
}

#[test]
fn sigint_ends_orderly() {
    interrupted_by(Signal::INT);
}

#[test]
fn sigterm_ends_orderly() {
    interrupted_by(Signal::TERM);
}

#[test]
fn sighup_ends_orderly() {
    interrupted_by(Signal::HUP);
}
