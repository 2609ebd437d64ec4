//! Filter expressions (pcap-filter(7)) applied to packets: libpcap compiles them, for each link
//! type that turns up, and runs them with each packet's true length on the wire.

use pcap::{BpfInstruction, BpfProgram, Capture, Linktype};

use super::error::libpcap_reason;
use super::family;
use super::packet::{LinkType, RawPacket};
use crate::sys;

/// `BPF_LD` from `BPF_ABS`, of any size.
const LOAD_ABSOLUTE: u32 = 0x20;
const LOAD_MASK: u32 = 0xe7;

/// Loads from here on are none from the packet (`SKF_AD_OFF` in linux/filter.h).
const BESIDE_THE_PACKET: u32 = 0xffff_f000;

const NOT_IN_FILES: &str = "inbound, outbound and ifindex are not known of packets in files";

/// A filter expression and what it means on the link types met so far.
pub struct Filter {
    expression: String,
    /// The link type used last comes first.
    programs: Vec<(LinkType, BpfProgram)>,
    /// Memory for a packet that a program is to see differently.
    copy: Vec<u8>,
}

/// A filter expression that makes no sense, at least not on this link type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("filter expression '{expression}': {reason}")]
pub struct FilterError {
    /// The expression.
    pub expression: String,
    /// What libpcap says of it.
    pub reason: String,
}

impl Filter {
    /// Compiles `expression` for packets of `link_type`; other link types may follow.
    pub fn compile(expression: &str, link_type: LinkType) -> Result<Self, FilterError> {
        let mut filter =
            Self { expression: expression.to_owned(), programs: Vec::new(), copy: Vec::new() };
        filter.add_program(link_type)?;
        Ok(filter)
    }

    /// Whether the packet is wanted. Fails if the expression cannot be applied to its link type.
    #[inline]
    pub fn matches(&mut self, packet: &RawPacket<'_>) -> Result<bool, FilterError> {
        if self.programs.first().is_none_or(|(link_type, _)| *link_type != packet.link_type) {
            self.bring_forward(packet.link_type)?;
        }
        let (_, program) = &self.programs[0];
        let data = family::as_captured_here(packet, &mut self.copy);
        Ok(sys::filter_matches(program, packet.wire_len, data))
    }

    /// Has the program for this link type come first.
    #[cold]
    fn bring_forward(&mut self, link_type: LinkType) -> Result<(), FilterError> {
        match self.programs.iter().position(|(known, _)| *known == link_type) {
            Some(position) => self.programs.swap(0, position),
            None => self.add_program(link_type)?,
        }
        Ok(())
    }

    fn add_program(&mut self, link_type: LinkType) -> Result<(), FilterError> {
        let refused = |reason| FilterError { expression: self.expression.clone(), reason };
        let program = Capture::dead(Linktype(link_type.0))
            .and_then(|dead| dead.compile(&self.expression, true))
            .map_err(|error| refused(libpcap_reason(error)))?;
        if program.get_instructions().iter().any(asks_the_kernel) {
            return Err(refused(NOT_IN_FILES.to_owned()));
        }
        self.programs.insert(0, (link_type, program));
        Ok(())
    }
}

/// Whether an instruction loads no byte of the packet but something that Linux knows of it besides.
/// Without a capture file at hand libpcap compiles such programs; they accept nothing.
fn asks_the_kernel(instruction: &BpfInstruction) -> bool {
    // The crate shows what instructions consist of in this form only: code, two jumps, operand.
    let text = instruction.to_string();
    let mut numbers = text.split(' ').map_while(|number| number.parse::<u32>().ok());
    let (code, operand) = (numbers.next().unwrap_or(0), numbers.nth(2).unwrap_or(0));
    code & LOAD_MASK == LOAD_ABSOLUTE && operand >= BESIDE_THE_PACKET
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::CaptureTime;

    /// A TCP segment to port 80 in an IPv4 datagram without link layer, padded to `len` bytes.
    fn datagram(len: usize) -> Vec<u8> {
        let mut bytes = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        bytes.extend([0x30, 0x39, 0, 80]);
        bytes.resize(len, 0);
        bytes
    }

    fn packet(link_type: LinkType, wire_len: u32, data: &[u8]) -> RawPacket<'_> {
        RawPacket { time: CaptureTime::default(), wire_len, link_type, data }
    }

    #[test]
    fn lengths_are_those_on_the_wire_not_those_captured() {
        let data = datagram(60);
        let mut filter = Filter::compile("greater 1000", LinkType::RAW).unwrap();
        assert!(filter.matches(&packet(LinkType::RAW, 1500, &data)).unwrap());
        assert!(!filter.matches(&packet(LinkType::RAW, 999, &data)).unwrap());
        let mut filter = Filter::compile("less 100", LinkType::RAW).unwrap();
        assert!(!filter.matches(&packet(LinkType::RAW, 1500, &data)).unwrap());
    }

    #[test]
    fn every_link_type_gets_a_program_of_its_own() {
        let raw = datagram(60);
        let mut ethernet = vec![0; 12];
        ethernet.extend([8, 0]);
        ethernet.extend(&raw);
        let mut filter = Filter::compile("tcp port 80", LinkType::RAW).unwrap();
        for _ in 0..2 {
            assert!(filter.matches(&packet(LinkType::RAW, 60, &raw)).unwrap());
            assert!(filter.matches(&packet(LinkType::ETHERNET, 74, &ethernet)).unwrap());
            assert!(!filter.matches(&packet(LinkType::ETHERNET, 60, &raw)).unwrap());
        }
        assert_eq!(filter.programs.len(), 2);
    }

    /// Guards against the loss of all IPv6 of BSDs and macOS, and of all that a host of the other byte
    /// order captured: libpcap knows neither without the file.
    #[test]
    fn families_of_other_systems_are_understood() {
        let v4 = datagram(60);
        let mut v6 = vec![0x60, 0, 0, 0, 0, 20, 6, 64];
        v6.extend([0; 32]);
        v6.extend([0x30, 0x39, 0, 80]);
        v6.resize(60, 0);
        let check = |link_type, header: &[u8], datagram: &[u8], is_v6: bool| {
            let data = [header, datagram].concat();
            for (expression, wanted) in
                [("tcp port 80", true), ("ip6", is_v6), ("not ip6", !is_v6), ("ip", !is_v6)]
            {
                let mut filter = Filter::compile(expression, link_type).unwrap();
                let passes = filter.matches(&packet(link_type, 100, &data)).unwrap();
                assert_eq!(passes, wanted, "{expression} of {link_type:?} {header:?}");
            }
        };
        for (family, datagram) in [(2_u32, &v4), (10, &v6), (24, &v6), (28, &v6), (30, &v6)] {
            let is_v6 = family != 2;
            for bytes in [family.to_le_bytes(), family.to_be_bytes()] {
                check(LinkType::NULL, &bytes, datagram, is_v6);
                check(LinkType::ENC, &[&bytes[..], &[0; 8]].concat(), datagram, is_v6);
            }
            check(LinkType::LOOP, &family.to_be_bytes(), datagram, is_v6);
            let mut log = vec![61, family as u8];
            log.resize(64, 0);
            check(LinkType::PFLOG, &log, datagram, is_v6);
        }
        let mut filter = Filter::compile("not ip and not ip6", LinkType::NULL).unwrap();
        assert!(filter.matches(&packet(LinkType::NULL, 100, &[7, 0, 0, 0, 0x45])).unwrap());
        assert!(!filter.matches(&packet(LinkType::NULL, 100, &[2])).unwrap(), "too short");
    }

    #[test]
    fn an_empty_packet_and_an_empty_expression_are_no_trouble() {
        let mut filter = Filter::compile("tcp port 80", LinkType::ETHERNET).unwrap();
        assert!(!filter.matches(&packet(LinkType::ETHERNET, 0, &[])).unwrap());
        let mut filter = Filter::compile("", LinkType::ETHERNET).unwrap();
        assert!(filter.matches(&packet(LinkType::ETHERNET, 0, &[])).unwrap());
    }

    #[test]
    fn bad_expressions_are_explained_by_libpcap() {
        for expression in ["port", "port 80 and (", "host\0"] {
            let error = Filter::compile(expression, LinkType::ETHERNET).err().unwrap();
            assert!(error.to_string().contains(expression), "{error}");
            assert!(!error.reason.is_empty());
        }
    }

    /// Files tell the direction only where the link layer does.
    #[test]
    fn what_only_the_kernel_knows_is_refused() {
        for expression in ["inbound", "outbound and port 80", "ifindex 3", "not inbound"] {
            let error = Filter::compile(expression, LinkType::ETHERNET).err().unwrap();
            assert_eq!(error.reason, NOT_IN_FILES, "{expression}");
        }
        assert!(Filter::compile("inbound", LinkType::LINUX_SLL).is_ok());
        assert!(Filter::compile("ether[0:4] > 1 and greater 20", LinkType::ETHERNET).is_ok());
    }

    #[test]
    fn an_expression_that_does_not_fit_a_later_link_type_is_an_error() {
        let mut filter = Filter::compile("ether host 1:2:3:4:5:6", LinkType::ETHERNET).unwrap();
        assert!(filter.matches(&packet(LinkType::RAW, 60, &datagram(60))).is_err());
    }
}
