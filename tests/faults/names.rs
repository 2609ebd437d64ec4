//! Names that are too long, and names that are taken.

use std::fs;

use crate::support::packets::{Connection, Side};
use crate::support::sandbox::Sandbox;

/// A response, long enough to be recognised.
const PAGE: &[u8] =
    b"HTTP/1.1 200 OK\r\nServer: long enough to be taken for HTTP, which takes 80 bytes\r\nContent-Length: 2\r\n\r\nhi";

fn sandbox(ports: std::ops::RangeInclusive<u16>) -> Sandbox {
    let sandbox = Sandbox::new();
    let flow = |port: u16| {
        Connection::between(&format!("10.0.0.1:{port}"), "10.0.0.2:80").says(Side::Client, PAGE)
    };
    sandbox.capture("in.pcap", ports.map(flow));
    sandbox
}

#[test]
fn names_that_are_too_long_are_told_and_cost_nothing_else() {
    let sandbox = sandbox(1..=1);
    let run = |template: &str, more: &[&str]| {
        let arguments = [&["-o", "out", "-T", template, "-r", "in.pcap"], more].concat();
        sandbox.run_with(arguments)
    };
    let long = "x".repeat(256);
    run(&long, &[]).fails(1, &[&format!("out/{long}: File name too long")]);
    run(&format!("{long}/%a"), &[]).fails(1, &["File name too long"]);
    // Step by step it could be made; but nobody could open it by its name.
    run(&format!("{}%a", "deep/".repeat(1000)), &[]).fails(1, &["File name too long"]);
    assert!(sandbox.names("out").is_empty());
    assert_eq!(sandbox.report("out/report.xml").flows.len(), 1);

    // The flow's name fits, what is added for a file beside it does not.
    let fits = "y".repeat(250);
    run(&fits, &["-I"]).fails(1, &[&format!("out/{fits}.findx: File name too long")]);
    run(&format!("z{}", &fits[1..]), &["-e", "http"])
        .fails(1, &["-HTTPBODY-001: File name too long"]);
    let long = "w".repeat(253);
    run(&long, &["-K"]).fails(1, &[&format!("out/{long}.pcap: File name too long")]);
    assert_eq!(sandbox.names("out"), [fits.clone(), format!("z{}", &fits[1..])]);
}

/// Every flow keeps its bytes, in the order of the counts; nothing that was there is touched.
#[test]
fn names_that_collide_get_counts() {
    let sandbox = sandbox(1..=30);
    fs::create_dir_all(sandbox.path("out/samec3")).unwrap();
    sandbox.write("out/samec5", "was here");
    sandbox.run("-o out -T same -r in.pcap").succeeds();
    let report = sandbox.report("out/report.xml");
    let names: Vec<_> = report.flows.iter().map(|flow| flow.filename.clone().unwrap()).collect();
    let expected: Vec<_> = (0..)
        .filter(|count| ![3, 5].contains(count))
        .map(|count| if count == 0 { "out/same".to_owned() } else { format!("out/samec{count}") })
        .take(30)
        .collect();
    assert_eq!(names, expected);
    assert_eq!(sandbox.read("out/samec5"), b"was here");
    sandbox.run("-o out -T report.xml -r in.pcap").succeeds();
    assert_eq!(sandbox.read("out/report.xmlc1").len(), PAGE.len());
}

/// Without a count there is no other name, which ends neither in a loop nor in an overwritten file.
#[test]
fn names_that_collide_without_a_count_are_told() {
    let sandbox = sandbox(1..=3);
    let outcome = sandbox.run("-o out -T same%%c -r in.pcap");
    assert_eq!(outcome.status, Some(1));
    let complaints = outcome.complaints();
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    assert!(complaints.iter().all(|line| line.contains("out/same%c: file exists")));
    assert_eq!(sandbox.names("out"), ["same%c"]);
    assert_eq!(sandbox.read("out/same%c").len(), PAGE.len());
}
