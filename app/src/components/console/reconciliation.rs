//! What came of comparing payments with the providers' books.

use chrono::NaiveDate;
use leptos::prelude::*;
use wallet::money::Money;
use wallet::payment::{FoundDifference, Reconciliation};

use crate::components::console::payment_list::PAYMENTS;
use crate::components::ui::icon::{Icon, icon};
use crate::components::ui::panel::{EmptyState, TablePanel};
use crate::i18n::*;
use crate::text::amount::{count_text, money_text};
use crate::text::console::{difference_name, reconciled_text};
use crate::text::date_time::{When, WhenStyle, date_text};
use crate::text::payment::provider_name;

/// One line for each provider: when it was compared, and what came of it.
#[component]
pub fn ReconciledLines(
    /// The newest comparison with each provider.
    newest: Vec<Reconciliation>,
    /// The day on which the page was drawn.
    today: NaiveDate,
) -> impl IntoView {
    let i18n = use_i18n();
    if newest.is_empty() {
        return view! { <p class="mb-3 text-sm text-muted">{t!(i18n, payments.never_reconciled)}</p> }.into_any();
    }
    let last = newest.len().saturating_sub(1);
    let lines = newest
        .into_iter()
        .enumerate()
        .map(|(place, run)| {
            let is_fine = run.problem.is_none() && run.differences == 0;
            let (mark, class) = if is_fine { (Icon::Check, "text-primary mt-[3px]") } else { (Icon::Warn, "text-rise mt-[3px]") };
            view! {
                <p class="flex gap-2 text-sm num">
                    <span class=class>{icon(mark, 14)}</span>
                    <span>
                        {move || reconciled_text(i18n.get_locale(), &run, today)} " "
                        {(place == last).then(|| view! { <a class="link-q" href="/admin/reconciliation">{t!(i18n, payments.report)}</a> })}
                    </span>
                </p>
            }
        })
        .collect_view();
    view! { <div class="mb-3 grid gap-1" data-testid="reconciled">{lines}</div> }.into_any()
}

/// The newest comparison with each provider, as a table.
#[component]
pub fn NewestTable(
    /// The newest comparison with each provider.
    newest: Vec<Reconciliation>,
    /// The day on which the page was drawn.
    today: NaiveDate,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows = newest
        .into_iter()
        .map(|run| {
            let (provider, at) = (run.provider.clone(), run.began_at);
            let (from, last) = (run.from.date_naive(), run.to.date_naive().pred_opt().unwrap_or(run.to.date_naive()));
            let days = move || {
                let locale = i18n.get_locale();
                format!("{} – {}", date_text(locale, from), date_text(locale, last))
            };
            let figures = if run.problem.is_some() {
                view! { <td colspan="4" class="text-rise">{move || reconciled_text(i18n.get_locale(), &run, today)}</td> }
                    .into_any()
            } else {
                let figure = move |count: i64| view! { <td class="r">{move || count_text(i18n.get_locale(), count)}</td> };
                view! {
                    {figure(run.matched)}
                    {figure(run.differences)}
                    {figure(run.in_review)}
                    {figure(run.others)}
                }
                .into_any()
            };
            view! {
                <tr class="hot">
                    <td>
                        <span class="font-medium">{move || provider_name(i18n.get_locale(), &provider)}</span>
                        <span class="md:hidden block text-sm text-muted num">
                            <When at=at style=WhenStyle::DateTime />
                            <span class="block">{days}</span>
                        </span>
                    </td>
                    <td class="hidden md:table-cell num text-muted whitespace-nowrap"><When at=at style=WhenStyle::DateTime /></td>
                    <td class="hidden md:table-cell num text-muted">{days}</td>
                    {figures}
                </tr>
            }
        })
        .collect_view();
    view! {
        <TablePanel
            name=move || t_string!(i18n, payments.newest_runs)
            head=view! {
                <th scope="col">{t!(i18n, payments.provider)}</th>
                <th scope="col" class="hidden md:table-cell">{t!(i18n, ledger.time)}</th>
                <th scope="col" class="hidden md:table-cell">{t!(i18n, ledger.period)}</th>
                <th scope="col" class="r">{t!(i18n, payments.match_count)}</th>
                <th scope="col" class="r">{t!(i18n, payments.difference_count)}</th>
                <th scope="col" class="r">{t!(i18n, order.status_held)}</th>
                <th scope="col" class="r">{t!(i18n, payments.other_count)}</th>
            }
        >
            {rows}
        </TablePanel>
    }
}

/// What differs, each once: those that the newest comparisons found first.
#[component]
pub fn DifferenceTable(
    /// The differences.
    differences: Vec<FoundDifference>,
) -> impl IntoView {
    let i18n = use_i18n();
    if differences.is_empty() {
        return view! {
            <EmptyState
                title=move || t_string!(i18n, payments.no_differences)
                note=move || t_string!(i18n, payments.no_differences_note)
            />
        }
        .into_any();
    }
    let rows = differences.into_iter().map(|found| view! { <DifferenceRow found=found /> }).collect_view();
    view! {
        <TablePanel
            name=move || t_string!(i18n, payments.difference_count)
            head=view! {
                <th scope="col">{t!(i18n, payments.difference)}</th>
                <th scope="col" class="hidden md:table-cell">{t!(i18n, payments.payment)}</th>
                <th scope="col" class="r">{t!(i18n, payments.here)}</th>
                <th scope="col" class="r">{t!(i18n, payments.there)}</th>
                <th scope="col" class="hidden md:table-cell">{t!(i18n, payments.first_found)}</th>
                <th scope="col" class="hidden md:table-cell">{t!(i18n, payments.last_found)}</th>
            }
        >
            {rows}
        </TablePanel>
    }
    .into_any()
}

/// One difference.
#[component]
fn DifferenceRow(found: FoundDifference) -> impl IntoView {
    let i18n = use_i18n();
    let FoundDifference { provider, difference, found_at, last_found_at, is_current, .. } = found;
    let kind = difference.kind;
    let class = if is_current { "tag tag-warn" } else { "tag" };
    let amount = move |money: Option<Money>| {
        move || money.map_or_else(|| "—".to_owned(), |money| money_text(i18n.get_locale(), money))
    };
    let payment = difference.payment.map(|id| id.to_string());
    let reference = difference.reference.clone();
    // Beside the difference, or on small screens below it.
    let about = move || {
        let provider = provider.clone();
        view! {
            {payment
                .clone()
                .map(|id| {
                    let href = format!("{PAYMENTS}/{id}?period=all");
                    view! { <a class="link-q font-mono text-xs break-all" href=href>{id}</a> }
                })}
            <span class="block text-muted">
                {move || provider_name(i18n.get_locale(), &provider)} " "
                <span class="font-mono text-xs break-all">{reference.clone()}</span>
            </span>
        }
    };
    view! {
        <tr class="hot">
            <td>
                <span class="font-medium block">{move || difference_name(i18n.get_locale(), kind)}</span>
                <span class=class>
                    {move || if is_current { t_string!(i18n, payments.is_current) } else { t_string!(i18n, payments.is_earlier) }}
                </span>
                <span class="md:hidden block text-sm mt-1">
                    {about()} <span class="block text-muted num"><When at=last_found_at style=WhenStyle::DateTime /></span>
                </span>
            </td>
            <td class="hidden md:table-cell text-sm">{about()}</td>
            <td class="r whitespace-nowrap">{amount(difference.ours)}</td>
            <td class="r whitespace-nowrap">{amount(difference.theirs)}</td>
            <td class="hidden md:table-cell num text-muted whitespace-nowrap"><When at=found_at style=WhenStyle::DateTime /></td>
            <td class="hidden md:table-cell num text-muted whitespace-nowrap">
                <When at=last_found_at style=WhenStyle::DateTime />
            </td>
        </tr>
    }
}
