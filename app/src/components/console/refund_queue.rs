//! The queue of refund requests: tabs by state, and the requests, those that wait by their deadline.

use chrono::{DateTime, NaiveDate, Utc};
use leptos::prelude::*;
use wallet::refund::{RefundRequest, RequestState};

use crate::components::ui::tabs::{CountTab, CountTabs};
use crate::i18n::*;
use crate::text::date_time::{When, WhenStyle, date_text};
use crate::text::refund::{asked_text, number_text, reason_name, request_class, request_state, returned_text};

/// Where the queue stands.
pub const REFUNDS: &str = "/admin/refunds";

/// The address of the queue in a state.
#[must_use]
pub fn queue_address(state: RequestState, path: &str) -> String {
    match state {
        RequestState::Waiting => format!("{REFUNDS}{path}"),
        other => format!("{REFUNDS}{path}?state={}", other.code()),
    }
}

/// The states as tabs, each with how many requests it has.
#[component]
pub fn RequestTabs(
    /// The state that is listed.
    open: RequestState,
    /// How many there are in each.
    counts: Vec<(RequestState, i64)>,
) -> impl IntoView {
    let i18n = use_i18n();
    let tab = |(state, count)| CountTab {
        href: queue_address(state, ""),
        label: Signal::derive(move || request_state(i18n.get_locale(), state)),
        count,
        is_open: state == open,
    };
    view! { <CountTabs tabs=counts.into_iter().map(tab).collect() /> }
}

/// The requests.
#[component]
pub fn RequestQueue(
    /// The requests.
    requests: Vec<RefundRequest>,
    /// The state that is listed.
    state: RequestState,
    /// The request that is open.
    #[prop(into)]
    selected: Signal<Option<String>>,
    /// The day on which the page was drawn.
    today: NaiveDate,
) -> impl IntoView {
    let i18n = use_i18n();
    let is_waiting = state == RequestState::Waiting;
    let rows = requests
        .into_iter()
        .map(|request| view! { <QueueRow request=request state=state selected=selected today=today /> })
        .collect_view();
    let last = move || {
        if is_waiting { t_string!(i18n, refunds.due) } else { t_string!(i18n, order.state) }
    };
    let figure = move || {
        if is_waiting { t_string!(i18n, refunds.asked) } else { t_string!(i18n, refund.returned) }
    };
    view! {
        <div class="panel overflow-hidden">
            <table class="grid-table">
                <caption class="sr-only">{t!(i18n, refunds.caption)}</caption>
                <thead>
                    <tr>
                        <th scope="col" class="hidden sm:table-cell w-24">{t!(i18n, refund.number)}</th>
                        <th scope="col" class="max-sm:!pl-4">{t!(i18n, payments.customer)}</th>
                        <th scope="col" class="hidden md:table-cell">{t!(i18n, refund.reason)}</th>
                        <th scope="col" class="r max-sm:!pr-4">{figure}</th>
                        <th scope="col" class="hidden sm:table-cell">{last}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

/// One request; the customer's name is the link to it.
#[component]
fn QueueRow(
    request: RefundRequest,
    state: RequestState,
    selected: Signal<Option<String>>,
    today: NaiveDate,
) -> impl IntoView {
    let i18n = use_i18n();
    let id = request.id.to_string();
    let href = queue_address(state, &format!("/{id}"));
    let own = id.clone();
    let is_selected = move || selected.with(|selected| selected.as_ref() == Some(&own)).then_some("true");
    let is_waiting = state == RequestState::Waiting;
    let (number, reason, reply_by) = (number_text(request.number), request.reason, request.reply_by);
    let (name, title) = (request.sent_by.0.clone(), request.title.clone());
    let figure = move || {
        let locale = i18n.get_locale();
        if is_waiting { asked_text(locale, &request) } else { returned_text(locale, &request) }
    };
    let last = move || {
        if is_waiting {
            view! { <Due at=reply_by today=today /> }.into_any()
        } else {
            view! { <span class=request_class(state)>{move || request_state(i18n.get_locale(), state)}</span> }
                .into_any()
        }
    };
    view! {
        <tr class="hot" aria-selected=is_selected data-request=id>
            <td class="num text-muted hidden sm:table-cell whitespace-nowrap">{number.clone()}</td>
            <td class="max-sm:!pl-4">
                <a href=href data-keep-scroll data-focus="#story" class="font-medium hover:underline underline-offset-4 [overflow-wrap:anywhere]">
                    {name}
                </a>
                <span class="block text-sm text-muted [overflow-wrap:anywhere]">
                    <span class="sm:hidden num">{number}", "</span>
                    {title}
                </span>
                <span class="block sm:hidden text-sm">{last()}</span>
            </td>
            <td class="hidden md:table-cell text-muted">{move || reason_name(i18n.get_locale(), reason)}</td>
            <td class="r font-semibold max-sm:!pr-4">{figure}</td>
            <td class="hidden sm:table-cell num">{last()}</td>
        </tr>
    }
}

/// Until when staff reply; what is due today or before stands out.
#[component]
fn Due(at: DateTime<Utc>, today: NaiveDate) -> impl IntoView {
    let i18n = use_i18n();
    let day = at.date_naive();
    if day > today {
        return view! { <span class="text-muted whitespace-nowrap"><When at=at style=WhenStyle::Date /></span> }
            .into_any();
    }
    let words = move || match day < today {
        true => format!("{}, {}", t_string!(i18n, refunds.overdue), date_text(i18n.get_locale(), day)),
        false => t_string!(i18n, refunds.today).to_owned(),
    };
    view! { <span class="text-rise font-medium">{words}</span> }.into_any()
}
