//! Pipes that nobody reads any more, or nobody writes to yet.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::packets::{Connection, Side};
use crate::support::sandbox::{Sandbox, is_root, skip, wait_until};

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
    sandbox.pipe("pipe");
    let running = sandbox.start("-o out -T %a -r in.pcap -r pipe");
    let file = sandbox.path("out/00001");
    wait_until("the first flow", || fs::read(&file).is_ok_and(|text| text == b"text"));
    running.signal(rustix::process::Signal::KILL);
    running.finish();
    assert_eq!(sandbox.read("out/00001"), b"text");
}

/// Compressed captures are read on a thread of their own, and on the only one if there can be no other.
#[test]
fn compressed_captures_are_read_without_a_second_thread() {
    const NAME: &str = "a compressed capture without a second thread";
    if !is_root() {
        return skip(NAME, "only root may become a user without other processes");
    }
    let sandbox = Sandbox::with_flow();
    fs::set_permissions(sandbox.path("."), PermissionsExt::from_mode(0o777)).unwrap();
    let program = env!("CARGO_BIN_EXE_tcpflow");
    let alone = "prlimit --nproc=1 setpriv --reuid 54321 --regid 54321 --clear-groups";
    let tried = sandbox.shell(&format!("{alone} {program} -V"));
    if tried.status != Some(0) {
        return skip(NAME, "another user may not run the program here");
    }
    sandbox.shell("gzip -k in.pcap").succeeds();
    for input in ["-r in.pcap.gz", "-r - <in.pcap.gz", "-r - <in.pcap"] {
        let line = format!("rm -rf out; {alone} {program} -T %a -o out {input}");
        sandbox.shell(&line).succeeds();
        assert_eq!(sandbox.read("out/00001"), b"text", "{input}");
    }
}
