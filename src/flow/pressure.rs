//! Keeps what open flows take of memory below a bound.
//!
//! Whoever writes a capture can open flows for ever, and make holes in them for ever. Nothing is
//! kept in order for that case: when a flow is made, or a stream gets its first byte or another
//! hole, a sum is compared with the bound, and at the bound the tenth of all flows is looked for
//! that has been idle longest. So a flow that is closed has cost ten looks, and a packet nothing.
//!
//! The table of flows never shrinks, and the rest does; each has a share of its own, so that a
//! capture cannot fill first the one and then the other.

use super::index::Index;

/// What the order of idle flows takes for one, if it is kept.
pub(super) const IDLE_COST: usize = 40;

/// The bounds, and how near they are.
#[derive(Debug)]
pub(super) struct Pressure {
    /// Flows that may be open at once.
    max_flows: usize,
    /// Bytes that each of them takes in the table.
    flow_cost: u64,
    /// Bytes that open flows may take beside the table.
    max_beside: u64,
    /// Bytes that the sets of seen bytes take beside the table.
    pub(super) holes: u64,
}

impl Pressure {
    /// `memory` bytes for the open flows, each of which takes `flow_size` in the table.
    pub(super) fn new(memory: u64, flow_size: usize) -> Self {
        let beside = memory / 4;
        let flow_cost = (flow_size + Index::COST) as u64;
        let flows = (memory - beside) / flow_cost;
        Self {
            max_flows: usize::try_from(flows).unwrap_or(usize::MAX).max(1),
            flow_cost,
            max_beside: beside,
            holes: 0,
        }
    }

    /// Whether one more flow is one too many.
    #[inline]
    pub(super) fn is_full(&self, flows: usize) -> bool {
        flows >= self.max_flows
    }

    /// Bytes of the table that are not taken by so many flows.
    pub(super) fn spare(&self, flows: usize) -> u64 {
        (self.max_flows.saturating_sub(flows) as u64).saturating_mul(self.flow_cost)
    }

    /// Whether the flows take too much beside the table; `kept` is what the sink keeps of them.
    #[inline]
    pub(super) fn is_too_much(&self, kept: u64) -> bool {
        self.holes.saturating_add(kept) > self.max_beside
    }

    /// Whether there is still so little room that the bound would be met again at once.
    pub(super) fn persists(&self, flows: usize, kept: u64) -> bool {
        let sum = self.holes.saturating_add(kept);
        self.is_full(flows) || sum > self.max_beside - self.max_beside / 10
    }
}
