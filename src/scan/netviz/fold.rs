//! Folds neighbouring addresses into the prefix they share, until few enough are left.
//!
//! The addresses are the leaves of a binary tree of bits. Of all pairs of leaves that are
//! siblings in it, the one with the fewest bytes is folded first; of equally quiet ones the
//! longest prefix, which tells the most. What is left still does not overlap.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::addresses::Leaf;

/// Folds `leaves`, which must not overlap, until at most `target` are left, or one a family.
/// Returns them in [`family_order`](super::address::Address::family_order).
pub(super) fn fold(mut leaves: Vec<Leaf>, target: usize) -> Vec<Leaf> {
    leaves.sort_unstable_by_key(|leaf| leaf.prefix.first().family_order());
    let mut left = leaves.len();
    let mut row = Row::new(leaves);
    let mut quietest: BinaryHeap<_> =
        (0..left).filter_map(|place| row.sibling_pair(place)).map(Reverse).collect();
    while left > target {
        let Some(Reverse(pair)) = quietest.pop() else { break };
        // What was true when the pair was put on the heap may have been overtaken.
        if row.sibling_pair(pair.place) != Some(pair) {
            continue;
        }
        row.merge_with_next(pair.place);
        left -= 1;
        let before = row.previous(pair.place).and_then(|place| row.sibling_pair(place));
        quietest.extend(before.into_iter().chain(row.sibling_pair(pair.place)).map(Reverse));
    }
    row.into_leaves()
}

/// A leaf and its right neighbour, when nothing but them is below the prefix they share. Ordered
/// by which is to be folded first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    bytes: u64,
    depth: Reverse<u8>,
    place: usize,
}

/// The leaves in order, as a doubly linked list in place.
struct Row {
    /// Those merged into their left neighbour are no longer linked.
    leaves: Vec<Leaf>,
    /// The left neighbour and the right one; `NONE` at the ends.
    neighbours: Vec<(u32, u32)>,
}

const NONE: u32 = u32::MAX;

impl Row {
    fn new(leaves: Vec<Leaf>) -> Self {
        let count = leaves.len() as u32;
        let right = |place| if place + 1 < count { place + 1 } else { NONE };
        let neighbours = (0..count).map(|place| (place.wrapping_sub(1), right(place))).collect();
        Self { leaves, neighbours }
    }

    fn previous(&self, place: usize) -> Option<usize> {
        self.neighbours.get(place).filter(|(left, _)| *left != NONE).map(|(left, _)| *left as usize)
    }

    fn next(&self, place: usize) -> Option<usize> {
        self.neighbours.get(place).filter(|(_, right)| *right != NONE).map(|(_, r)| *r as usize)
    }

    /// How many bits the leaf at `place` shares with its right neighbour.
    fn shared_bits(&self, place: usize) -> Option<u8> {
        let neighbour = self.leaves.get(self.next(place)?)?;
        Some(self.leaves.get(place)?.prefix.common(neighbour.prefix)?.depth())
    }

    fn sibling_pair(&self, place: usize) -> Option<Pair> {
        let next = self.next(place)?;
        let depth = self.shared_bits(place)?;
        let before = self.previous(place).and_then(|before| self.shared_bits(before));
        let closer_outside = before.max(self.shared_bits(next)).is_some_and(|bits| bits >= depth);
        let bytes = self.leaves.get(place)?.bytes.saturating_add(self.leaves.get(next)?.bytes);
        (!closer_outside).then_some(Pair { bytes, depth: Reverse(depth), place })
    }

    fn merge_with_next(&mut self, place: usize) {
        let Some(next) = self.next(place) else { return };
        let after = self.next(next);
        let Some(absorbed) = self.leaves.get(next).copied() else { return };
        if let Some(leaf) = self.leaves.get_mut(place)
            && let Some(prefix) = leaf.prefix.common(absorbed.prefix)
        {
            *leaf = Leaf { prefix, bytes: leaf.bytes.saturating_add(absorbed.bytes) };
        }
        if let Some((_, right)) = self.neighbours.get_mut(place) {
            *right = after.map_or(NONE, |after| after as u32);
        }
        if let Some((left, _)) = after.and_then(|after| self.neighbours.get_mut(after)) {
            *left = place as u32;
        }
    }

    /// The leaves still linked. The first one always is, since merging keeps the left one.
    fn into_leaves(mut self) -> Vec<Leaf> {
        let mut kept = 0;
        let mut place = Some(0);
        while let Some(from) = place.filter(|from| *from < self.leaves.len()) {
            self.leaves.swap(kept, from);
            kept += 1;
            place = self.next(from);
        }
        self.leaves.truncate(kept);
        self.leaves
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::netviz::address::{Address, Prefix};

    fn folded(leaves: &[([u8; 4], u64)], target: usize) -> Vec<String> {
        let leaf = |(bytes, count): &([u8; 4], u64)| Leaf {
            prefix: Prefix::only(Address::from_v4(*bytes)),
            bytes: *count,
        };
        let leaves = fold(leaves.iter().map(leaf).collect(), target);
        leaves.iter().map(|leaf| format!("{} {}", leaf.prefix, leaf.bytes)).collect()
    }

    const LEAVES: [([u8; 4], u64); 5] = [
        ([10, 0, 0, 1], 5),
        ([192, 168, 0, 2], 900),
        ([10, 0, 0, 2], 5),
        ([10, 0, 9, 1], 100),
        ([192, 168, 0, 3], 1),
    ];

    #[test]
    fn the_quietest_siblings_go_first() {
        let four = ["10.0.0.0/30 10", "10.0.9.1 100", "192.168.0.2 900", "192.168.0.3 1"];
        assert_eq!(folded(&LEAVES, 4), four);
        assert_eq!(folded(&LEAVES, 3), ["10.0.0.0/20 110", "192.168.0.2 900", "192.168.0.3 1"]);
        assert_eq!(folded(&LEAVES, 2), ["10.0.0.0/20 110", "192.168.0.2/31 901"]);
        assert_eq!(folded(&LEAVES, 1), ["0.0.0.0/0 1011"]);
    }

    #[test]
    fn of_equally_quiet_siblings_the_longest_prefix_goes_first() {
        let leaves = [([1, 0, 0, 0], 5), ([1, 0, 0, 8], 5), ([2, 0, 0, 0], 5), ([2, 0, 0, 1], 5)];
        assert_eq!(folded(&leaves, 3), ["1.0.0.0 5", "1.0.0.8 5", "2.0.0.0/31 10"]);
    }

    #[test]
    fn nothing_to_fold_stays_as_it_is() {
        assert_eq!(folded(&[], 0), Vec::<String>::new());
        assert_eq!(folded(&LEAVES[..1], 0), ["10.0.0.1 5"]);
        assert_eq!(folded(&LEAVES, 5).len(), 5);
    }
}
