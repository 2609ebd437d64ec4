//! The set of stream positions that were seen.
//!
//! Nearly every stream grows at one place, so the range that was touched last is at hand and
//! growing it costs nothing. The others, if there are any, are in a B-tree: a sorted vector is 30
//! times slower on a stream with 200,000 holes, which a hostile capture can have.
//!
//! Positions are signed so that a stream that turns out to begin earlier needs no renumbering.

use std::collections::BTreeMap;
use std::ops::Range;

/// A set of positions, kept as ranges that neither overlap nor touch.
#[derive(Debug, Default)]
pub struct SeenBytes {
    /// The range touched last.
    current: Range<i64>,
    /// All other ranges, if there were ever any.
    others: Option<Box<Others>>,
}

#[derive(Debug, Default)]
struct Others {
    /// Start to end; no range is empty, touches another one or touches `current`.
    ranges: BTreeMap<i64, i64>,
    /// How many positions the ranges hold together.
    total: u64,
}

/// What a range takes in the tree: nodes are a little more than half full.
const RANGE_COST: usize = 40;

/// What the smallest tree takes.
const TREE_COST: usize = 256;

impl SeenBytes {
    /// Bytes of memory besides the set itself.
    #[inline]
    pub fn memory(&self) -> usize {
        self.others.as_ref().map_or(0, |others| TREE_COST.max(others.ranges.len() * RANGE_COST))
    }

    /// Whether no position was seen.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.current.is_empty()
    }

    /// Whether some positions of `range` were seen.
    #[inline]
    pub fn overlaps(&self, range: Range<i64>) -> bool {
        let current = &self.current;
        range.start.max(current.start) < range.end.min(current.end)
            || self.others.as_ref().is_some_and(|others| others.overlaps(&range))
    }

    /// The parts of `range` that were seen, in no particular order.
    pub fn overlap(&self, range: Range<i64>) -> impl Iterator<Item = Range<i64>> {
        let others = self.others.as_ref().map(|others| others.overlapping(&range));
        let all = std::iter::once(self.current.clone()).chain(others.into_iter().flatten());
        all.filter_map(move |seen| {
            let part = seen.start.max(range.start)..seen.end.min(range.end);
            (!part.is_empty()).then_some(part)
        })
    }

    /// Adds the positions of `range` if they follow those touched last and nothing lies behind
    /// these; tells whether it did.
    #[inline]
    pub fn extend(&mut self, range: Range<i64>) -> bool {
        let goes_on = range.start == self.current.end
            && !self.current.is_empty()
            && self.others.as_ref().is_none_or(|others| others.end() < self.current.start);
        if goes_on {
            self.current.end = range.end;
        }
        goes_on
    }

    /// Adds the positions of `range`.
    #[inline]
    pub fn insert(&mut self, range: Range<i64>) {
        if !self.extend(range.clone()) {
            self.insert_apart(range);
        }
    }

    fn insert_apart(&mut self, range: Range<i64>) {
        if range.is_empty() {
            return;
        }
        let touches_current = range.start <= self.current.end && self.current.start <= range.end;
        if self.current.is_empty() {
            self.current = range;
        } else if touches_current {
            self.current = self.current.start.min(range.start)..self.current.end.max(range.end);
        } else {
            let left = std::mem::replace(&mut self.current, range);
            self.others.get_or_insert_default().put(left);
        }
        if let Some(others) = &mut self.others {
            others.merge_into(&mut self.current);
        }
    }

    /// How many positions were seen.
    pub fn count(&self) -> u64 {
        let current = (self.current.end - self.current.start) as u64;
        current + self.others.as_ref().map_or(0, |others| others.total)
    }

    /// The position behind the highest one seen; `None` if none was.
    pub fn end(&self) -> Option<i64> {
        let current = (!self.current.is_empty()).then_some(self.current.end);
        let others = self.others.as_ref().filter(|others| !others.ranges.is_empty());
        current.max(others.map(|others| others.end()))
    }
}

impl Others {
    fn put(&mut self, range: Range<i64>) {
        self.total += (range.end - range.start) as u64;
        self.ranges.insert(range.start, range.end);
    }

    fn take(&mut self, start: i64) -> Option<i64> {
        let end = self.ranges.remove(&start)?;
        self.total -= (end - start) as u64;
        Some(end)
    }

    /// The position behind the highest one; before all others if there is none.
    fn end(&self) -> i64 {
        self.ranges.last_key_value().map_or(i64::MIN, |(_, &end)| end)
    }

    fn overlaps(&self, range: &Range<i64>) -> bool {
        self.overlapping(range).next().is_some()
    }

    /// The ranges that overlap `range`, last first.
    fn overlapping(&self, range: &Range<i64>) -> impl Iterator<Item = Range<i64>> + use<'_> {
        let start = range.start;
        let before_end = self.ranges.range(..range.end).rev();
        before_end.map(|(&start, &end)| start..end).take_while(move |seen| seen.end > start)
    }

    /// Moves every range that overlaps or touches `target` into it.
    fn merge_into(&mut self, target: &mut Range<i64>) {
        while let Some((&start, &end)) = self.ranges.range(..=target.end).next_back() {
            if end < target.start {
                break;
            }
            self.take(start);
            *target = target.start.min(start)..target.end.max(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_stream_that_only_grows_needs_no_tree() {
        let mut seen = SeenBytes::default();
        for start in (0..10_000).step_by(10) {
            seen.insert(start..start + 10);
        }
        assert_eq!((seen.count(), seen.end()), (10_000, Some(10_000)));
        assert!(seen.others.is_none());
    }

    #[test]
    fn a_filled_hole_joins_its_neighbours() {
        let mut seen = SeenBytes::default();
        for range in [0..10, 20..30, 40..50, 10..40] {
            seen.insert(range);
        }
        assert_eq!(seen.current, 0..50);
        assert!(seen.others.unwrap().ranges.is_empty());
    }

    #[test]
    fn many_holes_stay_cheap() {
        let mut seen = SeenBytes::default();
        for step in 0..200_000_i64 {
            let start = (step * 7_919) % 200_000 * 2;
            seen.insert(start..start + 1);
        }
        assert_eq!((seen.count(), seen.end()), (200_000, Some(399_999)));
    }

    proptest! {
        #[test]
        fn agrees_with_a_set_of_positions(
            ranges in prop::collection::vec((-60_i64..60, 0_i64..12), 0..40)
        ) {
            let mut seen = SeenBytes::default();
            let mut model = BTreeSet::new();
            for (start, length) in ranges {
                if !seen.extend(start..start + length) {
                    seen.insert(start..start + length);
                }
                model.extend(start..start + length);
                prop_assert_eq!(seen.count(), model.len() as u64);
                prop_assert_eq!(seen.end(), model.last().map(|last| last + 1));
                let probe = start - 7..start + 13;
                let expected = model.range(probe.clone()).count();
                prop_assert_eq!(seen.overlaps(probe.clone()), expected > 0);
                prop_assert_eq!(seen.overlap(probe).map(|part| part.end - part.start).sum::<i64>(), expected as i64);
            }
        }
    }
}
