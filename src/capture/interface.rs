//! What a pcapng file says of an interface: link type, snap length, and how to read its packets'
//! times.

use super::block::Block;
use super::error::Fault;
use super::packet::LinkType;
use crate::time::CaptureTime;

const NAME: &str = "interface description";

/// Options of the block, by their numbers.
const END_OF_OPTIONS: u16 = 0;
const TIME_RESOLUTION: u16 = 9;
const TIME_OFFSET: u16 = 14;

const MICROS: u64 = 1_000_000;

/// An interface that packets were captured on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) link_type: LinkType,
    /// Bytes of a packet that were captured at most.
    pub(super) snaplen: u32,
    resolution: Resolution,
    /// Seconds to add to every time.
    offset: i64,
}

/// The unit of time stamps.
///
/// The usual units have variants of their own: dividing by a constant is several times as fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resolution {
    Microseconds,
    Nanoseconds,
    /// So many units a second, a power of 10; never 0.
    Decimal(u64),
    /// Two to this power units a second; below 64.
    Binary(u32),
}

impl Interface {
    /// Reads an interface description block.
    pub(super) fn parse(block: &mut Block<'_>) -> Result<Self, Fault> {
        let [link_type, _reserved] = block.halves(NAME)?;
        let [snaplen] = block.words(NAME)?;
        let link_type = LinkType::from_file_number(link_type);
        let mut resolution = None;
        let mut offset = None;
        while !block.is_empty() {
            let [code, length] = block.halves(NAME)?;
            let padded = usize::from(length).next_multiple_of(4);
            let (value, _) = block.bytes(padded, NAME)?.split_at(usize::from(length));
            match code {
                END_OF_OPTIONS if value.is_empty() => break,
                END_OF_OPTIONS => return Err(Fault::InterfaceOption("opt_endofopt")),
                TIME_RESOLUTION => {
                    let parsed = match (value, resolution) {
                        (&[value], None) => Resolution::parse(value),
                        _ => None,
                    };
                    resolution = Some(parsed.ok_or(Fault::InterfaceOption("if_tsresol"))?);
                }
                TIME_OFFSET => {
                    let parsed = match (<[u8; 8]>::try_from(value), offset) {
                        (Ok(value), None) => Some(block.order().i64(value)),
                        _ => None,
                    };
                    offset = Some(parsed.ok_or(Fault::InterfaceOption("if_tsoffset"))?);
                }
                _ => {}
            }
        }
        Ok(Self {
            link_type,
            snaplen: match i32::try_from(snaplen) {
                Ok(1..) => snaplen,
                _ => link_type.max_packet_len(),
            },
            resolution: resolution.unwrap_or(Resolution::Microseconds),
            offset: offset.unwrap_or(0),
        })
    }

    /// The instant that `timestamp` means on this interface, cut to microseconds.
    #[inline]
    pub(super) fn time(&self, timestamp: u64) -> CaptureTime {
        let (seconds, microseconds) = match self.resolution {
            Resolution::Microseconds => (timestamp / MICROS, timestamp % MICROS),
            Resolution::Nanoseconds => {
                (timestamp / (1000 * MICROS), timestamp % (1000 * MICROS) / 1000)
            }
            Resolution::Decimal(units) => {
                let fraction = u128::from(timestamp % units) * u128::from(MICROS);
                (timestamp / units, (fraction / u128::from(units)) as u64)
            }
            Resolution::Binary(power) => {
                let fraction = timestamp & ((1 << power) - 1);
                let micros = (u128::from(fraction) * u128::from(MICROS)) >> power;
                (timestamp >> power, micros as u64)
            }
        };
        CaptureTime {
            seconds: (seconds as i64).wrapping_add(self.offset),
            microseconds: microseconds as u32,
        }
    }
}

impl Resolution {
    /// Reads the value of `if_tsresol`: a negative power of 10 or, with the top bit, of 2.
    fn parse(value: u8) -> Option<Self> {
        match value {
            6 => Some(Self::Microseconds),
            9 => Some(Self::Nanoseconds),
            0..=127 => 10_u64.checked_pow(u32::from(value)).map(Self::Decimal),
            _ => Some(u32::from(value & 0x7f)).filter(|power| *power < 64).map(Self::Binary),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(resolution: u8, offset: i64) -> Interface {
        Interface {
            link_type: LinkType::ETHERNET,
            snaplen: 65535,
            resolution: Resolution::parse(resolution).unwrap(),
            offset,
        }
    }

    #[test]
    fn every_resolution_gives_microseconds() {
        let cases = [
            (0, 7, 7, 0),
            (3, 7_125, 7, 125_000),
            (6, 7_125_001, 7, 125_001),
            (9, 7_125_001_999, 7, 125_001),
            (12, 7_125_001_999_999, 7, 125_001),
            (19, 10_u64.pow(19) + 5 * 10_u64.pow(18), 1, 500_000),
            (0x80, 7, 7, 0),
            (0x80 | 1, 15, 7, 500_000),
            (0x80 | 63, 3 << 62, 1, 500_000),
        ];
        for (resolution, timestamp, seconds, microseconds) in cases {
            let time = interface(resolution, 0).time(timestamp);
            assert_eq!(time, CaptureTime { seconds, microseconds }, "{resolution:#x}");
        }
    }

    #[test]
    fn resolutions_too_fine_for_64_bits_are_refused() {
        assert_eq!(Resolution::parse(20), None);
        assert_eq!(Resolution::parse(0x80 | 64), None);
    }

    #[test]
    fn the_offset_counts_in_seconds_and_may_be_negative() {
        assert_eq!(interface(6, -10).time(7_000_001).seconds, -3);
        let _ = interface(0, i64::MAX).time(u64::MAX);
    }
}
