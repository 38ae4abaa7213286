//! Price books: versioned sets of tariffs, and what changes between two of them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{FieldError, Problem, Refusal};
use crate::money::Credits;
use crate::tariff::model::change::{Direction, PriceChange, Sides};
use crate::tariff::model::quote::{LineRequest, Quote, QuoteBatch};
use crate::tariff::model::tariff::Tariff;
use crate::tariff::rule::Rule;

/// The most lines of one batch of quotes.
pub const BATCH_MAX: usize = 100;
/// The most tariffs of one price book.
pub(crate) const TARIFFS_MAX: usize = 5_000;

/// Where a price book stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookStatus {
    /// Being edited.
    Draft,
    /// Published, not yet in force.
    Scheduled,
    /// In force.
    Active,
    /// Was in force.
    Retired,
    /// Was announced, and withdrawn before its day.
    Withdrawn,
}

impl BookStatus {
    /// Gives the name in the API and the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl fmt::Display for BookStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for BookStatus {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Draft, Self::Scheduled, Self::Active, Self::Retired, Self::Withdrawn];
        all.into_iter().find(|status| status.code() == text).ok_or(())
    }
}

/// A versioned set of tariffs. An active one never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceBook {
    /// The version, from 1.
    pub version: i32,
    /// Where it stands.
    pub status: BookStatus,
    /// From when it is in force, or would have been; none for a draft.
    pub effective_at: Option<DateTime<Utc>>,
    /// Until when it was in force.
    pub retired_at: Option<DateTime<Utc>>,
    /// Goes up with every change of the draft; an edit names the one it saw.
    pub revision: i64,
    /// Prices are rounded up to whole steps.
    pub rounding_step: Credits,
    /// The version that this one was copied from.
    pub based_on: Option<i32>,
    /// Who began it.
    pub created_by: String,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// The tariffs, in the order of the price list.
    pub tariffs: Vec<Tariff>,
}

impl PriceBook {
    /// Finds the tariff of an operation.
    #[must_use]
    pub fn tariff(&self, operation: &str) -> Option<&Tariff> {
        self.tariffs.iter().find(|tariff| tariff.operation == operation)
    }

    /// Finds the tariff of an operation, or refuses by name.
    pub fn tariff_or_refuse(&self, operation: &str) -> Result<&Tariff, Refusal> {
        self.tariff(operation).ok_or_else(|| {
            let shown: String = operation.chars().take(64).collect();
            let message = format!("There is no operation “{shown}” in the price book.");
            let field = FieldError::new("operation", Problem::Unknown, message);
            Refusal::Unprocessable { fields: vec![field] }
        })
    }

    /// Prices an operation.
    pub fn quote(&self, operation: &str, params: &Map<String, Value>, count: i64) -> Result<Quote, Refusal> {
        let tariff = self.tariff_or_refuse(operation)?;
        let priced = tariff.price(params, count, self.rounding_step)?;
        Ok(Quote {
            operation: tariff.operation.clone(),
            name: tariff.name.clone(),
            category: tariff.category,
            params: params.clone(),
            count,
            credits: priced.credits,
            min: priced.min,
            max: priced.max,
            pricing_type: tariff.rule.pricing_type().to_owned(),
            unit: tariff.unit.clone(),
            lines: priced.lines,
            price_book_version: self.version,
        })
    }

    /// Lists the plans that a call with these params needs: the operation's own, and for a sum those of the parts that
    /// it takes. An operation that there is none of needs none; pricing refuses it.
    #[must_use]
    pub fn plans_needed(&self, operation: &str, params: &Map<String, Value>) -> Vec<&str> {
        let Some(tariff) = self.tariff(operation) else { return Vec::new() };
        let mut plans = tariff.plans_of(|param| params.get(param));
        if let Rule::Sum(sum) = &tariff.rule {
            for part in sum.taken(params) {
                let Some(own) = self.tariff(&part.operation) else { continue };
                plans.extend(own.plans_of(|param| params.get(sum.param_name(part, param).as_ref())));
            }
        }
        plans
    }

    /// Prices several things; the paths of what is wrong begin with `lines.0`.
    pub fn quote_batch(&self, lines: &[LineRequest]) -> Result<QuoteBatch, Refusal> {
        let refuse = |problem: Problem, message: String| {
            let field = FieldError::new("lines", problem, message);
            Refusal::Unprocessable { fields: vec![field] }
        };
        if lines.is_empty() || lines.len() > BATCH_MAX {
            return Err(refuse(Problem::Required, format!("Give from 1 to {BATCH_MAX} lines.")));
        }
        let mut quotes = Vec::with_capacity(lines.len());
        let mut problems = Vec::new();
        for (place, line) in lines.iter().enumerate() {
            match self.quote(&line.operation, &line.params, line.count) {
                Ok(quote) => quotes.push(quote),
                Err(Refusal::Unprocessable { fields }) => problems.extend(fields.into_iter().map(|mut field| {
                    field.field = format!("lines.{place}.{}", field.field);
                    field
                })),
                Err(other) => return Err(other),
            }
        }
        if !problems.is_empty() {
            return Err(Refusal::Unprocessable { fields: problems });
        }
        let sum = |amount: fn(&Quote) -> Credits| {
            let too_large = || refuse(Problem::TooLarge, "This would cost more credits than there can be.".to_owned());
            Credits::checked_sum(quotes.iter().map(amount)).ok_or_else(too_large)
        };
        let (total, min, max) = (sum(|quote| quote.credits)?, sum(|quote| quote.min)?, sum(|quote| quote.max)?);
        Ok(QuoteBatch { quotes, total, min, max })
    }

    /// Copies the rules of operations into the sums that name them, so that each rule prices alone.
    pub(crate) fn relink(&mut self) {
        let rules: Vec<(String, Rule)> =
            self.tariffs.iter().map(|tariff| (tariff.operation.clone(), tariff.rule.clone())).collect();
        for tariff in &mut self.tariffs {
            let Rule::Sum(sum) = &mut tariff.rule else { continue };
            for part in &mut sum.parts {
                if let Some((_, rule)) = rules.iter().find(|(operation, _)| *operation == part.operation) {
                    *part.rule = rule.clone();
                }
            }
        }
    }

    /// Finds what is wrong with the book: duplicate operations, unknown parts of a sum, and each tariff's own problems.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let mut problems = Vec::new();
        let mut wrong = |field: String, problem: Problem, message: String| {
            problems.push(FieldError::new(field, problem, message));
        };
        if self.tariffs.len() > TARIFFS_MAX {
            wrong("tariffs".to_owned(), Problem::TooLong, format!("At most {TARIFFS_MAX} operations."));
        }
        let mut seen = std::collections::BTreeSet::new();
        for tariff in &self.tariffs {
            if !seen.insert(tariff.operation.as_str()) {
                wrong(tariff.operation.clone(), Problem::Taken, format!("{} is in the book twice.", tariff.operation));
            }
            if let Rule::Sum(sum) = &tariff.rule {
                for part in &sum.parts {
                    if self.tariff(&part.operation).is_none() {
                        let message = format!("{} is summed here, but has no price.", part.operation);
                        wrong(format!("{}.rule.{}", tariff.operation, part.key), Problem::Unknown, message);
                    }
                }
            }
        }
        problems.extend(self.tariffs.iter().flat_map(Tariff::problems));
        problems
    }

    /// Gives a draft without what needs notice: prices that rise stay as they are in this book, operations that go away
    /// stay, and everything else is as the draft says.
    #[must_use]
    pub(crate) fn without_rises(&self, draft: &Self, rank: impl Fn(&str) -> Option<i32>) -> Self {
        let changes = self.changes(draft, rank);
        let waits = |operation: &str| {
            changes.iter().any(|change| change.operation == operation && change.direction.needs_notice())
        };
        let mut book = Self { rounding_step: self.rounding_step, ..draft.clone() };
        for tariff in &mut book.tariffs {
            if let Some(before) = self.tariff(&tariff.operation).filter(|_| waits(&tariff.operation)) {
                tariff.clone_from(before);
            }
        }
        let removed = self.tariffs.iter().filter(|before| draft.tariff(&before.operation).is_none());
        book.tariffs.extend(removed.cloned());
        book.relink();
        book
    }

    /// Lists what changes from this book to a later one, in the later book's order; removed operations come last.
    ///
    /// `rank` gives a plan's rank, so that a raised minimum plan counts as a rise.
    #[must_use]
    pub fn changes(&self, later: &Self, rank: impl Fn(&str) -> Option<i32>) -> Vec<PriceChange> {
        let sides = Sides { step_before: self.rounding_step, step_after: later.rounding_step, rank: &rank };
        let mut changes = Vec::new();
        for after in &later.tariffs {
            let before = self.tariff(&after.operation);
            let direction = match before {
                None => Some(Direction::New),
                // A sum asks for the plans of its parts.
                Some(before) => match sides.direction(before, after) {
                    Some(Direction::Rise) => Some(Direction::Rise),
                    _ if self.common_parts(later, before, after).any(|(was, is)| sides.requirements_rise(was, is)) => {
                        Some(Direction::Rise)
                    }
                    other => other,
                },
            };
            if let Some(direction) = direction {
                let gates = before.map(|before| self.requirement_changes(later, before, after)).unwrap_or_default();
                changes.push(PriceChange { gates, ..PriceChange::between(before, Some(after), direction) });
            }
        }
        for before in &self.tariffs {
            if later.tariff(&before.operation).is_none() {
                changes.push(PriceChange::between(Some(before), None, Direction::Removed));
            }
        }
        changes
    }
}

/// One price book of the list of versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookSummary {
    /// The version.
    pub version: i32,
    /// Where it stands.
    pub status: BookStatus,
    /// From when it is in force; none for a draft.
    pub effective_at: Option<DateTime<Utc>>,
    /// Until when it was in force.
    pub retired_at: Option<DateTime<Utc>>,
    /// Goes up with every change of the draft.
    pub revision: i64,
    /// Who began it.
    pub created_by: String,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// How many operations it prices.
    pub operations: i64,
}
