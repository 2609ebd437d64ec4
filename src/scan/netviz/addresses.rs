//! Counts bytes by address: exactly, until there are more addresses than memory was set aside for.
//!
//! Then neighbouring addresses are folded into prefixes, the least busy first (see
//! [`fold`](super::fold)), so that the busy ones, which are what the picture shows, stay exact.
//! Nothing is lost: the bytes of a prefix are those of all its addresses. Memory is bounded,
//! an address costs one hash look-up, and one of the last four costs not even that.

use std::fmt::Write as _;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::address::{Address, Prefix};
use super::fold::fold;
use super::{add_bytes, top};

/// At most this many addresses and prefixes a histogram, whatever was asked for.
///
/// Each costs 32 bytes in the list and some 6 in the index; growing and folding need half as much
/// again for a moment, so the two histograms stay below 64 MB together.
const MEMORY_LIMIT: usize = 7 << 16;

/// An address or prefix, and the bytes counted for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    /// Whose bytes these are.
    pub(super) prefix: Prefix,
    /// How many.
    pub(super) bytes: u64,
}

/// Bytes by address.
#[derive(Clone, Debug)]
pub(super) struct AddressHistogram {
    /// No two overlap. First the `folded` prefixes of more than one address, in
    /// [`Address::family_order`]; then the single addresses, as they came.
    leaves: Vec<Leaf>,
    /// `folded <= leaves.len()`.
    folded: usize,
    /// The places in `leaves` of the single addresses.
    index: HashTable<u32>,
    hasher: RandomState,
    recent: [Option<(Address, u32)>; 4],
    /// `oldest < recent.len()`.
    oldest: usize,
    /// After each addition, `leaves.len() <= limit`, but for one leaf a family.
    limit: usize,
    statistics: Statistics,
}

#[derive(Clone, Copy, Debug, Default)]
struct Statistics {
    created: u64,
    folded_away: u64,
    cache_hits: u64,
    cache_misses: u64,
}

impl AddressHistogram {
    /// An empty histogram of at most `limit` addresses and prefixes; negative for as many as the
    /// memory set aside holds.
    pub(super) fn new(limit: i64) -> Self {
        Self {
            leaves: Vec::new(),
            folded: 0,
            index: HashTable::new(),
            hasher: RandomState::default(),
            recent: [None; 4],
            oldest: 0,
            limit: usize::try_from(limit).map_or(MEMORY_LIMIT, |limit| limit.min(MEMORY_LIMIT)),
            statistics: Statistics::default(),
        }
    }

    /// Counts `bytes` for `address`.
    pub(super) fn add(&mut self, address: Address, bytes: u32) {
        let recent = self.recent.iter().flatten().find(|(known, _)| *known == address);
        let place = match recent {
            Some((_, place)) => {
                self.statistics.cache_hits += 1;
                *place
            }
            None => {
                self.statistics.cache_misses += 1;
                self.find_or_create(address)
            }
        };
        if let Some(leaf) = self.leaves.get_mut(place as usize) {
            add_bytes(&mut leaf.bytes, bytes);
        }
    }

    fn find_or_create(&mut self, address: Address) -> u32 {
        if self.leaves.len() > self.limit {
            self.make_room();
        }
        let hash = self.hasher.hash_one(address.bits());
        let is_known =
            |place: &u32| self.leaves.get(*place as usize).is_some_and(|l| l.is_only(address));
        let known = self.index.find(hash, is_known).copied();
        let place = known.or_else(|| self.find_prefix(address)).unwrap_or_else(|| {
            let place = self.leaves.len() as u32;
            self.leaves.push(Leaf { prefix: Prefix::only(address), bytes: 0 });
            self.statistics.created += 1;
            let rehash = rehash(&self.leaves, &self.hasher);
            self.index.insert_unique(hash, place, rehash);
            place
        });
        if let Some(slot) = self.recent.get_mut(self.oldest) {
            *slot = Some((address, place));
        }
        self.oldest = (self.oldest + 1) % self.recent.len();
        place
    }

    fn find_prefix(&self, address: Address) -> Option<u32> {
        let prefixes = self.leaves.get(..self.folded)?;
        let wanted = address.family_order();
        let after = prefixes.partition_point(|leaf| leaf.prefix.first().family_order() <= wanted);
        let place = after.checked_sub(1)?;
        prefixes.get(place)?.prefix.contains(address).then_some(place as u32)
    }

    /// Folds half of the leaves away, so that the cost of folding spreads over the addresses that
    /// are new until the next time.
    #[cold]
    fn make_room(&mut self) {
        let before = self.leaves.len();
        let mut leaves = fold(std::mem::take(&mut self.leaves), self.limit / 2);
        leaves.sort_by_key(|leaf| leaf.prefix.is_single());
        self.statistics.folded_away += (before - leaves.len()) as u64;
        self.folded = leaves.partition_point(|leaf| !leaf.prefix.is_single());
        self.leaves = leaves;
        self.recent = [None; 4];
        self.index.clear();
        for (place, leaf) in self.leaves.iter().enumerate().skip(self.folded) {
            let hash = self.hasher.hash_one(leaf.prefix.first().bits());
            let rehash = rehash(&self.leaves, &self.hasher);
            self.index.insert_unique(hash, place as u32, rehash);
        }
    }

    /// All bytes counted.
    pub(super) fn total(&self) -> u64 {
        self.leaves.iter().fold(0, |sum, leaf| sum.saturating_add(leaf.bytes))
    }

    /// The `count` busiest, most bytes first; of equals the one with the larger address.
    pub(super) fn top(&self, count: usize) -> Vec<Leaf> {
        let busy = self.leaves.iter().copied().filter(|leaf| leaf.bytes > 0).collect();
        top(busy, count, |a, b| {
            let by_address = || b.prefix.first().byte_order().cmp(&a.prefix.first().byte_order());
            b.bytes.cmp(&a.bytes).then_with(by_address)
        })
    }

    /// The four lines that tell how the counting went.
    pub(super) fn write_statistics(&self, out: &mut String) {
        let Statistics { created, folded_away, cache_hits, cache_misses } = self.statistics;
        let (nodes, limit) = (self.leaves.len(), self.limit);
        let _ = writeln!(
            out,
            "nodes: {nodes}  maxnodes: {limit} ctr_added: {created} pruned: {folded_away}"
        );
        let _ = writeln!(out, "cache_hits: {cache_hits}\ncache_misses: {cache_misses}");
    }

    /// Every address and prefix with its bytes, in the order of the addresses' bytes.
    pub(super) fn write_leaves(&self, out: &mut String) {
        let mut leaves: Vec<_> = self.leaves.iter().filter(|leaf| leaf.bytes > 0).collect();
        leaves.sort_by_key(|leaf| leaf.prefix.first().byte_order());
        let _ = writeln!(out, "histogram size: {}", leaves.len());
        for Leaf { prefix, bytes } in leaves {
            let _ = writeln!(out, "{prefix}  count={bytes}");
        }
    }
}

impl Leaf {
    fn is_only(&self, address: Address) -> bool {
        self.prefix == Prefix::only(address)
    }
}

fn rehash<'a>(leaves: &'a [Leaf], hasher: &'a RandomState) -> impl Fn(&u32) -> u64 + 'a {
    // Every place in the index is one of `leaves`; the hash of a missing one would not matter.
    |place| {
        leaves.get(*place as usize).map_or(0, |leaf| hasher.hash_one(leaf.prefix.first().bits()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(number: u32) -> Address {
        Address::from_v4(number.to_be_bytes())
    }

    fn texts(histogram: &AddressHistogram) -> Vec<String> {
        histogram.top(10).iter().map(|leaf| format!("{} {}", leaf.prefix, leaf.bytes)).collect()
    }

    #[test]
    fn thousands_of_scattered_addresses_are_counted_exactly() {
        let mut histogram = AddressHistogram::new(-1);
        for round in 1..=3_u32 {
            for number in 0..20_000_u32 {
                histogram.add(v4(number.wrapping_mul(0x9e37_79b1)), round);
            }
        }
        let mut dump = String::new();
        histogram.write_leaves(&mut dump);
        assert_eq!(dump.lines().filter(|line| line.ends_with("  count=6")).count(), 20_000);
        assert_eq!(histogram.total(), 6 * 20_000);
    }

    #[test]
    fn of_equally_busy_addresses_the_larger_comes_first() {
        let mut histogram = AddressHistogram::new(-1);
        (0..15).for_each(|last| histogram.add(v4(0x0a00_0001 + last), 60));
        let top = texts(&histogram);
        assert_eq!(top.len(), 10);
        assert_eq!((top[0].as_str(), top[9].as_str()), ("10.0.0.15 60", "10.0.0.6 60"));
    }

    #[test]
    fn addresses_without_bytes_are_not_listed() {
        let mut histogram = AddressHistogram::new(-1);
        histogram.add(v4(1), 0);
        assert_eq!(texts(&histogram), Vec::<String>::new());
    }

    #[test]
    fn over_the_limit_quiet_addresses_become_prefixes_and_no_byte_is_lost() {
        let mut histogram = AddressHistogram::new(100);
        let mut expected = 0;
        for number in 0..5_000_u32 {
            histogram.add(v4(number.wrapping_mul(0x9e37_79b1)), 10);
            histogram.add(v4(0xc0a8_0001), 1_000);
            expected += 1_010;
            assert!(histogram.leaves.len() <= 101);
        }
        assert_eq!(histogram.total(), expected);
        assert_eq!(texts(&histogram)[0], "192.168.0.1 5000000");
        assert!(texts(&histogram)[1].contains('/'), "{:?}", texts(&histogram));
    }

    #[test]
    fn with_no_node_allowed_each_family_collapses() {
        let mut histogram = AddressHistogram::new(0);
        for number in [1, 0xffff_ffff, 5, 9] {
            histogram.add(v4(number), 1);
        }
        histogram.add(Address::from_v6([0; 16]), 1);
        histogram.add(Address::from_v6([0xff; 16]), 1);
        histogram.add(v4(77), 1);
        assert_eq!(texts(&histogram), ["0.0.0.0/0 5", "::/0 2"]);
    }

    #[test]
    fn the_dump_counts_what_was_created_and_folded() {
        let mut histogram = AddressHistogram::new(4);
        for number in [1, 1, 2, 0xff00_0000, 0x7700_0000, 0x3300_0000, 0x3300_0001] {
            histogram.add(v4(number), 5);
        }
        let mut dump = String::new();
        histogram.write_statistics(&mut dump);
        histogram.write_leaves(&mut dump);
        assert_eq!(
            dump,
            "nodes: 2  maxnodes: 4 ctr_added: 5 pruned: 3\ncache_hits: 1\ncache_misses: 6\n\
             histogram size: 2\n0.0.0.0/1  count=30\n255.0.0.0  count=5\n"
        );
    }
}
