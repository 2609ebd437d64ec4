//! Root who captures hears in one line how to keep less power, unless that was done or not wanted.

use rustix::process::Signal;

use crate::support::sandbox::{Sandbox, is_root, skip};

/// The lines about capturing as root of a live capture with these arguments.
fn hints(arguments: &str) -> Vec<String> {
    let sandbox = Sandbox::new();
    let running = sandbox.start(&format!("-i lo {arguments} -X report.xml tcp port 9"));
    running.says("reportfilename: ");
    running.signal(Signal::INT);
    let outcome = running.finish();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let about_root = |line: &&str| line.contains("root");
    outcome.complaints().into_iter().filter(about_root).map(str::to_owned).collect()
}

#[test]
fn root_who_captures_hears_of_u_once() {
    if !is_root() {
        skip("the hint for root", "only root may capture");
        return;
    }
    let line = "tcpflow: capturing as root: with -U USER only the device is opened as root \
                (-q omits this line)";
    assert_eq!(hints(""), [line]);
    assert_eq!(hints("-c"), [line], "on standard error, not in the way of the bytes");
    for silent in ["-U nobody", "-q", "-d 0"] {
        assert_eq!(hints(silent), Vec::<String>::new(), "{silent}");
    }
}

#[test]
fn reading_files_gives_no_hint() {
    let sandbox = Sandbox::with_flow();
    let outcome = sandbox.run("-o out -r in.pcap").succeeds();
    assert_eq!(outcome.stderr, "reportfilename: out/report.xml\n");
}
