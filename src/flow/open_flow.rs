//! One direction of a connection while it is open, and what is told of it when it is over.

use super::{SeenBytes, SeqNumber};
use crate::decode::{FiveTuple, LinkFacts, Segment};
use crate::time::Timestamp;

/// What is known of a flow from its first packet on and does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Addresses and ports.
    pub tuple: FiveTuple,
    /// VLAN and MAC addresses of the first packet.
    pub link: LinkFacts,
    /// Which way the bytes go, as far as a SYN has told.
    pub direction: Direction,
    /// The time of the first packet.
    pub first_time: Timestamp,
    /// How many flows were made before this one.
    pub connection_number: u64,
    /// The number that this flow shares with the opposite direction.
    pub session_id: u64,
}

#[cfg(test)]
impl Identity {
    /// Some flow, for tests of what is done with flows.
    pub(crate) fn sample() -> Self {
        Self {
            tuple: FiveTuple::v4([10, 0, 0, 1], [10, 0, 0, 2], (1000, 80)),
            link: LinkFacts::default(),
            direction: Direction::Unknown,
            first_time: Timestamp::default(),
            connection_number: 0,
            session_id: 0,
        }
    }
}

/// Which way a flow's bytes go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// No SYN was seen.
    #[default]
    Unknown,
    /// The flow began with a SYN alone.
    ClientToServer,
    /// The flow began with SYN and ACK.
    ServerToClient,
}

/// What is told of a flow when it is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The time of the packet that arrived last.
    pub last_time: Timestamp,
    /// The stream's length: the position behind its last byte.
    pub size: u64,
    /// How many bytes before the stream's end, as far as known, never arrived.
    pub missing_bytes: u64,
    /// How many bytes arrived again with another value.
    pub conflicts: u64,
    /// Packets, with and without payload.
    pub packets: u64,
    /// Packets whose payload lies before the position that was expected.
    pub out_of_order: u32,
    /// Packets that break the protocol's rules.
    pub violations: u32,
    /// The lengths of the packets' frames on the wire, together.
    pub wire_len: u64,
    /// The lengths of the packets' frames as captured, together.
    pub captured_len: u64,
}

/// A flow while it is open.
///
/// Positions in here count from where the stream was first thought to begin. A stream joined in
/// the middle may turn out to begin earlier, which makes [`origin`](Self::origin) negative; the
/// position in the stored stream is the distance from the origin.
///
/// A scan makes millions of these, so what few flows need lies outside.
#[derive(Debug)]
pub(super) struct Flow<S> {
    pub(super) identity: Identity,
    pub(super) last_time: Timestamp,
    /// The sequence number of the last SYN, if there was one.
    last_syn: SeqNumber,
    /// The sequence number of the byte at `next`.
    pub(super) next_seq: SeqNumber,
    /// The position behind the payload that arrived last.
    pub(super) next: i64,
    pub(super) end: StreamEnd,
    pub(super) seen: SeenBytes,
    pub(super) packets: u64,
    pub(super) wire_len: u64,
    pub(super) captured_len: u64,
    oddities: Option<Box<Oddities>>,
    /// What the sink remembers of it.
    pub(super) stream: S,
}

/// What happens to few flows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Oddities {
    /// Where the stream begins; 0 or below.
    pub(super) origin: i64,
    pub(super) conflicts: u64,
    pub(super) out_of_order: u32,
    pub(super) violations: u32,
}

/// The position behind the last byte of a stream, if a FIN has told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamEnd(i64);

impl StreamEnd {
    /// Nothing is known. No stream is this long.
    pub(super) const UNKNOWN: Self = Self(i64::MAX);

    /// A FIN was seen; only the first one counts.
    pub(super) fn tell(&mut self, end: i64) {
        if *self == Self::UNKNOWN {
            self.0 = end;
        }
    }

    pub(super) fn known(self) -> Option<i64> {
        (self != Self::UNKNOWN).then_some(self.0)
    }
}

impl<S: Default> Flow<S> {
    /// A flow that begins with `segment`.
    pub(super) fn new(identity: Identity, segment: &Segment<'_>) -> Self {
        Self {
            identity,
            last_time: segment.time,
            last_syn: SeqNumber::default(),
            next_seq: SeqNumber::of_payload(segment),
            next: 0,
            end: StreamEnd::UNKNOWN,
            seen: SeenBytes::default(),
            packets: 0,
            wire_len: 0,
            captured_len: 0,
            oddities: None,
            stream: S::default(),
        }
    }
}

impl<S> Flow<S> {
    /// Where the stream begins; 0 or below.
    #[inline]
    pub(super) fn origin(&self) -> i64 {
        self.oddities.as_ref().map_or(0, |oddities| oddities.origin)
    }

    /// What happens to few flows; from now on it has happened to this one.
    pub(super) fn oddities(&mut self) -> &mut Oddities {
        self.oddities.get_or_insert_default()
    }

    /// The sequence number of the last SYN, if there was one.
    #[inline]
    pub(super) fn last_syn(&self) -> Option<SeqNumber> {
        (self.identity.direction != Direction::Unknown).then_some(self.last_syn)
    }

    /// A SYN has come, which tells the direction.
    pub(super) fn note_syn(&mut self, seq: SeqNumber, acknowledges: bool) {
        self.last_syn = seq;
        self.identity.direction = match acknowledges {
            true => Direction::ServerToClient,
            false => Direction::ClientToServer,
        };
    }

    /// Counts a packet.
    #[inline]
    pub(super) fn count(&mut self, segment: &Segment<'_>) {
        self.last_time = segment.time;
        self.packets += 1;
        self.wire_len += u64::from(segment.wire_len);
        self.captured_len += u64::from(segment.captured_len);
    }

    /// Whether the FIN and every byte before it have arrived.
    pub(super) fn is_complete(&self) -> bool {
        let end = self.end.known();
        end.is_some_and(|end| i64::try_from(self.seen.count()) == Ok(end - self.origin()))
    }

    pub(super) fn summary(&self) -> Summary {
        let oddities = self.oddities.as_deref().copied().unwrap_or_default();
        let length = |end: i64| u64::try_from(end - oddities.origin).unwrap_or(0);
        let size = self.seen.end().map_or(0, length);
        let true_size = self.end.known().map_or(0, length).max(size);
        Summary {
            last_time: self.last_time,
            size,
            missing_bytes: true_size.saturating_sub(self.seen.count()),
            conflicts: oddities.conflicts,
            packets: self.packets,
            out_of_order: oddities.out_of_order,
            violations: oddities.violations,
            wire_len: self.wire_len,
            captured_len: self.captured_len,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::index::Index;

    /// As large as what the program's sink remembers of a stream.
    type Stream = [u64; 2];

    #[test]
    fn three_million_flows_fit_in_600_megabytes() {
        assert!(size_of::<Option<Flow<Stream>>>() + Index::COST <= 200);
    }

    #[test]
    fn the_first_end_told_counts() {
        let mut end = StreamEnd::UNKNOWN;
        assert_eq!(end.known(), None);
        end.tell(5);
        end.tell(9);
        assert_eq!(end.known(), Some(5));
    }
}
