//! SIGKILL, which no program can prepare for: what was flushed is right, and the report can be
//! repaired as the manual page says.

use rustix::process::Signal;

use crate::fed::{Fed, wait_for};
use crate::support::packets::{Connection, Side};
use crate::support::report::Report;
use crate::support::sandbox::{Sandbox, wait_until};

/// The lines of shell that the manual page gives for the repair.
fn repair() -> String {
    let page = include_str!("../../man/tcpflow.1");
    let (_, section) = page.split_once(".Sh AFTER A CRASH\n").expect("the section");
    let (_, display) = section.split_once(".Bd -literal -offset indent\n").expect("the lines");
    let (lines, _) = display.split_once("\n.Ed\n").expect("the end of the lines");
    lines.replace("\\(aq", "'").replace("\\&", "").replace("\\-", "-").replace("\\e", "\\")
}

/// Kills the program while one flow is over and another one still open.
#[test]
fn sigkill_leaves_right_files_and_a_report_that_can_be_repaired() {
    let sandbox = Sandbox::new();
    let mut fed = Fed::start(&sandbox, "-o out -T %a -FM");
    let closed = Connection::between("10.0.0.1:1", "10.0.0.2:80")
        .handshake()
        .says(Side::Client, b"all of it")
        .goodbye();
    fed.give(closed);
    let open = Connection::between("10.0.0.1:2", "10.0.0.2:80").says(Side::Client, b"so far");
    fed.give(open);
    wait_for(&sandbox, "out/00001", b"all of it");
    wait_for(&sandbox, "out/00002", b"so far");
    wait_until("the report of the first flow", || {
        String::from_utf8_lossy(&sandbox.read("out/report.xml")).contains("out/00001")
    });
    fed.signal(Signal::KILL);
    let outcome = fed.finish();
    assert_eq!(outcome.status, None, "{outcome:?}");
    assert_eq!(outcome.complaints(), Vec::<&str>::new());
    assert_eq!(sandbox.read("out/00001"), b"all of it");
    assert_eq!(sandbox.read("out/00002"), b"so far");

    sandbox.shell(&format!("cd out\n{}", repair())).succeeds();
    let report = sandbox.report("out/repaired.xml");
    let flow = report.flow("out/00001");
    assert_eq!(flow.filesize, "9");
    assert_eq!(flow.attribute("packets"), Some("4"));
    assert!(flow.md5.is_some());
    assert_eq!(report.text_of("tdelta"), "0");
}

/// Wherever the report was cut, in the middle of a line too, all whole entries survive.
#[test]
fn a_report_cut_anywhere_can_be_repaired() {
    let sandbox = Sandbox::new();
    let page =
        b"HTTP/1.1 200 OK\r\nServer: long enough to be taken for HTTP, which takes 80 bytes\r\n\
        Content-Length: 2\r\n\r\nhi";
    let web = |port: u16| {
        Connection::between(&format!("10.0.0.1:{port}"), "10.0.0.2:80")
            .handshake()
            .says(Side::Client, b"GET / HTTP/1.1\r\n\r\n")
            .says(Side::Server, page)
            .goodbye()
    };
    sandbox.capture("in.pcap", (1..=3).map(web));
    sandbox.run("-e http -e md5 -o out -r in.pcap").succeeds();
    let whole = sandbox.read("out/report.xml");
    let text = String::from_utf8(whole.clone()).unwrap();
    assert!(text.contains("<byte_runs>"), "entries inside of entries");
    let expected = Report::parse(&text);
    let begin = text.find("\n  <configuration>\n").expect("the first element of lists") + 20;
    let end = text.rfind("    </fileobject>\n").expect("the last entry") + 18;
    for cut in (begin..=end).step_by(31).chain([end]) {
        sandbox.write("report.xml", &whole[..cut]);
        sandbox.shell(&repair()).succeeds();
        let repaired = sandbox.report("repaired.xml");
        let kept = text[..cut].matches("\n    </fileobject>\n").count();
        let flows = flow_lines(&expected);
        assert_eq!(flow_lines(&repaired), flows[..kept], "cut at {cut}");
    }
}

/// What a report tells of flows; the reader counts the entries of bodies as flows, too.
fn flow_lines(report: &Report) -> Vec<String> {
    let lines = report.lines("out/");
    lines.lines().filter(|line| !line.contains("HTTPBODY")).map(str::to_owned).collect()
}
