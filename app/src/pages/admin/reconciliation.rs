//! `/admin/reconciliation`: payments beside the providers' books, and what differs.

use leptos::prelude::*;

use crate::components::console::reconciliation::{DifferenceTable, NewestTable};
use crate::components::ui::panel::EmptyState;
use crate::components::ui::shell::{DataPage, Nav};
use crate::data::console::{ReconciliationPage as Page, load_reconciliation};
use crate::i18n::*;

/// The page of comparisons.
#[component]
pub fn ReconciliationPage() -> impl IntoView {
    let i18n = use_i18n();
    let page = Resource::new_blocking(|| (), |()| load_reconciliation());
    view! {
        <DataPage
            active=Nav::Payments
            title=move || t_string!(i18n, payments.reconciliation)
            note=move || t_string!(i18n, payments.reconciliation_note)
            actions=move || view! { <a class="btn btn-plain" href="/admin/payments">{t!(i18n, payments.to_list)}</a> }
            wide=true
            data=page
            let:page
        >
            <Report page=page />
        </DataPage>
    }
}

/// The newest comparison with each provider, then what differs.
#[component]
fn Report(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    if page.report.newest.is_empty() {
        return view! {
            <EmptyState
                title=move || t_string!(i18n, payments.never_reconciled)
                note=move || t_string!(i18n, payments.run_note)
            />
        }
        .into_any();
    }
    let has_more = page.report.has_more;
    view! {
        <NewestTable newest=page.report.newest today=page.today />
        <p class="text-sm text-muted mt-2">{t!(i18n, payments.run_note)}</p>
        <h2 class="h2 mt-8 mb-3">{t!(i18n, payments.difference_count)}</h2>
        <DifferenceTable differences=page.report.differences />
        {has_more.then(|| view! { <p class="text-sm text-muted mt-2">{t!(i18n, payments.more_differences)}</p> })}
    }
    .into_any()
}
