//! Reads the pcap format: a [`Window`] of a file's bytes becomes packets.
//!
//! Both byte orders, micro- and nanoseconds, and the variants that libpcap reads. What libpcap
//! takes for damage is damage here, and nothing else is: streams of other programs are compared
//! with ours. Never panics, whatever the bytes.

use std::io::Read;

use super::error::Fault;
use super::packet::{LinkType, RawPacket};
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
    /// Whether it is plain pcap: version 2.4, little-endian, in microseconds, not patched, with a
    /// snaplen within the format's limit.
    is_ordinary: bool,
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
            is_ordinary: !big_endian
                && magic == MAGIC_MICROSECONDS
                && matches!(lengths, LengthOrder::CapturedFirst)
                && snaplen <= max_packet,
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

    /// Whether nothing about the file is out of the ordinary.
    pub(super) fn is_ordinary(&self) -> bool {
        self.is_ordinary
    }

    /// The packet at the front of `filled`, a part of an ordinary file, and what comes behind its
    /// record, if all of it is there: the way of nearly every packet. What else there may be,
    /// [`next`](Self::next) finds out.
    #[inline]
    pub(super) fn ordinary<'a>(&self, filled: &'a [u8]) -> Option<(RawPacket<'a>, &'a [u8])> {
        let (header, rest) = filled.split_first_chunk::<16>()?;
        let [seconds, microseconds, captured, wire_len] = words(header, false);
        if captured > self.snaplen {
            return None;
        }
        let (data, rest) = rest.split_at_checked(captured as usize)?;
        let time = CaptureTime { seconds: i64::from(seconds as i32), microseconds };
        Some((RawPacket { time, wire_len, link_type: self.link_type, data }, rest))
    }

    /// The seconds of a packet's time. To libpcap the field is signed in files of its own byte order,
    /// and not in those of the other: it has the bytes change places in a number that is not.
    fn seconds(&self, field: u32) -> i64 {
        match self.big_endian {
            true => i64::from(field),
            false => i64::from(field as i32),
        }
    }

    /// The next packet.
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
            time: CaptureTime { seconds: self.seconds(seconds), microseconds },
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

#[cfg(test)]
mod tests {
    use super::super::testing::{Order, Outcome, PLAIN, PcapFile, Sample, read, samples};
    use super::super::{FileSource, write_record};
    use super::*;
    use crate::capture::RawPacket;

    const PATCHED: PcapFile = PcapFile { magic: MAGIC_PATCHED, ..PLAIN };

    fn source_of(bytes: &[u8]) -> FileSource {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        FileSource::open(file.path()).unwrap()
    }

    #[test]
    fn byte_order_and_resolution_make_no_difference() {
        for order in [Order::Little, Order::Big] {
            let micros = PcapFile { order, ..PLAIN }.with(&samples(), 1);
            assert_eq!(read(&micros), Outcome { packets: samples(), errors: vec![] });
            let magic = MAGIC_NANOSECONDS;
            let nanos = PcapFile { order, magic, ..PLAIN }.with(&samples(), 1000);
            assert_eq!(read(&nanos), Outcome { packets: samples(), errors: vec![] });
        }
    }

    #[test]
    fn damaged_times_are_delivered_as_recorded() {
        let mut bytes = PLAIN.header();
        bytes.extend(PLAIN.record([u32::MAX, u32::MAX, 0, 0], 0, &[]));
        let time = read(&bytes).packets[0].time;
        assert_eq!(time, CaptureTime { seconds: -1, microseconds: u32::MAX });

        let big = PcapFile { order: Order::Big, ..PLAIN };
        let mut bytes = big.header();
        bytes.extend(big.record([u32::MAX, 5, 0, 0], 0, &[]));
        let time = read(&bytes).packets[0].time;
        assert_eq!(time, CaptureTime { seconds: i64::from(u32::MAX), microseconds: 5 });

        let nanoseconds = PcapFile { magic: MAGIC_NANOSECONDS, ..PLAIN };
        let mut bytes = nanoseconds.header();
        bytes.extend(nanoseconds.record([1, (-5_000_000_i32) as u32, 0, 0], 0, &[]));
        assert_eq!(read(&bytes).packets[0].time.microseconds, (-5_000_i32) as u32);
    }

    #[test]
    fn old_versions_had_the_wire_length_first() {
        let lengths = |version| {
            let file = PcapFile { version, ..PLAIN };
            let mut bytes = file.header();
            bytes.extend(file.record([1, 2, 20, 10], 0, &[7; 10]));
            let outcome = read(&bytes);
            outcome.packets.first().map(|packet| (packet.data.len(), packet.wire_len))
        };
        for version in [(2, 0), (2, 2), (2, 3), (543, 0)] {
            assert_eq!(lengths(version), Some((10, 20)), "{version:?}");
        }
        assert_eq!(lengths((2, 4)), None);
    }

    #[test]
    fn unknown_versions_are_refused() {
        let errors = |version| read(&PcapFile { version, ..PLAIN }.header()).errors;
        assert_eq!(errors((1, 4)), ["archaic pcap savefile format"]);
        assert_eq!(errors((2, 5)), ["unsupported pcap savefile version 2.5"]);
        assert_eq!(errors((3, 0)), ["unsupported pcap savefile version 3.0"]);
    }

    #[test]
    fn records_of_the_patched_libpcap_are_longer() {
        let mut bytes = PATCHED.header();
        for (seconds, length) in [(1, 5), (2, 0), (3, 40)] {
            bytes.extend(PATCHED.record([seconds, 0, length, 60], 8, &vec![9; length as usize]));
        }
        let lengths: Vec<_> = read(&bytes).packets.iter().map(|it| it.data.len()).collect();
        assert_eq!(lengths, [5, 0, 40]);
        bytes.truncate(bytes.len() - 50);
        let expected = ["truncated dump file; tried to read 24 header bytes, only got 14"];
        assert_eq!(read(&bytes).errors, expected);
    }

    #[test]
    fn packets_are_cut_at_the_snap_length() {
        let captured = |file: PcapFile, extra| {
            let mut bytes = file.header();
            bytes.extend(file.record([1, 2, 40, 50], extra, &[7; 40]));
            bytes.extend(file.record([3, 4, 2, 50], extra, &[7; 2]));
            let outcome = read(&bytes);
            assert_eq!(outcome.errors, [""; 0]);
            outcome.packets.iter().map(|packet| packet.data.len()).collect::<Vec<_>>()
        };
        assert_eq!(captured(PcapFile { snaplen: 12, ..PLAIN }, 0), [12, 2]);
        assert_eq!(captured(PcapFile { snaplen: 12, ..PATCHED }, 8), [26, 2]);
        assert_eq!(captured(PcapFile { snaplen: 12, link_type: 113, ..PATCHED }, 8), [12, 2]);
        for unlimited in [0, 0x8000_0000, u32::MAX] {
            assert_eq!(captured(PcapFile { snaplen: unlimited, ..PLAIN }, 0), [40, 2]);
        }
    }

    #[test]
    fn impossible_lengths_end_the_reading_after_everything_before() {
        let mut bytes = PLAIN.with(&samples(), 1);
        bytes.extend(PLAIN.record([1, 2, 262_145, 262_145], 0, &vec![0; 262_145]));
        bytes.extend(PLAIN.record([1, 2, 4, 4], 0, &[1; 4]));
        let error = "invalid packet capture length 262145, bigger than maximum of 262144";
        assert_eq!(read(&bytes), Outcome { packets: samples(), errors: vec![error.to_owned()] });
    }

    #[test]
    fn some_link_types_have_longer_packets() {
        let file = PcapFile { link_type: 231, snaplen: 0, ..PLAIN };
        let mut bytes = file.header();
        bytes.extend(file.record([1, 2, 3_000_000, 3_000_000], 0, &vec![5; 3_000_000]));
        assert_eq!(read(&bytes).packets[0].data.len(), 3_000_000);
    }

    #[test]
    fn a_cut_anywhere_loses_only_what_is_behind_it() {
        let packets: Vec<Sample> = (0..3).map(|i| Sample::new(i, 0, 10, 10)).collect();
        let whole = PLAIN.with(&packets, 1);
        for cut in 0..whole.len() {
            let outcome = read(&whole[..cut]);
            let complete = cut.saturating_sub(24) / 26;
            assert_eq!(outcome.packets, packets[..complete], "cut at {cut}");
            let is_clean = cut >= 24 && (cut - 24) % 26 == 0;
            assert_eq!(outcome.errors.is_empty(), is_clean, "cut at {cut}");
        }
        let error = |cut| read(&whole[..cut]).errors.concat();
        assert_eq!(error(0), "truncated dump file; tried to read 4 file header bytes, only got 0");
        assert_eq!(
            error(23),
            "truncated dump file; tried to read 24 file header bytes, only got 23"
        );
        assert_eq!(error(31), "truncated dump file; tried to read 16 header bytes, only got 7");
        assert_eq!(error(45), "truncated dump file; tried to read 10 captured bytes, only got 5");
    }

    #[test]
    fn the_header_is_copied_from_a_file_of_its_kind_and_made_for_others() {
        let mut own = PcapFile { snaplen: 99, link_type: 0x1400_0065, ..PLAIN }.header();
        own[8..16].copy_from_slice(b"timezone");
        let source = source_of(&own);
        assert_eq!(source.pcap_header().as_bytes()[..], own);
        assert_eq!(source.link_type(), LinkType::RAW);
        assert_eq!(source.size(), Some(24));
        assert_eq!(source.position(), 24);

        for (order, magic) in [(Order::Big, MAGIC_MICROSECONDS), (Order::Little, MAGIC_NANOSECONDS)]
        {
            let file = PcapFile { order, magic, link_type: 101, snaplen: 99, ..PLAIN };
            let header = source_of(&file.header()).pcap_header();
            assert_eq!(header, PcapHeader::new(LinkType::RAW, 99));
        }
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        let mut written = PcapHeader::new(LinkType::ETHERNET, 262_144).as_bytes().to_vec();
        for Sample { time, wire_len, link_type, data } in &samples() {
            let (time, wire_len, link_type) = (*time, *wire_len, *link_type);
            write_record(&mut written, &RawPacket { time, wire_len, link_type, data });
        }
        assert_eq!(written, PLAIN.with(&samples(), 1));
    }

    #[test]
    fn nflog_headers_are_little_endian_whatever_the_file() {
        let packet = |length: [u8; 2]| [&[2, 0, 0, 1][..], &length, &[0, 0]].concat();
        for (order, length) in [(Order::Little, [4, 0]), (Order::Big, [0, 4])] {
            let file = PcapFile { order, link_type: 239, ..PLAIN };
            let mut bytes = file.header();
            bytes.extend(file.record([1, 2, 8, 8], 0, &packet(length)));
            assert_eq!(read(&bytes).packets[0].data, packet([4, 0]));
        }
    }
}
