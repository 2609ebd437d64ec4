//! Reads the pcap format: a [`Window`] of a file's bytes becomes packets.
//!
//! Both byte orders, micro- and nanoseconds, and the variants that libpcap reads. What libpcap
//! takes for damage is damage here, and nothing else is: streams of other programs are compared
//! with ours. Never panics, whatever the bytes.

use std::io::Read;

use super::error::Fault;
use super::packet::LinkType;
use super::record::{PacketRecord, Record};
use super::savefile::PcapHeader;
use super::window::{Fill, Window};
use crate::time::CaptureTime;

const MAGIC_MICROSECONDS: u32 = 0xa1b2_c3d4;
const MAGIC_NANOSECONDS: u32 = 0xa1b2_3c4d;
/// Files of a patched libpcap that some Linux distributions had (by Alexey Kuznetsov): more fields
/// in each record.
const MAGIC_PATCHED: u32 = 0xa1b2_cd34;

/// Reads the records of one pcap file.
pub(super) struct PcapReader {
    big_endian: bool,
    nanoseconds: bool,
    lengths: LengthOrder,
    /// Bytes of a record before the packet: 16 or, patched, 24.
    record_header: usize,
    /// Bytes of a packet to deliver, at most.
    snaplen: u32,
    /// Bytes a packet may have at most in the file.
    max_packet: u32,
    link_type: LinkType,
    header: PcapHeader,
}

/// Which of a record's two length fields comes first; old versions disagreed.
#[derive(Clone, Copy)]
enum LengthOrder {
    CapturedFirst,
    WireFirst,
    /// The smaller one is the captured length.
    Unclear,
}

impl PcapReader {
    /// Whether a file that begins with these bytes is a pcap file.
    pub(super) fn recognises(magic: [u8; 4]) -> bool {
        let known = [MAGIC_MICROSECONDS, MAGIC_NANOSECONDS, MAGIC_PATCHED];
        known.contains(&u32::from_le_bytes(magic)) || known.contains(&u32::from_be_bytes(magic))
    }

    /// Reads the file header.
    pub(super) fn open<R: Read>(window: &mut Window<R>) -> Result<Self, Fault> {
        let truncated =
            |got| Fault::Truncated { part: "file header", wanted: PcapHeader::LEN, got };
        if let Fill::Short(got) = window.fill_waiting(PcapHeader::LEN)? {
            return Err(truncated(got));
        }
        let bytes: [u8; PcapHeader::LEN] =
            *window.filled().first_chunk().ok_or_else(|| truncated(0))?;
        window.consume(PcapHeader::LEN);

        let big_endian = matches!(
            u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
            MAGIC_MICROSECONDS | MAGIC_NANOSECONDS | MAGIC_PATCHED
        );
        let [magic, versions, _, _, snaplen, link_type_field] = words(&bytes, big_endian);
        let (major, minor) = match big_endian {
            true => ((versions >> 16) as u16, versions as u16),
            false => (versions as u16, (versions >> 16) as u16),
        };
        let lengths = match (major, minor) {
            (0..2, _) => return Err(Fault::Archaic),
            (2, 0..3) | (543, 0) => LengthOrder::WireFirst, // 543: DG/UX
            (2, 3) => LengthOrder::Unclear,
            (2, 4) => LengthOrder::CapturedFirst,
            _ => return Err(Fault::UnsupportedVersion { format: "pcap savefile", major, minor }),
        };
        let link_type = LinkType::from_file_number(link_type_field as u16);
        let max_packet = link_type.max_packet_len();
        let snaplen = match i32::try_from(snaplen) {
            Ok(1..) => snaplen,
            _ => max_packet,
        };
        let patched = magic == MAGIC_PATCHED;
        Ok(Self {
            big_endian,
            nanoseconds: magic == MAGIC_NANOSECONDS,
            lengths,
            record_header: if patched { 24 } else { 16 },
            // The patched libpcap did not count the Ethernet header it made up for "cooked" packets.
            snaplen: match patched && link_type == LinkType::ETHERNET {
                true => snaplen.saturating_add(14),
                false => snaplen,
            },
            max_packet,
            link_type,
            header: match !big_endian && magic == MAGIC_MICROSECONDS {
                true => PcapHeader::copied(bytes),
                false => PcapHeader::with_file_number(link_type_field, snaplen),
            },
        })
    }

    /// What the file says of all its packets.
    pub(super) fn link_type(&self) -> LinkType {
        self.link_type
    }

    /// The header for copies of this file's packets.
    pub(super) fn header(&self) -> PcapHeader {
        self.header
    }

    /// The next packet.
    #[inline]
    pub(super) fn next<R: Read>(&mut self, window: &mut Window<R>) -> Result<Record, Fault> {
        match window.fill(self.record_header)? {
            Fill::Enough => {}
            Fill::Waiting => return Ok(Record::Waiting),
            Fill::Short(0) => return Ok(Record::End),
            Fill::Short(got) => {
                return Err(Fault::Truncated { part: "header", wanted: self.record_header, got });
            }
        }
        let Some(record) = window.filled().first_chunk::<16>() else { return Ok(Record::End) };
        let [seconds, fraction, first, second] = words(record, self.big_endian);
        let (captured, wire_len) = match self.lengths {
            LengthOrder::CapturedFirst => (first, second),
            LengthOrder::WireFirst => (second, first),
            LengthOrder::Unclear => (first.min(second), first.max(second)),
        };
        if captured > self.max_packet {
            return Err(Fault::PacketTooLong { length: captured, maximum: self.max_packet });
        }
        let wanted = captured as usize;
        let record_len = self.record_header + wanted;
        match window.fill(record_len)? {
            Fill::Enough => {}
            Fill::Waiting => return Ok(Record::Waiting),
            Fill::Short(got) => {
                let got = got - self.record_header;
                return Err(Fault::Truncated { part: "captured", wanted, got });
            }
        }
        // Some files hold more of a packet than their header promises; libpcap cuts it off.
        let delivered = captured.min(self.snaplen) as usize;
        let microseconds = match self.nanoseconds {
            // The field is signed to libpcap, which shows only when it is damaged.
            true => (fraction as i32 / 1000) as u32,
            false => fraction,
        };
        Ok(Record::Packet(PacketRecord {
            time: CaptureTime { seconds: i64::from(seconds as i32), microseconds },
            wire_len,
            link_type: self.link_type,
            record_len,
            data: self.record_header..self.record_header + delivered,
            big_endian: self.big_endian,
        }))
    }
}

/// The 32-bit words at the start of `bytes`.
#[inline]
fn words<const BYTES: usize, const WORDS: usize>(
    bytes: &[u8; BYTES],
    big_endian: bool,
) -> [u32; WORDS] {
    const { assert!(BYTES == WORDS * 4) };
    let (chunks, _) = bytes.as_chunks::<4>();
    std::array::from_fn(|i| match (chunks.get(i), big_endian) {
        (Some(&chunk), true) => u32::from_be_bytes(chunk),
        (Some(&chunk), false) => u32::from_le_bytes(chunk),
        (None, _) => 0,
    })
}
