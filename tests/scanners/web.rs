//! HTTP by hand: requests, responses, and connections that carry them.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::support::packets::{Connection, Side};

/// The names of the flow files of [`exchange`]: the client's and the server's.
pub(crate) const CLIENT_FLOW: &str = "010.000.000.001.40000-010.000.000.002.00080";
/// The server's.
pub(crate) const SERVER_FLOW: &str = "010.000.000.002.00080-010.000.000.001.40000";

/// Bytes of a stream that go into one packet.
const PACKET: usize = 1400;

/// Client and server of [`exchange`], who have said nothing yet.
pub(crate) fn connection() -> Connection {
    Connection::between("10.0.0.1:40000", "10.0.0.2:80").handshake()
}

/// A connection in which a client asks for `/` and gets `response`.
pub(crate) fn exchange(response: &[u8]) -> Connection {
    tell(connection().says(Side::Client, &request("GET", "/")), Side::Server, response).goodbye()
}

/// What a side says, in as many packets as it takes.
pub(crate) fn tell(connection: Connection, side: Side, bytes: &[u8]) -> Connection {
    bytes.chunks(PACKET).fold(connection, |connection, piece| connection.says(side, piece))
}

/// A request without a body.
pub(crate) fn request(method: &str, path: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nHost: example.org\r\n\r\n").into_bytes()
}

/// The head of a response, long enough to be recognised.
pub(crate) fn head(status: &str, fields: &str) -> Vec<u8> {
    let server = "Server: a server of the tests, which says no more than it must";
    format!("HTTP/1.1 {status}\r\n{server}\r\n{fields}\r\n").into_bytes()
}

/// A response with a length.
pub(crate) fn response(fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    [head("200 OK", &format!("{fields}Content-Length: {length}\r\n")), body.to_vec()].concat()
}

/// A body in chunks of these sizes, over and over.
pub(crate) fn chunked(body: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = body;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, later) = rest.split_at((*size).min(rest.len()));
        out.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        out.extend(piece);
        out.extend(b"\r\n");
        rest = later;
    }
    out.extend(b"0\r\n\r\n");
    out
}

/// Some text that is longer than what most buffers hold, and compresses.
pub(crate) fn text(length: usize) -> Vec<u8> {
    let lines = (0..)
        .flat_map(|n: u32| format!("line {n}: {:x}\n", n.wrapping_mul(0x9e37_79b1)).into_bytes());
    lines.take(length).collect()
}

/// RFC 1952.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// RFC 1950, which is what the coding `deflate` means.
pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// RFC 1951, which is what some servers take the coding `deflate` for.
pub(crate) fn bare_deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// RFC 8878.
pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 3).expect("memory takes all")
}

/// What [`BROTLI`] holds.
pub(crate) fn brotli_text() -> Vec<u8> {
    (0..40)
        .flat_map(|n| format!("line {n}: the stream is cut where it likes\n").into_bytes())
        .collect()
}

/// [`brotli_text`] as brotli packs it (RFC 7932).
pub(crate) const BROTLI: &[u8] = b"\x1b\x85\x06\x00\x04\x2a\x37\xf3\x18\x75\x42\xb2\x33\xf4\
    \x75\xbe\x82\xa4\xa9\x29\x14\xb5\x03\xa0\x56\x29\xb0\x07\x8c\xbc\x99\xe4\x88\x43\x54\x8e\x0a\
    \x3a\x58\x72\x3e\xec\xff\xce\xef\xa9\x7e\x8f\x5d\xdc\x4d\x9e\x5a\x3a\x30\xab\x0a\x9e\x9a\xab\
    \xde\x4b\xe6\x6f\x61\x12\x02\x91\x0c\xb2\x91\x9d\x1c\xe4\x24\x57\x94\xf3\xdc\xd1\x44\x13\x4d\
    \x34\xd1\x44\x13\x4d\x34\x61\x30\x18\x0c\x06\x83\xc1\x60\x30\x18\x8d\x46\xa3\xd1\x68\x34\x1a\
    \x97\x05";

/// The text of the report in a folder.
pub(crate) fn report(folder: &Path) -> String {
    let path = folder.join("report.xml");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
