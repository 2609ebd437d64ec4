//! Sources of packets: devices, capture files, pipes, archives.

pub mod packet;

pub use packet::{LinkType, RawPacket};
