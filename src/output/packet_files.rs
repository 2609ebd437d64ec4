//! A pcap file for each flow, with its packets as they were captured.
//!
//! No TCP state is kept: a port that is used again stays in one file, and so do flows whose names are
//! the same. A file of the same name that existed before is replaced.
//!
//! A flow never ends, so that all of them are forgotten when they take too much memory; of each a
//! number remains, by which its file is found again if it goes on.

use std::collections::HashMap;
use std::path::PathBuf;

use foldhash::fast::RandomState;

use super::create::Creation;
use super::naming::NameHash;
use super::store::{FileId, FileStore};
use crate::capture::{LinkType, PcapHeader, RawPacket, write_record};
use crate::decode::{FiveTuple, Segment};
use crate::flow::{Direction, Identity};
use crate::messages::Messages;

/// The snap length that the files claim; it is not enforced.
const SNAP_LENGTH: u32 = 65_535;

/// What a flow takes in both tables, besides its file.
const FLOW_COST: u64 =
    2 * (size_of::<(FiveTuple, PacketFile)>() + size_of::<(NameHash, PacketFile)>()) as u64;

/// Writes packets to the files of their flows.
#[derive(Debug)]
pub struct PacketFiles {
    store: FileStore,
    /// The file of each flow.
    files: HashMap<FiveTuple, PacketFile, RandomState>,
    /// The same files by their names.
    named: HashMap<NameHash, PacketFile, RandomState>,
    /// The link types of files of this run that were forgotten, by their names.
    forgotten: HashMap<NameHash, LinkType, RandomState>,
    /// Bytes that flows may take until they are forgotten.
    memory: u64,
    record: Vec<u8>,
    /// Packets that were left out, for their link types were not those of their files.
    left_out: u64,
    messages: Messages,
}

#[derive(Clone, Copy, Debug)]
struct PacketFile {
    id: FileId,
    /// A pcap file has one link type for all its packets.
    link_type: LinkType,
}

impl PacketFiles {
    /// Files in `store`; flows take `memory` bytes.
    pub fn new(store: FileStore, memory: u64, messages: Messages) -> Self {
        Self {
            store,
            files: HashMap::default(),
            named: HashMap::default(),
            forgotten: HashMap::default(),
            memory,
            record: Vec::new(),
            left_out: 0,
            messages,
        }
    }

    /// Adds a packet to the file of its flow.
    pub fn packet(&mut self, packet: &RawPacket<'_>, segment: &Segment<'_>) {
        let file = match self.files.get(&segment.tuple) {
            Some(&file) => file,
            None => self.begin(packet, segment),
        };
        if file.link_type != packet.link_type {
            if self.left_out == 0 {
                let flow = segment.tuple;
                self.messages.error(format_args!(
                    "packet of {flow:?} left out: its link type {} is not that of its file, {}",
                    packet.link_type.0, file.link_type.0
                ));
            }
            self.left_out += 1;
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
        self.forget();
        if self.left_out > 1 {
            let packets = self.left_out;
            self.messages.error(format_args!(
                "{packets} packets were left out, for their link types were not those of their files"
            ));
        }
    }

    /// Closes all files and keeps of each what is needed to go on.
    fn forget(&mut self) {
        self.files.clear();
        for (name, file) in std::mem::take(&mut self.named) {
            self.forgotten.insert(name, file.link_type);
            self.store.close(file.id, |_, _, _| Ok(()));
        }
    }

    fn begin(&mut self, packet: &RawPacket<'_>, segment: &Segment<'_>) -> PacketFile {
        if self.store.memory() + self.files.len() as u64 * FLOW_COST >= self.memory {
            self.forget();
        }
        // Flows are not followed, so that they have no numbers.
        let identity = Identity {
            tuple: segment.tuple,
            link: segment.link,
            direction: Direction::Unknown,
            first_time: segment.time,
            connection_number: 0,
            session_id: 0,
        };
        let mut path = self.store.namer().path(&identity, 0).into_os_string();
        path.push(".pcap");
        let path = PathBuf::from(path);
        let name = self.store.namer().hash(&path);
        let file = match self.named.get(&name) {
            Some(&file) => file,
            None => self.open(name, path, packet.link_type),
        };
        self.files.insert(segment.tuple, file);
        file
    }

    /// Makes the file of this name, or goes on in it if that was done in this run.
    fn open(&mut self, name: NameHash, path: PathBuf, link_type: LinkType) -> PacketFile {
        let begun = self.forgotten.remove(&name);
        let begun = begun.and_then(|link_type| Some((self.store.resume(&path)?, link_type)));
        let file = match begun {
            Some((id, link_type)) => PacketFile { id, link_type },
            None => {
                let id = self.store.add(Creation::Replace(path), None, None);
                self.store.append(id, PcapHeader::new(link_type, SNAP_LENGTH).as_bytes());
                PacketFile { id, link_type }
            }
        };
        self.named.insert(name, file);
        file
    }
}
