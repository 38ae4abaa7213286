//! A rule as a list of prices, for an editor: the same cells in the same order, whatever the rule.

use serde::{Deserialize, Serialize};

use super::Rule;
use crate::error::{FieldError, Problem, Refusal};
use crate::money::{AmountError, Credits, TypedError, read_amount};

/// One price of a rule, with what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceCell {
    /// The options or names that the price stands for; empty where the rule has one price only.
    pub labels: Vec<String>,
    /// The price.
    pub credits: Credits,
}

impl PriceCell {
    fn new(labels: impl IntoIterator<Item = impl Into<String>>, credits: Credits) -> Self {
        Self { labels: labels.into_iter().map(Into::into).collect(), credits }
    }
}

impl Rule {
    /// Lists the prices of the rule. A sum has none of its own: its parts are priced elsewhere in the book.
    #[must_use]
    pub fn cells(&self) -> Vec<PriceCell> {
        const NO_LABEL: [&str; 0] = [];
        match self {
            Self::Flat(rule) => vec![PriceCell::new(NO_LABEL, rule.credits)],
            Self::PerUnit(rule) => {
                let meter = |meter: &super::Meter| PriceCell::new([meter.quantity.param.as_str()], meter.price);
                let minimum = rule.minimum.map(|minimum| PriceCell::new(["minimum"], minimum));
                rule.meters.iter().map(meter).chain(minimum).collect()
            }
            Self::Graduated(rule) | Self::Volume(rule) => {
                let tier = |tier: &super::Tier| {
                    let end = tier.up_to.map_or_else(|| "∞".to_owned(), |end| end.to_string());
                    PriceCell::new([format!("≤ {end}")], tier.price)
                };
                rule.tiers.iter().map(tier).collect()
            }
            Self::Matrix(rule) => {
                rule.combinations().map(|(labels, credits)| PriceCell::new(labels, credits)).collect()
            }
            Self::Range(rule) => {
                let bounds = [PriceCell::new(["min"], rule.min), PriceCell::new(["max"], rule.max)];
                let levels = rule.levels.iter().map(|level| PriceCell::new([level.value.as_str()], level.price));
                bounds.into_iter().chain(levels).collect()
            }
            Self::Composite(rule) => {
                let base =
                    PriceCell::new([if rule.label.is_empty() { "base" } else { rule.label.as_str() }], rule.base);
                let surcharges = rule.surcharges.iter().flat_map(|surcharge| {
                    let param = surcharge.param.as_str();
                    surcharge.options.iter().map(move |option| PriceCell::new([param, &option.value], option.credits))
                });
                let targets = rule.targets.iter().map(|target| PriceCell::new([target.param.as_str()], target.credits));
                std::iter::once(base).chain(surcharges).chain(targets).collect()
            }
            Self::Sum(_) => Vec::new(),
        }
    }

    /// Gives the same rule with other prices, in the order of [`Rule::cells`]; `None` where their number differs.
    #[must_use]
    pub(crate) fn with_cells(&self, prices: &[Credits]) -> Option<Self> {
        if prices.len() != self.cells().len() {
            return None;
        }
        let mut prices = prices.iter().copied();
        let mut rule = self.clone();
        match &mut rule {
            Self::Flat(rule) => rule.credits = prices.next()?,
            Self::PerUnit(rule) => {
                for meter in &mut rule.meters {
                    meter.price = prices.next()?;
                }
                rule.minimum = prices.next();
            }
            Self::Graduated(rule) | Self::Volume(rule) => {
                for tier in &mut rule.tiers {
                    tier.price = prices.next()?;
                }
            }
            Self::Matrix(rule) => rule.cells = prices.collect(),
            Self::Range(rule) => {
                (rule.min, rule.max) = (prices.next()?, prices.next()?);
                for level in &mut rule.levels {
                    level.price = prices.next()?;
                }
            }
            Self::Composite(rule) => {
                rule.base = prices.next()?;
                for option in rule.surcharges.iter_mut().flat_map(|surcharge| &mut surcharge.options) {
                    option.credits = prices.next()?;
                }
                for target in &mut rule.targets {
                    target.credits = prices.next()?;
                }
            }
            Self::Sum(_) => {}
        }
        Some(rule)
    }

    /// Gives the same rule with the prices that a person typed: field `price.0`, `price.1`, …; a comma is as good as a
    /// point. Each wrong one is named at its field.
    pub fn with_typed<'a>(&self, typed: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Refusal> {
        let mut problems = Vec::new();
        let mut prices = Vec::new();
        for place in 0..self.cells().len() {
            let field = format!("price.{place}");
            match read_price(&field, typed(&field).unwrap_or_default()) {
                Ok(price) => prices.push(price),
                Err(error) => problems.push(error),
            }
        }
        if !problems.is_empty() {
            return Err(Refusal::Unprocessable { fields: problems });
        }
        let none =
            || Refusal::unprocessable("operation", Problem::NotAllowed, "This operation has no prices of its own.");
        if prices.is_empty() { Err(none()) } else { self.with_cells(&prices).ok_or_else(none) }
    }
}

/// Reads a price as people type it into a field: the server after a form, the browser while it is typed.
pub fn read_price(field: &str, typed: &str) -> Result<Credits, FieldError> {
    let wrong = |problem, message: &str| FieldError::new(field, problem, message);
    let price = read_amount(typed).map_err(|error| match error {
        TypedError::Empty => wrong(Problem::Required, "Enter a price; 0 is free."),
        TypedError::Wrong(AmountError::NotANumber) => {
            wrong(Problem::NotANumber, "A price is a number such as 4 or 0.5.")
        }
        TypedError::Wrong(AmountError::TooLarge) => wrong(Problem::TooLarge, "This price is too large."),
        error => FieldError::amount(field, error, "4 or 0.5"),
    })?;
    if price.is_negative() {
        return Err(wrong(Problem::TooSmall, "A price can't be negative: it would mint credits."));
    }
    if price > super::PRICE_MAX {
        return Err(wrong(Problem::TooLarge, "This price is too large."));
    }
    Ok(price)
}

#[cfg(test)]
mod tests {
    use super::super::composite::{PerTarget, Surcharge, SurchargeOption};
    use super::super::{Axis, Composite, Flat, Level, Matrix, Meter, PerUnit, Quantity, Range};
    use super::*;

    fn credits(whole: i64) -> Credits {
        Credits::from_whole(whole).expect("fits")
    }

    fn rules() -> Vec<Rule> {
        let quantity = Quantity { param: "characters".into(), per: 1000, default: None, max: None };
        let axis = |param: &str, values: [&str; 2]| Axis {
            param: param.into(),
            values: values.map(Into::into).into(),
            default: None,
        };
        vec![
            Rule::Flat(Flat { credits: credits(4) }),
            Rule::PerUnit(PerUnit { meters: vec![Meter { quantity, price: credits(2) }], minimum: Some(credits(1)) }),
            Rule::Matrix(Matrix {
                axes: vec![axis("size", ["s", "l"]), axis("quality", ["standard", "hd"])],
                cells: [5, 6, 10, 13].map(credits).into(),
            }),
            Rule::Range(Range {
                min: credits(1),
                max: credits(3),
                param: "complexity".into(),
                default: None,
                levels: vec![Level { value: "low".into(), price: credits(1) }],
                modifiers: vec![],
                quantity: None,
            }),
            Rule::Composite(Composite {
                base: credits(5),
                label: String::new(),
                surcharges: vec![Surcharge {
                    param: "media_type".into(),
                    options: vec![SurchargeOption {
                        value: "image".into(),
                        credits: credits(32),
                        label: String::new(),
                    }],
                }],
                targets: vec![PerTarget {
                    param: "languages".into(),
                    credits: credits(7),
                    max: 10,
                    label: String::new(),
                }],
            }),
        ]
    }

    #[test]
    fn the_same_prices_give_the_same_rule() {
        for rule in rules() {
            let prices: Vec<Credits> = rule.cells().into_iter().map(|cell| cell.credits).collect();
            assert_eq!(rule.with_cells(&prices).as_ref(), Some(&rule));
        }
    }

    #[test]
    fn every_cell_can_be_changed_alone() {
        for rule in rules() {
            let prices: Vec<Credits> = rule.cells().into_iter().map(|cell| cell.credits).collect();
            for place in 0..prices.len() {
                let mut changed = prices.clone();
                changed[place] = credits(99);
                let changed_rule = rule.with_cells(&changed).expect("as many");
                let read: Vec<Credits> = changed_rule.cells().into_iter().map(|cell| cell.credits).collect();
                assert_eq!(read, changed, "{}", rule.pricing_type());
            }
            assert_eq!(rule.with_cells(&prices[1..]), None);
        }
    }

    #[test]
    fn typed_prices_are_read_and_each_wrong_one_is_named() {
        let rule = &rules()[2];
        let good = rule.with_typed(|field| match field {
            "price.0" => Some("4,5"),
            "price.3" => Some(" 1 000 "),
            _ => Some("6"),
        });
        let prices: Vec<String> = good.expect("read").cells().iter().map(|cell| cell.credits.to_string()).collect();
        assert_eq!(prices, ["4.5", "6", "6", "1000"]);
        let bad = rule.with_typed(|field| match field {
            "price.0" => Some("-1"),
            "price.1" => Some("NaN"),
            "price.2" => None,
            _ => Some("99999999999999"),
        });
        let Err(Refusal::Unprocessable { fields }) = bad else { panic!("refused") };
        let problems: Vec<_> = fields.iter().map(|field| (field.field.as_str(), field.problem)).collect();
        let named = [
            ("price.0", Problem::TooSmall),
            ("price.1", Problem::NotANumber),
            ("price.2", Problem::Required),
            ("price.3", Problem::TooLarge),
        ];
        assert_eq!(problems, named);
    }

    #[test]
    fn a_price_that_can_be_read_in_two_ways_is_refused_with_both() {
        for typed in ["1,000", "12,500", " 999,999 ", "1 ,000", "1.000"] {
            let error = read_price("price.0", typed).expect_err(typed);
            assert_eq!((error.field.as_str(), error.problem), ("price.0", Problem::Ambiguous), "{typed}");
            assert!(error.readings.is_some() && error.message.contains(" or "), "{error:?}");
        }
        for (typed, price) in [("0,125", "0.125"), ("4,5", "4.5"), ("1,0000", "1"), ("1000,125", "1000.125")] {
            assert_eq!(read_price("price.0", typed).map(|price| price.to_string()), Ok(price.to_owned()), "{typed}");
        }
    }

    #[test]
    fn a_matrix_names_its_options() {
        let cells = rules().swap_remove(2).cells();
        assert_eq!(cells[3], PriceCell::new(["l", "hd"], credits(13)));
    }
}
