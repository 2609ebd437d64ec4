//! Packets and file headers as bytes of a little-endian, microsecond pcap file: what the program
//! writes when packets are to be kept, on every machine and whatever was read.

use super::packet::{LinkType, RawPacket};

/// The header of a little-endian, microsecond pcap file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PcapHeader([u8; PcapHeader::LEN]);

impl PcapHeader {
    /// How long a header is, in bytes.
    pub const LEN: usize = 24;

    /// The header of a file with packets of `link_type`, each cut to at most `snaplen` bytes.
    pub fn new(link_type: LinkType, snaplen: u32) -> Self {
        Self::with_file_number(link_type.to_file_number(), snaplen)
    }

    /// As [`new`](Self::new), with the whole link type field as it is to stand in the file.
    pub(super) fn with_file_number(link_type_field: u32, snaplen: u32) -> Self {
        let mut bytes = [0; Self::LEN];
        bytes[0..4].copy_from_slice(&0xa1b2_c3d4_u32.to_le_bytes());
        bytes[4..6].copy_from_slice(&2_u16.to_le_bytes());
        bytes[6..8].copy_from_slice(&4_u16.to_le_bytes());
        bytes[16..20].copy_from_slice(&snaplen.to_le_bytes());
        bytes[20..24].copy_from_slice(&link_type_field.to_le_bytes());
        Self(bytes)
    }

    /// The header that a file of this kind already has.
    pub(super) const fn copied(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The header as it stands in a file.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

/// Appends `packet` as a record of a little-endian, microsecond pcap file, with the time fields as
/// they were recorded; seconds beyond 32 bits are cut, as the format has no room for them.
pub fn write_record(out: &mut Vec<u8>, packet: &RawPacket<'_>) {
    out.reserve(16 + packet.data.len());
    out.extend_from_slice(&(packet.time.seconds as u32).to_le_bytes());
    out.extend_from_slice(&packet.time.microseconds.to_le_bytes());
    // No source delivers a packet of 4 GiB.
    out.extend_from_slice(&(packet.data.len() as u32).to_le_bytes());
    out.extend_from_slice(&packet.wire_len.to_le_bytes());
    out.extend_from_slice(packet.data);
}
