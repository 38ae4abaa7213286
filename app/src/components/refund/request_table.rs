//! The account's requests as a table.

use leptos::prelude::*;
use wallet::refund::RefundRequest;

use crate::components::ui::panel::TablePanel;
use crate::i18n::*;
use crate::text::date_time::{When, WhenStyle};
use crate::text::refund::{asked_text, number_text, request_class, request_state, returned_text};

/// The requests, newest first.
#[component]
pub fn RequestTable(
    /// The requests.
    requests: Vec<RefundRequest>,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows = requests.into_iter().map(|request| view! { <RequestRow request=request /> }).collect_view();
    view! {
        <TablePanel
            name=move || t_string!(i18n, refund.list)
            head=view! {
                <th scope="col" class="hidden sm:table-cell">{t!(i18n, refund.number)}</th>
                <th scope="col">{t!(i18n, refund.about)}</th>
                <th scope="col" class="hidden sm:table-cell">{t!(i18n, refund.status)}</th>
                <th scope="col" class="r hidden md:table-cell">{t!(i18n, refund.asked_for)}</th>
                <th scope="col" class="r">{t!(i18n, refund.returned)}</th>
            }
        >
            {rows}
        </TablePanel>
    }
}

/// One request.
#[component]
fn RequestRow(request: RefundRequest) -> impl IntoView {
    let i18n = use_i18n();
    let (state, at) = (request.state, request.created_at);
    let (number, title) = (number_text(request.number), request.title.clone());
    let href = format!("/wallet/refunds/{}", request.id);
    let (asked, returned) = (request.clone(), request);
    let tag = move || {
        view! { <span class=request_class(state)>{move || request_state(i18n.get_locale(), state)}</span> }
    };
    view! {
        <tr class="hot">
            <td class="num hidden sm:table-cell whitespace-nowrap">
                {number.clone()}
                <span class="block text-sm text-muted"><When at=at style=WhenStyle::Date /></span>
            </td>
            <td>
                <a class="font-medium hover:underline underline-offset-4 [overflow-wrap:anywhere]" href=href>{title}</a>
                <span class="sm:hidden flex flex-wrap items-center gap-2 mt-1 text-sm text-muted num">
                    {tag()} {number} <When at=at style=WhenStyle::Date />
                </span>
            </td>
            <td class="hidden sm:table-cell">{tag()}</td>
            <td class="r hidden md:table-cell whitespace-nowrap text-muted">{move || asked_text(i18n.get_locale(), &asked)}</td>
            <td class="r font-semibold whitespace-nowrap">{move || returned_text(i18n.get_locale(), &returned)}</td>
        </tr>
    }
}
