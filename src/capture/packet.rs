//! What a capture delivers: a frame's bytes, when they were seen, and how many there were.

use crate::time::CaptureTime;

/// What the first bytes of a frame are, by libpcap's `DLT_` number.
///
/// Files use `LINKTYPE_` numbers, which differ from these in a few cases; readers convert with
/// [`LinkType::from_file_number`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkType(pub i32);

impl LinkType {
    /// BSD loopback: a 4-byte address family in the byte order of the capturing host.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// IEEE 802.5 token ring by the book; in practice Ethernet frames written with this number.
    pub const IEEE802: Self = Self(6);
    /// PPP.
    pub const PPP: Self = Self(9);
    /// Raw IP: the version is in the first nibble.
    pub const RAW: Self = Self(12);
    /// Raw IP, as OpenBSD numbers it.
    pub const RAW_OPENBSD: Self = Self(14);
    /// PPP over Ethernet, from the PPPoE header on.
    pub const PPP_ETHER: Self = Self(51);
    /// Raw IP, as files number it.
    pub const RAW_FILE: Self = Self(101);
    /// OpenBSD loopback: a 4-byte address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Packets that netfilter logged.
    pub const NFLOG: Self = Self(239);
    /// Linux cooked capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);

    /// The link type that a capture file means by `number`. The upper 16 bits of the field in a
    /// pcap header hold other things and must not be passed.
    ///
    /// The numbers that differ are those that BSD systems gave different meanings.
    pub fn from_file_number(number: u16) -> Self {
        match number {
            100 => Self(11), // ATM, RFC 1483
            101 => Self::RAW,
            102 => Self(15), // SLIP of BSD/OS
            103 => Self(16), // PPP of BSD/OS
            106 => Self(19), // classical IP over ATM
            other => Self(i32::from(other)),
        }
    }

    /// The number for this link type in a capture file.
    pub fn to_file_number(self) -> u32 {
        match self {
            Self::RAW | Self::RAW_OPENBSD => 101,
            Self(11) => 100,
            Self(15) => 102,
            Self(16) => 103,
            Self(19) => 106,
            Self(other) => other as u32,
        }
    }

    /// The longest packet that can be true, in bytes captured; libpcap's limits.
    pub(super) fn max_packet_len(self) -> u32 {
        match self {
            Self(231) => 128 << 20, // D-Bus
            Self(249) => 1 << 20,   // USBPcap
            Self(279) => 8 << 20,   // Elektrobit automotive
            _ => super::MAX_SNAPLEN,
        }
    }
    /// BSD ARCNET.
    pub const ARCNET: Self = Self(7);
    /// FDDI.
    pub const FDDI: Self = Self(10);
    /// IP over ATM with a logical link header.
    pub const ATM_RFC1483: Self = Self(11);
    /// Linux classical IP over ATM.
    pub const ATM_CLIP: Self = Self(19);
    /// PPP in HDLC-like framing, or Cisco's framing.
    pub const PPP_SERIAL: Self = Self(50);
    /// Cisco's framing of serial lines.
    pub const C_HDLC: Self = Self(104);
    /// 802.11 without a capture header.
    pub const IEEE802_11: Self = Self(105);
    /// OpenBSD's interface of encapsulated packets.
    pub const ENC: Self = Self(109);
    /// Log of the BSD firewall pf.
    pub const PFLOG: Self = Self(117);
    /// 802.11 behind a Prism (or AVS) header.
    pub const PRISM: Self = Self(119);
    /// 802.11 behind a radiotap header.
    pub const RADIOTAP: Self = Self(127);
    /// Linux ARCNET.
    pub const ARCNET_LINUX: Self = Self(129);
    /// 802.11 behind an AVS header.
    pub const AVS: Self = Self(163);
    /// Ethernet as Juniper routers capture it.
    pub const JUNIPER_ETHER: Self = Self(178);
    /// Per-packet information, usually before an 802.11 frame.
    pub const PPI: Self = Self(192);
    /// Between the zones of a Solaris host.
    pub const IPNET: Self = Self(226);
}

/// One captured frame.
#[derive(Clone, Copy, Debug)]
pub struct RawPacket<'a> {
    /// When it was captured, as recorded.
    pub time: CaptureTime,
    /// How many bytes it had on the wire. May be less than `data.len()` in damaged captures.
    pub wire_len: u32,
    /// What its first bytes are.
    pub link_type: LinkType,
    /// The bytes captured, from the link-layer header on.
    pub data: &'a [u8],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_numbers_survive_the_way_there_and_back() {
        for number in 0..=u16::MAX {
            let back = LinkType::from_file_number(number).to_file_number();
            match number {
                // These are not what their system-independent twins are called in files.
                11 | 12 | 14 | 15 | 16 | 19 => assert!((100..107).contains(&back)),
                _ => assert_eq!(back, u32::from(number)),
            }
        }
    }
}
