//! A base and what comes on top: a social post is 5, + 32 with an image, + 40 with a video; a blog post is 60
//! and 7 for each target language.

use serde::{Deserialize, Serialize};

use super::matrix::CELLS_MAX;
use super::{Checker, Line, PriceDirection, Worked};
use crate::error::Problem;
use crate::money::Credits;
use crate::tariff::rule::fraction::Exact;
use crate::tariff::rule::param::{ParamKind, ParamSpec, Reader};

/// A base, surcharges by option, and so much per target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Composite {
    /// What every call costs.
    pub base: Credits,
    /// What the base is for: `Post text`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// What options add.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) surcharges: Vec<Surcharge>,
    /// What each target adds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) targets: Vec<PerTarget>,
}

/// What the options of one param add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Surcharge {
    /// The param: `media_type`.
    pub param: String,
    /// What it takes besides `none`, which adds nothing and is what a call without it means.
    pub options: Vec<SurchargeOption>,
}

/// One option that adds to the price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SurchargeOption {
    /// What the param says.
    pub value: String,
    /// What it adds.
    pub credits: Credits,
    /// What it is for: `Image for the post`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
}

/// What each target adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PerTarget {
    /// The param: a number, or a list whose length counts (`target_languages`).
    pub param: String,
    /// What each adds.
    pub credits: Credits,
    /// The most targets of one call.
    pub max: i64,
    /// What it is for: `Translation`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
}

/// The option that adds nothing.
const NONE: &str = "none";

impl Surcharge {
    fn values(&self) -> impl Iterator<Item = &str> + Clone {
        std::iter::once(NONE).chain(self.options.iter().map(|option| option.value.as_str()))
    }

    fn dearest(&self) -> Credits {
        self.options.iter().map(|option| option.credits).max().unwrap_or_default()
    }
}

impl Composite {
    /// Forgets what its prices are called.
    pub(crate) fn clear_labels(&mut self) {
        let options = self.surcharges.iter_mut().flat_map(|surcharge| &mut surcharge.options);
        let labels = options.map(|option| &mut option.label);
        let labels = labels.chain(self.targets.iter_mut().map(|target| &mut target.label));
        labels.chain([&mut self.label]).for_each(String::clear);
    }

    pub(crate) fn bounds(&self) -> (Credits, Credits) {
        let most = self.surcharges.iter().try_fold(self.base, |so_far, each| so_far.checked_add(each.dearest()));
        (self.base, most.unwrap_or(Credits::MAX))
    }

    pub(crate) fn params(&self) -> Vec<ParamSpec> {
        let surcharge = |surcharge: &Surcharge| ParamSpec {
            name: surcharge.param.clone(),
            kind: ParamKind::Choice(surcharge.values().map(str::to_owned).collect()),
            required: false,
            default: Some(NONE.to_owned()),
        };
        let target = |target: &PerTarget| ParamSpec {
            name: target.param.clone(),
            kind: ParamKind::Integer { min: 0, max: target.max, unit: target.param.clone() },
            required: false,
            default: Some("0".to_owned()),
        };
        self.surcharges.iter().map(surcharge).chain(self.targets.iter().map(target)).collect()
    }

    pub(crate) fn check(&self, checker: &mut Checker) {
        checker.price("base", self.base);
        checker.label("label", &self.label);
        if self.surcharges.is_empty() && self.targets.is_empty() {
            let message = "A composite price needs a surcharge or a target; without one it is flat.";
            checker.wrong("surcharges", Problem::Required, message);
        } else {
            let surcharges = self.surcharges.iter().map(|surcharge| surcharge.param.as_str());
            checker.names("surcharges", surcharges.chain(self.targets.iter().map(|target| target.param.as_str())));
        }
        let prices = self.surcharges.iter().map(|surcharge| surcharge.options.len());
        if prices.fold(0_usize, usize::saturating_add) > CELLS_MAX {
            checker.wrong("surcharges", Problem::TooLong, format!("At most {CELLS_MAX} options in all."));
        }
        for surcharge in &self.surcharges {
            checker.inside(&surcharge.param, |checker| {
                checker.names("options", surcharge.values());
                for option in &surcharge.options {
                    checker.price(&option.value, option.credits);
                    checker.label(&option.value, &option.label);
                }
            });
        }
        for target in &self.targets {
            checker.inside(&target.param, |checker| {
                checker.price("credits", target.credits);
                checker.label("label", &target.label);
                if target.max < 1 || target.max > 10_000 {
                    checker.wrong("max", Problem::NotAllowed, "max is from 1 to 10000.");
                }
            });
        }
    }

    pub(crate) fn work(&self, reader: &mut Reader<'_>) -> Option<Worked> {
        let base = Exact::of(self.base);
        let line = |label: &str, price: Credits, amount: Exact, measured: Option<String>| Line {
            label: label.to_owned(),
            measured,
            unit_price: Some(price),
            amount,
        };
        let mut lines = vec![line(&self.label, self.base, base, None)];
        let (mut total, mut min, mut max) = (Some(base), Some(base), Some(base));
        for surcharge in &self.surcharges {
            let chosen = reader.choice(&surcharge.param, surcharge.values(), Some(NONE));
            max = max.and_then(|max| max.plus(Exact::of(surcharge.dearest())));
            match chosen {
                None => total = None,
                Some(place) => {
                    let option = place.checked_sub(1).and_then(|place| surcharge.options.get(place));
                    if let Some(option) = option {
                        let amount = Exact::of(option.credits);
                        total = total.and_then(|total| total.plus(amount));
                        let label = if option.label.is_empty() { &option.value } else { &option.label };
                        lines.push(line(label, option.credits, amount, None));
                    }
                }
            }
        }
        for target in &self.targets {
            let Some(targets) = reader.targets(&target.param, target.max) else {
                total = None;
                continue;
            };
            let amount = Exact::of(target.credits).times(targets)?;
            let add = |so_far: Option<Exact>| so_far.and_then(|so_far| so_far.plus(amount));
            (total, min, max) = (add(total), add(min), add(max));
            if targets > 0 {
                let label = if target.label.is_empty() { &target.param } else { &target.label };
                lines.push(line(label, target.credits, amount, Some(targets.to_string())));
            }
        }
        Some(Worked { total: total?, min: min?, max: max?, lines })
    }

    pub(crate) fn price_direction(&self, later: &Self) -> PriceDirection {
        let mut direction = PriceDirection::between(&self.base, &later.base);
        for before in &self.surcharges {
            let after = later.surcharges.iter().find(|after| after.param == before.param);
            let Some(after) = after else { return PriceDirection::UNKNOWN };
            for option in &before.options {
                let later = after.options.iter().find(|later| later.value == option.value);
                direction = direction.and(match later {
                    Some(later) => PriceDirection::between(&option.credits, &later.credits),
                    None => PriceDirection::UNKNOWN,
                });
            }
        }
        for before in &self.targets {
            let after = later.targets.iter().find(|after| after.param == before.param);
            let Some(after) = after else { return PriceDirection::UNKNOWN };
            let limit = PriceDirection { up: after.max < before.max, down: false };
            direction = direction.and(PriceDirection::between(&before.credits, &after.credits)).and(limit);
        }
        direction
    }
}
