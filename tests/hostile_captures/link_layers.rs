//! Frames that are shorter than their headers say, for every link type.

use crate::bounds::SMALL;
use crate::capture::{Capture, flow_file, receiver, sender};
use crate::support::captures::FIRST_SECOND;
use crate::support::packets::{ACK, tcp};

const PAYLOAD: &[u8] = b"right";

/// The headers of IP and TCP, without options.
const HEADERS: usize = 40;

/// The datagram that is in every frame that is whole.
fn datagram() -> Vec<u8> {
    tcp(sender(40000), receiver(), ACK, 1, 1, PAYLOAD)
}

/// An 802.11 data frame's header and what stands before an IP datagram in it.
fn wireless() -> Vec<u8> {
    let addresses = [[2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 3]].concat();
    [&[0x08, 0x02, 0, 0][..], &addresses, &[0, 0], &LOGICAL_LINK].concat()
}

const LOGICAL_LINK: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];

/// A capture header of this length, and a wireless frame behind it.
fn behind(start: &[u8], len: usize) -> Vec<u8> {
    let mut header = start.to_vec();
    header.resize(len, 0);
    [header, wireless()].concat()
}

/// Every link type that can be read, by its number in files, with what stands before the datagram.
fn link_types() -> Vec<(u16, Vec<u8>)> {
    let padded = |start: &[u8], len: usize| {
        let mut header = start.to_vec();
        header.resize(len, 0);
        header
    };
    let ethernet = padded(&[2; 12], 12).into_iter().chain([8, 0]).collect::<Vec<_>>();
    let attribute = (4 + datagram().len() as u16).to_le_bytes();
    vec![
        (0, vec![2, 0, 0, 0]),
        (1, ethernet.clone()),
        (6, ethernet.clone()),
        (7, vec![1, 2, 240]),
        (9, vec![0xff, 3, 0, 0x21]),
        (10, [&padded(&[0x50], 13)[..], &LOGICAL_LINK].concat()),
        (50, vec![0xff, 3, 0, 0x21]),
        (51, vec![0x11, 0, 0, 1, 0, 47, 0, 0x21]),
        (100, LOGICAL_LINK.to_vec()),
        (101, vec![]),
        (104, vec![0x0f, 0, 8, 0]),
        (105, wireless()),
        (106, LOGICAL_LINK.to_vec()),
        (108, vec![0, 0, 0, 2]),
        (109, padded(&[2, 0, 0, 0], 12)),
        (113, padded(&[], 14).into_iter().chain([8, 0]).collect()),
        (117, padded(&[61, 2], 64)),
        (119, behind(&[0x44, 0, 0, 0], 144)),
        (127, behind(&[0, 0, 10, 0, 6], 10)),
        (129, vec![1, 2, 0, 0, 240]),
        (163, behind(&[0x80, 0x21, 0x10, 0x01, 0, 0, 0, 64], 64)),
        (178, [b"MGC\x01", &ethernet[..]].concat()),
        (192, behind(&[0, 0, 8, 0, 105], 8)),
        (226, padded(&[1, 2], 24)),
        (228, vec![]),
        (239, [&[2, 0, 0, 0][..], &attribute, &[9, 0]].concat()),
        (276, padded(&[8, 0], 20)),
    ]
}

/// The only flow is the one of the only frame that is whole.
#[track_caller]
fn gives_the_whole_frame(capture: Capture, link_type: u16) {
    let sandbox = capture.into_sandbox();
    SMALL.run(&sandbox, "-a -e wifiviz -w rest.pcap -o out -r in.pcap").succeeds();
    let name = flow_file(40000);
    assert_eq!(sandbox.read(&format!("out/{name}")), PAYLOAD, "link type {link_type}");
    let report = sandbox.report("out/report.xml");
    assert_eq!(report.flows.len(), 1, "link type {link_type}");
    assert_eq!(report.flows[0].attribute("packets"), Some("1"), "link type {link_type}");
}

#[test]
fn frames_cut_anywhere_before_their_payload_count_for_nothing() {
    for (link_type, header) in link_types() {
        let whole = [header, datagram()].concat();
        let wire_len = whole.len() as u32;
        let mut capture = Capture::of(link_type);
        for len in 0..whole.len() - PAYLOAD.len() {
            // As if that were all there was, and as a capture with a snap length has it.
            for wire_len in [len as u32, wire_len] {
                let fields = [FIRST_SECOND, 0, len as u32, wire_len];
                capture.record(fields, &whole[..len]);
            }
        }
        assert!(whole.len() >= HEADERS + PAYLOAD.len());
        capture.frame(&whole);
        gives_the_whole_frame(capture, link_type);
    }
}

#[test]
fn frames_of_nothing_but_one_byte_count_for_nothing() {
    for (link_type, header) in link_types() {
        let mut capture = Capture::of(link_type);
        for byte in [0x00, 0x01, 0x44, 0x45, 0x60, 0x80, 0x88, 0xaa, 0xff] {
            for len in 0..200 {
                capture.frame(&vec![byte; len]);
            }
        }
        capture.frame(&[header, datagram()].concat());
        gives_the_whole_frame(capture, link_type);
    }
}

/// The headers that wireless drivers write say themselves how long they are.
#[test]
fn capture_headers_that_lie_about_their_length_hide_only_their_own_frame() {
    let lies = || (0..400).chain([0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]);
    // Link type, a header, its true length, and how the header says it.
    type Say = fn(u32) -> Vec<u8>;
    let headers: [(u16, &[u8], u32, Say); 4] = [
        (127, &[0, 0], 10, |len| (len as u16).to_le_bytes().to_vec()),
        (192, &[0, 0], 8, |len| (len as u16).to_le_bytes().to_vec()),
        (163, &[0x80, 0x21, 0x10, 0x01], 64, |len| len.to_be_bytes().to_vec()),
        (119, &[0x80, 0x21, 0x10, 0x01], 64, |len| len.to_be_bytes().to_vec()),
    ];
    for (link_type, start, true_len, say) in headers {
        let rest: &[u8] = match link_type {
            127 => &[6, 0, 0, 0, 0, 0],
            192 => &[105, 0, 0, 0],
            _ => &[0; 56],
        };
        let frame = |len| [start, &say(len), rest, &wireless(), &datagram()].concat();
        let mut capture = Capture::of(link_type);
        for lie in lies().filter(|&lie| lie != true_len) {
            capture.frame(&frame(lie));
        }
        capture.frame(&frame(true_len));
        gives_the_whole_frame(capture, link_type);
    }
}
