//! `/wallet/payment`: saved cards, added, put first, used for the plan, removed.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use uuid::Uuid;
use wallet::payment::{CardTerm, MethodKind, PayOption, PaymentMethod};

use crate::components::payment::auto_top_up::AutoTopUpPanel;
use crate::components::payment::auto_top_up::charges::LastCharges;
use crate::components::ui::icon::{Icon, icon};
use crate::components::ui::panel::{Banner, BannerKind, EmptyState};
use crate::components::ui::shell::{DataPage, Nav};
use crate::data::payment_methods::{PaymentMethodsPage as Page, load_payment_methods};
use crate::i18n::*;
use crate::text::payment::{expiry_text, option_text, provider_name};
use crate::text::refusal::FormErrors;

/// The page of saved methods.
#[component]
pub fn PaymentMethodsPage() -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let currency = Memo::new(move |_| address.with(|map| map.get_str("currency").unwrap_or_default().to_owned()));
    let page = Resource::new_blocking(move || currency.get(), load_payment_methods);
    view! {
        <DataPage
            active=Nav::Payment
            title=move || t_string!(i18n, pay.title)
            note=move || t_string!(i18n, pay.note)
            data=page
            let:page
        >
            <Methods page=page />
        </DataPage>
    }
}

#[component]
fn Methods(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let Page { methods, adds, has_plan, may_pay, auto_top_up, outcome, idempotency_key, now } = page;
    let is_empty = methods.is_empty();
    let others = StoredValue::new(methods.clone());
    let cards = methods.clone();
    let charges = auto_top_up.as_ref().map(|offer| offer.view.charges.clone()).unwrap_or_default();
    let shown: &'static [&'static str] =
        &["threshold", "buys", "package", "amount", "fill_to", "daily", "monthly", "consent"];
    let asked = outcome.clone();
    let rows = methods
        .into_iter()
        .map(|method| view! { <MethodRow method=method others=others has_plan=has_plan may_pay=may_pay now=now /> })
        .collect_view();
    view! {
        <Done />
        <FormErrors outcome=outcome shown=shown />
        <div class="grid lg:grid-cols-[minmax(0,1fr)_minmax(0,320px)] gap-x-10 gap-y-8 items-start">
        <div class="grid gap-6 max-w-[760px] min-w-0">
            {if is_empty {
                view! {
                    <EmptyState
                        title=Signal::derive(move || t_string!(i18n, pay.empty).to_owned())
                        note=Signal::derive(move || t_string!(i18n, pay.empty_note).to_owned())
                    />
                }
                    .into_any()
            } else {
                view! {
                    <section class="panel" aria-label=move || t_string!(i18n, pay.list)>
                        <ul>{rows}</ul>
                    </section>
                }
                    .into_any()
            }}
            {(may_pay && has_plan && !is_empty)
                .then(|| view! { <p class="text-sm text-muted max-w-[60ch]">{t!(i18n, pay.use_consent)}</p> })}
            {may_pay.then(|| view! { <AddMethod adds=adds key=idempotency_key /> })}
            {auto_top_up
                .map(|offer| {
                    view! {
                        <AutoTopUpPanel
                            offer=offer
                            methods=cards
                            may_pay=may_pay
                            outcome=asked
                            idempotency_key=idempotency_key
                            now=now
                        />
                    }
                })}
        </div>
        <LastCharges charges=charges />
        </div>
    }
}

/// What was done, after a form; what became of a card that was to be added.
#[component]
fn Done() -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let done = address.with_untracked(|map| map.get_str("done").map(str::to_owned));
    let words = move || match done.as_deref() {
        Some("added") => Some(t_string!(i18n, pay.done_added)),
        Some("waiting") => Some(t_string!(i18n, pay.done_waiting)),
        Some("not-added") => Some(t_string!(i18n, pay.done_not_added)),
        Some("default") => Some(t_string!(i18n, pay.done_default)),
        Some("plan") => Some(t_string!(i18n, pay.done_plan)),
        Some("auto-on") => Some(t_string!(i18n, auto.done_on)),
        Some("auto-off") => Some(t_string!(i18n, auto.done_off)),
        Some("removed") => Some(t_string!(i18n, pay.done_removed)),
        _ => None,
    };
    view! {
        {move || words().map(|text| view! { <Banner kind=BannerKind::Info><p class="flex-1" role="status">{text}</p></Banner> })}
    }
}

#[component]
fn MethodRow(
    method: PaymentMethod,
    others: StoredValue<Vec<PaymentMethod>>,
    has_plan: bool,
    may_pay: bool,
    now: chrono::DateTime<chrono::Utc>,
) -> impl IntoView {
    let i18n = use_i18n();
    let term = method.term(now);
    let (is_default, pays_plan, is_test) = (method.is_default, method.pays_plan, method.is_test);
    let is_charged = method.pays_auto_top_up;
    let (id, label, provider) = (method.id, StoredValue::new(method.label.clone()), method.provider.clone());
    let at = move |act: &str| format!("/wallet/payment/methods/{id}/{act}");
    let note = move || {
        let locale = i18n.get_locale();
        let provider = provider_name(locale, &provider);
        match (term, expiry_text(locale, &method, now)) {
            (CardTerm::Expired, Some(expiry)) => format!("{expiry}. {}", t_string!(i18n, pay.replace)),
            (_, Some(expiry)) => format!("{expiry} · {provider}"),
            (_, None) => provider,
        }
    };
    let can_pay_plan = may_pay && has_plan && !pays_plan && term != CardTerm::Expired;
    view! {
        <li class="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-3 border-b border-line last:border-0">
            {icon(Icon::Card, 18)}
            <span class="flex-1 min-w-[12rem]">
                <span class="font-medium num">{label.get_value()}</span>
                {is_default.then(|| view! { " " <span class="tag">{t!(i18n, pay.default)}</span> })}
                {pays_plan.then(|| view! { " " <span class="tag tag-ok">{t!(i18n, pay.pays_plan)}</span> })}
                {is_charged.then(|| view! { " " <span class="tag tag-ok">{t!(i18n, auto.charges_it)}</span> })}
                {(term == CardTerm::Expired).then(|| view! { " " <span class="tag tag-err">{t!(i18n, pay.is_expired)}</span> })}
                {(term == CardTerm::Expiring).then(|| view! { " " <span class="tag tag-warn">{t!(i18n, pay.is_expiring)}</span> })}
                {is_test.then(|| view! { " " <span class="tag">{t!(i18n, top_up.test)}</span> })}
                <span class="block text-sm text-muted num">{note}</span>
            </span>
            {(may_pay && !is_default && term != CardTerm::Expired)
                .then(|| {
                    view! {
                        <form method="post" action=at("default")>
                            <button class="btn btn-quiet btn-sm">{t!(i18n, pay.make_default)}</button>
                        </form>
                    }
                })}
            {can_pay_plan
                .then(|| {
                    view! {
                        <form method="post" action=at("plan")>
                            <button class="btn btn-quiet btn-sm">{t!(i18n, pay.use_for_plan)}</button>
                        </form>
                    }
                })}
            {may_pay
                .then(|| {
                    if pays_plan {
                        view! { <Replace others=others id=id /> }.into_any()
                    } else if is_charged {
                        view! { <ReplaceForTopUp others=others id=id now=now /> }.into_any()
                    } else {
                        view! {
                            <form method="post" action=at("remove")>
                                <button
                                    class="btn btn-quiet btn-sm"
                                    aria-label=move || t_string!(i18n, pay.remove_of, method = label.get_value())
                                >
                                    {t!(i18n, pay.remove)}
                                </button>
                            </form>
                        }
                            .into_any()
                    }
                })}
        </li>
    }
}

/// In place of removing the card that pays the plan: what depends on it, and what to do first.
#[component]
fn Replace(others: StoredValue<Vec<PaymentMethod>>, id: wallet::id::PaymentMethodId) -> impl IntoView {
    let i18n = use_i18n();
    let choices = others
        .get_value()
        .into_iter()
        .filter(|other| other.id != id)
        .map(|other| {
            let label = other.label.clone();
            view! {
                <form method="post" action=format!("/wallet/payment/methods/{}/plan", other.id)>
                    <button class="btn btn-plain btn-sm num">{move || t_string!(i18n, pay.use_this, method = label.clone())}</button>
                </form>
            }
        })
        .collect_view();
    view! {
        <details class="basis-full sm:basis-auto">
            <summary class="btn btn-quiet btn-sm">{t!(i18n, pay.remove)}</summary>
            <div class="mt-2 grid gap-2 max-w-[44ch]">
                <p class="text-sm">{t!(i18n, pay.depends)}</p>
                <div class="flex flex-wrap gap-2">
                    {choices} <a class="btn btn-plain btn-sm" href="/wallet/plan">{t!(i18n, pay.see_plan)}</a>
                </div>
            </div>
        </details>
    }
}

/// In place of removing the card that auto top-up charges: what depends on it, and what to do first.
#[component]
fn ReplaceForTopUp(
    others: StoredValue<Vec<PaymentMethod>>,
    id: wallet::id::PaymentMethodId,
    now: chrono::DateTime<chrono::Utc>,
) -> impl IntoView {
    let i18n = use_i18n();
    let choices = others
        .get_value()
        .into_iter()
        .filter(|other| other.id != id && other.term(now) != CardTerm::Expired)
        .map(|other| {
            let label = other.label.clone();
            let href = format!("/wallet/payment?card={}#auto-top-up", other.id);
            view! {
                <a class="btn btn-plain btn-sm num" href=href>
                    {move || t_string!(i18n, pay.use_this, method = label.clone())}
                </a>
            }
        })
        .collect_view();
    view! {
        <details class="basis-full sm:basis-auto">
            <summary class="btn btn-quiet btn-sm">{t!(i18n, pay.remove)}</summary>
            <div class="mt-2 grid gap-2 max-w-[44ch]">
                <p class="text-sm">{t!(i18n, auto.depends)}</p>
                <div class="flex flex-wrap gap-2">
                    {choices}
                    <form method="post" action="/wallet/payment/auto-top-up/off">
                        <button class="btn btn-plain btn-sm">{t!(i18n, auto.switch_off_first)}</button>
                    </form>
                </div>
            </div>
        </details>
    }
}

/// Where a card can be added without a payment.
#[component]
fn AddMethod(adds: Vec<PayOption>, key: Uuid) -> impl IntoView {
    let i18n = use_i18n();
    if adds.is_empty() {
        return view! { <p class="text-sm text-muted">{t!(i18n, pay.no_adding)}</p> }.into_any();
    }
    let buttons = adds
        .into_iter()
        .map(|option| {
            let (value, is_silent) = (option.with().to_string(), !option.is_answering);
            let name = Memo::new(move |_| {
                let locale = i18n.get_locale();
                let (name, _) = option_text(locale, &option, false);
                match (option.kind, option.provider.as_str()) {
                    (MethodKind::Card, "sandbox") | (MethodKind::YooMoney, _) => name,
                    (MethodKind::Card, provider) => format!("{name} ({})", provider_name(locale, provider)),
                }
            });
            view! {
                <button class="btn btn-plain" name="method" value=value disabled=is_silent>
                    {icon(Icon::Plus, 16)}
                    {move || t_string!(i18n, pay.add_of, method = name.get())}
                </button>
            }
        })
        .collect_view();
    view! {
        <form method="post" action="/wallet/payment/methods" class="grid gap-3" aria-labelledby="add">
            <h2 id="add" class="h2">{t!(i18n, pay.add)}</h2>
            <p class="text-sm text-muted max-w-[60ch]">{t!(i18n, pay.add_consent)}</p>
            <input type="hidden" name="idempotency_key" value=key.to_string() />
            <div class="flex flex-wrap gap-2">{buttons}</div>
        </form>
    }
    .into_any()
}
