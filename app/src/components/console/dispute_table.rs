//! Disputes: open ones by the day until which the bank takes evidence, and those that are over.

use chrono::NaiveDate;
use leptos::prelude::*;
use wallet::refund::{DisputeState, DisputeView};

use crate::components::console::dispute_form::{ResultForm, tells_of_disputes};
use crate::components::console::payment_list::PAYMENTS;
use crate::components::ui::panel::TablePanel;
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::text::amount::{credits_text, money_text};
use crate::text::date_time::{When, WhenStyle, date_text};
use crate::text::payment::provider_name;
use crate::text::refund::{dispute_class, dispute_reason, dispute_state};

/// The disputes of one list.
#[component]
pub fn DisputeTable(
    /// The disputes.
    disputes: Vec<DisputeView>,
    /// What it lists, for who can't see it.
    #[prop(into)]
    name: Signal<String>,
    /// What became of a form in it.
    outcome: FormOutcome,
    /// The day on which the page was drawn.
    today: NaiveDate,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows = disputes
        .into_iter()
        .map(|dispute| {
            let is_about = outcome.path == format!("/admin/disputes/{}/result", dispute.id);
            let outcome = if is_about { outcome.clone() } else { FormOutcome::default() };
            view! { <DisputeRow dispute=dispute outcome=outcome today=today /> }
        })
        .collect_view();
    view! {
        <TablePanel
            name=name
            head=view! {
                <th scope="col">{t!(i18n, payments.payment)}</th>
                <th scope="col" class="hidden md:table-cell">{t!(i18n, refund.reason)}</th>
                <th scope="col" class="r">{t!(i18n, payments.amount)}</th>
                <th scope="col" class="r hidden sm:table-cell">{t!(i18n, disputes.frozen)}</th>
                <th scope="col" class="hidden lg:table-cell">{t!(i18n, disputes.evidence)}</th>
                <th scope="col" class="hidden sm:table-cell">{t!(i18n, order.state)}</th>
            }
        >
            {rows}
        </TablePanel>
    }
}

/// One dispute; below it, while it is open, what staff can do.
#[component]
fn DisputeRow(dispute: DisputeView, outcome: FormOutcome, today: NaiveDate) -> impl IntoView {
    let i18n = use_i18n();
    let DisputeView { id, payment, title, owner, provider, state, reason, money, frozen, evidence_by, created_at } =
        dispute;
    let words = reason.clone();
    let tag =
        move || view! { <span class=dispute_class(state)>{move || dispute_state(i18n.get_locale(), state)}</span> };
    let due = evidence_by.map(|at| at.date_naive());
    let due_class =
        if due.is_some_and(|day| day <= today) && !state.is_over() { "text-rise font-medium" } else { "text-muted" };
    let due_text = move || due.map_or_else(|| "—".to_owned(), |day| date_text(i18n.get_locale(), day));
    let is_ours = !tells_of_disputes(&provider);
    let name = provider.clone();
    let action = match state {
        DisputeState::Open if is_ours => view! { <ResultForm id=id.to_string() outcome=outcome /> }.into_any(),
        DisputeState::Open | DisputeState::Inquiry => view! {
            <span class="block text-sm text-muted mt-1">
                {move || t_string!(i18n, disputes.at_provider, provider = provider_name(i18n.get_locale(), &name))}
            </span>
        }
        .into_any(),
        _ => ().into_any(),
    };
    view! {
        <tr class="hot" data-dispute=id.to_string()>
            <td class="!align-top">
                <a class="font-medium hover:underline underline-offset-4 [overflow-wrap:anywhere]" href=format!("{PAYMENTS}/{payment}?period=all")>
                    {owner.0}
                </a>
                <span class="block text-sm text-muted [overflow-wrap:anywhere]">{title} ", " {move || provider_name(i18n.get_locale(), &provider)}</span>
                <span class="block text-sm text-muted num">{t!(i18n, disputes.opened)} " " <When at=created_at style=WhenStyle::Date /></span>
                <span class="md:hidden block text-sm [overflow-wrap:anywhere]">{move || dispute_reason(i18n.get_locale(), &words)}</span>
                <span class="sm:hidden block mt-1">{tag()}</span>
                {due
                    .map(|day| {
                        view! {
                            <span class=format!("lg:hidden block text-sm num {due_class}")>
                                {move || t_string!(i18n, disputes.evidence_by, date = date_text(i18n.get_locale(), day))}
                            </span>
                        }
                    })}
                {action}
            </td>
            <td class="hidden md:table-cell !align-top text-muted [overflow-wrap:anywhere]">
                {move || dispute_reason(i18n.get_locale(), &reason)}
            </td>
            <td class="r !align-top font-semibold whitespace-nowrap">{move || money_text(i18n.get_locale(), money)}</td>
            <td class="r hidden sm:table-cell !align-top whitespace-nowrap">{move || credits_text(i18n.get_locale(), frozen)}</td>
            <td class=format!("hidden lg:table-cell !align-top num whitespace-nowrap {due_class}")>{due_text}</td>
            <td class="hidden sm:table-cell !align-top">{tag()}</td>
        </tr>
    }
}
