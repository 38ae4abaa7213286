//! `/admin/refunds` and `/admin/refunds/{id}`: what customers ask back, and beside it the request in the address.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::components::console::refund_queue::{RequestQueue, RequestTabs, queue_address};
use crate::components::console::refund_story::RefundStory;
use crate::components::ui::panel::{EmptyState, Loaded};
use crate::components::ui::shell::{AppShell, Nav};
use crate::data::staff_refunds::{DecisionPage, RefundsPage as Page, load_refund, load_refunds};
use crate::error::AppError;
use crate::i18n::*;
use crate::text::date_time::ZoneNote;

/// The queue, and beside it the request in the address.
#[component]
pub fn StaffRefundsPage() -> impl IntoView {
    let i18n = use_i18n();
    let (params, address) = (use_params_map(), use_query_map());
    let state = Memo::new(move |_| address.with(|map| map.get_str("state").unwrap_or_default().to_owned()));
    let selected = Memo::new(move |_| params.with(|params| params.get_str("id").map(str::to_owned)));
    let done = move || address.with(|map| map.get_str("done").map(str::to_owned));
    let page = Resource::new_blocking(move || state.get(), load_refunds);
    let opened = Resource::new_blocking(
        move || selected.get(),
        |selected| async move {
            match selected {
                None => Ok(None),
                Some(id) => load_refund(id).await.map(Some),
            }
        },
    );
    view! {
        <AppShell active=Nav::Refunds title=move || t_string!(i18n, refunds.title) wide=true>
            <h1 class="h1 mb-5">{t!(i18n, refunds.title)}</h1>
            <Loaded data=page let:page>
                <Queue page=page selected=selected opened=opened done=untrack(done) />
            </Loaded>
        </AppShell>
    }
}

/// Tabs, requests, and beside them the one that is open.
#[component]
fn Queue(
    page: Page,
    selected: Memo<Option<String>>,
    opened: Resource<Result<Option<DecisionPage>, AppError>>,
    done: Option<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    let Page { state, requests, counts, today } = page;
    let close = StoredValue::new(queue_address(state, ""));
    let done = StoredValue::new(done);
    let rows = if requests.is_empty() {
        view! { <EmptyState title=move || t_string!(i18n, refunds.none) note=move || t_string!(i18n, refunds.none_note) /> }
            .into_any()
    } else {
        view! {
            <RequestQueue requests=requests state=state selected=selected today=today />
            <p class="text-sm text-muted mt-3"><ZoneNote /></p>
        }
        .into_any()
    };
    view! {
        <RequestTabs open=state counts=counts />
        <div class="grid grid-cols-[minmax(0,1fr)] xl:grid-cols-[minmax(0,1fr)_408px] gap-5 items-start">
            <div class="min-w-0">{rows}</div>
            <Show when=move || selected.get().is_some()>
                <Loaded data=opened let:opened>
                    {opened
                        .map(|opened| {
                            let (close, done) = (close.get_value(), done.get_value());
                            view! { <RefundStory found=opened.found outcome=opened.outcome done=done close=close /> }
                        })}
                </Loaded>
            </Show>
        </div>
    }
}
