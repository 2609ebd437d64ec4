//! HTTP bodies beside their flows.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::{fs, process::Command};

use crate::support::captures::FIRST_SECOND;
use crate::support::packets::{FIN, PSH, Side};
use crate::support::sandbox::{Outcome, Sandbox, program};
use crate::web::*;

/// The bodies that a stream of responses holds, by number.
fn bodies(stream: &[u8], switches: &str) -> Vec<(String, Vec<u8>)> {
    let sandbox = Sandbox::new();
    sandbox.capture("web.pcap", [exchange(stream)]);
    sandbox.run(&format!("-e http {switches} -o out -r web.pcap")).succeeds();
    let files = sandbox.tree("out").into_iter();
    files
        .filter_map(|(name, content)| Some((name.strip_prefix(SERVER_FLOW)?.to_owned(), content)))
        .filter(|(suffix, _)| !suffix.is_empty())
        .collect()
}

fn coded(coding: &str, body: &[u8]) -> Vec<u8> {
    response(&format!("Content-Type: text/plain\r\nContent-Encoding: {coding}\r\n"), body)
}

#[test]
fn content_codings_are_undone() {
    let text = text(300_000);
    let two = [gzip(&text[..1000]), gzip(&text[1000..])].concat();
    for (coding, body) in [
        ("gzip", gzip(&text)),
        ("x-gzip", gzip(&text)),
        ("GZIP", gzip(&text)),
        ("gzip", two),
        ("deflate", zlib(&text)),
        ("deflate", bare_deflate(&text)),
        ("zstd", zstd(&text)),
        ("gzip, zstd", zstd(&gzip(&text))),
        ("identity", text.clone()),
    ] {
        let found = bodies(&coded(coding, &body), "");
        assert_eq!(found.len(), 1, "{coding}");
        assert_eq!(found[0].0, "-HTTPBODY-001.txt");
        assert!(found[0].1 == text, "{coding}");
        let raw = bodies(&coded(coding, &body), "-Z");
        assert!(raw[0].1 == body, "{coding} with -Z");
    }
    assert_eq!(bodies(&coded("br", BROTLI), "")[0].1, brotli_text());
}

#[test]
fn chunks_are_joined_before_they_are_decompressed() {
    let text = text(200_000);
    for sizes in [&[1][..], &[7, 1000, 3], &[65_536]] {
        let fields = "Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n";
        let stream = [head("200 OK", fields), chunked(&gzip(&text), sizes)].concat();
        let found = bodies(&[stream, response("", b"next")].concat(), "");
        assert!(found[0].1 == text, "{sizes:?}");
        assert_eq!(found[1].1, b"next");
    }
}

#[test]
fn what_came_before_damage_is_kept() {
    let text = text(300_000);
    let whole = gzip(&text);
    let mut broken = whole.clone();
    let middle = broken.len() / 2;
    broken[middle..].fill(0xff);
    let correct = |body: &[u8]| text.iter().zip(body).take_while(|(a, b)| a == b).count();
    // Damage is noticed late: what follows it may be wrong, what came before may not.
    let body = &bodies(&coded("gzip", &broken), "")[0].1;
    assert!(correct(body) > 100_000, "{} bytes", correct(body));
    let garbage = [&whole[..], b"garbage behind the end"].concat();
    assert!(bodies(&coded("gzip", &garbage), "")[0].1 == text);
    let body = &bodies(&coded("gzip", &whole[..middle]), "")[0].1;
    assert!(body.len() > 100_000 && text.starts_with(body), "{} bytes", body.len());
}

/// The original began again with number 1 and overwrote what it had.
#[test]
fn numbers_go_on_after_damage() {
    let stream = [
        &response("Content-Type: image/gif\r\n", b"GIF one")[..],
        &head("200 OK", "Transfer-Encoding: chunked\r\nContent-Type: image/gif\r\n"),
        b"7\r\nGIF two\r\n",
        &response("Content-Type: image/gif\r\n", b"GIF three"),
    ]
    .concat();
    let sandbox = Sandbox::new();
    sandbox.capture("web.pcap", [exchange(&stream)]);
    sandbox.run("-e http -o out -r web.pcap").succeeds();
    let report = report(&sandbox.path("out"));
    for (number, body) in [(1, "GIF one"), (2, "GIF two"), (3, "GIF three")] {
        let name = format!("out/{SERVER_FLOW}-HTTPBODY-{number:03}.gif");
        assert_eq!(sandbox.read(&name), body.as_bytes());
        let offset = stream.windows(body.len()).position(|bytes| bytes == body.as_bytes());
        let run = format!("file_offset='{}'><fileobject><filename>{name}<", offset.expect(body));
        assert!(report.contains(&run), "{run} in {report}");
    }
}

#[test]
fn bodies_have_the_time_of_the_flow_and_follow_the_umask() {
    let sandbox = Sandbox::new();
    sandbox.capture("web.pcap", [exchange(&response("", b"Hello"))]);
    for (umask, mode) in [("022", 0o644), ("077", 0o600), ("000", 0o644)] {
        sandbox.shell(&format!("umask {umask}; tcpflow -e http -o {umask} -r web.pcap")).succeeds();
        let path = sandbox.path(format!("{umask}/{SERVER_FLOW}-HTTPBODY-001"));
        let metadata = path.metadata().expect("a body");
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "umask {umask}");
        assert_eq!(metadata.mtime(), i64::from(FIRST_SECOND));
        // The flow's first packet is the second one.
        assert_eq!(metadata.mtime_nsec(), 124_456_000);
    }
}

#[test]
fn paths_are_escaped_in_the_report() {
    let sandbox = Sandbox::new();
    sandbox.capture("web.pcap", [exchange(&response("", b"Hello"))]);
    sandbox.run_with(["-e", "http", "-T", "a&b'<%A", "-r", "web.pcap"]).succeeds();
    let report = report(&sandbox.path(""));
    let name = "a&amp;b&apos;&lt;010.000.000.002-HTTPBODY-001</filename>";
    assert!(report.contains(name), "{report}");
    assert_eq!(
        sandbox.report("report.xml").texts.get("program").map(String::as_str),
        Some("TCPFLOW")
    );
}

/// Whoever may write to the output folder must not be able to have other files overwritten.
#[test]
fn bodies_do_not_follow_links() {
    let sandbox = Sandbox::new();
    sandbox.capture("web.pcap", [exchange(&response("", b"Hello"))]);
    sandbox.write("precious", "keep me");
    fs::create_dir(sandbox.path("out")).expect("a folder");
    let body = format!("out/{SERVER_FLOW}-HTTPBODY-001");
    symlink("../precious", sandbox.path(&body)).expect("a link");
    let outcome = sandbox.run("-e http -o out -r web.pcap");
    assert_eq!(outcome.status, Some(1));
    outcome.complains(&[&body]);
    assert_eq!(sandbox.read("precious"), b"keep me");
    // The flow itself is there.
    assert!(sandbox.read(&format!("out/{SERVER_FLOW}")).ends_with(b"Hello"));
}

#[test]
fn a_body_that_cannot_be_stored_does_not_cost_the_others() {
    let sandbox = Sandbox::new();
    let stream = [response("", b"one"), response("", b"two"), response("", b"three")].concat();
    sandbox.capture("web.pcap", [exchange(&stream)]);
    fs::create_dir_all(sandbox.path(format!("out/{SERVER_FLOW}-HTTPBODY-002"))).expect("a folder");
    let outcome = sandbox.run("-e http -o out -r web.pcap");
    assert_eq!(outcome.status, Some(1));
    outcome.complains(&["-HTTPBODY-002"]);
    assert_eq!(sandbox.read(&format!("out/{SERVER_FLOW}-HTTPBODY-001")), b"one");
    assert_eq!(sandbox.read(&format!("out/{SERVER_FLOW}-HTTPBODY-003")), b"three");
}

#[test]
fn a_full_disk_is_told_of() {
    let sandbox = Sandbox::new();
    // The flow fits, its first body does not.
    let stream = [coded("gzip", &gzip(&[0; 400_000])), response("", b"next")].concat();
    sandbox.capture("web.pcap", [exchange(&stream)]);
    let mut command = Command::new("sh");
    let script = format!("ulimit -f 100; trap '' XFSZ; exec '{}' \"$@\"", program().display());
    command.args(["-c", &script, "sh", "-e", "http", "-o", "out", "-r", "web.pcap"]);
    let outcome: Outcome = command.current_dir(sandbox.path("")).output().expect("a shell").into();
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    let body = format!("out/{SERVER_FLOW}-HTTPBODY-001.txt: ");
    assert_eq!(outcome.stderr.matches(&body).count(), 1, "{outcome:?}");
    // What is there is reported as it is.
    let size = sandbox.read(&format!("out/{SERVER_FLOW}-HTTPBODY-001.txt")).len();
    assert!(size < 400_000);
    let size = format!("<filesize>{size}</filesize></fileobject></byte_run>");
    assert!(report(&sandbox.path("out")).contains(&size));
    assert!(sandbox.read(&format!("out/{SERVER_FLOW}")) == stream);
    assert_eq!(sandbox.read(&format!("out/{SERVER_FLOW}-HTTPBODY-002")), b"next");
}

/// The flow ends before its file was ever made on disk, or much later; bodies come out either way.
#[test]
fn it_does_not_matter_how_a_flow_ends() {
    let page = response("", b"Hello");
    let open = || connection().says(Side::Client, &request("GET", "/")).says(Side::Server, &page);
    let length = page.len() as u32;
    for (end, connection) in [
        ("open", open()),
        ("fin", open().goodbye()),
        ("fin with data", connection().segment(Side::Server, PSH | FIN, 0, &page)),
        ("reset", open().segment(Side::Server, 0x04, length, b"")),
        ("far jump", open().segment(Side::Server, PSH, length + 20_000_000, b"elsewhere")),
    ] {
        let sandbox = Sandbox::new();
        sandbox.capture("web.pcap", [connection]);
        sandbox.run("-e http -o out -r web.pcap").succeeds();
        assert_eq!(sandbox.read(&format!("out/{SERVER_FLOW}-HTTPBODY-001")), b"Hello", "{end}");
    }
}

#[test]
fn what_was_not_captured_reads_as_zeros() {
    let page = response("", &[b'x'; 3000]);
    let (start, rest) = page.split_at(1400);
    let (lost, end) = rest.split_at(100);
    let position = (start.len() + lost.len()) as u32;
    let sandbox = Sandbox::new();
    let holey = connection().says(Side::Server, start).segment(Side::Server, PSH, position, end);
    sandbox.capture("web.pcap", [holey]);
    sandbox.run("-e http -o out -r web.pcap").succeeds();
    let body = sandbox.read(&format!("out/{SERVER_FLOW}-HTTPBODY-001"));
    assert_eq!((body.len(), body.iter().filter(|byte| **byte == 0).count()), (3000, 100));
}
