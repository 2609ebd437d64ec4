//! Announcements of wireless networks, of which the sender writes every byte.

use std::collections::BTreeMap;

use quick_xml::events::Event;
use quick_xml::reader::Reader;

use crate::bounds::SMALL;
use crate::capture::Capture;
use crate::support::sandbox::Sandbox;

/// The link type of 802.11 frames without a capture header.
const WIRELESS: u16 = 105;

/// A beacon with these elements, from an address that ends in `last`.
fn beacon(last: u8, elements: &[u8]) -> Vec<u8> {
    let addresses = [[0xff; 6], [2, 0, 0, 0, 0, last], [2, 0, 0, 0, 0, last]].concat();
    [&[0x80, 0, 0, 0][..], &addresses, &[0; 2], &[0; 12], elements].concat()
}

fn named(last: u8, name: &[u8]) -> Vec<u8> {
    beacon(last, &[&[0, name.len() as u8], name].concat())
}

/// The networks in the report, which must be well-formed: address, name and count.
fn networks(sandbox: &Sandbox) -> BTreeMap<(String, String), u64> {
    let text = String::from_utf8(sandbox.read("out/report.xml")).expect("UTF-8");
    let control = text.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(control, None, "control characters reach whoever looks at the report");
    let mut reader = Reader::from_str(&text);
    let mut found = BTreeMap::new();
    loop {
        match reader.read_event().expect("a well-formed report") {
            Event::Empty(tag) if tag.name().as_ref() == "ssid" => {
                let attribute = |name: &str| {
                    let attribute = tag.try_get_attribute(name).expect("well-formed");
                    let value = attribute.expect("all are there").value.into_owned();
                    quick_xml::escape::unescape(&value).expect("well-formed").into_owned()
                };
                let count = attribute("count").parse().expect("a number");
                found.insert((attribute("mac"), attribute("ssid")), count);
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

fn address(last: u8) -> String {
    format!("02:00:00:00:00:{last:02x}")
}

#[test]
fn elements_that_overrun_the_frame_end_it_and_no_more() {
    let mut capture = Capture::of(WIRELESS);
    for kind in 0..=255 {
        for len in [1, 2, 32, 33, 254, 255] {
            let elements = [&[0, 6][..], b"before", &[kind, len], &vec![7; usize::from(len) - 1]];
            capture.frame(&beacon(1, &elements.concat()));
        }
        capture.frame(&beacon(1, &[&[0, 6][..], b"before", &[kind]].concat()));
    }
    let sandbox = capture.into_sandbox();
    SMALL.run(&sandbox, "-e wifiviz -o out -r in.pcap").succeeds();
    let networks = networks(&sandbox);
    let count = networks.get(&(address(1), "before".to_owned()));
    // Of an element of three kinds the length is fixed, so that what overruns may be its end.
    assert!(networks.len() <= 1 + 3, "{networks:?}");
    assert!(count.is_some_and(|&count| count >= 256 * 6), "{networks:?}");
}

#[test]
fn names_of_any_bytes_leave_the_report_well_formed() {
    let mut capture = Capture::of(WIRELESS);
    for byte in 0..=255 {
        capture.frame(&named(byte, &[b'a', byte, b'z']));
    }
    capture.frame(&named(7, b"'/><ssid mac='"));
    capture.frame(&named(8, b"]]>&amp;&#0;<!--"));
    capture.frame(&named(9, "\u{fffe}\u{202e}\u{85}\u{9b}31m".as_bytes()));
    let sandbox = capture.into_sandbox();
    SMALL.run(&sandbox, "-e wifiviz -o out -r in.pcap").succeeds();
    let networks = networks(&sandbox);
    assert_eq!(networks.len(), 256 + 3);
    for byte in 0..=255_u8 {
        let name = match byte {
            0 => "a".to_owned(),
            b'\t' | b'\n' | b'\r' => format!("a%{byte:02X}z"),
            b' '..=0x7e => format!("a{}z", char::from(byte)),
            _ => "a\u{fffd}z".to_owned(),
        };
        assert_eq!(networks.get(&(address(byte), name.clone())), Some(&1), "{byte}: {name}");
    }
    assert_eq!(networks.get(&(address(7), "'/><ssid mac='".to_owned())), Some(&1));
    assert_eq!(networks.get(&(address(8), "]]>&amp;&#0;<!--".to_owned())), Some(&1));
}
