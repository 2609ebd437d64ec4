//! The memory of closed flows, by which late retransmissions are told from new data.

use std::collections::VecDeque;

use super::SeqNumber;
use crate::decode::FiveTuple;

/// How many closings are remembered, of all flows together.
pub const REMEMBERED: usize = 101;

/// A flow that was closed.
#[derive(Debug)]
pub(super) struct Closing<K> {
    pub(super) tuple: FiveTuple,
    /// The sequence number of the byte at `next`.
    pub(super) next_seq: SeqNumber,
    /// The position, counted from the stream's first byte, behind the payload that arrived last.
    pub(super) next: i64,
    /// What the sink kept of it; `None` if nothing was stored.
    pub(super) kept: Option<K>,
}

/// The most recent closings, newest first.
///
/// A plain queue, searched from its new end: searching is rare (a payload of an unknown flow
/// without SYN), closing is frequent, and a hash map would cost every closing two updates.
#[derive(Debug)]
pub(super) struct Closings<K>(VecDeque<Closing<K>>);

impl<K> Default for Closings<K> {
    fn default() -> Self {
        Self(VecDeque::with_capacity(REMEMBERED))
    }
}

impl<K> Closings<K> {
    pub(super) fn remember(&mut self, closing: Closing<K>) {
        self.0.truncate(REMEMBERED - 1);
        self.0.push_front(closing);
    }

    /// The flow's last closing, if it is still remembered.
    pub(super) fn last_of(&self, tuple: &FiveTuple) -> Option<&Closing<K>> {
        self.0.iter().find(|closing| closing.tuple == *tuple)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closing(port: u16, kept: u32) -> Closing<u32> {
        Closing {
            tuple: FiveTuple::v4([10, 0, 0, 1], [10, 0, 0, 2], (port, 80)),
            next_seq: SeqNumber(0),
            next: 0,
            kept: Some(kept),
        }
    }

    #[test]
    fn the_last_closing_counts_until_100_others_have_followed() {
        let mut closings = Closings::default();
        let tuple = closing(1, 0).tuple;
        closings.remember(closing(1, 7));
        closings.remember(closing(1, 8));
        assert_eq!(closings.last_of(&tuple).unwrap().kept, Some(8));
        for port in 2..102 {
            closings.remember(closing(port, 0));
        }
        assert_eq!(closings.last_of(&tuple).unwrap().kept, Some(8), "the 101st");
        closings.remember(closing(102, 0));
        assert!(closings.last_of(&tuple).is_none(), "the 102nd");
    }
}
