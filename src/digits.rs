//! Numbers as decimal text, appended to bytes.
//!
//! Names and report entries are made for every flow, millions in a scan; the formatting machinery
//! of the standard library took half of that time.

/// "00" to "99".
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

/// Appends `number`.
#[inline]
pub fn push(out: &mut Vec<u8>, number: u64) {
    match number {
        0..10 => out.push(b'0' + number as u8),
        10..100 => out.extend_from_slice(&PAIRS[number as usize]),
        100..100_000 => push_up_to_five(out, number as u32),
        _ => push_padded(out, number, 1),
    }
}

/// Ports, lengths, counts: nearly all numbers have no more digits.
fn push_up_to_five(out: &mut Vec<u8>, number: u32) {
    let [c, d] = PAIRS[(number % 100) as usize];
    let [a, b] = PAIRS[(number / 100 % 100) as usize];
    match number {
        0..1_000 => out.extend_from_slice(&[b, c, d]),
        1_000..10_000 => out.extend_from_slice(&[a, b, c, d]),
        _ => out.extend_from_slice(&[b'0' + (number / 10_000) as u8, a, b, c, d]),
    }
}

/// Appends the last two digits of `number`.
#[inline]
pub fn push_two(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&PAIRS[(number % 100) as usize]);
}

/// Appends `number` with leading zeros to at least `width` digits; at most 20 are.
pub fn push_padded(out: &mut Vec<u8>, mut number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    while number >= 100 {
        first -= 2;
        digits[first..first + 2].copy_from_slice(&PAIRS[(number % 100) as usize]);
        number /= 100;
    }
    let [tens, ones] = PAIRS[number as usize];
    if number > 0 {
        first -= 1;
        digits[first] = ones;
    }
    if number >= 10 {
        first -= 1;
        digits[first] = tens;
    }
    first = first.min(digits.len().saturating_sub(width));
    out.extend_from_slice(&digits[first..]);
}

/// Appends `number` with its sign.
pub fn push_signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    push(out, number.unsigned_abs());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_usual() {
        let text = |number, width| {
            let mut out = Vec::new();
            push_padded(&mut out, number, width);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(0, 1), "0");
        assert_eq!(text(0, 0), "");
        assert_eq!(text(10, 1), "10");
        assert_eq!(text(100, 5), "00100");
        assert_eq!(text(7, 3), "007");
        assert_eq!(text(12_345, 3), "12345");
        assert_eq!(text(u64::MAX, 20), u64::MAX.to_string());
        for number in (0..100_100).chain([123_456, u64::MAX]) {
            let mut out = Vec::new();
            push(&mut out, number);
            assert_eq!(out, number.to_string().into_bytes());
        }
        let mut out = Vec::new();
        push_signed(&mut out, i64::MIN);
        assert_eq!(out, i64::MIN.to_string().into_bytes());
    }
}
