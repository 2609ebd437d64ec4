//! HTTP as no server means it.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use crate::bounds::{Bounds, disk_use};
use crate::support::packets::{Connection, Side};
use crate::support::sandbox::Sandbox;

const SERVER_FLOW: &str = "010.000.000.002.00080-010.000.000.001.40000";

/// Bytes of a stream that go into one packet.
const PACKET: usize = 60_000;

/// What all of these may use.
const BOUNDS: Bounds = Bounds { seconds: 20, memory: 400 };

/// A capture of what a server says.
fn says(response: &[u8]) -> Sandbox {
    let open = Connection::between("10.0.0.1:40000", "10.0.0.2:80").handshake();
    let pieces = response.chunks(PACKET);
    let connection = pieces.fold(open, |open, piece| open.says(Side::Server, piece));
    let sandbox = Sandbox::new();
    sandbox.capture("in.pcap", [connection.goodbye()]);
    sandbox
}

fn response(fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nServer: of the tests, with a name as long as it has to be\r\n\
         Content-Type: text/plain\r\nContent-Length: {length}\r\n{fields}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn coded(coding: &str, body: &[u8]) -> Vec<u8> {
    response(&format!("Content-Encoding: {coding}\r\n"), body)
}

fn body(number: u32) -> String {
    format!("out/{SERVER_FLOW}-HTTPBODY-{number:03}.txt")
}

/// More than a GiB of zeros.
const BOMB: u64 = 1100 << 20;

/// What the zeros of a body may become if nothing is said, in all bodies of a flow together.
const MOST: u64 = 1 << 30;

fn write_zeros(mut out: impl std::io::Write) {
    let piece = vec![0; 1 << 20];
    for _ in 0..BOMB >> 20 {
        out.write_all(&piece).expect("memory takes all");
    }
}

fn gzip_bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    write_zeros(&mut encoder);
    encoder.finish().expect("memory takes all")
}

fn deflate_bomb() -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    write_zeros(&mut encoder);
    encoder.finish().expect("memory takes all")
}

fn zstd_bomb() -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).expect("memory");
    write_zeros(&mut encoder);
    encoder.finish().expect("memory takes all")
}

/// Brotli packs zeros into blocks of 16 MiB, eight of which take 101 bytes. The end is missing.
fn brotli_bomb() -> Vec<u8> {
    const START: &[u8] = b"\xcf\xff\xff\x7f\x00\x24\x00\xe2\xb1\x40\x72";
    const EIGHT_BLOCKS: &[u8] = include_bytes!("zeros.br");
    [START, &EIGHT_BLOCKS.repeat(9)].concat()
}

/// The codings, each with a bomb.
fn bombs() -> [(&'static str, Vec<u8>); 4] {
    [
        ("gzip", gzip_bomb()),
        ("deflate", deflate_bomb()),
        ("zstd", zstd_bomb()),
        ("br", brotli_bomb()),
    ]
}

/// The run succeeds, and says of a body that it was cut at this size.
#[track_caller]
fn cuts(sandbox: &Sandbox, arguments: &str, name: &str, size: u64) {
    let outcome = BOUNDS.run(sandbox, &format!("{arguments} -a -o out -r in.pcap"));
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    outcome.complains(&[name, &format!("cut at {size} bytes"), "http_max_body"]);
}

fn size(sandbox: &Sandbox, name: &str) -> u64 {
    let metadata = std::fs::metadata(sandbox.path(name));
    metadata.unwrap_or_else(|error| panic!("{name}: {error}")).size()
}

/// The response behind it is not lost.
const NEXT: &[u8] = b"what comes next";

#[test]
fn a_bomb_becomes_no_more_than_it_may_and_takes_no_disk() {
    for (coding, bomb) in bombs() {
        let sandbox = says(&[coded(coding, &bomb), response("", NEXT)].concat());
        cuts(&sandbox, "", &body(1), MOST);
        assert_eq!(size(&sandbox, &body(1)), MOST, "{coding}");
        assert_eq!(sandbox.read(&body(2)), NEXT, "{coding}");
        let disk = disk_use(&sandbox.path("out"));
        assert!(disk < 2 * bomb.len() as u64 + (1 << 20), "{coding}: {disk} bytes on disk");
    }
}

#[test]
fn what_a_bomb_may_become_can_be_said() {
    for (coding, bomb) in bombs() {
        let sandbox = says(&[coded(coding, &bomb), response("", NEXT)].concat());
        cuts(&sandbox, "-S http_max_body=1000000", &body(1), 1_000_000);
        assert_eq!(size(&sandbox, &body(1)), 1_000_000, "{coding}");
        assert_eq!(sandbox.read(&body(2)), NEXT, "{coding}");
    }
}

/// A bomb is a kilobyte, so that a flow could hold thousands: the GiB is for all of them, and what
/// is beyond it is bounded by what was captured.
#[test]
fn the_bombs_of_a_flow_share_what_they_may_become() {
    const BOMBS: u32 = 50;
    let bomb = brotli_bomb();
    let sandbox = says(&[coded("br", &bomb).repeat(BOMBS as usize), response("", NEXT)].concat());
    cuts(&sandbox, "", &body(1), MOST);
    let sizes: Vec<u64> = (1..=BOMBS).map(|number| size(&sandbox, &body(number))).collect();
    assert_eq!(sizes[0], MOST);
    let in_proportion = 1000 * bomb.len() as u64 + (1 << 20);
    assert!(sizes[1..].iter().all(|&size| size <= in_proportion), "{sizes:?}");
    assert_eq!(sandbox.read(&body(BOMBS + 1)), NEXT);
}

/// A bomb within a bomb: neither the outer nor the inner coding goes beyond the bound.
#[test]
fn bombs_within_bombs() {
    let inner = gzip_bomb();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&inner).expect("memory takes all");
    let outer = encoder.finish().expect("memory takes all");
    let sandbox = says(&[coded("gzip, gzip", &outer), response("", NEXT)].concat());
    cuts(&sandbox, "", &body(1), MOST);
    assert_eq!(size(&sandbox, &body(1)), MOST);
    assert_eq!(sandbox.read(&body(2)), NEXT);
}

/// Holes of a stream are zeros in its bodies, too, and must not fill the disk there.
#[test]
fn the_holes_of_a_body_take_no_disk() {
    const HOLE: u32 = 16_000_000;
    const HOLES: u32 = 5;
    let mut connection = Connection::between("10.0.0.1:40000", "10.0.0.2:80").handshake();
    let start = response("", b"");
    let start = String::from_utf8(start).expect("text").replace("Content-Length: 0\r\n", "");
    connection = connection.says(Side::Server, start.as_bytes());
    for number in 1..=HOLES {
        let position = start.len() as u32 + number * HOLE;
        connection = connection.segment(Side::Server, 0x10, position, b"x");
    }
    let sandbox = Sandbox::new();
    sandbox.capture("in.pcap", [connection]);
    BOUNDS.run(&sandbox, "-e http -o out -r in.pcap").succeeds();
    let content = sandbox.read(&body(1));
    assert_eq!(content.len() as u32, HOLES * HOLE + 1);
    assert_eq!(content.iter().filter(|&&byte| byte == b'x').count() as u32, HOLES);
    let disk = disk_use(&sandbox.path("out"));
    assert!(disk < 8 << 20, "{disk} bytes on disk");
}

#[test]
fn ten_thousand_pipelined_responses() {
    const RESPONSES: u32 = 10_000;
    let all: Vec<u8> =
        (1..=RESPONSES).flat_map(|number| response("", number.to_string().as_bytes())).collect();
    let sandbox = says(&all);
    BOUNDS.run(&sandbox, "-a -o out -r in.pcap").succeeds();
    for number in 1..=RESPONSES {
        assert_eq!(sandbox.read(&body(number)), number.to_string().as_bytes());
    }
    assert!(!sandbox.path(body(RESPONSES + 1)).exists());
}

/// And as many requests that look as if they had no end.
#[test]
fn a_million_requests_without_response() {
    let requests = b"HEAD / HTTP/1.1\r\n\r\n".repeat(1_000_000);
    let open = Connection::between("10.0.0.1:40000", "10.0.0.2:80").handshake();
    let asked = requests.chunks(PACKET).fold(open, |open, piece| open.says(Side::Client, piece));
    let answered = asked.says(Side::Server, &response("", NEXT)).goodbye();
    let sandbox = Sandbox::new();
    sandbox.capture("in.pcap", [answered]);
    BOUNDS.run(&sandbox, "-a -o out -r in.pcap").succeeds();
    assert_eq!(sandbox.read(&body(1)), NEXT, "it has a body, so it answers no HEAD");
}

/// Beyond 80 KiB of header block the response is given up, and nothing else.
#[test]
fn header_lines_of_a_megabyte() {
    let long = "x".repeat(1 << 20);
    for field in [format!("X: {long}"), format!("{long}: x"), format!("Content-Encoding: {long}")] {
        let lost = response(&format!("{field}\r\n"), b"lost");
        let sandbox = says(&[response("", b"first"), lost, response("", NEXT)].concat());
        BOUNDS.run(&sandbox, "-a -o out -r in.pcap").succeeds();
        assert_eq!(sandbox.read(&body(1)), b"first");
        let report = sandbox.read("out/report.xml");
        assert!(report.len() < 10_000, "{} bytes", report.len());
        let names = sandbox.names("out");
        assert!(names.len() <= 6, "{names:?}");
        assert!(sandbox.read(&format!("out/{SERVER_FLOW}")).len() > 1 << 20);
    }
}
