//! Brings near the processor what the next packets need, before the first of them is dealt with.

use arrayvec::ArrayVec;

use super::index::FlowHash;
use super::table::SlotId;
use super::{Near, Sink, Tracker};
use crate::decode::Segment;

/// With fewer flows than this, all of them are near the processor.
const MANY_FLOWS: usize = 1000;

/// What is known of a segment's flow ahead of time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lookup {
    pub(super) hash: FlowHash,
    /// Where the flow was a moment ago.
    pub(super) slot: Option<SlotId>,
}

impl<S: Sink> Tracker<S> {
    /// Looks for the flows of segments that come next; what it gives is in their order.
    ///
    /// With many flows open each packet waits for memory several times in a row. So the rows of
    /// several packets are walked together, step by step: what the next step needs is asked for, for
    /// all of them, before any of them is waited for.
    #[inline]
    pub fn look_ahead<const N: usize>(
        &self,
        segments: &ArrayVec<Segment<'_>, N>,
        sink: &S,
    ) -> [Lookup; N] {
        let mut all = [Lookup::default(); N];
        for (lookup, segment) in all.iter_mut().zip(segments) {
            *lookup = self.look_up(segment);
        }
        if self.flows.len() < MANY_FLOWS {
            return all;
        }
        let (lookups, _) = all.split_at_mut(segments.len());
        for lookup in &*lookups {
            self.flows.bring_near(lookup.hash);
        }
        for lookup in &mut *lookups {
            lookup.slot = self.flows.candidate(lookup.hash);
            if let Some(slot) = lookup.slot {
                self.flows.bring_flow_near(slot);
            }
        }
        // A new flow will ask for the opposite one.
        for (_, segment) in lookups.iter().zip(segments).filter(|(it, _)| it.slot.is_none()) {
            self.flows.bring_near(self.flows.hash(&segment.tuple.reversed()));
        }
        let streams = || {
            let slots = lookups.iter().filter_map(|lookup| lookup.slot);
            slots.filter_map(|slot| self.flows.get(slot)).map(|flow| &flow.stream)
        };
        streams().for_each(|stream| sink.bring_near(stream, Near::Place));
        streams().for_each(|stream| sink.bring_near(stream, Near::End));
        all
    }

    /// What is known of the segment's flow without a look at memory.
    #[inline]
    pub(super) fn look_up(&self, segment: &Segment<'_>) -> Lookup {
        Lookup { hash: self.flows.hash(&segment.tuple), slot: None }
    }
}
