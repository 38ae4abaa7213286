//! `/wallet/orders/{id}`: waiting, paid, declined, cancelled.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use wallet::payment::{PaymentStatus, PaymentView};

use crate::components::payment::order_steps::{OrderHead, OrderSteps, failure_text};
use crate::components::payment::refund_lines::RefundLines;
use crate::components::ui::panel::Loaded;
use crate::components::ui::shell::{AppShell, Nav};
use crate::data::payments::{OrderPage as Page, order};
use crate::i18n::*;
use crate::text::amount::{credits_text, money_text, signed_text, unit_text};
use crate::text::date_time::{When, WhenStyle};

/// How often an open page asks the provider, in milliseconds.
const CHECK_EVERY: &str = "3000";

/// The page of one order.
#[component]
pub fn OrderPage() -> impl IntoView {
    let i18n = use_i18n();
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get_str("id").unwrap_or_default().to_owned()));
    let page = Resource::new_blocking(move || id.get(), order);
    view! {
        <AppShell active=Nav::TopUp title=Signal::derive(move || t_string!(i18n, order.title).to_owned())>
            <div class="max-w-[520px] mx-auto pt-6">
                <Loaded data=page let:page>
                    <OrderContent page=page />
                </Loaded>
            </div>
        </AppShell>
    }
}

/// The order as it is, kept up to date while it is open.
#[component]
fn OrderContent(page: Page) -> impl IntoView {
    // Asked for again while it is open: every few seconds, and at once when the wallet changes.
    let check = page.order.status.is_open().then(|| format!("/wallet/orders/{}/check", page.order.id));
    let every = check.is_some().then_some(CHECK_EVERY);
    let again = again(&page.order, page.is_preview);
    let content = match page.order.status {
        PaymentStatus::Succeeded => view! { <Paid page=page /> }.into_any(),
        PaymentStatus::Failed => view! { <Declined order=page.order again=again /> }.into_any(),
        PaymentStatus::Cancelled | PaymentStatus::Expired => {
            view! { <CalledOff order=page.order again=again /> }.into_any()
        }
        PaymentStatus::Held => view! { <UnderReview order=page.order /> }.into_any(),
        PaymentStatus::Pending | PaymentStatus::Unknown if has_no_page(&page.order) => {
            view! { <Unanswered order=page.order again=again /> }.into_any()
        }
        PaymentStatus::Pending | PaymentStatus::Processing | PaymentStatus::Unknown => {
            view! { <Waiting page=page /> }.into_any()
        }
    };
    view! { <div id="order" data-follow=check data-follow-by=every.map(|_| "POST") data-follow-every=every>{content}</div> }
}

/// Whether the provider gave no page for an order that is paid on one: then nobody can have paid it.
fn has_no_page(order: &PaymentView) -> bool {
    let is_renewal = order.plan.as_ref().is_some_and(|part| part.month > 0);
    order.checkout_url.is_none() && order.method.is_none() && !is_renewal
}

/// Not to be paid, since the provider did not answer: nothing is charged, and the same can be chosen again.
#[component]
fn Unanswered(order: PaymentView, again: String) -> impl IntoView {
    let i18n = use_i18n();
    let check = format!("/wallet/orders/{}/check", order.id);
    view! {
        <h1 class="h1">{t!(i18n, order.unpaid)}</h1>
        <p class="mt-2" role="status">{t!(i18n, order.failed_provider)}</p>
        <p class="text-muted mt-1">{t!(i18n, order.declined_note)}</p>
        <section class="panel mt-5"><OrderHead credits=order.credits bonus=order.bonus money=order.money /></section>
        <div class="flex flex-wrap gap-2 mt-4">
            <a class="btn btn-primary" href=again>{t!(i18n, order.again)}</a>
            <form method="post" action=check>
                <button class="btn btn-plain">{t!(i18n, order.check)}</button>
            </form>
            <a class="btn btn-quiet" href="/wallet">{t!(i18n, order.back)}</a>
        </div>
    }
}

/// On its way: what was done, what comes, and that the page can be closed.
#[component]
fn Waiting(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let order = page.order.clone();
    let email = page.email;
    let id = order.id.to_string();
    let to_pay = order.checkout_url.clone().filter(|_| order.status == PaymentStatus::Pending);
    let is_pending = order.status == PaymentStatus::Pending;
    view! {
        // Without a script the page asks again by itself.
        <noscript inner_html=format!("<meta http-equiv=\"refresh\" content=\"5; url=/wallet/orders/{id}/return\">")></noscript>
        <h1 class="h1">
            {move || if is_pending { t_string!(i18n, order.unpaid) } else { t_string!(i18n, order.waiting) }}
        </h1>
        <p class="text-muted mt-1">
            {move || {
                if is_pending {
                    t_string!(i18n, order.unpaid_note).to_owned()
                } else {
                    t_string!(i18n, order.waiting_note, email = email.clone())
                }
            }}
        </p>
        <OrderSteps order=order />
        <div class="flex flex-wrap gap-2 mt-4">
            {to_pay.map(|url| view! { <a class="btn btn-primary" href=url>{t!(i18n, order.to_pay)}</a> })}
            <form method="post" action=format!("/wallet/orders/{id}/check")>
                <button class="btn btn-plain">{t!(i18n, order.check)}</button>
            </form>
            <a class="btn btn-quiet" href="/wallet">{t!(i18n, order.back)}</a>
        </div>
        <p class="text-sm text-muted mt-5">{t!(i18n, order.once)}</p>
    }
}

/// Paid: the new figure as the heading, and the receipt.
#[component]
fn Paid(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let balance = page.balance.available;
    let available = move || balance;
    let order = page.order;
    let is_change = order.change_to.is_some();
    let is_plan = order.plan.is_some() || is_change;
    let is_renewal = order.plan.as_ref().is_some_and(|part| part.month > 0);
    let (credits, bonus, money) = (order.credits, order.bonus, order.money);
    let settled_at = order.settled_at.unwrap_or(order.updated_at);
    // What a plan brings is not given back for money.
    let refund = page.refund.filter(|_| !is_plan);
    let (purchase, request) = (page.purchase, page.request);
    let entry = order.entry_seq;
    view! {
        <p class="inline-flex items-center gap-2 text-primary font-medium" role="status">
            <span class="size-5 rounded-full grid place-items-center bg-primary text-primary-content text-xs" aria-hidden="true">"✓"</span>
            {move || match (is_plan, is_renewal) {
                _ if is_change => t_string!(i18n, plan.changed),
                (_, true) => t_string!(i18n, plan.renewed),
                (true, false) => t_string!(i18n, plan.begun),
                (false, false) => t_string!(i18n, order.paid),
            }}
        </p>
        <h1 class="h1 mt-2">
            {move || {
                let locale = i18n.get_locale();
                let amount = format!("{} {}", credits_text(locale, available()), unit_text(locale, available()));
                t_string!(i18n, order.available, amount = amount)
            }}
        </h1>
        <section aria-label=move || t_string!(i18n, order.receipt) class="panel mt-5">
            <div class="p-5 flex items-baseline gap-3">
                <span class="fig text-3xl">{move || signed_text(i18n.get_locale(), credits)}</span>
                <span>{move || unit_text(i18n.get_locale(), credits)}</span>
            </div>
            <hr class="perf-x mx-2" />
            <dl class="p-5 grid grid-cols-[9rem_minmax(0,1fr)] gap-y-2 num">
                <dt class="text-muted">{t!(i18n, order.amount_paid)}</dt>
                <dd>{move || money_text(i18n.get_locale(), money)}</dd>
                <dt class="text-muted">{t!(i18n, order.what)}</dt>
                <dd>{order.title.clone()}</dd>
                {bonus.is_positive().then(|| view! {
                    <dt class="text-muted">{t!(i18n, order.bonus)}</dt>
                    <dd>{move || signed_text(i18n.get_locale(), bonus)}</dd>
                })}
                <dt class="text-muted">{t!(i18n, order.with)}</dt>
                <dd>{provider_name(&order)}</dd>
                <dt class="text-muted">{t!(i18n, order.number)}</dt>
                <dd class="font-mono text-xs leading-5 break-all">{order.id.to_string()}</dd>
                <dt class="text-muted">{t!(i18n, order.time)}</dt>
                <dd><When at=settled_at style=WhenStyle::DateTime /></dd>
                <RefundLines policy=refund bought=(settled_at, credits) purchase=purchase request=request />
            </dl>
        </section>
        <div class="flex flex-wrap gap-2 mt-4">
            <a class="btn btn-primary" href="/wallet">{t!(i18n, order.back)}</a>
            {is_plan.then(|| view! { <a class="btn btn-plain" href="/wallet/plan">{t!(i18n, plan.title)}</a> })}
            {entry.map(|seq| view! { <a class="btn btn-plain" href=format!("/wallet/history/{seq}")>{t!(i18n, order.row)}</a> })}
            <a class="btn btn-plain" href=format!("/wallet/orders/{}/receipt.pdf", order.id)>
                {t!(i18n, document.download)}
            </a>
        </div>
    }
}

/// Names who took the money.
fn provider_name(order: &PaymentView) -> String {
    match order.provider.as_str() {
        "sandbox" => "Sandbox".to_owned(),
        "stripe" => "Stripe".to_owned(),
        "yookassa" => "YooKassa".to_owned(),
        other => other.to_owned(),
    }
}

/// Where to choose the same again.
fn again(order: &PaymentView, is_preview: bool) -> String {
    let currency = order.money.currency();
    if let Some(plan) = &order.change_to {
        return format!("/wallet/plan?plan={plan}#change");
    }
    match (&order.plan, &order.package) {
        (Some(part), _) if part.month > 0 => "/wallet/plan".to_owned(),
        (Some(part), _) => {
            let (plan, interval) = (&part.plan, part.interval.code());
            format!("/wallet/plan?plan={plan}&interval={interval}&currency={currency}")
        }
        (None, package) => {
            let what = match package {
                Some(package) => format!("package={package}"),
                None => format!("amount={}", order.credits),
            };
            let environment = if is_preview { "&environment=preview" } else { "" };
            format!("/wallet/top-up?{what}&currency={currency}{environment}")
        }
    }
}

/// Declined: the reason in plain words, and that nothing was charged.
#[component]
fn Declined(order: PaymentView, again: String) -> impl IntoView {
    let i18n = use_i18n();
    let reason = order.failure.clone();
    view! {
        <h1 class="h1">{t!(i18n, order.declined)}</h1>
        <p class="mt-2" role="status">{move || failure_text(i18n.get_locale(), reason.as_deref())}</p>
        <p class="text-muted mt-1">{t!(i18n, order.declined_note)}</p>
        <section class="panel mt-5"><OrderHead credits=order.credits bonus=order.bonus money=order.money /></section>
        <div class="flex flex-wrap gap-2 mt-4">
            <a class="btn btn-primary" href=again>{t!(i18n, order.again)}</a>
            <a class="btn btn-quiet" href="/wallet">{t!(i18n, order.back)}</a>
        </div>
    }
}

/// Called off, or not paid in time; the choice is kept.
#[component]
fn CalledOff(order: PaymentView, again: String) -> impl IntoView {
    let i18n = use_i18n();
    let is_expired = order.status == PaymentStatus::Expired;
    let is_returned = order.failure.as_deref() == Some("returned");
    let head = move || match (is_returned, is_expired) {
        (true, _) => t_string!(i18n, order.returned),
        (false, true) => t_string!(i18n, order.expired),
        (false, false) => t_string!(i18n, order.cancelled),
    };
    let note = move || match is_returned {
        true => t_string!(i18n, order.returned_note),
        false => t_string!(i18n, order.cancelled_note),
    };
    view! {
        <h1 class="h1">{head}</h1>
        <p class="text-muted mt-1" role="status">{note}</p>
        <section class="panel mt-5"><OrderHead credits=order.credits bonus=order.bonus money=order.money /></section>
        <div class="flex flex-wrap gap-2 mt-4">
            <a class="btn btn-primary" href=again>{t!(i18n, order.again)}</a>
            <a class="btn btn-quiet" href="/wallet">{t!(i18n, order.back)}</a>
        </div>
    }
}

/// Paid, but not as ordered: people look at it.
#[component]
fn UnderReview(order: PaymentView) -> impl IntoView {
    let i18n = use_i18n();
    let reason = order.failure.clone();
    let note = move || match reason.as_deref() {
        Some("already_subscribed") => t_string!(i18n, plan.taken_aside),
        Some("plan_changed") => t_string!(i18n, plan.change_aside),
        _ => t_string!(i18n, order.held_note),
    };
    view! {
        <h1 class="h1">{t!(i18n, order.held)}</h1>
        <p class="text-muted mt-1" role="status">{note}</p>
        <section class="panel mt-5"><OrderHead credits=order.credits bonus=order.bonus money=order.money /></section>
        <div class="flex flex-wrap gap-2 mt-4">
            <a class="btn btn-plain" href="/wallet">{t!(i18n, order.back)}</a>
        </div>
    }
}
