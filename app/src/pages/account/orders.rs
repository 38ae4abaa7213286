//! `/wallet/orders`: every top-up, with its state.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use wallet::payment::{PaymentPage, PaymentStatus, PaymentView};

use crate::components::ui::panel::{EmptyState, PagedTable};
use crate::components::ui::shell::{DataPage, Nav};
use crate::data::payments::orders;
use crate::i18n::*;
use crate::text::amount::{credits_text, money_text};
use crate::text::date_time::{When, WhenStyle};

/// The list of orders.
#[component]
pub fn OrdersPage() -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let before = Memo::new(move |_| address.with(|map| map.get_str("before").unwrap_or_default().to_owned()));
    let page = Resource::new_blocking(move || before.get(), orders);
    view! {
        <DataPage
            active=Nav::Orders
            title=move || t_string!(i18n, order.list)
            note=move || t_string!(i18n, order.list_note)
            actions=move || {
                view! {
                    <a class="btn btn-plain" href="/wallet/documents">{t!(i18n, document.list)}</a>
                    <a class="btn btn-plain" href="/wallet/refunds">{t!(i18n, refund.list)}</a>
                }
            }
            data=page
            let:page
        >
            <OrderList page=page />
        </DataPage>
    }
}

/// The table, or that there is nothing yet.
#[component]
fn OrderList(page: PaymentPage) -> impl IntoView {
    let i18n = use_i18n();
    let rows = page.payments.into_iter().map(|order| view! { <OrderRow order=order /> }.into_any()).collect();
    view! {
        <PagedTable
            name=move || t_string!(i18n, order.list)
            head=view! {
                <th scope="col">{t!(i18n, order.what)}</th>
                <th scope="col">{t!(i18n, order.state)}</th>
                <th scope="col" class="hidden sm:table-cell">{t!(i18n, order.time)}</th>
                <th scope="col" class="r">{t!(i18n, ledger.credits)}</th>
                <th scope="col" class="r">{t!(i18n, order.amount_paid)}</th>
            }
            rows=rows
            older=page.next.map(|next| format!("/wallet/orders?before={next}"))
            empty=view! {
                <EmptyState
                    title=move || t_string!(i18n, order.none)
                    note=move || t_string!(i18n, order.none_note)
                >
                    <a class="btn btn-plain" href="/wallet/top-up">{t!(i18n, wallet.top_up)}</a>
                </EmptyState>
            }
        />
    }
}

/// One order.
#[component]
fn OrderRow(order: PaymentView) -> impl IntoView {
    let i18n = use_i18n();
    let (status, credits, money) = (order.status, order.credits, order.money);
    let class = match status {
        PaymentStatus::Succeeded => "tag tag-ok",
        PaymentStatus::Failed => "tag tag-err",
        PaymentStatus::Held => "tag tag-warn",
        _ => "tag",
    };
    view! {
        <tr class="hot">
            <td>
                <a class="font-medium hover:underline underline-offset-4" href=format!("/wallet/orders/{}", order.id)>
                    {order.title.clone()}
                    {order.is_automatic.then(|| view! { " " <span class="tag">{t!(i18n, auto.title)}</span> })}
                </a>
            </td>
            <td><span class=class>{move || status_name(i18n.get_locale(), status)}</span></td>
            <td class="hidden sm:table-cell text-muted num"><When at=order.created_at style=WhenStyle::DateTime /></td>
            <td class="r">{move || credits_text(i18n.get_locale(), credits)}</td>
            <td class="r">{move || money_text(i18n.get_locale(), money)}</td>
        </tr>
    }
}

/// Names the state of a payment.
fn status_name(locale: Locale, status: PaymentStatus) -> &'static str {
    match status {
        PaymentStatus::Pending => td_string!(locale, order.status_pending),
        PaymentStatus::Processing | PaymentStatus::Unknown => td_string!(locale, order.status_processing),
        PaymentStatus::Succeeded => td_string!(locale, order.status_succeeded),
        PaymentStatus::Failed => td_string!(locale, order.status_failed),
        PaymentStatus::Cancelled => td_string!(locale, order.status_cancelled),
        PaymentStatus::Expired => td_string!(locale, order.status_expired),
        PaymentStatus::Held => td_string!(locale, order.status_held),
    }
}
