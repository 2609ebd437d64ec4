//! The second signal.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::control_characters::zip_entry;
use crate::fed::{Fed, packets, wait_for};
use crate::support::captures::{ETHERNET, Pcap};
use crate::support::packets::{Connection, Side};
use crate::support::sandbox::{Sandbox, wait_until};

/// The first SIGINT ends in good order, for which a hook makes it wait; the second one ends at
/// once. What was written stays.
#[test]
fn a_second_signal_ends_at_once() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let sandbox = Sandbox::new();
        sandbox.write("slow.sh", "exec >/dev/null 2>&1; touch slow; exec sleep 8\n");
        let mut fed = Fed::start_by(&sandbox, |sandbox| {
            let hook = "tcp_cmd=exec sh slow.sh";
            sandbox.start_with(["-r", "in", "-o", "out", "-T", "%a", "-S", hook])
        });
        fed.give(Connection::between("10.0.0.1:1", "10.0.0.2:80").says(Side::Client, b"text"));
        wait_for(&sandbox, "out/00001", b"text");
        fed.signal(signal);
        fed.says("terminating orderly");
        wait_until("the hook", || sandbox.path("slow").exists());
        let second = Instant::now();
        fed.signal(signal);
        let outcome = fed.finish();
        assert!(second.elapsed() < Duration::from_secs(5), "{:?}", second.elapsed());
        assert_eq!(outcome.status, Some(status), "{outcome:?}");
        assert_eq!(sandbox.read("out/00001"), b"text");
    }
}

/// One signal is enough however long nothing comes.
#[test]
fn the_first_signal_is_heard_while_nothing_comes() {
    let sandbox = Sandbox::new();
    let mut fed = Fed::start(&sandbox, "-o out -T %a");
    fed.give(Connection::between("10.0.0.1:1", "10.0.0.2:80").says(Side::Client, b"text"));
    wait_for(&sandbox, "out/00001", b"text");
    fed.signal(Signal::INT);
    let outcome = fed.finish();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert_eq!(outcome.complaints(), ["tcpflow: terminating orderly"]);
    assert_eq!(sandbox.report("out/report.xml").flow("out/00001").filesize, "4");
}

/// The same while the next file of an archive is waited for: what was read before is written meanwhile.
#[test]
fn the_first_signal_is_heard_between_the_files_of_an_archive() {
    let sandbox = Sandbox::new();
    let flow = Connection::between("10.0.0.1:1", "10.0.0.2:80").says(Side::Client, b"text");
    let capture = [Pcap::of(ETHERNET).write(&[]), packets(flow)].concat();
    let archive = [zip_entry(b"a.pcap", &capture), zip_entry(b"README", &[b'x'; 5_000_000])];
    sandbox.pipe("in");
    let running = sandbox.start("-o out -T %a -r in");
    let mut pipe = OpenOptions::new().write(true).open(sandbox.path("in")).unwrap();
    pipe.write_all(&archive.concat()[..4_000_000]).unwrap();
    wait_for(&sandbox, "out/00001", b"text");
    running.signal(Signal::INT);
    let outcome = running.finish();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert_eq!(sandbox.report("out/report.xml").flow("out/00001").filesize, "4");
}
