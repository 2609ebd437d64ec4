//! Addresses chosen to break whoever counts them.

use std::net::{Ipv6Addr, SocketAddr};

use crate::bounds::SMALL;
use crate::capture::Capture;
use crate::support::packets::{ACK, ethernet, tcp};

const ETHERNET: u16 = 1;
/// Headers of Ethernet, IPv6 and TCP, and one byte of payload.
const FRAME: u64 = 14 + 40 + 20 + 1;

fn frame(from: Ipv6Addr, to: Ipv6Addr) -> Vec<u8> {
    let [from, to] = [from, to].map(|address| SocketAddr::from((address, 1)));
    ethernet(&tcp(from, to, ACK, 1, 1, b"x"))
}

/// The lines of one histogram of the dump: address and count.
fn histogram<'a>(dump: &'a str, name: &str) -> Vec<(&'a str, u64)> {
    let start = dump.find(name).expect("the histogram");
    dump[start..]
        .lines()
        .skip_while(|line| !line.starts_with("histogram size: "))
        .skip(1)
        .map_while(|line| line.split_once("  count="))
        .map(|(address, count)| (address, count.parse().expect("a number")))
        .collect()
}

/// Every bit of an address counts, the last one too.
#[test]
fn addresses_that_differ_in_any_one_bit_are_told_apart() {
    let mut capture = Capture::of(ETHERNET);
    let mut expected = Vec::new();
    for base in [0_u128, u128::MAX] {
        for address in (0..128).map(|bit| base ^ 1 << bit).chain([base]) {
            capture.frame(&frame(Ipv6Addr::from(address), Ipv6Addr::from(!address)));
            expected.push(Ipv6Addr::from(address));
        }
    }
    expected.sort();
    let sandbox = capture.into_sandbox();
    let arguments = "-e netviz -S netviz_histogram_dump=1 -o out -r in.pcap";
    let outcome = SMALL.run(&sandbox, arguments).succeeds();
    for name in ["src_tree:", "dst_tree:"] {
        let counted = histogram(outcome.text(), name);
        let addresses: Vec<Ipv6Addr> = counted
            .iter()
            .map(|(address, _)| address.strip_suffix("/128").unwrap_or(address))
            .map(|address| address.parse().unwrap_or_else(|_| panic!("{address}")))
            .collect();
        assert_eq!(addresses, expected, "{name}");
        assert!(counted.iter().all(|&(_, bytes)| bytes == FRAME), "{counted:?}");
    }
    assert!(sandbox.read("out/report.pdf").starts_with(b"%PDF-"));
}

/// No matter how many addresses there are, their bytes add up.
#[test]
fn more_addresses_than_fit_become_prefixes_that_lose_nothing() {
    const PACKETS: u64 = 50_000;
    let mut capture = Capture::of(ETHERNET);
    for number in 0..PACKETS {
        let scattered = u128::from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (from, to) = (scattered << 64 | scattered, scattered.reverse_bits());
        capture.frame(&frame(Ipv6Addr::from(from), Ipv6Addr::from(to)));
    }
    let sandbox = capture.into_sandbox();
    let arguments = "-S netviz_histogram_dump=1 -S netviz_histogram_size=1000 -o out -r in.pcap";
    let outcome = SMALL.run(&sandbox, &format!("-E netviz {arguments}")).succeeds();
    for name in ["src_tree:", "dst_tree:"] {
        let counted = histogram(outcome.text(), name);
        assert!((1..=1001).contains(&counted.len()), "{name} has {}", counted.len());
        assert_eq!(counted.iter().map(|(_, bytes)| bytes).sum::<u64>(), PACKETS * FRAME);
    }
}
