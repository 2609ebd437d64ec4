//! One direction of a connection while it is open, and what is told of it when it is over.

use super::{SeenBytes, SeqNumber};
use crate::decode::{FiveTuple, LinkFacts};
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The time of the packet that arrived last.
    pub last_time: Timestamp,
    /// The stream's length: the position behind its last byte.
    pub size: u64,
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
#[derive(Debug)]
pub(super) struct Flow<S> {
    pub(super) identity: Identity,
    pub(super) last_time: Timestamp,
    /// The sequence number of the last SYN, if there was one.
    pub(super) last_syn: Option<SeqNumber>,
    /// The sequence number of the byte at `next`.
    pub(super) next_seq: SeqNumber,
    /// The position behind the payload that arrived last.
    pub(super) next: i64,
    /// Where the stream begins; 0 or below.
    pub(super) origin: i64,
    /// Where the stream ends, if a FIN has told.
    pub(super) end: Option<i64>,
    pub(super) seen: SeenBytes,
    pub(super) packets: u64,
    pub(super) wire_len: u64,
    pub(super) captured_len: u64,
    pub(super) out_of_order: u32,
    pub(super) violations: u32,
    /// What the sink remembers of it.
    pub(super) stream: S,
}

impl<S> Flow<S> {
    /// Whether the FIN and every byte before it have arrived.
    pub(super) fn is_complete(&self) -> bool {
        self.end.is_some_and(|end| i64::try_from(self.seen.count()) == Ok(end - self.origin))
    }

    pub(super) fn summary(&self) -> Summary {
        Summary {
            last_time: self.last_time,
            size: self.seen.end().map_or(0, |end| (end - self.origin) as u64),
            packets: self.packets,
            out_of_order: self.out_of_order,
            violations: self.violations,
            wire_len: self.wire_len,
            captured_len: self.captured_len,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_million_flows_fit_in_600_megabytes() {
        // With 8 bytes of index a flow; the sink's own state is a number of 4 bytes.
        assert!(size_of::<Option<Flow<u32>>>() + 8 <= 200);
    }
}
