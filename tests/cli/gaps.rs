//! Gaps are evidence: what the report says of bytes that never came, and of bytes that came twice
//! and differed.

use crate::support::packets::{Connection, PSH, Side};
use crate::support::sandbox::Sandbox;

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
    let report = sandbox.report("out/report.xml");
    for (host, missing_bytes, conflicts) in
        [(1, None, None), (2, Some("34"), None), (3, None, Some("5")), (4, None, Some("3"))]
    {
        let flow = report.flow(&format!("out/010.000.000.00{host}.01000-010.000.000.009.00080"));
        assert_eq!(flow.attribute("missing_bytes"), missing_bytes, "{host}");
        assert_eq!(flow.attribute("conflicts"), conflicts, "{host}");
        let hash: Vec<_> = flow.hash_attributes.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let expected: &[&str] = match missing_bytes {
            Some(_) => &["complete=no", "type=MD5"],
            None => &["type=MD5"],
        };
        assert_eq!(hash, expected, "{host}");
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
