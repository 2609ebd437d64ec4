//! Folders that vanish, and files where folders should be.

use std::fs;

use crate::fed::{Fed, wait_for};
use crate::support::packets::{Connection, Side};
use crate::support::sandbox::Sandbox;

fn open_flow(port: u16) -> Connection {
    let client = format!("10.0.0.1:{port}");
    Connection::between(&client, "10.0.0.2:80").says(Side::Client, b"before ")
}

/// As with the original the folder is made anew, so that a capture goes on; but what was lost with
/// the folder is told, file by file.
#[test]
fn an_output_folder_that_is_removed_is_told_and_what_comes_later_is_kept() {
    for template in ["%a", "%b/%a"] {
        let sandbox = Sandbox::new();
        let name = |port: &str| match template {
            "%a" => format!("out/{port}"),
            _ => format!("out/00080/{port}"),
        };
        let mut fed = Fed::start(&sandbox, &format!("-o out -T {template}"));
        fed.give(open_flow(1));
        wait_for(&sandbox, &name("00001"), b"before ");
        fs::remove_dir_all(sandbox.path("out")).unwrap();
        fed.give(open_flow(2).goodbye());
        wait_for(&sandbox, &name("00002"), b"before ");
        let outcome = fed.end();
        assert_eq!(outcome.status, Some(1), "{outcome:?}");
        let removed = "removed while it was being written";
        let expected =
            [&name("00001"), "out/report.xml"].map(|name| format!("tcpflow: {name}: {removed}"));
        assert_eq!(outcome.complaints(), expected);
        assert_eq!(sandbox.read(&name("00002")), b"before ");
    }
}

/// A report elsewhere tells that the flow has no file any more.
#[test]
fn a_removed_file_is_not_in_the_report() {
    let sandbox = Sandbox::new();
    let mut fed = Fed::start(&sandbox, "-o out -T %a -X report.xml");
    fed.give(open_flow(1));
    wait_for(&sandbox, "out/00001", b"before ");
    fs::remove_file(sandbox.path("out/00001")).unwrap();
    fed.give(open_flow(2));
    wait_for(&sandbox, "out/00002", b"before ");
    fed.end().fails(1, &["out/00001: removed while it was being written"]);
    let report = sandbox.report("report.xml");
    let names: Vec<_> = report.flows.iter().map(|flow| flow.filename.as_deref()).collect();
    assert_eq!(names, [None, Some("out/00002")]);
}

#[test]
fn a_file_where_a_folder_must_be() {
    let sandbox = Sandbox::new();
    sandbox.capture("in.pcap", [open_flow(1), open_flow(2)]);
    sandbox.write("out", "in the way");
    sandbox.run("-o out -r in.pcap").fails(1, &["out: not a folder"]);
    assert_eq!(sandbox.read("out"), b"in the way");
    fs::create_dir(sandbox.path("other")).unwrap();
    sandbox.write("other/00001", "in the way");
    let outcome = sandbox.run("-o other -T %a/x -r in.pcap");
    outcome.fails(1, &["other/00001/x: Not a directory"]);
    assert_eq!(sandbox.read("other/00001"), b"in the way");
    assert_eq!(sandbox.read("other/00002/x"), b"before ");
}
