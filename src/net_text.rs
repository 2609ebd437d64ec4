//! Network addresses as text, appended to bytes: the one spelling that file names, reports and the
//! console share.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use arrayvec::ArrayVec;

use crate::decode::MacAddr;
use crate::digits;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// "00" to "ff".
const HEX_PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut number = 0;
    while number < pairs.len() {
        pairs[number] = [HEX[number >> 4], HEX[number & 15]];
        number += 1;
    }
    pairs
};

/// The longest spelling of an IPv6 address: eight groups of four digits, and colons.
const MAX_V6: usize = 39;

/// Appends an address as `inet_ntop(3)` spells it.
pub fn push_address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => push_v4(out, address),
        IpAddr::V6(address) => push_v6(out, address),
    }
}

/// Appends a MAC address as `02:00:00:00:00:01`.
pub fn push_mac(out: &mut Vec<u8>, address: MacAddr) {
    let mut text = *b"00:00:00:00:00:00";
    for (digits, byte) in text.chunks_mut(3).zip(address.0) {
        let [high, low] = HEX_PAIRS[usize::from(byte)];
        (digits[0], digits[1]) = (high, low);
    }
    out.extend_from_slice(&text);
}

/// Appends two lower-case hexadecimal digits.
pub fn push_hex(out: &mut Vec<u8>, byte: u8) {
    out.extend_from_slice(&HEX_PAIRS[usize::from(byte)]);
}

fn push_v4(out: &mut Vec<u8>, address: Ipv4Addr) {
    for (number, byte) in address.octets().into_iter().enumerate() {
        if number > 0 {
            out.push(b'.');
        }
        digits::push(out, byte.into());
    }
}

/// As RFC 5952 wants it: groups without leading zeros, and the first of the longest runs of zeros
/// left out. The standard library does the same, but takes five times as long, and spells
/// IPv4-compatible addresses in hexadecimal, which inet_ntop does not.
fn push_v6(out: &mut Vec<u8>, address: Ipv6Addr) {
    let groups = address.segments();
    match groups {
        [0, 0, 0, 0, 0, marker @ (0 | 0xffff), high, low] if high != 0 || marker != 0 => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            out.extend_from_slice(if marker == 0 { b"::" } else { b"::ffff:" });
            return push_v4(out, Ipv4Addr::new(a, b, c, d));
        }
        _ => {}
    }
    let zeros = longest_zeros(&groups);
    // Put together in one place, for to append each digit to what may have to grow takes longer.
    let mut text = ArrayVec::new();
    push_groups(&mut text, groups.get(..zeros.start).unwrap_or_default());
    if !zeros.is_empty() {
        text.extend(*b"::");
        push_groups(&mut text, groups.get(zeros.end..).unwrap_or_default());
    }
    out.extend_from_slice(&text);
}

/// The first of the longest runs of zeros; behind everything if no two stand together.
fn longest_zeros(groups: &[u16; 8]) -> Range<usize> {
    let mut zeros = 0;
    for (place, &group) in groups.iter().enumerate() {
        zeros |= u8::from(group == 0) << place;
    }
    let (start, end) = LONGEST_RUNS[usize::from(zeros)];
    usize::from(start)..usize::from(end)
}

/// Where the first of the longest runs of at least two bits begins and ends; behind all bits if there
/// is none.
const LONGEST_RUNS: [(u8, u8); 256] = {
    let mut runs = [(8, 8); 256];
    let mut bits = 0;
    while bits < runs.len() {
        let (mut longest, mut start, mut place) = (1, 0, 0);
        while place < 8 {
            if bits >> place & 1 == 0 {
                start = place + 1;
            } else if place + 1 - start > longest {
                longest = place + 1 - start;
                runs[bits] = (start, place + 1);
            }
            place += 1;
        }
        bits += 1;
    }
    runs
};

/// Appends groups with colons between them.
fn push_groups(text: &mut ArrayVec<u8, MAX_V6>, groups: &[u16]) {
    for (number, &group) in groups.iter().enumerate() {
        if number > 0 {
            text.push(b':');
        }
        for shift in [12, 8, 4] {
            if group >> shift != 0 {
                text.push(HEX[usize::from(group >> shift & 15)]);
            }
        }
        text.push(HEX[usize::from(group & 15)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_spelt_like_inet_ntop() {
        for text in [
            "10.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff",
            "::1.2.3.4",
            "::0.1.0.0",
            "::ffff:1.2.3.4",
            "2001:db8::1",
            "2001:db8:0:1::",
            "1:0:0:2::3",
            "1::2:0:0:3",
            "1:2:3:4:5:6:0:8",
            "64:ff9b::102:304",
        ] {
            let mut out = Vec::new();
            push_address(&mut out, text.parse().unwrap());
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    proptest! {
        /// Groups of few values, so that there are runs of zeros.
        #[test]
        fn others_are_spelt_as_the_standard_library_does(
            groups in prop::array::uniform8(prop_oneof![3 => Just(0_u16), 1 => 1_u16..300, 1 => any::<u16>()])
        ) {
            let address = Ipv6Addr::from(groups);
            let mut out = Vec::new();
            push_address(&mut out, address.into());
            if groups[..6] != [0; 6] {
                prop_assert_eq!(String::from_utf8(out).unwrap(), address.to_string());
            }
        }
    }

    #[test]
    fn mac_addresses_have_two_digits_a_byte() {
        let mut out = Vec::new();
        push_mac(&mut out, MacAddr([2, 0, 0x0a, 0xff, 0x10, 1]));
        assert_eq!(out, b"02:00:0a:ff:10:01");
    }
}
