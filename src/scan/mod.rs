//! What is found in packets and in the bytes of finished streams.
//!
//! A [`FlowScanner`] tells what it found in a flow, for the flow's entry in the report
//! ([`Findings`]); a [`PacketScanner`] what it saw in the whole run ([`RunFindings`]). Those that the
//! command line asked for are made when a run is set up; the packet loop does not know which there
//! are.

mod content;
mod hash_scanner;
mod hashes;
pub mod http;
mod http_bodies;
pub mod netviz;
mod networks;
mod picture;

use std::io;
use std::path::{Path, PathBuf};

pub use content::Content;
pub use hash_scanner::HashScanner;
pub use hashes::{Algorithm, Algorithms, Hash, RunningHashes};
pub use http_bodies::{HttpBodies, HttpHooks};
pub use networks::Networks;
pub use picture::Picture;

use crate::capture::RawPacket;
use crate::decode::{Beacon, Datagram, MacAddr};
use crate::flow::Identity;
use crate::time::Timestamp;

/// Looks at packets, one after the other, and tells at the end what it saw. Every method does
/// nothing unless the scanner has a use for it.
pub trait PacketScanner {
    /// The link layer handed on a datagram.
    fn datagram(&mut self, _packet: &RawPacket<'_>, _datagram: &Datagram<'_>, _time: Timestamp) {}

    /// A wireless network announced itself.
    fn beacon(&mut self, _beacon: &Beacon<'_>) {}

    /// The run is over.
    fn finish(self: Box<Self>, findings: &mut RunFindings);
}

/// Looks at flows. Several may be looked at at the same time, each once it is over.
pub trait FlowScanner: Send + Sync {
    /// A payload was stored at a position of a flow.
    fn payload(&self, _flow: &Identity, _position: u64, _payload: &[u8]) {}

    /// A flow with bytes is over, and [`Self::flow`] will be called for it, now or later. This is
    /// called when it happens, in order with the payloads of all flows.
    fn closed(&self, _flow: &Identity) {}

    /// Looks at a flow that is over.
    fn flow(&self, flow: &mut FinishedFlow<'_>, findings: &mut Findings) -> io::Result<()>;
}

/// A flow that is over, and its bytes.
#[derive(Debug)]
pub struct FinishedFlow<'a> {
    /// Which flow it is.
    pub identity: &'a Identity,
    /// Where its bytes are kept; `None` if they are not.
    pub path: Option<&'a Path>,
    /// The bytes that were stored.
    pub content: Content<'a>,
    /// Their hashes, as far as they were computed while the bytes passed.
    pub hashes: Option<RunningHashes>,
}

/// What scanners found in one flow.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Hashes of the bytes that were stored; none if nobody wanted them.
    pub hashes: Vec<Hash>,
    /// The bodies of HTTP responses; `None` if the flow holds no responses.
    pub bodies: Option<Vec<Body>>,
}

/// The body of an HTTP response, in a file of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Where the body begins in the flow, before anything is decoded.
    pub offset: u64,
    /// Where the body is kept.
    pub path: PathBuf,
    /// How many bytes it has.
    pub size: u64,
}

impl Findings {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty() && self.bodies.is_none()
    }
}

/// What scanners have to tell of the whole run.
#[derive(Clone, Debug, Default)]
pub struct RunFindings {
    /// Names of wireless networks, each with its sender and how often it was announced; `None` if
    /// nobody looked for them.
    pub networks: Option<Vec<Network>>,
}

/// A wireless network that announced itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The sender's address.
    pub source: MacAddr,
    /// The network's name; bytes of any kind.
    pub ssid: Vec<u8>,
    /// How many beacons announced it.
    pub count: u64,
}
