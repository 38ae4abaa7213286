//! `/admin/disputes`: payments that buyers' banks want back.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use wallet::refund::DisputeView;

use crate::components::console::dispute_table::DisputeTable;
use crate::components::ui::panel::{DoneBanner, EmptyState};
use crate::components::ui::shell::{DataPage, Nav};
use crate::data::staff_refunds::{DisputesPage as Page, load_disputes};
use crate::i18n::*;
use crate::text::date_time::ZoneNote;

/// The open disputes, and those that are over.
#[component]
pub fn DisputesPage() -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let done = move || address.with(|map| map.get_str("done").map(str::to_owned));
    let page = Resource::new_blocking(|| (), |()| load_disputes());
    view! {
        <DataPage active=Nav::Disputes title=move || t_string!(i18n, disputes.title) wide=true data=page let:page>
            <h1 class="h1 mb-5">{t!(i18n, disputes.title)}</h1>
            {move || done().map(|done| view! { <Done done=done /> })}
            <Lists page=page />
        </DataPage>
    }
}

/// What was done just now.
#[component]
fn Done(done: String) -> impl IntoView {
    let i18n = use_i18n();
    let words = move || match done.as_str() {
        "opened" => t_string!(i18n, disputes.done_opened),
        "won" => t_string!(i18n, disputes.done_won),
        "lost" => t_string!(i18n, disputes.done_lost),
        _ => "",
    };
    view! { <DoneBanner words=Signal::derive(words) /> }
}

/// Both lists.
#[component]
fn Lists(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let Page { disputes, outcome, today } = page;
    let (over, open): (Vec<DisputeView>, Vec<DisputeView>) =
        disputes.into_iter().partition(|dispute| dispute.state.is_over());
    let open = if open.is_empty() {
        view! {
            <EmptyState title=move || t_string!(i18n, disputes.none) note=move || t_string!(i18n, disputes.none_note) />
        }
        .into_any()
    } else {
        let outcome = outcome.clone();
        view! { <DisputeTable disputes=open name=move || t_string!(i18n, disputes.open).to_owned() outcome=outcome today=today /> }
            .into_any()
    };
    view! {
        {open}
        {(!over.is_empty())
            .then(|| {
                view! {
                    <section aria-labelledby="over" class="mt-8">
                        <h2 id="over" class="h2 mb-2">{t!(i18n, disputes.over)}</h2>
                        <DisputeTable
                            disputes=over
                            name=move || t_string!(i18n, disputes.over).to_owned()
                            outcome=outcome
                            today=today
                        />
                    </section>
                }
            })}
        <p class="text-sm text-muted mt-3"><ZoneNote /></p>
    }
}
