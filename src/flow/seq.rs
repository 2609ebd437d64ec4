//! TCP sequence numbers: positions modulo 2^32, which have distances but no order.

use std::ops::{Add, Sub};

use crate::decode::{Segment, TcpFlags};

/// A TCP sequence number (RFC 9293, 3.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeqNumber(pub u32);

impl SeqNumber {
    /// The number of a segment's first payload byte: SYN takes one number itself.
    #[inline]
    pub fn of_payload(segment: &Segment<'_>) -> Self {
        Self(segment.seq) + u32::from(segment.flags.contains(TcpFlags::SYN))
    }

    /// How far this number lies ahead of `other`, going the shorter way round: negative if it
    /// lies behind.
    pub fn distance_from(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0) as i32
    }
}

impl Add<u32> for SeqNumber {
    type Output = Self;
    fn add(self, bytes: u32) -> Self {
        Self(self.0.wrapping_add(bytes))
    }
}

impl Sub<u32> for SeqNumber {
    type Output = Self;
    fn sub(self, bytes: u32) -> Self {
        Self(self.0.wrapping_sub(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_go_the_shorter_way_round() {
        let before_wrap = SeqNumber(u32::MAX);
        assert_eq!((before_wrap + 3).distance_from(before_wrap), 3);
        assert_eq!(before_wrap.distance_from(before_wrap + 3), -3);
        assert_eq!(SeqNumber(0) - 1, before_wrap);
        assert_eq!(SeqNumber(1 << 31).distance_from(SeqNumber(0)), i32::MIN);
    }
}
