//! Checks what a file says of settings, plans, packages, add-ons and metered items, once each of them could be read.

use std::collections::BTreeSet;

use super::file;
use super::node::Node;
use super::read::{Entry, Report};
use crate::catalog::{AddOn, Expiry, FreeAmount, MeteredItem, Package, Plan, ReferralReward, Settings};
use crate::money::{Credits, Currency, Money};
use crate::tariff::is_operation;

/// The longest name of a plan, package, add-on or item, in letters.
const NAME_MAX: usize = 100;
/// The most of a metered item that a plan includes: as much as can be measured.
const INCLUDED_MAX: i64 = 1_000_000_000;
/// The most that one more of a metered item costs a month.
const METERED_PRICE_MAX: Credits = Credits::from_micros(1_000_000_000_000);
/// Said of bought credits that end with a billing period.
const NO_PERIOD: &str = "bought credits belong to no billing period: never, never_while_active or { months = 2 }";

/// Names for people are short, of one line, and kept in the database, which takes no NUL.
pub(super) fn name(report: &mut Report<'_>, node: Node<'_>, name: &str) {
    report.check(node, is_name(name), &format!("a name has 1–{NAME_MAX} letters and no control characters"));
}

/// Says whether a text can name something for people.
pub(in crate::catalog) fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}

/// Codes are 1–64 of a–z, 0–9, dot, dash and underscore, none twice.
fn codes_and_names<'a, T: 'a>(
    report: &mut Report<'_>,
    what: &str,
    entries: &'a [Entry<'a, T>],
    of: impl Fn(&'a T) -> (&'a str, &'a str),
) {
    let mut seen = BTreeSet::new();
    for Entry { node, value } in entries {
        let (code, name_of) = of(value);
        let message = format!("“{code}” can't name a {what}: 1–64 of a–z, 0–9, dot, dash, underscore");
        report.check(node.at("code"), is_operation(code), &message);
        report.check(node.at("code"), seen.insert(code), &format!("the {what} {code} is listed twice"));
        name(report, node.at("name"), name_of);
    }
}

/// Prices are in the catalog's currencies, and in their order, so that a file reads back the same however it was
/// written.
fn prices(report: &mut Report<'_>, node: Node<'_>, prices: &mut [Money], currencies: &[Currency]) {
    for currency in prices.iter().map(|price| price.currency()) {
        if !currencies.contains(&currency) {
            let key = node.keys().find(|key| key.get_ref() == currency.code());
            let span = key.map_or_else(|| node.span(), |key| key.span());
            report.error(span, format!("{currency} is not one of the catalog's currencies"));
        }
    }
    prices.sort_by_key(|price| currencies.iter().position(|currency| *currency == price.currency()));
}

pub(super) fn settings(report: &mut Report<'_>, Entry { node, value: mut settings }: Entry<'_, Settings>) -> Settings {
    name(report, node.at("name"), &settings.name);
    let prefix = settings.key_prefix.as_bytes();
    let is_prefix = (1..=8).contains(&prefix.len()) && prefix.iter().all(u8::is_ascii_lowercase);
    let is_bought_for_long = settings.top_up_expiry != Expiry::PeriodEnd;
    let has_english = settings.unit.forms.contains_key("en");
    for (key, holds, message) in [
        ("currencies", !settings.currencies.is_empty(), "name at least one currency: [\"RUB\"]"),
        ("rounding_step", settings.rounding_step.is_positive(), "the rounding step must be above 0: 1, or \"0.01\""),
        ("low_alert_percent", settings.low_alert_percent <= 100, "a percentage is from 0 to 100"),
        ("top_up_expiry", is_bought_for_long, NO_PERIOD),
        ("key_prefix", is_prefix, "a key prefix is 1–8 letters a–z: \"nb\""),
        ("quote_minutes", settings.quote_minutes > 0, "this must be at least 1"),
        ("rehearsal_days", settings.rehearsal_days > 0, "this must be at least 1"),
        ("unit", has_english, "the unit needs its English forms: forms.en = { one = …, other = … }"),
    ] {
        report.check(node.at(key), holds, message);
    }
    let is_part = settings.preview.allowance_percent <= 100;
    report.check(node.at("preview").at("allowance_percent"), is_part, "a percentage is from 0 to 100");
    for error in settings.brand.errors() {
        report.check(node.at("brand").at(&error.field), false, &error.message);
    }
    if let Some(free) = &mut settings.top_up.free_amount {
        free_amount(report, node.at("top_up").at("free_amount"), free, &settings.currencies);
    }
    if let Some(reward) = &settings.referral {
        referral(report, node.at("referral"), reward, settings.rounding_step);
    }
    settings
}

/// An invitation brings something to one of both at least, in whole steps of the unit.
fn referral(report: &mut Report<'_>, node: Node<'_>, reward: &ReferralReward, step: Credits) {
    let message = "a reward is 0 or more, in whole steps of the unit";
    for (key, credits) in [("credits_referrer", reward.credits_referrer), ("credits_invited", reward.credits_invited)] {
        report.check(node.at(key), is_gift(credits, step), message);
    }
    let brings = reward.credits_referrer.is_positive() || reward.credits_invited.is_positive();
    report.check(node.at("credits_referrer"), brings, "one of both rewards is above 0; without any, leave it out");
    report.check(node.at("monthly_limit"), reward.monthly_limit > 0, "this must be at least 1");
}

/// Says whether so much can be given for nothing: in whole steps of the unit, or nothing.
fn is_gift(credits: Credits, step: Credits) -> bool {
    !credits.is_negative() && credits.micros().checked_rem(step.micros().max(1)) == Some(0)
}

fn free_amount(report: &mut Report<'_>, node: Node<'_>, free: &mut FreeAmount, currencies: &[Currency]) {
    let is_range = free.min.is_positive() && free.min <= free.max;
    report.check(node.at("min"), is_range, "min must be above 0 and not above max");
    report.check(node.at("credits"), free.credits.is_positive(), "the price is for more than 0 credits");
    let has_price = !free.prices.is_empty();
    report.check(node.at("credits"), has_price, "a free amount needs a price: price = { USD = 1 }");
    prices(report, node.at("price"), &mut free.prices, currencies);
}

pub(super) fn plans(
    report: &mut Report<'_>,
    entries: Vec<Entry<'_, file::Plan>>,
    currencies: &[Currency],
) -> Vec<Plan> {
    codes_and_names(report, "plan", &entries, |plan| (&plan.code, &plan.name));
    let first = entries.first().map(|entry| entry.node);
    let mut plans: Vec<Plan> = Vec::with_capacity(entries.len());
    for Entry { node, value: mut plan } in entries {
        let is_rank = plan.rank >= 0 && !plans.iter().any(|known| known.rank == plan.rank);
        report.check(node.at("rank"), is_rank, "a rank is 0 or more, and every plan has its own");
        prices(report, node.at("month"), &mut plan.month, currencies);
        prices(report, node.at("year"), &mut plan.year, currencies);
        let plan = Plan::from(plan);
        let message = "a plan has prices (month = { USD = 25 }), or is custom = true and has none";
        report.check(node.at("code"), plan.prices.is_empty() == plan.custom, message);
        plans.push(plan);
    }
    if let Some(first) = first {
        let is_free = plans.iter().any(|plan| !plan.is_paid() && !plan.custom);
        let message = "one of the plans must cost nothing (month = { USD = 0 }): everybody starts on it";
        report.check(first.at("code"), is_free, message);
    }
    plans.sort_by_key(|plan| plan.rank);
    plans
}

pub(super) fn packages(
    report: &mut Report<'_>,
    mut entries: Vec<Entry<'_, Package>>,
    settings: &Settings,
) -> Vec<Package> {
    codes_and_names(report, "package", &entries, |package| (&package.code, &package.name));
    for Entry { node, value: package } in &mut entries {
        report.check(node.at("credits"), package.credits.is_positive(), "a package holds more than 0 credits");
        let is_bonus = is_gift(package.bonus, settings.rounding_step);
        report.check(node.at("bonus"), is_bonus, "a bonus is 0 or more, in whole steps of the unit");
        prices(report, node.at("price"), &mut package.prices, &settings.currencies);
        let has_price = !package.prices.is_empty() && package.prices.iter().all(|price| price.minor() > 0);
        report.check(node.at("price"), has_price, "a package has a price above 0: price = { RUB = 249 }");
    }
    let mut packages: Vec<Package> = entries.into_iter().map(|entry| entry.value).collect();
    packages.sort_by_key(|package| package.credits);
    packages
}

pub(super) fn add_ons(report: &mut Report<'_>, entries: Vec<Entry<'_, AddOn>>) -> Vec<AddOn> {
    codes_and_names(report, "add-on", &entries, |add_on| (&add_on.code, &add_on.name));
    entries.into_iter().map(|entry| entry.value).collect()
}

pub(super) fn metered(
    report: &mut Report<'_>,
    entries: Vec<Entry<'_, MeteredItem>>,
    plans: &[Plan],
) -> Vec<MeteredItem> {
    codes_and_names(report, "metered item", &entries, |item| (&item.code, &item.name));
    for Entry { node, value: item } in &entries {
        name(report, node.at("unit"), &item.unit);
        let included = "what is included is from 0 to 1000000000";
        report.check(node.at("included"), (0..=INCLUDED_MAX).contains(&item.included), included);
        let by_plan = node.at("included_by_plan");
        for (plan, count) in &item.included_by_plan {
            let is_known = plans.iter().any(|known| known.code == *plan);
            report.check(by_plan.at(plan), is_known, &format!("there is no plan {plan}"));
            report.check(by_plan.at(plan), (0..=INCLUDED_MAX).contains(count), included);
        }
        let is_price = !item.monthly_credits.is_negative() && item.monthly_credits <= METERED_PRICE_MAX;
        report.check(node.at("monthly_credits"), is_price, "a price for a month is from 0 to 1000000 credits");
    }
    entries.into_iter().map(|entry| entry.value).collect()
}
