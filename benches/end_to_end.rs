//! What a whole run of the program costs, from the capture file to the last flow file.
//!
//! Captures and output are in `/dev/shm` where there is one: a disk would be measured otherwise.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use divan::Bencher;
use divan::counter::BytesCount;
use tempfile::TempDir;

#[allow(dead_code, reason = "the tests need more of it")]
#[path = "../tests/support/captures.rs"]
mod captures;
#[allow(dead_code, reason = "the tests need more of it")]
#[path = "../tests/support/packets.rs"]
mod packets;

use captures::{ETHERNET, Pcap, frames};
use packets::{Connection, Side, ethernet};

fn main() {
    divan::main();
}

/// Bytes that each capture carries, about.
const PAYLOAD_BYTES: usize = 64 << 20;

fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::tempdir_in(place).expect("a temporary folder")
}

/// Writes a capture of so many flows that take turns, all with segments of this many bytes.
fn capture(folder: &Path, flows: usize, segment_len: usize) -> PathBuf {
    let payload: Vec<u8> = (0..segment_len).map(|index| index as u8).collect();
    let rounds = PAYLOAD_BYTES / segment_len / flows;
    let mut talks: Vec<_> = (0..flows)
        .map(|flow| format!("10.{}.{}.{}:1000", flow >> 16, flow >> 8 & 255, flow & 255))
        .map(|client| {
            (0..rounds)
                .fold(Connection::between(&client, "192.0.2.1:80").handshake(), |talk, _| {
                    talk.says(Side::Client, &payload)
                })
                .goodbye()
                .datagrams()
                .into_iter()
        })
        .collect();
    let mut turns = Vec::new();
    for _ in 0..rounds + 6 {
        turns.extend(talks.iter_mut().filter_map(Iterator::next));
    }
    let frames = frames(turns.iter().map(|datagram| ethernet(datagram)));
    let path = folder.join("in.pcap");
    std::fs::write(&path, Pcap::of(ETHERNET).write(&frames)).expect("a capture");
    path
}

fn extract(bencher: Bencher<'_, '_>, capture: &Path, options: &[&str]) {
    let size = std::fs::metadata(capture).expect("a capture").len();
    bencher.counter(BytesCount::new(size)).with_inputs(folder).bench_local_refs(|folder| {
        let status = Command::new(env!("CARGO_BIN_EXE_tcpflow"))
            .args(options)
            .arg("-r")
            .arg(capture)
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(status.expect("the program can be run").success());
    });
}

#[divan::bench(sample_count = 10, sample_size = 1, args = [(1, 1400), (1_000, 1400), (20_000, 800), (100, 100)])]
fn flow_files(bencher: Bencher<'_, '_>, (flows, segment_len): (usize, usize)) {
    let folder = folder();
    let capture = capture(folder.path(), flows, segment_len);
    extract(bencher, &capture, &["-o", "out"]);
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn flow_files_with_md5(bencher: Bencher<'_, '_>) {
    let folder = folder();
    let capture = capture(folder.path(), 1_000, 1400);
    extract(bencher, &capture, &["-e", "md5", "-o", "out"]);
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn only_the_report(bencher: Bencher<'_, '_>) {
    let folder = folder();
    let capture = capture(folder.path(), 1_000, 1400);
    extract(bencher, &capture, &["-FX", "-o", "out"]);
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn console(bencher: Bencher<'_, '_>) {
    let folder = folder();
    let capture = capture(folder.path(), 1_000, 1400);
    extract(bencher, &capture, &["-c"]);
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn packet_files(bencher: Bencher<'_, '_>) {
    let folder = folder();
    let capture = capture(folder.path(), 1_000, 1400);
    extract(bencher, &capture, &["-K", "-o", "out"]);
}
