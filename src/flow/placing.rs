//! Puts payloads in their places in a stream: new bytes are stored, repeated ones are held against
//! what they were before, and a stream may turn out to begin earlier than was thought.

use super::open_flow::{Flow, StreamEnd};
use super::{SeqNumber, Sink};
use crate::decode::{Segment, TcpFlags};

/// The short way of nearly every segment: it neither begins nor ends anything, and its data lies
/// where it was expected, behind all others. `false` if there is more to it; then nothing was done.
#[inline]
pub(super) fn goes_on<S: Sink>(
    flow: &mut Flow<S::Stream>,
    segment: &Segment<'_>,
    sink: &mut S,
) -> bool {
    let says_more = segment.flags.intersects(TcpFlags::SYN | TcpFlags::FIN | TcpFlags::RST);
    if says_more || SeqNumber(segment.seq) != flow.next_seq || flow.end != StreamEnd::UNKNOWN {
        return false;
    }
    let payload = segment.payload;
    if !payload.is_empty() {
        let end = flow.next + payload.len() as i64;
        if !flow.seen.extend(flow.next..end) {
            return false;
        }
        let position = (flow.next - flow.origin()) as u64;
        sink.arrived(&flow.identity, &mut flow.stream, payload);
        sink.payload(&flow.identity, &mut flow.stream, position, payload, segment.time);
        flow.next = end;
        flow.next_seq = flow.next_seq + payload.len() as u32;
    }
    flow.count(segment);
    true
}

/// Stores a payload whose first byte lies at `start`.
#[inline]
pub(super) fn store<S: Sink>(
    flow: &mut Flow<S::Stream>,
    segment: &Segment<'_>,
    start: i64,
    sink: &mut S,
) {
    let payload = segment.payload;
    let end = start + payload.len() as i64;
    sink.arrived(&flow.identity, &mut flow.stream, payload);
    // Nearly every payload lies where it was expected, behind all others.
    let mut place = Place::New;
    if start != flow.next || flow.seen.overlaps(start..end) {
        place = judge(flow, start, payload, sink);
    }
    let (identity, time) = (&flow.identity, segment.time);
    let position = (start - flow.origin()) as u64;
    match place {
        Place::Nowhere => return,
        Place::New => sink.payload(identity, &mut flow.stream, position, payload, time),
        Place::Repeated => sink.repeated(identity, &mut flow.stream, position, payload, time),
    }
    flow.seen.insert(start..end);
    flow.next = end;
    flow.next_seq = SeqNumber::of_payload(segment) + payload.len() as u32;
}

/// What a payload is to its stream.
enum Place {
    /// It is to be stored.
    New,
    /// It is stored already.
    Repeated,
    /// It is not to be stored.
    Nowhere,
}

/// Judges a payload's place: makes room before the stream's beginning if it lies there, and holds
/// bytes that arrive again against what they were before.
#[inline(never)]
fn judge<S: Sink>(flow: &mut Flow<S::Stream>, start: i64, payload: &[u8], sink: &mut S) -> Place {
    let end = start + payload.len() as i64;
    if start < flow.origin() {
        if flow.last_syn().is_some() {
            flow.oddities().violations += 1;
            return Place::Nowhere;
        }
        let distance = (flow.origin() - start) as u64;
        sink.move_up(&flow.identity, &mut flow.stream, distance);
        flow.oddities().origin = start;
    } else if start == flow.next - 1 && payload.len() == 1 {
        // A keep-alive repeats the byte before the next one (RFC 9293, 3.8.4).
        return Place::Nowhere;
    }
    if start < flow.next {
        flow.oddities().out_of_order += 1;
    }
    let origin = flow.origin();
    let (mut conflicts, mut known) = (0, 0);
    for again in flow.seen.overlap(start..end) {
        let bytes = payload.get((again.start - start) as usize..(again.end - start) as usize);
        let position = (again.start - origin) as u64;
        conflicts += sink.differing(&mut flow.stream, position, bytes.unwrap_or_default());
        known += again.end - again.start;
    }
    if conflicts > 0 {
        flow.oddities().conflicts += conflicts;
        return Place::New;
    }
    match known == payload.len() as i64 {
        true => Place::Repeated,
        false => Place::New,
    }
}
