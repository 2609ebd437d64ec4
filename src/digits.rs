//! Numbers as decimal text, appended to bytes.
//!
//! Names and report entries are made for every flow, millions in a scan; the formatting machinery
//! of the standard library took half of that time.

/// Appends `number`.
pub fn push(out: &mut Vec<u8>, number: u64) {
    push_padded(out, number, 1);
}

/// Appends `number` with leading zeros to at least `width` digits; at most 20 are.
pub fn push_padded(out: &mut Vec<u8>, mut number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    while number > 0 {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
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
        assert_eq!(text(7, 3), "007");
        assert_eq!(text(12_345, 3), "12345");
        assert_eq!(text(u64::MAX, 20), u64::MAX.to_string());
        let mut out = Vec::new();
        push_signed(&mut out, i64::MIN);
        assert_eq!(out, i64::MIN.to_string().into_bytes());
    }
}
