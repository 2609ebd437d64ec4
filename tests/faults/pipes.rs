//! Pipes that nobody reads any more, or nobody writes to yet.

use crate::support::packets::{Connection, Side};
use crate::support::sandbox::{Sandbox, wait_until};

/// `tcpflow -c | head -1` is no failure, as with every filter; the report, asked for, is whole.
#[test]
fn a_broken_pipe_is_quiet() {
    let sandbox = Sandbox::new();
    let talk = Connection::between("10.0.0.1:1", "10.0.0.2:80");
    let talk = (0..5000).fold(talk, |talk, _| talk.says(Side::Client, &[b'x'; 1000]));
    sandbox.capture("in.pcap", [talk]);
    for arguments in ["-c", "-C", "-cJ", "-CD", "-cB", "-c -X report.xml"] {
        let line = format!("{{ tcpflow {arguments} -r in.pcap; echo $? >status; }} | head -n 1");
        let outcome = sandbox.shell(&line).succeeds();
        assert!(!outcome.stdout.is_empty(), "{arguments}");
        assert_eq!(sandbox.read("status"), b"0\n", "{arguments}");
    }
    assert_eq!(sandbox.report("report.xml").flows.len(), 1);
    sandbox.shell("tcpflow -hh | head -n 1; tcpflow -H | true").succeeds();
}

/// Messages that cannot be printed are no reason to lose flows.
#[test]
fn a_broken_standard_error_costs_nothing() {
    let sandbox = Sandbox::with_flow();
    let line = "tcpflow -v -o out -r in.pcap 2>&1 >/dev/null | true; echo ${PIPESTATUS:-}";
    sandbox.shell(line).succeeds();
    sandbox.shell("tcpflow -v -T closed%a -o out -r in.pcap 2>&-").succeeds();
    assert_eq!(sandbox.read("out/closed00001"), b"text");
    assert_eq!(sandbox.read("out/010.000.000.001.00001-010.000.000.002.00080"), b"text");
}

/// While the program waits for somebody to open the next input, all of the one before is written:
/// whoever kills it loses nothing.
#[test]
fn what_was_read_is_written_before_a_pipe_is_waited_for() {
    let sandbox = Sandbox::with_flow();
    nix::unistd::mkfifo(&sandbox.path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let running = sandbox.start("-o out -T %a -r in.pcap -r pipe");
    let file = sandbox.path("out/00001");
    wait_until("the first flow", || std::fs::read(&file).is_ok_and(|text| text == b"text"));
    running.signal(rustix::process::Signal::KILL);
    running.finish();
    assert_eq!(sandbox.read("out/00001"), b"text");
}
