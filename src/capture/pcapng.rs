//! Reads the pcapng format: a [`Window`] of a file's bytes becomes packets.
//!
//! Any number of sections, in either byte order, and of interfaces; each interface may have its
//! own link type, snap length and resolution of time (libpcap wants them all alike). Otherwise what
//! libpcap takes for damage is damage here. Never panics, whatever the bytes.

use std::io::Read;

use super::block::{BLOCK_OVERHEAD, Block, BlockHeader, ByteOrder, SECTION};
use super::error::Fault;
use super::interface::Interface;
use super::packet::{LinkType, RawPacket};
use super::record::{PacketRecord, Record};
use super::savefile::PcapHeader;
use super::window::{Fill, Window};

/// Block types (draft-ietf-opsawg-pcapng) besides [`SECTION`]; others are skipped.
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// What blocks are called in messages.
const PACKET: &str = "packet";
const SECTION_HEADER: &str = "section header";

/// The longest block taken for sane, in bytes, unless an interface allows longer packets.
const MAX_BLOCK: u32 = 16 << 20;
/// Room for what surrounds a packet in its block: fields and options.
const PACKET_BLOCK_EXTRA: u32 = 128 << 10;
/// The longest section header taken for sane, in bytes.
const MAX_SECTION_HEADER: u32 = 1 << 20;
/// A description takes 20 bytes of the file, and more than twice that of memory.
const MAX_INTERFACES: usize = 1 << 18;

/// Reads the blocks of one pcapng file.
pub(super) struct PcapNgReader {
    order: ByteOrder,
    /// The interfaces of the current section, by their numbers.
    interfaces: Vec<Interface>,
    max_block: u32,
    link_type: LinkType,
    header: PcapHeader,
}

impl PcapNgReader {
    /// Whether a file that begins with these bytes can be a pcapng file.
    pub(super) fn recognises(magic: [u8; 4]) -> bool {
        u32::from_le_bytes(magic) == SECTION
    }

    /// Reads up to the first interface, without which there can be no packet.
    pub(super) fn open<R: Read>(window: &mut Window<R>) -> Result<Self, Fault> {
        let mut reader = Self {
            order: ByteOrder::Little,
            interfaces: Vec::new(),
            max_block: MAX_BLOCK,
            link_type: LinkType::NULL,
            header: PcapHeader::new(LinkType::NULL, 0),
        };
        // The mark of a byte order is what tells this format from others.
        if let Fill::Short(_) = window.fill_waiting(12)? {
            return Err(Fault::UnknownFormat);
        }
        if ByteOrder::of_section(window.filled()).is_none() {
            return Err(Fault::UnknownFormat);
        }
        loop {
            let header = match reader.next_block(window)? {
                BlockFill::There(header) => header,
                BlockFill::Waiting => continue,
                BlockFill::End => return Err(Fault::NoInterface),
            };
            if is_packet(header.kind) {
                return Err(Fault::NoInterface);
            }
            reader.take_in(window.filled(), header)?;
            window.consume(header.length());
            if let Some(first) = reader.interfaces.first() {
                reader.link_type = first.link_type;
                reader.header = PcapHeader::new(first.link_type, first.snaplen);
                return Ok(reader);
            }
        }
    }

    /// The link type of the first interface.
    pub(super) fn link_type(&self) -> LinkType {
        self.link_type
    }

    /// The header for copies of the first interface's packets.
    pub(super) fn header(&self) -> PcapHeader {
        self.header
    }

    /// The next packet.
    #[inline]
    pub(super) fn next<R: Read>(&mut self, window: &mut Window<R>) -> Result<Record, Fault> {
        loop {
            let header = match self.next_block(window)? {
                BlockFill::There(header) => header,
                BlockFill::Waiting => return Ok(Record::Waiting),
                BlockFill::End => return Ok(Record::End),
            };
            if let Some(packet) = self.find_packet(window.filled(), header)? {
                return Ok(Record::Packet(packet));
            }
            self.take_in(window.filled(), header)?;
            window.consume(header.length());
        }
    }

    /// Whether nothing about the section is out of the ordinary: there may be more to do for a packet
    /// that a big-endian machine captured.
    pub(super) fn is_ordinary(&self) -> bool {
        self.order == ByteOrder::Little
    }

    /// The packet at the front of `filled`, a part of an ordinary section, and what comes behind its
    /// block, if all of it is there. What else there may be, [`next`](Self::next) finds out.
    ///
    /// Not inlined, for that would cost every packet of the simpler format something.
    #[inline(never)]
    pub(super) fn ordinary<'a>(&self, filled: &'a [u8]) -> Option<(RawPacket<'a>, &'a [u8])> {
        let header = BlockHeader::parse(filled, self.order, self.max_block).ok()?;
        let PacketRecord { time, wire_len, link_type, record_len, data, .. } =
            self.find_packet(filled, header).ok()??;
        let (data, rest) = (filled.get(data)?, filled.get(record_len..)?);
        Some((RawPacket { time, wire_len, link_type, data }, rest))
    }

    /// Makes the next block as a whole stand at the front of the window.
    #[inline]
    fn next_block<R: Read>(&mut self, window: &mut Window<R>) -> Result<BlockFill, Fault> {
        match window.fill(BLOCK_OVERHEAD)? {
            Fill::Enough => {}
            Fill::Waiting => return Ok(BlockFill::Waiting),
            Fill::Short(0) => return Ok(BlockFill::End),
            Fill::Short(got) => {
                return Err(Fault::Truncated { part: "block", wanted: BLOCK_OVERHEAD, got });
            }
        }
        // The type of a section header reads the same in both byte orders, and its own byte order
        // holds for its length already.
        let is_section = window.filled().first_chunk() == Some(&SECTION.to_le_bytes());
        if is_section {
            self.order = ByteOrder::of_section(window.filled()).ok_or(Fault::ByteOrder)?;
        }
        let maximum = if is_section { MAX_SECTION_HEADER } else { self.max_block };
        let header = BlockHeader::parse(window.filled(), self.order, maximum)?;
        match window.fill(header.length())? {
            Fill::Enough => {}
            Fill::Waiting => return Ok(BlockFill::Waiting),
            Fill::Short(got) => {
                return Err(Fault::Truncated { part: "block", wanted: header.length(), got });
            }
        }
        Ok(BlockFill::There(header))
    }

    /// What packet is in the block at the front of `bytes`, if it is a packet block.
    #[inline]
    fn find_packet(
        &self,
        bytes: &[u8],
        header: BlockHeader,
    ) -> Result<Option<PacketRecord>, Fault> {
        if !is_packet(header.kind) {
            return Ok(None);
        }
        let mut block = Block::new(bytes, header, self.order)?;
        let interface_number = match header.kind {
            ENHANCED_PACKET => block.words::<1>(PACKET)?[0],
            // The other half of the word counts dropped packets.
            OBSOLETE_PACKET => u32::from(block.halves::<2>(PACKET)?[0]),
            _ => 0,
        };
        let interface = self
            .interfaces
            .get(interface_number as usize)
            .ok_or(Fault::UnknownInterface(interface_number))?;
        let [high, low, captured, wire_len] = match header.kind {
            SIMPLE_PACKET => {
                let [wire_len] = block.words(PACKET)?;
                [0, 0, wire_len.min(interface.snaplen), wire_len]
            }
            _ => block.words(PACKET)?,
        };
        let maximum = interface.link_type.max_packet_len();
        if captured > maximum {
            return Err(Fault::PacketTooLong { length: captured, maximum });
        }
        Ok(Some(PacketRecord {
            time: interface.time(u64::from(high) << 32 | u64::from(low)),
            wire_len,
            link_type: interface.link_type,
            record_len: header.length(),
            data: block.next_range(captured as usize).ok_or(Fault::BlockContent(PACKET))?,
            big_endian: self.order == ByteOrder::Big,
        }))
    }

    /// Learns from the block at the front of `bytes`, which is no packet block.
    fn take_in(&mut self, bytes: &[u8], header: BlockHeader) -> Result<(), Fault> {
        let mut block = Block::new(bytes, header, self.order)?;
        match header.kind {
            INTERFACE => {
                let interface = Interface::parse(&mut block)?;
                let longest = interface.link_type.max_packet_len() + PACKET_BLOCK_EXTRA;
                self.max_block = self.max_block.max(longest);
                if self.interfaces.len() >= MAX_INTERFACES {
                    return Err(Fault::TooManyInterfaces(MAX_INTERFACES));
                }
                self.interfaces.push(interface);
            }
            SECTION => {
                let [_order_mark] = block.words(SECTION_HEADER)?;
                let [major, minor] = block.halves(SECTION_HEADER)?;
                let [_length_high, _length_low] = block.words(SECTION_HEADER)?;
                if !matches!((major, minor), (1, 0 | 2)) {
                    let format = "pcapng savefile";
                    return Err(Fault::UnsupportedVersion { format, major, minor });
                }
                self.interfaces.clear();
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether blocks of this type hold a packet.
#[inline]
fn is_packet(kind: u32) -> bool {
    matches!(kind, ENHANCED_PACKET | SIMPLE_PACKET | OBSOLETE_PACKET)
}

/// What came of an attempt to have a whole block.
enum BlockFill {
    There(BlockHeader),
    Waiting,
    End,
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        Order, Outcome, Sample, block, enhanced, interface, option, pcapng, read, samples, section,
    };
    use super::*;
    use crate::time::CaptureTime;

    const BOTH: [Order; 2] = [Order::Little, Order::Big];

    fn good(packets: Vec<Sample>) -> Outcome {
        Outcome { packets, errors: vec![] }
    }

    #[test]
    fn byte_order_makes_no_difference() {
        for order in BOTH {
            assert_eq!(read(&pcapng(order, &samples())), good(samples()));
        }
    }

    #[test]
    fn sections_may_differ_in_byte_order_and_begin_with_no_interfaces() {
        let mut bytes = pcapng(Order::Little, &samples());
        bytes.extend(pcapng(Order::Big, &samples()));
        assert_eq!(read(&bytes), good([samples(), samples()].concat()));
        bytes.extend(section(Order::Big));
        bytes.extend(enhanced(Order::Big, 0, 0, &samples()[1]));
        let error = "pcapng packet of interface 0, which was not described before";
        assert_eq!(read(&bytes).errors, [error]);
    }

    #[test]
    fn interfaces_may_differ_in_everything() {
        for order in BOTH {
            let mut bytes = section(order);
            bytes.extend(interface(order, 1, 96, &[]));
            let mut options = option(order, 9, &[9]);
            let offset: [u8; 8] = match order {
                Order::Little => (-3_i64).to_le_bytes(),
                Order::Big => (-3_i64).to_be_bytes(),
            };
            options.extend(option(order, 14, &offset));
            options.extend(option(order, 0, &[]));
            bytes.extend(interface(order, 101, 0, &options));
            let ethernet = Sample::new(1, 2, 20, 30);
            let raw = Sample { link_type: LinkType::RAW, ..Sample::new(4, 5, 200, 300) };
            bytes.extend(enhanced(order, 1, 7_000_005_999, &raw));
            bytes.extend(enhanced(order, 0, 1_000_002, &ethernet));
            assert_eq!(read(&bytes), good(vec![raw, ethernet]), "{order:?}");
        }
    }

    #[test]
    fn simple_and_obsolete_packet_blocks_are_read_and_unknown_ones_skipped() {
        for order in BOTH {
            let mut bytes = section(order);
            bytes.extend(block(order, 0x0bad, &[b"before any interface"]));
            bytes.extend(interface(order, 1, 10, &[]));
            bytes.extend(block(order, 3, &[&order.u32(14), &[1; 10]]));
            bytes.extend(block(order, 4, &[b"names"]));
            let obsolete = [order.u16(0), order.u16(77)].concat();
            let words = [0, 1_000_002, 3, 9].map(|word| order.u32(word)).concat();
            bytes.extend(block(order, 2, &[&obsolete, &words, &[2; 3]]));
            let epoch = CaptureTime::default();
            let simple = Sample { data: vec![1; 10], time: epoch, ..Sample::new(0, 0, 0, 14) };
            let old = Sample { data: vec![2; 3], ..Sample::new(1, 2, 0, 9) };
            assert_eq!(read(&bytes), good(vec![simple, old]), "{order:?}");
        }
    }

    #[test]
    fn damage_ends_the_reading_after_everything_before() {
        let order = Order::Little;
        let whole = pcapng(order, &samples());
        let error = |tail: &[u8]| {
            let outcome = read(&[&whole, tail].concat());
            assert_eq!(outcome.packets, samples());
            outcome.errors.concat()
        };
        let mut mismatch = enhanced(order, 0, 0, &samples()[2]);
        *mismatch.last_mut().unwrap() = 1;
        assert_eq!(error(&mismatch), "pcapng block lengths in header and trailer do not match");
        for length in [0, 8, 11, 13, 30] {
            let header = [order.u32(6), order.u32(length), [0; 4]].concat();
            assert_eq!(error(&header), format!("pcapng block has invalid length {length}"));
        }
        let header = [order.u32(6), order.u32(MAX_BLOCK + 4), [0; 4]].concat();
        assert_eq!(error(&header), "pcapng block size 16777220 > maximum 16777216");
        let cut = enhanced(order, 0, 0, &samples()[2]);
        let (long, short) = (cut.len(), cut.len() - 1);
        let expected =
            format!("truncated dump file; tried to read {long} block bytes, only got {short}");
        assert_eq!(error(&cut[..short]), expected);
        let words = [0, 0, 0, 5, 5].map(|word| order.u32(word)).concat();
        let short = block(order, 6, &[&words, &[1; 4]]);
        assert_eq!(error(&short), "pcapng packet block is too short for its content");
        let words = [0, 0, 0, 262_145, 5].map(|word| order.u32(word)).concat();
        let long = block(order, 6, &[&words, &vec![1; 262_148]]);
        assert!(error(&long).starts_with("invalid packet capture length 262145"));
        let bad_section = block(order, SECTION, &[&order.u32(1), &[0; 12]]);
        assert_eq!(error(&bad_section), "pcapng section with a bad byte order mark");
        for options in [option(order, 9, &[20]), option(order, 14, &[0; 4]), option(order, 0, &[1])]
        {
            let bad = interface(order, 1, 0, &options);
            assert!(error(&bad).starts_with("pcapng interface with an invalid "));
        }
    }

    #[test]
    fn a_file_without_interface_is_refused() {
        let order = Order::Big;
        let error = ["the capture file has no Interface Description Blocks"];
        assert_eq!(read(&section(order)).errors, error);
        let packet = enhanced(order, 0, 0, &samples()[1]);
        assert_eq!(read(&[section(order), packet].concat()).errors, error);
        assert_eq!(read(&section(order)[..11]).errors, ["unknown file format"]);
    }

    #[test]
    fn interfaces_without_end_are_refused() {
        let mut bytes = section(Order::Little);
        let description = interface(Order::Little, 1, 0, &[]);
        bytes.extend(description.repeat(MAX_INTERFACES));
        assert_eq!(read(&bytes), Outcome::default());
        bytes.extend(description);
        assert_eq!(read(&bytes).errors, ["more than 262144 pcapng interfaces"]);
    }
}
