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
        _ => push_padded(out, number, 1),
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
        for number in [0, 9, 10, 99, 100, 65_535, u64::MAX] {
            let mut out = Vec::new();
            push(&mut out, number);
            assert_eq!(out, number.to_string().into_bytes());
        }
        let mut out = Vec::new();
        push_signed(&mut out, i64::MIN);
        assert_eq!(out, i64::MIN.to_string().into_bytes());
    }
}
