//! Memory does not grow with what is scanned. Slow, and needs 5 GB for temporary files: not run
//! unless asked for, see `docs/performance.md`.

use std::fs::metadata;
use std::io::{self, BufWriter, Write};
use std::net::SocketAddr;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::captures::{ETHERNET, FIRST_SECOND, Pcap};
use crate::support::packets::{ACK, ethernet, tcp};
use crate::support::sandbox::Sandbox;
use crate::web::{SERVER_FLOW, head, text};

/// The size of the body.
const SIZE: u64 = 2 << 30;

/// How much memory the program may have had at its peak, in KB.
const ALLOWED: u64 = 100_000;

/// Bytes of the stream that go into one packet: as many as offloading makes of them.
const PACKET: usize = 60_000;

/// Writes what a server says as a capture.
struct ServerSays<W> {
    capture: W,
    server: SocketAddr,
    client: SocketAddr,
    seq: u32,
    pending: Vec<u8>,
}

impl<W: Write> ServerSays<W> {
    fn new(mut capture: W) -> io::Result<Self> {
        capture.write_all(&Pcap::of(ETHERNET).write(&[]))?;
        let [server, client] =
            ["10.0.0.2:80", "10.0.0.1:40000"].map(|end| end.parse().expect("an address"));
        Ok(Self { capture, server, client, seq: 1, pending: Vec::new() })
    }

    fn send(&mut self) -> io::Result<()> {
        let payload = std::mem::take(&mut self.pending);
        let frame = ethernet(&tcp(self.server, self.client, ACK, self.seq, 1, &payload));
        self.seq = self.seq.wrapping_add(payload.len() as u32);
        let length = frame.len() as u32;
        for field in [FIRST_SECOND, 0, length, length] {
            self.capture.write_all(&field.to_le_bytes())?;
        }
        self.capture.write_all(&frame)
    }
}

impl<W: Write> Write for ServerSays<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PACKET - self.pending.len());
        self.pending.extend(&bytes[..taken]);
        if self.pending.len() == PACKET {
            self.send()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.pending.is_empty() {
            self.send()?;
        }
        self.capture.flush()
    }
}

/// The page: lines of text, over and over.
fn write_page(mut out: impl Write) -> io::Result<()> {
    let piece = text(1 << 20);
    for _ in 0..SIZE >> 20 {
        out.write_all(&piece)?;
    }
    out.flush()
}

/// Runs all scanners on a capture that comes through a pipe, and tells the peak of memory in KB.
fn peak(write: impl FnOnce(&mut ServerSays<BufWriter<std::process::ChildStdin>>)) -> u64 {
    let sandbox = Sandbox::new();
    let words = ["-a", "-e", "sha1", "-e", "sha256", "-o", "out", "-r", "-"];
    let mut child =
        sandbox.command(words).stdin(Stdio::piped()).spawn().expect("the program can be run");
    let stdin = child.stdin.take().expect("a pipe");
    let mut server = ServerSays::new(BufWriter::new(stdin)).expect("a reader");
    write(&mut server);
    server.flush().expect("a reader");
    drop(server);
    assert!(child.wait().expect("an end").success());
    let body = sandbox.path(format!("out/{SERVER_FLOW}-HTTPBODY-001.txt"));
    assert_eq!(metadata(body).expect("a body").len(), SIZE);
    let peak = sandbox.report("out/report.xml").text_of("maxrss").parse().expect("a number");
    println!("{} KB at the peak", peak);
    peak
}

#[test]
#[ignore = "slow; docs/performance.md"]
fn a_large_response_does_not_fill_memory() {
    let peak = peak(|server| {
        let fields = format!("Content-Type: text/plain\r\nContent-Length: {SIZE}\r\n");
        server.write_all(&head("200 OK", &fields)).expect("a reader");
        write_page(server).expect("a reader");
    });
    assert!(peak < ALLOWED);
}

#[test]
#[ignore = "slow; docs/performance.md"]
fn a_large_compressed_response_does_not_fill_memory() {
    let peak = peak(|server| {
        let fields = "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n";
        server.write_all(&head("200 OK", fields)).expect("a reader");
        let mut encoder = GzEncoder::new(server, Compression::fast());
        write_page(&mut encoder).expect("a reader");
        encoder.finish().expect("a reader");
    });
    assert!(peak < ALLOWED);
}
