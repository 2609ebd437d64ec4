//! Takes the link layer off a frame: what is left are the datagrams it carries.
//!
//! One file for each family of link types; this one knows which is which. A frame that carries
//! something other than IP, or is too short to tell, carries no datagram.

mod cooked;
mod ethernet;
mod ethertype;
mod loopback;
mod ppp;

use super::segment::{Datagram, LinkFacts};
use crate::capture::{LinkType, RawPacket};

/// Whether frames of this link type can be read.
pub fn supports(link_type: LinkType) -> bool {
    reader(link_type).is_some()
}

/// Calls `visit` with each datagram that the frame carries: one at the most for every link type
/// but 802.11, whose frames may aggregate several.
#[inline]
pub fn datagrams<'a>(packet: &RawPacket<'a>, mut visit: impl FnMut(Datagram<'a>)) {
    // Most captures are Ethernet: no indirect call for them.
    let datagram = if packet.link_type == LinkType::ETHERNET {
        ethernet::datagram(packet.data)
    } else {
        reader(packet.link_type).and_then(|read| read(packet.data))
    };
    if let Some(datagram) = datagram {
        visit(datagram);
    }
}

type Reader = fn(&[u8]) -> Option<Datagram<'_>>;

fn reader(link_type: LinkType) -> Option<Reader> {
    Some(match link_type {
        LinkType::ETHERNET | LinkType::IEEE802 => ethernet::datagram,
        LinkType::NULL => loopback::null,
        LinkType::LOOP => loopback::openbsd,
        LinkType::RAW
        | LinkType::RAW_OPENBSD
        | LinkType::RAW_FILE
        | LinkType::IPV4
        | LinkType::IPV6 => raw,
        LinkType::PPP => ppp::datagram,
        LinkType::PPP_ETHER => ppp::over_ethernet,
        LinkType::LINUX_SLL => cooked::version_1,
        LinkType::LINUX_SLL2 => cooked::version_2,
        _ => return None,
    })
}

fn raw(frame: &[u8]) -> Option<Datagram<'_>> {
    Some(bare(frame))
}

/// A datagram around which the link layer said nothing that flows keep.
fn bare(data: &[u8]) -> Datagram<'_> {
    Datagram { link: LinkFacts::default(), data }
}
