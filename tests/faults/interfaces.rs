//! Devices that go down or away during a capture.

use std::fs;
use std::io::Write as _;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::fed::wait_for;
use crate::support::network::{Cable, ip};
use crate::support::sandbox::{Running, Sandbox};

const FLOW: &str = "out/00080";

fn capture(sandbox: &Sandbox, cable: &Cable) -> Running {
    let arguments = "-i right -q -T %b -o out tcp dst port 80";
    let running = sandbox.start_inside(&cable.right, arguments);
    running.says("listening on right");
    running
}

/// The device is gone for good: everything so far is written and reported, and the run fails.
#[test]
fn an_interface_that_disappears_ends_the_capture() {
    let Some(cable) = Cable::lay("an interface that disappears") else { return };
    let sandbox = Sandbox::new();
    let running = capture(&sandbox, &cable);
    let (mut client, _server) = cable.connect(80);
    client.write_all(b"before").unwrap();
    wait_for(&sandbox, FLOW, b"before");
    assert!(ip(&format!("-n {} link delete right", cable.right)));
    let outcome = running.finish();
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    let errors: Vec<_> =
        outcome.complaints().into_iter().filter(|line| is_complaint(line)).collect();
    assert_eq!(errors.len(), 1, "{outcome:?}");
    assert!(errors[0].ends_with("tcpflow: right: The interface disappeared"), "{outcome:?}");
    assert_eq!(sandbox.read(FLOW), b"before");
    assert_eq!(sandbox.report("out/report.xml").flow(FLOW).filesize, "6");
}

/// What is down may come up again; the capture waits for it, without keeping a processor busy.
#[test]
fn an_interface_that_goes_down_and_up_is_captured_on() {
    let Some(cable) = Cable::lay("an interface that goes down") else { return };
    let sandbox = Sandbox::new();
    let running = capture(&sandbox, &cable);
    let (mut client, _server) = cable.connect(80);
    client.write_all(b"before ").unwrap();
    wait_for(&sandbox, FLOW, b"before ");
    assert!(ip(&format!("-n {} link set right down", cable.right)));
    let busy = processor_time(running.id());
    thread::sleep(Duration::from_secs(1));
    let busy = processor_time(running.id()) - busy;
    assert!(busy < 30, "{busy} hundredths of a second of processor in a second of waiting");
    assert_eq!(sandbox.read(FLOW), b"before ");
    assert!(ip(&format!("-n {} link set right up", cable.right)));
    client.write_all(b"after").unwrap();
    wait_for(&sandbox, FLOW, b"before after");
    running.signal(Signal::INT);
    let outcome = running.finish();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert_eq!(sandbox.report("out/report.xml").flow(FLOW).filesize, "12");
}

/// Whether a line tells of more than the usual end of a capture.
fn is_complaint(line: &str) -> bool {
    ["listening on ", "terminating orderly", " packets received, "]
        .iter()
        .all(|usual| !line.contains(usual))
}

/// The processor time of a process, in hundredths of a second.
fn processor_time(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, behind_name) = text.rsplit_once(") ").unwrap();
    let fields: Vec<_> = behind_name.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
