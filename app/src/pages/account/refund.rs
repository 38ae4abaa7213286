//! `/wallet/refunds/new`: what can be given back, exactly how much, and the request for it.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use wallet::catalog::RefundPolicy;
use wallet::refund::RefundReason;

use crate::components::refund::job::{JobChoice, JobList, JobOffer, taken};
use crate::components::refund::purchase::{Further, NotRefundable, PurchasePicks, Purchases};
use crate::components::refund::reasons::ReasonFields;
use crate::components::refund::summary::PurchaseOffers;
use crate::components::ui::panel::EmptyState;
use crate::components::ui::shell::{DataPage, Nav};
use crate::data::refunds::{RefundForm, load_refund_form};
use crate::i18n::*;
use crate::text::refusal::FormErrors;

/// The fields of the form that show their own problems.
const SHOWN: &[&str] = &["details", "reason"];
/// The reasons to give a purchase back.
const FOR_MONEY: &[RefundReason] =
    &[RefundReason::Mistake, RefundReason::NotNeeded, RefundReason::Quality, RefundReason::Other];
/// The reasons to get the credits for a job back.
const FOR_JOB: &[RefundReason] = &[RefundReason::Failed, RefundReason::Quality, RefundReason::Other];

/// The page of the form.
#[component]
pub fn RefundFormPage() -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let asked = Memo::new(move |_| {
        let text = |name: &str| address.with(|map| map.get_str(name).unwrap_or_default().to_owned());
        (text("payment"), text("row"), text("what"))
    });
    let form = Resource::new_blocking(move || asked.get(), |(payment, row, what)| load_refund_form(payment, row, what));
    view! {
        <DataPage active=Nav::Orders title=move || t_string!(i18n, refund.title) data=form let:form>
            <Head policy=form.policy is_about_job=form.is_about_job />
            <Modes is_about_job=form.is_about_job />
            {if form.is_about_job {
                view! { <JobForm form=form /> }.into_any()
            } else {
                view! { <MoneyForm form=form /> }.into_any()
            }}
        </DataPage>
    }
}

/// The title, the rule, and the way to earlier requests.
#[component]
fn Head(policy: Option<RefundPolicy>, is_about_job: bool) -> impl IntoView {
    let i18n = use_i18n();
    let rule = move || match policy {
        _ if is_about_job => t_string!(i18n, refund.job_rule).to_owned(),
        Some(policy) => {
            let (days, percent) = (policy.days.to_string(), policy.max_used_percent.to_string());
            t_string!(i18n, refund.rule, days = days, percent = percent)
        }
        None => t_string!(i18n, refund.no_rule).to_owned(),
    };
    view! {
        <div class="flex flex-wrap items-start sm:items-end gap-x-6 gap-y-3 mb-5">
            <div class="min-w-0">
                <h1 class="h1">{t!(i18n, refund.title)}</h1>
                <p class="text-muted mt-0.5">{rule}</p>
            </div>
            <span class="hidden sm:block flex-1"></span>
            <a class="btn btn-plain" href="/wallet/refunds">{t!(i18n, refund.list)}</a>
        </div>
    }
}

/// What is asked for: each is a page of its own.
#[component]
fn Modes(is_about_job: bool) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <nav class="seg mb-7" aria-label=move || t_string!(i18n, refund.mode)>
            <a href="/wallet/refunds/new" aria-current=(!is_about_job).then_some("true")>{t!(i18n, refund.mode_money)}</a>
            <a href="/wallet/refunds/new?what=credits" aria-current=is_about_job.then_some("true")>
                {t!(i18n, refund.mode_credits)}
            </a>
        </nav>
    }
}

/// Money for a purchase.
#[component]
fn MoneyForm(form: RefundForm) -> impl IntoView {
    let i18n = use_i18n();
    if form.purchases.is_empty() {
        return view! {
            <EmptyState title=move || t_string!(i18n, refund.no_packs) note=move || t_string!(i18n, refund.no_packs_note)>
                <a class="btn btn-plain" href="/wallet/top-up">{t!(i18n, wallet.top_up)}</a>
            </EmptyState>
        }
        .into_any();
    }
    let Purchases { offered, further, asked, others } = Purchases::of(form.purchases, &form.standing);
    let has_others = !asked.is_empty() || !others.is_empty();
    let not_refundable = has_others.then(|| {
        view! {
            <section aria-labelledby="not-refundable" class="mt-7">
                <h2 id="not-refundable" class="text-sm text-muted mb-2">{t!(i18n, refund.not_refundable)}</h2>
                <NotRefundable asked=asked others=others />
            </section>
        }
    });
    if offered.is_empty() {
        return view! { <FormErrors outcome=form.outcome /> {not_refundable} }.into_any();
    }
    let has_further = !further.is_empty();
    view! {
        <form
            method="post"
            action="/wallet/refunds/new"
            class="top-up grid grid-cols-[minmax(0,1fr)] lg:grid-cols-[minmax(0,1fr)_380px] gap-6 items-start"
            data-once
        >
            <input type="hidden" name="idempotency_key" value=form.idempotency_key.to_string() />
            <div class="grid grid-cols-[minmax(0,1fr)] gap-7">
                <fieldset>
                    <legend class="h2 mb-2">{t!(i18n, refund.which_pack)}</legend>
                    <FormErrors outcome=form.outcome.clone() shown=SHOWN />
                    {(!form.may_pay).then(|| view! { <NoRight /> })}
                    <PurchasePicks offered=offered.clone() policy=form.policy />
                    {has_further.then(|| view! { <Further further=further /> })}
                </fieldset>
                <ReasonFields reasons=FOR_MONEY outcome=form.outcome />
            </div>
            <PurchaseOffers offered=offered available=form.available reply_days=form.reply_days />
        </form>
        {not_refundable}
    }
    .into_any()
}

/// Credits for a job.
#[component]
fn JobForm(form: RefundForm) -> impl IntoView {
    let Some(charge) = form.charge else { return view! { <JobList charges=form.charges /> }.into_any() };
    let entry = charge.entry.clone().filter(|_| charge.obstacle.is_none());
    let Some(entry) = entry else {
        return view! { <FormErrors outcome=form.outcome /> <JobChoice charge=charge /> }.into_any();
    };
    view! {
        <form
            method="post"
            action="/wallet/refunds/new"
            class="grid grid-cols-[minmax(0,1fr)] lg:grid-cols-[minmax(0,1fr)_380px] gap-6 items-start"
            data-once
        >
            <input type="hidden" name="idempotency_key" value=form.idempotency_key.to_string() />
            <input type="hidden" name="row" value=entry.seq.to_string() />
            <div class="grid grid-cols-[minmax(0,1fr)] gap-7">
                <div>
                    <FormErrors outcome=form.outcome.clone() shown=SHOWN />
                    {(!form.may_pay).then(|| view! { <NoRight /> })}
                    <JobChoice charge=charge />
                </div>
                <ReasonFields reasons=FOR_JOB outcome=form.outcome />
            </div>
            <JobOffer amount=taken(&entry) available=form.available reply_days=form.reply_days />
        </form>
    }
    .into_any()
}

/// This person may look, and not ask.
#[component]
fn NoRight() -> impl IntoView {
    let i18n = use_i18n();
    view! { <p class="mb-3 text-rise">{t!(i18n, refund.no_right)}</p> }
}
