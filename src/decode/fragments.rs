//! Puts the fragments of IP datagrams together (RFC 791, 3.2; RFC 8200, 4.5).
//!
//! What is held is bounded in bytes and in capture time; what does not fit makes the oldest
//! datagram be given up. Of bytes that arrive twice the first to arrive count, so that a later
//! forgery cannot change what was there. Fragments of a datagram that is already complete begin
//! a new one: identifiers are used again soon, and remembering them would cost real data.

use std::collections::BTreeMap;

use super::backlog::{Backlog, Limits};
use super::extension;
use super::network::{Addresses, Carried, Fragment};
use super::origin::Origin;
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
    pub(super) origin: Origin,
}

impl Joined {
    /// As if it had come in one datagram.
    pub(super) fn carried(&self) -> Option<Carried<'_>> {
        unfragmented(self.addresses, self.protocol, &self.payload)
    }
}

/// What stands behind the extension headers that were themselves fragmented.
fn unfragmented(addresses: Addresses, protocol: u8, payload: &[u8]) -> Option<Carried<'_>> {
    let carried = extension::behind(Carried { addresses, protocol, payload, fragment: None }, 0)?;
    // A fragment of a fragment makes no sense, and would have no end.
    carried.fragment.is_none().then_some(carried)
}

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
    origin: Option<Origin>,
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
        origin: Origin,
    ) -> Option<Joined> {
        let partial = self.backlog.update(key.clone(), origin.time, |partial| {
            let origin = partial.origin.map_or(origin, |earlier| earlier.and_later(origin));
            partial.origin = Some(origin);
            partial.add(carried, fragment)
        });
        if partial.total != Some(partial.held) {
            return None;
        }
        self.backlog.remove(key)?.join(key, usize::MAX)
    }

    /// The beginning of a datagram, once its first fragment has come.
    pub(super) fn beginning(&self, key: &Key) -> Option<Carried<'_>> {
        let partial = self.backlog.get(key)?;
        unfragmented(key.addresses, partial.first?.protocol, partial.pieces.get(&0)?)
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
        let before = self.pieces.range(..=at).next_back().map_or(0, end_of);
        let behind = self.pieces.range(at..).next().map_or(usize::MAX, |(&at, _)| usize::from(at));
        (before, behind)
    }

    fn end(&self) -> usize {
        self.pieces.last_key_value().map_or(0, end_of)
    }

    /// Only the first fragment: what follows a gap cannot be told from what follows none.
    fn into_beginning(self, key: &Key) -> Option<Joined> {
        let len = self.first?.len;
        self.join(key, len)
    }

    /// The pieces one behind the other up to the first gap or the given length.
    fn join(self, key: &Key, max_len: usize) -> Option<Joined> {
        let mut payload = Vec::with_capacity(self.held.min(max_len));
        for (&at, piece) in &self.pieces {
            if usize::from(at) != payload.len() {
                break;
            }
            payload.extend_from_slice(piece);
        }
        payload.truncate(max_len);
        Some(Joined {
            addresses: key.addresses,
            protocol: self.first?.protocol,
            payload,
            origin: self.origin?,
        })
    }
}

fn end_of((&at, piece): (&u16, &Box<[u8]>)) -> usize {
    usize::from(at) + piece.len()
}
