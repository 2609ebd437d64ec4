//! Packets copied out of the kernel's buffer, side by side in memory that is used again and again.

use super::packet::{LinkType, RawPacket};
use crate::time::CaptureTime;

/// With so many bytes a batch is full: small enough for a processor's cache, large enough that
/// handing it over costs nothing for each packet.
const FULL: usize = 256 << 10;

/// Some packets of one device, in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    packets: Vec<Batched>,
    /// How many of the packets were handed on.
    popped: usize,
}

#[derive(Debug)]
struct Batched {
    time: CaptureTime,
    wire_len: u32,
    /// Where its bytes begin; they end where the next packet's begin.
    start: u32,
}

impl Batch {
    /// A batch without packets, but with memory for them.
    pub(super) fn with_room() -> Self {
        Self { bytes: Vec::with_capacity(FULL), ..Self::default() }
    }

    /// Adds a packet.
    #[inline]
    pub(super) fn push(&mut self, time: CaptureTime, wire_len: u32, data: &[u8]) {
        // A batch is full long before its length does not fit any more.
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(data);
        self.packets.push(Batched { time, wire_len, start });
    }

    /// The next packet that was not handed on yet.
    #[inline]
    pub(super) fn pop(&mut self, link_type: LinkType) -> Option<RawPacket<'_>> {
        let &Batched { time, wire_len, start } = self.packets.get(self.popped)?;
        self.popped += 1;
        let end = match self.packets.get(self.popped) {
            Some(next) => next.start as usize,
            None => self.bytes.len(),
        };
        let data = self.bytes.get(start as usize..end).unwrap_or_default();
        Some(RawPacket { time, wire_len, link_type, data })
    }

    /// Forgets all packets, and keeps their memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.packets.clear();
        self.popped = 0;
    }

    /// How many packets were not handed on yet.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.packets.len() - self.popped
    }

    /// Whether all packets were handed on.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it should take no more packets.
    pub(super) fn is_full(&self) -> bool {
        self.memory() >= FULL as u64
    }

    /// Bytes that its packets take, whether they were handed on or not.
    pub(super) fn memory(&self) -> u64 {
        (self.bytes.len() + self.packets.len() * size_of::<Batched>()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_come_out_as_they_went_in() {
        let mut batch = Batch::with_room();
        let time = |seconds| CaptureTime { seconds, microseconds: 7 };
        for _ in 0..2 {
            batch.push(time(1), 100, b"first");
            batch.push(time(2), 0, b"");
            batch.push(time(3), 5, b"third");
            assert_eq!(batch.len(), 3);
            for (seconds, wire_len, data) in
                [(1, 100, &b"first"[..]), (2, 0, b""), (3, 5, b"third")]
            {
                let packet = batch.pop(LinkType::RAW).unwrap();
                assert_eq!((packet.time, packet.wire_len), (time(seconds), wire_len));
                assert_eq!((packet.link_type, packet.data), (LinkType::RAW, data));
            }
            assert!(batch.is_empty() && batch.pop(LinkType::RAW).is_none());
            batch.clear();
            assert_eq!(batch.memory(), 0);
        }
    }
}
