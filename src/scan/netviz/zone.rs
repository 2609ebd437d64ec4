//! Local time: how far a clock on the wall is ahead of UTC at a given instant.

use jiff::tz::TimeZone;

use crate::time::Civil;

/// A time zone, with its changes between summer and winter time.
#[derive(Clone, Debug)]
pub struct LocalZone(TimeZone);

impl LocalZone {
    /// This machine's: what the environment variable `TZ` or else `/etc/localtime` says; UTC if
    /// neither says anything usable.
    pub fn system() -> Self {
        Self(TimeZone::system())
    }

    /// UTC.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The zone of a POSIX rule such as `EST5EDT,M3.2.0,M11.1.0`.
    #[cfg(test)]
    pub(super) fn posix(rule: &str) -> Self {
        Self(TimeZone::posix(rule).unwrap())
    }

    /// Seconds by which local time is ahead of UTC at `unix_seconds`. Far beyond the years that
    /// calendars are made for, what held at their end goes on.
    pub(super) fn offset_at(&self, unix_seconds: i64) -> i64 {
        let (first, last) = (jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second());
        let instant = jiff::Timestamp::from_second(unix_seconds.clamp(first, last));
        instant.map_or(0, |instant| i64::from(self.0.to_offset(instant).seconds()))
    }

    /// Local time at `unix_seconds`.
    pub(super) fn local(&self, unix_seconds: i64) -> Civil {
        Civil::from_unix_seconds(unix_seconds.saturating_add(self.offset_at(unix_seconds)))
    }

    /// The instant at which local clocks show `local_seconds`, counted like Unix seconds; `None`
    /// for the times that they skip. Of the two instants with the same local time either is right.
    pub(super) fn instant_of(&self, local_seconds: i64) -> Option<i64> {
        let instant_with = |offset: i64| local_seconds.saturating_sub(offset);
        let guess = instant_with(self.offset_at(local_seconds));
        let instant = instant_with(self.offset_at(guess));
        (instant_with(self.offset_at(instant)) == instant).then_some(instant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_follow_summer_time() {
        let new_york = LocalZone::posix("EST5EDT,M3.2.0,M11.1.0");
        assert_eq!(new_york.offset_at(1_400_000_000), -4 * 3600); // May 2014
        assert_eq!(new_york.offset_at(1_390_000_000), -5 * 3600); // January 2014
        assert_eq!(new_york.local(1_400_000_000).hour, 12);
    }

    #[test]
    fn local_times_that_clocks_skip_have_no_instant() {
        let new_york = LocalZone::posix("EST5EDT,M3.2.0,M11.1.0");
        let half_past_one = 1_394_328_600; // 2014-03-09 01:30, as if it were UTC
        assert_eq!(Civil::from_unix_seconds(half_past_one).minute, 30);
        let instants = [0, 3_600, 7_200].map(|later| new_york.instant_of(half_past_one + later));
        let one_hour_later = half_past_one + 5 * 3_600 + 3_600;
        assert_eq!(instants, [Some(half_past_one + 5 * 3_600), None, Some(one_hour_later)]);
    }

    #[test]
    fn no_instant_is_too_far() {
        for seconds in [i64::MIN, i64::MAX] {
            let zone = LocalZone::posix("EST5EDT,M3.2.0,M11.1.0");
            let _ = (zone.offset_at(seconds), zone.instant_of(seconds));
            let _ = zone.local(seconds / 1_000_000);
        }
    }
}
