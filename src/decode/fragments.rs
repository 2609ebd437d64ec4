//! Puts the fragments of IP datagrams together (RFC 791, 3.2; RFC 8200, 4.5).
//!
//! What is held is bounded in bytes and in capture time; what does not fit makes the oldest
//! datagram be given up. Of bytes that arrive twice the first to arrive count, so that a later
//! forgery cannot change what was there. Fragments of a datagram that is already complete begin
//! a new one: identifiers are used again soon, and remembering them would cost real data.

use std::collections::BTreeMap;

use super::backlog::{Backlog, Limits};
use super::extension;
use super::frame_facts::FrameFacts;
use super::network::{Addresses, Carried, Fragment};
use crate::time::Timestamp;

const LIMITS: Limits = Limits { bytes: 64 * 1024 * 1024, wait_micros: 30_000_000 };

/// No datagram is longer than its length field can say.
const MAX_LEN: usize = 65_535;

/// Enough for the longest datagram in the smallest fragments. More are repetitions.
const MAX_FRAGMENTS: usize = MAX_LEN / 8 + 1;

/// What one piece costs besides its bytes.
const PIECE_COST: usize = 64;

/// Datagrams of which fragments are missing.
#[derive(Debug)]
pub(super) struct Fragments {
    backlog: Backlog<Key, Partial>,
}

/// What fragments of one datagram have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    addresses: Addresses,
    id: u32,
    /// Only in version 4: in version 6 each fragment may say something else, and the first counts.
    protocol: Option<u8>,
}

impl Key {
    pub(super) fn new(carried: &Carried<'_>, fragment: &Fragment) -> Self {
        let protocol = match carried.addresses {
            Addresses::V4(..) => Some(carried.protocol),
            Addresses::V6(..) => None,
        };
        Self { addresses: carried.addresses, id: fragment.id, protocol }
    }
}

/// A datagram's payload, or the beginning of one, as its fragments gave it.
#[derive(Debug)]
pub(super) struct Joined {
    addresses: Addresses,
    protocol: u8,
    payload: Vec<u8>,
    /// All the frames that it came in.
    pub(super) facts: FrameFacts,
}

impl Joined {
    /// As if it had come in one datagram.
    pub(super) fn carried(&self) -> Option<Carried<'_>> {
        let Self { addresses, protocol, payload, .. } = self;
        let carried = Carried {
            addresses: *addresses,
            protocol: *protocol,
            payload: payload.as_slice(),
            fragment: None,
        };
        // The extension headers may have been fragmented themselves.
        let carried = extension::behind(carried, 0)?;
        // A fragment of a fragment makes no sense, and would have no end.
        carried.fragment.is_none().then_some(carried)
    }
}

/// Extension headers and ports are looked for in so many bytes of a datagram that is not complete.
const HEADERS: usize = 512;

/// What has come of a datagram.
#[derive(Debug, Default)]
struct Partial {
    /// By their place in the payload. They neither overlap nor reach beyond `total`.
    pieces: BTreeMap<u16, Box<[u8]>>,
    /// The sum of the pieces' lengths; the datagram is complete when it equals `total`.
    held: usize,
    /// The payload's length, once the last fragment has come.
    total: Option<usize>,
    /// What the fragment at offset 0 said, once it has come.
    first: Option<First>,
    fragments: usize,
    facts: Option<FrameFacts>,
}

#[derive(Clone, Copy, Debug)]
struct First {
    protocol: u8,
    len: usize,
}

impl Default for Fragments {
    fn default() -> Self {
        Self { backlog: Backlog::new(LIMITS) }
    }
}

impl Fragments {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.backlog.is_empty()
    }

    /// Takes a fragment in; the whole payload if it was the last one missing.
    pub(super) fn add(
        &mut self,
        key: &Key,
        carried: &Carried<'_>,
        fragment: &Fragment,
        facts: FrameFacts,
    ) -> Option<Joined> {
        let partial = self.backlog.update(key.clone(), facts.time, |partial| {
            let facts = partial.facts.map_or(facts, |earlier| earlier.and_later(facts));
            partial.facts = Some(facts);
            partial.add(carried, fragment)
        });
        if partial.total != Some(partial.held) {
            return None;
        }
        self.backlog.remove(key)?.join(key, usize::MAX)
    }

    /// The beginning of a datagram, as far as its headers may go, once its first fragment has come.
    pub(super) fn beginning(&self, key: &Key) -> Option<Joined> {
        self.backlog.get(key)?.join(key, HEADERS)
    }

    /// The first fragments of datagrams that have waited too long, oldest first, one at each call
    /// until there is none.
    pub(super) fn give_up_overdue(&mut self, now: Timestamp) -> Option<Joined> {
        while let Some((key, partial)) = self.backlog.pop_overdue(now) {
            if let Some(beginning) = partial.into_beginning(&key) {
                return Some(beginning);
            }
        }
        None
    }

    /// The same for all datagrams, however long they have waited.
    pub(super) fn give_up(&mut self) -> Option<Joined> {
        while let Some((key, partial)) = self.backlog.pop() {
            if let Some(beginning) = partial.into_beginning(&key) {
                return Some(beginning);
            }
        }
        None
    }
}

impl Partial {
    /// Takes in what was not there before; returns how many bytes that takes.
    fn add(&mut self, carried: &Carried<'_>, fragment: &Fragment) -> usize {
        let begin = usize::from(fragment.offset);
        let claimed_end = begin + carried.payload.len() + fragment.missing;
        let beyond_end = self.total.is_some_and(|total| claimed_end > total);
        if claimed_end > MAX_LEN || beyond_end || self.fragments == MAX_FRAGMENTS {
            return 0;
        }
        self.fragments += 1;
        if !fragment.more && self.total.is_none() {
            if self.end() > claimed_end {
                return 0;
            }
            self.total = Some(claimed_end);
        }
        if begin == 0 && self.first.is_none() {
            let len = carried.payload.len();
            self.first = Some(First { protocol: carried.protocol, len });
        }
        self.fill(begin, carried.payload)
    }

    /// Puts those of the bytes where none are yet.
    fn fill(&mut self, begin: usize, bytes: &[u8]) -> usize {
        let end = begin + bytes.len();
        let mut cost = 0;
        let mut at = begin;
        while at < end {
            let (before, behind) = self.around(at);
            if before > at {
                at = before;
                continue;
            }
            let gap_end = behind.min(end);
            let (Ok(key), Some(piece)) =
                (u16::try_from(at), bytes.get(at - begin..gap_end - begin))
            else {
                break; // not reached: at < end <= MAX_LEN
            };
            self.pieces.insert(key, piece.into());
            self.held += piece.len();
            cost += piece.len() + PIECE_COST;
            at = gap_end;
        }
        cost
    }

    /// Where the last piece that begins at or before this place ends, and where the next begins.
    fn around(&self, at: usize) -> (usize, usize) {
        let Ok(at) = u16::try_from(at) else { return (0, usize::MAX) };
        let before = self.pieces.range(..=at).next_back().map_or(0, |(&at, it)| end(at, it));
        let behind = self.pieces.range(at..).next().map_or(usize::MAX, |(&at, _)| usize::from(at));
        (before, behind)
    }

    fn end(&self) -> usize {
        self.pieces.last_key_value().map_or(0, |(&at, it)| end(at, it))
    }

    /// Only the first fragment: what follows a gap cannot be told from what follows none.
    fn into_beginning(self, key: &Key) -> Option<Joined> {
        let len = self.first?.len;
        self.join(key, len)
    }

    /// The pieces one behind the other up to the first gap or the given length.
    fn join(&self, key: &Key, max_len: usize) -> Option<Joined> {
        let mut payload = Vec::with_capacity(self.held.min(max_len));
        for (&at, piece) in &self.pieces {
            if usize::from(at) != payload.len() || payload.len() >= max_len {
                break;
            }
            payload.extend_from_slice(piece);
        }
        payload.truncate(max_len);
        Some(Joined {
            addresses: key.addresses,
            protocol: self.first?.protocol,
            payload,
            facts: self.facts?,
        })
    }
}

fn end(at: u16, piece: &[u8]) -> usize {
    usize::from(at) + piece.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESSES: Addresses = Addresses::V4([1; 4], [2; 4]);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// A payload whose bytes tell their place.
    fn payload(len: usize) -> Vec<u8> {
        (0..len).map(|n| (n / 8) as u8).collect()
    }

    struct Test {
        fragments: Fragments,
        now: i64,
        missing: usize,
        id: u32,
        addresses: Addresses,
    }

    impl Test {
        fn new() -> Self {
            let fragments = Fragments::default();
            Self { fragments, now: 0, missing: 0, id: 1, addresses: ADDRESSES }
        }

        /// The whole payload, if this fragment completes it.
        fn add(&mut self, offset: u16, more: bool, bytes: &[u8]) -> Option<Vec<u8>> {
            let Self { now, missing, id, addresses, .. } = *self;
            let fragment = Fragment { id, offset, more, missing };
            let carried =
                Carried { addresses, protocol: 6, payload: bytes, fragment: Some(fragment) };
            let facts = FrameFacts {
                time: at(now),
                wire_len: 100,
                captured_len: 90,
                ..FrameFacts::default()
            };
            let key = Key::new(&carried, &fragment);
            self.fragments.add(&key, &carried, &fragment, facts).map(|joined| joined.payload)
        }

        fn given_up(&mut self) -> Vec<Vec<u8>> {
            let mut all = Vec::new();
            while let Some(joined) = self.fragments.give_up_overdue(at(self.now)) {
                all.push(joined.payload);
            }
            all
        }
    }

    #[test]
    fn any_order_of_arrival_gives_the_same() {
        let whole = payload(40);
        let parts = [(0, 16), (16, 24), (24, 40)];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut test = Test::new();
            let results = order.map(|n| {
                let (begin, end) = parts[n];
                test.add(begin as u16, end < 40, &whole[begin..end])
            });
            assert_eq!(results, [None, None, Some(whole.clone())], "{order:?}");
            assert!(test.fragments.is_empty());
        }
    }

    #[test]
    fn what_arrives_first_counts() {
        let mut test = Test::new();
        assert_eq!(test.add(8, true, b"BBBBBBBB"), None);
        assert_eq!(test.add(0, true, b"aaaaaaaabbbbbbbbcccccccc"), None, "around it");
        assert_eq!(test.add(0, true, b"xxxxxxxx"), None, "again");
        let whole = test.add(16, false, b"xxxxxxxxd").unwrap();
        assert_eq!(whole, b"aaaaaaaaBBBBBBBBccccccccd");
    }

    #[test]
    fn fragments_that_contradict_the_end_are_ignored() {
        let mut test = Test::new();
        test.add(8, false, b"end");
        assert_eq!(test.add(16, true, b"beyond"), None);
        assert_eq!(test.add(8, false, b"another end"), None);
        assert_eq!(test.add(0, true, b"01234567").unwrap(), b"01234567end");

        let mut test = Test::new();
        test.add(16, true, b"89abcdef");
        assert_eq!(test.add(8, false, b"too soon"), None, "more has come already");
        assert_eq!(test.add(0, true, b"0123456701234567"), None);
        assert_eq!(test.add(24, false, b"!").unwrap(), b"012345670123456789abcdef!");
    }

    #[test]
    fn nothing_reaches_beyond_the_longest_datagram() {
        let mut test = Test::new();
        assert_eq!(test.add(65_528, false, &[7; 8]), None);
        assert_eq!(test.fragments.beginning(&key(1)).map(|it| it.payload.len()), None);
        assert_eq!(test.add(0, true, &[7; 65_528]), None, "the last fragment did not count");
        assert_eq!(test.add(65_528, false, &[7; 7]).unwrap().len(), 65_535);
    }

    fn key(id: u32) -> Key {
        Key { addresses: ADDRESSES, id, protocol: Some(6) }
    }

    #[test]
    fn datagrams_are_told_apart() {
        let mut test = Test::new();
        test.add(0, true, b"aaaaaaaa");
        test.id = 2;
        assert_eq!(test.add(8, false, b"b"), None);
        test.id = 1;
        test.addresses = Addresses::V4([1; 4], [3; 4]);
        assert_eq!(test.add(8, false, b"b"), None);
        test.addresses = ADDRESSES;
        assert_eq!(test.add(8, false, b"b").unwrap(), b"aaaaaaaab");
    }

    #[test]
    fn after_30_seconds_the_first_fragment_is_all_there_is() {
        let mut test = Test::new();
        test.add(0, true, b"aaaaaaaa");
        test.add(8, true, b"bbbbbbbb");
        test.id = 2;
        test.add(8, false, b"without a beginning");
        test.now = 30;
        assert_eq!(test.given_up(), [b""; 0]);
        test.now = 31;
        assert_eq!(test.given_up(), [b"aaaaaaaa"]);
        assert!(test.fragments.is_empty());
    }

    #[test]
    fn a_fragment_that_was_not_captured_whole_never_completes() {
        let mut test = Test::new();
        test.missing = 4;
        test.add(0, true, b"aaaa");
        test.missing = 0;
        assert_eq!(test.add(8, false, b"b"), None);
        test.now = 31;
        assert_eq!(test.given_up(), [b"aaaa"]);
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let mut test = Test::new();
        let big = [7; 60_000];
        let fit = LIMITS.bytes / big.len();
        for id in 0..fit as u32 {
            test.id = id;
            test.add(0, true, &big);
            assert!(id + 20 > fit as u32 || test.given_up().is_empty(), "{id}");
        }
        test.given_up();
        test.id = 1_000_000;
        test.add(0, true, &big);
        assert_eq!(test.given_up().len(), 1);
        assert!(test.fragments.beginning(&key(0)).is_none());
        assert!(test.fragments.beginning(&key(1_000_000)).is_some());
    }

    #[test]
    fn overlapping_storms_of_tiny_fragments_hold_no_more_than_the_datagram() {
        let mut test = Test::new();
        for offset in (8..65_000).step_by(8).rev() {
            test.add(offset as u16, true, &[offset as u8; 9]);
        }
        for _ in 0..10_000 {
            test.add(8, true, &[0; 1000]);
        }
        let held = test.fragments.backlog.get(&key(1)).unwrap();
        assert!(held.held <= 65_535 && held.pieces.len() <= MAX_FRAGMENTS);
        assert_eq!(held.fragments, MAX_FRAGMENTS);
    }

    #[test]
    fn all_frames_are_counted() {
        let mut test = Test::new();
        test.add(0, true, b"aaaaaaaa");
        test.now = 5;
        let fragment = Fragment { id: 1, offset: 8, more: false, missing: 0 };
        let carried =
            Carried { addresses: ADDRESSES, protocol: 6, payload: b"b", fragment: Some(fragment) };
        let facts =
            FrameFacts { time: at(5), wire_len: 7, captured_len: 6, ..FrameFacts::default() };
        let joined = test.fragments.add(&key(1), &carried, &fragment, facts).unwrap();
        let facts = joined.facts;
        assert_eq!((facts.time, facts.wire_len, facts.captured_len), (at(5), 107, 96));
    }
}
