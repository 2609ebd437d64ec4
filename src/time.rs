//! Points in time as captures record them.
//!
//! Two kinds exist on purpose: [`CaptureTime`] holds the two fields of a capture record as they
//! were recorded, damaged or not, because copies of packets must keep them; [`Timestamp`] is what
//! the rest of the program computes with. The only way from one to the other is
//! [`CaptureTime::to_timestamp`], which settles what a damaged field means.

use std::time::{Duration, SystemTime};

use crate::digits;

/// Microseconds in a second.
pub const MICROS_PER_SECOND: i64 = 1_000_000;

/// The time fields of a capture record, as recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureTime {
    /// Seconds since 1970-01-01 UTC.
    pub seconds: i64,
    /// Microseconds; 0 to 999,999 unless the capture is damaged.
    pub microseconds: u32,
}

impl CaptureTime {
    /// The instant meant, `delta_seconds` later. Impossible microseconds count as 0.
    #[inline]
    pub fn to_timestamp(self, delta_seconds: i32) -> Timestamp {
        let micros = match self.microseconds {
            valid @ 0..=999_999 => i64::from(valid),
            _ => 0,
        };
        if let Ok(seconds) = i32::try_from(self.seconds) {
            // Nearly always, and then nothing can overflow.
            let seconds = i64::from(seconds) + i64::from(delta_seconds);
            return Timestamp(seconds * MICROS_PER_SECOND + micros);
        }
        let seconds = self.seconds.saturating_add(i64::from(delta_seconds));
        Timestamp(seconds.saturating_mul(MICROS_PER_SECOND).saturating_add(micros))
    }
}

/// An instant, in microseconds since 1970-01-01 UTC; before that, negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `micros` microseconds after 1970-01-01 UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01 UTC.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01 UTC, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// Microseconds past [`seconds`](Self::seconds): 0 to 999,999.
    pub const fn subsec_micros(self) -> u32 {
        self.0.rem_euclid(MICROS_PER_SECOND) as u32
    }

    /// The same instant for the file system.
    pub fn to_system_time(self) -> SystemTime {
        let distance = Duration::from_micros(self.0.unsigned_abs());
        let moved = if self.0 >= 0 {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        };
        moved.unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// This instant's calendar date and time of day in UTC.
    pub fn to_civil(self) -> Civil {
        Civil::from_unix_seconds(self.seconds())
    }

    /// Appends `2008-10-06T17:54:54.796605Z`; without decimals when the microseconds are 0, as
    /// DFXML reports of this program have always had it.
    pub fn push_iso8601(self, out: &mut Vec<u8>) {
        self.push_iso8601_seconds(out);
        out.pop(); // the Z
        self.push_decimals(out);
    }

    /// Appends the decimals that stand behind the second, if there are any, and the `Z`.
    fn push_decimals(self, out: &mut Vec<u8>) {
        let micros = self.subsec_micros();
        if micros != 0 {
            out.push(b'.');
            digits::push_padded(out, micros.into(), 6);
        }
        out.push(b'Z');
    }

    /// Appends `2008-10-06T17:54:54Z`, cut to the second.
    pub fn push_iso8601_seconds(self, out: &mut Vec<u8>) {
        let civil = self.to_civil();
        match u64::try_from(civil.year) {
            Ok(year) => digits::push_padded(out, year, 4),
            Err(_) => digits::push_signed(out, civil.year),
        }
        for (before, number) in [
            (b'-', civil.month),
            (b'-', civil.day),
            (b'T', civil.hour),
            (b':', civil.minute),
            (b':', civil.second),
        ] {
            out.push(before);
            digits::push_two(out, number);
        }
        out.push(b'Z');
    }
}

/// Spells many times of which most fall into the same second as the one before: reports tell two
/// of each flow, and the calendar is the larger part of the work.
#[derive(Debug, Default)]
pub struct TimeSpeller {
    second: Option<i64>,
    /// How the second is spelt, without the `Z`.
    text: Vec<u8>,
}

impl TimeSpeller {
    /// Appends what [`Timestamp::push_iso8601`] would.
    pub fn push_iso8601(&mut self, out: &mut Vec<u8>, time: Timestamp) {
        let second = time.seconds();
        if self.second != Some(second) {
            self.second = Some(second);
            self.text.clear();
            time.push_iso8601_seconds(&mut self.text);
            self.text.pop();
        }
        out.extend_from_slice(&self.text);
        time.push_decimals(out);
    }
}

/// A date of the proleptic Gregorian calendar and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The year; 0 and below are years before 1 AD.
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
    /// 0 to 59.
    pub second: u32,
}

impl Civil {
    /// The date and time `seconds` after 1970-01-01T00:00:00, without any time zone.
    ///
    /// Written here because it is done for every flow; where time zones are needed, in the picture, a
    /// calendar crate does it.
    pub fn from_unix_seconds(seconds: i64) -> Self {
        const DAYS_PER_ERA: i64 = 146_097; // 400 years
        let day_number = seconds.div_euclid(86_400);
        let second_of_day = seconds.rem_euclid(86_400) as u32;
        // Count from 0000-03-01, so that the leap day is the last day of a year.
        let shifted = day_number + 719_468;
        let era = shifted.div_euclid(DAYS_PER_ERA);
        let day_of_era = shifted.rem_euclid(DAYS_PER_ERA);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
        let month = ((month_from_march + 2) % 12 + 1) as u32;
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Self {
            year,
            month,
            day,
            hour: second_of_day / 3_600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso8601_has_decimals_only_when_there_are_microseconds() {
        let at = |micros| {
            let mut out = Vec::new();
            Timestamp::from_micros(micros).push_iso8601(&mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(at(1_223_315_694_796_605), "2008-10-06T17:54:54.796605Z");
        assert_eq!(at(1_223_315_694_000_000), "2008-10-06T17:54:54Z");
        assert_eq!(at(-1), "1969-12-31T23:59:59.999999Z");
        assert_eq!(at(951_782_400_000_000), "2000-02-29T00:00:00Z");
    }

    #[test]
    fn a_speller_spells_like_everybody() {
        let mut speller = TimeSpeller::default();
        for micros in [5, 7, 1_000_000, 1_000_000, -1, 951_782_400_000_000, 5] {
            let time = Timestamp::from_micros(micros);
            let (mut spelt, mut expected) = (Vec::new(), Vec::new());
            speller.push_iso8601(&mut spelt, time);
            time.push_iso8601(&mut expected);
            assert_eq!(spelt, expected);
        }
    }

    #[test]
    fn impossible_microseconds_count_as_zero() {
        let time = CaptureTime { seconds: 5, microseconds: 1_000_000 };
        assert_eq!(time.to_timestamp(-10), Timestamp::from_micros(-5_000_000));
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        for seconds in [i64::MIN, i64::MAX] {
            let instant = CaptureTime { seconds, microseconds: 7 }.to_timestamp(i32::MAX);
            instant.push_iso8601(&mut Vec::new());
            instant.to_system_time();
        }
    }
}
