//! The packets that are in memory already, many at once: what comes behind the capture is then able
//! to look ahead.

use super::packet::RawPacket;
use super::reader::Reader;

/// Packets that lie one after the other in the window of a capture file.
#[derive(Clone, Copy, Default)]
pub struct AtHand<'a> {
    reader: Option<&'a Reader>,
    /// What comes behind the packets given so far, and how much there was.
    rest: &'a [u8],
    len: usize,
}

impl<'a> AtHand<'a> {
    pub(super) fn new(reader: &'a Reader, window: &'a [u8]) -> Self {
        let reader = reader.is_ordinary().then_some(reader);
        Self { reader, rest: window, len: window.len() }
    }

    /// How many bytes of the capture the packets given so far take.
    pub fn passed(&self) -> usize {
        self.len - self.rest.len()
    }
}

impl<'a> Iterator for AtHand<'a> {
    type Item = RawPacket<'a>;

    #[inline]
    fn next(&mut self) -> Option<RawPacket<'a>> {
        let (packet, rest) = match self.reader? {
            Reader::Pcap(reader) => reader.ordinary(self.rest)?,
            Reader::PcapNg(reader) => reader.ordinary(self.rest)?,
        };
        self.rest = rest;
        Some(packet)
    }
}
