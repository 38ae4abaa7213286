//! From the file as it is written to a checked preset.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;

use super::rules::{operations, rule_of, rule_span};
use super::{Preset, PresetError, Warning, raw};
use crate::catalog::{
    AddOn, AutoTopUp, CatalogView, Expiry, FreeAmount, Interval, MeteredItem, Package, Plan, PlanPrice, Settings, TopUp,
};
use crate::money::{Credits, Currency, Money};
use crate::tariff::{Rule, Tariff, is_operation};

/// The longest name of a plan, package, add-on or item, in letters.
const NAME_MAX: usize = 100;

/// Where a byte of the text is: line and column from 1, the column in characters.
fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
    let line = before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1);
    let column = before.get(line_start..).unwrap_or("").chars().count().saturating_add(1);
    (line, column)
}

/// Gathers mistakes and oddities with their places.
pub(super) struct Report<'t> {
    text: &'t str,
    errors: Vec<PresetError>,
    warnings: Vec<Warning>,
}

impl Report<'_> {
    pub(super) fn error(&mut self, span: Range<usize>, message: impl Into<String>) {
        let (line, column) = place(self.text, span.start);
        self.errors.push(PresetError { line, column, message: message.into() });
    }

    pub(super) fn warn(&mut self, span: Range<usize>, operation: &str, message: impl Into<String>) {
        let (line, _) = place(self.text, span.start);
        self.warnings.push(Warning { line, operation: operation.to_owned(), message: message.into() });
    }
}

fn from_toml<T: DeserializeOwned>(text: &str) -> Result<T, Vec<PresetError>> {
    toml::from_str(text).map_err(|error| {
        let (line, column) = place(text, error.span().map_or(0, |span| span.start));
        vec![PresetError { line, column, message: error.message().to_owned() }]
    })
}

/// Lists the mistakes of all operations where the file as a whole can't be read: a reader of TOML stops at the first,
/// so each operation is read alone.
fn each_operation(text: &str, whole: Vec<PresetError>) -> Vec<PresetError> {
    let mut errors: Vec<PresetError> = Vec::new();
    let mut block = String::new();
    let mut first_line = 0_usize;
    for (line, content) in text.lines().chain(["[[operation]]"]).enumerate() {
        if content.trim_start().starts_with("[[operation]]") {
            if block.contains("[[operation]]")
                && let Err(found) = from_toml::<raw::PriceFile>(&block)
            {
                errors.extend(
                    found.into_iter().map(|error| PresetError { line: error.line.saturating_add(first_line), ..error }),
                );
            }
            block.clear();
            first_line = line;
        }
        block.push_str(content);
        block.push('\n');
    }
    // What is wrong before the first operation, or between two, only the whole file shows.
    if whole.iter().all(|error| errors.contains(error)) { errors } else { whole.into_iter().chain(errors).collect() }
}

/// Reads one rule as a price list writes it: `4` for a flat price, else the lines under `[operation.<rule>]`. Lines are
/// counted from the rule's own first.
pub(super) fn read_rule(kind: &str, body: &str) -> Result<Rule, Vec<PresetError>> {
    let head = "[[operation]]\ncode = \"rule\"\nname = \"rule\"\ncategory = \"text\"\nunit = \"call\"\n";
    let (prefix, above) = if kind == "flat" { ("flat = ".to_owned(), 5) } else { (format!("[operation.{kind}]\n"), 6) };
    let text = format!("{head}{prefix}{body}\n");
    let own = |error: PresetError| PresetError {
        line: error.line.saturating_sub(above).max(1),
        column: if kind == "flat" { error.column.saturating_sub(prefix.len()).max(1) } else { error.column },
        ..error
    };
    let own = |errors: Vec<PresetError>| errors.into_iter().map(own).collect::<Vec<_>>();
    let file: raw::PriceFile = from_toml(&text).map_err(own)?;
    let [operation] = file.operations.as_slice() else {
        let message = "only the prices of one operation go here".to_owned();
        return Err(vec![PresetError { line: 1, column: 1, message }]);
    };
    let mut report = Report { text: &text, errors: Vec::new(), warnings: Vec::new() };
    let rule = rule_of(&mut report, operation);
    if let Some(rule) = &rule {
        for problem in rule.problems(kind) {
            report.error(rule_span(operation), format!("{}: {}", problem.field, problem.message));
        }
    }
    match rule {
        Some(rule) if report.errors.is_empty() => Ok(rule),
        _ => Err(own(report.errors)),
    }
}

/// Reads a price list: the operations of a file, for plans that there are.
pub(super) fn read_prices(text: &str, plans: &[Plan]) -> Result<(Vec<Tariff>, Vec<Warning>), Vec<PresetError>> {
    let file: raw::PriceFile = from_toml(text).map_err(|errors| each_operation(text, errors))?;
    let mut report = Report { text, errors: Vec::new(), warnings: Vec::new() };
    let tariffs = operations(&mut report, &file.operations, plans);
    if report.errors.is_empty() {
        Ok((tariffs, report.warnings))
    } else {
        report.errors.sort_by_key(|error| (error.line, error.column));
        Err(report.errors)
    }
}

/// Reads a preset file.
pub(super) fn read(text: &str) -> Result<(Preset, Vec<Warning>), Vec<PresetError>> {
    let file: raw::File = from_toml(text)?;
    let mut report = Report { text, errors: Vec::new(), warnings: Vec::new() };
    let currencies = file.settings.currencies.get_ref().clone();
    let plans = plans(&mut report, &file.plans, &currencies);
    let view = CatalogView {
        settings: settings(&mut report, file.settings, &currencies),
        packages: packages(&mut report, &file.packages, &currencies),
        add_ons: add_ons(&mut report, &file.add_ons),
        metered: metered(&mut report, &file.metered),
        plans,
    };
    let tariffs = operations(&mut report, &file.operations, &view.plans);
    names(&mut report, std::iter::once(&file.preset));
    let name = file.preset.into_inner();
    if report.errors.is_empty() {
        Ok((Preset { name, view, tariffs, source: text.to_owned() }, report.warnings))
    } else {
        report.errors.sort_by_key(|error| (error.line, error.column));
        Err(report.errors)
    }
}

fn settings(report: &mut Report<'_>, raw: raw::Settings, currencies: &[Currency]) -> Settings {
    names(report, std::iter::once(&raw.name));
    if currencies.is_empty() {
        report.error(raw.currencies.span(), "name at least one currency: [\"RUB\"]");
    }
    if !raw.rounding_step.get_ref().credits().is_positive() {
        report.error(raw.rounding_step.span(), "the rounding step must be above 0: 1, or \"0.01\"");
    }
    if *raw.low_alert_percent.get_ref() > 100 {
        report.error(raw.low_alert_percent.span(), "a percentage is from 0 to 100");
    }
    if *raw.top_up_expiry.get_ref() == Expiry::PeriodEnd {
        let message = "bought credits belong to no billing period: never, never_while_active or { months = 2 }";
        report.error(raw.top_up_expiry.span(), message);
    }
    let prefix = raw.key_prefix.get_ref();
    if !(1..=8).contains(&prefix.len()) || !prefix.bytes().all(|byte| byte.is_ascii_lowercase()) {
        report.error(raw.key_prefix.span(), "a key prefix is 1–8 letters a–z: \"nb\"");
    }
    for minutes in [&raw.quote_minutes, &raw.rehearsal_days] {
        if *minutes.get_ref() == 0 {
            report.error(minutes.span(), "this must be at least 1");
        }
    }
    if !raw.unit.get_ref().forms.contains_key("en") {
        report.error(raw.unit.span(), "the unit needs its English forms: forms.en = { one = …, other = … }");
    }
    let free_amount = raw.top_up.free_amount.map(|raw| free_amount(report, &raw, currencies));
    let amount = raw.auto_top_up.amount.as_ref().and_then(|amount| {
        // The offered amount may be in a currency of its own: monthly-credits adds USD 10.
        let (code, amount) = amount.iter().next()?;
        money(report, code, amount)
    });
    Settings {
        name: raw.name.into_inner(),
        unit: raw.unit.into_inner(),
        currencies: currencies.to_vec(),
        rounding_step: raw.rounding_step.get_ref().credits(),
        top_up: TopUp { packages: raw.top_up.packages, free_amount },
        allowance_expiry: raw.allowance_expiry,
        top_up_expiry: raw.top_up_expiry.into_inner(),
        billing_dates: raw.billing_dates,
        intervals: raw.intervals,
        customer_failure: raw.customer_failure,
        customer_credit_back: raw.customer_credit_back,
        auto_top_up: AutoTopUp { mode: raw.auto_top_up.mode, amount },
        inactivity_months: raw.inactivity_months,
        notice_days: raw.notice_days,
        low_alert_percent: raw.low_alert_percent.into_inner(),
        webhook_retry_fee: raw.webhook_retry_fee.get_ref().credits(),
        webhook_retries: raw.webhook_retries,
        key_prefix: raw.key_prefix.into_inner(),
        burn_order: raw.burn_order,
        refund: raw.refund,
        quote_minutes: raw.quote_minutes.into_inner(),
        rehearsal_days: raw.rehearsal_days.into_inner(),
        upstream_review_days: raw.upstream_review_days,
    }
}

fn free_amount(report: &mut Report<'_>, raw: &raw::FreeAmount, currencies: &[Currency]) -> FreeAmount {
    let (min, max, credits) =
        (raw.min.get_ref().credits(), raw.max.get_ref().credits(), raw.credits.get_ref().credits());
    if !min.is_positive() || min > max {
        report.error(raw.min.span(), "min must be above 0 and not above max");
    }
    if !credits.is_positive() {
        report.error(raw.credits.span(), "the price is for more than 0 credits");
    }
    let prices = prices(report, &raw.price, Some(currencies));
    if prices.is_empty() {
        report.error(raw.credits.span(), "a free amount needs a price: price = { USD = 1 }");
    }
    FreeAmount { min, max, credits, prices }
}

/// Reads prices by currency.
fn prices(report: &mut Report<'_>, raw: &raw::Prices, known: Option<&[Currency]>) -> Vec<Money> {
    let mut prices: Vec<Money> = raw.iter().filter_map(|(code, amount)| money(report, code, amount)).collect();
    for (code, price) in raw.keys().zip(prices.clone()) {
        if known.is_some_and(|known| !known.contains(&price.currency())) {
            report.error(code.span(), format!("{} is not one of the catalog's currencies", price.currency()));
        }
    }
    // In the catalog's order, so that a file reads back the same however it was written.
    if let Some(known) = known {
        prices.sort_by_key(|price| known.iter().position(|currency| *currency == price.currency()));
    }
    prices
}

fn money(report: &mut Report<'_>, code: &Spanned<String>, amount: &Spanned<raw::Amount>) -> Option<Money> {
    let Ok(currency) = code.get_ref().parse::<Currency>() else {
        report.error(code.span(), format!("“{}” is not a currency; expected an ISO 4217 code: USD", code.get_ref()));
        return None;
    };
    match Money::parse(&amount.get_ref().0, currency) {
        Ok(money) => Some(money),
        Err(error) => {
            let decimals = currency.exponent();
            report.error(amount.span(), format!("{error}; {currency} has at most {decimals} decimals"));
            None
        }
    }
}

/// Codes are 1–64 of a–z, 0–9, point, dash and underscore, none twice.
fn codes<'a>(report: &mut Report<'_>, what: &str, codes: impl Iterator<Item = &'a Spanned<String>>) {
    let mut seen = BTreeSet::new();
    for code in codes {
        if !is_operation(code.get_ref()) {
            let message =
                format!("“{}” can't name a {what}: 1–64 of a–z, 0–9, point, dash, underscore", code.get_ref());
            report.error(code.span(), message);
        }
        if !seen.insert(code.get_ref()) {
            report.error(code.span(), format!("the {what} {} is here twice", code.get_ref()));
        }
    }
}

/// Names for people are short, of one line, and kept in the database, which takes no NUL.
fn names<'a>(report: &mut Report<'_>, names: impl Iterator<Item = &'a Spanned<String>>) {
    for name in names {
        let text = name.get_ref();
        if !(1..=NAME_MAX).contains(&text.chars().count()) || text.chars().any(char::is_control) {
            report.error(name.span(), format!("a name has 1–{NAME_MAX} letters and no control characters"));
        }
    }
}

fn amount_or_none(amount: Option<&Spanned<raw::Amount>>) -> Credits {
    amount.map(|amount| amount.get_ref().credits()).unwrap_or_default()
}

fn plans(report: &mut Report<'_>, raw: &[raw::Plan], currencies: &[Currency]) -> Vec<Plan> {
    codes(report, "plan", raw.iter().map(|plan| &plan.code));
    names(report, raw.iter().map(|plan| &plan.name));
    let mut plans: Vec<Plan> = Vec::with_capacity(raw.len());
    for plan in raw {
        if *plan.rank.get_ref() < 0 || plans.iter().any(|known| known.rank == *plan.rank.get_ref()) {
            report.error(plan.rank.span(), "a rank is 0 or more, and every plan has its own");
        }
        let mut all = Vec::new();
        for (interval, raw) in [(Interval::Month, &plan.month), (Interval::Year, &plan.year)] {
            let prices = prices(report, raw, Some(currencies));
            all.extend(prices.into_iter().map(|money| PlanPrice { interval, money }));
        }
        if all.is_empty() != plan.custom {
            let message = "a plan has prices (month = { USD = 25 }), or is custom = true and has none";
            report.error(plan.code.span(), message);
        }
        plans.push(Plan {
            code: plan.code.get_ref().clone(),
            name: plan.name.get_ref().clone(),
            rank: *plan.rank.get_ref(),
            prices: all,
            monthly_credits: amount_or_none(plan.monthly_credits.as_ref()),
            one_time_credits: amount_or_none(plan.one_time_credits.as_ref()),
            custom: plan.custom,
            features: plan.features.clone(),
        });
    }
    if let Some(first) = raw.first()
        && !plans.iter().any(|plan| !plan.is_paid() && !plan.custom)
    {
        let message = "one of the plans must cost nothing (month = { USD = 0 }): everybody starts on it";
        report.error(first.code.span(), message);
    }
    plans.sort_by_key(|plan| plan.rank);
    plans
}

fn packages(report: &mut Report<'_>, raw: &[raw::Package], currencies: &[Currency]) -> Vec<Package> {
    codes(report, "package", raw.iter().map(|package| &package.code));
    names(report, raw.iter().map(|package| &package.name));
    let mut packages: Vec<Package> = Vec::with_capacity(raw.len());
    for package in raw {
        let credits = package.credits.get_ref().credits();
        if !credits.is_positive() {
            report.error(package.credits.span(), "a package holds more than 0 credits");
        }
        let prices = prices(report, package.price.get_ref(), Some(currencies));
        if prices.is_empty() || prices.iter().any(|price| price.minor() <= 0) {
            report.error(package.price.span(), "a package has a price above 0: price = { RUB = 249 }");
        }
        let (code, name) = (package.code.get_ref().clone(), package.name.get_ref().clone());
        packages.push(Package { code, name, credits, prices });
    }
    packages.sort_by_key(|package| package.credits);
    packages
}

fn add_ons(report: &mut Report<'_>, raw: &[raw::AddOn]) -> Vec<AddOn> {
    codes(report, "add-on", raw.iter().map(|add_on| &add_on.code));
    names(report, raw.iter().map(|add_on| &add_on.name));
    let add_on = |raw: &raw::AddOn| AddOn {
        code: raw.code.get_ref().clone(),
        name: raw.name.get_ref().clone(),
        monthly_credits: raw.monthly_credits.get_ref().credits(),
        summary: raw.summary.clone(),
    };
    raw.iter().map(add_on).collect()
}

fn metered(report: &mut Report<'_>, raw: &[raw::Metered]) -> Vec<MeteredItem> {
    codes(report, "metered item", raw.iter().map(|item| &item.code));
    names(report, raw.iter().map(|item| &item.name));
    let item = |raw: &raw::Metered| MeteredItem {
        code: raw.code.get_ref().clone(),
        name: raw.name.get_ref().clone(),
        unit: raw.unit.clone(),
        included: i64::from(raw.included),
        monthly_credits: raw.monthly_credits.get_ref().credits(),
    };
    raw.iter().map(item).collect()
}
