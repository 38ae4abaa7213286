//! What a simulation found: the change of what is spent, by account and by operation.

use leptos::prelude::*;
use wallet::tariff::{AccountImpact, Failing, OperationImpact, PercentSpan, Simulation};

use crate::components::pricing::change::percent_text;
use crate::error::AppError;
use crate::i18n::*;
use crate::text::amount::{count_text, credits_text, signed_text};
use crate::text::date_time::date_text;
use crate::text::refusal::refusal_text;

/// The figures of one run.
#[component]
pub fn Figures(
    /// What it found.
    found: Simulation,
) -> impl IntoView {
    let i18n = use_i18n();
    let (from, to) = (found.from.date_naive(), found.to.date_naive());
    let (charges, accounts) = (found.charges, found.accounts);
    let (before, after) = (found.before, found.after);
    let (less, same, more) = (found.less, found.same, found.more);
    let (failing, left_out) = (found.failing.clone(), found.left_out);
    let is_empty = found.charges == 0 && failing.is_empty();
    view! {
        <p class="text-sm text-muted mt-1 num">
            {move || {
                let locale = i18n.get_locale();
                let (from, to) = (date_text(locale, from), date_text(locale, to));
                let (charges, accounts) = (count_text(locale, charges), count_text(locale, accounts));
                t_string!(i18n, rehearsal.span, from = from, to = to, charges = charges, accounts = accounts)
            }}
        </p>
        {if is_empty {
            view! { <p class="mt-3">{t!(i18n, rehearsal.none)}</p> }.into_any()
        } else {
            view! {
                <dl class="grid grid-cols-2 gap-4 mt-4">
                    <div>
                        <dt class="text-sm text-muted">{t!(i18n, rehearsal.spent)}</dt>
                        <dd class="fig text-2xl mt-0.5 num">
                            {move || {
                                let change = after.checked_sub(before).unwrap_or_default();
                                signed_text(i18n.get_locale(), change)
                            }}
                        </dd>
                        <dd class="text-sm text-muted num">
                            {move || {
                                let locale = i18n.get_locale();
                                let percent = PercentSpan::of(before, after)
                                    .map_or_else(String::new, |span| format!(", {}", percent_text(locale, span)));
                                format!("{} → {}{percent}", credits_text(locale, before), credits_text(locale, after))
                            }}
                        </dd>
                    </div>
                    <div>
                        <dt class="text-sm text-muted">{t!(i18n, rehearsal.customers)}</dt>
                        <dd class="num mt-0.5">
                            {move || {
                                let words = |count| count_text(i18n.get_locale(), count);
                                let (less, same, more) = (words(less), words(same), words(more));
                                t_string!(i18n, rehearsal.customers_text, less = less, same = same, more = more)
                            }}
                        </dd>
                    </div>
                </dl>
                <Histogram bars=found.histogram />
                <div class="grid sm:grid-cols-2 gap-5 mt-4">
                    <Impacts accounts=found.winners.clone() is_rise=false />
                    <Impacts accounts=found.losers.clone() is_rise=true />
                </div>
                <p class="mt-3 text-sm">
                    <a class="link-q" href=format!("/admin/tariffs/{}/rehearsal.csv", found.version) download="">
                        {t!(i18n, rehearsal.all_customers)}
                    </a>
                </p>
                <Operations operations=found.operations.clone() />
            }
                .into_any()
        }}
        {(!failing.is_empty())
            .then(|| {
                view! {
                    <p class="mt-4 text-error">{t!(i18n, rehearsal.failing)}</p>
                    <ul class="mt-1 list-disc pl-5">
                        {failing
                            .into_iter()
                            .map(|failing| {
                                view! { <li class="break-words">{move || failing_text(i18n.get_locale(), &failing)}</li> }
                            })
                            .collect_view()}
                    </ul>
                }
            })}
        {(left_out > 0)
            .then(|| {
                view! {
                    <p class="text-sm text-muted mt-4 num">
                        {move || {
                            let charges = count_text(i18n.get_locale(), left_out);
                            t_string!(i18n, rehearsal.left_out, charges = charges)
                        }}
                    </p>
                }
            })}
        <p class="text-sm text-muted mt-4">{t!(i18n, rehearsal.limits)}</p>
    }
}

/// Says what would be refused of one operation, to how many customers, what it brought, and why.
fn failing_text(locale: Locale, failing: &Failing) -> String {
    let why = failing.why.clone().map(AppError::Refused);
    td_string!(
        locale,
        rehearsal.failing_row,
        operation = failing.operation.clone(),
        charges = count_text(locale, failing.charges),
        accounts = count_text(locale, failing.accounts),
        credits = credits_text(locale, failing.before),
        reason = why.map_or_else(|| failing.reason.clone(), |why| refusal_text(locale, &why))
    )
}

/// The accounts that a change touches most.
#[component]
fn Impacts(accounts: Vec<AccountImpact>, is_rise: bool) -> impl IntoView {
    let i18n = use_i18n();
    if accounts.is_empty() {
        return ().into_any();
    }
    let tone = if is_rise { "num font-medium text-rise" } else { "num font-medium text-primary" };
    view! {
        <div>
            <h3 class="text-sm text-muted">
                {move || if is_rise { t_string!(i18n, rehearsal.losers) } else { t_string!(i18n, rehearsal.winners) }}
            </h3>
            <ul class="mt-1">
                {accounts
                    .into_iter()
                    .take(3)
                    .map(|account| {
                        let change = account.after.checked_sub(account.before).unwrap_or_default();
                        view! {
                            <li class="flex gap-2 py-1 border-b border-line last:border-0">
                                <span class="flex-1 truncate">{account.name}</span>
                                <span class=tone>{move || signed_text(i18n.get_locale(), change)}</span>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </div>
    }
    .into_any()
}

/// How many accounts pay how much less or more, as bars.
#[component]
fn Histogram(bars: [i64; 9]) -> impl IntoView {
    let i18n = use_i18n();
    let most = bars.iter().copied().max().unwrap_or(0).max(1);
    let bar = move |(place, count): (usize, i64)| {
        let colour = match place {
            0..=3 => "bg-primary",
            4 => "bg-control",
            _ => "bg-rise",
        };
        // A bar that stands for somebody is seen, however many others there are.
        let height = if count == 0 { 0 } else { (count * 100 / most).max(4) };
        view! {
            <li class="flex-1 h-full flex items-end" title=move || count_text(i18n.get_locale(), count)>
                <span class=format!("block w-full rounded-t-[2px] {colour}") style=format!("height: {height}%")></span>
            </li>
        }
    };
    view! {
        <h3 class="text-sm text-muted mt-4">{t!(i18n, rehearsal.bills)}</h3>
        // The same in words is above.
        <div aria-hidden="true">
            <ul class="flex gap-1 h-16 mt-2 border-b border-line">{bars.into_iter().enumerate().map(bar).collect_view()}</ul>
            <p class="flex justify-between text-xs text-muted num mt-1">
                <span>"−20\u{a0}%"</span>
                <span>{t!(i18n, rehearsal.same)}</span>
                <span>"+20\u{a0}%"</span>
            </p>
        </div>
    }
}

/// What each operation brought and would have brought, the largest first.
#[component]
fn Operations(operations: Vec<OperationImpact>) -> impl IntoView {
    let i18n = use_i18n();
    let rows = operations
        .into_iter()
        .map(|row| {
            let (charges, before, after) = (row.charges, row.before, row.after);
            let change = after.checked_sub(before).unwrap_or_default();
            let tone = if change.is_positive() {
                "r num text-rise"
            } else if change.is_negative() {
                "r num text-primary"
            } else {
                "r num text-muted"
            };
            view! {
                <tr>
                    <th scope="row" class="!text-left !font-normal break-all">{row.operation}</th>
                    <td class="r num hidden sm:table-cell">{move || count_text(i18n.get_locale(), charges)}</td>
                    <td class="r num whitespace-nowrap">
                        {move || {
                            let locale = i18n.get_locale();
                            format!("{} → {}", credits_text(locale, before), credits_text(locale, after))
                        }}
                    </td>
                    <td class=tone>{move || signed_text(i18n.get_locale(), change)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <details class="mt-4">
            <summary class="cursor-pointer link-q w-fit">{t!(i18n, rehearsal.by_operation)}</summary>
            <table class="grid-table mt-2 -mx-3 !w-[calc(100%+1.5rem)]">
                <thead>
                    <tr>
                        <th scope="col">{t!(i18n, prices.model)}</th>
                        <th scope="col" class="r hidden sm:table-cell">{t!(i18n, rehearsal.charges)}</th>
                        <th scope="col" class="r">{t!(i18n, rehearsal.spent)}</th>
                        <th scope="col" class="r">{t!(i18n, tariffs.change)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </details>
    }
}
