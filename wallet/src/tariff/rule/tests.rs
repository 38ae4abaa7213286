//! Worked examples of rules: params, prices, checks, and which change is a rise.

use serde_json::json;

use super::composite::{PerTarget, Surcharge, SurchargeOption};
use super::*;
use crate::error::Problem;

mod properties;

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

fn blog_post() -> Composite {
    let target =
        PerTarget { param: "languages".to_owned(), credits: amount("7"), max: 10, label: "Translation".to_owned() };
    Composite { base: amount("60"), label: String::new(), surcharges: Vec::new(), targets: vec![target] }
}

#[test]
fn only_targets_may_be_a_list_and_a_list_of_names() {
    let quantities = [
        Rule::PerUnit(PerUnit { meters: vec![characters(1_000, "2")], minimum: None }),
        Rule::Volume(Tiered { quantity: quantity("characters", 1), ..tiered() }),
    ];
    for (rule, list) in
        quantities.iter().flat_map(|rule| [json!(["a"]), json!([]), json!(["a", "b"])].map(|list| (rule, list)))
    {
        let found = problem(rule, json!({ "characters": list }));
        assert_eq!(found, ("params.characters".into(), Problem::NotANumber), "{list}");
    }
    let rule = Rule::Composite(blog_post());
    assert_eq!(price(&rule, json!({ "languages": ["de", "fr", "es", "it"] })), "88");
    assert_eq!(price(&rule, json!({ "languages": 4 })), "88");
    assert_eq!((price(&rule, json!({ "languages": [] })), price(&rule, json!({}))), ("60".into(), "60".into()));
    let wrong = [
        (json!(["de", "\u{0}"]), "params.languages.1", Problem::NotAllowed),
        (json!(["de\nfr"]), "params.languages.0", Problem::NotAllowed),
        (json!([""]), "params.languages.0", Problem::NotAllowed),
        (json!(["x".repeat(65)]), "params.languages.0", Problem::NotAllowed),
        (json!([4]), "params.languages.0", Problem::NotAllowed),
        (json!(vec!["de"; 11]), "params.languages", Problem::TooMany),
        (json!(vec!["x".repeat(1_000); 1_000]), "params.languages", Problem::TooMany),
        (json!(11), "params.languages", Problem::TooLarge),
        (json!(-1), "params.languages", Problem::TooSmall),
        (json!("4"), "params.languages", Problem::NotANumber),
        (json!({}), "params.languages", Problem::NotANumber),
    ];
    for (languages, field, kind) in wrong {
        assert_eq!(problem(&rule, json!({ "languages": languages })), (field.to_owned(), kind));
    }
}

#[test]
fn labels_are_short_and_of_one_line() {
    for label in ["\u{0}", "two\nlines", &"x".repeat(101)] {
        let mut rule = blog_post();
        rule.label = label.to_owned();
        rule.targets[0].label = label.to_owned();
        let option = SurchargeOption { value: "image".to_owned(), credits: Credits::ONE, label: label.to_owned() };
        rule.surcharges.push(Surcharge { param: "media".to_owned(), options: vec![option] });
        let problems = Rule::Composite(rule).problems("rule");
        let paths: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(paths, ["rule.label", "rule.media.image", "rule.languages.label"]);
    }
}

fn pipeline() -> Sum {
    let part = |key: &str| SumPart {
        key: key.to_owned(),
        operation: key.to_owned(),
        rule: Box::new(Rule::PerUnit(PerUnit { meters: vec![characters(1_000, "2")], minimum: None })),
    };
    Sum { parts: vec![part("translate"), part("speak")], shared: vec!["characters".to_owned()], select: None }
}

#[test]
fn no_param_of_a_sum_has_two_meanings() {
    let paths =
        |rule: &Sum| -> Vec<String> { Rule::Sum(rule.clone()).problems("rule").into_iter().map(|p| p.field).collect() };
    assert!(paths(&pipeline()).is_empty());
    let mut rule = Sum { select: Some("characters".to_owned()), ..pipeline() };
    assert_eq!(paths(&rule), ["rule.shared"]);
    // Such a rule of an earlier version still lets no unknown param through.
    let given = json!({ "characters": ["translate"], "surprise": 1 });
    assert!(
        matches!(Rule::Sum(rule.clone()).price(&map(given), 1, Credits::ONE), Err(Refusal::Unprocessable { fields })
        if fields.iter().any(|field| field.field == "params.surprise"))
    );
    rule.select = Some("speak.characters".to_owned());
    assert_eq!(paths(&rule), ["rule.select"]);
    rule = Sum { shared: vec!["translate.characters".to_owned(), "characters".to_owned()], ..pipeline() };
    assert_eq!(paths(&rule), ["rule.shared"]);
    rule.shared = vec!["characters".to_owned(); 2];
    assert_eq!(paths(&rule), ["rule.shared"]);
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
fn no_price_of_a_list_is_below_the_minimum() {
    let rule = |minimum: Option<&str>| {
        let meters = vec![characters(1_000, "2"), Meter { quantity: quantity("tokens", 1), price: amount("5") }];
        Rule::PerUnit(PerUnit { meters, minimum: minimum.map(amount) })
    };
    for (minimum, least, most) in
        [(None, "2", "5"), (Some("1"), "2", "5"), (Some("3"), "3", "5"), (Some("9"), "9", "9")]
    {
        let rule = rule(minimum);
        let range = rule.range();
        assert_eq!((range.min, range.max, rule.minimum()), (amount(least), amount(most), minimum.map(amount)));
    }
    let part = |rule| SumPart { key: "a".to_owned(), operation: "a".to_owned(), rule: Box::new(rule) };
    let sum =
        Sum { parts: vec![part(rule(Some("9"))), part(Rule::Flat(Flat { credits: Credits::ONE }))], ..pipeline() };
    assert_eq!(Rule::Sum(sum).range().min, amount("10"));
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
    let way = |before: &Rule, after: &Rule| before.price_direction(after);
    let (up, down, none) = (
        PriceDirection { up: true, down: false },
        PriceDirection { up: false, down: true },
        PriceDirection { up: false, down: false },
    );
    assert_eq!(
        (way(&flat("2"), &flat("3")), way(&flat("3"), &flat("2")), way(&flat("2"), &flat("2"))),
        (up, down, none)
    );
    let mut mixed = matrix();
    mixed.cells = ["4", "9", "9", "14"].map(amount).to_vec();
    assert_eq!(way(&Rule::Matrix(matrix()), &Rule::Matrix(mixed)), PriceDirection { up: true, down: true });
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
    let up = |before: &Rule, after: &Rule| before.price_direction(after).up;
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
    assert_eq!(
        cheap(vec![size()]).price_direction(&open),
        PriceDirection::default(),
        "a new axis with a default breaks nothing"
    );
    assert_eq!(flat("2").price_direction(&cheap(vec![size()])), PriceDirection { up: false, down: true });
    let per = |meters: Vec<Meter>| Rule::PerUnit(PerUnit { meters, minimum: None });
    let free = Meter { quantity: quantity("seconds", 1), price: Credits::ZERO };
    let both = per(vec![characters(1_000, "2"), free.clone()]);
    assert!(up(&per(vec![characters(1_000, "2")]), &both), "a new required meter, though it costs nothing");
    assert!(up(&both, &per(vec![characters(1_000, "2")])), "a meter that goes away");
    let optional = Meter { quantity: Quantity { default: Some(0), ..free.quantity }, price: Credits::ZERO };
    let with_default = per(vec![characters(1_000, "2"), optional]);
    assert_eq!(per(vec![characters(1_000, "2")]).price_direction(&with_default), PriceDirection::default());
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
    assert_eq!(
        post("Text", &["image"]).price_direction(&post("Words", &["image", "video"])),
        PriceDirection::default()
    );
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
