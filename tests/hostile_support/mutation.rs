//! Damages captures: flips bits, puts bad numbers where lengths stand, cuts.

use std::ops::Range;

use super::random::Random;

/// Numbers at which programs break.
const NUMBERS: &[u32] = &[
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    12,
    15,
    16,
    19,
    20,
    21,
    39,
    40,
    41,
    63,
    64,
    127,
    128,
    255,
    256,
    1500,
    0x7fff,
    0x8000,
    0xfffe,
    0xffff,
    0x1_0000,
    0x3_ffff,
    0x4_0000,
    0x4_0001,
    0xff_ffff,
    0x100_0000,
    0x100_0001,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fff0,
    0xffff_ffff,
];

/// The headers of all layers are in so many bytes, mostly.
const HEADERS_LEN: usize = 100;

/// A capture with one to eight defects.
///
/// Three of four are damaged only inside of packets, so that all their packets are read: most
/// other damage ends the reading where it is.
pub(crate) fn mutated(mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let packets = packets(&bytes);
    let inside = !packets.is_empty() && random.below(4) != 0;
    for _ in 0..=random.below(8) {
        if inside {
            let packet = packets[random.index(packets.len())].clone();
            let place = packet.start + random.index(packet.len().min(HEADERS_LEN));
            overwrite(&mut bytes[place..packet.end], random);
        } else {
            break_open(&mut bytes, &packets, random);
        }
    }
    bytes
}

/// Damages the front of `bytes`.
fn overwrite(bytes: &mut [u8], random: &mut Random) {
    match random.below(5) {
        0 => put(bytes, &[bytes.first().map_or(0, |byte| byte ^ 1 << random.below(8))]),
        1 => put(bytes, &[random.next() as u8]),
        2 => put(bytes, &(random.pick(NUMBERS) as u16).to_be_bytes()),
        3 => put(bytes, &random.pick(NUMBERS).to_be_bytes()),
        _ => put(bytes, &random.pick(NUMBERS).to_le_bytes()),
    }
}

fn put(bytes: &mut [u8], new: &[u8]) {
    for (old, new) in bytes.iter_mut().zip(new) {
        *old = *new;
    }
}

/// Damages the capture somewhere: most likely in a header of the file, of a record or a packet.
fn break_open(bytes: &mut Vec<u8>, packets: &[Range<usize>], random: &mut Random) {
    let place = match random.below(8) {
        0 => random.index(64),
        1..6 if !packets.is_empty() => {
            let record = packets[random.index(packets.len())].start.saturating_sub(RECORD_HEADER);
            record + random.index(HEADERS_LEN)
        }
        _ => random.index(bytes.len() + 1),
    };
    let place = place.min(bytes.len());
    match random.below(8) {
        0 => bytes.truncate(random.index(bytes.len() + 1)),
        1 => {
            // Some bytes of the capture again at another place.
            let from = random.index(bytes.len() + 1);
            let until = (from + random.index(200)).min(bytes.len());
            let copy = bytes[from.min(until)..until].to_vec();
            let place = place.min(bytes.len());
            bytes.splice(place..place, copy);
        }
        _ => overwrite(&mut bytes[place..], random),
    }
}

/// What stands before a packet in a pcap file.
const RECORD_HEADER: usize = 16;

/// Where the packets of a pcap or pcapng file stand, as far as they can be followed. Empty ones
/// are left out.
fn packets(bytes: &[u8]) -> Vec<Range<usize>> {
    let word = |at: usize, big_endian: bool| {
        let word: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) } as usize)
    };
    let mut packets = Vec::new();
    match bytes {
        [0xa1, 0xb2, ..] | [_, _, 0xb2, 0xa1, ..] => {
            let mut at = 24;
            while let Some(length) = word(at + 8, bytes[0] == 0xa1) {
                let start = at + RECORD_HEADER;
                at = start + length;
                packets.push(start..at);
            }
        }
        [0x0a, 0x0d, 0x0d, 0x0a, _, _, _, _, order, ..] => {
            /// Kind, length, interface, time, two lengths of the packet.
            const ENHANCED_HEADER: usize = 28;
            let big_endian = *order == 0x1a;
            let mut at = 0;
            while let (Some(kind), Some(length @ 12..)) =
                (word(at, big_endian), word(at + 4, big_endian))
            {
                if kind == 6
                    && let Some(captured) = word(at + 20, big_endian)
                {
                    packets.push(at + ENHANCED_HEADER..at + ENHANCED_HEADER + captured);
                }
                at += length;
            }
        }
        _ => {}
    }
    packets.retain(|packet| !packet.is_empty() && packet.end <= bytes.len());
    packets
}
