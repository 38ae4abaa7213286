//! The documents about a payment, for staff.

use leptos::prelude::*;
use wallet::invoice::DocumentSummary;

use crate::i18n::*;
use crate::text::amount::money_text;
use crate::text::document::kind_name;

/// A link to each document, newest first; nothing where there is none.
#[component]
pub fn DocumentLinks(
    /// The documents.
    documents: Vec<DocumentSummary>,
) -> impl IntoView {
    let i18n = use_i18n();
    if documents.is_empty() {
        return ().into_any();
    }
    let rows = documents
        .into_iter()
        .map(|document| {
            let DocumentSummary { id, kind, code, total, .. } = document;
            view! {
                <li class="flex gap-3">
                    <a class="link-q num" href=format!("/admin/documents/{id}.pdf")>{code}</a>
                    <span class="flex-1 text-muted">{move || kind_name(i18n.get_locale(), kind)}</span>
                    <span class="num whitespace-nowrap">{move || money_text(i18n.get_locale(), total)}</span>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="px-5 py-4 border-t border-line" aria-labelledby="story-documents">
            <h3 id="story-documents" class="h2 mb-2">{t!(i18n, document.list)}</h3>
            <ul class="grid gap-1.5 text-sm">{rows}</ul>
        </section>
    }
    .into_any()
}
