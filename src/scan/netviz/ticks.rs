//! Where the time axis is labelled, and how: at round local times, whatever the bars are.

use super::words::{date, time_of_day};
use super::zone::LocalZone;
use crate::time::Civil;

const MICROS: i128 = 1_000_000;
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A labelled point on the time axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    /// When, in microseconds since 1970-01-01 UTC.
    pub(super) at: i128,
    /// The time, day, month or year.
    pub(super) label: String,
    /// What the label leaves out, if it differs from the tick before: the date or the year.
    pub(super) context: Option<String>,
}

/// The distance between ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Tenths of a second, fewer than ten.
    Tenths(i64),
    /// A divisor of a day, in seconds.
    Seconds(i64),
    /// One day, or two, or weeks.
    Days(i64),
    /// A divisor of a year.
    Months(i64),
    /// Years.
    Years(i64),
}

impl Step {
    /// All that are worth trying, by length; the last is longer than any span.
    fn all() -> impl Iterator<Item = Self> {
        let seconds = [1, 2, 5, 10, 15, 30].into_iter();
        let minutes = [1, 2, 5, 10, 15, 30].map(|minutes| minutes * MINUTE);
        let hours = [1, 2, 3, 6, 12].map(|hours| hours * HOUR);
        let years = (0..7).map(|power| 10_i64.pow(power));
        let years = years.flat_map(|power| [1, 2, 5].map(|digit| digit * power));
        let tenths = [1, 2, 5].into_iter().map(Self::Tenths);
        tenths
            .chain(seconds.chain(minutes).chain(hours).map(Self::Seconds))
            .chain([1, 2, 7, 14].map(Self::Days))
            .chain([1, 2, 3, 6].map(Self::Months))
            .chain(years.map(Self::Years))
    }

    /// Its length in microseconds, roughly for months and years.
    fn length(self) -> i128 {
        match self {
            Self::Tenths(tenths) => i128::from(tenths) * MICROS / 10,
            Self::Seconds(seconds) => i128::from(seconds) * MICROS,
            Self::Days(days) => i128::from(days * DAY) * MICROS,
            Self::Months(months) => i128::from(months * 30 * DAY) * MICROS,
            Self::Years(years) => i128::from(years * 365 * DAY) * MICROS,
        }
    }

    /// The number of the last tick not after local time `micros`.
    fn number_at(self, local_micros: i128) -> i128 {
        let civil = || Civil::from_unix_seconds(seconds_of(local_micros));
        match self {
            Self::Tenths(_) | Self::Seconds(_) => local_micros.div_euclid(self.length()),
            // Weeks begin on Mondays; 1970-01-01 was a Thursday.
            Self::Days(days) => {
                let day = local_micros.div_euclid(i128::from(DAY) * MICROS);
                (day + 3).div_euclid(i128::from(days))
            }
            Self::Months(months) => i128::from(month_number(civil()).div_euclid(months)),
            Self::Years(years) => i128::from(civil().year.div_euclid(years)),
        }
    }

    /// The local time of tick `number`, in microseconds.
    fn local_time(self, number: i128) -> i128 {
        let first_of_month = |month: i128| i128::from(DAY) * MICROS * day_of_month_start(month);
        match self {
            Self::Tenths(_) | Self::Seconds(_) => number * self.length(),
            Self::Days(days) => (number * i128::from(days) - 3) * i128::from(DAY) * MICROS,
            Self::Months(months) => first_of_month(number * i128::from(months)),
            Self::Years(years) => first_of_month(number * i128::from(years) * 12),
        }
    }

    fn label(self, civil: Civil, tenth: i128) -> String {
        match self {
            Self::Tenths(_) => format!("{}.{tenth}", time_of_day(civil)),
            Self::Seconds(..MINUTE) => time_of_day(civil),
            Self::Seconds(_) => format!("{:02}:{:02}", civil.hour, civil.minute),
            Self::Days(_) => format!("{} {}", month_name(civil), civil.day),
            Self::Months(_) => month_name(civil).to_owned(),
            Self::Years(_) => civil.year.to_string(),
        }
    }

    fn context(self, civil: Civil) -> Option<String> {
        match self {
            Self::Tenths(_) | Self::Seconds(_) => Some(date(civil)),
            Self::Days(_) | Self::Months(_) => Some(civil.year.to_string()),
            Self::Years(_) => None,
        }
    }
}

/// At most about `most` ticks between `start` and `end`, in microseconds since 1970-01-01 UTC.
pub(super) fn time_ticks(zone: &LocalZone, start: i128, end: i128, most: usize) -> Vec<Tick> {
    let room = (end - start).max(1) / (most.max(1) as i128);
    let Some(step) = Step::all().find(|step| step.length() >= room) else { return Vec::new() };
    let offset = i128::from(zone.offset_at(seconds_of(start))) * MICROS;
    let first = step.number_at(start + offset);
    let mut ticks = Vec::new();
    let mut last_context = None;
    for number in first..first + 4 * most as i128 + 8 {
        let local = step.local_time(number);
        let Some(instant) = zone.instant_of(seconds_of(local)) else { continue };
        let at = i128::from(instant) * MICROS + local.rem_euclid(MICROS);
        if at < start || at > end {
            continue;
        }
        let civil = Civil::from_unix_seconds(seconds_of(local));
        let context = step.context(civil).filter(|context| Some(context) != last_context.as_ref());
        if context.is_some() {
            last_context.clone_from(&context);
        }
        let label = step.label(civil, local.rem_euclid(MICROS) / (MICROS / 10));
        ticks.push(Tick { at, label, context });
    }
    ticks
}

fn seconds_of(micros: i128) -> i64 {
    let seconds = micros.div_euclid(MICROS);
    seconds.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// Months since January of the year 0.
fn month_number(civil: Civil) -> i64 {
    civil.year * 12 + i64::from(civil.month) - 1
}

/// The day on which a month begins, counted from 1970-01-01, by its [`month_number`].
fn day_of_month_start(month: i128) -> i128 {
    // Years from March on, so that the leap day is the last day of a year.
    let from_march = month - 2;
    let (year, month) = (from_march.div_euclid(12), from_march.rem_euclid(12));
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * month + 2) / 5 - 719_468
}

fn month_name(civil: Civil) -> &'static str {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES.get((civil.month as usize).wrapping_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i128 = 1_400_000_000 * MICROS; // 2014-05-13 16:53:20 UTC

    fn texts(zone: &LocalZone, start: i128, seconds: i128) -> String {
        let ticks = time_ticks(zone, start, start + seconds * MICROS, 8);
        let text = |tick: &Tick| match &tick.context {
            Some(context) => format!("{}|{context}", tick.label),
            None => tick.label.clone(),
        };
        ticks.iter().map(text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn labels_are_round_times() {
        let utc = LocalZone::utc();
        assert_eq!(
            texts(&utc, START, 2),
            "16:53:20.0|2014-05-13 16:53:20.5 16:53:21.0 16:53:21.5 16:53:22.0"
        );
        assert_eq!(
            texts(&utc, START, 52),
            "16:53:20|2014-05-13 16:53:30 16:53:40 16:53:50 16:54:00 16:54:10"
        );
        // Regression: bars beginning on the full hour used to be labelled with minute 60.
        assert_eq!(texts(&utc, START, 3_540), "17:00|2014-05-13 17:10 17:20 17:30 17:40 17:50");
        assert_eq!(
            texts(&utc, START, 3 * 86_400),
            "00:00|2014-05-14 12:00 00:00|2014-05-15 12:00 00:00|2014-05-16 12:00"
        );
        assert_eq!(texts(&utc, START, 20 * 86_400), "May 19|2014 May 26 Jun 2");
        assert_eq!(texts(&utc, START, 400 * 86_400), "Jul|2014 Sep Nov Jan|2015 Mar May");
        assert_eq!(texts(&utc, START, 3_300 * 86_400), "2016 2018 2020 2022");
    }

    #[test]
    fn labels_are_local() {
        let kolkata = LocalZone::posix("IST-5:30");
        assert_eq!(
            texts(&kolkata, START, 14 * 3_600),
            "00:00|2014-05-14 02:00 04:00 06:00 08:00 10:00 12:00"
        );
        // The night in which the hour from 2 to 3 is left out.
        let new_york = LocalZone::posix("EST5EDT,M3.2.0,M11.1.0");
        let night = 1_394_341_200 * MICROS; // 2014-03-09 00:00
        let labels = texts(&new_york, night, 8 * 3_600);
        assert_eq!(labels, "00:00|2014-03-09 01:00 03:00 04:00 05:00 06:00 07:00 08:00 09:00");
    }

    #[test]
    fn every_span_has_a_few_ticks() {
        let zone = LocalZone::posix("EST5EDT,M3.2.0,M11.1.0");
        let ends = [0, START, i128::from(i64::MAX), i128::from(i64::MIN)];
        for start in ends {
            let mut span = 2 * MICROS;
            while span < 1 << 64 {
                let ticks = time_ticks(&zone, start, start + span, 8);
                assert!((2..=10).contains(&ticks.len()), "{start} {span}: {ticks:?}");
                assert!(ticks.is_sorted_by_key(|tick| tick.at));
                span = span * 5 / 3;
            }
        }
    }

    #[test]
    fn months_begin_on_the_right_day() {
        for seconds in (-80_000_000_000..80_000_000_000_i64).step_by(86_400 * 37) {
            let civil = Civil::from_unix_seconds(seconds);
            let day = day_of_month_start(i128::from(month_number(civil)));
            assert_eq!(day + i128::from(civil.day) - 1, i128::from(seconds.div_euclid(DAY)));
        }
    }
}
