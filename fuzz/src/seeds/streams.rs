//! Streams: segments in and out of order, and HTTP in all framings and codings.

use std::io::Write;

use super::{Seed, segment};

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

fn reassembly() -> Vec<Seed> {
    let isn = u32::MAX - 15; // the numbers wrap in the middle
    let at = |offset: u32| isn.wrapping_add(offset);
    let cases = [
        (
            "orderly",
            [
                segment(0, SYN, isn, 0, 0, 0),
                segment(4, SYN | ACK, 5, 0, 0, 0),
                segment(0, ACK, at(1), 10, 1, 0),
                segment(0, ACK, at(11), 10, 2, 0),
                segment(4, ACK, 6, 30, 3, 1),
                segment(0, FIN | ACK, at(21), 0, 0, 0),
                segment(4, FIN | ACK, 36, 0, 0, 0),
            ]
            .concat(),
        ),
        (
            "holes",
            [
                segment(0, SYN, isn, 0, 0, 0),
                segment(0, FIN | ACK, at(41), 10, 1, 0),
                segment(0, ACK, at(1), 20, 2, 0),
                segment(0, ACK, at(11), 30, 3, 0),
            ]
            .concat(),
        ),
        (
            "joined-in-the-middle",
            [
                segment(2, ACK, at(100), 10, 1, 0),
                segment(2, ACK, at(50), 10, 2, 0),
                segment(2, ACK, at(59), 1, 2, 0),
                segment(2, ACK, isn, 200, 2, 0),
                segment(2, RST, at(0), 0, 2, 0),
                segment(2, ACK, at(50), 10, 9, 0),
            ]
            .concat(),
        ),
        (
            "again-and-idle",
            [
                segment(1, SYN, 1, 3, 1, 0),
                segment(1, SYN, 1_000_000, 0, 1, 70),
                segment(1, ACK, 4_000_000_000, 10, 1, 70),
                segment(3, ACK, 7, 10, 1, 70),
                segment(0x81, ACK, 4_000_000_010, 10, 1, -300),
                segment(0x82, ACK, 9, 10, 1, 1),
            ]
            .concat(),
        ),
    ];
    let mut seeds = Vec::new();
    for (name, segments) in cases {
        for rules in [0, 0b0101, 0b1010, 0b1111] {
            let bytes = [&[rules], &segments[..]].concat();
            seeds.push(Seed::new("reassembly", format!("{name}-{rules}"), bytes));
        }
    }
    seeds
}

fn gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(vec![], Default::default());
    encoder.write_all(body)?;
    encoder.finish()
}

fn http() -> Vec<Seed> {
    let body: Vec<u8> = b"the body of a response, over and over. ".repeat(8);
    let gzip = gzip(&body).expect("in memory");
    let zstd = zstd::encode_all(&body[..], 3).expect("in memory");
    let half = gzip.len() / 2;
    let sized = |coding: &str, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\
             Content-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    let chunked = [
        &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"[..],
        format!("{half:x};name=value\r\n").as_bytes(),
        &gzip[..half],
        format!("\r\n{:X}\r\n", gzip.len() - half).as_bytes(),
        &gzip[half..],
        b"\r\n0\r\nTrailer: x\r\n\r\n",
    ]
    .concat();
    let brotli = b"\x0b\x02\x80hello\x03";
    let cases = [
        ("plain", sized("identity", &body)),
        ("gzip", sized("gzip", &gzip)),
        ("deflate", sized("deflate", &gzip)),
        ("brotli", [sized("br", brotli), sized("identity", &body)].concat()),
        ("zstd", sized("zstd", &zstd)),
        ("listed", sized("gzip, identity, br", &gzip)),
        ("chunked", [&chunked[..], &chunked].concat()),
        ("to-the-end", [&b"HTTP/1.0 200\nContent-Type: image/png\n\n"[..], &body].concat()),
        (
            "pipelined",
            [
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n".to_vec(),
                sized("gzip", b"none"),
                b"garbage".to_vec(),
                sized("gzip", &gzip),
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxyz"
                    .to_vec(),
            ]
            .concat(),
        ),
    ];
    let requests =
        b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nxx\
        CONNECT x:1 HTTP/1.1\r\n\r\n";
    let mut seeds = Vec::new();
    for (name, stream) in cases {
        let bytes = [&[1, 7][..], &stream].concat();
        seeds.push(Seed::new("http", name, bytes));
        let length = (requests.len() as u16).to_le_bytes();
        let bytes = [&[7, 0][..], &length, requests, &stream].concat();
        seeds.push(Seed::new("http", format!("{name}-requests"), bytes));
    }
    seeds
}

pub(super) fn seeds() -> Vec<Seed> {
    let mut seeds = reassembly();
    seeds.extend(http());
    seeds
}
