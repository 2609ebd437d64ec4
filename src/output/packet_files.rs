//! A pcap file for each flow, with its packets as they were captured.
//!
//! No TCP state is kept: a port that is used again stays in one file. A file of the same name that
//! exists is replaced.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::create::Creation;
use super::naming::Namer;
use super::store::{FileId, FileStore};
use crate::capture::{LinkType, PcapHeader, RawPacket, write_record};
use crate::decode::{FiveTuple, Segment};
use crate::flow::{Direction, Identity};
use crate::messages::Messages;

/// The snap length that the files claim; it is not enforced.
const SNAP_LENGTH: u32 = 65_535;

/// Writes packets to the files of their flows.
#[derive(Debug)]
pub struct PacketFiles {
    store: FileStore,
    namer: Namer,
    files: HashMap<FiveTuple, PacketFile, RandomState>,
    record: Vec<u8>,
    messages: Messages,
}

#[derive(Clone, Copy, Debug)]
struct PacketFile {
    id: FileId,
    /// A pcap file has one link type for all its packets.
    link_type: LinkType,
}

impl PacketFiles {
    /// Files in `store`, named by `namer`.
    pub fn new(store: FileStore, namer: Namer, messages: Messages) -> Self {
        Self { store, namer, files: HashMap::default(), record: Vec::new(), messages }
    }

    /// Adds a packet to the file of its flow.
    pub fn packet(&mut self, packet: &RawPacket<'_>, segment: &Segment<'_>) {
        let file = match self.files.get(&segment.tuple) {
            Some(&file) => file,
            None => self.begin(packet, segment),
        };
        if file.link_type != packet.link_type {
            let flow = segment.tuple;
            self.messages.error(format_args!(
                "packet of {flow:?} left out: its link type {} is not that of its file, {}",
                packet.link_type.0, file.link_type.0
            ));
            return;
        }
        self.record.clear();
        write_record(&mut self.record, packet);
        self.store.append(file.id, &self.record);
    }

    /// Writes everything that waits in memory.
    pub fn flush(&mut self) {
        self.store.flush();
    }

    /// Closes all files.
    pub fn finish(mut self) {
        for file in self.files.into_values() {
            if let Some(file) = self.store.detach(file.id) {
                file.finish(&self.messages, |_, _, _| Ok(()));
            }
        }
    }

    fn begin(&mut self, packet: &RawPacket<'_>, segment: &Segment<'_>) -> PacketFile {
        // Flows are not followed, so that they have no numbers.
        let identity = Identity {
            tuple: segment.tuple,
            link: segment.link,
            direction: Direction::Unknown,
            first_time: segment.time,
            connection_number: 0,
            session_id: 0,
        };
        let mut path = self.namer.path(&identity, 0).into_os_string();
        path.push(".pcap");
        let creation = Creation::Replace(path.into(), Arc::clone(self.namer.folder()));
        let id = self.store.add(creation, None, None);
        let file = PacketFile { id, link_type: packet.link_type };
        self.store.append(id, PcapHeader::new(packet.link_type, SNAP_LENGTH).as_bytes());
        self.files.insert(segment.tuple, file);
        file
    }
}
