//! Live capture that has more to do than it can do at once, or that is watched. Only root may
//! capture.

use std::io::{PipeReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::captures::{ETHERNET, Pcap, frames};
use crate::support::network::{Cable, inside};
use crate::support::packets::{Connection, Side, ethernet};
use crate::support::sandbox::{
    Outcome, PATIENCE, Running, Sandbox, gathered, is_root, skip, wait_until,
};

/// What the quick sender sends at once, so that it needs no clock of high precision.
const FRAMES_AT_ONCE: usize = 20;

/// Connections of which the quick sender sends the frames.
const CONNECTIONS: u32 = 1_500;

/// Many connections at once, each with a request and a response, as frames.
fn many_connections() -> Vec<Vec<u8>> {
    const AT_ONCE: usize = 50;
    let connections: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let [_, _, high, low] = number.to_be_bytes();
            let client = format!("10.1.{high}.{low}:{}", 20_000 + number);
            let body = number.to_string().repeat(30);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            Connection::between(&client, "10.2.0.1:80")
                .handshake()
                .says(Side::Client, format!("GET /{number} HTTP/1.1\r\n\r\n").as_bytes())
                .says(Side::Server, head.as_bytes())
                .says(Side::Server, body.as_bytes())
                .goodbye()
                .datagrams()
        })
        .collect();
    let mut frames = Vec::new();
    for group in connections.chunks(AT_ONCE) {
        for turn in 0..group[0].len() {
            frames.extend(group.iter().map(|datagrams| ethernet(&datagrams[turn])));
        }
    }
    frames
}

/// Sends frames at some 20,000 a second.
fn send(device: &str, frames: &[Vec<u8>]) {
    let mut device = pcap::Capture::from_device(device).unwrap().open().unwrap();
    for group in frames.chunks(FRAMES_AT_ONCE) {
        for frame in group {
            device.sendpacket(frame.as_slice()).unwrap();
        }
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn every_flow_of_many_is_complete() {
    if !is_root() {
        skip("live capture of many flows", "only root may make namespaces");
        return;
    }
    let Some(cable) = Cable::lay("many-flows") else { return };
    let sent = many_connections();
    let sandbox = Sandbox::in_memory();
    sandbox.write("sent.pcap", Pcap::of(ETHERNET).write(&frames(sent.clone())));
    let read = sandbox.run("-a -q -r sent.pcap -o expected");
    assert_eq!(read.status, Some(0), "{read:?}");
    let report = sandbox.report("expected/report.xml");
    assert!(!report.texts.contains_key("packets_received"), "a file has no kernel to count");
    let scanned = files(&sandbox, "expected");
    let mut plain = scanned.clone();
    plain.retain(|(name, _)| !name.contains("-HTTPBODY-"));
    assert_eq!(plain.len(), 2 * CONNECTIONS as usize);
    assert!(scanned.len() > plain.len());

    for (option, folder, expected) in [("", "plain", plain), ("-a", "scanned", scanned)] {
        let arguments = format!("{option} -i right -o {folder} tcp");
        let running = sandbox.start_inside(&cable.right, arguments.trim_start());
        running.says("listening on ");
        let frames = sent.clone();
        inside(&cable.left, move || send("left", &frames));

        // All connections are closed: files are there without any further packet or signal.
        wait_until("all files", || {
            std::fs::read_dir(sandbox.path(folder))
                .is_ok_and(|files| files.count() > expected.len())
        });
        running.signal(Signal::INT);
        let outcome = running.finish();
        assert_eq!(outcome.status, Some(0), "{outcome:?}");
        let counts = format!("right: {} packets received, 0 dropped by the kernel", sent.len());
        assert!(outcome.stderr.contains(&counts), "{outcome:?}");

        let captured = files(&sandbox, folder);
        assert_eq!(captured.len(), expected.len(), "files {option}");
        assert!(captured == expected, "files differ {option}");
        let report = sandbox.report(&format!("{folder}/report.xml"));
        assert_eq!(report.texts["total_flows"], (2 * CONNECTIONS).to_string());
        assert_eq!(report.texts["packets_received"], sent.len().to_string());
        assert_eq!(report.texts["packets_dropped_by_kernel"], "0");
    }
}

/// The files of a folder, but for those in which the time of the capture is.
fn files(sandbox: &Sandbox, folder: &str) -> Vec<(String, Vec<u8>)> {
    sandbox.tree(folder).into_iter().filter(|(name, _)| name != "report.pdf").collect()
}

/// A capture whose printed bytes nobody reads until we do.
struct Unread {
    running: Running,
    printed: PipeReader,
    client: TcpStream,
    reader: thread::JoinHandle<usize>,
}

impl Unread {
    /// A capture with these options, of a connection on loopback.
    fn start(sandbox: &Sandbox, options: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let reader = thread::spawn(move || {
            let mut received = Vec::new();
            server.read_to_end(&mut received).unwrap()
        });
        let (printed, stdout) = std::io::pipe().unwrap();
        let port = client.local_addr().unwrap().port();
        let filter = format!("tcp src port {port}");
        let running =
            sandbox.start_into(stdout, &format!("-C -B -0 -i lo -X report.xml {options} {filter}"));
        running.says("listening on ");
        Self { running, printed, client, reader }
    }

    /// Sends a lot, but nothing in haste.
    fn send(mut self, content: &[u8]) -> (Running, PipeReader) {
        for piece in content.chunks(32 << 10) {
            self.client.write_all(piece).unwrap();
            thread::sleep(Duration::from_millis(3));
        }
        drop(self.client);
        assert_eq!(self.reader.join().unwrap(), content.len());
        (self.running, self.printed)
    }
}

fn interrupt(running: Running) -> Outcome {
    running.signal(Signal::INT);
    let outcome = running.finish();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    outcome
}

fn bytes_to_send() -> Vec<u8> {
    (0..4_000_000u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()).collect()
}

/// The kernel's buffer holds a quarter of what is sent while nothing at all can be put out.
#[test]
fn an_output_that_nobody_reads_does_not_stop_the_capture() {
    if !is_root() {
        skip("live capture with an output that nobody reads", "only root may capture");
        return;
    }
    let sandbox = Sandbox::new();
    let content = bytes_to_send();
    let (running, printed) = Unread::start(&sandbox, "-S capture_buffer=4M").send(&content);
    let (seen, _) = gathered(printed);
    let begin = Instant::now();
    while seen.lock().unwrap().len() < content.len() && begin.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(20));
    }
    let outcome = interrupt(running);
    assert!(outcome.stderr.contains("received, 0 dropped by the kernel"), "{outcome:?}");
    assert!(*seen.lock().unwrap() == content, "bytes printed differ from those sent");
    assert_eq!(sandbox.report("report.xml").texts["packets_dropped_by_kernel"], "0");
}

#[test]
fn a_full_queue_stops_at_once_and_losses_are_told_in_any_verbosity() {
    if !is_root() {
        skip("live capture with a full queue", "only root may capture");
        return;
    }
    let sandbox = Sandbox::new();
    let unread = Unread::start(&sandbox, "-q -S capture_buffer=1M -S capture_queue=1M");
    let (running, printed) = unread.send(&bytes_to_send());
    running.signal(Signal::INT);
    let begin = Instant::now();
    let (seen, reader) = gathered(printed);
    let outcome = running.finish();
    assert!(begin.elapsed() < Duration::from_secs(5), "the end took {:?}", begin.elapsed());
    reader.join().unwrap();
    assert!(seen.lock().unwrap().len() < 8_000_000, "nothing was lost");
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("by the device; streams may have gaps"), "{outcome:?}");
    let report = sandbox.report("report.xml");
    let dropped: u32 = report.texts["packets_dropped_by_kernel"].parse().unwrap();
    assert!(dropped > 0);
}

/// Somebody who watches the folder sees bytes soon, also if there is always another packet within
/// the time after which the network would count as quiet.
#[test]
fn bytes_reach_their_file_soon_while_packets_trickle() {
    if !is_root() {
        skip("live capture of a trickle", "only root may capture");
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client.set_nodelay(true).unwrap();
    let (_server, _) = listener.accept().unwrap();
    let port = client.local_addr().unwrap().port();
    let sandbox = Sandbox::new();
    let running = sandbox.start(&format!("-i lo -o out tcp src port {port}"));
    running.says("listening on ");
    let server = listener.local_addr().unwrap().port();
    let file = sandbox.path(format!("out/127.000.000.001.{port:05}-127.000.000.001.{server:05}"));

    let mut sent = 0;
    let mut shortest = Duration::MAX;
    for _ in 0..10 {
        let (begin, awaited) = (Instant::now(), sent + 1);
        while std::fs::metadata(&file).map_or(0, |file| file.len()) < awaited {
            client.write_all(b"x").unwrap();
            sent += 1;
            thread::sleep(Duration::from_millis(2));
            assert!(begin.elapsed() < Duration::from_secs(20), "no bytes");
        }
        shortest = shortest.min(begin.elapsed());
    }
    // Typically some 20 ms. The flush under load alone would take 500.
    assert!(shortest < Duration::from_millis(200), "{shortest:?} from a packet to its file");
    interrupt(running);
    assert_eq!(std::fs::metadata(&file).unwrap().len(), sent);
}
