//! Properties of rules that hold for any rule, params and price.

use proptest::prelude::*;

use super::*;
use crate::tariff::rule::range::{Modifier, ModifierOption};

/// Amounts up to a million credits, in micro-credits.
fn any_price() -> impl Strategy<Value = Credits> {
    (0_i64..1_000_000_000_000).prop_map(Credits::from_micros)
}

fn any_step() -> impl Strategy<Value = Credits> {
    prop_oneof![Just("1"), Just("0.01"), Just("0.000001")].prop_map(amount)
}

/// Any rule that takes `n` (a quantity) and `k` (an option: a or b).
fn any_rule() -> impl Strategy<Value = Rule> {
    let options = || vec!["a".to_owned(), "b".to_owned()];
    prop_oneof![
        any_price().prop_map(|credits| Rule::Flat(Flat { credits })),
        (any_price(), 1_i64..5_000, proptest::option::of(any_price())).prop_map(|(price, per, minimum)| {
            Rule::PerUnit(PerUnit { meters: vec![Meter { quantity: quantity("n", per), price }], minimum })
        }),
        (any_price(), any_price(), any_price(), 1_i64..5_000).prop_map(|(first, second, third, per)| {
            let tier = |up_to, price| Tier { up_to, price };
            let tiers = vec![tier(Some(100), first), tier(Some(10_000), second), tier(None, third)];
            Rule::Graduated(Tiered { quantity: quantity("n", per), tiers })
        }),
        (any_price(), any_price()).prop_map(move |(left, right)| {
            let axes = vec![Axis { param: "k".to_owned(), values: options(), default: None }];
            Rule::Matrix(Matrix { axes, cells: vec![left, right] })
        }),
        (any_price(), any_price(), 1_i64..5_000, 0_u32..1_000).prop_map(|(left, right, per, percent)| {
            let level = |value: &str, price| Level { value: value.to_owned(), price };
            let option = |value: &str, percent| ModifierOption { value: value.to_owned(), percent };
            Rule::Range(Range {
                min: left.min(right),
                max: left.max(right),
                param: "k".to_owned(),
                default: None,
                levels: vec![level("a", left), level("b", right)],
                modifiers: vec![Modifier {
                    param: "load".to_owned(),
                    options: vec![option("high", percent), option("low", 100)],
                }],
                quantity: Some(quantity("n", per)),
            })
        }),
        (any_price(), any_price(), any_price()).prop_map(|(base, image, target)| {
            let option = SurchargeOption { value: "a".to_owned(), credits: image, label: String::new() };
            let target = PerTarget { param: "n".to_owned(), credits: target, max: 10_000, label: String::new() };
            let surcharges = vec![Surcharge { param: "k".to_owned(), options: vec![option] }];
            Rule::Composite(Composite { base, label: String::new(), surcharges, targets: vec![target] })
        }),
    ]
}

/// The params that a rule takes, of a quantity.
fn params_for(rule: &Rule, number: i64) -> Map<String, Value> {
    let known = rule.params();
    let mut params = map(json!({ "n": number, "k": "a" }));
    params.retain(|name, _| known.iter().any(|spec| spec.name == *name));
    params
}

proptest! {
    #[test]
    fn prices_are_never_negative_and_lines_add_up(
        rule in any_rule(), number in 0_i64..10_000, count in 1_i64..1_000, step in any_step(),
    ) {
        prop_assert!(rule.problems("rule").is_empty());
        let priced = match rule.price(&params_for(&rule, number), count, step) {
            Ok(priced) => priced,
            // More credits than there can be: refused by name, and only where it is so.
            Err(Refusal::Unprocessable { fields }) => {
                prop_assert_eq!((fields[0].field.as_str(), fields[0].problem), ("count", Problem::TooLarge));
                let one = rule.price(&params_for(&rule, number), 1, step).expect("a price").credits;
                let all = i128::from(one.micros()) * i128::from(count);
                prop_assert!(all + i128::from(step.micros()) > i128::from(Credits::MAX.micros()), "{all}");
                return Ok(());
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };
        prop_assert!(!priced.credits.is_negative());
        prop_assert!(priced.min <= priced.credits && priced.credits <= priced.max, "{priced:?}");
        prop_assert_eq!(priced.credits.micros() % step.micros(), 0, "whole steps");
        let sum = Credits::checked_sum(priced.lines.iter().map(|line| line.credits));
        prop_assert_eq!(sum, Some(priced.credits), "{:?}", priced.lines);
        prop_assert!(priced.lines.iter().all(|line| !line.credits.is_negative()));
    }

    #[test]
    fn more_never_costs_less(rule in any_rule(), number in 0_i64..9_000, more in 0_i64..1_000, step in any_step()) {
        let price = |number: i64, count: i64| rule.price(&params_for(&rule, number), count, step).expect("a price").credits;
        prop_assert!(price(number, 1) <= price(number + more, 1));
        prop_assert!(price(number, 1) <= price(number, 1 + more));
    }

    #[test]
    fn together_is_never_dearer_than_one_by_one(rule in any_rule(), number in 0_i64..9_000, count in 1_i64..50) {
        // One rounding for all, so at most what single calls come to.
        let step = Credits::ONE;
        let one = rule.price(&params_for(&rule, number), 1, step).expect("a price").credits;
        let all = rule.price(&params_for(&rule, number), count, step).expect("a price").credits;
        prop_assert!(Some(all) <= one.checked_mul(count));
    }

    #[test]
    fn a_rise_of_any_call_is_seen(before in any_rule(), after in any_rule(), number in 0_i64..9_000) {
        let step = Credits::from_micros(1);
        let call = params_for(&before, number);
        let Ok(old) = before.price(&call, 1, step) else { return Ok(()) };
        match after.price(&call, 1, step) {
            Ok(new) if new.credits <= old.credits => {}
            Ok(new) => prop_assert!(before.price_direction(&after).up, "{} → {}", old.credits, new.credits),
            Err(refusal) => prop_assert!(before.price_direction(&after).up, "{refusal}"),
        }
    }
}
