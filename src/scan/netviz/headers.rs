//! Reads a datagram's addresses and TCP ports.
//!
//! Only what the picture counts is read, straight from the bytes: this runs for every packet and
//! must cost next to nothing. Every access is checked; a header that is cut short or contradicts
//! itself yields less, never a panic. Fragments are not put together: only the first one has ports.

use super::address::Address;

const TCP: u8 = 6;
/// A TCP header without options (RFC 9293, 3.1). Less than this is not counted as TCP.
const TCP_HEADER: usize = 20;

/// What a datagram says about itself, as far as it was captured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Headers {
    /// Source and destination; `None` if this is neither IPv4 nor IPv6, or cut short.
    pub(super) addresses: Option<(Address, Address)>,
    /// Source and destination port, if a TCP header was captured.
    pub(super) ports: Option<(u16, u16)>,
}

impl Headers {
    /// Reads the headers at the start of `datagram`.
    pub(super) fn read(datagram: &[u8]) -> Self {
        match datagram.first().map(|byte| byte >> 4) {
            Some(4) => read_ipv4(datagram).unwrap_or_default(),
            Some(6) => read_ipv6(datagram).unwrap_or_default(),
            _ => Self::default(),
        }
    }
}

fn read_ipv4(datagram: &[u8]) -> Option<Headers> {
    let fixed = datagram.first_chunk::<20>()?;
    let [first, _, length_high, length_low, _, _, fragment_high, fragment_low, _, protocol, ..] =
        *fixed;
    let [.., s0, s1, s2, s3, d0, d1, d2, d3] = *fixed;
    let header_length = usize::from(first & 0x0f) * 4;
    let total_length = usize::from(u16::from_be_bytes([length_high, length_low]));
    let fragment_offset = u16::from_be_bytes([fragment_high, fragment_low]) & 0x1fff;
    let ports = match protocol {
        TCP if header_length >= fixed.len() && fragment_offset == 0 => {
            tcp_ports(within(datagram, total_length), header_length)
        }
        _ => None,
    };
    let addresses = (Address::from_v4([s0, s1, s2, s3]), Address::from_v4([d0, d1, d2, d3]));
    Some(Headers { addresses: Some(addresses), ports })
}

fn read_ipv6(datagram: &[u8]) -> Option<Headers> {
    const FIXED: usize = 40;
    let source = datagram.get(8..)?.first_chunk::<16>()?;
    let destination = datagram.get(24..)?.first_chunk::<16>()?;
    let [_, _, _, _, length_high, length_low, next_header, ..] =
        *datagram.first_chunk::<FIXED>()?;
    let total_length = match u16::from_be_bytes([length_high, length_low]) {
        0 => 0,
        payload => usize::from(payload) + FIXED,
    };
    let datagram = within(datagram, total_length);
    let ports = match next_header {
        TCP => tcp_ports(datagram, FIXED),
        other => behind_extensions(datagram, FIXED, other),
    };
    let addresses = (Address::from_v6(*source), Address::from_v6(*destination));
    Some(Headers { addresses: Some(addresses), ports })
}

/// Walks IPv6 extension headers (RFC 8200, 4) from `offset` on to a TCP header. Ends, because
/// each header is at least 8 bytes long.
fn behind_extensions(datagram: &[u8], mut offset: usize, mut kind: u8) -> Option<(u16, u16)> {
    const HOP_BY_HOP: u8 = 0;
    const ROUTING: u8 = 43;
    const FRAGMENT: u8 = 44;
    const AUTHENTICATION: u8 = 51;
    const DESTINATION_OPTIONS: u8 = 60;
    const MOBILITY: u8 = 135;
    const HOST_IDENTITY: u8 = 139;
    const SHIM6: u8 = 140;
    loop {
        let length = match kind {
            TCP => return tcp_ports(datagram, offset),
            HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS | MOBILITY | HOST_IDENTITY | SHIM6 => {
                8 + usize::from(*datagram.get(offset + 1)?) * 8
            }
            AUTHENTICATION => 8 + usize::from(*datagram.get(offset + 1)?) * 4,
            FRAGMENT => {
                let [_, _, high, low] = *datagram.get(offset..)?.first_chunk()?;
                if u16::from_be_bytes([high, low]) >> 3 != 0 {
                    return None;
                }
                8
            }
            _ => return None,
        };
        kind = *datagram.get(offset)?;
        offset += length;
    }
}

/// Link-layer padding may follow the datagram. A length of 0 is that of a packet captured before
/// the network card cut it into datagrams: everything belongs to it.
fn within(datagram: &[u8], total_length: usize) -> &[u8] {
    match total_length {
        0 => datagram,
        length => datagram.get(..length).unwrap_or(datagram),
    }
}

fn tcp_ports(datagram: &[u8], offset: usize) -> Option<(u16, u16)> {
    let [s0, s1, d0, d1, ..] = *datagram.get(offset..)?.first_chunk::<TCP_HEADER>()?;
    Some((u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1])))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTS: (u16, u16) = (0x1234, 0x0050);

    fn tcp() -> Vec<u8> {
        let mut header = vec![0; TCP_HEADER];
        header[..4].copy_from_slice(&[0x12, 0x34, 0x00, 0x50]);
        header
    }

    fn ipv4(options: &[u8], fragment: u16, payload: &[u8]) -> Vec<u8> {
        let total = (20 + options.len() + payload.len()) as u16;
        let mut datagram = vec![0; 20];
        datagram[0] = 0x45 + (options.len() / 4) as u8;
        datagram[2..4].copy_from_slice(&total.to_be_bytes());
        datagram[6..8].copy_from_slice(&fragment.to_be_bytes());
        datagram[9] = TCP;
        datagram[12..20].copy_from_slice(&[10, 0, 0, 1, 10, 0, 0, 2]);
        [&datagram, options, payload].concat()
    }

    fn ipv6(next_header: u8, payload: &[u8]) -> Vec<u8> {
        let mut datagram = vec![0; 40];
        datagram[0] = 0x60;
        datagram[4..6].copy_from_slice(&(payload.len() as u16).to_be_bytes());
        datagram[6] = next_header;
        datagram[8] = 0x20;
        datagram[39] = 1;
        [&datagram, payload].concat()
    }

    #[test]
    fn addresses_and_ports_of_both_versions() {
        let headers = Headers::read(&ipv4(&[], 0, &tcp()));
        let (from, to) = headers.addresses.unwrap();
        assert_eq!((from.to_string(), to.to_string()), ("10.0.0.1".into(), "10.0.0.2".into()));
        assert_eq!(headers.ports, Some(PORTS));

        let headers = Headers::read(&ipv6(TCP, &tcp()));
        let (from, to) = headers.addresses.unwrap();
        assert_eq!((from.to_string(), to.to_string()), ("2000::".into(), "::1".into()));
        assert_eq!(headers.ports, Some(PORTS));
    }

    #[test]
    fn ports_stand_behind_ip_options() {
        let options = [0x94, 4, 0, 0, 1, 1, 1, 1];
        assert_eq!(Headers::read(&ipv4(&options, 0, &tcp())).ports, Some(PORTS));
    }

    #[test]
    fn later_fragments_have_no_ports() {
        assert_eq!(Headers::read(&ipv4(&[], 0x2000, &tcp())).ports, Some(PORTS));
        let later = Headers::read(&ipv4(&[], 0x2001, &tcp()));
        assert_eq!(later.ports, None);
        assert!(later.addresses.is_some());
    }

    #[test]
    fn ports_stand_behind_ipv6_extension_headers() {
        let hop_by_hop = [43, 0, 0, 0, 0, 0, 0, 0];
        let routing = [[44, 1, 0, 0, 0, 0, 0, 0], [0; 8]].concat();
        let first_fragment = [51, 0, 0, 1, 0, 0, 0, 7];
        let authentication = [[60, 1, 0, 0, 0, 0, 0, 0].as_slice(), &[0; 4]].concat();
        let destination = [TCP, 0, 0, 0, 0, 0, 0, 0];
        let chain =
            [&hop_by_hop, routing.as_slice(), &first_fragment, &authentication, &destination];
        let payload = [chain.concat(), tcp()].concat();
        assert_eq!(Headers::read(&ipv6(0, &payload)).ports, Some(PORTS));

        let later_fragment = [[TCP, 0, 0, 8, 0, 0, 0, 7].as_slice(), &tcp()].concat();
        assert_eq!(Headers::read(&ipv6(44, &later_fragment)).ports, None);
    }

    #[test]
    fn a_tcp_header_cut_short_has_no_ports() {
        let datagram = ipv4(&[], 0, &tcp());
        assert_eq!(Headers::read(&datagram[..39]).ports, None);
        assert_eq!(Headers::read(&datagram[..19]), Headers::default());
        let datagram = ipv6(TCP, &tcp());
        assert_eq!(Headers::read(&datagram[..59]).ports, None);
        assert_eq!(Headers::read(&datagram[..39]), Headers::default());
    }

    #[test]
    fn padding_is_not_tcp() {
        let padded = [ipv4(&[], 0, &[]), vec![0xee; 26]].concat();
        assert_eq!(Headers::read(&padded).ports, None);
    }

    #[test]
    fn a_total_length_of_zero_means_everything_captured() {
        let mut datagram = ipv4(&[], 0, &tcp());
        datagram[2..4].fill(0);
        assert_eq!(Headers::read(&datagram).ports, Some(PORTS));
    }
}
