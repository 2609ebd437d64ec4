//! Reads the TCP header (RFC 9293, 3.1): ports, sequence number, flags, and where the data is.
//!
//! The fixed part is read here rather than with `etherparse`, which refuses a header whose options
//! were cut off by the snap length. Such a segment still opens, closes and counts for a flow; only
//! its payload is gone.

use super::TcpFlags;

const FIXED_HEADER: usize = 20;

/// The part of a TCP header that reassembly needs.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// The sequence number field.
    pub seq: u32,
    /// The flags.
    pub flags: TcpFlags,
    /// What follows the header, as far as captured; empty if the header itself is cut.
    pub payload: &'a [u8],
}

/// Source and destination port, if as much as that was captured.
#[inline]
pub fn ports(segment: &[u8]) -> Option<(u16, u16)> {
    let [a, b, c, d] = *segment.first_chunk()?;
    Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
}

impl<'a> Header<'a> {
    /// Reads the header; `None` if fewer than 20 bytes are there or the data offset is below 5.
    #[inline]
    pub fn parse(segment: &'a [u8]) -> Option<Self> {
        let fixed: &[u8; FIXED_HEADER] = segment.first_chunk()?;
        let data_offset = usize::from(fixed[12] >> 4) * 4;
        if data_offset < FIXED_HEADER {
            return None;
        }
        Some(Self {
            seq: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            flags: TcpFlags(fixed[13]),
            payload: segment.get(data_offset..).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(data_offset_words: u8, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        bytes[12] = data_offset_words << 4;
        bytes
    }

    #[test]
    fn payload_begins_at_the_data_offset() {
        assert_eq!(Header::parse(&segment(5, 23)).unwrap().payload.len(), 3);
        assert_eq!(Header::parse(&segment(6, 26)).unwrap().payload.len(), 2);
    }

    #[test]
    fn options_cut_by_the_snap_length_leave_an_empty_payload() {
        assert!(Header::parse(&segment(15, 30)).unwrap().payload.is_empty());
    }

    #[test]
    fn a_short_header_and_a_data_offset_below_5_are_refused() {
        assert!(Header::parse(&segment(5, 19)).is_none());
        assert!(Header::parse(&segment(4, 40)).is_none());
    }
}
