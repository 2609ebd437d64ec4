//! What a parameter may be set to: how the text of a value is read.

use super::Settings;

/// What a parameter may be set to, and where the value goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    Flag(fn(&mut Settings) -> &mut bool),
    /// Set by any number but 0; a flag will do as well.
    NotZero(fn(&mut Settings) -> &mut bool),
    Signed(fn(&mut Settings) -> &mut i32),
    Unsigned(fn(&mut Settings) -> &mut u32),
    Wide(fn(&mut Settings) -> &mut i64),
    /// A number of bytes, with K, M or G for powers of 1024, or `auto`.
    AutoSize(fn(&mut Settings) -> &mut Option<u64>),
    /// The same again, below 2 GiB.
    AutoSmallSize(fn(&mut Settings) -> &mut Option<u32>),
    /// A file descriptor, or -1 for none.
    Descriptor(fn(&mut Settings) -> &mut Option<i32>),
    Text(fn(&mut Settings) -> &mut String),
    /// Text, or nothing for "as if not set".
    OptionalText(fn(&mut Settings) -> &mut Option<String>),
}

impl Value {
    /// Stores what `text` means, or says what it should have been.
    pub(super) fn store(self, settings: &mut Settings, text: &str) -> Result<(), &'static str> {
        const SIZE: &str = "a number of bytes (K, M and G are powers of 1024)";
        match self {
            Self::Flag(field) => *field(settings) = flag(text).ok_or("YES or NO")?,
            Self::NotZero(field) => {
                let number = text.parse().ok().map(|number: i64| number != 0);
                *field(settings) = number.or_else(|| flag(text)).ok_or("a number, YES or NO")?;
            }
            Self::Signed(field) => {
                *field(settings) = text.parse().map_err(|_| "a whole number of 32 bits")?;
            }
            Self::Unsigned(field) => {
                let number = text.parse().ok().filter(|&number| number <= i32::MAX as u32);
                *field(settings) = number.ok_or("a whole number from 0 to 2147483647")?;
            }
            Self::Wide(field) => {
                *field(settings) = text.parse().map_err(|_| "a whole number of 64 bits")?;
            }
            Self::AutoSize(field) => {
                *field(settings) = match text {
                    "auto" => None,
                    _ => Some(size(text).ok_or(SIZE)?),
                };
            }
            Self::AutoSmallSize(field) => {
                let small = |size: u64| i32::try_from(size).ok().and_then(|s| s.try_into().ok());
                *field(settings) = match text {
                    "auto" => None,
                    _ => Some(size(text).and_then(small).ok_or("a number of bytes below 2G")?),
                };
            }
            Self::Descriptor(field) => {
                *field(settings) = match text.parse() {
                    Ok(-1) => None,
                    Ok(descriptor @ 0..) => Some(descriptor),
                    _ => return Err("a file descriptor, or -1 for none"),
                };
            }
            Self::Text(field) => *field(settings) = text.to_owned(),
            Self::OptionalText(field) => {
                *field(settings) = (!text.is_empty()).then(|| text.to_owned());
            }
        }
        Ok(())
    }
}

/// Yes and no as the original reads them, by the first character; anything else is neither.
fn flag(text: &str) -> Option<bool> {
    match text.chars().next()? {
        'Y' | 'y' | 'T' | 't' | '1' => Some(true),
        'N' | 'n' | 'F' | 'f' | '0' => Some(false),
        _ => None,
    }
}

/// A number of bytes, with or without one of the letters K, M and G.
fn size(text: &str) -> Option<u64> {
    const UNITS: [([char; 2], u64); 3] =
        [(['K', 'k'], 1 << 10), (['M', 'm'], 1 << 20), (['G', 'g'], 1 << 30)];
    let with_unit = |(letters, unit)| Some((text.strip_suffix(letters)?, unit));
    let (number, unit) = UNITS.into_iter().find_map(with_unit).unwrap_or((text, 1));
    number.parse::<u64>().ok()?.checked_mul(unit)
}
