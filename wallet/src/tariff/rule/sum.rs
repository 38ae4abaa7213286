//! The sum of other operations: a pipeline is the sum of its models; a benchmark is, over the chosen models, the
//! price of the whole data set.

use serde::{Deserialize, Serialize};

use super::{Checker, Movement, Rule, Worked};
use crate::error::Problem;
use crate::money::Credits;
use crate::tariff::exact::Exact;
use crate::tariff::param::{ParamKind, ParamSpec, Reader};

/// The sum of the prices of other operations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// The operations.
    pub parts: Vec<SumPart>,
    /// Params that all parts share (a benchmark's data set); the others are named `part.param`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<String>,
    /// The param that lists the parts taken (a benchmark's `models`); without it all parts are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub select: Option<String>,
}

/// One operation of a sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SumPart {
    /// What the part is called in the params: `translate`.
    pub key: String,
    /// The operation.
    pub operation: String,
    /// The operation's rule in the same price book: copied here whenever either changes, so that a rule prices alone.
    pub rule: Box<Rule>,
}

impl Sum {
    pub(crate) fn bounds(&self) -> (Credits, Credits) {
        let ranges = || self.parts.iter().map(|part| part.rule.range());
        let most = Credits::checked_sum(ranges().map(|range| range.max)).unwrap_or(Credits::MAX);
        let least = if self.select.is_some() {
            ranges().map(|range| range.min).min()
        } else {
            Credits::checked_sum(ranges().map(|range| range.min))
        };
        (least.unwrap_or_default(), most)
    }

    pub(crate) fn params(&self) -> Vec<ParamSpec> {
        let mut specs: Vec<ParamSpec> = Vec::new();
        if let Some(select) = &self.select {
            let keys = self.parts.iter().map(|part| part.key.clone()).collect();
            specs.push(ParamSpec {
                name: select.clone(),
                kind: ParamKind::Choices(keys),
                required: false,
                default: None,
            });
        }
        for part in &self.parts {
            for mut spec in part.rule.params() {
                if self.shared.contains(&spec.name) {
                    if specs.iter().any(|known| known.name == spec.name) {
                        continue;
                    }
                } else {
                    spec.name = format!("{}.{}", part.key, spec.name);
                }
                specs.push(spec);
            }
        }
        specs
    }

    pub(crate) fn check(&self, checker: &mut Checker) {
        checker.names("parts", self.parts.iter().map(|part| part.key.as_str()));
        for name in &self.shared {
            checker.name("shared", name);
        }
        if let Some(select) = &self.select {
            checker.name("select", select);
        }
        for part in &self.parts {
            if part.key.contains('.') {
                checker.wrong("parts", Problem::NotAllowed, format!("“{}”: a key has no point.", part.key));
            }
            if matches!(*part.rule, Rule::Sum(_)) {
                checker.wrong(&part.key, Problem::NotAllowed, "A sum can't be a part of a sum.");
            } else {
                checker.inside(&part.key, |checker| part.rule.check(checker));
            }
        }
    }

    pub(crate) fn work(&self, reader: &mut Reader<'_>) -> Option<Worked> {
        let taken = match &self.select {
            Some(select) => reader.choices(select, self.parts.iter().map(|part| part.key.as_str())),
            None => Some((0..self.parts.len()).collect()),
        };
        let mut sum = Some(Worked::fixed(Exact::ZERO, Vec::new()));
        for (place, part) in self.parts.iter().enumerate() {
            if taken.as_ref().is_some_and(|taken| !taken.contains(&place)) {
                continue;
            }
            let Rule::Sum(_) = *part.rule else {
                let worked = reader.part(&part.key, &self.shared, |reader| part.rule.work(reader));
                sum = sum.zip(worked).and_then(|(sum, worked)| join(sum, worked, &part.operation));
                continue;
            };
            return None;
        }
        taken?;
        sum
    }

    pub(crate) fn movement(&self, later: &Self) -> Movement {
        let same = self.shared == later.shared
            && self.select == later.select
            && self
                .parts
                .iter()
                .map(|part| (&part.key, &part.operation))
                .eq(later.parts.iter().map(|part| (&part.key, &part.operation)));
        if !same {
            return Movement::UNKNOWN;
        }
        let pairs = self.parts.iter().zip(&later.parts);
        pairs.fold(Movement::default(), |so_far, (before, after)| so_far.and(before.rule.movement(&after.rule)))
    }
}

/// Adds one part's working to the sum, its lines under the operation's name.
fn join(mut sum: Worked, part: Worked, operation: &str) -> Option<Worked> {
    sum.total = sum.total.plus(part.total)?;
    sum.min = sum.min.plus(part.min)?;
    sum.max = sum.max.plus(part.max)?;
    for mut line in part.lines {
        line.label = if line.label.is_empty() { operation.to_owned() } else { format!("{operation}: {}", line.label) };
        sum.lines.push(line);
    }
    Some(sum)
}
