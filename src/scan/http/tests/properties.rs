//! What holds for every stream: no panic, no end of bodies missing, and the same bodies however the
//! stream is cut.

use super::codings::{BROTLI, coded, deflate, gzip, text, zlib, zstd};
use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Bits of responses, so that random streams get somewhere.
const BITS: &[&str] = &[
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 304 x\n",
    "HTTP/1.1 101 Switching\r\n",
    "Content-Length: 3\r\n",
    "Content-Length: ",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: ",
    "Connection: upgrade\r\n",
    "Upgrade: x\r\n",
    "Content-Encoding: br, gzip\r\n",
    "Content-Type: text/html\r\n",
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    ",",
    ":",
    "0\r\n\r\n",
    "3\r\nabc\r\n",
    "a;x\r\n0123456789\r\n",
    "H",
    "18446744073709551615",
    "ffffffffffffffff",
];

fn streams() -> impl Strategy<Value = Vec<u8>> {
    let bit = prop_oneof![
        8 => select(BITS).prop_map(|bit| bit.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 1..20),
    ];
    vec(bit, 0..60)
        .prop_map(|bits| [b"HTTP/1.1 200 OK\r\n", PAD.as_bytes(), &bits.concat()].concat())
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![1usize..4, 1usize..200, 60_000usize..70_000], 1..20)
}

/// A response whose coded body has been damaged at some places.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let long: Vec<u8> = text().into_iter().cycle().take(150_000).collect();
    let bodies = vec![
        ("gzip", gzip(&text())),
        ("gzip", gzip(&long)),
        ("deflate", zlib(&text())),
        ("deflate", deflate(&text())),
        ("deflate", deflate(&long)),
        ("br", BROTLI.to_vec()),
        ("zstd", zstd(&text())),
        ("zstd", zstd(&long)),
        ("br, gzip", gzip(BROTLI)),
        ("gzip, zstd", zstd(&gzip(&long))),
    ];
    let damage = vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (select(bodies), damage, any::<bool>()).prop_map(|((coding, mut body), damage, twice)| {
        if twice {
            body.extend_from_within(..);
        }
        for (place, byte) in damage {
            let place = place.index(body.len());
            body[place] = byte;
        }
        coded(coding, &body)
    })
}

fn scan(stream: &[u8], sizes: &[usize], methods: &[Method]) -> Memory {
    let mut scanner = Scanner::new(Options { decode: true, max_size: Some(400_000) });
    scanner.add_requests(methods);
    scan_in_pieces(stream, sizes, scanner, Memory::default())
}

/// Whether the same was found twice. The brotli library looks ahead where it can, and the zstd
/// library decodes a frame at once if all of it is there: how many bytes are salvaged of a damaged
/// body, and whether it looks damaged or only cut off, depends on the cutting.
fn agree(stream: &[u8], one: &Memory, other: &Memory) -> bool {
    let holds = |name: &[u8]| stream.windows(name.len()).any(|window| window == name);
    one == other || (holds(b": br") || holds(b"zstd")) && one.opened == other.opened
}

proptest! {
    #[test]
    fn the_cutting_makes_no_difference(stream in streams(), sizes in sizes(), heads in vec(any::<bool>(), 0..4)) {
        let methods: Vec<_> = heads.iter().map(|&head| if head { Method::Head } else { Method::Other }).collect();
        let whole = scan(&stream, &[usize::MAX], &methods);
        prop_assert!(agree(&stream, &whole, &scan(&stream, &sizes, &methods)));
        prop_assert!(agree(&stream, &whole, &scan(&stream, &[1], &methods)));
    }

    #[test]
    fn bodies_that_are_not_coded_are_pieces_of_the_stream(stream in streams()) {
        let mut end = 0;
        let options = Options { decode: false, max_size: None };
        for (name, offset, body) in scan_with(&stream, options).bodies {
            prop_assert!(offset >= end, "{} begins before the one before it ends", name);
            let first = stream.get(offset as usize).copied();
            prop_assert_eq!(first, body.first().copied());
            end = offset + body.len() as u64;
            prop_assert!(end <= stream.len() as u64);
        }
    }

    #[test]
    fn damaged_codings_are_decoded_alike_however_cut(stream in damaged(), sizes in sizes()) {
        let whole = scan(&stream, &[usize::MAX], &[]);
        prop_assert!(agree(&stream, &whole, &scan(&stream, &sizes, &[])));
    }

    #[test]
    fn requests_are_read_alike_however_cut(stream in streams(), size in 1usize..50) {
        let stream = String::from_utf8_lossy(&stream).replace("HTTP/1.1 200 OK\r\n", "HEAD / HTTP/1.1\r\n");
        let mut whole = RequestMethods::new();
        whole.feed(stream.as_bytes());
        let mut pieces = RequestMethods::new();
        stream.as_bytes().chunks(size).for_each(|piece| pieces.feed(piece));
        prop_assert_eq!(whole.methods(), pieces.methods());
    }
}
