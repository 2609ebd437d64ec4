//! Frames: one TCP segment, wrapped in everything that is looked into.

use std::io::Write;

use tcpflow::capture::LinkType;

use super::{Seed, packed};
use crate::decode::{CHECK_FCS, PICTURE, number_of};

/// A header whose fields are told byte by byte, and what follows it.
fn wrap(header: &[u8], contents: &[u8]) -> Vec<u8> {
    [header, contents].concat()
}

fn be(number: usize) -> [u8; 2] {
    (number as u16).to_be_bytes()
}

fn tcp(payload: &[u8]) -> Vec<u8> {
    let options = [2, 4, 5, 0xb4, 1, 3, 3, 7];
    let mut header = vec![0x1f, 0x90, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x70, 0x18, 0xff, 0xff];
    header.extend([0; 4]);
    header.extend(options);
    wrap(&header, payload)
}

fn udp(port: u16, contents: &[u8]) -> Vec<u8> {
    let [high, low] = port.to_be_bytes();
    let [length, th] = be(contents.len() + 8);
    wrap(&[0xc0, 0, high, low, length, th, 0, 0], contents)
}

/// `flags` are those that concern fragments, with the offset.
fn ipv4(protocol: u8, flags: u16, contents: &[u8]) -> Vec<u8> {
    let [length, th] = be(contents.len() + 20);
    let [high, low] = flags.to_be_bytes();
    let addresses = [10, 0, 0, 1, 10, 0, 0, 2];
    let fixed = [0x45, 0, length, th, 0, 7, high, low, 64, protocol, 0, 0];
    wrap(&wrap(&fixed, &addresses), contents)
}

fn ipv6(next_header: u8, contents: &[u8]) -> Vec<u8> {
    let [length, th] = be(contents.len());
    let mut header = vec![0x60, 0, 0, 0, length, th, next_header, 64];
    header.extend([0xfd; 16]);
    header.extend([0xfe; 16]);
    wrap(&header, contents)
}

fn ethernet(ethertype: u16, contents: &[u8]) -> Vec<u8> {
    let [high, low] = ethertype.to_be_bytes();
    wrap(&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, high, low], contents)
}

fn snap(ethertype: u16, contents: &[u8]) -> Vec<u8> {
    let [high, low] = ethertype.to_be_bytes();
    wrap(&[0xaa, 0xaa, 3, 0, 0, 0, high, low], contents)
}

/// A QoS data frame from an access point, its contents under LLC and SNAP.
fn wifi(contents: &[u8]) -> Vec<u8> {
    let mut header = vec![0x88, 0x02, 0, 0];
    header.extend([2; 18]);
    header.extend([0x10, 0, 0, 0]);
    wrap(&header, &snap(0x0800, contents))
}

fn beacon() -> Vec<u8> {
    let mut frame = vec![0x80, 0, 0, 0];
    frame.extend([0xff; 6]);
    frame.extend([2; 12]);
    frame.extend([0; 14]);
    frame.extend(b"\x00\x04name\x01\x02\x82\x84\x03\x01\x06\x05\x04\x00\x01\x00\x00");
    frame
}

fn compressed(contents: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(vec![6, 0, 0, 2], Default::default());
    encoder.write_all(contents).and_then(|()| encoder.finish()).expect("in memory")
}

/// All ways of wrapping `datagram`, an IPv4 one.
fn wrapped(datagram: &[u8]) -> Vec<(&'static str, LinkType, Vec<u8>)> {
    const ETHERNET: LinkType = LinkType::ETHERNET;
    let vlan = |contents: &[u8]| wrap(&[0, 5, 0x08, 0], contents);
    let ppp = wrap(&[0xff, 3, 0, 0x21], datagram);
    let in_ethernet = ethernet(0x0800, datagram);
    let over_ip = |protocol, contents: &[u8]| ethernet(0x0800, &ipv4(protocol, 0, contents));
    let over_udp = |port, contents: &[u8]| over_ip(17, &udp(port, contents));
    vec![
        ("ethernet", ETHERNET, in_ethernet.clone()),
        ("vlan", ETHERNET, ethernet(0x8100, &vlan(datagram))),
        ("qinq", ETHERNET, ethernet(0x88a8, &wrap(&[0, 6, 0x81, 0], &vlan(datagram)))),
        ("mpls", ETHERNET, ethernet(0x8847, &wrap(&[0, 1, 0x01, 64], datagram))),
        ("pppoe", ETHERNET, ethernet(0x8864, &wrap(&[0x11, 0, 0, 1, 0, 70], &ppp[2..]))),
        ("ethernet-llc", ETHERNET, ethernet(68, &snap(0x0800, datagram))),
        ("ip-in-ip", ETHERNET, over_ip(4, datagram)),
        (
            "gre",
            ETHERNET,
            over_ip(47, &wrap(&[0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], datagram)),
        ),
        ("gre-ethernet", ETHERNET, over_ip(47, &wrap(&[0, 0, 0x65, 0x58], &in_ethernet))),
        ("ipcomp", ETHERNET, over_ip(108, &compressed(&datagram[20..]))),
        ("vxlan", ETHERNET, over_udp(4789, &wrap(&[8, 0, 0, 0, 0, 0, 1, 0], &in_ethernet))),
        ("geneve", ETHERNET, over_udp(6081, &wrap(&[0, 0, 0x65, 0x58, 0, 0, 1, 0], &in_ethernet))),
        ("gtp", ETHERNET, over_udp(2152, &wrap(&[0x30, 0xff, 0, 68, 0, 0, 0, 1], datagram))),
        ("teredo", ETHERNET, over_udp(3544, &ipv6(6, &datagram[20..]))),
        ("raw", LinkType::RAW, datagram.to_vec()),
        ("null", LinkType::NULL, wrap(&[2, 0, 0, 0], datagram)),
        ("loop", LinkType::LOOP, wrap(&[0, 0, 0, 2], datagram)),
        ("ppp", LinkType::PPP, ppp),
        ("pppoe-only", LinkType::PPP_ETHER, wrap(&[0x11, 0, 0, 1, 0, 70, 0, 0x21], datagram)),
        (
            "sll",
            LinkType::LINUX_SLL,
            wrap(&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0], datagram),
        ),
        (
            "sll2",
            LinkType::LINUX_SLL2,
            wrap(&[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], datagram),
        ),
        ("nflog", LinkType::NFLOG, wrap(&[2, 0, 0, 1, 68 + 4, 0, 9, 0], datagram)),
        ("wifi", LinkType(105), wifi(datagram)),
        ("prism", LinkType(119), wrap(&[0; 144], &wifi(datagram))),
        (
            "radiotap",
            LinkType(127),
            wrap(&[0, 0, 9, 0, 2, 0, 0, 0, 0x10], &wrap(&wifi(datagram), &[0; 4])),
        ),
        (
            "avs",
            LinkType(163),
            wrap(&[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64][..], &[0; 56]].concat(), &wifi(datagram)),
        ),
        ("ppi", LinkType(192), wrap(&[0, 0, 8, 0, 105, 0, 0, 0], &wifi(datagram))),
        ("beacon", LinkType(105), beacon()),
    ]
}

pub(super) fn seeds() -> Vec<Seed> {
    let datagram = ipv4(6, 0, &tcp(b"GET / HTTP/1.0\r\n\r\n"));
    let mut seeds = Vec::new();
    let mut add = |name: &str, frames: &[(LinkType, Vec<u8>)]| {
        let mut bytes = vec![CHECK_FCS];
        for (link_type, frame) in frames {
            bytes.extend(number_of(*link_type).map_or(vec![], |number| packed(number, frame)));
        }
        seeds.push(Seed::new("decode", name, bytes));
    };
    for (name, link_type, frame) in wrapped(&datagram) {
        add(name, &[(link_type, frame)]);
    }
    for link_type in crate::decode::link_types() {
        add(&format!("bare-{}", link_type.0), &[(*link_type, datagram.clone())]);
    }

    let whole = tcp(&[b'x'; 44]);
    let fragment = |flags, contents: &[u8]| ethernet(0x0800, &ipv4(6, flags, contents));
    let (first, last) = (fragment(0x2000, &whole[..40]), fragment(5, &whole[40..]));
    let overlapping = fragment(0x2003, &whole[24..56]);
    let frames = [last, overlapping, first].map(|frame| (LinkType::ETHERNET, frame));
    add("fragments", &frames);
    add("unfinished", &frames[1..2]);
    let fragment6 = |place: u8, contents: &[u8]| {
        ethernet(0x86dd, &ipv6(44, &wrap(&[6, 0, 0, place, 0, 0, 0, 7], contents)))
    };
    let frames = [fragment6(1, &whole[..32]), fragment6(32, &whole[32..])];
    add("fragments6", &frames.map(|frame| (LinkType::ETHERNET, frame)));
    let options = wrap(&[43, 0, 1, 4, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0], &whole);
    add("extensions", &[(LinkType::ETHERNET, ethernet(0x86dd, &ipv6(0, &options)))]);

    // Few, because drawing takes long.
    for seed in seeds.iter_mut().filter(|seed| seed.name.contains("ethernet")) {
        seed.bytes[0] |= PICTURE;
    }
    seeds
}
