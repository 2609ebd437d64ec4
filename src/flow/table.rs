//! The open flows: found by their five-tuple, kept in slots that are used again.
//!
//! One look-up a packet is nearly all that reassembly costs, so the index holds slot numbers only,
//! the hash is fast, and the flow of the packet before is tried first. The hash is seeded at
//! random: whoever wrote the capture chose the keys.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::open_flow::Flow;
use crate::decode::FiveTuple;

/// The number of a slot. Valid until the flow in it is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SlotId(u32);

/// The open flows.
#[derive(Debug)]
pub(super) struct FlowTable<S> {
    slots: Vec<Option<Flow<S>>>,
    free: Vec<SlotId>,
    index: HashTable<SlotId>,
    hasher: RandomState,
    /// Slots used last, the other direction's among them. May be out of date.
    recent: [SlotId; 2],
}

impl<S> Default for FlowTable<S> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            index: HashTable::new(),
            hasher: RandomState::default(),
            recent: [SlotId(0); 2],
        }
    }
}

impl<S> FlowTable<S> {
    /// How many flows are open.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// The slot of the open flow with these addresses and ports.
    #[inline]
    pub(super) fn find(&mut self, tuple: &FiveTuple) -> Option<SlotId> {
        if let Some(slot) = self.recent.into_iter().find(|&slot| self.is_at(slot, tuple)) {
            return Some(slot);
        }
        let found = self.look_up(tuple)?;
        self.recent = [found, self.recent[0]];
        Some(found)
    }

    /// The open flow with these addresses and ports, which is not expected to be needed again.
    pub(super) fn peek(&self, tuple: &FiveTuple) -> Option<&Flow<S>> {
        self.look_up(tuple).and_then(|slot| self.get(slot))
    }

    pub(super) fn get(&self, slot: SlotId) -> Option<&Flow<S>> {
        self.slots.get(slot.0 as usize)?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, slot: SlotId) -> Option<&mut Flow<S>> {
        self.slots.get_mut(slot.0 as usize)?.as_mut()
    }

    /// Adds a flow whose addresses and ports are not in the table.
    pub(super) fn insert(&mut self, flow: Flow<S>) -> SlotId {
        let hash = hash(&self.hasher, &flow.identity.tuple);
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot.0 as usize] = Some(flow);
                slot
            }
            None => {
                // 2^32 open flows need 800 GB: memory ends long before the slot numbers do.
                self.slots.push(Some(flow));
                SlotId((self.slots.len() - 1) as u32)
            }
        };
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.index.insert_unique(hash, slot, |&slot| {
            slots[slot.0 as usize].as_ref().map_or(0, |flow| hash_of(hasher, flow))
        });
        self.recent = [slot, self.recent[0]];
        slot
    }

    /// Takes the flow out of its slot.
    pub(super) fn remove(&mut self, slot: SlotId) -> Option<Flow<S>> {
        let flow = self.slots.get_mut(slot.0 as usize)?.take()?;
        let hash = hash_of(&self.hasher, &flow);
        if let Ok(entry) = self.index.find_entry(hash, |&candidate| candidate == slot) {
            entry.remove();
        }
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
            (0..).map(SlotId).take(self.slots.len()).filter(|&slot| self.get(slot).is_some()),
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

    fn look_up(&self, tuple: &FiveTuple) -> Option<SlotId> {
        let hash = hash(&self.hasher, tuple);
        self.index.find(hash, |&slot| self.is_at(slot, tuple)).copied()
    }

    #[inline]
    fn is_at(&self, slot: SlotId, tuple: &FiveTuple) -> bool {
        self.get(slot).is_some_and(|flow| flow.identity.tuple == *tuple)
    }
}

fn hash_of<S>(hasher: &RandomState, flow: &Flow<S>) -> u64 {
    hash(hasher, &flow.identity.tuple)
}

#[inline]
fn hash(hasher: &RandomState, tuple: &FiveTuple) -> u64 {
    let mut state = hasher.build_hasher();
    for word in tuple.words() {
        state.write_u64(word);
    }
    state.finish()
}
