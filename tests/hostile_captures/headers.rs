//! Header lengths at every value, right or wrong: payload is what the rules say, and never a header,
//! padding, or what lies beyond the capture.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::bounds::SMALL;
use crate::capture::{Capture, flow_file, receiver, sender};
use crate::support::captures::FIRST_SECOND;
use crate::support::packets::{ACK, ethernet, tcp};

const ETHERNET: u16 = 1;

/// Link layer padding, which must not become payload.
const PADDING: &[u8] = b"PADDING";

/// An IPv4 datagram with these fields, true or not, from this port; 40 bytes behind the TCP header.
fn v4(ihl: u8, total: u16, data_offset: u8, port: u16) -> Vec<u8> {
    let header_len = usize::from(ihl.max(5)) * 4;
    let plain = tcp(sender(port), receiver(), ACK, 1, 1, b"");
    let mut datagram = plain[..20].to_vec();
    datagram[0] = 0x40 | ihl;
    datagram[2..4].copy_from_slice(&total.to_be_bytes());
    datagram.resize(header_len, 1);
    datagram.extend(&plain[20..]);
    datagram[header_len + 12] = data_offset << 4;
    datagram.extend((0..40).map(|at| b'A' + at));
    datagram
}

/// What RFC 791 and 9293 make of it, within what was captured.
fn payload_of_v4(captured: &[u8], ihl: u8, total: u16, data_offset: u8) -> Option<&[u8]> {
    let end = match usize::from(total) {
        0 => captured.len(),
        total => total.min(captured.len()),
    };
    let header_len = usize::from(ihl) * 4;
    if ihl < 5 || header_len > end {
        return None;
    }
    payload_of_tcp(&captured[header_len..end], data_offset)
}

fn payload_of_tcp(segment: &[u8], data_offset: u8) -> Option<&[u8]> {
    if segment.len() < 20 || data_offset < 5 {
        return None;
    }
    segment.get(usize::from(data_offset) * 4..).filter(|payload| !payload.is_empty())
}

/// Frames, and which files must come of them.
struct Cases {
    capture: Capture,
    files: BTreeMap<String, Vec<u8>>,
}

impl Cases {
    fn new() -> Self {
        Self { capture: Capture::of(ETHERNET), files: BTreeMap::new() }
    }

    fn add(&mut self, frame: &[u8], wire_len: usize, name: String, payload: Option<&[u8]>) {
        let fields = [FIRST_SECOND, 0, frame.len() as u32, wire_len as u32];
        self.capture.record(fields, frame);
        if let Some(payload) = payload {
            self.files.insert(name, payload.to_vec());
        }
    }

    fn check(self) {
        assert!(!self.files.is_empty());
        let sandbox = self.capture.into_sandbox();
        SMALL.run(&sandbox, "-e netviz -o out -r in.pcap").succeeds();
        let mut files = sandbox.tree("out");
        files.remove("report.pdf");
        assert_eq!(files.len(), self.files.len());
        for (name, content) in files {
            assert_eq!(self.files.get(&name), Some(&content), "{name}");
        }
    }
}

#[test]
fn every_header_length_data_offset_and_total_length() {
    let mut cases = Cases::new();
    let mut port = 0;
    for ihl in 0..16_u8 {
        for data_offset in 0..16_u8 {
            let whole = v4(ihl, 0, data_offset, 1).len() as u16;
            let (ip, tcp) = (u16::from(ihl) * 4, u16::from(data_offset) * 4);
            let lengths = [0, 1, 19, 20, ip.saturating_sub(1), ip, ip + 19, ip + 20, ip + 21];
            let around = [ip + tcp, ip + tcp + 1, whole - 1, whole, whole + 1, 65_535];
            for total in lengths.into_iter().chain(around) {
                port += 1;
                let datagram = v4(ihl, total, data_offset, port);
                let name = flow_file(port);
                // Nobody can tell padding from payload where the length says more than there is,
                // or nothing.
                let is_padded = total != 0 && total <= whole;
                let padding: &[u8] = if is_padded { PADDING } else { b"" };
                let frame = [&ethernet_of(&datagram)[..], padding].concat();
                let payload = payload_of_v4(&datagram, ihl, total, data_offset);
                cases.add(&frame, frame.len(), name, payload);
            }
        }
    }
    cases.check();
}

/// The same frame, cut anywhere by the snap length.
#[test]
fn every_snap_length() {
    let mut cases = Cases::new();
    let (ihl, data_offset) = (7, 9);
    let total = v4(ihl, 0, data_offset, 1).len() as u16;
    for (len, port) in (0..=usize::from(total)).zip(1..) {
        let datagram = v4(ihl, total, data_offset, port);
        let frame = ethernet_of(&datagram);
        let payload = payload_of_v4(&datagram[..len], ihl, total, data_offset);
        cases.add(&frame[..14 + len], frame.len(), flow_file(port), payload);
    }
    cases.check();
}

/// Ethernet even for what is no IPv4 by its first nibble.
fn ethernet_of(datagram: &[u8]) -> Vec<u8> {
    let mut frame = ethernet(datagram);
    frame[12..14].copy_from_slice(&[0x08, 0x00]);
    frame
}

fn v6_file(port: u16) -> String {
    format!("2001:db8::1.{port:05}-2001:db8::2.00080")
}

/// An IPv6 datagram whose payload begins with `before` instead of TCP, of this kind.
fn v6(kind: u8, before: &[u8], port: u16, payload: &[u8]) -> Vec<u8> {
    let [from, to]: [SocketAddr; 2] = [format!("[2001:db8::1]:{port}"), "[2001:db8::2]:80".into()]
        .map(|end| end.parse().expect("an address"));
    let mut datagram = tcp(from, to, ACK, 1, 1, payload);
    datagram.splice(40..40, before.iter().copied());
    let len = (datagram.len() - 40) as u16;
    datagram[4..6].copy_from_slice(&len.to_be_bytes());
    datagram[6] = kind;
    datagram
}

#[test]
fn every_payload_length_of_ipv6() {
    let mut cases = Cases::new();
    let whole = v6(6, b"", 1, b"0123456789").len() - 40;
    for (len, port) in (0..=whole as u16 + 1).chain([0x7fff, 0x8000, 0xffff]).zip(1..) {
        let mut datagram = v6(6, b"", port, b"0123456789");
        datagram[4..6].copy_from_slice(&len.to_be_bytes());
        let end = match usize::from(len) {
            0 => whole,
            len => len.min(whole),
        };
        let payload = payload_of_tcp(&datagram[40..40 + end], 5).map(<[u8]>::to_vec);
        let frame = ethernet(&datagram);
        cases.add(&frame, frame.len(), v6_file(port), payload.as_deref());
    }
    cases.check();
}

/// Extension headers of every length, of which only one is true; and endless chains of them.
#[test]
fn every_length_of_an_extension_header() {
    const TCP: u8 = 6;
    let mut cases = Cases::new();
    let mut port = 0;
    for kind in [0, 43, 51, 60] {
        for len in 0..=255_u8 {
            port += 1;
            let true_len = match kind {
                51 => 2 * 8 - 8, // counts words, and two more
                _ => 8,
            };
            let mut header = vec![0xee; true_len];
            header[..2].copy_from_slice(&[TCP, len]);
            let datagram = v6(kind, &header, port, b"inside");
            let claimed = match kind {
                51 => (usize::from(len) + 2) * 4,
                _ => (usize::from(len) + 1) * 8,
            };
            // What the claim makes of the bytes that are there; most claims reach beyond them.
            let segment = datagram.get(40 + claimed..).unwrap_or_default();
            let data_offset = segment.get(12).map_or(0, |byte| byte >> 4);
            let is_true = claimed == true_len;
            let payload = payload_of_tcp(segment, data_offset).filter(|_| is_true);
            assert_eq!(payload.is_some(), is_true);
            let frame = ethernet(&datagram);
            cases.add(&frame, frame.len(), v6_file(port), payload);
        }
    }
    for kind in [0_u8, 60] {
        port += 1;
        let chain = [kind, 0, 0, 0, 0, 0, 0, 0].repeat(8000);
        let datagram = v6(kind, &chain, port, b"never found");
        let frame = ethernet(&datagram);
        cases.add(&frame, frame.len(), v6_file(port), None);
    }
    cases.check();
}
