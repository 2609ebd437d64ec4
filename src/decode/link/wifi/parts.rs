//! Puts data units together that were sent in several frames (IEEE 802.11-2020, 10.4 and 10.5).
//!
//! Bounded as IP fragments are, only tighter: parts of a unit follow each other at once, and
//! their sequence numbers come round again within seconds.

use std::collections::BTreeMap;

use super::header::{Part, Unit, UnitId};
use super::msdu;
use crate::decode::backlog::{Backlog, Limits};
use crate::decode::frame_facts::FrameFacts;
use crate::decode::segment::Datagram;
use crate::time::Timestamp;

const LIMITS: Limits = Limits { bytes: 4 * 1024 * 1024, wait_micros: 1_000_000 };

/// Units of which parts are missing.
#[derive(Debug)]
pub(super) struct Parts {
    backlog: Backlog<UnitId, Partial>,
}

/// A unit's bytes, or those of its first part, and all frames that they came in.
#[derive(Debug)]
pub(super) struct Joined {
    unit: Unit,
    bytes: Vec<u8>,
    facts: FrameFacts,
}

#[derive(Debug, Default)]
struct Partial {
    unit: Unit,
    /// By number, 0 to 15.
    parts: BTreeMap<u8, Box<[u8]>>,
    last: Option<u8>,
    /// Whether bytes are missing inside, because a part was not captured to its end.
    has_gap: bool,
    facts: Option<FrameFacts>,
}

impl Default for Parts {
    fn default() -> Self {
        Self { backlog: Backlog::new(LIMITS) }
    }
}

impl Parts {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.backlog.is_empty()
    }

    /// Takes a part in, of which the end may not have been captured; the unit if it was the last
    /// part missing. A part that comes again changes nothing.
    pub(super) fn add(
        &mut self,
        unit: &Unit,
        part: Part,
        bytes: &[u8],
        is_cut: bool,
        facts: FrameFacts,
    ) -> Option<Joined> {
        let partial = self.backlog.update(unit.id, facts.time, |partial| {
            partial.unit = *unit;
            partial.facts = Some(partial.facts.map_or(facts, |it| it.and_later(facts)));
            if partial.parts.contains_key(&part.number) {
                return 0;
            }
            partial.has_gap |= is_cut && !part.is_last;
            if part.is_last {
                partial.last = Some(part.number);
            }
            partial.parts.insert(part.number, bytes.into());
            bytes.len()
        });
        let all_there =
            partial.last.is_some_and(|last| (0..=last).all(|n| partial.parts.contains_key(&n)));
        if !all_there || partial.has_gap {
            return None;
        }
        let partial = self.backlog.remove(&unit.id)?;
        let last = partial.last?;
        partial.join(last)
    }

    /// The first parts of units that have waited too long, oldest first, one at each call until
    /// there is none.
    pub(super) fn give_up_overdue(&mut self, now: Timestamp) -> Option<Joined> {
        while let Some((_, partial)) = self.backlog.pop_overdue(now) {
            if let Some(beginning) = partial.join(0) {
                return Some(beginning);
            }
        }
        None
    }

    /// The same for all units, however long they have waited.
    pub(super) fn give_up(&mut self) -> Option<Joined> {
        while let Some((_, partial)) = self.backlog.pop() {
            if let Some(beginning) = partial.join(0) {
                return Some(beginning);
            }
        }
        None
    }
}

impl Partial {
    /// All parts up to this number; `None` if the first is not there.
    fn join(self, last: u8) -> Option<Joined> {
        self.parts.get(&0)?;
        let parts: Vec<&[u8]> = self.parts.range(..=last).map(|(_, part)| &**part).collect();
        Some(Joined { unit: self.unit, bytes: parts.concat(), facts: self.facts? })
    }
}

impl Joined {
    /// Calls `visit` with every datagram of the unit.
    pub(super) fn datagrams(&self, visit: &mut impl FnMut(Datagram<'_>, FrameFacts)) {
        msdu::datagrams(&self.unit, &self.bytes, |datagram| visit(datagram, self.facts));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Part = Part { number: 0, is_last: false };
    const MIDDLE: Part = Part { number: 1, is_last: false };
    const LAST: Part = Part { number: 2, is_last: true };

    fn facts(seconds: i64) -> FrameFacts {
        let time = Timestamp::from_micros(seconds * 1_000_000);
        FrameFacts { time, wire_len: 10, captured_len: 9, ..FrameFacts::default() }
    }

    fn add(parts: &mut Parts, part: Part, bytes: &[u8]) -> Option<Vec<u8>> {
        parts.add(&Unit::default(), part, bytes, false, facts(0)).map(|joined| joined.bytes)
    }

    #[test]
    fn parts_are_joined_in_order_whatever_the_order_of_arrival() {
        let mut parts = Parts::default();
        assert_eq!(add(&mut parts, LAST, b"c"), None);
        assert_eq!(add(&mut parts, FIRST, b"a"), None);
        assert_eq!(add(&mut parts, FIRST, b"x"), None, "comes again");
        assert_eq!(add(&mut parts, MIDDLE, b"b"), Some(b"abc".to_vec()));
        assert!(parts.is_empty());
    }

    #[test]
    fn a_unit_counts_all_its_frames() {
        let mut parts = Parts::default();
        parts.add(&Unit::default(), FIRST, b"a", false, facts(0));
        let last = Part { number: 1, is_last: true };
        let joined = parts.add(&Unit::default(), last, b"b", false, facts(1)).unwrap();
        assert_eq!((joined.facts.wire_len, joined.facts.captured_len), (20, 18));
        assert_eq!(joined.facts.time, facts(1).time);
    }

    #[test]
    fn a_unit_given_up_leaves_its_first_part() {
        let mut parts = Parts::default();
        add(&mut parts, FIRST, b"a");
        add(&mut parts, MIDDLE, b"b");
        assert!(parts.give_up_overdue(facts(1).time).is_none());
        assert_eq!(parts.give_up_overdue(facts(2).time).unwrap().bytes, b"a");
        add(&mut parts, MIDDLE, b"b");
        assert!(parts.give_up().is_none(), "without its first part it leaves nothing");
        assert!(parts.is_empty());
    }

    #[test]
    fn a_unit_with_a_cut_part_is_never_complete() {
        let mut parts = Parts::default();
        assert!(parts.add(&Unit::default(), FIRST, b"a", true, facts(0)).is_none());
        assert_eq!(add(&mut parts, MIDDLE, b"b"), None);
        assert_eq!(add(&mut parts, LAST, b"c"), None);
        assert_eq!(parts.give_up().unwrap().bytes, b"a");
    }
}
