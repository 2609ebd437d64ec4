//! Packets by hand: from what is said in a connection to the bytes of frames.
//!
//! Headers are complete and checksums right, so that other tools read what is made here.

use std::net::{IpAddr, SocketAddr};

/// The flags of a TCP header.
pub(crate) const FIN: u8 = 0x01;
/// Opens a connection.
pub(crate) const SYN: u8 = 0x02;
/// Aborts a connection.
pub(crate) const RST: u8 = 0x04;
/// Pushes what was sent to the receiving program.
pub(crate) const PSH: u8 = 0x08;
/// The acknowledgement number counts.
pub(crate) const ACK: u8 = 0x10;

/// The MAC address every frame comes from.
pub(crate) const SOURCE_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
/// The MAC address every frame goes to.
pub(crate) const DESTINATION_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];

/// Who says something in a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The one who sends the first SYN.
    Client,
    /// The one who answers it.
    Server,
}

/// Two ends that talk to each other; gathers the IP datagrams of what they say.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    client: SocketAddr,
    server: SocketAddr,
    client_isn: u32,
    server_isn: u32,
    client_sent: u32,
    server_sent: u32,
    datagrams: Vec<Vec<u8>>,
}

impl Connection {
    /// Two ends, such as `10.0.0.1:40000` and `[2001:db8::2]:80`, that have said nothing yet.
    pub(crate) fn between(client: &str, server: &str) -> Self {
        Self {
            client: client.parse().expect("an address and a port"),
            server: server.parse().expect("an address and a port"),
            client_isn: 1000,
            server_isn: 9000,
            client_sent: 0,
            server_sent: 0,
            datagrams: Vec::new(),
        }
    }

    /// The client begins to count at `isn`.
    pub(crate) fn client_isn(mut self, isn: u32) -> Self {
        self.client_isn = isn;
        self
    }

    /// The server begins to count at `isn`.
    pub(crate) fn server_isn(mut self, isn: u32) -> Self {
        self.server_isn = isn;
        self
    }

    /// The three packets that open a connection.
    pub(crate) fn handshake(self) -> Self {
        self.segment(Side::Client, SYN, u32::MAX, b"")
            .segment(Side::Server, SYN | ACK, u32::MAX, b"")
            .segment(Side::Client, ACK, 0, b"")
    }

    /// The next bytes of a side, in one segment.
    pub(crate) fn says(self, side: Side, payload: &[u8]) -> Self {
        let position = match side {
            Side::Client => self.client_sent,
            Side::Server => self.server_sent,
        };
        self.segment(side, PSH | ACK, position, payload)
    }

    /// Both sides end what they have to say, the client first.
    pub(crate) fn goodbye(self) -> Self {
        let (client, server) = (self.client_sent, self.server_sent);
        self.segment(Side::Client, FIN | ACK, client, b"")
            .segment(Side::Server, FIN | ACK, server, b"")
            .segment(Side::Client, ACK, client.wrapping_add(1), b"")
    }

    /// Any segment. `position` is where its payload begins in the side's stream; a SYN stands one
    /// before the first byte, at `u32::MAX`.
    pub(crate) fn segment(mut self, side: Side, flags: u8, position: u32, payload: &[u8]) -> Self {
        let (from, to, isn, sent) = match side {
            Side::Client => (self.client, self.server, self.client_isn, &mut self.client_sent),
            Side::Server => (self.server, self.client, self.server_isn, &mut self.server_sent),
        };
        let seq = isn.wrapping_add(1).wrapping_add(position);
        if !payload.is_empty() {
            *sent = (*sent).max(position.wrapping_add(payload.len() as u32));
        }
        let ack = match side {
            Side::Client => self.server_isn.wrapping_add(1).wrapping_add(self.server_sent),
            Side::Server => self.client_isn.wrapping_add(1).wrapping_add(self.client_sent),
        };
        let ack = if flags & ACK == 0 { 0 } else { ack };
        self.datagrams.push(tcp(from, to, flags, seq, ack, payload));
        self
    }

    /// The IP datagrams, in order.
    pub(crate) fn datagrams(self) -> Vec<Vec<u8>> {
        self.datagrams
    }
}

/// An IP datagram with one TCP segment.
pub(crate) fn tcp(
    from: SocketAddr,
    to: SocketAddr,
    flags: u8,
    seq: u32,
    ack: u32,
    payload: &[u8],
) -> Vec<u8> {
    let mut segment = ports(from, to);
    segment.extend(seq.to_be_bytes());
    segment.extend(ack.to_be_bytes());
    segment.extend([5 << 4, flags, 0xff, 0xff, 0, 0, 0, 0]);
    segment.extend(payload);
    ip(from.ip(), to.ip(), 6, segment, 16)
}

/// An IP datagram with one UDP datagram.
pub(crate) fn udp(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let mut datagram = ports(from, to);
    datagram.extend((8 + payload.len() as u16).to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(payload);
    ip(from.ip(), to.ip(), 17, datagram, 6)
}

fn ports(from: SocketAddr, to: SocketAddr) -> Vec<u8> {
    [from.port().to_be_bytes(), to.port().to_be_bytes()].concat()
}

/// Puts an IP header before `body`, whose checksum stands at `checksum_at`.
fn ip(from: IpAddr, to: IpAddr, protocol: u8, mut body: Vec<u8>, checksum_at: usize) -> Vec<u8> {
    let length = body.len() as u16;
    let (header, addresses) = match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let addresses = [from.octets(), to.octets()].concat();
            let mut header = vec![0x45, 0];
            header.extend((20 + length).to_be_bytes());
            header.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
            header.extend(&addresses);
            let sum = checksum(&header);
            header[10..12].copy_from_slice(&sum.to_be_bytes());
            (header, addresses)
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let addresses = [from.octets(), to.octets()].concat();
            let mut header = vec![0x60, 0, 0, 0];
            header.extend(length.to_be_bytes());
            header.extend([protocol, 64]);
            header.extend(&addresses);
            (header, addresses)
        }
        _ => panic!("{from} and {to} are of different families"),
    };
    let pseudo_header = [&addresses, &[0, protocol][..], &length.to_be_bytes(), &body].concat();
    let sum = checksum(&pseudo_header);
    body[checksum_at..checksum_at + 2].copy_from_slice(&sum.to_be_bytes());
    [header, body].concat()
}

/// The Internet checksum of RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// An Ethernet frame, not padded.
pub(crate) fn ethernet(datagram: &[u8]) -> Vec<u8> {
    [&DESTINATION_MAC[..], &SOURCE_MAC, ethertype(datagram), datagram].concat()
}

/// An Ethernet frame with an 802.1Q tag, whose upper bits hold a priority.
pub(crate) fn ethernet_with_tag(tag: u16, datagram: &[u8]) -> Vec<u8> {
    let tag = [[0x81, 0x00], tag.to_be_bytes()].concat();
    [&DESTINATION_MAC[..], &SOURCE_MAC, &tag, ethertype(datagram), datagram].concat()
}

/// A frame of BSD loopback, captured on a host with this byte order.
pub(crate) fn loopback(family: [u8; 4], datagram: &[u8]) -> Vec<u8> {
    [&family[..], datagram].concat()
}

/// A frame of Linux cooked capture.
pub(crate) fn cooked(datagram: &[u8]) -> Vec<u8> {
    let header = [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    [&header[..], ethertype(datagram), datagram].concat()
}

/// An ARP request, which is no IP.
pub(crate) fn arp() -> Vec<u8> {
    let mut frame = [&[0xff; 6][..], &SOURCE_MAC, &[0x08, 0x06]].concat();
    frame.extend([0, 1, 8, 0, 6, 4, 0, 1]);
    frame.extend([0; 20]);
    frame
}

fn ethertype(datagram: &[u8]) -> &'static [u8] {
    match datagram[0] >> 4 {
        4 => &[0x08, 0x00],
        _ => &[0x86, 0xdd],
    }
}
