//! The open flows: found by their five-tuple, kept in slots that are used again.
//!
//! One look-up a packet is nearly all that reassembly costs, so the index holds slot numbers only
//! and the hash is fast. It is seeded at random: whoever wrote the capture chose the keys. With many
//! flows a look-up is mostly a wait for memory, so that the flows of several packets are looked for
//! together.

use std::hash::{BuildHasher, Hasher};
use std::num::NonZeroU32;

use foldhash::fast::RandomState;

use super::index::{FlowHash, Index};
use super::open_flow::Flow;
use crate::decode::FiveTuple;
use crate::sys::cache;
use crate::sys::readiness::Readiness;

/// The number of a slot. Valid until the flow in it is removed.
///
/// One more than its place, so that what is known of a segment's flow ahead of time is one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SlotId(NonZeroU32);

impl SlotId {
    #[inline]
    fn of_place(place: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(place))
    }

    #[inline]
    fn place(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// The open flows.
#[derive(Debug)]
pub(super) struct FlowTable<S> {
    slots: Vec<Option<Flow<S>>>,
    free: Vec<SlotId>,
    index: Index,
    hasher: RandomState,
    /// Of the memory of `slots`.
    readiness: Readiness,
}

impl<S> Default for FlowTable<S> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            index: Index::default(),
            hasher: RandomState::default(),
            readiness: Readiness::default(),
        }
    }
}

impl<S> FlowTable<S> {
    /// How many flows are open.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// What flows are found by.
    #[inline]
    pub(super) fn hash(&self, tuple: &FiveTuple) -> FlowHash {
        let mut state = self.hasher.build_hasher();
        let [a, b, c, d, ports] = tuple.words();
        state.write_u64(ports);
        if tuple.is_ipv6() {
            state.write_u64(b);
            state.write_u64(c);
            state.write_u64(d);
            state.write_u64(a);
        } else {
            // Each is 32 bits.
            state.write_u64(a << 32 | c);
        }
        FlowHash((state.finish() >> 32) as u32)
    }

    /// Has the processor fetch what [`candidate`](Self::candidate) will look at.
    #[inline]
    pub(super) fn bring_near(&self, hash: FlowHash) {
        self.index.bring_near(hash);
    }

    /// The slot of a flow with this hash: nearly always the one that is looked for, if it is open.
    #[inline]
    pub(super) fn candidate(&self, hash: FlowHash) -> Option<SlotId> {
        self.index.find(hash, |_| true).map(SlotId)
    }

    /// Has the processor fetch a flow.
    #[inline]
    pub(super) fn bring_flow_near(&self, slot: SlotId) {
        if let Some(place) = self.slots.get(slot.place()) {
            cache::bring_near(place);
        }
    }

    /// The slot of the open flow with these addresses and ports.
    #[inline(never)]
    pub(super) fn find(&self, hash: FlowHash, tuple: &FiveTuple) -> Option<SlotId> {
        self.index.find(hash, |slot| self.is_at(SlotId(slot), tuple)).map(SlotId)
    }

    /// The open flow with these addresses and ports.
    pub(super) fn peek(&self, tuple: &FiveTuple) -> Option<&Flow<S>> {
        self.find(self.hash(tuple), tuple).and_then(|slot| self.get(slot))
    }

    /// The open flow in this slot, if it has these addresses and ports.
    #[inline]
    pub(super) fn get_mut_if(&mut self, slot: SlotId, tuple: &FiveTuple) -> Option<&mut Flow<S>> {
        self.get_mut(slot).filter(|flow| flow.identity.tuple == *tuple)
    }

    /// Whether the open flow in this slot has these addresses and ports.
    #[inline]
    pub(super) fn is_at(&self, slot: SlotId, tuple: &FiveTuple) -> bool {
        self.get(slot).is_some_and(|flow| flow.identity.tuple == *tuple)
    }

    #[inline]
    pub(super) fn get(&self, slot: SlotId) -> Option<&Flow<S>> {
        self.slots.get(slot.place())?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, slot: SlotId) -> Option<&mut Flow<S>> {
        self.slots.get_mut(slot.place())?.as_mut()
    }

    /// Adds a flow whose addresses and ports, with this hash, are not in the table.
    pub(super) fn insert(&mut self, hash: FlowHash, flow: Flow<S>) -> SlotId {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot.place()] = Some(flow);
                slot
            }
            None => {
                // 2^32 open flows need 800 GB: memory ends long before the slot numbers do.
                if self.slots.len() == self.slots.capacity() {
                    self.readiness.begin_elsewhere();
                }
                self.slots.push(Some(flow));
                if let Some(slot) = self.slots.last() {
                    self.readiness.note(slot);
                }
                SlotId::of_place((self.slots.len() - 1) as u32)
            }
        };
        self.index.insert(hash, slot.0);
        slot
    }

    /// Takes the flow out of its slot.
    pub(super) fn remove(&mut self, slot: SlotId) -> Option<Flow<S>> {
        let flow = self.slots.get_mut(slot.place())?.take()?;
        self.index.remove(self.hash(&flow.identity.tuple), slot.0);
        self.free.push(slot);
        Some(flow)
    }

    /// The `count` flows that have been idle longest, in the order of their last packets, then of
    /// creation.
    pub(super) fn idlest(&self, count: usize) -> Vec<SlotId> {
        let key = |slot: &SlotId| {
            let flow = self.get(*slot)?;
            Some((flow.last_time, flow.identity.connection_number))
        };
        // Numbers only: there may be millions, and memory is scarce now.
        let mut slots: Vec<SlotId> = Vec::with_capacity(self.len());
        slots.extend(
            (0..)
                .map(SlotId::of_place)
                .take(self.slots.len())
                .filter(|&slot| self.get(slot).is_some()),
        );
        if count < slots.len() {
            slots.select_nth_unstable_by_key(count, key);
            slots.truncate(count);
        }
        slots.sort_unstable_by_key(key);
        slots
    }

    /// Takes all flows out, in order of creation.
    ///
    /// They are sorted by number in place: millions of them may fill the memory.
    pub(super) fn drain_by_creation(&mut self) -> impl Iterator<Item = Flow<S>> + use<S> {
        let table = std::mem::take(self);
        let mut slots = table.slots;
        let mut order: Vec<u32> = Vec::new();
        let number = |slot: &Option<Flow<S>>| slot.as_ref().map(|it| it.identity.connection_number);
        if !slots.iter().filter_map(number).is_sorted() {
            order = (0..slots.len() as u32).collect();
            order.sort_unstable_by_key(|&slot| slots.get(slot as usize).and_then(number));
        }
        (0..slots.len()).filter_map(move |place| {
            let slot = order.get(place).map_or(place, |&slot| slot as usize);
            slots.get_mut(slot)?.take()
        })
    }
}
