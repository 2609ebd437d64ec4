//! Content codings, and what happens where they are not what they claim to be.

use super::*;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use std::io::Write;

/// The lines of `text` as brotli packs them.
pub(super) const BROTLI: &[u8; 108] = b"\x1b\x85\x06\x00\x04\x2a\x37\xf3\x18\x75\x42\xb2\x33\xf4\
    \x75\xbe\x82\xa4\xa9\x29\x14\xb5\x03\xa0\x56\x29\xb0\x07\x8c\xbc\x99\xe4\x88\x43\x54\x8e\x0a\
    \x3a\x58\x72\x3e\xec\xff\xce\xef\xa9\x7e\x8f\x5d\xdc\x4d\x9e\x5a\x3a\x30\xab\x0a\x9e\x9a\xab\
    \xde\x4b\xe6\x6f\x61\x12\x02\x91\x0c\xb2\x91\x9d\x1c\xe4\x24\x57\x94\xf3\xdc\xd1\x44\x13\x4d\
    \x34\xd1\x44\x13\x4d\x34\x61\x30\x18\x0c\x06\x83\xc1\x60\x30\x18\x8d\x46\xa3\xd1\x68\x34\x1a\
    \x97\x05";

pub(super) fn text() -> Vec<u8> {
    (0..40)
        .flat_map(|n| format!("line {n}: the stream is cut where it likes\n").into_bytes())
        .collect()
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

pub(super) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 3).expect("memory takes all")
}

/// A response with this coding and this body, and another response behind it.
pub(super) fn coded(coding: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\n{PAD}Content-Encoding: {coding}\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body, NEXT.as_bytes()].concat()
}

/// The first body of such a response, and what was told of it.
fn decode(coding: &str, body: &[u8], options: Options) -> (Vec<u8>, Option<Outcome>) {
    let memory = scan_with(&coded(coding, body), options);
    let (next, _, gif) = memory.bodies.last().expect("there is a response behind it");
    assert_eq!((next.as_str(), gif.as_slice()), ("-HTTPBODY-002.gif", &b"GIF"[..]));
    let body = if memory.bodies.len() == 2 { memory.bodies[0].2.clone() } else { Vec::new() };
    let outcome = memory.notes.iter().find_map(|note| match note {
        Note::Decoded(outcome) => Some(*outcome),
        _ => None,
    });
    (body, outcome)
}

#[test]
fn codings_are_undone() {
    let text = text();
    for (coding, body) in [
        ("gzip", gzip(&text)),
        ("x-gzip", gzip(&text)),
        ("gzip", zlib(&text)),
        ("deflate", zlib(&text)),
        ("deflate", deflate(&text)),
        ("deflate", gzip(&text)),
        ("br", BROTLI.to_vec()),
        ("zstd", zstd(&text)),
        ("GZip", gzip(&text)),
        ("gzip \t", gzip(&text)),
        ("identity", text.clone()),
        ("gzip, identity", gzip(&text)),
        ("gzip, br", text.clone()),
        ("gzip, deflate", zlib(&gzip(&text))),
        ("deflate,zstd , gzip", gzip(&zstd(&deflate(&text)))),
    ] {
        let outcome = (coding == "gzip, br").then_some(Outcome::NotDecoded);
        assert_eq!(decode(coding, &body, OPTIONS), (text.clone(), outcome), "{coding}");
    }
}

#[test]
fn nothing_is_undone_when_not_wanted() {
    let options = Options { decode: false, ..OPTIONS };
    for (coding, body) in [("gzip", gzip(b"x")), ("br", BROTLI.to_vec()), ("zstd", zstd(b"x"))] {
        assert_eq!(decode(coding, &body, options), (body, None), "{coding}");
    }
}

#[test]
fn unknown_codings_are_stored_as_they_are() {
    for coding in ["compress", "gzip;q=1", "gzip, foo", "gzip gzip", "gzip,gzip,gzip,gzip,gzip"] {
        assert_eq!(decode(coding, &gzip(b"x"), OPTIONS), (gzip(b"x"), None), "{coding}");
    }
}

#[test]
fn members_and_frames_are_put_together() {
    let twice = [text(), text()].concat();
    for (coding, one) in [("gzip", gzip(&text())), ("gzip", zlib(&text())), ("zstd", zstd(&text()))]
    {
        assert_eq!(decode(coding, &[one.clone(), one].concat(), OPTIONS), (twice.clone(), None));
    }
}

#[test]
fn what_follows_the_end_is_left_out() {
    for (coding, body) in
        [("gzip", gzip(&text())), ("deflate", deflate(&text())), ("br", BROTLI.to_vec())]
    {
        for garbage in [&b"garbage"[..], &[0; 100]] {
            let (body, outcome) = decode(coding, &[&body, garbage].concat(), OPTIONS);
            assert_eq!(outcome, Some(Outcome::Garbage), "{coding}");
            assert_eq!(body, text(), "{coding}");
        }
        assert_eq!(decode(coding, &[&body[..], b"g"].concat(), OPTIONS).0, text());
    }
}

#[test]
fn what_came_before_damage_is_kept() {
    let text = text();
    let mut bad_checksum = gzip(&text);
    let end = bad_checksum.len() - 8;
    bad_checksum[end..].fill(0);
    assert_eq!(decode("gzip", &bad_checksum, OPTIONS), (text.clone(), Some(Outcome::Corrupt)));

    // Each coding, damaged in the second of two streams or blocks.
    let mut noise = 1u64;
    let long: Vec<u8> = std::iter::repeat_with(|| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        b'a' + (noise >> 60) as u8
    })
    .take(400_000)
    .collect();
    for (coding, body) in
        [("gzip", gzip(&long)), ("deflate", deflate(&long)), ("zstd", zstd(&long))]
    {
        let mut damaged = body.clone();
        let middle = damaged.len() / 2;
        damaged[middle..].fill(0xff);
        let (kept, outcome) = decode(coding, &damaged, OPTIONS);
        assert!(outcome.is_some(), "{coding}");
        let same = kept.iter().zip(&long).take_while(|(a, b)| a == b).count();
        assert!(same > 50_000, "{coding} is right for {same} bytes only");
    }
}

#[test]
fn what_was_cut_off_is_decoded_as_far_as_it_goes() {
    let text = text();
    for (coding, body) in
        [("gzip", gzip(&text)), ("deflate", deflate(&text)), ("br", BROTLI.to_vec())]
    {
        let (kept, outcome) = decode(coding, &body[..body.len() - 12], OPTIONS);
        assert_eq!(outcome, Some(Outcome::Truncated), "{coding}");
        assert!(kept.len() > 40 && text.starts_with(&kept), "{coding} kept {}", kept.len());
    }
}

#[test]
fn a_wrong_claim_of_gzip_leaves_nothing() {
    for body in [&b"plain text not gzip at all"[..], b"\x1f\x8b\x08\x00\x00", b"x"] {
        assert!(decode("gzip", body, OPTIONS).0.is_empty());
    }
    assert_eq!(decode("gzip", &gzip(b""), OPTIONS), (Vec::new(), None));
}

#[test]
fn a_wrong_claim_of_other_codings_leaves_the_body_as_it_is() {
    let long = vec![b'x'; 2_000_000];
    for coding in ["br", "zstd", "gzip, gzip", "br, gzip"] {
        for body in [&b"foobar"[..], b"plain text", &gzip(&text()), &long] {
            let wanted = (body.to_vec(), Some(Outcome::NotDecoded));
            assert_eq!(decode(coding, body, OPTIONS), wanted, "{coding}");
        }
    }
    assert_eq!(decode("br", b"\x06", OPTIONS), (Vec::new(), None), "empty, and rightly so");
}

#[test]
fn the_size_of_a_body_is_bounded() {
    let options = Options { max_size: Some(100_000), ..OPTIONS };
    let big = vec![0; 1_000_000];
    for (coding, body) in [
        ("gzip", gzip(&big)),
        ("zstd", zstd(&big)),
        ("gzip, gzip", gzip(&gzip(&big))),
        // The inner stream would end in time, the outer one does not.
        ("gzip, deflate", zlib(&[gzip(b""), vec![0; 1_000_000]].concat())),
    ] {
        let (body, outcome) = decode(coding, &body, options);
        if coding == "gzip, deflate" {
            assert_eq!(outcome, Some(Outcome::NotDecoded));
            continue;
        }
        assert_eq!((body.len(), outcome), (100_000, Some(Outcome::Cut(100_000))), "{coding}");
    }
    let exact = gzip(&big[..100_000]);
    assert_eq!(decode("gzip", &exact, options), (vec![0; 100_000], None));
}

#[test]
fn windows_larger_than_the_coding_allows_are_refused() {
    // A zstd frame that asks for a window of 2 GiB, and a brotli stream with a large window.
    let huge_zstd = b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00";
    assert_eq!(decode("zstd", huge_zstd, OPTIONS).1, Some(Outcome::NotDecoded));
    let huge_brotli = b"\x11\x1e\x03\x00\x00\x00";
    assert_eq!(decode("br", huge_brotli, OPTIONS).1, Some(Outcome::NotDecoded));
}
