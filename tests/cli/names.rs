//! How files are named: templates, `-F`, folders, counts; and that no file is ever overwritten.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::packets::{Connection, Side};
use crate::support::sandbox::Sandbox;

const CLIENT_FILE: &str = "010.000.000.001.40000-010.000.000.002.00080";
const SERVER_FILE: &str = "010.000.000.002.00080-010.000.000.001.40000";

/// The names of what the two flows of an HTTP exchange are written to.
fn names(arguments: &str) -> Vec<String> {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("-o out -r {{http-ipv4.pcap}} {arguments}")).succeeds();
    sandbox.names("out")
}

#[test]
fn without_a_folder_files_are_where_the_program_runs() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("-r {http-ipv4.pcap}").succeeds();
    assert_eq!(outcome.stderr, "reportfilename: ./report.xml\n");
    assert_eq!(sandbox.names("."), [CLIENT_FILE, SERVER_FILE]);
}

#[test]
fn every_code_of_a_template() {
    for (template, client, server) in [
        (
            "%A_%a_%B_%b",
            "010.000.000.001_40000_010.000.000.002_00080",
            "010.000.000.002_00080_010.000.000.001_40000",
        ),
        ("%E_%e", "02:00:00:00:00:01_02:00:00:00:00:02", "02:00:00:00:00:01_02:00:00:00:00:02c1"),
        ("%T", "2023-11-14T22:13:20Z", "2023-11-14T22:13:20Zc1"),
        ("%t.%a", "1700000000.00080", "1700000000.40000"),
        ("%N-%K-%M-%G", "000-000-000-000", "001-000-000-000"),
        ("%S%a", "0000000000000000000000080", "0000000000000000000040000"),
        ("%a%%%#", "00080%0", "40000%0"),
        ("x%C%c", "x", "xc1"),
        ("x%c", "x", "x1"),
        ("x", "x", "xc1"),
        ("%b/%a", "00080/40000", "40000/00080"),
        ("%v%V%a", "00080", "40000"),
    ] {
        let mut expected = [client, server];
        if template == "%b/%a" {
            expected = ["40000/00080", "00080/40000"];
        }
        let mut found = names(&format!("-T {template}"));
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{template}");
    }
}

#[test]
fn codes_of_a_vlan() {
    let sandbox = Sandbox::new();
    sandbox.run("-o out -T %a%V%v -r {vlan.pcap}").succeeds();
    assert_eq!(sandbox.names("out"), ["00080--100", "40000--100"]);
}

#[test]
fn letters_edit_the_template_in_the_order_given() {
    let both = |prefix: &str, suffix: &str| {
        [CLIENT_FILE, SERVER_FILE].map(|name| format!("{prefix}{name}{suffix}"))
    };
    assert_eq!(names("-Fc"), both("", "c0"));
    assert_eq!(names("-Ft"), both("1700000000T", ""));
    assert_eq!(names("-FT"), both("2023-11-14T22:13:20Z", ""));
    assert_eq!(names("-Fk"), both("000/", ""));
    assert_eq!(names("-Fm"), both("000000-000999/000000/", ""));
    assert_eq!(names("-Fg"), both("000000000-000999999/000000000-000000999/000000000/", ""));
    assert_eq!(names("-FkT"), both("2023-11-14T22:13:20Z000/", ""));
    assert_eq!(names("-FTk"), both("000/2023-11-14T22:13:20Z", ""));
    assert_eq!(names("-F k -Fc"), both("000/", "c0"));
}

#[test]
fn a_template_replaces_the_letters_before_it() {
    assert_eq!(names("-Fk -T %a"), ["00080", "40000"]);
    assert_eq!(names("-T %a -Fk"), ["000/00080", "000/40000"]);
}

#[test]
fn an_unknown_letter_is_told_and_the_run_goes_on() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("-o out -FkQc -r {http-ipv4.pcap}");
    assert_eq!(outcome.status, Some(0));
    outcome.complains(&["'Q'"]);
    assert_eq!(sandbox.names("out").len(), 2);
    assert!(sandbox.names("out")[0].starts_with("000/"));
}

#[test]
fn a_bad_template_is_refused_before_anything_is_made() {
    for template in ["%Q", "%a%", "%A%"] {
        let sandbox = Sandbox::new();
        let arguments = ["-o", "out", "-T", template, "-r", "none.pcap"];
        sandbox.run_with(arguments).fails(1, &["template", template]);
        assert!(!sandbox.path("out").exists());
    }
}

/// The count rises until the name is free, whoever took the name.
#[test]
fn existing_files_are_never_overwritten() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("out")).unwrap();
    sandbox.write(&format!("out/{CLIENT_FILE}"), "evidence");
    fs::create_dir(sandbox.path(format!("out/{CLIENT_FILE}c1"))).unwrap();
    std::os::unix::fs::symlink("nowhere", sandbox.path(format!("out/{CLIENT_FILE}c2"))).unwrap();
    sandbox.run("-o out -r {http-ipv4.pcap}").succeeds();
    assert_eq!(sandbox.read(&format!("out/{CLIENT_FILE}")), b"evidence");
    assert!(!sandbox.path("out/nowhere").exists(), "written through a link");
    assert!(sandbox.read(&format!("out/{CLIENT_FILE}c3")).starts_with(b"GET "));
    let report = sandbox.report("out/report.xml");
    assert_eq!(report.flow(&format!("out/{CLIENT_FILE}c3")).filesize, "46");
}

#[test]
fn a_second_run_writes_beside_the_first() {
    let sandbox = Sandbox::new();
    sandbox.run("-o out -r {http-ipv4.pcap}").succeeds();
    sandbox.run("-o out -r {http-ipv4.pcap}").succeeds();
    let tree = sandbox.tree("out");
    assert_eq!(tree.len(), 4);
    assert_eq!(tree[CLIENT_FILE], tree[&format!("{CLIENT_FILE}c1")]);
    assert_eq!(tree[SERVER_FILE], tree[&format!("{SERVER_FILE}c1")]);
}

#[test]
fn connection_numbers_fill_folders_of_a_thousand() {
    let sandbox = Sandbox::new();
    let connection = |number: u16| {
        let client = format!("10.0.0.1:{}", 10_000 + number);
        Connection::between(&client, "10.0.0.2:80").says(Side::Client, b"x")
    };
    sandbox.capture("many.pcap", (0..1001).map(connection));
    sandbox.run("-o out -Fk -T %N -Fk -r many.pcap").succeeds();
    let names = sandbox.names("out");
    assert_eq!(names.len(), 1001);
    assert_eq!(names[0], "000/000");
    assert_eq!(names[999..], ["000/999", "001/000"]);
}

/// Opposite flows share a session while both are open.
#[test]
fn sessions_are_numbered_by_pairs() {
    let sandbox = Sandbox::new();
    let open = |client: &str| {
        Connection::between(client, "10.0.0.2:80")
            .handshake()
            .says(Side::Client, b"x")
            .says(Side::Server, b"y")
    };
    sandbox.capture("two.pcap", ["10.0.0.1:1", "10.0.0.1:2"].map(open));
    sandbox.run("-o out -T %S-%a-%b -r two.pcap").succeeds();
    let session = |number: u32, ports: &str| format!("{number:020}-{ports}");
    let expected = [
        session(0, "00001-00080"),
        session(0, "00080-00001"),
        session(1, "00002-00080"),
        session(1, "00080-00002"),
    ];
    assert_eq!(sandbox.names("out"), expected);
}

#[test]
fn modes_follow_the_umask() {
    let sandbox = Sandbox::new();
    let capture = crate::support::sandbox::fixture("http-ipv4.pcap");
    let line = format!("umask 027; tcpflow -o out -Fk -r '{}'", capture.display());
    sandbox.shell(&line).succeeds();
    let mode = |name: &str| fs::metadata(sandbox.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("out"), 0o750);
    assert_eq!(mode("out/000"), 0o750);
    assert_eq!(mode(&format!("out/000/{CLIENT_FILE}")), 0o640);
}

#[test]
fn only_the_last_folder_is_made() {
    let sandbox = Sandbox::new();
    sandbox.run("-o a/b -r {http-ipv4.pcap}").fails(1, &["a/b"]);
    fs::create_dir(sandbox.path("a")).unwrap();
    sandbox.run("-o a/b -r {http-ipv4.pcap}").succeeds();
    assert_eq!(sandbox.names("a/b").len(), 2);
}
