use super::*;
use crate::catalog::{OperationForm, Preset, RULE_KINDS, rule_example};
use crate::error::{FieldError, Problem};
use crate::tariff::rule::Rule;

fn typed(kind: &str, values: &[(&str, &str)]) -> RuleFields {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    RuleFields { kind: kind.to_owned(), values }
}

fn problems(sheet: &RuleFields) -> Vec<(String, Problem)> {
    let errors = sheet.read().expect_err("refused");
    errors.into_iter().map(|error| (error.field, error.problem)).collect()
}

/// A sum's parts get their rules in the price book.
fn alone(mut rule: Rule) -> Rule {
    if let Rule::Sum(sum) = &mut rule {
        for part in &mut sum.parts {
            *part.rule = Rule::Flat(crate::tariff::rule::Flat { credits: crate::money::Credits::ZERO });
        }
    }
    rule
}

#[test]
fn every_price_of_every_preset_reads_back_from_its_fields() {
    let mut kinds = std::collections::BTreeSet::new();
    for name in Preset::NAMES {
        for tariff in Preset::by_name(name).expect("built in").tariffs {
            let sheet = RuleFields::from(&tariff.rule);
            let read = sheet.read().unwrap_or_else(|errors| panic!("{name}, {}: {errors:?}", tariff.operation));
            assert_eq!(read, alone(tariff.rule.clone()), "{name}, {}", tariff.operation);
            kinds.insert(tariff.rule.pricing_type());
        }
    }
    assert!(kinds.len() >= 6, "{kinds:?}");
}

#[test]
fn every_example_reads_back_and_has_all_its_fields_in_the_layout() {
    for kind in RULE_KINDS {
        let form = OperationForm { kind: kind.to_owned(), rule: rule_example(kind).to_owned(), ..Default::default() };
        let form = form.into_fields().expect("an example");
        let sheet = form.fields.clone().expect("a sheet");
        let text = form.into_text().expect("the sheet is read");
        assert_eq!(text.fields, None);
        assert_eq!(text.into_fields().expect("the text is read").fields.as_ref(), Some(&sheet), "{kind}");
        let layout = rule_layout(kind);
        let mut names: Vec<String> = layout.fields.iter().map(|field| format!("rule.{}", field.name)).collect();
        for table in layout.tables {
            for row in 0..sheet.rows(table) {
                names.extend(table.columns.iter().map(|column| row_field(table.name, row, column.name)));
            }
        }
        let is_known = |name: &&String| names.contains(name) || (layout.has_grid && name.starts_with("cell."));
        let unknown: Vec<_> = sheet.values.keys().filter(|name| !is_known(name)).collect();
        assert_eq!(unknown, Vec::<&String>::new(), "{kind}");
    }
}

#[test]
fn what_is_wrong_is_told_at_its_field() {
    assert_eq!(problems(&typed("flat", &[])), [("rule.price".to_owned(), Problem::Required)]);
    assert_eq!(problems(&typed("flat", &[("rule.price", "-1")])), [("rule.price".to_owned(), Problem::TooSmall)]);
    assert_eq!(problems(&typed("flat", &[("rule.price", "1,000")])), [("rule.price".to_owned(), Problem::Ambiguous)]);
    let tiers =
        [("rule.param", "characters"), ("rule.per", "1.5"), ("rule.tiers.0.price", "2"), ("rule.tiers.1.up_to", "9")];
    assert_eq!(
        problems(&typed("graduated", &tiers)),
        [("rule.per".to_owned(), Problem::NotANumber), ("rule.tiers.1.price".to_owned(), Problem::Required)]
    );
    assert_eq!(problems(&typed("sum", &[])), [("rule.parts.0.key".to_owned(), Problem::Required)]);
    assert_eq!(problems(&typed("magic", &[])), [("rule".to_owned(), Problem::Unknown)]);
    let much = [("rule.param", "n"), ("rule.per", "99999999999999999999"), ("rule.tiers.0.price", "1")];
    assert_eq!(problems(&typed("volume", &much)), [("rule.per".to_owned(), Problem::TooLarge)]);
}

#[test]
fn a_price_stays_with_its_options_when_others_come_and_go() {
    let grid = [
        ("rule.axes.0.param", "size"),
        ("rule.axes.0.values", "small, large"),
        ("rule.axes.1.param", "quality"),
        ("rule.axes.1.values", "standard,hd"),
        ("cell.small|standard", "5"),
        ("cell.small|hd", "9"),
        ("cell.large|standard", "10"),
        ("cell.large|hd", "13"),
    ];
    let mut grid = typed("matrix", &grid);
    let Ok(Rule::Matrix(matrix)) = grid.read() else { panic!("a matrix") };
    assert_eq!(matrix.cells.iter().map(|cell| cell.to_field()).collect::<Vec<_>>(), ["5", "9", "10", "13"]);
    grid.values.insert("rule.axes.0.values".to_owned(), "huge, small, large".to_owned());
    assert_eq!(
        problems(&grid),
        [("cell.huge|standard".to_owned(), Problem::Required), ("cell.huge|hd".to_owned(), Problem::Required)]
    );
    grid.values.insert("rule.axes.0.values".to_owned(), "large".to_owned());
    let Ok(Rule::Matrix(matrix)) = grid.read() else { panic!("a matrix") };
    assert_eq!(matrix.cells.iter().map(|cell| cell.to_field()).collect::<Vec<_>>(), ["10", "13"]);
    // More than a matrix can have is refused, not worked out.
    let many = (0..3_000).map(|value| format!("v{value}")).collect::<Vec<_>>().join(",");
    grid.values.insert("rule.axes.0.values".to_owned(), many);
    assert_eq!(grid.combinations(), Vec::<Vec<String>>::new());
    assert_eq!(problems(&grid), [("rule".to_owned(), Problem::TooMany)]);
}

#[test]
fn rows_are_added_and_removed_without_losing_what_was_typed() {
    let start =
        typed("volume", &[("rule.tiers.0.up_to", "10"), ("rule.tiers.0.price", "2"), ("rule.tiers.1.price", "1")]);
    let tiers = &rule_layout("volume").tables[0];
    assert_eq!(start.rows(tiers), 2);
    let more = start.clone().edited("add tiers");
    assert_eq!((more.rows(tiers), more.value("rule.tiers.0.up_to")), (3, "10"));
    let less = more.edited("remove tiers 0");
    assert_eq!((less.rows(tiers), less.value("rule.tiers.0.price"), less.value("rule.tiers.0.up_to")), (2, "1", ""));
    for nothing in ["", "add", "add levels", "remove tiers", "remove tiers 9", "remove tiers -1", "drop tiers 0"] {
        assert_eq!(start.clone().edited(nothing), start, "{nothing}");
    }
    let mut many = start;
    for _ in 0..500 {
        many = many.edited("add tiers");
    }
    assert_eq!(many.rows(tiers), ROWS_MAX);
    // A row number that somebody made up asks for no memory.
    assert_eq!(typed("volume", &[("rule.tiers.99999999.price", "1")]).rows(tiers), START_ROWS);
}

/// Opens a rule as it stands in a price list; refused where the form would change it.
fn opened(kind: &str, rule: &str) -> Result<OperationForm, Vec<FieldError>> {
    OperationForm { kind: kind.to_owned(), rule: rule.to_owned(), ..OperationForm::default() }.into_fields()
}

#[test]
fn a_rule_that_the_form_would_change_stays_as_text() {
    let options = |count: usize| {
        let option = |value| format!("{{ value = \"v{value}\", credits = 1 }}");
        (0..count).map(option).collect::<Vec<_>>().join(", ")
    };
    let surcharges = |count| {
        let surcharge = |param: &str| format!("{{ param = \"{param}\", options = [{}] }}", options(count));
        format!("base = 1\nsurcharges = [{}, {}]", surcharge("a"), surcharge("b"))
    };
    assert!(opened("composite", &surcharges(100)).is_ok());
    let axes = |first: &str, second: &str| {
        format!(
            "axes = [{{ param = \"a\", values = [{first}] }}, {{ param = \"b\", values = [{second}] }}]\ncells = [1, 2, 3, 4]"
        )
    };
    assert!(opened("matrix", &axes("\"a\", \"b\"", "\"c\", \"d\"")).is_ok());
    for (kind, rule) in [
        ("composite", surcharges(101)),
        ("composite", "base = 1\nsurcharges = [{ param = \"a\", options = [] }]".to_owned()),
        ("matrix", axes("\"4,5\", \"b\"", "\"c\", \"d\"")),
        ("matrix", axes("\"a\", \"a|b\"", "\"b|c\", \"c\"")),
    ] {
        let refused = opened(kind, &rule).expect_err("it would be another rule");
        assert_eq!((refused[0].field.as_str(), refused[0].problem), ("rule", Problem::NotAllowed), "{rule}");
    }
}

#[test]
fn an_operation_without_a_name_in_requests_is_told_not_dropped() {
    let parts = [("rule.parts.0.operation", "gpt-5"), ("rule.parts.1.key", "b"), ("rule.parts.1.operation", "")];
    assert_eq!(
        problems(&typed("sum", &parts)),
        [("rule.parts.0.key".to_owned(), Problem::Required), ("rule.parts.1.operation".to_owned(), Problem::Required)]
    );
}
