//! `/wallet/documents`: receipts, invoices and credit notes as PDF, and the statements of months.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::components::payment::document_table::{DocumentTable, Statements};
use crate::components::ui::panel::DoneBanner;
use crate::components::ui::shell::{DataPage, Nav};
use crate::context::FormOutcome;
use crate::data::documents::{DocumentsPage as Page, load_documents};
use crate::i18n::*;
use crate::text::refusal::FormErrors;

/// What an invoice can lack, told in words of its own.
const MISSING: &[&str] = &["address", "country", "seller"];

/// The list of documents.
#[component]
pub fn DocumentsPage() -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let before = Memo::new(move |_| address.with(|map| map.get_str("before").unwrap_or_default().to_owned()));
    let page = Resource::new_blocking(move || before.get(), load_documents);
    view! {
        <DataPage
            active=Nav::Orders
            title=move || t_string!(i18n, document.list)
            note=move || t_string!(i18n, document.list_note)
            actions=move || view! { <a class="btn btn-plain" href="/settings/billing">{t!(i18n, billing.title)}</a> }
            data=page
            let:page
        >
            <Content page=page />
        </DataPage>
    }
}

#[component]
fn Content(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let Page { page, may_invoice, outcome } = page;
    let done = use_query_map().with_untracked(|map| map.get_str("done") == Some("invoice"));
    let months = page.months.clone();
    view! {
        {done.then(|| view! { <DoneBanner words=Signal::derive(move || t_string!(i18n, document.done_invoice)) /> })}
        <FormErrors outcome=outcome.clone() shown=MISSING />
        <Missing outcome=outcome />
        <div class="grid grid-cols-[minmax(0,1fr)] lg:grid-cols-[minmax(0,1fr)_minmax(0,260px)] gap-8 items-start">
            <div class="min-w-0"><DocumentTable page=page may_invoice=may_invoice /></div>
            {(!months.is_empty()).then(|| view! { <Statements months=months /> })}
        </div>
    }
}

/// Says what an invoice lacks, and where it is entered.
#[component]
fn Missing(outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let lacks = |field: &str| outcome.error(field).is_some();
    let (address, country, seller) = (lacks("address"), lacks("country"), lacks("seller"));
    if !address && !country && !seller {
        return ().into_any();
    }
    let words = move || match (address, country) {
        (true, true) => t_string!(i18n, document.needs_both),
        (true, false) => t_string!(i18n, document.needs_address),
        (false, true) => t_string!(i18n, document.needs_country),
        (false, false) => t_string!(i18n, document.no_seller),
    };
    let link = (address || country).then(|| {
        view! { <a class="btn btn-plain btn-sm" href="/settings/billing">{t!(i18n, billing.edit)}</a> }
    });
    view! {
        <div
            class="rounded-box px-4 py-2.5 mb-5 tag-err flex flex-wrap items-center gap-x-4 gap-y-2"
            role="alert"
            data-testid="form-error"
        >
            <p class="flex-1 min-w-[16rem]">{words}</p>
            {link}
        </div>
    }
    .into_any()
}
