//! What is told of a new version: the numbers of the changelog, its feeds, the API, mails, webhooks and banners. One
//! read model for all of them, so that no two say different things.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::money::Credits;
use crate::tariff::model::change::{Direction, PriceChange};
use crate::tariff::model::price_book::BookStatus;

/// One version of the public changelog: what changed, or will, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The version.
    pub version: i32,
    /// Scheduled, active, retired or withdrawn.
    pub status: BookStatus,
    /// When it was announced.
    pub announced_at: DateTime<Utc>,
    /// From when it is in force; where it was withdrawn, from when it would have been.
    pub effective_at: DateTime<Utc>,
    /// When what it changes was written last: a drop that takes effect meanwhile is taken into an announced version.
    pub changed_at: DateTime<Utc>,
    /// What changes.
    pub changes: Vec<PriceChange>,
}

impl Announcement {
    /// Counts the operations that go one way.
    #[must_use]
    pub fn count(&self, direction: Direction) -> usize {
        self.changes.iter().filter(|change| change.direction == direction).count()
    }

    /// Says whether something goes up or away.
    #[doc(hidden)]
    #[must_use]
    pub fn rises(&self) -> bool {
        self.status != BookStatus::Withdrawn && self.changes.iter().any(|change| change.direction.needs_notice())
    }
}

/// A page of the changelog, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changelog {
    /// The versions that changed something.
    pub announcements: Vec<Announcement>,
    /// Pass it as `before` for the next page; `None` on the last one.
    pub next: Option<i32>,
    /// When anything of the whole changelog was written last.
    pub changed_at: Option<DateTime<Utc>>,
}

/// By how much prices change, in tenths of a percent, rounded to the nearest: from the least to the most of all prices
/// that change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PercentSpan {
    /// The least: 83 is 8.3 %; −250 is 25 % less.
    pub least: i64,
    /// The most.
    pub most: i64,
}

impl PercentSpan {
    /// Gives by how much one price changes; `None` where nothing differs, or the price was nothing.
    #[must_use]
    pub fn of(before: Credits, after: Credits) -> Option<Self> {
        let tenths = tenths(before, after).filter(|_| before != after)?;
        Some(Self { least: tenths, most: tenths })
    }
}

impl PriceChange {
    /// Gives by how much the operation's prices change; `None` where there is nothing to compare, nothing that differs,
    /// or a price that was nothing.
    #[must_use]
    pub fn percent(&self) -> Option<PercentSpan> {
        let pairs: Vec<(Credits, Credits)> = if self.options.is_empty() {
            let (before, after) = (self.before.as_ref()?, self.after.as_ref()?);
            vec![(before.min, after.min), (before.max, after.max)]
        } else {
            self.options.iter().map(|option| (option.before, option.after)).collect()
        };
        let tenths: Option<Vec<i64>> =
            pairs.into_iter().filter(|(before, after)| before != after).map(|pair| tenths(pair.0, pair.1)).collect();
        let tenths = tenths?;
        Some(PercentSpan { least: *tenths.iter().min()?, most: *tenths.iter().max()? })
    }
}

/// Works out a change in tenths of a percent, rounded to the nearest, halves away from zero.
fn tenths(before: Credits, after: Credits) -> Option<i64> {
    let base = i128::from(before.micros());
    let top = i128::from(after.micros()).checked_sub(base)?.checked_mul(1_000)?;
    let twice = top.abs().checked_mul(2)?.checked_add(base)?;
    let size = twice.checked_div(base.checked_mul(2)?)?;
    i64::try_from(size.checked_mul(top.signum())?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tariff::model::change::options;
    use crate::tariff::rule::PriceRange;
    use crate::tariff::rule::Rule;
    use crate::tariff::rule::{Axis, Matrix};

    fn credits(text: &str) -> Credits {
        text.parse().expect("an amount")
    }

    fn range(min: &str, max: &str) -> Option<PriceRange> {
        Some(PriceRange { min: credits(min), max: credits(max), pricing_type: "flat".into() })
    }

    fn change(before: Option<PriceRange>, after: Option<PriceRange>) -> PriceChange {
        PriceChange {
            operation: "gpt-5".into(),
            name: "GPT-5".into(),
            unit: "request".into(),
            before,
            after,
            direction: Direction::Rise,
            options: Vec::new(),
            gates: Vec::new(),
        }
    }

    fn span(least: i64, most: i64) -> Option<PercentSpan> {
        Some(PercentSpan { least, most })
    }

    #[test]
    fn percent_is_rounded_once_to_a_tenth() {
        assert_eq!(change(range("2", "2"), range("3", "3")).percent(), span(500, 500));
        assert_eq!(change(range("39", "39"), range("32", "32")).percent(), span(-179, -179));
        assert_eq!(change(range("4", "4"), range("0", "0")).percent(), span(-1_000, -1_000));
        assert_eq!(change(range("5", "13"), range("6", "14")).percent(), span(77, 200));
        assert_eq!(change(range("5", "13"), range("5", "14")).percent(), span(77, 77), "only what changes counts");
    }

    #[test]
    fn there_is_no_percentage_of_nothing() {
        assert_eq!(change(range("0", "0"), range("3", "3")).percent(), None);
        assert_eq!(change(None, range("3", "3")).percent(), None);
        assert_eq!(change(range("3", "3"), None).percent(), None);
        assert_eq!(change(range("3", "3"), range("3", "3")).percent(), None);
    }

    #[test]
    fn options_are_compared_one_by_one() {
        let grid = |prices: [&str; 4]| {
            let axis = |param: &str, values: [&str; 2]| Axis {
                param: param.into(),
                values: values.map(Into::into).into(),
                default: None,
            };
            let axes = vec![axis("size", ["s", "l"]), axis("quality", ["sd", "hd"])];
            Rule::Matrix(Matrix { axes, cells: prices.map(credits).into() })
        };
        let found = options(&grid(["5", "6", "10", "13"]), &grid(["5", "6", "10", "14"]));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].labels.join(" "), found[0].after), ("l hd".to_owned(), credits("14")));
        let change = PriceChange { options: found, ..change(range("5", "13"), range("5", "14")) };
        assert_eq!(change.percent(), span(77, 77));
    }

    proptest! {
        #[test]
        fn a_percentage_leads_back_to_the_price(before in 1_i64..1_000_000_000_000, after in 0_i64..1_000_000_000_000) {
            let found = tenths(Credits::from_micros(before), Credits::from_micros(after)).expect("fits");
            let exact = (i128::from(after) - i128::from(before)) * 1_000;
            let error = (i128::from(found) * i128::from(before) - exact).abs();
            prop_assert!(error * 2 <= i128::from(before), "at most half a tenth away");
        }
    }
}
