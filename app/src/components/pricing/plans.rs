//! The plans, side by side.

use leptos::prelude::*;
use wallet::catalog::{CatalogView, Interval, Plan, Rate};
use wallet::money::{Credits, Currency, Money};

use crate::i18n::*;
use crate::text::amount::{credits_text, decimal_text, unit_text};
use crate::text::price_labels::price_text;

/// The plans of a catalog in one currency and interval.
#[component]
pub fn PlanStrip(
    /// What is sold.
    catalog: CatalogView,
    /// The currency of the prices.
    currency: Currency,
    /// How often a plan is paid.
    interval: Interval,
    /// The plan that the signed-in person's account is on; `None` for a guest.
    own: Option<String>,
) -> impl IntoView {
    let columns = match catalog.plans.len() {
        0..=2 => "panel grid sm:grid-cols-2 overflow-hidden",
        3 => "panel grid sm:grid-cols-3 overflow-hidden",
        4 => "panel grid sm:grid-cols-2 lg:grid-cols-4 overflow-hidden",
        _ => "panel grid sm:grid-cols-2 lg:grid-cols-5 overflow-hidden",
    };
    let plans = catalog
        .plans
        .iter()
        .map(|plan| {
            let paid = if plan.price(interval, currency).is_some() { interval } else { Interval::Month };
            let discount = catalog.discount_percent(plan, paid, currency);
            view! { <PlanCard plan=plan.clone() currency=currency interval=interval discount=discount own=own.clone() /> }
        })
        .collect_view();
    view! { <ul class=columns>{plans}</ul> }
}

#[component]
fn PlanCard(
    plan: Plan,
    currency: Currency,
    interval: Interval,
    discount: Option<i64>,
    own: Option<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    let is_free = !plan.is_paid() && !plan.custom;
    // A plan that isn't paid by the year is shown as it can be had.
    let interval = if plan.price(interval, currency).is_some() { interval } else { Interval::Month };
    let free = Some(Money::from_minor(0, currency)).filter(|_| is_free);
    let price = plan.price(interval, currency).or(free);
    let rate = plan.rate(interval, currency).map(Rate::fine);
    let is_once = plan.one_time_credits.is_positive() && !plan.monthly_credits.is_positive();
    let is_own = own.as_deref() == Some(plan.code.as_str());
    let is_sold = price.is_some_and(|price| price.minor() > 0) && !plan.custom && plan.monthly_credits.is_positive();
    let choose = is_sold
        .then(|| format!("/wallet/plan?plan={}&interval={}&currency={}", plan.code, interval.code(), currency.code()));
    let name = StoredValue::new(plan.name.clone());
    view! {
        <li class="p-4 lg:p-5 flex flex-col border-line border-b last:border-b-0 lg:border-b-0 lg:border-r lg:last:border-r-0">
            <div class="flex items-center justify-between min-h-6 gap-2">
                <h3 class="text-lg font-semibold">{plan.name.clone()}</h3>
                {discount
                    .filter(|percent| *percent > 0)
                    .map(|percent| view! { <span class="tag tag-ok">{t!(i18n, prices.discount, percent = percent)}</span> })}
            </div>
            <div class="flex lg:block items-baseline justify-between gap-3 mt-1 lg:mt-3">
                <PlanPrice price=price interval=interval />
                <PlanCredits monthly=plan.monthly_credits once=plan.one_time_credits />
            </div>
            <p class="text-sm text-muted num mt-1">
                {rate.map(|rate| { move || rate_words(i18n.get_locale(), &rate, currency) })}
                {is_free.then_some(move || if is_once { t_string!(i18n, prices.no_card) } else { t_string!(i18n, prices.no_card_monthly) })}
            </p>
            {plan.features.summary.clone().map(|summary| view! { <p class="text-sm text-muted mt-1">{summary}</p> })}
            <span class="flex-1"></span>
            {if is_own {
                view! {
                    <p class="mt-3 lg:mt-4 h-9 flex items-center gap-3">
                        <span class="tag tag-ok">{t!(i18n, plan.yours)}</span>
                        <a href="/wallet/plan" class="link-q text-sm">{t!(i18n, plan.manage)}</a>
                    </p>
                }
                    .into_any()
            } else if is_free && own.is_none() {
                view! { <a href="/sign-up" class="btn btn-primary mt-3 lg:mt-4">{t!(i18n, prices.start_free)}</a> }.into_any()
            } else if let Some(href) = choose {
                view! {
                    <a href=href class="btn btn-plain mt-3 lg:mt-4">
                        {move || t_string!(i18n, plan.choose, name = name.get_value())}
                    </a>
                }
                    .into_any()
            } else {
                ().into_any()
            }}
        </li>
    }
}

/// Says what one credit costs: `₽2.967 per token`.
pub fn rate_words(locale: Locale, decimal: &str, currency: Currency) -> String {
    let unit = unit_text(locale, Credits::ONE);
    td_string!(locale, prices.per_credit, price = decimal_text(locale, decimal, currency), unit = unit)
}

#[component]
fn PlanPrice(price: Option<Money>, interval: Interval) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <p>
            {match price {
                Some(price) => {
                    let is_paid = price.minor() > 0;
                    view! {
                        <span class="fig text-2xl whitespace-nowrap">{move || price_text(i18n.get_locale(), price)}</span>
                        <span class="text-muted whitespace-nowrap">
                            {move || match (is_paid, interval) {
                                (false, _) => "",
                                (true, Interval::Month) => t_string!(i18n, prices.a_month),
                                (true, Interval::Year) => t_string!(i18n, prices.a_year),
                            }}
                        </span>
                    }
                        .into_any()
                }
                None => view! { <span class="fig text-2xl">{t!(i18n, prices.custom)}</span> }.into_any(),
            }}
        </p>
    }
}

#[component]
fn PlanCredits(monthly: Credits, once: Credits) -> impl IntoView {
    let i18n = use_i18n();
    let (amount, is_monthly) = if monthly.is_positive() { (monthly, true) } else { (once, false) };
    amount.is_positive().then(|| {
        view! {
            <p class="num lg:mt-3">
                <span class="font-semibold text-lg">{move || credits_text(i18n.get_locale(), amount)}</span>
                " "
                {move || {
                    let unit = unit_text(i18n.get_locale(), amount);
                    if is_monthly {
                        t_string!(i18n, prices.credits_monthly, unit = unit)
                    } else {
                        t_string!(i18n, prices.credits_once, unit = unit)
                    }
                }}
            </p>
        }
    })
}
