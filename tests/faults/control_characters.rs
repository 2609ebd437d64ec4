//! Control characters in names never reach a terminal, wherever the names came from.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;

use crate::support::packets::{Connection, Side};
use crate::support::sandbox::{Outcome, Sandbox, fixture};

/// Clears the screen, sets the title, rings, goes back, starts a sequence in 8 bits (as UTF-8 and
/// raw), and turns text around.
const NASTY: &str = "a\x1b[2J\x1b]0;title\x07\x08\r\n\u{9b}1m\u{202e}\x7fz";

/// Asserts that nothing printed does more than be seen, and that what was printed names `NASTY`.
#[track_caller]
fn assert_harmless(outcome: &Outcome) {
    for (name, text) in [
        ("stderr", outcome.stderr.clone()),
        ("stdout", String::from_utf8_lossy(&outcome.stdout).into_owned()),
    ] {
        let bad = text.chars().find(|&c| c != '\n' && (c.is_control() || c == '\u{202e}'));
        assert_eq!(bad, None, "{name}: {text:?}");
    }
    assert!(outcome.stderr.contains("\\x1b"), "{outcome:?}");
}

#[test]
fn messages_about_names_from_the_command_line() {
    let name = |before: &str| format!("{before}{NASTY}");
    for (status, arguments) in [
        (1, vec!["-r".to_owned(), name("")]),
        (1, vec!["-R".to_owned(), name("")]),
        (1, vec!["-l".to_owned(), name("")]),
        (1, vec!["-o".to_owned(), name("none/")]),
        (1, vec!["-X".to_owned(), name("none/")]),
        (1, vec!["-w".to_owned(), name("none/")]),
        (1, vec!["-T".to_owned(), name("%q")]),
        (1, vec!["-T".to_owned(), name("../")]),
        (1, vec!["-e".to_owned(), name("")]),
        (1, vec!["-S".to_owned(), name("")]),
        (1, vec!["-S".to_owned(), name("tdelta=")]),
        (1, vec!["-U".to_owned(), name("")]),
        (2, vec![name("--")]),
        (2, vec!["-b".to_owned(), name("")]),
        (0, vec!["-F".to_owned(), name("")]),
        (0, vec!["-d".to_owned(), name("")]),
        (0, vec!["-X".to_owned(), name("")]),
        (1, vec![name("")]),
    ] {
        let sandbox = Sandbox::with_flow();
        let all = ["-r", "in.pcap"].map(str::to_owned).into_iter().chain(arguments.clone());
        let outcome = sandbox.run_with(all);
        assert_eq!(outcome.status, Some(status), "{arguments:?}: {outcome:?}");
        assert_harmless(&outcome);
    }
    let outcome = Sandbox::with_flow().run_with(["-i", &name("")]);
    assert_eq!(outcome.status, Some(1));
    assert_harmless(&outcome);
}

#[test]
fn bytes_that_are_no_text_are_harmless_too() {
    let sandbox = Sandbox::with_flow();
    let name = OsString::from_vec(b"no\x1b[2J\x9b\xff\x00"[..8].to_vec());
    let outcome = sandbox.run_with([OsString::from("-r"), name]);
    assert_eq!(outcome.status, Some(1));
    assert_harmless(&outcome);
}

/// Files that cannot be made, and, with `-v`, everything else that is said of them.
#[test]
fn messages_about_names_from_a_template() {
    let sandbox = Sandbox::with_flow();
    fs::create_dir(sandbox.path("out")).unwrap();
    sandbox.write("out/00001", "in the way");
    let template = format!("%a/{NASTY}");
    let outcome = sandbox.run_with(["-v", "-o", "out", "-T", &template, "-r", "in.pcap"]);
    assert_eq!(outcome.status, Some(1));
    assert_harmless(&outcome);
}

/// The header in front of each packet is the flow's name.
#[test]
fn names_on_the_console() {
    let sandbox = Sandbox::with_flow();
    let template = format!("{NASTY}%a");
    for form in ["-c", "-cD", "-cB"] {
        let outcome = sandbox.run_with([form, "-T", &template, "-r", "in.pcap"]).succeeds();
        let first = outcome.text().lines().next().unwrap();
        let name = "a\\x1b[2J\\x1b]0;title\\x07\\x08\\r\\n\\u{9b}1m\\u{202e}\\x7fz00001: ";
        assert!(first.starts_with(name), "{form}: {first:?}");
        assert!(outcome.text().chars().all(|c| c == '\n' || !c.is_control()), "{form}");
    }
}

/// Whoever made an archive chose the names in it.
#[test]
fn messages_about_members_of_an_archive() {
    let sandbox = Sandbox::new();
    let capture = fs::read(fixture("http-ipv4.pcap")).unwrap();
    sandbox.write("in.zip", zip_of(NASTY.as_bytes(), &capture[..capture.len() - 5]));
    let outcome = sandbox.run("-o out -r in.zip");
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("truncated"), "{outcome:?}");
    assert_harmless(&outcome);
}

/// The names of wireless networks and the bodies of HTTP are the air's and the web's.
#[test]
fn debug_messages_about_what_was_captured() {
    let sandbox = Sandbox::new();
    let head =
        format!("HTTP/1.1 200 {NASTY}\r\nContent-Type: {NASTY}\r\nContent-Encoding: {NASTY}\r\n");
    let page = format!("{}\r\nContent-Length: 2\r\n\r\nhi", head.replace('\n', " ").trim());
    let flow = Connection::between("10.0.0.1:1", "10.0.0.2:80")
        .handshake()
        .says(Side::Server, page.as_bytes())
        .goodbye();
    sandbox.capture("in.pcap", [flow]);
    let outcome = sandbox.run("-v -e http -o out -r in.pcap");
    let bad = outcome.stderr.chars().find(|&c| c != '\n' && c.is_control());
    assert_eq!(bad, None, "{outcome:?}");
}

/// A zip archive with one stored file.
fn zip_of(name: &[u8], content: &[u8]) -> Vec<u8> {
    let mut file = zip_entry(name, content);
    let directory = file.len() as u32;
    file.extend(b"PK\x01\x02\x14\0\x14\0");
    file.extend(zip_facts(name, content));
    file.extend([0; 10]);
    file.extend(0u32.to_le_bytes());
    file.extend(name);
    let size = file.len() as u32 - directory;
    file.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    file.extend(size.to_le_bytes());
    file.extend(directory.to_le_bytes());
    file.extend([0, 0]);
    file
}

/// A stored file in a zip archive.
pub(crate) fn zip_entry(name: &[u8], content: &[u8]) -> Vec<u8> {
    [b"PK\x03\x04\x14\0", &zip_facts(name, content)[..], name, content].concat()
}

/// What is said of a stored file both in front of it and in the directory.
fn zip_facts(name: &[u8], content: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let (length, name_length) = (content.len() as u32, name.len() as u16);
    let mut facts = vec![0, 0, 0, 0, 0, 0, 0x21, 0x58];
    for field in [crc.sum(), length, length] {
        facts.extend(field.to_le_bytes());
    }
    facts.extend(name_length.to_le_bytes());
    facts.extend([0, 0]);
    facts
}
