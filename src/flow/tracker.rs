//! The rules by which segments become streams.
//!
//! [`Tracker::any_segment`] is the list of rules, in the order in which they apply; each is a few
//! lines. Nearly every segment takes a shorter way with the same outcome. A flow is one direction of
//! a connection and knows nothing of the other one.

use super::closings::{Closing, Closings};
use super::idle::IdleOrder;
use super::index::FlowHash;
use super::look_ahead::Lookup;
use super::open_flow::Flow;
use super::placing::{goes_on, store};
use super::pressure::{IDLE_COST, Pressure};
use super::table::{FlowTable, SlotId};
use super::{Direction, Identity, SeqNumber, Sink};
use crate::config::Phase;
use crate::decode::{Segment, TcpFlags};
use crate::time::Timestamp;

/// What can be set about reassembly.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// A larger jump of the sequence numbers, either way, begins a new flow; in bytes. So does what
    /// lies further before the first byte that was seen of a stream, however it got there.
    pub max_seek: u32,
    /// Flows idle for more than this many seconds are closed.
    pub idle_timeout: Option<u32>,
    /// Bytes of memory that open flows may take; beyond, those idle longest are closed.
    pub memory: u64,
}

/// What the tracker has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Flows made.
    pub flows: u64,
    /// Segments that were counted to a flow.
    pub packets: u64,
    /// The largest number of flows open at once.
    pub max_open_flows: u64,
    /// Flows closed early, so that the open ones stay within the memory set aside for them.
    pub closed_early: u64,
}

/// After so many flows more the sink is told how much memory they leave.
const SPARE_STEP: usize = 4096;

/// Follows all flows of a capture.
#[derive(Debug)]
pub struct Tracker<S: Sink> {
    rules: Rules,
    pub(super) flows: FlowTable<S::Stream>,
    closings: Closings<S::Kept>,
    idle: IdleOrder,
    pressure: Pressure,
    next_session_id: u64,
    totals: Totals,
}

impl<S: Sink> Tracker<S> {
    /// A tracker that knows no flow yet.
    pub fn new(rules: Rules) -> Self {
        let idle_cost = rules.idle_timeout.map_or(0, |_| IDLE_COST);
        let flow_size = size_of::<Option<Flow<S::Stream>>>() + idle_cost;
        Self {
            rules,
            pressure: Pressure::new(rules.memory, flow_size),
            flows: FlowTable::default(),
            closings: Closings::default(),
            idle: IdleOrder::default(),
            next_session_id: 0,
            totals: Totals::default(),
        }
    }

    /// What was counted so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// How many flows are open now.
    pub fn open_flows(&self) -> usize {
        self.flows.len()
    }

    /// Puts a segment in its place.
    #[inline]
    pub fn segment(&mut self, segment: &Segment<'_>, phase: Phase, sink: &mut S) {
        self.expected_segment(self.look_up(segment), segment, phase, sink);
    }

    /// Puts a segment in its place that was [looked ahead](Self::look_ahead) to.
    #[inline(always)] // For the usual segment it is most of the loop over packets.
    pub fn expected_segment(
        &mut self,
        lookup: Lookup,
        segment: &Segment<'_>,
        phase: Phase,
        sink: &mut S,
    ) {
        let likely = lookup.slot.or_else(|| self.flows.candidate(lookup.hash));
        if let Some(slot) = likely
            && self.rules.idle_timeout.is_none()
            && let Some(flow) = self.flows.get_mut_if(slot, &segment.tuple)
            && goes_on(flow, segment, sink)
        {
            self.totals.packets += 1;
            return;
        }
        let known = match likely {
            Some(slot) if self.flows.is_at(slot, &segment.tuple) => likely,
            Some(_) => self.flows.find(lookup.hash, &segment.tuple),
            None => None,
        };
        self.any_segment(known, lookup.hash, segment, phase, sink);
    }

    /// Puts a segment in its place, whatever it is; its flow is `known` if there is one.
    #[inline(never)]
    fn any_segment(
        &mut self,
        known: Option<SlotId>,
        hash: FlowHash,
        segment: &Segment<'_>,
        phase: Phase,
        sink: &mut S,
    ) {
        let (slot, delta) = match known.and_then(|slot| self.continues(slot, segment)) {
            Some(place) => place,
            None => {
                match known {
                    Some(slot) => self.close(slot, sink),
                    None if phase == Phase::Finish || self.is_stray(segment, sink) => return,
                    None => {}
                }
                if phase == Phase::Finish || !may_begin_flow(segment) {
                    return;
                }
                if self.pressure.is_full(self.flows.len()) {
                    self.relieve(sink);
                }
                if self.flows.len().is_multiple_of(SPARE_STEP) {
                    sink.spare_memory(self.pressure.spare(self.flows.len()));
                }
                (self.begin(hash, segment), 0)
            }
        };
        let Some(flow) = self.flows.get_mut(slot) else { return };
        if self.rules.idle_timeout.is_some() {
            self.idle.moved(slot, flow.last_time.seconds(), segment.time.seconds());
        }
        flow.count(segment);
        self.totals.packets += 1;
        if segment.flags.contains(TcpFlags::SYN) {
            note_syn(flow, segment, sink);
        }
        let start = flow.next + i64::from(delta);
        let mut takes_more = false;
        if !segment.payload.is_empty() {
            let (was_empty, before) = (flow.seen.is_empty(), flow.seen.memory());
            store(flow, segment, start, sink);
            let after = flow.seen.memory();
            takes_more = was_empty || after > before;
            self.pressure.holes = self.pressure.holes - before as u64 + after as u64;
        }
        let mut over = segment.flags.contains(TcpFlags::RST);
        if !over {
            if segment.flags.contains(TcpFlags::FIN) {
                flow.end.tell(start + segment.payload.len() as i64);
            }
            over = flow.is_complete();
        }
        if over {
            self.close(slot, sink);
        } else if takes_more && self.pressure.is_too_much(sink.memory()) {
            self.relieve(sink);
        }
    }

    /// Closes the flows that have been idle for too long at the time `now`. To be called after
    /// every datagram, whatever it carries.
    #[inline(always)]
    pub fn expire(&mut self, now: Timestamp, sink: &mut S) {
        if let Some(timeout) = self.rules.idle_timeout {
            self.expire_after(timeout, now, sink);
        }
    }

    #[inline(never)]
    fn expire_after(&mut self, timeout: u32, now: Timestamp, sink: &mut S) {
        let oldest_allowed = now.seconds().saturating_sub(i64::from(timeout));
        let mut expired: Vec<(Timestamp, u64, SlotId)> = self
            .idle
            .before(oldest_allowed)
            .filter_map(|slot| {
                let flow = self.flows.get(slot)?;
                Some((flow.last_time, flow.identity.connection_number, slot))
            })
            .collect();
        expired.sort_unstable();
        for (_, _, slot) in expired {
            self.close(slot, sink);
        }
    }

    /// Closes every flow, in order of creation: the input has ended.
    pub fn finish(&mut self, sink: &mut S) {
        for flow in self.flows.drain_by_creation() {
            let summary = flow.summary();
            sink.closed(&flow.identity, flow.stream, &summary);
        }
    }

    /// Whether a segment of a known flow continues it: then the flow and how far the segment's
    /// data lies from where it was expected.
    #[inline]
    fn continues(&self, slot: SlotId, segment: &Segment<'_>) -> Option<(SlotId, i32)> {
        let flow = self.flows.get(slot)?;
        if segment.flags.contains(TcpFlags::SYN)
            && flow.last_syn().is_some_and(|last| last != SeqNumber(segment.seq))
        {
            return None;
        }
        let delta = SeqNumber::of_payload(segment).distance_from(flow.next_seq);
        // One jump may be small and a thousand of them, each before the one before, may not.
        let is_near = delta.unsigned_abs() <= self.rules.max_seek
            && flow.next + i64::from(delta) >= -i64::from(self.rules.max_seek);
        is_near.then_some((slot, delta))
    }

    /// Whether a segment of an unknown flow belongs to nothing: a remainder of a connection that
    /// is over, or data that arrived already.
    fn is_stray(&self, segment: &Segment<'_>, sink: &mut S) -> bool {
        let flags = segment.flags;
        if segment.payload.is_empty() {
            return flags.contains(TcpFlags::FIN)
                || flags.contains(TcpFlags::RST)
                || !(flags.contains(TcpFlags::SYN) || flags.contains(TcpFlags::ACK));
        }
        if flags.contains(TcpFlags::SYN) {
            return false;
        }
        let Some(closing) = self.closings.last_of(&segment.tuple) else { return false };
        let Some(kept) = &closing.kept else { return false };
        let delta = SeqNumber::of_payload(segment).distance_from(closing.next_seq);
        u64::try_from(closing.next + i64::from(delta))
            .is_ok_and(|position| sink.holds(kept, position, segment.payload))
    }

    fn begin(&mut self, hash: FlowHash, segment: &Segment<'_>) -> SlotId {
        let session_id = match self.flows.peek(&segment.tuple.reversed()) {
            Some(opposite) => opposite.identity.session_id,
            None => {
                self.next_session_id += 1;
                self.next_session_id - 1
            }
        };
        let identity = Identity {
            tuple: segment.tuple,
            link: segment.link,
            direction: Direction::Unknown,
            first_time: segment.time,
            connection_number: self.totals.flows,
            session_id,
        };
        let slot = self.flows.insert(hash, Flow::new(identity, segment));
        if self.rules.idle_timeout.is_some() {
            self.idle.add(slot, segment.time.seconds());
        }
        self.totals.flows += 1;
        self.totals.max_open_flows = self.totals.max_open_flows.max(self.flows.len() as u64);
        slot
    }

    /// Closes flows that have been idle longest until there is room again.
    #[cold]
    fn relieve(&mut self, sink: &mut S) {
        if self.totals.closed_early == 0 {
            sink.under_pressure();
        }
        while self.flows.len() > 0 && self.pressure.persists(self.flows.len(), sink.memory()) {
            for slot in self.flows.idlest(self.flows.len() / 10 + 1) {
                self.close(slot, sink);
                self.totals.closed_early += 1;
            }
        }
    }

    fn close(&mut self, slot: SlotId, sink: &mut S) {
        let Some(flow) = self.flows.remove(slot) else { return };
        self.pressure.holes -= flow.seen.memory() as u64;
        if self.rules.idle_timeout.is_some() {
            self.idle.remove(slot, flow.last_time.seconds());
        }
        let (summary, origin) = (flow.summary(), flow.origin());
        let kept = sink.closed(&flow.identity, flow.stream, &summary);
        self.closings.remember(Closing {
            tuple: flow.identity.tuple,
            next_seq: flow.next_seq,
            next: flow.next - origin,
            kept,
        });
    }
}

fn may_begin_flow(segment: &Segment<'_>) -> bool {
    segment.flags.contains(TcpFlags::SYN) || !segment.payload.is_empty()
}

#[cold]
fn note_syn<S: Sink>(flow: &mut Flow<S::Stream>, segment: &Segment<'_>, sink: &mut S) {
    flow.note_syn(SeqNumber(segment.seq), segment.flags.contains(TcpFlags::ACK));
    if !segment.payload.is_empty() {
        flow.oddities().violations += 1;
        sink.syn_with_payload(&flow.identity, segment.payload.len());
    }
}
