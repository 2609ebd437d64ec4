//! Whole files through every layer: archives, pipes, and bytes that nobody ever meant as a capture.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::compression::Compression;
use super::testing::{Order, Outcome, PLAIN, pcapng, read, samples};
use super::{FileSource, Next};

/// `bytes` in each compression that holds a single file.
fn compressed(bytes: &[u8]) -> Vec<(Compression, Vec<u8>)> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(bytes).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(bytes).unwrap();
    let options = liblzma::stream::LzmaOptions::new_preset(1).unwrap();
    let lzma = liblzma::stream::Stream::new_lzma_encoder(&options).unwrap();
    let mut lzma = liblzma::write::XzEncoder::new_stream(Vec::new(), lzma);
    lzma.write_all(bytes).unwrap();
    let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
    zstd.include_checksum(true).unwrap();
    zstd.write_all(bytes).unwrap();
    let checked = lz4_flex::frame::FrameInfo::new().content_checksum(true);
    let mut lz4 = lz4_flex::frame::FrameEncoder::with_frame_info(checked, Vec::new());
    lz4.write_all(bytes).unwrap();
    vec![
        (Compression::Gzip, gzip.finish().unwrap()),
        (Compression::Bzip2, bzip2.finish().unwrap()),
        (Compression::Xz, xz.finish().unwrap()),
        (Compression::Lzma, lzma.finish().unwrap()),
        (Compression::Zstd, zstd.finish().unwrap()),
        (Compression::Lz4, lz4.finish().unwrap()),
    ]
}

/// What stands behind the files of a zip archive.
const DIRECTORY: &[u8] = b"PK\x01\x02 the directory";

/// A zip archive as programs write it to files, or, `streamed`, to pipes.
fn zip(files: &[(&str, &[u8])], deflated: bool, streamed: bool) -> Vec<u8> {
    [&zip_entries(files, deflated, streamed), DIRECTORY].concat()
}

/// The same without its directory.
fn zip_entries(files: &[(&str, &[u8])], deflated: bool, streamed: bool) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, bytes) in files {
        let mut deflate =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        deflate.write_all(bytes).unwrap();
        let data = if deflated { deflate.finish().unwrap() } else { bytes.to_vec() };
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let sums = [crc.sum(), data.len() as u32, bytes.len() as u32].map(u32::to_le_bytes);
        archive.extend(b"PK\x03\x04\x14\x00");
        archive.extend([if streamed { 8 } else { 0 }, 0, if deflated { 8 } else { 0 }, 0]);
        archive.extend([0; 4]);
        archive.extend(if streamed { [0; 12].to_vec() } else { sums.concat() });
        archive.extend((name.len() as u16).to_le_bytes());
        archive.extend([4, 0]);
        archive.extend(name.as_bytes());
        archive.extend([0x55, 0x54, 0, 0]); // an extra field of no interest
        archive.extend(data);
        if streamed {
            archive.extend(b"PK\x07\x08");
            archive.extend(sums.concat());
        }
    }
    archive
}

fn good() -> Outcome {
    Outcome { packets: samples(), errors: vec![] }
}

#[test]
fn every_compression_is_recognised_and_undone() {
    for capture in [PLAIN.with(&samples(), 1), pcapng(Order::Big, &samples())] {
        for (compression, bytes) in compressed(&capture) {
            assert_eq!(Compression::detect(&bytes), Some(compression));
            assert_eq!(read(&bytes), good(), "{compression:?}");
        }
        for (deflated, streamed) in [(false, false), (true, false), (true, true)] {
            let archive = zip(&[("a.pcap", &capture)], deflated, streamed);
            assert_eq!(read(&archive), good(), "{deflated} {streamed}");
        }
    }
}

#[test]
fn streams_one_behind_the_other_are_one_file() {
    let capture = PLAIN.with(&samples(), 1);
    let (front, back) = capture.split_at(1000);
    for ((compression, front), (_, back)) in compressed(front).iter().zip(compressed(back)) {
        // The lzma format has no such notion.
        if *compression != Compression::Lzma {
            assert_eq!(read(&[front.as_slice(), &back].concat()), good(), "{compression:?}");
        }
    }
}

#[test]
fn padding_and_garbage_behind_an_archive_are_ignored() {
    for (compression, bytes) in compressed(&PLAIN.with(&samples(), 1)) {
        for tail in [&[0; 512][..], b"garbage", &[0, 0, 0, 0, 7, 7]] {
            assert_eq!(read(&[&bytes, tail].concat()), good(), "{compression:?} {tail:?}");
        }
    }
}

#[test]
fn a_truncated_archive_gives_what_is_there_and_one_error() {
    let samples: Vec<_> = std::iter::repeat_n(samples(), 4).flatten().collect();
    let capture = PLAIN.with(&samples, 1);
    let mut archives = compressed(&capture);
    archives.push((Compression::Zip, zip(&[("a", &capture)], true, false)));
    for (compression, bytes) in archives {
        let outcome = read(&bytes[..bytes.len() - 20]);
        let count = outcome.packets.len();
        assert_eq!(outcome.packets, samples[..count]);
        // These have large blocks, and a block is the least that can be unpacked.
        let is_coarse = matches!(compression, Compression::Bzip2 | Compression::Lz4);
        assert!(count > 0 || is_coarse, "{compression:?}");
        let [error] = outcome.errors.as_slice() else { panic!("{:?}", outcome.errors) };
        let expected = format!("truncated {} archive", compression.name());
        assert!(error.ends_with(&expected), "{error}");
    }
}

#[test]
fn a_damaged_archive_gives_what_was_before_and_one_error() {
    let samples: Vec<_> = std::iter::repeat_n(samples(), 4).flatten().collect();
    for (compression, mut bytes) in compressed(&PLAIN.with(&samples, 1)) {
        let middle = bytes.len() / 2;
        bytes[middle..middle + 8].fill(0xff);
        let outcome = read(&bytes);
        assert_eq!(outcome.errors.len(), 1, "{compression:?}: {:?}", outcome.errors);
    }
}

#[test]
fn all_captures_in_a_zip_archive_are_read_and_other_files_are_not() {
    let pcap = PLAIN.with(&samples(), 1);
    let pcapng = pcapng(Order::Big, &samples());
    let cut = &pcap[..30];
    let files: [(&str, &[u8]); 7] = [
        ("folder/", b""),
        ("README", b"What this is"),
        ("folder/a.pcap", &pcap),
        ("empty", b""),
        ("__MACOSX/._a.pcap", &pcap),
        ("cut.pcap", cut),
        ("b.pcapng", &pcapng),
    ];
    for deflated in [false, true] {
        let outcome = read(&zip(&files, deflated, deflated));
        assert_eq!(outcome.packets, [samples(), samples()].concat());
        let error = "cut.pcap: truncated dump file; tried to read 16 header bytes, only got 6";
        assert_eq!(outcome.errors, [error]);
    }
    let nothing = read(&zip(&files[..2], true, false));
    assert_eq!(nothing.errors, ["unknown file format"]);
}

#[test]
fn wrong_checksums_are_reported_after_the_packets() {
    let mut archive = zip(&[("a.pcap", &PLAIN.with(&samples(), 1))], true, false);
    archive[14] ^= 1;
    let outcome = read(&archive);
    assert_eq!(outcome.packets, samples());
    assert_eq!(outcome.errors, ["a.pcap: damaged zip archive: wrong checksum"]);
}

#[test]
fn what_a_zip_archive_does_not_tell_is_refused() {
    let capture = PLAIN.with(&samples(), 1);
    let error = |archive: &[u8]| read(archive).errors.concat();
    let mut archive = zip(&[("a.pcap", &capture)], true, false);
    archive[6] |= 1;
    assert_eq!(error(&archive), "a.pcap: encrypted files are not supported");
    let mut archive = zip(&[("a.pcap", &capture)], true, false);
    archive[8] = 9;
    assert_eq!(error(&archive), "a.pcap: compression method 9 is not supported");
    // Where it ended could only be guessed.
    let archive = zip(&[("a.pcap", &capture)], false, true);
    assert_eq!(error(&archive), "a.pcap: its length is unknown");
}

#[test]
fn a_bad_file_of_a_zip_archive_hides_no_other() {
    let capture = PLAIN.with(&samples(), 1);
    let files: [(&str, &[u8]); 4] =
        [("a.pcap", &capture), ("b.pcap", &capture), ("README", b"What this is"), ("c", &capture)];
    for deflated in [false, true] {
        let archive = zip(&files, deflated, false);
        let header = |name: &str| {
            let header = |at: &usize| archive[*at..].starts_with(b"PK\x03\x04");
            let is_it = |at: &usize| archive[at + 30..].starts_with(name.as_bytes());
            (0..archive.len() - 40).filter(header).find(is_it).unwrap()
        };
        let changed = |name: &str, at: usize, bits: u8| {
            let mut archive = archive.clone();
            archive[header(name) + at] ^= bits;
            read(&archive)
        };
        let all = [samples(), samples(), samples()].concat();
        for name in ["a.pcap", "b.pcap", "c"] {
            let encrypted = changed(name, 6, 1);
            assert_eq!(encrypted.packets, all[samples().len()..]);
            assert_eq!(encrypted.errors, [format!("{name}: encrypted files are not supported")]);
            let damaged = changed(name, 14, 1);
            assert_eq!(damaged.packets, all);
            assert_eq!(damaged.errors, [format!("{name}: damaged zip archive: wrong checksum")]);
        }
        assert_eq!(changed("README", 14, 1), Outcome { packets: all, errors: vec![] });
    }
}

/// They are counted, and what comes behind them is read all the same.
#[test]
fn a_thousand_bad_files_are_no_flood_and_hide_nothing() {
    let text = &b"Just some text that is no capture"[..];
    let capture = PLAIN.with(&samples(), 1);
    let mut entry = zip_entries(&[("a", text)], false, false);
    entry[6] |= 1;
    let bad = entry.repeat(1000);
    let nothing = read(&[&bad, DIRECTORY].concat());
    let reason = "a: encrypted files are not supported";
    let more = "(and 999 more of the archive's files cannot be read either)";
    assert_eq!(nothing.errors, [format!("{reason} {more}")]);
    let Outcome { packets, errors } = read(&[bad, zip(&[("b", &capture)], true, false)].concat());
    assert_eq!(packets, samples());
    assert_eq!(errors[..10], [reason; 10]);
    assert_eq!(errors[10..], ["990 more of its files cannot be read"]);
}

/// Everything behind them was lost without a word.
#[test]
fn wrong_lengths_and_missing_headers_in_a_zip_archive_are_told() {
    let capture = PLAIN.with(&samples(), 1);
    let part = |name| zip_entries(&[(name, &capture)], true, false);
    let (first, second, end) = (part("a"), part("b"), DIRECTORY);
    let mut long = first.clone();
    long[18] = long[18].wrapping_add(1);
    assert_ne!(long[18], 0, "no carry");
    let Outcome { packets, errors } = read(&[&long, &second, end].concat());
    assert_eq!(packets, [samples(), samples()].concat());
    assert_eq!(errors, ["a: damaged zip archive: a file's length is wrong"]);
    let Outcome { packets, errors } = read(&[&first, &b"JUNK"[..], &second, end].concat());
    assert_eq!(packets, samples());
    assert_eq!(errors, ["a: damaged zip archive: no file's header follows"]);
}

#[test]
fn what_is_no_capture_is_refused() {
    assert_eq!(read(b"Just some text.").errors, ["unknown file format"]);
    assert_eq!(read(b"ab").errors.len(), 1);
    let open = |path: &Path| FileSource::open(path).err().unwrap().to_string();
    assert_eq!(open(Path::new("/no/such/file")), "/no/such/file: No such file or directory");
    assert_eq!(open(Path::new("/")), "/: is a directory");
}

#[test]
fn names_need_not_be_unicode() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(OsStr::from_bytes(b"caf\xe9.pcap"));
    std::fs::write(&path, PLAIN.header()).unwrap();
    assert!(FileSource::open(&path).unwrap().name().contains("caf"));
}

#[test]
fn a_silent_pipe_is_idle_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    let capture = PLAIN.with(&samples()[2..4], 1);
    let writer = std::thread::spawn({
        let path = path.clone();
        move || std::fs::OpenOptions::new().write(true).open(path).unwrap()
    });
    let source = std::thread::spawn(move || FileSource::open(&path).unwrap());
    let mut writer = writer.join().unwrap();
    writer.write_all(&capture[..100]).unwrap();
    let mut source = source.join().unwrap();

    assert!(matches!(source.next_packet().unwrap(), Next::Packet(_)));
    let begin = Instant::now();
    assert!(matches!(source.next_packet().unwrap(), Next::Idle));
    assert!(begin.elapsed() < Duration::from_secs(2));
    writer.write_all(&capture[100..]).unwrap();
    drop(writer);
    let mut packets = 0;
    loop {
        match source.next_packet().unwrap() {
            Next::Packet(packet) => packets += usize::from(packet.data.len() == 1514),
            Next::Idle => assert!(begin.elapsed() < Duration::from_secs(5)),
            Next::AtHand => panic!("packets are taken one by one"),
            Next::End => break,
        }
    }
    assert_eq!(packets, 1);
}

/// A file of each kind.
static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let capture = PLAIN.with(&samples()[..4], 1);
    let mut files = vec![
        capture.clone(),
        pcapng(Order::Little, &samples()[..4]),
        pcapng(Order::Big, &samples()[..4]),
        zip(&[("a", &capture), ("b", &capture)], true, false),
        zip(&[("a", &capture), ("b", &capture)], true, true),
        zip(&[("a", &capture), ("b", &capture)], false, false),
    ];
    files.extend(compressed(&capture).into_iter().map(|(_, bytes)| bytes));
    files
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_files_are_no_danger(
        which in 0_usize..12,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
    ) {
        let mut file = FILES[which].clone();
        for (position, value) in changes {
            // The front is where structure is.
            let position = position.index(file.len()).min(position.index(200));
            file[position] = value;
        }
        file.truncate(end.index(file.len() * 2));
        let outcome = read(&file);
        prop_assert!(!outcome.errors.concat().contains("failed"), "{:?}", outcome.errors);
        prop_assert!(outcome.packets.iter().all(|packet| packet.data.len() <= 262_144));
    }

    #[test]
    fn arbitrary_bytes_are_no_danger(
        magic in prop::sample::select(vec![
            &b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x01\0\0\0"[..],
            b"\xa1\xb2\x3c\x4d\0\x02\0\x04",
            b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0",
            b"\x1f\x8b\x08\0", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd",
            b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18", b"\x50\x2a\x4d\x18", b"PK\x03\x04",
            b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff", b"",
        ]),
        bytes in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let outcome = read(&[magic, &bytes].concat());
        prop_assert!(!outcome.errors.concat().contains("failed"), "{:?}", outcome.errors);
    }
}
