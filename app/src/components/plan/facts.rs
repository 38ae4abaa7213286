//! Parts about a paid plan: its facts, its rules, its months.

use leptos::prelude::*;
use wallet::catalog::{Expiry, Interval};
use wallet::plan::{BillingPeriod, SubscriptionView, Terms};

use crate::components::ui::panel::TablePanel;
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::text::amount::{credits_text, money_text, signed_text, unit_text};
use crate::text::date_time::{date_text, use_zone};
use crate::text::refusal::field_error_text;

/// What is paid and when, what comes and when, and with which card.
#[component]
pub fn PlanFacts(
    /// What was agreed, or would be.
    terms: Terms,
    /// The plan, where it has begun.
    #[prop(optional)]
    current: Option<SubscriptionView>,
    /// When it is paid next.
    next_at: chrono::DateTime<chrono::Utc>,
) -> impl IntoView {
    let i18n = use_i18n();
    let is_ending = current.as_ref().is_some_and(|current| current.cancel_at_end);
    let next_try = current.as_ref().and_then(|current| current.next_try_at).filter(|_| !is_ending);
    let credits_at = current.as_ref().and_then(|current| current.next_credits_at);
    let method = current.and_then(|current| current.method);
    let price = move || {
        let price = money_text(i18n.get_locale(), terms.price);
        match terms.interval {
            Interval::Month => t_string!(i18n, plan.each_month, price = price),
            Interval::Year => t_string!(i18n, plan.each_year, price = price),
        }
    };
    let credits = move || {
        let locale = i18n.get_locale();
        format!("{} {}", signed_text(locale, terms.credits), unit_text(locale, terms.credits))
    };
    let zone = use_zone();
    let day = zone.day(next_try.unwrap_or(next_at));
    view! {
        <dl class="mt-3 grid grid-cols-[minmax(0,10rem)_minmax(0,1fr)] gap-x-4 gap-y-2 num">
            <dt class="text-muted">{t!(i18n, plan.price)}</dt>
            <dd>{price}</dd>
            <dt class="text-muted">{t!(i18n, wallet.plan_monthly)}</dt>
            <dd class="font-semibold">{credits}</dd>
            {credits_at
                .map(|at| {
                    let day = zone.day(at);
                    view! {
                        <dt class="text-muted">{t!(i18n, plan.next_credits)}</dt>
                        <dd>{move || date_text(i18n.get_locale(), day)}</dd>
                    }
                })}
            <dt class="text-muted">
                {move || match (is_ending, next_try.is_some()) {
                    (true, _) => t_string!(i18n, plan.ends),
                    (false, true) => t_string!(i18n, plan.next_try),
                    (false, false) => t_string!(i18n, plan.next_payment),
                }}
            </dt>
            <dd data-testid="next-payment">{move || date_text(i18n.get_locale(), day)}</dd>
            {method
                .map(|method| {
                    view! {
                        <dt class="text-muted">{t!(i18n, plan.card)}</dt>
                        <dd>{method}</dd>
                    }
                })}
        </dl>
    }
}

/// What holds for a plan, before it is paid.
#[component]
pub fn PlanRules(
    /// When a month's credits expire.
    expiry: Expiry,
) -> impl IntoView {
    let i18n = use_i18n();
    let words = move || match expiry {
        Expiry::Never | Expiry::NeverWhileActive => t_string!(i18n, plan.rule_never).to_owned(),
        Expiry::PeriodEnd => t_string!(i18n, plan.rule_period).to_owned(),
        Expiry::Months(months) => t_string!(i18n, plan.rule_months, count = i64::from(months)),
    };
    view! {
        <ul class="grid gap-2 text-sm text-muted list-disc ml-5">
            <li>{words}</li>
            <li>{t!(i18n, plan.rule_bought)}</li>
            <li>{t!(i18n, plan.rule_cancel)}</li>
            <li>{t!(i18n, top_up.rule_card)}</li>
        </ul>
    }
}

/// The months that were, newest first, each with the row of its credits.
#[component]
pub fn Months(
    /// The months.
    periods: Vec<BillingPeriod>,
    /// The plans' codes and names.
    names: Vec<(String, String)>,
    /// The code of the plan that costs nothing.
    free: Option<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    if periods.is_empty() {
        return ().into_any();
    }
    let zone = use_zone();
    let rows = periods
        .into_iter()
        .map(|period| {
            let name = names.iter().find(|(code, _)| *code == period.plan).map_or(period.plan.clone(), |(_, name)| name.clone());
            let is_free = free.as_ref() == Some(&period.plan);
            let (from, to, credits) = (zone.day(period.starts_at), zone.day(period.ends_at), period.credits);
            view! {
                <tr>
                    <td class="num">
                        {move || {
                            let locale = i18n.get_locale();
                            format!("{} – {}", date_text(locale, from), date_text(locale, to))
                        }}
                    </td>
                    <td class="hidden sm:table-cell">{name}</td>
                    <td class="hidden sm:table-cell">
                        {match period.paid_by {
                            Some(payment) => {
                                view! { <a class="link-q" href=format!("/wallet/orders/{payment}")>{t!(i18n, plan.order)}</a> }.into_any()
                            }
                            None => view! {
                                <span class="text-muted">
                                    {move || if is_free { t_string!(i18n, plan.costs_nothing) } else { t_string!(i18n, plan.by_agreement) }}
                                </span>
                            }
                            .into_any(),
                        }}
                    </td>
                    <td class="r">
                        <a class="link-q" href=format!("/wallet/history/{}", period.entry_seq)>
                            {move || credits_text(i18n.get_locale(), credits)}
                        </a>
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section aria-labelledby="months" class="mt-8">
            <h2 id="months" class="h2 mb-2">{t!(i18n, plan.months)}</h2>
            <TablePanel
                name=move || t_string!(i18n, plan.months)
                head=view! {
                    <th scope="col">{t!(i18n, plan.month)}</th>
                    <th scope="col" class="hidden sm:table-cell">{t!(i18n, plan.title)}</th>
                    <th scope="col" class="hidden sm:table-cell">{t!(i18n, plan.paid_by)}</th>
                    <th scope="col" class="r">{t!(i18n, ledger.credits)}</th>
                }
            >
                {rows}
            </TablePanel>
        </section>
    }
    .into_any()
}

/// The account's time zone: in which days, weeks and months of budgets begin, and the dates of plans that begin later.
#[component]
pub fn TimeZone(
    /// The one that counts.
    current: String,
    /// The ones to choose from.
    zones: Vec<String>,
    /// Whether this person may change it.
    may_change: bool,
    /// What became of the form.
    outcome: FormOutcome,
) -> impl IntoView {
    let i18n = use_i18n();
    let error = outcome.error("time_zone").cloned();
    let chosen = outcome.value("time_zone").filter(|zone| zones.contains(zone)).unwrap_or_else(|| current.clone());
    let form = may_change.then(|| {
        let options = zones
            .into_iter()
            .map(|zone| {
                let is_chosen = zone == chosen;
                view! { <option value=zone.clone() selected=is_chosen>{zone.clone()}</option> }
            })
            .collect_view();
        let is_wrong = error.is_some();
        view! {
            <form method="post" action="/wallet/plan/time-zone" class="flex flex-wrap items-end gap-2 mt-3">
                <label class="block">
                    <span class="block text-sm font-medium mb-1">{t!(i18n, plan.time_zone)}</span>
                    <select
                        name="time_zone"
                        class="field"
                        aria-invalid=is_wrong.then_some("true")
                        aria-describedby="time-zone-note"
                    >
                        {options}
                    </select>
                </label>
                <button class="btn btn-plain">{t!(i18n, plan.time_zone_save)}</button>
            </form>
            <p id="time-zone-note" class="text-sm text-error mt-1">
                {move || error.as_ref().map(|error| field_error_text(i18n.get_locale(), error))}
            </p>
        }
    });
    view! {
        <section aria-labelledby="time-zone" class="mt-8 max-w-[720px]">
            <h2 id="time-zone" class="h2 mb-2">{t!(i18n, plan.time_zone)}</h2>
            <p class="text-sm text-muted">
                {move || t_string!(i18n, plan.time_zone_note, zone = current.clone())}
            </p>
            {form}
        </section>
    }
}
