//! Merging changes of prices: what is carried, what is kept back, what is in conflict.

use crate::tariff::editing::merge::*;
use crate::tariff::fixtures::{book, tariff};
use crate::tariff::rule::{Axis, Flat, Matrix};

fn credits(whole: i64) -> Credits {
    Credits::from_whole(whole).expect("fits")
}

fn flat(price: i64) -> Rule {
    Rule::Flat(Flat { credits: credits(price) })
}

fn grid(prices: [i64; 2]) -> Rule {
    let axis = Axis { param: "size".into(), values: vec!["s".into(), "l".into()], default: None };
    Rule::Matrix(Matrix { axes: vec![axis], cells: prices.map(credits).into() })
}

fn flats(prices: &[(&str, i64)]) -> PriceBook {
    book(prices.iter().map(|(operation, price)| tariff(operation, flat(*price))).collect())
}

fn ranks(plan: &str) -> Option<i32> {
    ["free", "build", "scale"].iter().position(|known| *known == plan).and_then(|rank| i32::try_from(rank).ok())
}

/// The prices after a change at once was carried, and what rises untold.
fn carried(base: &PriceBook, now: &PriceBook, told: &PriceBook) -> (PriceBook, Vec<String>) {
    let merged = merge(base, now, told);
    let carried = PriceBook { tariffs: merged.tariffs, ..told.clone() };
    let untold = Announced { base, now, told, carried: &carried }.untold(ranks);
    (carried, untold.into_iter().collect())
}

fn prices(book: &PriceBook) -> Vec<String> {
    let one = |tariff: &Tariff| {
        let cells: Vec<String> = tariff.rule.cells().iter().map(|cell| cell.credits.to_string()).collect();
        format!("{} {}", tariff.operation, cells.join("/"))
    };
    book.tariffs.iter().map(one).collect()
}

#[test]
fn a_drop_is_carried_past_a_removal_and_a_new_order() {
    let base = flats(&[("a", 1), ("b", 2), ("c", 5), ("d", 7)]);
    let now = flats(&[("a", 1), ("b", 2), ("c", 3), ("d", 7)]);
    let (removed, untold) = carried(&base, &now, &flats(&[("a", 1), ("c", 5), ("d", 9)]));
    assert_eq!((prices(&removed), untold), (vec!["a 1".into(), "c 3".into(), "d 9".into()], vec![]));
    let (moved, untold) = carried(&base, &now, &flats(&[("d", 9), ("c", 5), ("b", 2), ("a", 1)]));
    assert_eq!((prices(&moved)[1].as_str(), untold), ("c 3", vec![]));
}

#[test]
fn another_name_or_cost_does_not_keep_a_drop_back() {
    let base = flats(&[("a", 5)]);
    let mut told = flats(&[("a", 5), ("b", 1)]);
    told.tariffs[0].name = "Another name".into();
    let mut now = flats(&[("a", 3)]);
    now.tariffs[0].supplier = Some("Somebody".into());
    let (carried, untold) = carried(&base, &now, &told);
    assert_eq!((prices(&carried)[0].as_str(), untold), ("a 3", vec![]));
    assert_eq!(carried.tariffs[0].name, "Another name");
}

#[test]
fn what_was_announced_as_a_rise_stays_one() {
    let (base, told) = (flats(&[("a", 5), ("gone", 1)]), flats(&[("a", 8)]));
    let (after, untold) = carried(&base, &flats(&[("a", 3), ("gone", 1)]), &told);
    assert_eq!((prices(&after), untold), (vec!["a 8".into()], vec![]));
}

#[test]
fn nobody_was_told_of_a_rise_where_a_drop_or_a_new_price_was_announced() {
    let (base, now) = (flats(&[("a", 5)]), flats(&[("a", 3)]));
    assert_eq!(carried(&base, &now, &flats(&[("a", 4)])).1, ["a"], "5 → 4 was told, 3 → 4 comes");
    assert_eq!(carried(&base, &now, &flats(&[("a", 2)])).1, [] as [&str; 0]);
    let now = flats(&[("a", 5), ("new", 1)]);
    assert_eq!(carried(&base, &now, &flats(&[("a", 5), ("new", 1_000)])).1, ["new"]);
    assert_eq!(carried(&base, &now, &flats(&[("a", 5), ("new", 1)])).1, [] as [&str; 0]);
    let (after, untold) = carried(&base, &now, &flats(&[("a", 6)]));
    assert_eq!((prices(&after), untold), (vec!["a 6".into(), "new 1".into()], vec![]), "what is new stays");
}

#[test]
fn options_are_carried_one_by_one() {
    let of = |rule: Rule| book(vec![tariff("a", rule)]);
    let (base, now) = (of(grid([5, 5])), of(grid([5, 3])));
    let (after, untold) = carried(&base, &now, &of(grid([6, 5])));
    assert_eq!((prices(&after), untold), (vec!["a 6/3".into()], vec![]), "each keeps what was said of it");
    assert_eq!(carried(&base, &now, &of(grid([6, 4]))).1, ["a"], "the second was told to fall");
    assert_eq!(carried(&base, &now, &of(flat(9))).1, ["a"], "what can't be compared is not taken for told");
    let narrower = Axis { param: "size".into(), values: vec!["s".into()], default: None };
    let gone = of(Rule::Matrix(Matrix { axes: vec![narrower], cells: vec![credits(5)] }));
    assert_eq!(carried(&base, &base, &gone).1, [] as [&str; 0], "nothing happened at once");
}

#[test]
fn plans_are_carried_and_an_untold_one_is_seen() {
    let with = |plan: Option<&str>, price: i64| {
        let minimum_plan = plan.map(str::to_owned);
        book(vec![Tariff { minimum_plan, ..tariff("a", flat(price)) }])
    };
    let base = with(Some("build"), 5);
    let (after, untold) = carried(&base, &with(None, 5), &with(Some("build"), 6));
    assert_eq!((after.tariffs[0].minimum_plan.as_ref(), untold), (None, vec![]));
    let lowered = carried(&with(Some("scale"), 5), &with(None, 5), &with(Some("build"), 5));
    assert_eq!(lowered.1, ["a"], "Scale → Build was told, none → Build comes");
    assert_eq!(carried(&base, &with(Some("free"), 5), &with(Some("scale"), 5)).1, [] as [&str; 0]);
}

#[test]
fn both_changes_of_the_same_are_named_and_the_kept_one_stands() {
    let base = flats(&[("a", 5), ("b", 5), ("c", 5), ("d", 5), ("e", 5)]);
    let taken = flats(&[("a", 4), ("b", 5), ("c", 5), ("new", 1)]);
    let kept = flats(&[("a", 3), ("b", 6), ("d", 5), ("e", 7)]);
    let merged = merge(&base, &taken, &kept);
    let book = book(merged.tariffs);
    assert_eq!(prices(&book), ["a 3", "b 6", "e 7", "new 1"]);
    assert_eq!(merged.conflicts, ["a", "e"], "a changed twice; e went away and changed");
    assert_eq!(book.tariffs.iter().map(|tariff| tariff.position).collect::<Vec<_>>(), [0, 1, 2, 3]);
    let same = merge(&base, &taken, &taken);
    assert!(same.conflicts.is_empty(), "the same twice is no conflict: {same:?}");
}
