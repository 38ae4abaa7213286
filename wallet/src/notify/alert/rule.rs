//! Which lines credits are below, and what of it is told: pure.

use chrono::{DateTime, TimeDelta, Utc};

use super::Topic;
use crate::money::Credits;

/// A wallet that lasts no longer than this is about to run out.
pub(crate) const SOON: TimeDelta = TimeDelta::hours(24);
/// A wallet that lasts so long again does not count as about to run out any more. More than [`SOON`], so that a pace
/// that wavers tells nobody twice.
const LATER: TimeDelta = TimeDelta::hours(48);
/// A line that is crossed again so soon, with no credits put in between, is the same story: holds that come and go.
const SAME_STORY: TimeDelta = TimeDelta::hours(6);

/// A line that credits can be below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Line {
    /// Nothing is left.
    Empty,
    /// Nothing is left within a day, at the pace of the last days.
    RunsOut,
    /// The owner's own threshold.
    Own,
    /// The catalog's percentage of the last refill.
    Low,
}

impl Line {
    /// All of them, the worst first.
    pub(crate) const ALL: [Self; 4] = [Self::Empty, Self::RunsOut, Self::Own, Self::Low];

    /// Gives the name in storage.
    #[must_use]
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::RunsOut => "runs_out",
            Self::Own => "own",
            Self::Low => "low",
        }
    }

    /// Gives the choice by which it is told.
    #[must_use]
    pub(crate) const fn topic(self) -> Topic {
        match self {
            Self::Empty => Topic::Empty,
            Self::RunsOut => Topic::RunsOut,
            Self::Own | Self::Low => Topic::LowBalance,
        }
    }
}

/// Until when a wallet's credits last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// It was not worked out now.
    Unknown,
    /// It lasts until then.
    Until(DateTime<Utc>),
    /// It lasts, or nothing is spent, or auto top-up fills it.
    Lasts,
}

/// How a wallet stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// What can be spent.
    pub(crate) available: Credits,
    /// The catalog's line; `None` where there was no refill yet.
    pub(crate) low_below: Option<Credits>,
    /// The owner's own.
    pub(crate) own_below: Option<Credits>,
    /// Until when it lasts.
    pub(crate) outlook: Outlook,
    /// How many grants it has had.
    pub(crate) grants: i64,
}

/// What is known of a line that was crossed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crossing {
    /// Since when credits are below it; `None` once they are back above.
    pub(crate) below_since: Option<DateTime<Utc>>,
    /// When its owner was last told.
    pub(crate) told_at: DateTime<Utc>,
    /// How many grants the wallet had had then.
    pub(crate) told_grants: i64,
}

/// What a look at a wallet comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// What is to be kept of each line that changes.
    pub(crate) changed: Vec<(Line, Crossing)>,
    /// The lines that were crossed and are to be told, the worst first.
    pub(crate) crossed: Vec<Line>,
}

impl Standing {
    /// Says whether credits are below a line; `None` where that is not known or they are between "below" and "back
    /// above": then it stays as it was.
    fn is_below(&self, line: Line, now: DateTime<Utc>) -> Option<bool> {
        let under = |limit: Option<Credits>| limit.is_some_and(|limit| limit.is_positive() && self.available < limit);
        match line {
            Line::Empty => Some(!self.available.is_positive()),
            Line::Own => Some(under(self.own_below)),
            Line::Low => Some(under(self.low_below)),
            Line::RunsOut => match self.outlook {
                Outlook::Unknown => None,
                Outlook::Lasts => Some(false),
                // What is used up is told as such; the line stays crossed until credits last again.
                Outlook::Until(at) if at.signed_duration_since(now) <= SOON => {
                    self.available.is_positive().then_some(true)
                }
                Outlook::Until(at) => (at.signed_duration_since(now) >= LATER).then_some(false),
            },
        }
    }
}

/// Works out what changes and what is told: each line once per crossing.
///
/// `known` gives what was told of a line before.
#[must_use]
pub(crate) fn look(standing: &Standing, known: impl Fn(Line) -> Option<Crossing>, now: DateTime<Utc>) -> Look {
    let mut look = Look::default();
    for line in Line::ALL {
        let before = known(line);
        let was_below = before.is_some_and(|crossing| crossing.below_since.is_some());
        match (was_below, standing.is_below(line, now)) {
            (false, Some(true)) => {
                let is_same_story = before.is_some_and(|before| {
                    now.signed_duration_since(before.told_at) < SAME_STORY && standing.grants <= before.told_grants
                });
                let told = before.filter(|_| is_same_story).map(|before| (before.told_at, before.told_grants));
                let (told_at, told_grants) = told.unwrap_or((now, standing.grants));
                look.changed.push((line, Crossing { below_since: Some(now), told_at, told_grants }));
                if !is_same_story {
                    look.crossed.push(line);
                }
            }
            (true, Some(false)) => {
                look.changed.extend(before.map(|before| (line, Crossing { below_since: None, ..before })));
            }
            _ => {}
        }
    }
    look
}

/// Chooses the one line that is told of those that were crossed: the worst that the owner wants to hear of.
#[must_use]
pub(crate) fn told(crossed: &[Line], wants: impl Fn(Topic) -> bool) -> Option<Line> {
    crossed.iter().copied().find(|line| wants(line.topic()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn credits(whole: i64) -> Credits {
        Credits::from_whole(whole).expect("fits")
    }

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    /// A wallet that is looked at again and again.
    #[derive(Default)]
    struct Watched {
        lines: BTreeMap<Line, Crossing>,
        grants: i64,
        own: Option<i64>,
    }

    impl Watched {
        fn sees(&mut self, available: i64, outlook: Outlook, minutes: i64) -> Vec<Line> {
            let standing = Standing {
                available: credits(available),
                low_below: Some(credits(20)),
                own_below: self.own.map(credits),
                outlook,
                grants: self.grants,
            };
            let look = look(&standing, |line| self.lines.get(&line).copied(), at(minutes));
            self.lines.extend(look.changed);
            look.crossed
        }

        fn has(&mut self, available: i64, minutes: i64) -> Vec<Line> {
            self.sees(available, Outlook::Unknown, minutes)
        }
    }

    #[test]
    fn each_line_is_told_once_and_again_only_after_credits_came_back() {
        let mut wallet = Watched::default();
        assert_eq!(wallet.has(100, 0), []);
        assert_eq!(wallet.has(19, 1), [Line::Low]);
        assert_eq!(wallet.has(10, 2), [], "it was told");
        assert_eq!(wallet.has(0, 3), [Line::Empty]);
        assert_eq!(wallet.has(-5, 4), [], "a debt is no news");
        wallet.grants += 1;
        assert_eq!(wallet.has(100, 5), []);
        assert_eq!(wallet.has(0, 6), [Line::Empty, Line::Low], "bought, and spent at once");
    }

    #[test]
    fn exactly_on_the_line_is_not_below_it() {
        let mut wallet = Watched::default();
        assert_eq!(wallet.has(20, 0), []);
        assert_eq!(wallet.has(19, 1), [Line::Low]);
        wallet.has(20, 2);
        assert!(wallet.lines[&Line::Low].below_since.is_none());
    }

    #[test]
    fn holds_that_come_and_go_are_one_story() {
        let mut wallet = Watched::default();
        assert_eq!(wallet.has(19, 0), [Line::Low]);
        for minute in 1..60 {
            assert_eq!(wallet.has(if minute % 2 == 0 { 19 } else { 21 }, minute), [], "at {minute}");
        }
        assert_eq!(wallet.has(21, 400), []);
        assert_eq!(wallet.has(19, 401), [Line::Low], "hours later it is another one");
    }

    #[test]
    fn the_own_threshold_is_a_line_of_its_own() {
        let mut wallet = Watched { own: Some(50), ..Watched::default() };
        assert_eq!(wallet.has(49, 0), [Line::Own]);
        assert_eq!(wallet.has(15, 1), [Line::Low]);
        // Without a refill there is no percentage, and a threshold of nothing is none.
        let nothing = Standing {
            available: credits(5),
            low_below: None,
            own_below: Some(Credits::ZERO),
            outlook: Outlook::Unknown,
            grants: 0,
        };
        assert_eq!(look(&nothing, |_| None, at(0)), Look::default());
    }

    #[test]
    fn what_runs_out_within_a_day_is_told_once_though_the_pace_wavers() {
        let mut wallet = Watched::default();
        let hours = |hours: i64, now: i64| Outlook::Until(at(now) + TimeDelta::hours(hours));
        assert_eq!(wallet.sees(500, hours(30, 0), 0), []);
        assert_eq!(wallet.sees(500, hours(24, 60), 60), [Line::RunsOut]);
        assert_eq!(wallet.sees(500, hours(25, 500), 500), []);
        assert_eq!(wallet.sees(500, hours(23, 900), 900), [], "it never lasted two days in between");
        assert_eq!(wallet.sees(500, Outlook::Lasts, 960), []);
        assert_eq!(wallet.sees(500, hours(5, 1_000), 1_000), [Line::RunsOut]);
        // Used up, and a little that was held comes back: it is the same story.
        assert_eq!(wallet.sees(0, hours(0, 1_100), 1_100), [Line::Empty, Line::Low]);
        assert_eq!(wallet.sees(25, hours(1, 1_500), 1_500), []);
        // An empty wallet has run out.
        assert_eq!(Watched::default().sees(0, hours(0, 0), 0), [Line::Empty, Line::Low]);
    }

    #[test]
    fn the_worst_is_told_that_the_owner_wants_to_hear_of() {
        let crossed = [Line::Empty, Line::RunsOut, Line::Low];
        assert_eq!(told(&crossed, |_| true), Some(Line::Empty));
        assert_eq!(told(&crossed, |topic| topic == Topic::LowBalance), Some(Line::Low));
        assert_eq!(told(&crossed, |topic| topic == Topic::Expiring), None);
    }
}
