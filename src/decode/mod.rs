//! From frames to TCP segments.

pub mod segment;

pub use segment::{Datagram, FiveTuple, LinkFacts, MacAddr, Segment, TcpFlags};
