//! A capture that grows packet by packet, every field as wanted.

use std::net::SocketAddr;

use crate::support::captures::{FIRST_SECOND, Pcap};
use crate::support::packets::{ACK, ethernet, tcp};
use crate::support::sandbox::Sandbox;

/// The bytes of a pcap file.
pub(crate) struct Capture(Vec<u8>);

/// Who sends in most of these captures, from any port.
pub(crate) fn sender(port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], port))
}

/// Who receives.
pub(crate) fn receiver() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 2], 80))
}

/// The file of what a port of the sender sends.
pub(crate) fn flow_file(port: u16) -> String {
    format!("010.000.000.001.{port:05}-010.000.000.002.00080")
}

/// A segment without SYN in an Ethernet frame.
pub(crate) fn data(port: u16, seq: u32, payload: &[u8]) -> Vec<u8> {
    ethernet(&tcp(sender(port), receiver(), ACK, seq, 1, payload))
}

impl Capture {
    pub(crate) fn of(link_type: u16) -> Self {
        Self(Pcap::of(link_type).write(&[]))
    }

    /// Adds a whole frame, at the first second.
    pub(crate) fn frame(&mut self, frame: &[u8]) {
        self.record([FIRST_SECOND, 0, frame.len() as u32, frame.len() as u32], frame);
    }

    /// Adds a record with these fields: seconds, microseconds, length captured and on the wire.
    pub(crate) fn record(&mut self, fields: [u32; 4], data: &[u8]) {
        self.0.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
        self.0.extend(data);
    }

    /// An empty folder with the capture as `in.pcap`.
    pub(crate) fn into_sandbox(self) -> Sandbox {
        let sandbox = Sandbox::new();
        sandbox.write("in.pcap", self.0);
        sandbox
    }
}
