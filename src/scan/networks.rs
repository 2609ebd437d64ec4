//! The scanner `wifiviz`: which wireless networks announced themselves, and how often.

use std::collections::BTreeMap;

use super::{Network, PacketScanner, RunFindings};
use crate::decode::{Beacon, MacAddr};

/// Different announcements that are told apart; whoever sends beacons chooses address and name.
const MAX_NETWORKS: usize = 1_000_000;

/// Counts beacons by sender and name.
#[derive(Clone, Debug, Default)]
pub struct Networks(BTreeMap<(MacAddr, Vec<u8>), u64>);

impl PacketScanner for Networks {
    fn beacon(&mut self, beacon: &Beacon<'_>) {
        let key = (beacon.source, beacon.ssid.to_vec());
        if self.0.len() < MAX_NETWORKS || self.0.contains_key(&key) {
            *self.0.entry(key).or_insert(0) += 1;
        }
    }

    fn finish(self: Box<Self>, findings: &mut RunFindings) {
        let networks = self.0.into_iter();
        findings.networks =
            Some(networks.map(|((source, ssid), count)| Network { source, ssid, count }).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_sorted_by_sender_and_name() {
        let mut networks = Networks::default();
        for (last, ssid) in [(2, "zeta"), (1, "b"), (2, "zeta"), (2, "a"), (1, "")] {
            let source = MacAddr([2, 0, 0, 0, 0, last]);
            networks.beacon(&Beacon { source, ssid: ssid.as_bytes() });
        }
        let mut findings = RunFindings::default();
        Box::new(networks).finish(&mut findings);
        let found: Vec<_> = findings
            .networks
            .unwrap()
            .into_iter()
            .map(|n| (n.source.0[5], String::from_utf8(n.ssid).unwrap(), n.count))
            .collect();
        let expected = [(1, "", 1), (1, "b", 1), (2, "a", 1), (2, "zeta", 2)];
        assert_eq!(found, expected.map(|(source, ssid, count)| (source, ssid.to_owned(), count)));
    }
}
