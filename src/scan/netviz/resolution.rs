//! How wide the buckets of the timeline are, and how many there are.

const MILLISECOND: i64 = 1_000;
const SECOND: i64 = 1_000 * MILLISECOND;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A width and number of buckets. About a tenth of the span lies before the first packet, since
/// captures put together from several files need not be in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resolution {
    /// Microseconds in a bucket.
    pub(super) width: i64,
    /// How many there are; fewer than 2^16.
    pub(super) buckets: usize,
    /// How many buckets make the narrowest bar.
    pub(super) shown: i64,
}

/// From the finest to the coarsest. Each width divides the next one, and each span holds the one
/// before; a week is kept as days because 90 days are not a whole number of weeks.
const RESOLUTIONS: [Resolution; 8] = [
    Resolution { width: 100 * MILLISECOND, buckets: 600, shown: 1 },
    Resolution { width: SECOND, buckets: 3600, shown: 1 },
    Resolution { width: MINUTE, buckets: 1440, shown: 1 },
    Resolution { width: 10 * MINUTE, buckets: 1008, shown: 1 },
    Resolution { width: HOUR, buckets: 720, shown: 1 },
    Resolution { width: DAY, buckets: 360, shown: 1 },
    Resolution { width: DAY, buckets: 3598, shown: 7 },
    Resolution { width: 90 * DAY, buckets: 200, shown: 1 },
];

impl Resolution {
    /// The one to start with.
    pub(super) const FINEST: Self = RESOLUTIONS[0];

    /// The next coarser one. Beyond the table the width doubles, which reaches any time in 15
    /// steps or so.
    pub(super) fn coarser(self) -> Self {
        let known = RESOLUTIONS.iter().position(|resolution| *resolution == self);
        match known.and_then(|place| RESOLUTIONS.get(place + 1)) {
            Some(next) => *next,
            None => Self { width: self.width.saturating_mul(2), ..self },
        }
    }

    /// The number of the first bucket when `first` is the first time to be counted.
    pub(super) fn base(self, first: i64) -> i64 {
        first.div_euclid(self.width) - (self.buckets / 10) as i64
    }

    /// The place of the bucket for `time` when the first bucket has number `base`; `None` if the
    /// span does not hold it.
    pub(super) fn place(self, base: i64, time: i64) -> Option<usize> {
        let place = time.div_euclid(self.width).checked_sub(base)?;
        usize::try_from(place).ok().filter(|place| *place < self.buckets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_goes_whole_into_a_coarser_one() {
        let mut finer = Resolution::FINEST;
        for _ in 0..20 {
            let coarser = finer.coarser();
            assert_eq!(coarser.width % finer.width, 0, "{finer:?}");
            for first in [0, 1_400_000_000_123_456, -777, i64::MAX, i64::MIN] {
                let ratio = i128::from(coarser.width / finer.width);
                let finest = i128::from(finer.base(first)).div_euclid(ratio);
                let last = i128::from(finer.base(first)) + finer.buckets as i128 - 1;
                let base = i128::from(coarser.base(first));
                assert!(base <= finest, "{finer:?} {first}");
                assert!(last.div_euclid(ratio) < base + coarser.buckets as i128);
            }
            finer = coarser;
        }
    }

    #[test]
    fn a_tenth_of_the_span_lies_before_the_first_packet() {
        let finest = Resolution::FINEST;
        let base = finest.base(1_000_050_000);
        assert_eq!(finest.place(base, 1_000_050_000), Some(60));
        assert_eq!(finest.place(base, 1_000_000_000 - 6_000_000), Some(0));
        assert_eq!(finest.place(base, 1_000_000_000 - 6_000_001), None);
        assert_eq!(finest.place(base, 1_000_000_000 + 54_000_000 - 1), Some(599));
        assert_eq!(finest.place(base, 1_000_000_000 + 54_000_000), None);
    }
}
