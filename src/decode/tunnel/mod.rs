//! Finds the datagram inside a datagram: IP in IP, GRE, and tunnels over UDP.
//!
//! A protocol number says for certain that there is a tunnel, a UDP port does not. There the inner
//! headers must make sense too, or the datagram is left as it is.

mod gre;
mod udp;

use super::{link, network};

const IPV4_IN_IP: u8 = 4;
const UDP: u8 = 17;
const IPV6_IN_IP: u8 = 41;
const GRE: u8 = 47;

/// Whether a payload of this protocol may hold another datagram.
pub(super) fn is_tunnel(protocol: u8) -> bool {
    matches!(protocol, IPV4_IN_IP | IPV6_IN_IP | UDP | GRE)
}

/// The datagram inside the payload of another one, if there is one.
pub(super) fn inner(protocol: u8, payload: &[u8]) -> Option<&[u8]> {
    match protocol {
        IPV4_IN_IP | IPV6_IN_IP => Some(payload),
        GRE => gre::inner(payload),
        UDP => udp::inner(payload),
        _ => None,
    }
}
