//! The open flows in the order in which they were last heard of, for `tcp_timeout`.
//!
//! Times in captures may go backwards, so the order of arrival is not the order of times and a
//! list moved to its front by each packet would not do. Only a flow's second counts: a flow that
//! is heard of again within the same second costs nothing.

use std::collections::BTreeSet;

use super::table::SlotId;

/// Which flow was last heard of in which second.
#[derive(Debug, Default)]
pub(super) struct IdleOrder(BTreeSet<(i64, SlotId)>);

impl IdleOrder {
    /// A flow was made.
    pub(super) fn add(&mut self, slot: SlotId, second: i64) {
        self.0.insert((second, slot));
    }

    /// A flow was heard of again.
    pub(super) fn moved(&mut self, slot: SlotId, from_second: i64, to_second: i64) {
        if from_second != to_second {
            self.0.remove(&(from_second, slot));
            self.0.insert((to_second, slot));
        }
    }

    /// A flow was closed.
    pub(super) fn remove(&mut self, slot: SlotId, second: i64) {
        self.0.remove(&(second, slot));
    }

    /// The flows that were last heard of before `second`.
    pub(super) fn before(&self, second: i64) -> impl Iterator<Item = SlotId> {
        self.0.iter().take_while(move |&&(last, _)| last < second).map(|&(_, slot)| slot)
    }
}
