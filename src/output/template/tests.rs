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
