//! Address families, which stand in front of datagrams on loopback devices and in some logs. Systems
//! number that of IPv6 differently, and write it in their own byte order.

use super::packet::{LinkType, RawPacket};

/// `AF_INET` everywhere.
const INET: u32 = 2;

/// `AF_INET6` of Linux, of NetBSD and OpenBSD, of FreeBSD, and of macOS.
const INET6: [u32; 4] = [10, 24, 28, 30];

/// `AF_INET6` of this host.
const INET6_HERE: u32 = libc::AF_INET6 as u32;

/// Whether this is the family of an IP datagram, on any system.
pub fn is_ip(family: u32) -> bool {
    here(family).is_some()
}

/// The same in either byte order. No family is another one's mirror image.
pub fn is_ip_in_bytes(family: [u8; 4]) -> bool {
    here_of_bytes(family).is_some()
}

/// What the family of an IP datagram is on this host.
fn here(family: u32) -> Option<u32> {
    match family {
        INET => Some(INET),
        family => INET6.contains(&family).then_some(INET6_HERE),
    }
}

fn here_of_bytes(family: [u8; 4]) -> Option<u32> {
    here(u32::from_le_bytes(family)).or_else(|| here(u32::from_be_bytes(family)))
}

/// What a packet would look like if this host had captured it. That is what libpcap makes programs
/// for: others find no IPv6 in captures of other systems, and nothing at all in those of the other
/// byte order. `copy` is memory for a packet that is to be changed.
pub(super) fn as_captured_here<'a>(packet: &RawPacket<'a>, copy: &'a mut Vec<u8>) -> &'a [u8] {
    let data = packet.data;
    let Some(&[first, second, third, fourth]) = data.first_chunk() else { return data };
    let begin = match packet.link_type {
        LinkType::NULL | LinkType::ENC => {
            here_of_bytes([first, second, third, fourth]).map(u32::to_ne_bytes)
        }
        // Nobody looks at the family, for the datagram tells its version.
        LinkType::LOOP => match data.get(4).map(|it| it >> 4) {
            Some(4) => Some(INET.to_be_bytes()),
            Some(6) => Some(INET6_HERE.to_be_bytes()),
            _ => None,
        },
        LinkType::PFLOG => here(u32::from(second))
            .and_then(|family| u8::try_from(family).ok())
            .map(|family| [first, family, third, fourth]),
        _ => None,
    };
    match begin {
        Some(begin) if !data.starts_with(&begin) => {
            copy.clear();
            copy.extend_from_slice(&begin);
            copy.extend_from_slice(data.get(begin.len()..).unwrap_or_default());
            copy
        }
        _ => data,
    }
}
