//! For tests: makes capture files in memory and reads them back.

use std::fmt;
use std::io::Write;

use super::file::FileSource;
use super::packet::{LinkType, RawPacket};
use super::source::Next;
use crate::time::CaptureTime;

/// A packet that owns its bytes.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) time: CaptureTime,
    pub(super) wire_len: u32,
    pub(super) link_type: LinkType,
    pub(super) data: Vec<u8>,
}

/// Without the bytes, which nobody wants to see.
impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, wire_len, link_type: LinkType(link_type), data } = self;
        let CaptureTime { seconds, microseconds } = time;
        let captured = data.len();
        write!(f, "{seconds}.{microseconds:06} {captured}/{wire_len} of {link_type}")
    }
}

impl Sample {
    /// An Ethernet packet of `captured` bytes, cut from `wire_len`.
    pub(super) fn new(seconds: i64, microseconds: u32, captured: usize, wire_len: u32) -> Self {
        let data = (0..captured).map(|i| (i as u8) ^ (seconds as u8)).collect();
        let time = CaptureTime { seconds, microseconds };
        Self { time, wire_len, link_type: LinkType::ETHERNET, data }
    }
}

/// Some packets of all sizes.
pub(super) fn samples() -> Vec<Sample> {
    [0, 1, 60, 1514, 65_535, 14]
        .iter()
        .zip(1_000_000_000..)
        .map(|(captured, seconds)| Sample::new(seconds, 999_999, *captured, *captured as u32 + 3))
        .collect()
}

/// What came of reading a capture.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) packets: Vec<Sample>,
    pub(super) errors: Vec<String>,
}

/// Reads `bytes` as a file, to the end. The file's name is left out of errors. Packets that are at
/// hand must make no difference.
pub(super) fn read(bytes: &[u8]) -> Outcome {
    let one_by_one = read_by(bytes, false);
    assert_eq!(read_by(bytes, true), one_by_one, "packets at hand, and the same one by one");
    one_by_one
}

fn read_by(bytes: &[u8], at_hand: bool) -> Outcome {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let mut outcome = Outcome::default();
    let prefix = format!("{}: ", file.path().display());
    let without_name = |error: String| error.strip_prefix(&prefix).unwrap().to_owned();
    let sample = |packet: RawPacket<'_>| Sample {
        time: packet.time,
        wire_len: packet.wire_len,
        link_type: packet.link_type,
        data: packet.data.to_vec(),
    };
    match FileSource::open(file.path()) {
        Ok(mut source) => loop {
            let next = match at_hand {
                true => {
                    let mut packets = source.at_hand();
                    outcome.packets.extend(packets.by_ref().map(sample));
                    let passed = packets.passed();
                    source.pass_over(passed);
                    source.read_on()
                }
                false => source.next_packet(),
            };
            match next {
                Ok(Next::AtHand) => assert!(at_hand && source.at_hand().next().is_some()),
                Ok(Next::Packet(packet)) => outcome.packets.push(sample(packet)),
                Ok(Next::Idle) => {}
                Ok(Next::End) => break,
                Err(error) => outcome.errors.push(without_name(error.to_string())),
            }
        },
        Err(error) => outcome.errors.push(without_name(error.to_string())),
    }
    outcome
}

/// Numbers in a file's byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn u16(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    pub(super) fn u32(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }
}

/// The header of a pcap file.
#[derive(Clone, Copy, Debug)]
pub(super) struct PcapFile {
    pub(super) order: Order,
    pub(super) magic: u32,
    pub(super) version: (u16, u16),
    pub(super) snaplen: u32,
    pub(super) link_type: u32,
}

/// A file as everyone writes it.
pub(super) const PLAIN: PcapFile = PcapFile {
    order: Order::Little,
    magic: 0xa1b2_c3d4,
    version: (2, 4),
    snaplen: 262_144,
    link_type: 1,
};

impl PcapFile {
    pub(super) fn header(&self) -> Vec<u8> {
        let mut bytes = self.order.u32(self.magic).to_vec();
        bytes.extend(self.order.u16(self.version.0));
        bytes.extend(self.order.u16(self.version.1));
        for word in [0, 0, self.snaplen, self.link_type] {
            bytes.extend(self.order.u32(word));
        }
        bytes
    }

    /// A record with exactly these fields and `extra` bytes between them and the packet.
    pub(super) fn record(&self, fields: [u32; 4], extra: usize, data: &[u8]) -> Vec<u8> {
        let mut bytes: Vec<u8> = fields.iter().flat_map(|field| self.order.u32(*field)).collect();
        bytes.extend(vec![0xee; extra]);
        bytes.extend(data);
        bytes
    }

    /// A whole file with `packets`; `fractions` for each microsecond of their times.
    pub(super) fn with(&self, packets: &[Sample], fractions: u32) -> Vec<u8> {
        let mut bytes = self.header();
        for packet in packets {
            let CaptureTime { seconds, microseconds } = packet.time;
            let captured = packet.data.len() as u32;
            let fields = [seconds as u32, microseconds * fractions, captured, packet.wire_len];
            bytes.extend(self.record(fields, 0, &packet.data));
        }
        bytes
    }
}

/// A pcapng block of type `kind`.
pub(super) fn block(order: Order, kind: u32, content: &[&[u8]]) -> Vec<u8> {
    let mut content = content.concat();
    content.resize(content.len().next_multiple_of(4), 0);
    let length = order.u32(content.len() as u32 + 12);
    [&order.u32(kind), &length, content.as_slice(), &length].concat()
}

/// The header of a pcapng section of unknown length.
pub(super) fn section(order: Order) -> Vec<u8> {
    let version = [order.u16(1), order.u16(0)].concat();
    block(order, 0x0a0d_0d0a, &[&order.u32(0x1a2b_3c4d), &version, &[0xff; 8]])
}

/// A description of a pcapng interface with the given options.
pub(super) fn interface(order: Order, link_type: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
    let link_type = [order.u16(link_type), order.u16(0)].concat();
    block(order, 1, &[&link_type, &order.u32(snaplen), options])
}

/// An option of a pcapng block.
pub(super) fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = [order.u16(code), order.u16(value.len() as u16)].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A pcapng packet of interface `number`, at `timestamp` of its units.
pub(super) fn enhanced(order: Order, number: u32, timestamp: u64, packet: &Sample) -> Vec<u8> {
    let times = [timestamp >> 32, timestamp & 0xffff_ffff].map(|half| order.u32(half as u32));
    let lengths = [packet.data.len() as u32, packet.wire_len].map(|length| order.u32(length));
    let padded = packet.data.len().next_multiple_of(4) - packet.data.len();
    let content: [&[u8]; 5] =
        [&order.u32(number), &times.concat(), &lengths.concat(), &packet.data, &vec![0; padded]];
    block(order, 6, &content)
}

/// A whole pcapng file with one interface and `packets`.
pub(super) fn pcapng(order: Order, packets: &[Sample]) -> Vec<u8> {
    let mut bytes = section(order);
    bytes.extend(interface(order, 1, 262_144, &[]));
    for packet in packets {
        let CaptureTime { seconds, microseconds } = packet.time;
        let timestamp = seconds as u64 * 1_000_000 + u64::from(microseconds);
        bytes.extend(enhanced(order, 0, timestamp, packet));
    }
    bytes
}
