//! Where packets come from: several files, standard input, archives, lists, filters.

use std::fs;
use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use crate::support::fixtures::gzip;
use crate::support::packets::{ACK, Connection, PSH, Side};
use crate::support::sandbox::{Sandbox, expand, fixture};

const CLIENT_FILE: &str = "010.000.000.001.40000-010.000.000.002.00080";
const SERVER_FILE: &str = "010.000.000.002.00080-010.000.000.001.40000";

fn http() -> Vec<u8> {
    fs::read(fixture("http-ipv4.pcap")).unwrap()
}

/// The program finds the HTTP exchange in a file of this name.
#[track_caller]
fn finds_http(sandbox: &Sandbox, name: &str) {
    sandbox.run(&format!("-o {name}.out -r {name}")).succeeds();
    let expected = Sandbox::new();
    expected.run("-o out -r {http-ipv4.pcap}").succeeds();
    assert_eq!(sandbox.tree(&format!("{name}.out")), expected.tree("out"), "{name}");
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn lzma(bytes: &[u8]) -> Vec<u8> {
    let options = liblzma::stream::LzmaOptions::new_preset(1).unwrap();
    let stream = liblzma::stream::Stream::new_lzma_encoder(&options).unwrap();
    let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An archive of one deflated file, by hand: there is no writer among the dependencies.
fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    let deflated = encoder.finish().unwrap();
    let mut checksum = Crc::new();
    checksum.update(bytes);
    let mut fields = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
    fields.extend(checksum.sum().to_le_bytes());
    fields.extend((deflated.len() as u32).to_le_bytes());
    fields.extend((bytes.len() as u32).to_le_bytes());
    fields.extend([7, 0, 0, 0]);
    let file = [b"PK\x03\x04", &fields[..], b"in.pcap", &deflated].concat();
    let entry = [b"PK\x01\x02\x14\0", &fields[..], &[0; 14], b"in.pcap"].concat();
    let mut end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec();
    end.extend((entry.len() as u32).to_le_bytes());
    end.extend((file.len() as u32).to_le_bytes());
    end.extend([0, 0]);
    [file, entry, end].concat()
}

#[test]
fn archives_are_read_by_content_whatever_their_name() {
    let sandbox = Sandbox::new();
    for (name, pack) in [
        ("gz", gzip as fn(&[u8]) -> Vec<u8>),
        ("bz2", bzip2),
        ("xz", xz),
        ("lzma", lzma),
        ("zst", zstd),
        ("lz4", lz4),
        ("zip", zipped),
    ] {
        let archive = pack(&http());
        sandbox.write(&format!("in.pcap.{name}"), &archive);
        finds_http(&sandbox, &format!("in.pcap.{name}"));
        sandbox.write(&format!("no-suffix-{name}"), &archive);
        finds_http(&sandbox, &format!("no-suffix-{name}"));
        sandbox.run_on(&archive, &format!("-o stdin.{name} -r -")).succeeds();
        assert_eq!(sandbox.names(&format!("stdin.{name}")).len(), 2, "{name} on a pipe");
    }
}

/// What could be unpacked is processed; then comes the error.
#[test]
fn a_damaged_archive_is_an_error_after_what_could_be_read() {
    let sandbox = Sandbox::new();
    let talk = Connection::between("10.0.0.1:40000", "10.0.0.2:80");
    let talk = (0..200u32).fold(talk, |talk, number| {
        talk.says(Side::Client, format!("{:x} ", number.wrapping_mul(0x9e37_79b9)).as_bytes())
    });
    sandbox.capture("in.pcap", [talk]);
    let mut archive = gzip(&sandbox.read("in.pcap"));
    archive.truncate(archive.len() / 2);
    sandbox.write("in.pcap.gz", archive);
    sandbox.run("-o whole -r in.pcap").succeeds();
    sandbox.run("-o out -r in.pcap.gz").fails(1, &["in.pcap.gz"]);
    let whole = sandbox.read(&format!("whole/{CLIENT_FILE}"));
    let part = sandbox.read(&format!("out/{CLIENT_FILE}"));
    assert!(part.len() > 100 && part.len() < whole.len() && whole.starts_with(&part));
    assert_eq!(sandbox.report("out/report.xml").flows.len(), 1);
}

#[test]
fn standard_input() {
    let sandbox = Sandbox::new();
    sandbox.run_on(&http(), "-o out -r -").succeeds();
    assert_eq!(sandbox.names("out"), [CLIENT_FILE, SERVER_FILE]);
    sandbox.run_on(b"", "-o empty -r -").fails(1, &["standard input"]);
}

#[test]
fn several_files_are_one_capture() {
    let sandbox = Sandbox::new();
    let talk = |from: u32, text: &[u8]| {
        let talk = Connection::between("10.0.0.1:40000", "10.0.0.2:80");
        talk.segment(Side::Client, PSH | ACK, from, text)
    };
    sandbox.capture("first.pcap", [talk(0, b"first, ")]);
    sandbox.capture("second.pcap", [talk(7, b"second")]);
    sandbox.run("-o out -r first.pcap -r second.pcap").succeeds();
    assert_eq!(sandbox.read(&format!("out/{CLIENT_FILE}")), b"first, second");
    sandbox.run("-o list -l first.pcap second.pcap").succeeds();
    assert_eq!(sandbox.tree("list"), sandbox.tree("out"));
    sandbox.run("-o mixed -l second.pcap -r first.pcap").succeeds();
    assert_eq!(sandbox.names("mixed"), [CLIENT_FILE]);
}

/// The second half of a flow counts, a flow that was not known does not.
#[test]
fn capital_r_only_finishes_known_flows() {
    let sandbox = Sandbox::new();
    let known = Connection::between("10.0.0.1:40000", "10.0.0.2:80");
    let other = Connection::between("10.0.0.3:40000", "10.0.0.2:80").says(Side::Client, b"new");
    sandbox.capture("a.pcap", [known.clone().says(Side::Client, b"begin")]);
    sandbox.capture("b.pcap", [known.segment(Side::Client, PSH | ACK, 5, b" end"), other]);
    sandbox.run("-o out -R b.pcap -r a.pcap").succeeds();
    let tree = Vec::from_iter(sandbox.tree("out"));
    assert_eq!(tree, [(CLIENT_FILE.to_owned(), b"begin end".to_vec())]);
    sandbox.run("-o jump -m 2 -r a.pcap -R {gap.pcap}").succeeds();
    assert_eq!(sandbox.names("jump"), [CLIENT_FILE]);
}

#[test]
fn a_missing_file_is_told_and_the_others_are_read() {
    let sandbox = Sandbox::new();
    sandbox
        .run("-o out -r missing.pcap -r {http-ipv4.pcap}")
        .fails(1, &["missing.pcap", "No such file"]);
    assert_eq!(sandbox.names("out"), [CLIENT_FILE, SERVER_FILE]);
    assert_eq!(sandbox.report("out/report.xml").flows.len(), 2);
}

#[test]
fn what_is_no_capture_is_told() {
    let sandbox = Sandbox::new();
    sandbox.write("empty", "");
    sandbox.write("text", "This is no capture, but it is long enough to be one.\n");
    fs::create_dir(sandbox.path("folder")).unwrap();
    for name in ["empty", "text", "folder"] {
        sandbox.run(&format!("-o out -r {name}")).fails(1, &[name]);
    }
}

#[test]
fn a_link_type_that_is_not_known_is_told() {
    let sandbox = Sandbox::new();
    let mut capture = http();
    capture[20] = 147;
    sandbox.write("user0.pcap", capture);
    let words = ["sorry - unknown datalink type 147 on interface user0.pcap"];
    sandbox.run("-o out -r user0.pcap").fails(1, &words);
}

/// Where the link types of a little-endian pcapng file's interfaces stand.
fn interface_link_types(capture: &[u8]) -> Vec<usize> {
    const INTERFACE_DESCRIPTION: u32 = 1;
    let number = |at: usize| u32::from_le_bytes(capture[at..at + 4].try_into().unwrap());
    let mut found = Vec::new();
    let mut block = 0;
    while block < capture.len() {
        if number(block) == INTERFACE_DESCRIPTION {
            found.push(block + 8);
        }
        block += number(block + 4) as usize;
    }
    found
}

/// One interface that cannot be read must not hide the other one, nor go unmentioned.
#[test]
fn an_interface_of_an_unknown_link_type_is_left_out_with_a_warning() {
    let sandbox = Sandbox::new();
    let mut capture = fs::read(fixture("two-interfaces.pcapng")).unwrap();
    let [first, second] = interface_link_types(&capture)[..] else { panic!("not two interfaces") };
    capture[first] = 147;
    sandbox.write("mixed.pcapng", &capture);
    let words = ["unknown datalink type 147", "mixed.pcapng", "packets left out"];
    sandbox.run("-o out -r mixed.pcapng").complains(&words);
    assert_ne!(sandbox.report("out/report.xml").text_of("total_packets"), "0");

    capture[second] = 147;
    sandbox.write("nothing.pcapng", &capture);
    let words = ["sorry - unknown datalink type 147 on interface nothing.pcapng"];
    sandbox.run("-o none -r nothing.pcapng").fails(1, &words);
}

#[test]
fn damage_in_the_middle_is_told_after_what_comes_before() {
    let sandbox = Sandbox::new();
    let mut capture = http();
    let third = 24 + 2 * (16 + 54);
    capture[third + 8..third + 12].copy_from_slice(&u32::MAX.to_le_bytes());
    sandbox.write("damaged.pcap", capture);
    sandbox.run("-o out -r damaged.pcap").fails(1, &["damaged.pcap"]);
    assert_eq!(sandbox.report("out/report.xml").text_of("total_packets"), "2");
}

#[test]
fn expressions_choose_packets() {
    for (expression, expected) in [
        ("tcp port 80", vec![CLIENT_FILE, SERVER_FILE]),
        ("src host 10.0.0.1", vec![CLIENT_FILE]),
        ("port 81", vec![]),
        ("udp or port 80 and dst port 40000", vec![SERVER_FILE]),
        ("greater 100 and tcp", vec![CLIENT_FILE, SERVER_FILE]),
    ] {
        let sandbox = Sandbox::new();
        sandbox.run(&format!("{expression} -o out -r {{http-ipv4.pcap}}")).succeeds();
        assert_eq!(sandbox.names("out"), expected, "{expression}");
        let capture = expand("{http-ipv4.pcap}");
        sandbox.run_with(["-o", "one", "-r", &capture, expression]).succeeds();
        assert_eq!(sandbox.names("one"), expected, "{expression} in one word");
    }
}

/// `greater` asks for the length on the wire, also of packets that were cut.
#[test]
fn expressions_see_true_lengths() {
    let sandbox = Sandbox::new();
    sandbox.run("-o out -r {snaplen.pcap} greater 70").succeeds();
    assert_eq!(sandbox.read(&format!("out/{CLIENT_FILE}")), b"0123456789");
}

#[test]
fn a_bad_expression_is_refused_before_anything_is_read() {
    let sandbox = Sandbox::new();
    sandbox.run("-o out -r {http-ipv4.pcap} no such thing").fails(1, &["no such thing"]);
    assert!(sandbox.names("out").is_empty());
}

/// The link type of each interface has its own program.
#[test]
fn expressions_hold_for_every_interface() {
    let sandbox = Sandbox::new();
    sandbox.run("-o out -r {two-interfaces.pcapng} tcp port 80").succeeds();
    assert_eq!(sandbox.names("out"), [CLIENT_FILE, SERVER_FILE]);
    sandbox.run("-o none -r {two-interfaces.pcapng} udp").succeeds();
    assert!(sandbox.names("none").is_empty());
}
