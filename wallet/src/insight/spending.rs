//! What was spent, by day and category.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::money::Credits;

/// How many days are shown.
pub(super) const DAYS: u32 = 30;

/// What was spent in the last days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spending {
    /// Every day, the oldest first, also those without spending.
    pub days: Vec<SpentDay>,
    /// Whether there were more rows than are counted, so that the oldest days lack some.
    pub is_cut: bool,
}

/// What was spent on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentDay {
    /// The day, in the account's time zone.
    pub day: NaiveDate,
    /// How much on which category, by its code; what was paid back of earlier days can be more than what was spent.
    pub parts: Vec<(String, Credits)>,
}

impl SpentDay {
    /// Sums what was spent; never below zero.
    #[must_use]
    pub fn total(&self) -> Credits {
        sum(self.parts.iter().map(|(_, amount)| (*amount).max(Credits::ZERO)))
    }
}

impl Spending {
    /// Puts what was read into the days; what is of none of them is left out.
    #[must_use]
    pub(crate) fn of(days: &[NaiveDate], spent: &[(NaiveDate, String, Credits)], is_cut: bool) -> Self {
        let day = |day: &NaiveDate| {
            let mut parts: Vec<(String, Credits)> = Vec::new();
            for (_, category, amount) in spent.iter().filter(|(of, ..)| of == day) {
                match parts.iter_mut().find(|(known, _)| known == category) {
                    Some((_, known)) => *known = known.checked_add(*amount).unwrap_or(*known),
                    None => parts.push((category.clone(), *amount)),
                }
            }
            SpentDay { day: *day, parts }
        };
        Self { days: days.iter().map(day).collect(), is_cut }
    }

    /// Sums what was spent in all.
    #[must_use]
    pub fn total(&self) -> Credits {
        sum(self.days.iter().map(SpentDay::total))
    }

    /// Sums by category, the largest first; categories without spending are left out.
    #[must_use]
    pub fn categories(&self) -> Vec<(String, Credits)> {
        let mut sums: Vec<(String, Credits)> = Vec::new();
        for (category, amount) in self.days.iter().flat_map(|day| &day.parts) {
            let amount = (*amount).max(Credits::ZERO);
            match sums.iter_mut().find(|(known, _)| known == category) {
                Some((_, known)) => *known = known.checked_add(amount).unwrap_or(*known),
                None => sums.push((category.clone(), amount)),
            }
        }
        sums.retain(|(_, amount)| amount.is_positive());
        sums.sort_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.cmp(b)));
        sums
    }
}

/// Sums amounts; what is too large for a wallet does not occur.
fn sum(amounts: impl Iterator<Item = Credits>) -> Credits {
    Credits::checked_sum(amounts).unwrap_or(Credits::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn credits(whole: i64) -> Credits {
        Credits::from_whole(whole).expect("fits")
    }

    #[test]
    fn days_and_categories_add_up_and_days_without_spending_are_there() {
        let days = [day("2026-11-18"), day("2026-11-19"), day("2026-11-20")];
        let spent = |of: &str, category: &str, whole: i64| (day(of), category.to_owned(), credits(whole));
        let read = [
            spent("2026-11-18", "text", 4),
            spent("2026-11-20", "image", 13),
            spent("2026-11-20", "text", 6),
            spent("2026-11-20", "text", 1),
            // Paid back for an earlier day, and of a day that is not shown.
            spent("2026-11-19", "video", -40),
            spent("2026-10-01", "text", 99),
        ];
        let spending = Spending::of(&days, &read, false);
        let totals: Vec<Credits> = spending.days.iter().map(SpentDay::total).collect();
        assert_eq!(totals, [credits(4), Credits::ZERO, credits(20)]);
        assert_eq!(spending.total(), credits(24));
        assert_eq!(spending.categories(), [("image".to_owned(), credits(13)), ("text".to_owned(), credits(11))]);
    }
}
