//! Packets of every link type through one decoder.
//!
//! An input is a byte of options and then packets: the number of a link type (one byte, see
//! [`link_types`]), seconds since the packet before (signed byte), length (two bytes), and as many
//! bytes of frame.

use std::sync::LazyLock;

use tcpflow::capture::{LinkType, RawPacket};
use tcpflow::decode::{Decoder, Found, Options, Verdict};
use tcpflow::scan::netviz::{self, LocalZone, NetViz, PacketView, PageFacts};
use tcpflow::time::{CaptureTime, Timestamp};

use crate::input::Bytes;

/// All link types that can be read.
pub fn link_types() -> &'static [LinkType] {
    static LINK_TYPES: LazyLock<Vec<LinkType>> =
        LazyLock::new(|| (0..512).map(LinkType).filter(|&it| Decoder::supports(it)).collect());
    &LINK_TYPES
}

/// The byte that stands for a link type.
pub fn number_of(link_type: LinkType) -> Option<u8> {
    let number = link_types().iter().position(|&it| it == link_type)?;
    u8::try_from(number).ok()
}

pub const CHECK_FCS: u8 = 1;
const NO_DECAP: u8 = 2;
/// Also count the packets for the picture, and draw it.
pub const PICTURE: u8 = 4;

/// Decodes the packets of `input`.
///
/// Promised: no segment is larger than the frames it came in, nothing is left behind the end, and
/// only a decoder that looks into tunnels finds more than one address pair in a frame.
pub fn run(input: &[u8]) {
    let mut input = Bytes::new(input);
    let options = input.u8();
    let mut decoder = Decoder::new(Options {
        check_fcs: options & CHECK_FCS != 0,
        decap: options & NO_DECAP == 0,
    });
    let mut picture = (options & PICTURE != 0).then(picture);
    let mut seconds = 1_000_000_000_i64;
    while !input.is_empty() {
        let number = usize::from(input.u8());
        seconds += i64::from(input.u8() as i8);
        let length = usize::from(input.u16());
        let data = input.take(length);
        let packet = RawPacket {
            time: CaptureTime { seconds, microseconds: 0 },
            wire_len: length as u32,
            link_type: link_types()[number % link_types().len()],
            data,
        };
        let time = packet.time.to_timestamp(0);
        let plain = decoder.plain(&packet, time).is_some()
            || decoder.usual(&packet, time).is_some()
            || decoder.nearly_usual(&packet, time).is_some();
        let mut segments = 0;
        decoder.decode(&packet, time, |found| {
            segments += usize::from(matches!(found, Found::Datagram(_, Verdict::Segment(_))));
            check(found, &packet, picture.as_mut());
        });
        assert!(!plain || segments == 1, "the short way leads elsewhere");
    }
    decoder.finish(|found| assert!(matches!(found, Found::Overdue(_)), "{found:?} at the end"));
    decoder.finish(|found| panic!("{found:?} behind the end"));
    if let Some(picture) = picture {
        draw(picture);
    }
}

fn check(found: Found<'_>, packet: &RawPacket<'_>, picture: Option<&mut NetViz>) {
    let time = packet.time.to_timestamp(0);
    match found {
        Found::Datagram(datagram, verdict) => {
            assert!(datagram.data.len() <= packet.data.len());
            if let Some(picture) = picture {
                let (wire_len, data) = (packet.wire_len, datagram.data);
                picture.packet(&PacketView { time, wire_len, ether_type: None, data });
            }
            match verdict {
                Verdict::Segment(segment) => {
                    assert_eq!(segment.time, time);
                    assert!(segment.captured_len >= packet.data.len() as u32);
                    assert!(segment.payload.len() <= 65_535 + packet.data.len());
                }
                Verdict::Headless(segment) => assert_eq!(segment.payload, b""),
                Verdict::Fragment(segment) => {
                    assert!(segment.is_none_or(|it| it.payload.is_empty() && it.seq == 0));
                }
                Verdict::NotTcp => {}
            }
        }
        Found::Overdue(segment) => assert!(segment.payload.len() <= 65_535),
        Found::Beacon(beacon) => assert!(beacon.ssid.len() <= 255),
    }
}

fn picture() -> NetViz {
    NetViz::new(netviz::Options { histogram_size: 8, zone: LocalZone::system() })
}

fn draw(picture: NetViz) {
    let page = picture.finish(&PageFacts {
        program_version: "0".to_owned(),
        source: "input".to_owned(),
        generated: Timestamp::from_micros(0),
    });
    assert!(page.starts_with(b"%PDF-"));
}
