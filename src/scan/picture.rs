//! The scanner `netviz`: counts all packets and writes `report.pdf` at the end.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use super::netviz::{LocalZone, NetViz, Options, PacketView, PageFacts};
use super::{PacketScanner, RunFindings};
use crate::capture::{LinkType, RawPacket};
use crate::decode::Datagram;
use crate::messages::Messages;
use crate::output::{FILE_MODE, Opening, OutputFolder};
use crate::time::Timestamp;

/// The name of the picture.
const NAME: &str = "report.pdf";

/// Where the EtherType stands in an Ethernet frame.
const ETHER_TYPE: std::ops::Range<usize> = 12..14;

/// Counts packets and draws them.
pub struct Picture {
    counts: NetViz,
    folder: OutputFolder,
    source: String,
    dump: bool,
    messages: Messages,
}

impl Picture {
    /// A picture in `folder` of the packets from `source`; `dump` has the address histograms
    /// printed.
    pub fn new(
        folder: OutputFolder,
        source: String,
        histogram_size: i64,
        dump: bool,
        messages: Messages,
    ) -> Self {
        let options = Options { histogram_size, zone: LocalZone::system() };
        Self { counts: NetViz::new(options), folder, source, dump, messages }
    }
}

impl PacketScanner for Picture {
    fn datagram(&mut self, packet: &RawPacket<'_>, datagram: &Datagram<'_>, time: Timestamp) {
        let ether_type = match packet.link_type {
            LinkType::ETHERNET => packet.data.get(ETHER_TYPE),
            _ => None,
        };
        self.counts.packet(&PacketView {
            time,
            wire_len: packet.wire_len,
            ether_type: ether_type.map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]])),
            data: datagram.data,
        });
    }

    fn finish(self: Box<Self>, _: &mut RunFindings) {
        if self.dump {
            let dump = self.counts.histogram_dump();
            if let Err(error) = std::io::stdout().write_all(dump.as_bytes()) {
                self.messages.error(format_args!("standard output: {error}"));
            }
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let page = self.counts.finish(&PageFacts {
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            source: self.source,
            generated: Timestamp::from_micros(now.as_micros() as i64),
        });
        let path = self.folder.file(NAME);
        let file = self.folder.open(&path, Opening::Empty, FILE_MODE);
        if let Err(error) = file.and_then(|mut file| file.write_all(&page)) {
            self.messages.error(format_args!("{}: {error}", path.display()));
        }
    }
}
