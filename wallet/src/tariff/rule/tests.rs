use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::error::Problem;

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn amount(text: &str) -> Credits {
    text.parse().expect("an amount")
}

fn characters(per: i64, price: &str) -> Meter {
    Meter { quantity: quantity("characters", per), price: amount(price) }
}

fn quantity(param: &str, per: i64) -> Quantity {
    Quantity { param: param.to_owned(), per, default: None, max: None }
}

fn price(rule: &Rule, params: Value) -> String {
    rule.price(&map(params), 1, Credits::ONE).map(|priced| priced.credits.to_string()).unwrap_or_default()
}

fn problem(rule: &Rule, params: Value) -> (String, Problem) {
    match rule.price(&map(params), 1, Credits::ONE) {
        Err(Refusal::Unprocessable { fields }) => (fields[0].field.clone(), fields[0].problem),
        other => panic!("a refusal, not {other:?}"),
    }
}

fn axis(param: &str, values: &[&str], default: Option<&str>) -> Axis {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Axis { param: param.to_owned(), values, default: default.map(str::to_owned) }
}

fn matrix() -> Matrix {
    Matrix {
        axes: vec![axis("size", &["small", "large"], Some("small")), axis("seconds", &["5", "10"], None)],
        cells: ["5", "9", "9", "13"].map(amount).to_vec(),
    }
}

fn tiered() -> Tiered {
    let tier = |up_to, price| Tier { up_to, price: amount(price) };
    Tiered { quantity: quantity("calls", 1), tiers: vec![tier(Some(10), "3"), tier(Some(100), "2"), tier(None, "1")] }
}

#[test]
fn params_are_checked_against_the_rule() {
    let rule = Rule::Matrix(matrix());
    assert_eq!(price(&rule, json!({ "seconds": 10 })), "9");
    assert_eq!(price(&rule, json!({ "size": "large", "seconds": "10" })), "13");
    assert_eq!(problem(&rule, json!({})), ("params.seconds".into(), Problem::Required));
    assert_eq!(problem(&rule, json!({ "seconds": 7 })), ("params.seconds".into(), Problem::NotAllowed));
    assert_eq!(problem(&rule, json!({ "seconds": [5] })), ("params.seconds".into(), Problem::NotAllowed));
    assert_eq!(problem(&rule, json!({ "seconds": 5, "hd": true })), ("params.hd".into(), Problem::Unknown));
    let rule = Rule::PerUnit(PerUnit { meters: vec![characters(1_000, "2")], minimum: None });
    assert_eq!(price(&rule, json!({ "characters": 1_001 })), "3");
    assert_eq!(price(&rule, json!({ "characters": 0 })), "0");
    assert_eq!(problem(&rule, json!({})), ("params.characters".into(), Problem::Required));
    assert_eq!(problem(&rule, json!({ "characters": -1 })), ("params.characters".into(), Problem::TooSmall));
    assert_eq!(problem(&rule, json!({ "characters": i64::MAX })), ("params.characters".into(), Problem::TooLarge));
    for wrong in [json!("1000"), json!(1.5), json!(1e300), json!(true), json!({}), json!([1, 2])] {
        let found = problem(&rule, json!({ "characters": wrong }));
        assert_eq!(found, ("params.characters".into(), Problem::NotANumber), "{wrong}");
    }
    let none = Map::new();
    for count in [0, -1, COUNT_MAX + 1, i64::MAX] {
        let refused = Rule::Flat(Flat { credits: Credits::ONE }).price(&none, count, Credits::ONE);
        assert!(matches!(refused, Err(Refusal::Unprocessable { .. })), "{count}");
    }
    let dear = Rule::PerUnit(PerUnit { meters: vec![characters(1, "1000000000")], minimum: None });
    assert_eq!(problem(&dear, json!({ "characters": 1_000_000_000_000_i64 })), ("count".into(), Problem::TooLarge));
}

#[test]
fn input_and_output_have_prices_of_their_own_and_a_minimum() {
    let meter = |param: &str, price: &str| Meter { quantity: quantity(param, 1_000), price: amount(price) };
    let meters = vec![meter("input_tokens", "0.5"), meter("output_tokens", "2")];
    let rule = Rule::PerUnit(PerUnit { meters, minimum: Some(amount("3")) });
    let step = amount("0.01");
    let of = |input: i64, output: i64| {
        let params = map(json!({ "input_tokens": input, "output_tokens": output }));
        rule.price(&params, 1, step).expect("a price")
    };
    assert_eq!(of(4_000, 1_000).credits, amount("4"));
    assert_eq!(of(1, 1).credits, amount("3"), "the minimum");
    let priced = of(4_001, 1_001);
    assert_eq!(priced.credits, amount("4.01"), "0.5 × 4.001 + 2 × 1.001 = 4.0025, up to 0.01");
    let lines: Vec<String> =
        priced.lines.iter().map(|line| format!("{} | {} | {}", line.label, line.quantity, line.credits)).collect();
    assert_eq!(
        lines,
        [
            "per 1000 input_tokens | 4001 input_tokens | 2.0005",
            "per 1000 output_tokens | 1001 output_tokens | 2.002",
            "Rounded up to 0.01 |  | 0.0075"
        ]
    );
}

#[test]
fn tiers_are_graduated_or_by_volume() {
    let (graduated, volume) = (Rule::Graduated(tiered()), Rule::Volume(tiered()));
    for (calls, graduated_price, volume_price) in
        [(0, "0", "0"), (1, "3", "3"), (10, "30", "30"), (11, "32", "22"), (100, "210", "200"), (101, "211", "101")]
    {
        assert_eq!(price(&graduated, json!({ "calls": calls })), graduated_price, "{calls} graduated");
        assert_eq!(price(&volume, json!({ "calls": calls })), volume_price, "{calls} by volume");
    }
    assert_eq!(graduated.range().min, amount("1"));
    assert_eq!(graduated.range().max, amount("3"));
}

#[test]
fn a_rule_that_is_wrong_in_itself_is_refused_by_its_part() {
    let paths =
        |rule: Rule| -> Vec<String> { rule.problems("rule").into_iter().map(|problem| problem.field).collect() };
    assert_eq!(paths(Rule::Flat(Flat { credits: amount("-0.000001") })), ["rule.credits"]);
    let mut empty_cell = matrix();
    empty_cell.cells.pop();
    assert_eq!(paths(Rule::Matrix(empty_cell)), ["rule.cells"]);
    let mut negative_cell = matrix();
    negative_cell.cells[3] = amount("-1");
    assert_eq!(paths(Rule::Matrix(negative_cell)), ["rule.cells.large.10"]);
    let mut doubled = matrix();
    doubled.axes[0].values[1] = "small".to_owned();
    assert_eq!(paths(Rule::Matrix(doubled)), ["rule.size.values"]);
    let mut ends = tiered();
    ends.tiers[2].up_to = Some(1_000);
    assert_eq!(paths(Rule::Volume(ends)), ["rule.tiers.2.up_to"]);
    let mut falls = tiered();
    falls.tiers[1].up_to = Some(10);
    assert_eq!(paths(Rule::Volume(falls)), ["rule.tiers.1.up_to"]);
    let mut zero = PerUnit { meters: vec![characters(0, "1")], minimum: None };
    assert_eq!(paths(Rule::PerUnit(zero.clone())), ["rule.characters.per"]);
    zero.meters.clear();
    assert_eq!(paths(Rule::PerUnit(zero)), ["rule.meters"]);
    let range = Range {
        min: amount("3"),
        max: amount("1"),
        param: "complexity".to_owned(),
        default: Some("none".to_owned()),
        levels: vec![Level { value: "simple".to_owned(), price: amount("2") }],
        modifiers: Vec::new(),
        quantity: None,
    };
    assert_eq!(paths(Rule::Range(range)), ["rule.min", "rule.levels.simple", "rule.default"]);
    assert!(paths(Rule::Matrix(matrix())).is_empty());
}

#[test]
fn every_way_to_pay_more_is_a_rise() {
    let flat = |text: &str| Rule::Flat(Flat { credits: amount(text) });
    let way = |before: &Rule, after: &Rule| before.movement(after);
    let (up, down, none) =
        (Movement { up: true, down: false }, Movement { up: false, down: true }, Movement { up: false, down: false });
    assert_eq!(
        (way(&flat("2"), &flat("3")), way(&flat("3"), &flat("2")), way(&flat("2"), &flat("2"))),
        (up, down, none)
    );
    let mut mixed = matrix();
    mixed.cells = ["4", "9", "9", "14"].map(amount).to_vec();
    assert_eq!(way(&Rule::Matrix(matrix()), &Rule::Matrix(mixed)), Movement { up: true, down: true });
    let mut narrower = matrix();
    narrower.axes[1].values.pop();
    narrower.cells = vec![amount("5"), amount("9")];
    assert!(way(&Rule::Matrix(matrix()), &Rule::Matrix(narrower)).up, "an option that goes away");
    let mut undefaulted = matrix();
    undefaulted.axes[0].default = None;
    assert!(way(&Rule::Matrix(matrix()), &Rule::Matrix(undefaulted)).up, "a default that goes away");
    assert!(way(&Rule::Matrix(matrix()), &flat("6")).up, "dearer than the cheapest cell");
    let per = |per: i64, price: &str| Rule::PerUnit(PerUnit { meters: vec![characters(per, price)], minimum: None });
    assert_eq!(way(&per(1_000, "2"), &per(500, "1")), none, "the same price for half the units");
    assert_eq!(way(&per(1_000, "2"), &per(999, "2")), up);
    let with_minimum = Rule::PerUnit(PerUnit { meters: vec![characters(1_000, "1")], minimum: Some(Credits::ONE) });
    assert!(way(&per(1_000, "2"), &with_minimum).up, "a minimum where none was");
    assert!(way(&per(1_000, "2"), &flat("1")).up, "what can't be compared counts as a rise");
}

#[test]
fn whatever_breaks_a_call_is_a_rise() {
    let flat = |text: &str| Rule::Flat(Flat { credits: amount(text) });
    let up = |before: &Rule, after: &Rule| before.movement(after).up;
    assert!(up(&Rule::Matrix(matrix()), &flat("1")), "a call that says its size is refused");
    assert!(up(&flat("20"), &Rule::Matrix(matrix())), "a call that doesn't is refused");
    let cheap = |axes: Vec<Axis>| {
        let size: usize = axes.iter().map(|axis| axis.values.len()).product();
        Rule::Matrix(Matrix { axes, cells: vec![amount("1"); size] })
    };
    let size = || axis("size", &["small", "large"], Some("small"));
    assert!(up(&Rule::Matrix(matrix()), &cheap(vec![size()])), "an axis that goes away");
    assert!(up(&cheap(vec![size()]), &cheap(vec![size(), axis("seconds", &["5", "10"], None)])), "a new required axis");
    let open = cheap(vec![size(), axis("seconds", &["5", "10"], Some("5"))]);
    assert_eq!(cheap(vec![size()]).movement(&open), Movement::default(), "a new axis with a default breaks nothing");
    assert_eq!(flat("2").movement(&cheap(vec![size()])), Movement { up: false, down: true });
    let per = |meters: Vec<Meter>| Rule::PerUnit(PerUnit { meters, minimum: None });
    let free = Meter { quantity: quantity("seconds", 1), price: Credits::ZERO };
    let both = per(vec![characters(1_000, "2"), free.clone()]);
    assert!(up(&per(vec![characters(1_000, "2")]), &both), "a new required meter, though it costs nothing");
    assert!(up(&both, &per(vec![characters(1_000, "2")])), "a meter that goes away");
    let optional = Meter { quantity: Quantity { default: Some(0), ..free.quantity }, price: Credits::ZERO };
    let with_default = per(vec![characters(1_000, "2"), optional]);
    assert_eq!(per(vec![characters(1_000, "2")]).movement(&with_default), Movement::default());
}

#[test]
fn new_labels_are_words_and_a_new_option_is_more_than_that() {
    let post = |label: &str, options: &[&str]| {
        let option = |value: &&str| SurchargeOption {
            value: (*value).to_owned(),
            credits: amount("32"),
            label: label.to_owned(),
        };
        let surcharges = vec![Surcharge { param: "media".to_owned(), options: options.iter().map(option).collect() }];
        Rule::Composite(Composite { base: amount("5"), label: label.to_owned(), surcharges, targets: Vec::new() })
    };
    assert!(post("Text", &["image"]).is_reworded(&post("Words", &["image"])));
    assert!(!post("Text", &["image"]).is_reworded(&post("Text", &["image", "video"])));
    assert_eq!(post("Text", &["image"]).movement(&post("Words", &["image", "video"])), Movement::default());
}

#[test]
fn rules_survive_their_json() {
    let rules = [Rule::Matrix(matrix()), Rule::Volume(tiered()), Rule::Flat(Flat { credits: Credits::ONE })];
    for rule in rules {
        let json = serde_json::to_value(&rule).expect("plain data");
        assert_eq!(json["type"], rule.pricing_type());
        assert_eq!(serde_json::from_value::<Rule>(json).expect("the same"), rule);
    }
    let rule = Rule::PerUnit(PerUnit { meters: vec![characters(1_000, "2")], minimum: None });
    let json = serde_json::to_value(&rule).expect("plain data");
    assert_eq!(serde_json::from_value::<Rule>(json).expect("the same"), rule);
}

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
            Ok(new) => prop_assert!(before.movement(&after).up, "{} → {}", old.credits, new.credits),
            Err(refusal) => prop_assert!(before.movement(&after).up, "{refusal}"),
        }
    }
}
