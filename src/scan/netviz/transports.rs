//! Counts bytes by what the Ethernet header says the frame carries.

use super::add_bytes;
use super::words::percent;

const NAMES: [&str; 5] = ["IPv4", "IPv6", "ARP", "VLAN", "Other"];

/// Bytes by EtherType.
#[derive(Clone, Debug, Default)]
pub(super) struct Transports([u64; NAMES.len()]);

impl Transports {
    /// Counts `bytes` for a frame whose outermost EtherType is `ether_type`; `None` if it has none.
    pub(super) fn add(&mut self, ether_type: Option<u16>, bytes: u32) {
        let [ipv4, ipv6, arp, vlan, other] = &mut self.0;
        let sum = match ether_type {
            Some(0x0800) => ipv4,
            Some(0x86dd) => ipv6,
            Some(0x0806) => arp,
            Some(0x8100) => vlan,
            _ => other,
        };
        add_bytes(sum, bytes);
    }

    /// All bytes counted.
    pub(super) fn total(&self) -> u64 {
        self.0.iter().fold(0, |total, bytes| total.saturating_add(*bytes))
    }

    /// Names and shares in percent, rounded down; those below 1 % are left out.
    pub(super) fn shares(&self) -> Vec<(&'static str, u64)> {
        let shares = self.0.map(|bytes| percent(bytes, self.total()));
        NAMES.into_iter().zip(shares).filter(|(_, share)| *share > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_down_and_small_ones_left_out() {
        let mut transports = Transports::default();
        assert_eq!(transports.shares(), []);
        let frames = [(0x86dd, 299), (0x8100, 695), (0x0806, 5), (0x88a8, 1)];
        for (ether_type, bytes) in frames {
            transports.add(Some(ether_type), bytes);
        }
        assert_eq!(transports.shares(), [("IPv6", 29), ("VLAN", 69)]);
        assert_eq!(transports.total(), 1000);
    }

    #[test]
    fn frames_without_ether_type_are_other() {
        let mut transports = Transports::default();
        transports.add(None, 1);
        transports.add(Some(0x0800), 1);
        assert_eq!(transports.shares(), [("IPv4", 50), ("Other", 50)]);
    }
}
