//! Damages captures: flips bits, puts bad numbers where lengths stand, cuts.

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
pub(crate) fn mutated(mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
    for _ in 0..=random.below(8) {
        let place = place(&bytes, random);
        match random.below(8) {
            0 => bytes.truncate(random.index(bytes.len() + 1)),
            1 | 2 => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1 << random.below(8);
                }
            }
            3 => put(&mut bytes, place, &[random.next() as u8]),
            4 => put(&mut bytes, place, &(random.pick(NUMBERS) as u16).to_be_bytes()),
            5 => put(&mut bytes, place, &random.pick(NUMBERS).to_be_bytes()),
            6 => put(&mut bytes, place, &random.pick(NUMBERS).to_le_bytes()),
            _ => {
                // Some bytes of the capture again at another place.
                let from = random.index(bytes.len() + 1);
                let until = (from + random.index(200)).min(bytes.len());
                let copy = bytes[from..until].to_vec();
                bytes.splice(place..place, copy);
            }
        }
    }
    bytes
}

fn put(bytes: &mut [u8], place: usize, new: &[u8]) {
    for (old, new) in bytes[place..].iter_mut().zip(new) {
        *old = *new;
    }
}

/// Where to do damage: in the file's header, in the headers of a packet or of its record, or
/// anywhere.
fn place(bytes: &[u8], random: &mut Random) -> usize {
    let place = match random.below(8) {
        0 => random.index(64),
        1..6 => match random.pick_some(&records(bytes)) {
            Some(record) => record + random.index(HEADERS_LEN),
            None => random.index(bytes.len() + 1),
        },
        _ => random.index(bytes.len() + 1),
    };
    place.min(bytes.len())
}

impl Random {
    fn pick_some(&mut self, choice: &[usize]) -> Option<usize> {
        (!choice.is_empty()).then(|| self.pick(choice))
    }
}

/// Where the records of a pcap file or the blocks of a pcapng file begin, as far as they can be
/// followed.
fn records(bytes: &[u8]) -> Vec<usize> {
    let word = |at: usize, big_endian: bool| {
        let word: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) } as usize)
    };
    let (start, length_at, overhead, big_endian) = match bytes {
        [0xa1, 0xb2, ..] => (24, 8, 16, true),
        [_, _, 0xb2, 0xa1, ..] => (24, 8, 16, false),
        [0x0a, 0x0d, 0x0d, 0x0a, _, _, _, _, order, ..] => (0, 4, 0, *order == 0x1a),
        _ => return Vec::new(),
    };
    let mut records = Vec::new();
    let mut at = start;
    while let Some(length) = word(at + length_at, big_endian) {
        records.push(at);
        let Some(next) = at.checked_add(length + overhead).filter(|&next| next > at) else { break };
        at = next;
    }
    records
}
