//! What cannot be written is told by name, and costs nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::packets::{Connection, Side};
use crate::support::sandbox::{Sandbox, is_root};

const CLIENT_FILE: &str = "010.000.000.001.40000-010.000.000.002.00080";
const SERVER_FILE: &str = "010.000.000.002.00080-010.000.000.001.40000";

#[test]
fn a_folder_where_the_report_should_be() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path("out/report.xml")).unwrap();
    sandbox.run("-o out -r {http-ipv4.pcap}").fails(1, &["out/report.xml"]);
}

/// Root may write everywhere, so the program runs as somebody else then.
#[test]
fn a_folder_that_may_not_be_written() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("out")).unwrap();
    fs::create_dir(sandbox.path("out/000")).unwrap();
    for folder in ["out/000", "out", "."] {
        fs::set_permissions(sandbox.path(folder), PermissionsExt::from_mode(0o555)).unwrap();
    }
    fs::set_permissions(sandbox.path("."), PermissionsExt::from_mode(0o777)).unwrap();
    fs::copy(crate::support::sandbox::fixture("http-ipv4.pcap"), sandbox.path("in.pcap")).unwrap();
    let user = if is_root() { "-U nobody" } else { "" };
    sandbox.run("-X report.xml -o out -Fk -q -r in.pcap -c").succeeds();
    let outcome = sandbox.run(&format!("{user} -X report.xml -o out -Fk -r in.pcap"));
    fs::set_permissions(sandbox.path("out"), PermissionsExt::from_mode(0o755)).unwrap();
    fs::set_permissions(sandbox.path("out/000"), PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    let outcome = outcome.complains(&[&format!("out/000/{CLIENT_FILE}"), "Permission denied"]);
    outcome.complains(&[&format!("out/000/{SERVER_FILE}"), "Permission denied"]);
    assert!(sandbox.names("out").is_empty());
    let report = sandbox.report("report.xml");
    assert_eq!(report.flows.len(), 2);
    assert!(report.flows.iter().all(|flow| flow.filename.is_none()));
}

#[test]
fn more_than_ten_thousand_files_deserve_a_warning() {
    let sandbox = Sandbox::new();
    let flow = |number: u32| {
        let client = format!("10.0.{}.{}:1000", number / 250, number % 250);
        Connection::between(&client, "10.1.0.2:80").says(Side::Client, b"x")
    };
    sandbox.capture("in.pcap", (0..10_001).map(flow));
    let outcome = sandbox.run("-o out -r in.pcap");
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    outcome.fails(0, &["-Fk", "-Fm", "-Fg", "out"]);
    sandbox.run("-q -o quiet -r in.pcap").succeeds();
    sandbox.run("-Fk -o sorted -r in.pcap").succeeds();
}
