//! Gaps are evidence: what the report says of bytes that never came, and of bytes that came twice
//! and differed.

use crate::support::packets::{Connection, PSH, Side};
use crate::support::sandbox::Sandbox;

/// The attributes that tell of gaps, in the entry of the flow from this address; and the opening
/// tag of its hash.
fn told(report: &str, source: &str) -> (Vec<String>, String) {
    let entry = report.split("<fileobject>").find(|it| it.contains(&format!("src_ipn='{source}'")));
    let entry = entry.unwrap_or_else(|| panic!("no flow from {source}"));
    let facts = entry.lines().find(|line| line.contains("<tcpflow ")).expect("facts");
    let gaps = facts
        .split(' ')
        .filter(|it| it.starts_with("missing_bytes=") || it.starts_with("conflicts="))
        .map(str::to_owned)
        .collect();
    let hash = entry.lines().find(|line| line.contains("<hashdigest")).expect("a hash").trim();
    (gaps, hash.split('>').next().unwrap_or_default().to_owned())
}

#[test]
fn the_report_tells_what_is_missing_and_what_contradicts_itself() {
    let sandbox = Sandbox::new();
    let talk = |client: &str| Connection::between(client, "10.0.0.9:80").handshake();
    sandbox.capture(
        "gaps.pcap",
        [
            talk("10.0.0.1:1000").says(Side::Client, b"nothing is missing").goodbye(),
            talk("10.0.0.2:1000").says(Side::Client, b"a hole").segment(
                Side::Client,
                PSH,
                40,
                b"comes",
            ),
            talk("10.0.0.3:1000")
                .segment(Side::Client, PSH, 0, b"the truth")
                .segment(Side::Client, PSH, 0, b"the truth")
                .segment(Side::Client, PSH, 4, b"lies!"),
            talk("10.0.0.4:1000")
                .segment(Side::Client, PSH, 5, b"bcd")
                .segment(Side::Client, PSH, 0, b"x")
                .segment(Side::Client, PSH, 0, b"aaaaaBCd"),
        ],
    );
    sandbox.run("-e md5 -o out -r gaps.pcap").succeeds();
    let report = sandbox.read("out/report.xml");
    let report = String::from_utf8_lossy(&report);
    let complete = "<hashdigest type='MD5'";
    let incomplete = "<hashdigest type='MD5' complete='no'";
    for (source, gaps, hash) in [
        ("10.0.0.1", &[][..], complete),
        ("10.0.0.2", &["missing_bytes='34'"], incomplete),
        ("10.0.0.3", &["conflicts='5'"], complete),
        ("10.0.0.4", &["conflicts='3'"], complete),
    ] {
        let (told_gaps, told_hash) = told(&report, source);
        assert_eq!(told_gaps, gaps, "{source}");
        assert_eq!(told_hash, hash, "{source}");
    }
    assert_eq!(sandbox.read("out/010.000.000.003.01000-010.000.000.009.00080"), b"the lies!");
}

#[test]
fn a_capture_without_loss_tells_of_no_gaps() {
    let sandbox = Sandbox::new();
    let talk = Connection::between("10.0.0.1:1000", "10.0.0.9:80")
        .handshake()
        .says(Side::Client, b"question")
        .says(Side::Server, b"answer")
        .goodbye();
    sandbox.capture("whole.pcap", [talk]);
    sandbox.run("-e md5 -o out -r whole.pcap").succeeds();
    let report = sandbox.read("out/report.xml");
    let report = String::from_utf8_lossy(&report);
    for word in ["missing_bytes", "conflicts", "complete="] {
        assert!(!report.contains(word), "{word}");
    }
}
