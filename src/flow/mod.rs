//! From segments to byte streams: which bytes of which segment stand where in which stream.
//!
//! The stage is sans-IO. A [`Tracker`] is fed segments and tells a [`Sink`] what follows from them:
//! bytes at a 64-bit position, a stream that turned out to begin earlier, a flow that is over. It
//! knows no file, no clock and no global state; time is what the segments say.

mod closings;
mod idle;
mod index;
mod look_ahead;
mod open_flow;
mod placing;
mod pressure;
mod seen;
mod seq;
mod table;
#[cfg(test)]
mod tests;
mod tracker;

pub use closings::REMEMBERED as REMEMBERED_CLOSINGS;
pub use look_ahead::Lookup;
pub use open_flow::{Direction, Identity, Summary};
pub use seen::SeenBytes;
pub use seq::SeqNumber;
pub use tracker::{Rules, Totals, Tracker};

use crate::time::Timestamp;

/// What can be brought near the processor ahead of time, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Near {
    /// What tells where the stream is stored.
    Place,
    /// The end of what is stored.
    End,
}

/// What takes the streams: writes, prints, or only counts them.
pub trait Sink {
    /// What the sink remembers of an open flow.
    type Stream: Default;
    /// What the sink remembers of a closed flow, to recognise late retransmissions.
    type Kept;

    /// `payload` has arrived, whatever will become of it: retransmissions and what breaks the
    /// protocol's rules are told of, too. Never empty.
    fn arrived(&mut self, _flow: &Identity, _stream: &mut Self::Stream, _payload: &[u8]) {}

    /// `payload` belongs at `position` of the stream, counted from the stream's first byte. It may
    /// overwrite earlier bytes or leave a hole before it, which reads as zeros. Never empty.
    fn payload(
        &mut self,
        flow: &Identity,
        stream: &mut Self::Stream,
        position: u64,
        payload: &[u8],
        time: Timestamp,
    );

    /// How many bytes of `again`, which arrive anew at `position` of the stream, differ from those
    /// stored there; 0 if nothing is stored.
    fn differing(&mut self, stream: &mut Self::Stream, position: u64, again: &[u8]) -> u64;

    /// `payload` has arrived once more, all of it just as it is stored at `position`. Never empty.
    fn repeated(
        &mut self,
        _flow: &Identity,
        _stream: &mut Self::Stream,
        _position: u64,
        _payload: &[u8],
        _time: Timestamp,
    ) {
    }

    /// The stream begins `distance` bytes earlier than was thought: everything stored moves up by
    /// as much, and the new space is zeros.
    fn move_up(&mut self, flow: &Identity, stream: &mut Self::Stream, distance: u64);

    /// The flow is over. Called exactly once for each flow.
    fn closed(
        &mut self,
        flow: &Identity,
        stream: Self::Stream,
        summary: &Summary,
    ) -> Option<Self::Kept>;

    /// Whether the closed flow's stored bytes at `position` are exactly `payload`. Not asked of a flow
    /// after [`REMEMBERED_CLOSINGS`] others were closed.
    fn holds(&mut self, kept: &Self::Kept, position: u64, payload: &[u8]) -> bool;

    /// A payload for this stream is to come soon: a part of what is needed to store it may be
    /// brought near the processor.
    fn bring_near(&self, _stream: &Self::Stream, _what: Near) {}

    /// Bytes of memory that the sink takes for open flows, besides what it bounds itself.
    fn memory(&self) -> u64 {
        0
    }

    /// Open flows leave so many bytes of the memory that was set aside for them. Told now and then.
    fn spare_memory(&mut self, _bytes: u64) {}

    /// Flows are now being closed because of too many others; told once.
    fn under_pressure(&mut self) {}

    /// A SYN carried `length` bytes of payload, which few implementations send.
    fn syn_with_payload(&mut self, _flow: &Identity, _length: usize) {}
}
