//! Metered items: what the running month has come to, and what it will come to.

use leptos::prelude::*;
use wallet::metered::{MeteredItemView, MeteredView, symbol};
use wallet::money::Credits;

use crate::i18n::*;
use crate::text::amount::{count_text, credits_text, exact_text, measure_text};
use crate::text::date_time::{WhenStyle, day_month_text, local_text, use_zone};
use crate::text::price_labels::{counted_words, with_symbol};

/// The metered items on the page of the plan.
#[component]
pub fn MeteredPanel(
    /// The running month.
    month: MeteredView,
    /// Whether this person may pay for the account.
    may_pay: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_zone();
    let last = zone.day(month.ends_at - chrono::TimeDelta::seconds(1));
    let (first, today, now) = (zone.day(month.starts_at), zone.day(month.now), month.now);
    let period = move || {
        let locale = i18n.get_locale();
        let time = local_text(locale, &zone, now, WhenStyle::Minute);
        let (from, to) = (day_month_text(locale, first), day_month_text(locale, today));
        t_string!(i18n, metered.period, from = from, to = to, time = time)
    };
    let by = move || t_string!(i18n, metered.by, date = day_month_text(i18n.get_locale(), last));
    let sum = move |credits: Credits| credits.checked_add(month.carried).unwrap_or(credits);
    let (so_far, forecast, carried) = (sum(month.so_far()), sum(month.forecast()), month.carried);
    let rows = month.items.into_iter().map(|item| view! { <MeteredRow item=item /> }).collect_view();
    view! {
        <section aria-labelledby="metered" class="mt-8 max-w-[720px]">
            <div class="flex flex-wrap items-baseline gap-x-3 mb-2">
                <h2 id="metered" class="h2 scroll-mt-20">{t!(i18n, metered.title)}</h2>
                <p class="text-sm text-muted num">{period}</p>
            </div>
            <div class="panel">
                <table class="grid-table">
                    <caption class="sr-only">{t!(i18n, metered.title)}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t!(i18n, prices.item)}</th>
                            <th scope="col" class="r hidden sm:table-cell">{t!(i18n, metered.price)}</th>
                            <th scope="col" class="r">{t!(i18n, metered.so_far)}</th>
                            <th scope="col" class="r max-sm:!whitespace-normal">{by}</th>
                        </tr>
                    </thead>
                    <tbody>
                        {rows}
                        {carried
                            .is_positive()
                            .then(|| {
                                view! {
                                    <tr data-testid="metered-carried">
                                        <th scope="row" class="!text-base !text-base-content !font-medium !whitespace-normal">{t!(i18n, metered.carried)}</th>
                                        <td class="hidden sm:table-cell"></td>
                                        <td class="r font-semibold">{move || credits_text(i18n.get_locale(), carried)}</td>
                                        <td class="r text-muted">{move || credits_text(i18n.get_locale(), carried)}</td>
                                    </tr>
                                }
                            })}
                        <tr data-testid="metered-total">
                            <th scope="row" class="!text-base !text-base-content !font-semibold">{t!(i18n, metered.total)}</th>
                            <td class="hidden sm:table-cell"></td>
                            <td class="r font-semibold">{move || credits_text(i18n.get_locale(), so_far)}</td>
                            <td class="r text-muted whitespace-nowrap">{move || about(i18n.get_locale(), forecast)}</td>
                        </tr>
                    </tbody>
                </table>
            </div>
            <p class="text-sm text-muted mt-2">
                {move || t_string!(i18n, metered.note, date = day_month_text(i18n.get_locale(), last))}
                {may_pay.then(|| view! { " " <a class="link-q" href="/wallet/payment#auto-top-up">{t!(i18n, metered.manage)}</a> })}
            </p>
        </section>
    }
}

/// One item.
#[component]
fn MeteredRow(item: MeteredItemView) -> impl IntoView {
    let i18n = use_i18n();
    let unit = StoredValue::new(item.unit.clone());
    let (price, included, value) = (item.monthly_credits, item.included, item.value);
    let (so_far, forecast) = (item.so_far, item.forecast);
    let beside = move |locale, figure: String| unit.with_value(|unit| with_symbol(locale, figure, unit));
    let standing = move || {
        let locale = i18n.get_locale();
        let included = beside(locale, count_text(locale, included));
        match value {
            Some(value) => {
                let value = beside(locale, measure_text(locale, value));
                t_string!(i18n, metered.standing, value = value, included = included)
            }
            None => t_string!(i18n, metered.not_measured, included = included),
        }
    };
    let price = move || {
        let locale = i18n.get_locale();
        let price = exact_text(locale, price);
        match unit.with_value(|unit| symbol(unit).map(|symbol| counted_words(locale, symbol))) {
            Some(unit) => t_string!(i18n, metered.per, price = price, unit = unit),
            None => t_string!(i18n, prices.each, price = price),
        }
    };
    view! {
        <tr data-metered=item.code>
            <th scope="row" class="!text-base !text-base-content !font-medium !whitespace-normal">
                {item.name}
                <span class="block text-sm text-muted font-normal num">
                    {standing}
                    <span class="block sm:hidden">{move || t_string!(i18n, metered.price_is, price = price())}</span>
                </span>
            </th>
            <td class="r text-muted hidden sm:table-cell">{price}</td>
            <td class="r font-semibold">{move || credits_text(i18n.get_locale(), so_far)}</td>
            <td class="r text-muted whitespace-nowrap">{move || about(i18n.get_locale(), forecast)}</td>
        </tr>
    }
}

/// Writes what something will come to: `about 16`, and nothing of it as it is.
fn about(locale: Locale, forecast: Credits) -> String {
    let amount = credits_text(locale, forecast);
    if forecast.is_positive() { td_string!(locale, metered.about, amount = amount) } else { amount }
}
