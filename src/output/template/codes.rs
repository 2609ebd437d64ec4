//! The codes of templates, and what each gives for a flow.

use std::net::IpAddr;

use crate::digits;
use crate::flow::Identity;
use crate::net_text::{push_address, push_mac};

/// A code of the template language.
#[derive(Clone, Copy, Debug)]
pub struct CodeInfo {
    /// The letter behind the percent sign.
    pub letter: char,
    /// What stands in its place, for help texts.
    pub help: &'static str,
    pub(super) code: Code,
}

/// Every code of the template language.
#[rustfmt::skip]
pub const CODES: &[CodeInfo] = &[
    CodeInfo { letter: 'A', code: Code::Source, help: "source address" },
    CodeInfo { letter: 'a', code: Code::SourcePort, help: "source port, 5 digits" },
    CodeInfo { letter: 'B', code: Code::Destination, help: "destination address" },
    CodeInfo { letter: 'b', code: Code::DestinationPort, help: "destination port, 5 digits" },
    CodeInfo { letter: 'E', code: Code::SourceMac, help: "source MAC address of the first packet" },
    CodeInfo { letter: 'e', code: Code::DestinationMac, help: "destination MAC address of the first packet" },
    CodeInfo { letter: 'V', code: Code::VlanMark, help: "'--' if there is a VLAN, else nothing" },
    CodeInfo { letter: 'v', code: Code::Vlan, help: "VLAN number, nothing without VLAN" },
    CodeInfo { letter: 'T', code: Code::IsoTime, help: "time of the first packet, as 2008-10-06T17:54:54Z" },
    CodeInfo { letter: 't', code: Code::UnixTime, help: "time of the first packet, in seconds since 1970" },
    CodeInfo { letter: 'C', code: Code::CountMark, help: "'c' if the file's count is above 0" },
    CodeInfo { letter: 'c', code: Code::CountIfAny, help: "the file's count if above 0" },
    CodeInfo { letter: '#', code: Code::Count, help: "the file's count, always" },
    CodeInfo { letter: 'N', code: Code::Units, help: "connection number modulo 1000, 3 digits" },
    CodeInfo { letter: 'K', code: Code::Thousands, help: "thousands of the connection number, likewise" },
    CodeInfo { letter: 'M', code: Code::Millions, help: "millions of the connection number, likewise" },
    CodeInfo { letter: 'G', code: Code::Billions, help: "billions of the connection number, likewise" },
    CodeInfo { letter: 'S', code: Code::Session, help: "session number, the same in both directions, 20 digits" },
    CodeInfo { letter: '%', code: Code::Percent, help: "a percent sign" },
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Source,
    SourcePort,
    Destination,
    DestinationPort,
    SourceMac,
    DestinationMac,
    VlanMark,
    Vlan,
    IsoTime,
    UnixTime,
    CountMark,
    CountIfAny,
    Count,
    Units,
    Thousands,
    Millions,
    Billions,
    Session,
    Percent,
}

impl Code {
    /// Whether it gives nothing for some flows.
    pub(super) fn may_be_empty(self) -> bool {
        matches!(self, Self::VlanMark | Self::Vlan | Self::CountMark | Self::CountIfAny)
    }

    /// Appends what stands in its place in the name of the flow's file with this count.
    #[inline]
    pub(super) fn render(self, out: &mut Vec<u8>, flow: &Identity, count: u32) {
        let thousandth = |unit: u64| flow.connection_number / unit % 1000;
        match self {
            Self::Source => push_name_address(out, flow.tuple.source()),
            Self::SourcePort => push_port(out, flow.tuple.source_port()),
            Self::Destination => push_name_address(out, flow.tuple.destination()),
            Self::DestinationPort => push_port(out, flow.tuple.destination_port()),
            Self::SourceMac => push_mac(out, flow.link.source),
            Self::DestinationMac => push_mac(out, flow.link.destination),
            Self::VlanMark if flow.link.vlan.is_some() => out.extend_from_slice(b"--"),
            Self::VlanMark => {}
            Self::Vlan => {
                if let Some(number) = flow.link.vlan {
                    digits::push(out, number.into());
                }
            }
            Self::IsoTime => flow.first_time.push_iso8601_seconds(out),
            Self::UnixTime => digits::push_signed(out, flow.first_time.seconds()),
            Self::CountMark if count > 0 => out.push(b'c'),
            Self::CountIfAny if count > 0 => digits::push(out, count.into()),
            Self::CountMark | Self::CountIfAny => {}
            Self::Count => digits::push(out, count.into()),
            Self::Units => digits::push_padded(out, thousandth(1), 3),
            Self::Thousands => digits::push_padded(out, thousandth(1_000), 3),
            Self::Millions => digits::push_padded(out, thousandth(1_000_000), 3),
            Self::Billions => digits::push_padded(out, thousandth(1_000_000_000), 3),
            Self::Session => digits::push_padded(out, flow.session_id, 20),
            Self::Percent => out.push(b'%'),
        }
    }
}

/// The numbers of a byte with three digits each. Names consist of them for the most part, and
/// divisions took a third of the time that a name takes.
const THREE_DIGITS: [[u8; 3]; 256] = {
    let mut table = [[b'0'; 3]; 256];
    let mut number = 0;
    while number < table.len() {
        let (hundreds, tens, units) = (number / 100, number / 10 % 10, number % 10);
        table[number] = [b'0' + hundreds as u8, b'0' + tens as u8, b'0' + units as u8];
        number += 1;
    }
    table
};

/// IPv4 addresses have three digits a byte in names, so that names sort like addresses.
fn push_name_address(out: &mut Vec<u8>, address: IpAddr) {
    let IpAddr::V4(v4) = address else { return push_address(out, address) };
    let [a, b, c, d] = v4.octets().map(|byte| THREE_DIGITS[usize::from(byte)]);
    out.extend_from_slice(&[
        a[0], a[1], a[2], b'.', b[0], b[1], b[2], b'.', c[0], c[1], c[2], b'.', d[0], d[1], d[2],
    ]);
}

fn push_port(out: &mut Vec<u8>, port: u16) {
    let digit = |unit: u16| b'0' + (port / unit % 10) as u8;
    out.extend_from_slice(&[digit(10_000), digit(1_000), digit(100), digit(10), digit(1)]);
}
