//! Sources of packets: devices, capture files, pipes, archives.
//!
//! [`Source`] is what the rest of the program sees: it lends one [`RawPacket`] after another, and of
//! ordinary files several [at once](Source::at_hand). A
//! file's bytes come through a window of one reused buffer, so that a packet costs neither an
//! allocation nor a system call; whatever makes one wait (a pipe, a decompressor) works on a thread
//! of its own, and so does what must not wait for us (a device).
//!
//! No module here knows what is in a packet.

mod archive;
mod at_hand;
mod batch;
mod block;
mod codec;
mod compression;
mod content;
mod drain;
mod error;
pub mod family;
mod file;
mod filter;
mod input;
mod interface;
mod live;
mod lz4;
mod members;
mod nflog;
pub mod packet;
mod packet_queue;
mod pcap;
mod pcapng;
mod read_ahead;
mod reader;
mod record;
mod savefile;
mod source;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod window;
mod zip;

pub use at_hand::AtHand;
pub use drain::Statistics;
pub use error::{CaptureError, Fault};
pub use file::FileSource;
pub use filter::{Filter, FilterError};
pub use live::{KernelBuffer, Live, LiveOptions};
pub use packet::{LinkType, RawPacket};
pub use savefile::{PcapHeader, write_record};
pub use source::{Next, Source};

/// Bytes of a packet to capture at most, and the most a packet of usual link types may have.
pub const MAX_SNAPLEN: u32 = 262_144;
