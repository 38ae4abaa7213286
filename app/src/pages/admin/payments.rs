//! `/admin/payments` and `/admin/payments/{id}`: all payments, and beside them the story of the one in the address.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::components::console::payment_list::{PAYMENTS, PaymentFilters, PaymentPages, PaymentTable, StatusTabs};
use crate::components::console::payment_story::StoryPanel;
use crate::components::console::reconciliation::ReconciledLines;
use crate::components::ui::icon::{Icon, icon};
use crate::components::ui::panel::{EmptyState, Loaded};
use crate::components::ui::shell::{AppShell, Nav};
use crate::data::console::{PaymentsPage as Page, PaymentsQuery, StoryPage, load_payment, load_payments};
use crate::error::AppError;
use crate::i18n::*;

/// Reads the filters from the address.
fn query_of(params: &leptos_router::params::ParamsMap) -> PaymentsQuery {
    let text = |name: &str| params.get_str(name).unwrap_or_default().to_owned();
    PaymentsQuery {
        status: text("status"),
        period: text("period"),
        provider: text("provider"),
        item: text("item"),
        q: text("q"),
        before: text("before"),
    }
}

/// The list, and beside it the story of the payment in the address.
#[component]
pub fn PaymentsPage() -> impl IntoView {
    let i18n = use_i18n();
    let (params, address) = (use_params_map(), use_query_map());
    let query = Memo::new(move |_| address.with(query_of));
    let selected = Memo::new(move |_| params.with(|params| params.get_str("id").map(str::to_owned)));
    let done = move || address.with(|map| map.get_str("done").map(str::to_owned));
    let page = Resource::new_blocking(move || query.get(), load_payments);
    let opened = Resource::new_blocking(
        move || selected.get(),
        |selected| async move {
            match selected {
                None => Ok(None),
                Some(id) => load_payment(id).await.map(Some),
            }
        },
    );
    view! {
        <AppShell active=Nav::Payments title=move || t_string!(i18n, payments.title) wide=true>
            <div class="flex items-end gap-x-6 gap-y-3 mb-5">
                <h1 class="h1 min-w-0">{t!(i18n, payments.title)}</h1>
                <span class="flex-1"></span>
                <a
                    class="btn btn-plain"
                    download=""
                    href=move || format!("/admin/payments.csv{}", query.get().at("").to_query())
                >
                    {icon(Icon::Download, 16)}
                    {t!(i18n, ledger.export)}
                </a>
            </div>
            <Loaded data=page let:page>
                <PaymentList page=page selected=selected opened=opened done=untrack(done) />
            </Loaded>
        </AppShell>
    }
}

/// Tabs, filters, what was reconciled, rows, and beside them the story that is open.
#[component]
fn PaymentList(
    page: Page,
    selected: Memo<Option<String>>,
    opened: Resource<Result<Option<StoryPage>, AppError>>,
    done: Option<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    let query = page.query.clone();
    let total = page.counts.of(query.group());
    let close = StoredValue::new(format!("{PAYMENTS}{}", query.to_query()));
    let done = StoredValue::new(done);
    let rows = if page.payments.is_empty() {
        let is_none = page.counts.all == 0 && !query.is_filtered();
        let title = move || if is_none { t_string!(i18n, payments.none) } else { t_string!(i18n, payments.no_match) };
        let note = move || {
            if is_none { t_string!(i18n, payments.none_note) } else { t_string!(i18n, payments.no_match_note) }
        };
        view! { <EmptyState title=title note=note /> }.into_any()
    } else {
        view! {
            <PaymentTable payments=page.payments selected=selected query=query.to_query() today=page.today />
            <PaymentPages query=query.clone() older=page.older total=total />
        }
        .into_any()
    };
    view! {
        <StatusTabs query=query.clone() counts=page.counts />
        <PaymentFilters query=query providers=page.providers />
        <div class="grid grid-cols-[minmax(0,1fr)] xl:grid-cols-[minmax(0,1fr)_408px] gap-5 items-start">
            <div class="min-w-0">
                <ReconciledLines newest=page.newest today=page.today />
                {rows}
            </div>
            <Show when=move || selected.get().is_some()>
                <Loaded data=opened let:opened>
                    {opened
                        .map(|opened| {
                            let (close, done) = (close.get_value(), done.get_value());
                            view! { <StoryPanel story=opened.story documents=opened.documents outcome=opened.outcome done=done close=close /> }
                        })}
                </Loaded>
            </Show>
        </div>
    }
}
