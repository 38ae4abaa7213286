//! The sum of other operations: a pipeline is the sum of its models; a benchmark is, over the chosen models, the
//! price of the whole data set.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Checker, PriceDirection, Rule, Worked};
use crate::error::Problem;
use crate::money::Credits;
use crate::tariff::rule::fraction::Exact;
use crate::tariff::rule::param::{ParamKind, ParamSpec, Reader};

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

    /// Lists the parts that a call takes: those that it selects, all where it selects none.
    pub(crate) fn taken<'a>(&'a self, params: &'a Map<String, Value>) -> impl Iterator<Item = &'a SumPart> {
        let chosen = self.select.as_ref().and_then(|select| params.get(select)).and_then(Value::as_array);
        self.parts.iter().filter(move |part| {
            chosen.is_none_or(|chosen| chosen.iter().any(|key| key.as_str() == Some(part.key.as_str())))
        })
    }

    /// Says what a param of a part is called in a call of the sum.
    pub(crate) fn param_name<'a>(&self, part: &SumPart, param: &'a str) -> Cow<'a, str> {
        if self.shared.iter().any(|shared| shared == param) {
            Cow::Borrowed(param)
        } else {
            Cow::Owned(format!("{}.{param}", part.key))
        }
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
                spec.name = self.param_name(part, &spec.name).into_owned();
                // A shared param is asked for once.
                if specs.iter().all(|known| known.name != spec.name) {
                    specs.push(spec);
                }
            }
        }
        specs
    }

    /// Lists the quantities of the parts by their names in a call of the sum, each once.
    pub(crate) fn quantities(&self) -> Vec<(String, i64)> {
        let mut all: Vec<(String, i64)> = Vec::new();
        for part in &self.parts {
            for (name, per) in part.rule.quantities() {
                let name = self.param_name(part, &name).into_owned();
                if all.iter().all(|(known, _)| *known != name) {
                    all.push((name, per));
                }
            }
        }
        all
    }

    pub(crate) fn check(&self, checker: &mut Checker) {
        checker.names("parts", self.parts.iter().map(|part| part.key.as_str()));
        if !self.shared.is_empty() {
            checker.names("shared", self.shared.iter().map(String::as_str));
        }
        if let Some(select) = &self.select {
            checker.name("select", select);
        }
        // Each param has one meaning: no name is a part's and the sum's.
        let of_parts = |name: &str| self.parts.iter().any(|part| name.starts_with(&format!("{}.", part.key)));
        for name in self.shared.iter().filter(|name| of_parts(name) || Some(*name) == self.select.as_ref()) {
            let message = format!("“{name}” is the name of another param of this sum.");
            checker.wrong("shared", Problem::Taken, message);
        }
        if let Some(select) = self.select.as_ref().filter(|select| of_parts(select)) {
            checker.wrong("select", Problem::Taken, format!("“{select}” is the name of another param of this sum."));
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

    pub(crate) fn price_direction(&self, later: &Self) -> PriceDirection {
        let same = self.shared == later.shared
            && self.select == later.select
            && self
                .parts
                .iter()
                .map(|part| (&part.key, &part.operation))
                .eq(later.parts.iter().map(|part| (&part.key, &part.operation)));
        if !same {
            return PriceDirection::UNKNOWN;
        }
        let pairs = self.parts.iter().zip(&later.parts);
        pairs.fold(PriceDirection::default(), |so_far, (before, after)| {
            so_far.and(before.rule.price_direction(&after.rule))
        })
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
