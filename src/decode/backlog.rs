//! Things that wait to be completed, within bounds of memory and time.
//!
//! Nothing here is per packet in the number of entries: look-up is by a randomly seeded hash, age
//! by order of arrival, and what is given up is always the oldest.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use crate::time::Timestamp;

/// What an entry costs besides the bytes it holds, as measured with fragments of IP datagrams: its
/// value, its key twice, and what trees, table and allocator keep free around them.
const ENTRY_COST: usize = 640;

/// When entries are given up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes that all entries together may take.
    pub(super) bytes: usize,
    /// How long an entry may wait, in microseconds of capture time.
    pub(super) wait_micros: u64,
}

/// Entries by key, in order of arrival.
#[derive(Debug)]
pub(super) struct Backlog<K, V> {
    limits: Limits,
    /// Arrival numbers; holds a key exactly if `by_age` holds its number.
    numbers: HashMap<K, u64>,
    by_age: BTreeMap<u64, Entry<K, V>>,
    next_number: u64,
    /// The sum of all entries' bytes.
    bytes: usize,
}

#[derive(Debug)]
struct Entry<K, V> {
    key: K,
    value: V,
    since: Timestamp,
    bytes: usize,
}

impl<K: Clone + Eq + Hash, V: Default> Backlog<K, V> {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, numbers: HashMap::new(), by_age: BTreeMap::new(), next_number: 0, bytes: 0 }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.by_age.is_empty()
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.by_age.get(self.numbers.get(key)?).map(|entry| &entry.value)
    }

    /// Lets `change` do something to the entry, which begins to wait `now` if it is new, and
    /// return how many bytes it takes more than before.
    pub(super) fn update(
        &mut self,
        key: K,
        now: Timestamp,
        change: impl FnOnce(&mut V) -> usize,
    ) -> &V {
        let number = *self.numbers.entry(key.clone()).or_insert(self.next_number);
        let entry = self.by_age.entry(number).or_insert_with(|| {
            self.next_number += 1;
            self.bytes = self.bytes.saturating_add(ENTRY_COST);
            Entry { key, value: V::default(), since: now, bytes: ENTRY_COST }
        });
        let more = change(&mut entry.value);
        entry.bytes = entry.bytes.saturating_add(more);
        self.bytes = self.bytes.saturating_add(more);
        &entry.value
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let number = self.numbers.remove(key)?;
        let entry = self.by_age.remove(&number)?;
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        Some(entry.value)
    }

    /// The oldest entry, if it has waited too long or all together take too many bytes. To be
    /// called until there is none.
    ///
    /// Time may run backwards, from one capture to the next for instance. What lies too far in
    /// the future is therefore overdue as well, or it would stay for good.
    pub(super) fn pop_overdue(&mut self, now: Timestamp) -> Option<(K, V)> {
        let oldest = self.by_age.first_key_value()?.1;
        let waited = now.as_micros().abs_diff(oldest.since.as_micros());
        if waited <= self.limits.wait_micros && self.bytes <= self.limits.bytes {
            return None;
        }
        self.pop()
    }

    /// The oldest entry.
    pub(super) fn pop(&mut self) -> Option<(K, V)> {
        let (_, entry) = self.by_age.pop_first()?;
        self.numbers.remove(&entry.key);
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        Some((entry.key, entry.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backlog() -> Backlog<&'static str, u32> {
        Backlog::new(Limits { bytes: 3 * ENTRY_COST + 10, wait_micros: 5 })
    }

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn the_oldest_goes_when_it_has_waited_too_long_either_way() {
        let mut backlog = backlog();
        backlog.update("a", at(100), |_| 0);
        backlog.update("b", at(102), |_| 0);
        assert!(backlog.pop_overdue(at(105)).is_none());
        assert_eq!(backlog.pop_overdue(at(106)).unwrap().0, "a");
        assert!(backlog.pop_overdue(at(106)).is_none());
        assert_eq!(backlog.pop_overdue(at(90)).unwrap().0, "b");
        assert!(backlog.is_empty());
    }

    #[test]
    fn the_oldest_goes_when_memory_runs_out() {
        let mut backlog = backlog();
        for key in ["a", "b", "c"] {
            backlog.update(key, at(0), |_| 3);
        }
        assert!(backlog.pop_overdue(at(0)).is_none());
        backlog.update("c", at(0), |_| 2);
        assert_eq!(backlog.pop_overdue(at(0)).unwrap().0, "a");
        assert!(backlog.pop_overdue(at(0)).is_none());
    }

    #[test]
    fn what_is_removed_frees_its_bytes_and_begins_anew() {
        let mut backlog = backlog();
        backlog.update("a", at(0), |value| {
            *value = 7;
            9
        });
        assert_eq!(backlog.remove(&"a"), Some(7));
        assert_eq!((backlog.bytes, backlog.remove(&"a")), (0, None));
        assert_eq!(*backlog.update("a", at(0), |_| 0), 0);
        assert_eq!(backlog.pop().unwrap().0, "a");
        assert!(backlog.pop().is_none());
        assert!(backlog.numbers.is_empty());
    }
}
