//! Round numbers for the axis of bytes.

use super::words::size_unit;

/// More steps than this crowd the axis.
const MAX_STEPS: u64 = 7;

/// An axis from 0 to a round number of bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ByteScale {
    /// The number at the top; at least 1.
    pub(super) top: f64,
    /// Numbers at equal distances, from 0 to `top`, and how they are written.
    pub(super) ticks: Vec<(f64, String)>,
}

impl ByteScale {
    /// The axis on which `largest` has a place.
    pub(super) fn new(largest: u64) -> Self {
        if largest == 0 {
            return Self { top: 1.0, ticks: vec![(0.0, "0 B".to_owned())] };
        }
        let step = step(largest);
        let (unit, name) = size_unit(largest);
        let decimals = usize::from(step < u128::from(unit));
        let steps = u128::from(largest).div_ceil(step);
        let tick = |number: u128| {
            let bytes = (number * step) as f64;
            (bytes, format!("{:.decimals$} {name}", bytes / unit as f64))
        };
        Self { top: (steps * step) as f64, ticks: (0..=steps).map(tick).collect() }
    }
}

/// The smallest of 1, 2, 5, 10, 20, 50 and so on that leaves few enough steps.
fn step(largest: u64) -> u128 {
    let mut magnitude = 1;
    loop {
        for digit in [1, 2, 5] {
            let step = digit * magnitude;
            if u128::from(largest).div_ceil(step) <= u128::from(MAX_STEPS) {
                return step;
            }
        }
        magnitude *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(largest: u64) -> String {
        let ticks = ByteScale::new(largest).ticks;
        ticks.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn steps_are_round() {
        assert_eq!(texts(0), "0 B");
        assert_eq!(texts(1), "0 B, 1 B");
        assert_eq!(texts(158), "0 B, 50 B, 100 B, 150 B, 200 B");
        assert_eq!(texts(1_300), "0.0 KB, 0.2 KB, 0.4 KB, 0.6 KB, 0.8 KB, 1.0 KB, 1.2 KB, 1.4 KB");
        assert_eq!(texts(3_900), "0 KB, 1 KB, 2 KB, 3 KB, 4 KB");
        assert_eq!(texts(u64::MAX), "0 EB, 5 EB, 10 EB, 15 EB, 20 EB");
    }

    #[test]
    fn the_top_holds_the_largest_with_few_steps() {
        for power in 0..64 {
            for largest in [1_u64 << power, (1_u64 << power) + 1, (1_u64 << power) - 1] {
                let scale = ByteScale::new(largest);
                assert!(scale.top >= largest as f64, "{largest}");
                assert!(scale.ticks.len() <= 8, "{largest}");
            }
        }
    }
}
