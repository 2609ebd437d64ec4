//! Whole frames through the whole decoder. Frames are built here, layer by layer from the inside.

mod fragments;
mod properties;
mod tunnels;
mod wireless;

use super::*;
use crate::time::CaptureTime;

/// A TCP segment from port 1000 to port 80.
fn tcp(seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let ports = [1000_u16.to_be_bytes(), 80_u16.to_be_bytes()].concat();
    [&ports, &seq.to_be_bytes()[..], &[0; 4], &[0x50, flags], &[0; 6], payload].concat()
}

/// A datagram from 10.0.0.1 to 10.0.0.2.
fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_fragment(protocol, 0, 0, false, payload)
}

fn ipv4_fragment(protocol: u8, id: u16, offset: u16, more: bool, payload: &[u8]) -> Vec<u8> {
    let len = (20 + payload.len()) as u16;
    let field = (offset / 8) | if more { 0x2000 } else { 0 };
    let [len, id, field] = [len, id, field].map(u16::to_be_bytes);
    let head = [&[0x45, 0][..], &len, &id, &field, &[64, protocol, 0, 0]].concat();
    [&head[..], &[10, 0, 0, 1, 10, 0, 0, 2], payload].concat()
}

/// A datagram from 1010:.. to 2020:...
fn ipv6(next_header: u8, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u16).to_be_bytes();
    [&[0x60, 0, 0, 0][..], &len, &[next_header, 64], &[0x10; 16], &[0x20; 16], payload].concat()
}

fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&[0xd; 6][..], &[0x5; 6], &ethertype.to_be_bytes(), payload].concat()
}

/// The datagram in an Ethernet frame that fits its version.
fn frame(datagram: &[u8]) -> Vec<u8> {
    let ethertype = if datagram[0] >> 4 == 4 { 0x0800 } else { 0x86dd };
    ethernet(ethertype, datagram)
}

/// A UDP segment to a port.
fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let [port, len] = [port, (8 + payload.len()) as u16].map(u16::to_be_bytes);
    [&[0xc0, 0][..], &port, &len, &[0, 0], payload].concat()
}

/// Something found, in words.
fn tell(found: Found<'_>) -> String {
    let text = |segment: &Segment<'_>| String::from_utf8_lossy(segment.payload).into_owned();
    match found {
        Found::Datagram(_, Verdict::Segment(segment)) => match segment.payload {
            [] => "segment".to_owned(),
            _ => format!("segment {}", text(segment)),
        },
        Found::Datagram(_, Verdict::Headless(_)) => "headless".to_owned(),
        Found::Datagram(_, Verdict::Fragment(None)) => "fragment of something".to_owned(),
        Found::Datagram(_, Verdict::Fragment(Some(segment))) => {
            format!("fragment to port {}", segment.tuple.destination_port())
        }
        Found::Datagram(_, Verdict::NotTcp) => "not TCP".to_owned(),
        Found::Overdue(segment) => format!("overdue {}", text(&segment)),
        Found::Beacon(beacon) => {
            format!("beacon {} {}", beacon.source, String::from_utf8_lossy(beacon.ssid))
        }
    }
}

/// A decoder and the time it is.
struct Test {
    decoder: Decoder,
    seconds: i64,
}

impl Test {
    fn new() -> Self {
        Self::with(Options::default())
    }

    fn with(options: Options) -> Self {
        Self { decoder: Decoder::new(options), seconds: 0 }
    }

    /// What is found in an Ethernet frame with this datagram.
    fn datagram(&mut self, datagram: &[u8]) -> Vec<String> {
        self.frame(LinkType::ETHERNET, &frame(datagram), 0)
    }

    /// What is found in a frame of which some bytes were not captured.
    fn frame(&mut self, link_type: LinkType, frame: &[u8], missing: usize) -> Vec<String> {
        let mut all = Vec::new();
        self.visit(link_type, frame, missing, |found| all.push(tell(found)));
        all
    }

    fn visit(
        &mut self,
        link_type: LinkType,
        frame: &[u8],
        missing: usize,
        mut visit: impl FnMut(Found<'_>),
    ) {
        let packet = RawPacket {
            time: CaptureTime { seconds: self.seconds, microseconds: 0 },
            wire_len: (frame.len() + missing) as u32,
            link_type,
            data: frame,
        };
        let time = packet.time.to_timestamp(0);
        let plain = self.decoder.plain(&packet, time).map(|it| format!("{it:?}"));
        let spell = |segment| {
            let datagram = Decoder::usual_datagram(&packet, &segment);
            format!("{:?}", (datagram, segment))
        };
        let usual = self.decoder.usual(&packet, time).map(spell);
        let nearly_usual = self.decoder.nearly_usual(&packet, time).map(spell);
        let mut found_plain = None;
        self.decoder.decode(&packet, time, |found| {
            if let Found::Datagram(datagram, Verdict::Segment(segment)) = &found {
                found_plain = Some(format!("{:?}", (datagram, segment)));
            }
            visit(found);
        });
        assert!(plain.is_none() || plain == found_plain, "the short way leads elsewhere");
        assert!(usual.is_none() || usual == found_plain, "the shortest way leads elsewhere");
        assert!(nearly_usual.is_none() || nearly_usual == found_plain, "so does the next one");
    }

    fn finish(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        self.decoder.finish(|found| all.push(tell(found)));
        all
    }
}

#[test]
fn a_plain_segment_has_all_the_facts_of_its_frame() {
    let mut test = Test::new();
    test.seconds = 105;
    let tagged = [&[0, 7, 8, 0][..], &ipv4(6, &tcp(9, 0x18, b"data"))].concat();
    let mut seen = 0;
    test.visit(LinkType::ETHERNET, &ethernet(0x8100, &tagged), 3, |found| {
        let Found::Datagram(datagram, Verdict::Segment(segment)) = found else { panic!() };
        assert_eq!(format!("{:?}", segment.tuple), "10.0.0.1 1000 > 10.0.0.2 80");
        assert_eq!((segment.seq, segment.flags.0, segment.payload), (9, 0x18, &b"data"[..]));
        assert_eq!(segment.time.as_micros(), 105_000_000);
        assert_eq!((segment.captured_len, segment.wire_len), (62, 65));
        assert_eq!(segment.link, datagram.link);
        assert_eq!(segment.link.vlan, Some(7));
        assert_eq!((segment.link.source.0, segment.link.destination.0), ([5; 6], [0xd; 6]));
        seen += 1;
    });
    assert_eq!(seen, 1);
}

#[test]
fn cut_and_malformed_headers_are_told_from_other_protocols() {
    let mut test = Test::new();
    assert_eq!(test.datagram(&ipv4(6, &tcp(1, 0, b"")[..19])), ["headless"]);
    assert_eq!(test.datagram(&ipv4(6, &tcp(1, 0, b"")[..3])), ["not TCP"]);
    assert_eq!(test.datagram(&ipv4(1, &[8; 30])), ["not TCP"]);
    assert_eq!(test.datagram(&ipv6(58, &[8; 30])), ["not TCP"]);
    assert_eq!(test.frame(LinkType::ETHERNET, &ethernet(0x0806, &[0; 28]), 0), [""; 0]);
    assert_eq!(test.frame(LinkType::ETHERNET, &ethernet(0x0800, &[]), 0), ["not TCP"]);
}

#[test]
fn the_same_datagram_is_found_under_every_link_type() {
    let datagram = ipv4(6, &tcp(1, 0x18, b"data"));
    let behind = |header: &[u8]| [header, &datagram].concat();
    let snap = behind(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0]);
    let behind_snap = |header: &[u8]| [header, &snap].concat();
    let plain_wifi = behind_snap(&[&[8, 0, 0, 0][..], &[1; 18], &[0, 0]].concat());
    let wifi = |header: &[u8]| [header, &plain_wifi].concat();
    let frames = [
        (LinkType::NULL, behind(&[2, 0, 0, 0])),
        (LinkType::ETHERNET, frame(&datagram)),
        (LinkType::IEEE802, frame(&datagram)),
        (LinkType::ARCNET, behind(&[1, 2, 240])),
        (LinkType::PPP, behind(&[0xff, 3, 0, 0x21])),
        (LinkType::FDDI, behind_snap(&[0x50; 13])),
        (LinkType::ATM_RFC1483, snap.clone()),
        (LinkType::RAW, datagram.clone()),
        (LinkType::RAW_OPENBSD, datagram.clone()),
        (LinkType::ATM_CLIP, datagram.clone()),
        (LinkType::PPP_SERIAL, behind(&[0xff, 3, 0, 0x21])),
        (LinkType::PPP_ETHER, behind(&[0x11, 0, 0, 1, 0, 50, 0, 0x21])),
        (LinkType::RAW_FILE, datagram.clone()),
        (LinkType::C_HDLC, behind(&[0x0f, 0, 8, 0])),
        (LinkType::IEEE802_11, plain_wifi.clone()),
        (LinkType::LOOP, behind(&[0, 0, 0, 2])),
        (LinkType::ENC, behind(&[&[2, 0, 0, 0][..], &[0; 8]].concat())),
        (LinkType::LINUX_SLL, behind(&[&[0; 14][..], &[8, 0]].concat())),
        (LinkType::PFLOG, behind(&[&[61, 2][..], &[0; 62]].concat())),
        (LinkType::PRISM, wifi(&[0; 144])),
        (LinkType::RADIOTAP, wifi(&[0, 0, 8, 0, 0, 0, 0, 0])),
        (LinkType::ARCNET_LINUX, behind(&[1, 2, 0, 0, 212, 0, 0, 1])),
        (LinkType::AVS, wifi(&[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64][..], &[0; 56]].concat())),
        (LinkType::JUNIPER_ETHER, [b"MGC\x01", &frame(&datagram)[..]].concat()),
        (LinkType::PPI, wifi(&[0, 0, 8, 0, 105, 0, 0, 0])),
        (LinkType::PPI, [&[0, 0, 8, 0, 1, 0, 0, 0], &frame(&datagram)[..]].concat()),
        (LinkType::IPNET, behind(&[&[1, 2][..], &[0; 22]].concat())),
        (LinkType::IPV4, datagram.clone()),
        (LinkType::NFLOG, behind(&[2, 0, 0, 0, 48, 0, 9, 0])),
        (LinkType::LINUX_SLL2, behind(&[&[8, 0][..], &[0; 18]].concat())),
    ];
    for (link_type, frame) in &frames {
        assert!(Decoder::supports(*link_type), "{link_type:?}");
        assert_eq!(Test::new().frame(*link_type, frame, 0), ["segment data"], "{link_type:?}");
    }
    let datagram = ipv6(6, &tcp(1, 0x18, b"data"));
    assert_eq!(Test::new().frame(LinkType::IPV6, &datagram, 0), ["segment data"]);
    assert!(!Decoder::supports(LinkType(147)));
    assert_eq!(Test::new().frame(LinkType(147), &datagram, 0), [""; 0]);
}
