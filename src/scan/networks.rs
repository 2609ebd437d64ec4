//! The scanner `wifiviz`: which wireless networks announced themselves, and how often.

use std::collections::BTreeMap;

use super::{Network, PacketScanner, RunFindings};
use crate::decode::{Beacon, MacAddr};
use crate::messages::Messages;

/// Different announcements that are told apart, some 30 MB of them with their lines of the report.
/// Whoever sends beacons chooses address and name, and there are tools that send millions.
const MAX_NETWORKS: usize = 100_000;

/// Counts beacons by sender and name.
#[derive(Debug)]
pub struct Networks {
    counts: BTreeMap<(MacAddr, Vec<u8>), u64>,
    /// Beacons that came when there were too many networks already.
    left_out: u64,
    messages: Messages,
}

impl Networks {
    /// Knows no network yet.
    pub fn new(messages: Messages) -> Self {
        Self { counts: BTreeMap::new(), left_out: 0, messages }
    }
}

impl PacketScanner for Networks {
    fn beacon(&mut self, beacon: &Beacon<'_>) {
        let key = (beacon.source, beacon.ssid.to_vec());
        if self.counts.len() < MAX_NETWORKS || self.counts.contains_key(&key) {
            *self.counts.entry(key).or_insert(0) += 1;
        } else {
            self.left_out += 1;
        }
    }

    fn finish(self: Box<Self>, findings: &mut RunFindings) {
        if self.left_out > 0 {
            let beacons = self.left_out;
            self.messages.warning(format_args!(
                "more than {MAX_NETWORKS} wireless networks: {beacons} beacons of others left out"
            ));
        }
        let networks = self.counts.into_iter();
        findings.networks =
            Some(networks.map(|((source, ssid), count)| Network { source, ssid, count }).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Verbosity;

    fn networks() -> Networks {
        Networks::new(Messages::new("test", Verbosity { level: 0, quiet: true }))
    }

    #[test]
    fn a_flood_of_names_is_bounded_and_does_not_touch_those_known() {
        let mut networks = networks();
        let source = MacAddr([2, 0, 0, 0, 0, 1]);
        for number in 0..MAX_NETWORKS as u32 + 7 {
            networks.beacon(&Beacon { source, ssid: &number.to_be_bytes() });
        }
        networks.beacon(&Beacon { source, ssid: &0_u32.to_be_bytes() });
        assert_eq!((networks.counts.len(), networks.left_out), (MAX_NETWORKS, 7));
        assert_eq!(networks.counts[&(source, vec![0; 4])], 2);
    }

    #[test]
    fn networks_are_sorted_by_sender_and_name() {
        let mut networks = networks();
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
