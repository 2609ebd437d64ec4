//! File-name templates: the text of `-T`, changed by `-F`, becomes a name for each flow.
//!
//! A template is taken apart once; a name is made for every flow, hundreds of thousands a second,
//! so that rendering only appends bytes. Templates know no folder and no file system: what a name
//! is put behind, and what happens if the file exists, is the caller's.

use std::fmt;
use std::net::IpAddr;

use thiserror::Error;

use crate::digits;
use crate::flow::Identity;
use crate::net_text::{push_address, push_mac};

/// The template when neither `-T` nor `-F` says other.
pub const DEFAULT_TEMPLATE: &str = "%A.%a-%B.%b%V%v%C%c";

/// A code of the template language.
#[derive(Clone, Copy, Debug)]
pub struct CodeInfo {
    /// The letter behind the percent sign.
    pub letter: char,
    /// What stands in its place, for help texts.
    pub help: &'static str,
    piece: Code,
}

/// Every code of the template language.
#[rustfmt::skip]
pub const CODES: &[CodeInfo] = &[
    CodeInfo { letter: 'A', piece: Code::Source, help: "source address" },
    CodeInfo { letter: 'a', piece: Code::SourcePort, help: "source port, 5 digits" },
    CodeInfo { letter: 'B', piece: Code::Destination, help: "destination address" },
    CodeInfo { letter: 'b', piece: Code::DestinationPort, help: "destination port, 5 digits" },
    CodeInfo { letter: 'E', piece: Code::SourceMac, help: "source MAC address of the first packet" },
    CodeInfo { letter: 'e', piece: Code::DestinationMac, help: "destination MAC address of the first packet" },
    CodeInfo { letter: 'V', piece: Code::VlanMark, help: "'--' if there is a VLAN, else nothing" },
    CodeInfo { letter: 'v', piece: Code::Vlan, help: "VLAN number, nothing without VLAN" },
    CodeInfo { letter: 'T', piece: Code::IsoTime, help: "time of the first packet, as 2008-10-06T17:54:54Z" },
    CodeInfo { letter: 't', piece: Code::UnixTime, help: "time of the first packet, in seconds since 1970" },
    CodeInfo { letter: 'C', piece: Code::CountMark, help: "'c' if the file's count is above 0" },
    CodeInfo { letter: 'c', piece: Code::CountIfAny, help: "the file's count if above 0" },
    CodeInfo { letter: '#', piece: Code::Count, help: "the file's count, always" },
    CodeInfo { letter: 'N', piece: Code::Units, help: "connection number modulo 1000, 3 digits" },
    CodeInfo { letter: 'K', piece: Code::Thousands, help: "thousands of the connection number, likewise" },
    CodeInfo { letter: 'M', piece: Code::Millions, help: "millions of the connection number, likewise" },
    CodeInfo { letter: 'G', piece: Code::Billions, help: "billions of the connection number, likewise" },
    CodeInfo { letter: 'S', piece: Code::Session, help: "session number, the same in both directions, 20 digits" },
    CodeInfo { letter: '%', piece: Code::Percent, help: "a percent sign" },
];

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

/// Why a template is refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TemplateError {
    /// A `%` with a letter that means nothing.
    #[error("file-name template '{template}': unknown code '%{code}'")]
    UnknownCode {
        /// The template, as given.
        template: String,
        /// What stands behind the percent sign.
        code: char,
    },
    /// A `%` with nothing behind it.
    #[error("file-name template '{0}': nothing follows the last '%' (a percent sign is '%%')")]
    LonePercent(String),
    /// Nothing but a count that is not written while it is 0.
    #[error("file-name template '{0}': the first file would have no name")]
    Empty(String),
    /// A part that is `..`, so that files would be somewhere above the output folder.
    #[error("file-name template '{0}': '..' would lead out of the output folder")]
    Climbs(String),
    /// A slash in front, though no output folder stands before it.
    #[error("file-name template '{0}': names that begin with '/' need an output folder (-o)")]
    Absolute(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(Vec<u8>),
    Code(Code),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
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

impl Template {
    /// Parses `text`; `%C%c` is appended if `%c` does not occur in it.
    ///
    /// `%c` is looked for in the text, not among the codes: `100%%c` is left without a count,
    /// because the original names its files so.
    pub fn parse(text: &[u8]) -> Result<Self, TemplateError> {
        let mut pieces = split(text)?;
        if !text.windows(2).any(|pair| pair == b"%c") {
            pieces.extend([Piece::Code(Code::CountMark), Piece::Code(Code::CountIfAny)]);
        }
        let optional = [Piece::Code(Code::CountMark), Piece::Code(Code::CountIfAny)];
        if pieces.iter().all(|piece| optional.contains(piece)) {
            return Err(TemplateError::Empty(lossy(text)));
        }
        Ok(Self { pieces })
    }

    /// Refuses a template whose names would lead out of the output folder. `has_folder` tells
    /// whether one will stand in front of them. Codes give no slashes and no dots at the ends, so
    /// that this depends on the text alone; codes that may give nothing are taken to do so.
    pub fn stay_inside(&self, has_folder: bool) -> Result<(), TemplateError> {
        let text: Vec<u8> = self.pieces.iter().fold(Vec::new(), |mut text, piece| {
            match piece {
                Piece::Literal(literal) => text.extend_from_slice(literal),
                Piece::Code(code) if code.may_be_empty() => {}
                Piece::Code(_) => text.push(b'x'),
            }
            text
        });
        if text.split(|&byte| byte == b'/').any(|part| part == b"..") {
            return Err(TemplateError::Climbs(self.to_string()));
        }
        if !has_folder && text.starts_with(b"/") {
            return Err(TemplateError::Absolute(self.to_string()));
        }
        Ok(())
    }

    /// The parts of names that are the same for all flows.
    pub fn literals(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_slice()),
            Piece::Code(_) => None,
        })
    }

    /// Puts what `text` stands for in front.
    pub fn prepend(&mut self, text: &[u8]) -> Result<(), TemplateError> {
        self.pieces.splice(0..0, split(text)?);
        Ok(())
    }

    /// Makes every name carry its count, 0 too: `%C%c` becomes `c%#`.
    pub fn always_count(&mut self) {
        let mut rest = self.pieces.as_mut_slice();
        while let [first, tail @ ..] = rest {
            if let ([second, ..], Piece::Code(Code::CountMark)) = (&mut *tail, &*first)
                && *second == Piece::Code(Code::CountIfAny)
            {
                *first = Piece::Literal(b"c".to_vec());
                *second = Piece::Code(Code::Count);
            }
            rest = tail;
        }
    }

    /// Whether names with different counts differ.
    pub fn has_count(&self) -> bool {
        let counts = [Piece::Code(Code::CountIfAny), Piece::Code(Code::Count)];
        self.pieces.iter().any(|piece| counts.contains(piece))
    }

    /// Appends the name of the flow's file with this count to `out`.
    pub fn render(&self, out: &mut Vec<u8>, flow: &Identity, count: u32) {
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.extend_from_slice(text),
                Piece::Code(code) => code.render(out, flow, count),
            }
        }
    }
}

impl Default for Template {
    fn default() -> Self {
        Self::parse(DEFAULT_TEMPLATE.as_bytes()).expect("the default template is well formed")
    }
}

impl fmt::Display for Template {
    /// As it would be typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => f.write_str(&lossy(text))?,
                Piece::Code(code) => {
                    let known = CODES.iter().find(|info| info.piece == *code);
                    write!(f, "%{}", known.map_or('?', |info| info.letter))?;
                }
            }
        }
        Ok(())
    }
}

impl Code {
    /// Whether it gives nothing for some flows.
    fn may_be_empty(self) -> bool {
        matches!(self, Self::VlanMark | Self::Vlan | Self::CountMark | Self::CountIfAny)
    }

    fn render(self, out: &mut Vec<u8>, flow: &Identity, count: u32) {
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

/// Takes `text` apart at its codes.
fn split(text: &[u8]) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(percent) = rest.iter().position(|&byte| byte == b'%') {
        let (literal, behind) = rest.split_at(percent);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.to_vec()));
        }
        let behind = behind.get(1..).unwrap_or_default();
        let Some((&letter, tail)) = behind.split_first() else {
            return Err(TemplateError::LonePercent(lossy(text)));
        };
        let Some(info) = CODES.iter().find(|info| info.letter == char::from(letter)) else {
            let code = lossy(behind).chars().next().unwrap_or('\u{fffd}');
            return Err(TemplateError::UnknownCode { template: lossy(text), code });
        };
        pieces.push(Piece::Code(info.piece));
        rest = tail;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest.to_vec()));
    }
    Ok(pieces)
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

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{FiveTuple, LinkFacts, MacAddr};
    use crate::flow::Direction;
    use crate::time::Timestamp;

    fn flow() -> Identity {
        Identity {
            tuple: FiveTuple::v4([74, 125, 19, 101], [192, 168, 1, 2], (80, 50956)),
            link: LinkFacts {
                vlan: Some(7),
                source: MacAddr([2, 0, 0, 0, 0, 0x1f]),
                destination: MacAddr([0xff; 6]),
            },
            direction: Direction::Unknown,
            first_time: Timestamp::from_micros(1_223_315_694_796_605),
            connection_number: 12_003_456_789,
            session_id: 42,
        }
    }

    fn name(template: &Template, flow: &Identity, count: u32) -> String {
        let mut out = b"out/".to_vec();
        template.render(&mut out, flow, count);
        String::from_utf8(out).unwrap().strip_prefix("out/").unwrap().to_owned()
    }

    fn named(text: &str, count: u32) -> String {
        name(&Template::parse(text.as_bytes()).unwrap(), &flow(), count)
    }

    #[test]
    fn the_default_template_gives_the_names_known_for_twenty_years() {
        let mut flow = flow();
        let template = Template::default();
        assert_eq!(name(&template, &flow, 0), "074.125.019.101.00080-192.168.001.002.50956--7");
        assert_eq!(name(&template, &flow, 12), "074.125.019.101.00080-192.168.001.002.50956--7c12");
        flow.link.vlan = None;
        assert_eq!(name(&template, &flow, 0), "074.125.019.101.00080-192.168.001.002.50956");
        let address = |text: &str| text.parse::<std::net::Ipv6Addr>().unwrap().octets();
        flow.tuple = FiveTuple::v6(address("::1.2.3.4"), address("2001:db8::1"), (1, 65535));
        assert_eq!(name(&template, &flow, 0), "::1.2.3.4.00001-2001:db8::1.65535");
    }

    #[test]
    fn every_code_gives_what_its_line_says() {
        let expected = [
            ('A', "074.125.019.101"),
            ('a', "00080"),
            ('B', "192.168.001.002"),
            ('b', "50956"),
            ('E', "02:00:00:00:00:1f"),
            ('e', "ff:ff:ff:ff:ff:ff"),
            ('V', "--"),
            ('v', "7"),
            ('T', "2008-10-06T17:54:54Z"),
            ('t', "1223315694"),
            ('C', "c"),
            ('c', "3"),
            ('#', "3"),
            ('N', "789"),
            ('K', "456"),
            ('M', "003"),
            ('G', "012"),
            ('S', "00000000000000000042"),
            ('%', "%"),
        ];
        assert_eq!(expected.len(), CODES.len());
        for (letter, text) in expected {
            assert_eq!(named(&format!("<%{letter}>%C%c"), 3), format!("<{text}>c3"), "{letter}");
        }
        assert_eq!(named("<%C%c%#>", 0), "<0>");
    }

    #[test]
    fn a_count_is_appended_unless_the_text_has_one() {
        assert_eq!(named("x", 0), "x");
        assert_eq!(named("x", 2), "xc2");
        assert_eq!(named("x%c-y", 2), "x2-y");
        assert_eq!(named("x%#", 2), "x2c2");
        assert_eq!(named("100%%c", 2), "100%c");
        assert!(!Template::parse(b"100%%c").unwrap().has_count());
        assert!(Template::parse(b"x").unwrap().has_count());
    }

    #[test]
    fn edits_change_codes_not_what_looks_like_codes() {
        let edited = |text: &str, edit: fn(&mut Template)| {
            let mut template = Template::parse(text.as_bytes()).unwrap();
            edit(&mut template);
            (name(&template, &flow(), 0), name(&template, &flow(), 1))
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(edited("x", Template::always_count), pair("xc0", "xc1"));
        assert_eq!(edited("%C%cx%C%c", Template::always_count), pair("c0xc0", "c1xc1"));
        assert_eq!(edited("%%C%c", Template::always_count), pair("%C", "%C1"));
        let thousands = |template: &mut Template| template.prepend(b"%K/").unwrap();
        assert_eq!(edited("x", thousands), pair("456/x", "456/xc1"));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let error = |text: &str| Template::parse(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error("a%q"), "file-name template 'a%q': unknown code '%q'");
        assert_eq!(error("a%é"), "file-name template 'a%é': unknown code '%é'");
        assert!(error("a%").ends_with("nothing follows the last '%' (a percent sign is '%%')"));
        assert!(error("a%%%").contains("nothing follows"));
        assert_eq!(error(""), "file-name template '': the first file would have no name");
        assert_eq!(error("%C%c"), "file-name template '%C%c': the first file would have no name");
        assert!(Template::parse(b"\xff%A").is_ok(), "names are bytes");
    }

    #[test]
    fn names_stay_in_the_output_folder() {
        let refused = |text: &str, has_folder| {
            let template = Template::parse(text.as_bytes()).unwrap();
            template.stay_inside(has_folder).err().map(|error| error.to_string())
        };
        let climbs = "'..' would lead out of the output folder";
        for text in ["../%A", "a/../../%A", "%A/..", ".%V.%v/%A", "/..", ".%C.%c/x", ".."] {
            for has_folder in [true, false] {
                let error = refused(text, has_folder).expect(text);
                assert!(error.ends_with(climbs), "{error}");
                assert!(error.starts_with(&format!("file-name template '{text}")), "{error}");
            }
        }
        for text in ["/data/%A", "%v/%A", "//%A"] {
            assert_eq!(refused(text, true), None, "{text}");
            assert!(refused(text, false).expect(text).contains("-o"), "{text}");
        }
        for text in ["..%A", "%A../%B", ".../%A", "./%A", "%A/%B", "a..b"] {
            assert_eq!(refused(text, false), None, "{text}");
        }
    }

    #[test]
    fn bytes_and_ports_have_leading_zeros() {
        for number in (0..=u16::MAX).step_by(7) {
            let byte = (number % 256) as u8;
            let mut flow = flow();
            flow.tuple = FiveTuple::v4([byte; 4], [0; 4], (number, 0));
            let name = name(&Template::parse(b"%A.%a").unwrap(), &flow, 0);
            assert_eq!(name, format!("{byte:03}.{byte:03}.{byte:03}.{byte:03}.{number:05}"));
        }
    }

    #[test]
    fn times_before_1970_have_a_sign() {
        let mut flow = flow();
        flow.first_time = Timestamp::from_micros(-1);
        let template = Template::parse(b"%t %T").unwrap();
        assert_eq!(name(&template, &flow, 0), "-1 1969-12-31T23:59:59Z");
    }
}
