//! Addresses and prefixes as the address histograms count them.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// An IPv4 or IPv6 address in one word.
///
/// IPv4 addresses stand in `::ffff:0:0/96`, which RFC 4291 (2.5.5.2) reserves for them; no IPv6
/// node uses that block on the wire, so a separate family tag (and 16 bytes of padding for it in
/// every table) would buy nothing.
///
/// Two halves rather than a `u128`, whose alignment would make a table entry half as large again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Address {
    high: u64,
    low: u64,
}

const V4_BLOCK: u128 = 0xffff << 32;
const V4_BLOCK_DEPTH: u8 = 96;

impl Address {
    /// The IPv4 address with these bytes.
    pub(super) fn from_v4(bytes: [u8; 4]) -> Self {
        Self::from_bits(V4_BLOCK | u128::from(u32::from_be_bytes(bytes)))
    }

    /// The IPv6 address with these bytes.
    pub(super) fn from_v6(bytes: [u8; 16]) -> Self {
        Self::from_bits(u128::from_be_bytes(bytes))
    }

    fn from_bits(bits: u128) -> Self {
        Self { high: (bits >> 64) as u64, low: bits as u64 }
    }

    /// All 128 bits.
    pub(super) fn bits(self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low)
    }

    fn is_v4(self) -> bool {
        self.bits() >> 32 == V4_BLOCK >> 32
    }

    /// An order in which prefixes do not straddle families: IPv6 first.
    pub(super) fn family_order(self) -> (bool, u128) {
        (self.is_v4(), self.bits())
    }

    /// The order of the address's bytes from the first on, whatever the family.
    pub(super) fn byte_order(self) -> (u128, bool) {
        match self.is_v4() {
            true => (self.bits() << 96, true),
            false => (self.bits(), false),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_v4() {
            true => Ipv4Addr::from(self.low as u32).fmt(f),
            false => Ipv6Addr::from(self.bits()).fmt(f),
        }
    }
}

/// All addresses that share their first bits. A single address is the longest prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Prefix {
    /// The first address; bits beyond `depth` are 0.
    first: Address,
    /// How many bits are shared: 0 to 128, and 96 to 128 for IPv4.
    depth: u8,
}

impl Prefix {
    /// The prefix that holds only `address`.
    pub(super) fn only(address: Address) -> Self {
        Self { first: address, depth: 128 }
    }

    /// The lowest address.
    pub(super) fn first(self) -> Address {
        self.first
    }

    /// How many bits are shared, counted in 128 for both families.
    pub(super) fn depth(self) -> u8 {
        self.depth
    }

    /// Whether this is one address only.
    pub(super) fn is_single(self) -> bool {
        self.depth == 128
    }

    /// Whether `address` is one of these.
    pub(super) fn contains(self, address: Address) -> bool {
        Self::common(self, Self::only(address)).is_some_and(|common| common.depth >= self.depth)
    }

    /// The longest prefix that holds both; `None` across families.
    pub(super) fn common(self, other: Self) -> Option<Self> {
        if self.first.is_v4() != other.first.is_v4() {
            return None;
        }
        let equal_bits = (self.first.bits() ^ other.first.bits()).leading_zeros() as u8;
        let depth = equal_bits.min(self.depth).min(other.depth);
        let mask = u128::MAX.checked_shl(128 - u32::from(depth)).unwrap_or(0);
        Some(Self { first: Address::from_bits(self.first.bits() & mask), depth })
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        match self.first.is_v4() {
            _ if self.is_single() => Ok(()),
            true => write!(f, "/{}", self.depth.saturating_sub(V4_BLOCK_DEPTH)),
            false => write!(f, "/{}", self.depth),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(last: u8) -> Prefix {
        Prefix::only(Address::from_v4([10, 0, 0, last]))
    }

    #[test]
    fn single_addresses_have_no_depth_in_their_text() {
        assert_eq!(v4(1).to_string(), "10.0.0.1");
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        // Regression: IPv6 addresses that end in zeros used to be printed as IPv4.
        assert_eq!(Prefix::only(Address::from_v6(bytes)).to_string(), "2001:db8::");
    }

    #[test]
    fn the_common_prefix_counts_bits_of_its_own_family() {
        let common = v4(1).common(v4(2)).unwrap();
        assert_eq!(common.to_string(), "10.0.0.0/30");
        assert!(common.contains(Address::from_v4([10, 0, 0, 3])));
        assert!(!common.contains(Address::from_v4([10, 0, 0, 4])));

        let all = Prefix::only(Address::from_v6([0xff; 16])).common(v6_zero()).unwrap();
        assert_eq!(all.to_string(), "::/0");
        assert!(all.contains(Address::from_v6([7; 16])));
        assert!(!all.contains(Address::from_v4([7; 4])));
        let root = Prefix::only(Address::from_v4([255; 4])).common(v4(1)).unwrap();
        assert_eq!(root.to_string(), "0.0.0.0/0");
    }

    #[test]
    fn families_have_nothing_in_common() {
        assert_eq!(v4(1).common(v6_zero()), None);
    }

    fn v6_zero() -> Prefix {
        Prefix::only(Address::from_v6([0; 16]))
    }
}
