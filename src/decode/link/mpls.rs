//! Multiprotocol label switching (RFC 3032).

use etherparse::EtherType;

pub(super) const UNICAST: EtherType = EtherType(0x8847);
pub(super) const MULTICAST: EtherType = EtherType(0x8848);

const BOTTOM_OF_STACK: u8 = 1;

/// What follows the last label of a stack. The labels do not say what it is.
pub(super) fn behind_labels(mut labels: &[u8]) -> Option<&[u8]> {
    loop {
        let ([_, _, flags, _], rest) = labels.split_first_chunk()?;
        if flags & BOTTOM_OF_STACK != 0 {
            return Some(rest);
        }
        labels = rest;
    }
}
