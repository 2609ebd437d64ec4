//! Network addresses as text, appended to bytes: the one spelling that file names, reports and the
//! console share.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::decode::MacAddr;
use crate::digits;

const HEX: &[u8; 16] = b"0123456789abcdef";

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
        digits[0] = HEX[usize::from(byte >> 4)];
        digits[1] = HEX[usize::from(byte & 15)];
    }
    out.extend_from_slice(&text);
}

/// Appends two lower-case hexadecimal digits.
pub fn push_hex(out: &mut Vec<u8>, byte: u8) {
    out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
}

fn push_v4(out: &mut Vec<u8>, address: Ipv4Addr) {
    for (number, byte) in address.octets().into_iter().enumerate() {
        if number > 0 {
            out.push(b'.');
        }
        digits::push(out, byte.into());
    }
}

fn push_v6(out: &mut Vec<u8>, address: Ipv6Addr) {
    // The standard library spells IPv4-compatible addresses in hexadecimal, inet_ntop does not.
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            out.extend_from_slice(b"::");
            push_v4(out, Ipv4Addr::new(a, b, c, d));
        }
        _ => {
            // Writing to a vector cannot fail.
            let _ = write!(out, "{address}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn mac_addresses_have_two_digits_a_byte() {
        let mut out = Vec::new();
        push_mac(&mut out, MacAddr([2, 0, 0x0a, 0xff, 0x10, 1]));
        assert_eq!(out, b"02:00:0a:ff:10:01");
    }
}
