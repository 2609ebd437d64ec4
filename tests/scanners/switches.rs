//! What `-a`, `-e`, `-E`, `-x` and `-FM` lead to.

use md5::{Digest as _, Md5};
use sha1::Sha1;
use sha2::Sha256;

use crate::support::packets::{Connection, PSH, Side};
use crate::support::sandbox::Sandbox;
use crate::web::{CLIENT_FLOW, SERVER_FLOW, connection, exchange, report, response};

/// A folder with a capture of a request and its response.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let response = response("Content-Type: text/html\r\n", b"<p>Hello</p>");
    sandbox.capture("web.pcap", [exchange(&response)]);
    sandbox
}

/// What a run leaves, in short: flow files, bodies, the page, and what is in the report.
fn left(sandbox: &Sandbox) -> String {
    let names = sandbox.names("out");
    let bodies = names.iter().filter(|name| name.contains("-HTTPBODY-")).count();
    let page = names.iter().filter(|name| *name == "report.pdf").count();
    let flows = names.len() - bodies - page;
    let report = match sandbox.path("out/report.xml").exists() {
        true => report(&sandbox.path("out")),
        false => return format!("{} files, no report", names.len()),
    };
    let count = |text| report.matches(text).count();
    format!(
        "{flows} {bodies} {page} md5={} runs={} ssids={} objects={}",
        count("<hashdigest type='MD5'>"),
        count("<byte_runs>"),
        count("<ssids>"),
        count("<fileobject>"),
    )
}

const NOTHING: &str = "0 0 0 md5=0 runs=0 ssids=0 objects=0";
const FLOWS: &str = "2 0 0 md5=0 runs=0 ssids=0 objects=2";
const HASHED: &str = "2 0 0 md5=2 runs=0 ssids=0 objects=2";
const BODIES: &str = "2 1 0 md5=0 runs=1 ssids=0 objects=3";
const ALL: &str = "2 1 1 md5=2 runs=1 ssids=1 objects=3";

/// Where a comment says so, the original did less: `-E` turned off the flows that a scanner was to
/// work on, `-FM` needed another switch beside it, and `-x md5` did nothing.
#[test]
fn switches_lead_to_what_they_say() {
    for (switches, expected) in [
        ("", FLOWS),
        ("-a", ALL),
        ("-e all", ALL),
        ("-E all", "2 0 1 md5=0 runs=0 ssids=1 objects=2"),
        ("-x all", NOTHING),
        ("-x all -e all", ALL),
        ("-a -x all", NOTHING),
        ("-e http", BODIES),
        ("-E http", BODIES),         // nothing
        ("-e http -E http", BODIES), // nothing
        ("-E tcpdemux", FLOWS),
        ("-E tcpdemux -e http", BODIES),
        ("-E http -e tcpdemux", BODIES),
        ("-e tcpdemux", FLOWS),
        ("-x tcpdemux", NOTHING),
        ("-x tcpdemux -e http", NOTHING),
        ("-x http", FLOWS),
        ("-e md5", HASHED),
        ("-E md5", HASHED),                                    // nothing
        ("-FM", HASHED),                                       // no hashes
        ("-E md5 -FM", HASHED),                                // nothing
        ("-a -x md5", "2 1 1 md5=0 runs=1 ssids=1 objects=3"), // hashes
        ("-a -x http", "2 0 1 md5=2 runs=0 ssids=1 objects=2"),
        ("-a -x netviz", "2 1 0 md5=2 runs=1 ssids=1 objects=3"),
        ("-x netviz -a", ALL),
        ("-a -x tcpdemux", "0 0 1 md5=0 runs=0 ssids=1 objects=0"),
        ("-a -E tcpdemux", FLOWS), // hashes
        ("-E tcpdemux -a", ALL),
        ("-e netviz", "2 0 1 md5=0 runs=0 ssids=0 objects=2"),
        ("-E netviz", "0 0 1 md5=0 runs=0 ssids=0 objects=0"),
        ("-e wifiviz", "2 0 0 md5=0 runs=0 ssids=1 objects=2"),
        ("-E wifiviz", "0 0 0 md5=0 runs=0 ssids=1 objects=0"),
        ("-e http -x http", FLOWS),
        ("-x http -e http", BODIES),
        ("-E http -E md5 -e tcpdemux", HASHED),
        ("-x http -FX", "0 0 0 md5=0 runs=0 ssids=0 objects=2"),
        ("-FX -FM", "0 0 0 md5=2 runs=0 ssids=0 objects=2"), // no hashes
        ("-E netviz -FX", "0 0 1 md5=0 runs=0 ssids=0 objects=0"),
        ("-a -c", "0 0 1 md5=0 runs=0 ssids=1 objects=2"),
        ("-a -Z", ALL),
    ] {
        let sandbox = sandbox();
        // On the console there is a report only if it is asked for.
        let report = if switches.contains("-c") { "-X out/report.xml" } else { "" };
        sandbox.run(&format!("{switches} {report} -o out -r web.pcap")).succeeds();
        assert_eq!(left(&sandbox), expected, "{switches}");
    }
}

#[test]
fn unknown_scanners_are_refused_before_anything_is_made() {
    for (switches, name) in [
        ("-e foo", "foo"),
        ("-E foo", "foo"),
        ("-x foo", "foo"),
        ("-e foo -x bar", "foo"),
        ("-e HTTP", "HTTP"),
        ("-e http,md5", "http,md5"),
        ("-x none", "none"),
        ("-a -e foo", "foo"),
        ("-e python", "python"),
        ("-e SHA1", "SHA1"),
    ] {
        let sandbox = sandbox();
        let outcome = sandbox.run(&format!("{switches} -o out -r web.pcap"));
        assert_eq!(outcome.status, Some(1), "{switches}: {outcome:?}");
        let expected = format!("Invalid scanner name '{name}'\n");
        assert!(outcome.stderr.ends_with(&expected), "{switches}: {outcome:?}");
        assert!(!sandbox.path("out").exists(), "{switches}");
    }
    let outcome = sandbox().run_with(["-e", "", "-r", "web.pcap"]);
    assert!(outcome.stderr.ends_with("Invalid scanner name ''\n"), "{outcome:?}");
}

#[test]
fn post_processing_without_files_is_refused() {
    for switches in ["-e http", "-E http", "-a", "-e tcpdemux", "-e all", "-e foo", "-e sha1"] {
        let sandbox = sandbox();
        let outcome = sandbox.run(&format!("{switches} -FX -o out -r web.pcap"));
        assert_eq!(outcome.status, Some(1), "{switches}: {outcome:?}");
        let expected = "ERROR: post_processing currently requires storing output.\n";
        assert!(outcome.stderr.ends_with(expected), "{switches}: {outcome:?}");
        assert!(!sandbox.path("out").exists(), "{switches}");
    }
}

#[test]
fn the_old_way_to_ask_for_post_processing_is_ignored_with_a_warning() {
    let sandbox = sandbox();
    let outcome = sandbox.run("-AH -o out -r web.pcap");
    assert_eq!(outcome.status, Some(0));
    assert_eq!(outcome.complaints(), ["-AH has been deprecated. Just use -a"]);
    assert_eq!(left(&sandbox), FLOWS);
}

/// An element of a report.
fn digest(kind: &str, digest: &[u8]) -> String {
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("<hashdigest type='{kind}'>{hex}</hashdigest>")
}

/// The bytes arrive in order, in disorder with a repetition, and with a hole: hashed on their way
/// or read back, they are those of the file.
#[test]
fn hashes_are_those_of_the_files() {
    let sandbox = Sandbox::new();
    let other = Connection::between("10.0.0.3:40000", "10.0.0.4:80").handshake();
    let holey = Connection::between("10.0.0.5:40000", "10.0.0.6:80").handshake();
    sandbox.capture(
        "three.pcap",
        [
            connection().says(Side::Client, b"one after ").says(Side::Client, b"the other"),
            other
                .segment(Side::Client, PSH, 4, b"before")
                .segment(Side::Client, PSH, 0, b"last")
                .segment(Side::Client, PSH, 2, b"st"),
            holey.says(Side::Client, b"a hole").segment(Side::Client, PSH, 40, b"comes"),
        ],
    );
    for (switches, kinds) in [
        ("-e md5", &["MD5"][..]),
        ("-e sha1", &["SHA1"]),
        ("-E sha256", &["SHA256"]),
        ("-e sha256 -e sha1 -e md5", &["MD5", "SHA1", "SHA256"]),
        ("-a -x netviz -e sha256", &["MD5", "SHA256"]),
    ] {
        let _ = std::fs::remove_dir_all(sandbox.path("out"));
        sandbox.run(&format!("{switches} -o out -r three.pcap")).succeeds();
        let report = report(&sandbox.path("out"));
        let files = sandbox.tree("out");
        assert_eq!(files.len(), 3);
        for (name, content) in files {
            let digests: String = kinds
                .iter()
                .map(|kind| match *kind {
                    "MD5" => digest(kind, &Md5::digest(&content)),
                    "SHA1" => digest(kind, &Sha1::digest(&content)),
                    _ => digest(kind, &Sha256::digest(&content)),
                })
                .collect();
            // The hash of what has a hole is not that of what was sent.
            let digests = match name.starts_with("010.000.000.005") {
                true => digests.replace("'>", "' complete='no'>"),
                false => digests,
            };
            let entry = report.split("<fileobject>").find(|entry| entry.contains(&name));
            let line = entry.expect(&name).lines().find(|line| line.contains("<hashdigest"));
            assert_eq!(line, Some(format!("      {digests}").as_str()), "{switches}: {name}");
        }
    }
}

/// The original left out flows that had the bytes of an earlier one, and repeating patterns.
#[test]
fn equal_and_monotonous_flows_are_scanned_too() {
    let sandbox = Sandbox::new();
    let page = response("Content-Type: text/html\r\n", b"<p>Twice</p>");
    let again = Connection::between("10.0.0.1:40001", "10.0.0.2:80").handshake();
    sandbox.capture(
        "twice.pcap",
        [
            exchange(&page),
            again.says(Side::Client, b"ababababababab").says(Side::Server, &page).goodbye(),
        ],
    );
    sandbox.run("-a -x netviz -o out -r twice.pcap").succeeds();
    assert_eq!(left(&sandbox), "4 2 0 md5=4 runs=2 ssids=1 objects=6");
}

#[test]
fn findings_stand_in_the_report_as_scripts_expect_them() {
    let sandbox = sandbox();
    sandbox.run("-a -e sha1 -o out -r web.pcap").succeeds();
    let report = report(&sandbox.path("out"));
    let response = sandbox.read(&format!("out/{SERVER_FLOW}"));
    let offset = response.len() - b"<p>Hello</p>".len();
    let md5 = digest("MD5", &Md5::digest(&response));
    let sha1 = digest("SHA1", &Sha1::digest(&response));
    let expected = format!(
        " />\n      {md5}{sha1}\n    <byte_runs>\n     <byte_run file_offset='{offset}'>\
         <fileobject><filename>out/{SERVER_FLOW}-HTTPBODY-001.html</filename>\
         <filesize>12</filesize></fileobject></byte_run>\n    </byte_runs>\n    </fileobject>\n"
    );
    assert!(report.contains(&expected), "{report}");
    let request = sandbox.read(&format!("out/{CLIENT_FLOW}"));
    let md5 = digest("MD5", &Md5::digest(&request));
    assert!(report.contains(&format!(" />\n      {md5}<")), "{report}");
}
