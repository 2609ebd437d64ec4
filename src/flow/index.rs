//! From hashes to slots: where in the table of flows a flow may be.
//!
//! Open addressing with linear probing. An entry is one word, a part of the hash beside the slot, so
//! that a look-up touches one line of memory before the flow's own; general-purpose tables touch
//! two, and cannot be asked ahead of time. Entries stand nearly in the order of their hashes, which
//! makes growing a walk through memory instead of a dance. Removing moves up what follows, so there
//! are no tombstones.

use std::num::NonZeroU32;

use crate::sys::cache;

/// A flow's hash, as far as the index uses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FlowHash(pub(super) u32);

/// A hash in the upper half, the number of a slot in the lower; 0 if nothing is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Entry(u64);

impl Entry {
    const EMPTY: Self = Self(0);

    fn new(hash: FlowHash, slot: NonZeroU32) -> Self {
        Self(u64::from(hash.0) << 32 | u64::from(slot.get()))
    }

    #[inline]
    fn has(self, hash: FlowHash) -> bool {
        (self.0 >> 32) as u32 == hash.0
    }

    fn hash(self) -> FlowHash {
        FlowHash((self.0 >> 32) as u32)
    }

    #[inline]
    fn slot(self) -> Option<NonZeroU32> {
        NonZeroU32::new(self.0 as u32)
    }
}

/// Fewest entries, as a power of 2.
const LEAST_BITS: u32 = 10;

/// Slots by hash.
#[derive(Debug)]
pub(super) struct Index {
    /// A power of 2 of them; at most three of four are in use.
    entries: Vec<Entry>,
    /// How far a hash is shifted to give the place where the search begins.
    shift: u32,
    len: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self::with_bits(LEAST_BITS)
    }
}

impl Index {
    /// Bytes that a slot takes in the index: between one entry and a third, when it is full, and two
    /// entries and two thirds, when it has just grown.
    pub(super) const COST: usize = size_of::<Entry>() * 2;

    fn with_bits(bits: u32) -> Self {
        Self { entries: vec![Entry::EMPTY; 1 << bits], shift: u32::BITS - bits, len: 0 }
    }

    /// How many slots are in it.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Has the processor fetch what [`find`](Self::find) will look at.
    #[inline]
    pub(super) fn bring_near(&self, hash: FlowHash) {
        if let Some(entry) = self.entries.get(self.home(hash)) {
            cache::bring_near(entry);
        }
    }

    /// The slot with this hash that `is_it`.
    #[inline]
    pub(super) fn find(
        &self,
        hash: FlowHash,
        is_it: impl Fn(NonZeroU32) -> bool,
    ) -> Option<NonZeroU32> {
        self.place_of(hash, is_it).map(|(_, slot)| slot)
    }

    /// Adds a slot that is not in the index.
    pub(super) fn insert(&mut self, hash: FlowHash, slot: NonZeroU32) {
        if (self.len + 1) * 4 > self.entries.len() * 3 && self.shift > 0 {
            self.grow();
        }
        self.put(Entry::new(hash, slot));
        self.len += 1;
    }

    /// Takes a slot out; does nothing if it is not in.
    pub(super) fn remove(&mut self, hash: FlowHash, slot: NonZeroU32) {
        let Some((mut hole, _)) = self.place_of(hash, |other| other == slot) else { return };
        self.len -= 1;
        let mask = self.entries.len() - 1;
        let mut next = (hole + 1) & mask;
        // What follows moves up, unless it would come to stand before its home.
        while self.entries[next] != Entry::EMPTY {
            let home = self.home(self.entries[next].hash());
            if next.wrapping_sub(home) & mask >= next.wrapping_sub(hole) & mask {
                self.entries[hole] = self.entries[next];
                hole = next;
            }
            next = (next + 1) & mask;
        }
        self.entries[hole] = Entry::EMPTY;
    }

    #[inline]
    fn place_of(
        &self,
        hash: FlowHash,
        is_it: impl Fn(NonZeroU32) -> bool,
    ) -> Option<(usize, NonZeroU32)> {
        let mask = self.entries.len() - 1;
        let mut place = self.home(hash);
        loop {
            let entry = *self.entries.get(place)?;
            let slot = entry.slot()?;
            if entry.has(hash) && is_it(slot) {
                return Some((place, slot));
            }
            place = (place + 1) & mask;
        }
    }

    #[inline]
    fn home(&self, hash: FlowHash) -> usize {
        (hash.0 >> self.shift) as usize
    }

    fn put(&mut self, entry: Entry) {
        let mask = self.entries.len() - 1;
        let mut place = self.home(entry.hash());
        while self.entries[place] != Entry::EMPTY {
            place = (place + 1) & mask;
        }
        self.entries[place] = entry;
    }

    fn grow(&mut self) {
        let larger = Self::with_bits(u32::BITS - self.shift + 1);
        let old = std::mem::replace(self, larger);
        self.len = old.len;
        for entry in old.entries.into_iter().filter(|&entry| entry != Entry::EMPTY) {
            self.put(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Few hashes, at the end of the table too, so that many slots want the same place.
        #[test]
        fn agrees_with_a_plain_list(
            steps in prop::collection::vec((0_u32..6, 1_u32..40, any::<bool>()), 0..300)
        ) {
            let mut index = Index::default();
            let mut model: Vec<(FlowHash, NonZeroU32)> = Vec::new();
            for (hash, slot, adds) in steps {
                let hash = FlowHash([0, 1, 1 << 22, 1023 << 22, u32::MAX, u32::MAX - 1][hash as usize]);
                let slot = NonZeroU32::new(slot).unwrap();
                match adds {
                    true if !model.iter().any(|&(_, other)| other == slot) => {
                        index.insert(hash, slot);
                        model.push((hash, slot));
                    }
                    true => {}
                    false => {
                        index.remove(hash, slot);
                        model.retain(|&it| it != (hash, slot));
                    }
                }
                prop_assert_eq!(index.len(), model.len());
                for &(hash, slot) in &model {
                    prop_assert_eq!(index.find(hash, |other| other == slot), Some(slot));
                }
                prop_assert_eq!(index.find(hash, |_| false), None);
            }
        }
    }

    #[test]
    fn a_hundred_thousand_slots_are_found_again() {
        let hash = |slot: NonZeroU32| FlowHash(slot.get().wrapping_mul(0x9e37_79b9));
        let mut index = Index::default();
        let slots = || (1..=100_000).filter_map(NonZeroU32::new);
        for slot in slots() {
            index.insert(hash(slot), slot);
        }
        for slot in slots().step_by(2) {
            index.remove(hash(slot), slot);
        }
        for slot in slots() {
            let expected = (slot.get() % 2 == 0).then_some(slot);
            assert_eq!(index.find(hash(slot), |other| other == slot), expected);
        }
    }
}
