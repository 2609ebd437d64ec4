//! Capture files that change while they are read.
//!
//! The program prints into a pipe that nobody reads at first, so that it stops in the middle of
//! the file; what it reads afterwards is not what was there when it began.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use crate::fed::packets;
use crate::support::packets::{Connection, Side};
use crate::support::sandbox::{Outcome, Sandbox, wait_until};

const PACKETS: usize = 16_000;
const PAYLOAD: usize = 1000;

/// The bytes of a packet in the capture: record header, Ethernet, IP and TCP headers, payload.
const RECORD: usize = 16 + 14 + 20 + 20 + PAYLOAD;

/// Runs the program on a capture of 17 MB, and changes the file when it has begun to read it.
fn changed_by(change: impl FnOnce(&mut std::fs::File)) -> (Outcome, usize) {
    let sandbox = Sandbox::new();
    let talk = Connection::between("10.0.0.1:1", "10.0.0.2:80");
    let talk = (0..PACKETS).fold(talk, |talk, _| talk.says(Side::Client, &[b'x'; PAYLOAD]));
    sandbox.capture("in.pcap", [talk]);
    assert_eq!(sandbox.read("in.pcap").len(), 24 + PACKETS * RECORD);
    let mut command = sandbox.command(["-C", "-0", "-B", "-r", "in.pcap"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 1];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    let mut file = OpenOptions::new().append(true).open(sandbox.path("in.pcap")).unwrap();
    change(&mut file);
    let outcome = Outcome::from(child.wait_with_output().unwrap());
    assert!(outcome.stdout.iter().all(|&byte| byte == b'x' || byte == b'y'), "garbage");
    let printed = first.len() + outcome.stdout.len();
    (outcome, printed)
}

fn more() -> Vec<u8> {
    packets(Connection::between("10.0.0.1:2", "10.0.0.2:80").says(Side::Client, b"yyyyy"))
}

#[test]
fn packets_that_are_added_are_read() {
    let (outcome, printed) = changed_by(|file| file.write_all(&more()).unwrap());
    outcome.succeeds();
    assert_eq!(printed, PACKETS * PAYLOAD + 5);
}

#[test]
fn a_packet_that_is_still_being_added_is_told_of() {
    let (outcome, printed) = changed_by(|file| file.write_all(&more()[..40]).unwrap());
    outcome.fails(1, &["in.pcap: truncated dump file"]);
    assert_eq!(printed, PACKETS * PAYLOAD);
}

#[test]
fn a_file_that_is_cut_gives_what_is_left() {
    let kept = PACKETS / 2;
    let length = (24 + kept * RECORD + 100) as u64;
    let (outcome, printed) = changed_by(|file| file.set_len(length).unwrap());
    outcome.fails(1, &["in.pcap: truncated dump file"]);
    assert_eq!(printed, kept * PAYLOAD);
}

/// Far fewer bytes than were read already: nothing that was read is lost.
#[test]
fn a_file_that_is_emptied_gives_what_was_read() {
    let (outcome, printed) = changed_by(|file| file.set_len(0).unwrap());
    assert!(printed >= 64 * 1024 && printed % PAYLOAD == 0, "{printed}");
    outcome.fails(1, &["in.pcap: truncated dump file"]);
}

/// Many small flows leave payloads in the file until they are written: they were read, but are not
/// there any more. That is told, and what was written before stays.
#[test]
fn what_was_left_in_a_file_that_is_emptied_is_told_of() {
    const FLOWS: u32 = 300;
    let sandbox = Sandbox::new();
    let flow =
        |n: u32| Connection::between(&format!("10.0.{}.{}:1", n / 250, n % 250), "10.1.0.1:80");
    let open =
        (0..FLOWS).map(|n| (0..3).fold(flow(n), |it, _| it.says(Side::Client, &[b'x'; 900])));
    let done = |n: u32| flow(FLOWS + n).says(Side::Client, b"done").goodbye();
    sandbox.capture("left.pcap", open.chain((0..20).map(done)));
    // No more than ten hooks run at once: they keep the program from ending.
    sandbox.write("hook.sh", "echo >>started; while [ ! -e go ]; do sleep 0.01; done\n");
    let arguments = "-S buffer_memory=100K -o out -r left.pcap -S".split(' ');
    let running = sandbox.start_with(arguments.chain(["tcp_cmd=sh hook.sh"]));
    let started = sandbox.path("started");
    wait_until("ten hooks", || std::fs::read(&started).is_ok_and(|lines| lines.len() == 10));
    OpenOptions::new().write(true).truncate(true).open(sandbox.path("left.pcap")).unwrap();
    sandbox.write("go", "");
    let outcome = running.finish();
    assert_eq!(outcome.status, Some(1));
    outcome.complains(&["could not be read again: it was cut short while it was being read"]);
    let files = sandbox.tree("out");
    assert!(files.values().any(|content| content == b"done"));
    assert!(files.values().any(|content| content.len() == 2700));
    assert!(files.len() < FLOWS as usize, "{} files", files.len());
    for (name, content) in files {
        let is_right = content == b"done" || content == b"x".repeat(content.len());
        assert!(is_right, "{name}");
    }
}
