//! Takes the link layer off a frame: what is left are the datagrams it carries.
//!
//! One file for each family of link types; this one knows which is which. A frame that carries
//! something other than IP, or is too short to tell, carries no datagram.

mod arcnet;
mod atm;
mod cooked;
pub(super) mod ethernet;
mod ethertype;
mod fddi;
mod firewall;
mod hdlc;
mod ipnet;
mod juniper;
mod llc;
mod loopback;
mod mpls;
mod nflog;
mod ppp;
mod wifi;

use etherparse::EtherType;

use super::frame_facts::FrameFacts;
use super::segment::{Datagram, LinkFacts};
use crate::capture::{LinkType, RawPacket};
use crate::time::Timestamp;

use wifi::{Captured, Wifi};

pub use wifi::Beacon;

/// Whether frames of this link type can be read.
pub fn supports(link_type: LinkType) -> bool {
    wifi::supports(link_type) || reader(link_type).is_some()
}

/// What a frame may hold that someone wants to know of.
pub(super) enum Found<'a> {
    /// A datagram, and where it came from.
    Datagram(Datagram<'a>, FrameFacts),
    /// The announcement of a wireless network.
    Beacon(Beacon<'a>),
}

/// Reads frames of every link type. Remembers fragments of 802.11 frames, nothing else.
#[derive(Debug)]
pub(super) struct LinkLayer {
    wifi: Wifi,
}

impl LinkLayer {
    pub(super) fn new(check_fcs: bool) -> Self {
        Self { wifi: Wifi::new(check_fcs) }
    }

    /// Calls `visit` with what the frame holds: one datagram at the most for every link type but
    /// 802.11, whose frames may aggregate several.
    pub(super) fn read(
        &mut self,
        packet: &RawPacket<'_>,
        facts: FrameFacts,
        visit: &mut dyn FnMut(Found<'_>),
    ) {
        let (link_type, frame) = if wifi::supports(packet.link_type) {
            match wifi::captured(packet) {
                Some(Captured::Wireless(frame)) => return self.wifi.read(frame, facts, visit),
                Some(Captured::Other(link_type, frame)) => (link_type, frame),
                None => return,
            }
        } else {
            (packet.link_type, packet.data)
        };
        if let Some(datagram) = reader(link_type).and_then(|read| read(frame)) {
            visit(Found::Datagram(datagram, FrameFacts { link: datagram.link, ..facts }));
        }
    }

    /// Whether fragments wait for others.
    #[inline]
    pub(super) fn is_waiting(&self) -> bool {
        self.wifi.is_waiting()
    }

    /// The beginnings of datagrams in frames whose other fragments have not come in time.
    pub(super) fn give_up_overdue(
        &mut self,
        now: Timestamp,
        mut visit: impl FnMut(Datagram<'_>, FrameFacts),
    ) {
        self.wifi.give_up_overdue(now, &mut visit);
    }

    /// The same for all frames, however long they have waited.
    pub(super) fn give_up(&mut self, mut visit: impl FnMut(Datagram<'_>, FrameFacts)) {
        self.wifi.give_up(&mut visit);
    }

    /// How many 802.11 data frames were left out because they are encrypted.
    pub(super) fn protected_frames(&self) -> u64 {
        self.wifi.protected_frames()
    }
}

type Reader = fn(&[u8]) -> Option<Datagram<'_>>;

fn reader(link_type: LinkType) -> Option<Reader> {
    Some(match link_type {
        LinkType::ETHERNET | LinkType::IEEE802 => ethernet::datagram,
        LinkType::NULL => loopback::null,
        LinkType::LOOP => loopback::openbsd,
        LinkType::ENC => loopback::encapsulating,
        LinkType::RAW
        | LinkType::RAW_OPENBSD
        | LinkType::RAW_FILE
        | LinkType::IPV4
        | LinkType::IPV6 => raw,
        LinkType::PPP | LinkType::PPP_SERIAL | LinkType::C_HDLC => hdlc::datagram,
        LinkType::PPP_ETHER => ppp::over_ethernet,
        LinkType::LINUX_SLL => cooked::version_1,
        LinkType::LINUX_SLL2 => cooked::version_2,
        LinkType::NFLOG => nflog::datagram,
        LinkType::PFLOG => firewall::datagram,
        LinkType::ARCNET => arcnet::bsd,
        LinkType::ARCNET_LINUX => arcnet::linux,
        LinkType::FDDI => fddi::datagram,
        LinkType::ATM_RFC1483 => atm::multiprotocol,
        LinkType::ATM_CLIP => atm::classical_ip,
        LinkType::IPNET => ipnet::datagram,
        LinkType::JUNIPER_ETHER => juniper::ethernet,
        _ => return None,
    })
}

/// The datagram in an Ethernet frame inside a tunnel. Addresses and VLAN of such a frame are
/// nobody's on the captured network, so they are not kept.
pub(super) fn in_ethernet(frame: &[u8]) -> Option<&[u8]> {
    ethernet::datagram(frame).map(|datagram| datagram.data)
}

/// The datagram behind the header of a tunnel that tells its contents by an EtherType.
pub(super) fn in_ethertype(ethertype: u16, contents: &[u8]) -> Option<&[u8]> {
    ethertype::behind(EtherType(ethertype), contents).map(|carried| carried.datagram)
}

/// The datagram in a PPP frame inside a tunnel.
pub(super) fn in_ppp(frame: &[u8]) -> Option<&[u8]> {
    ppp::carried(frame)
}

fn raw(frame: &[u8]) -> Option<Datagram<'_>> {
    Some(bare(frame))
}

/// A datagram around which the link layer said nothing that flows keep.
fn bare(data: &[u8]) -> Datagram<'_> {
    Datagram { link: LinkFacts::default(), data }
}
