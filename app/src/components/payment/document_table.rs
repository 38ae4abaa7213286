//! Receipts, invoices and credit notes as a table, and the statements of months.

use leptos::prelude::*;
use wallet::invoice::{DocumentKind, DocumentPage, DocumentSummary, Month};

use crate::components::ui::panel::{EmptyState, PagedTable};
use crate::i18n::*;
use crate::text::amount::money_text;
use crate::text::date_time::{When, WhenStyle};
use crate::text::document::{kind_name, period_text};

/// The documents, newest first, or that there are none yet.
#[component]
pub fn DocumentTable(
    /// The documents.
    page: DocumentPage,
    /// Whether an invoice can be asked for.
    may_invoice: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows = page
        .documents
        .into_iter()
        .map(|document| view! { <DocumentRow document=document may_invoice=may_invoice /> }.into_any())
        .collect();
    view! {
        <PagedTable
            name=move || t_string!(i18n, document.list)
            head=view! {
                <th scope="col">{t!(i18n, document.one)}</th>
                <th scope="col" class="hidden sm:table-cell">{t!(i18n, document.item)}</th>
                <th scope="col" class="hidden sm:table-cell">{t!(i18n, document.date)}</th>
                <th scope="col" class="r">{t!(i18n, document.total)}</th>
                <th scope="col"><span class="sr-only">{t!(i18n, document.kind_invoice)}</span></th>
            }
            rows=rows
            older=page.next.map(|next| format!("/wallet/documents?before={next}"))
            empty=view! {
                <EmptyState title=move || t_string!(i18n, document.none) note=move || t_string!(i18n, document.none_note)>
                    <a class="btn btn-plain" href="/wallet/top-up">{t!(i18n, wallet.top_up)}</a>
                </EmptyState>
            }
        />
    }
}

/// One document.
#[component]
fn DocumentRow(document: DocumentSummary, may_invoice: bool) -> impl IntoView {
    let i18n = use_i18n();
    let DocumentSummary { id, kind, code, title, payment, original, total, issued_at, has_invoice } = document;
    let can_invoice = may_invoice && kind == DocumentKind::Receipt && !has_invoice;
    let of_button = code.clone();
    let button = can_invoice.then(|| {
        view! {
            <form method="post" action=format!("/wallet/documents/{id}/invoice")>
                <button
                    class="btn btn-plain btn-sm"
                    aria-label=move || t_string!(i18n, document.make_invoice_of, code = of_button.clone())
                >
                    {t!(i18n, document.make_invoice)}
                </button>
            </form>
        }
    });
    let order = format!("/wallet/orders/{payment}");
    let (short, full) = (title.clone(), title);
    view! {
        <tr class="hot">
            <td>
                <a
                    class="font-medium num whitespace-nowrap hover:underline underline-offset-4"
                    href=format!("/wallet/documents/{id}.pdf")
                >
                    {code.clone()}
                </a>
                <span class="block text-sm text-muted">
                    {move || kind_name(i18n.get_locale(), kind)}
                    {original.map(|original| view! { ", " <span class="num whitespace-nowrap">{original}</span> })}
                </span>
                <span class="sm:hidden block text-sm text-muted num [overflow-wrap:anywhere]">
                    {short} ", " <When at=issued_at style=WhenStyle::Date />
                </span>
            </td>
            <td class="hidden sm:table-cell [overflow-wrap:anywhere]">
                <a class="hover:underline underline-offset-4" href=order>{full}</a>
            </td>
            <td class="hidden sm:table-cell text-muted num whitespace-nowrap"><When at=issued_at style=WhenStyle::Date /></td>
            <td class="r whitespace-nowrap">
                {move || {
                    let text = money_text(i18n.get_locale(), total);
                    if kind == DocumentKind::CreditNote { format!("−{text}") } else { text }
                }}
            </td>
            <td class="r">{button}</td>
        </tr>
    }
}

/// The statements, newest first.
#[component]
pub fn Statements(
    /// The months.
    months: Vec<Month>,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows = months
        .into_iter()
        .map(|month| {
            view! {
                <li class="px-4 py-2.5 border-b border-line last:border-0">
                    <a
                        class="num hover:underline underline-offset-4"
                        href=format!("/wallet/statements/{month}.pdf")
                    >
                        {move || period_text(i18n.get_locale(), month)}
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <section aria-labelledby="statements">
            <h2 id="statements" class="h2">{t!(i18n, document.statements)}</h2>
            <p class="text-sm text-muted mb-2">{t!(i18n, document.statements_note)}</p>
            <ul class="panel">{rows}</ul>
        </section>
    }
}
