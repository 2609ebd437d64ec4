//! Numbers, sizes, shares and spans of time in words.

use crate::time::Civil;

const SIZE_UNITS: [&str; 7] = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];

/// `372`, `12,345`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `538 B`, `1.25 KB`, `4.29 GB`: powers of 1000, rounded only after the unit is chosen.
pub(super) fn size(bytes: u64) -> String {
    let (unit, name) = size_unit(bytes);
    match unit {
        1 => format!("{bytes} {name}"),
        _ => format!("{:.2} {name}", bytes as f64 / unit as f64),
    }
}

/// The largest unit not larger than `bytes`, in bytes, and its name.
pub(super) fn size_unit(bytes: u64) -> (u64, &'static str) {
    let mut unit = 1_u64;
    let mut name = "B";
    for larger in SIZE_UNITS.into_iter().skip(1) {
        match unit.checked_mul(1000).filter(|next| *next <= bytes) {
            Some(next) => (unit, name) = (next, larger),
            None => break,
        }
    }
    (unit, name)
}

/// The share of `part` in `whole` in percent, rounded down. An empty whole has no parts: 0.
pub(super) fn percent(part: u64, whole: u64) -> u64 {
    let share = u128::from(part) * 100 / u128::from(whole.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// `2014-05-13 16:53:20`.
pub(super) fn date_and_time(civil: Civil) -> String {
    format!("{} {}", date(civil), time_of_day(civil))
}

/// `2014-05-13`.
pub(super) fn date(civil: Civil) -> String {
    format!("{:04}-{:02}-{:02}", civil.year, civil.month, civil.day)
}

/// `16:53:20`.
pub(super) fn time_of_day(civil: Civil) -> String {
    format!("{:02}:{:02}:{:02}", civil.hour, civil.minute, civil.second)
}

/// `UTC`, `UTC+05:30`.
pub(super) fn offset(seconds: i64) -> String {
    let (sign, minutes) = (if seconds < 0 { '\u{2013}' } else { '+' }, seconds.unsigned_abs() / 60);
    match minutes {
        0 => "UTC".to_owned(),
        _ => format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60),
    }
}

struct Unit {
    seconds: u64,
    name: &'static str,
}

const fn unit(name: &'static str, seconds: u64) -> Unit {
    Unit { seconds, name }
}

const DAY: u64 = 86_400;

/// Months and years as long as they are on average in the Gregorian calendar.
const SPAN_UNITS: [Unit; 7] = [
    unit("year", 31_556_952),
    unit("month", 2_629_746),
    unit("week", 7 * DAY),
    unit("day", DAY),
    unit("hour", 3_600),
    unit("minute", 60),
    unit("second", 1),
];

/// `52 seconds`, `2 days, 23 hours`: the largest unit and, unless it is 0, the next smaller one.
pub(super) fn span(seconds: u64) -> String {
    let mut rest = seconds;
    let mut parts = SPAN_UNITS.iter().map(|unit| {
        let number = rest / unit.seconds;
        rest %= unit.seconds;
        (number, unit.name)
    });
    let in_words = |(number, name): (u64, &str)| {
        format!("{} {name}{}", count(number), if number == 1 { "" } else { "s" })
    };
    let Some(largest) = parts.find(|(number, _)| *number > 0) else {
        return "0 seconds".to_owned();
    };
    match parts.next().filter(|(number, _)| *number > 0) {
        Some(smaller) => format!("{}, {}", in_words(largest), in_words(smaller)),
        None => in_words(largest),
    }
}

/// The width of a bar, as an adjective: `50 minute`, `<1 second`, `3 month` (of 30 days), `~1
/// hour` where the largest unit does not divide it.
pub(super) fn interval(micros: i128) -> String {
    const UNITS: [Unit; 7] = [
        unit("year", 360 * DAY),
        unit("month", 30 * DAY),
        unit("week", 7 * DAY),
        unit("day", DAY),
        unit("hour", 3_600),
        unit("minute", 60),
        unit("second", 1),
    ];
    let seconds = u64::try_from(micros / 1_000_000).unwrap_or(0);
    match UNITS.iter().find(|unit| unit.seconds <= seconds) {
        None => "<1 second".to_owned(),
        Some(Unit { seconds: unit, name }) => {
            let about = if seconds % unit == 0 { "" } else { "~" };
            format!("{about}{} {name}", count(seconds / unit))
        }
    }
}

/// The width of a bar, exactly, as it follows "per": `0.6 s`, `50 min`, `hour`, `35 days`.
pub(super) fn exact_interval(micros: i128) -> String {
    const UNITS: [(i128, &str, &str); 4] = [
        (DAY as i128, "day", "days"),
        (3_600, "hour", "h"),
        (60, "minute", "min"),
        (1, "second", "s"),
    ];
    let seconds = micros / 1_000_000;
    if seconds == 0 {
        return format!("0.{} s", micros / 100_000);
    }
    let fitting = UNITS.iter().find(|(unit, ..)| seconds % unit == 0);
    let (unit, one, many) = fitting.copied().unwrap_or((1, "second", "s"));
    match seconds / unit {
        1 => one.to_owned(),
        number => format!("{number} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_decimals_above_bytes() {
        let cases = [
            (0, "0 B"),
            (538, "538 B"),
            (1_000, "1.00 KB"),
            (1_250, "1.25 KB"),
            (999_999, "1000.00 KB"),
            (1_000_000, "1.00 MB"),
            (4_294_967_295, "4.29 GB"),
            (u64::MAX, "18.45 EB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn counts_are_grouped() {
        let texts = [0, 372, 1_000, 12_345, 1_234_567].map(count);
        assert_eq!(texts, ["0", "372", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn percentages_are_rounded_down() {
        assert_eq!((percent(2, 3), percent(3, 3), percent(0, 0)), (66, 100, 0));
        assert_eq!(percent(u64::MAX, u64::MAX), 100);
    }

    #[test]
    fn spans_have_one_or_two_units() {
        let cases = [
            (0, "0 seconds"),
            (1, "1 second"),
            (52, "52 seconds"),
            (120, "2 minutes"),
            (121, "2 minutes, 1 second"),
            (3_601, "1 hour"),
            (2 * DAY + 23 * 3_600 + 1_500, "2 days, 23 hours"),
            (8 * DAY, "1 week, 1 day"),
            (45 * DAY, "1 month, 2 weeks"),
            // Regression: years of 360 days used to make this "9 years, 1 month".
            (3_280 * DAY, "8 years, 11 months"),
        ];
        for (seconds, text) in cases {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn intervals_are_named_by_their_largest_unit() {
        let second = 1_000_000;
        let cases = [
            (600_000, "<1 second", "0.6 s"),
            (second, "1 second", "second"),
            (15 * second, "15 second", "15 s"),
            (3_000 * second, "50 minute", "50 min"),
            (4_200 * second, "~1 hour", "70 min"),
            (90 * 86_400 * second, "3 month", "90 days"),
            (86_400 * second, "1 day", "day"),
            (7 * 86_400 * second, "1 week", "7 days"),
        ];
        for (micros, name, exact) in cases {
            assert_eq!((interval(micros).as_str(), exact_interval(micros).as_str()), (name, exact));
        }
    }

    #[test]
    fn offsets_from_utc() {
        assert_eq!(offset(0), "UTC");
        assert_eq!(offset(19_800), "UTC+05:30");
        assert_eq!(offset(-12_600), "UTC\u{2013}03:30");
    }
}
