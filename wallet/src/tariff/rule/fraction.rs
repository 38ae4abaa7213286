//! Exact amounts while a price is worked out: fractions of micro-credits, rounded once at the end.

use std::cmp::Ordering;

use crate::money::Credits;

/// A non-negative fraction of micro-credits. Every operation is checked: `None` means "does not fit in 128 bits".
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exact {
    top: i128,
    bottom: i128,
}

impl Exact {
    /// Nothing.
    pub(crate) const ZERO: Self = Self { top: 0, bottom: 1 };

    /// Takes a whole amount.
    pub(crate) fn of(credits: Credits) -> Self {
        Self { top: i128::from(credits.micros()), bottom: 1 }
    }

    /// Works out `price × quantity ÷ per`.
    pub(crate) fn ratio(price: Credits, quantity: i64, per: i64) -> Option<Self> {
        if per <= 0 {
            return None;
        }
        let top = i128::from(price.micros()).checked_mul(i128::from(quantity))?;
        Some(Self { top, bottom: i128::from(per) })
    }

    /// Adds.
    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        if self.bottom == other.bottom {
            return Some(Self { top: self.top.checked_add(other.top)?, bottom: self.bottom });
        }
        let shared = gcd(self.bottom, other.bottom);
        let (ours, theirs) = (other.bottom.checked_div(shared)?, self.bottom.checked_div(shared)?);
        let top = self.top.checked_mul(ours)?.checked_add(other.top.checked_mul(theirs)?)?;
        Some(Self { top, bottom: self.bottom.checked_mul(ours)? })
    }

    /// Multiplies by a whole number.
    pub(crate) fn times(self, count: i64) -> Option<Self> {
        Some(Self { top: self.top.checked_mul(i128::from(count))?, bottom: self.bottom })
    }

    /// Divides by a positive whole number.
    pub(crate) fn over(self, per: i64) -> Option<Self> {
        if per <= 0 {
            return None;
        }
        Some(Self { top: self.top, bottom: self.bottom.checked_mul(i128::from(per))? })
    }

    /// Takes so many hundredths: 150 is half as much again.
    pub(crate) fn percent(self, percent: u32) -> Option<Self> {
        Some(Self { top: self.top.checked_mul(i128::from(percent))?, bottom: self.bottom.checked_mul(100)? })
    }

    /// Compares exactly; an overflow counts as greater, so that a bound never lets it through.
    pub(crate) fn compare(self, other: Self) -> Ordering {
        match (self.top.checked_mul(other.bottom), other.top.checked_mul(self.bottom)) {
            (Some(ours), Some(theirs)) => ours.cmp(&theirs),
            _ => Ordering::Greater,
        }
    }

    /// Gives the larger of two.
    pub(crate) fn at_least(self, floor: Self) -> Self {
        if self.compare(floor) == Ordering::Less { floor } else { self }
    }

    /// Gives the smaller of two.
    pub(crate) fn at_most(self, ceiling: Self) -> Self {
        if self.compare(ceiling) == Ordering::Greater { ceiling } else { self }
    }

    /// Rounds up to a whole number of steps: the one rounding of a price.
    pub(crate) fn round_up(self, step: Credits) -> Option<Credits> {
        let step = i128::from(step.micros());
        if step <= 0 {
            return None;
        }
        let unit = self.bottom.checked_mul(step)?;
        let mut steps = self.top.checked_div(unit)?;
        if self.top.checked_rem(unit)? > 0 {
            steps = steps.checked_add(1)?;
        }
        i64::try_from(steps.checked_mul(step)?).ok().map(Credits::from_micros)
    }

    /// Cuts to whole micro-credits, down: for a formula line, never for a price.
    pub(crate) fn cut(self) -> Option<Credits> {
        i64::try_from(self.top.checked_div(self.bottom)?).ok().map(Credits::from_micros)
    }
}

/// The greatest common divisor of two positive numbers.
fn gcd(mut left: i128, mut right: i128) -> i128 {
    while let Some(rest) = left.checked_rem(right) {
        (left, right) = (right, rest);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rounds_once_and_up() {
        let third = Exact::ratio(Credits::ONE, 1, 3).expect("fits");
        let sum = third.plus(third).and_then(|sum| sum.plus(third)).expect("fits");
        assert_eq!(sum.round_up(Credits::ONE), Some(Credits::ONE));
        assert_eq!(third.round_up(Credits::from_micros(1)), Some(Credits::from_micros(333_334)));
        assert_eq!(third.cut(), Some(Credits::from_micros(333_333)));
        assert_eq!(Exact::ZERO.round_up(Credits::ONE), Some(Credits::ZERO));
    }

    proptest! {
        #[test]
        fn sums_are_exact(
            parts in proptest::collection::vec((0_i64..1_000_000_000, 0_i64..1_000_000_000, 1_i64..2_000), 1..5),
        ) {
            let mut sum = Exact::ZERO;
            for (price, quantity, per) in &parts {
                let part = Exact::ratio(Credits::from_micros(*price), *quantity, *per).expect("fits");
                sum = sum.plus(part).expect("fits");
            }
            // The same sum over the product of all denominators.
            let bottom: i128 = parts.iter().map(|(_, _, per)| i128::from(*per)).product();
            let top: i128 = parts.iter().map(|(price, quantity, per)| {
                i128::from(*price) * i128::from(*quantity) * (bottom / i128::from(*per))
            }).sum();
            let up = top.div_euclid(bottom) + i128::from(top.rem_euclid(bottom) > 0);
            let rounded = sum.round_up(Credits::from_micros(1)).map(|credits| i128::from(credits.micros()));
            prop_assert_eq!(rounded, i64::try_from(up).ok().map(i128::from));
        }
    }
}
