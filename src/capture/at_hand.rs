//! The packets that are in memory already, many at once: what comes behind the capture is then able
//! to look ahead.

use super::file::Reader;
use super::packet::RawPacket;

/// Packets that lie one after the other in the window of a capture file.
#[derive(Clone, Copy, Default)]
pub struct AtHand<'a> {
    reader: Option<&'a Reader>,
    window: &'a [u8],
    passed: usize,
}

impl<'a> AtHand<'a> {
    pub(super) fn new(reader: &'a Reader, window: &'a [u8]) -> Self {
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
        let window = self.window.get(self.passed..)?;
        let (packet, record_len) = match self.reader? {
            Reader::Pcap(reader) => reader.ordinary(window)?,
            Reader::PcapNg(reader) => reader.ordinary(window)?,
        };
        self.passed += record_len;
        Some(packet)
    }
}
