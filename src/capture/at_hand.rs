//! The packets that are in memory already, many at once: what comes behind the capture is then able
//! to look ahead.

use super::packet::RawPacket;
use super::pcap::PcapReader;

/// Packets that lie one after the other in the window of a capture file.
#[derive(Clone, Copy, Default)]
pub struct AtHand<'a> {
    reader: Option<&'a PcapReader>,
    window: &'a [u8],
    passed: usize,
}

impl<'a> AtHand<'a> {
    pub(super) fn new(reader: &'a PcapReader, window: &'a [u8]) -> Self {
        Self { reader: reader.is_ordinary().then_some(reader), window, passed: 0 }
    }

    /// How many bytes of the capture the packets given so far take.
    pub fn passed(&self) -> usize {
        self.passed
    }
}

impl<'a> Iterator for AtHand<'a> {
    type Item = RawPacket<'a>;

    #[inline]
    fn next(&mut self) -> Option<RawPacket<'a>> {
        let (packet, record_len) = self.reader?.ordinary(self.window.get(self.passed..)?)?;
        self.passed += record_len;
        Some(packet)
    }
}
