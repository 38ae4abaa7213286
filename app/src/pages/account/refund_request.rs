//! `/wallet/refunds/{id}`: how far a request is, what was asked, what staff replied; and `/wallet/refunds`: all of them.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use wallet::refund::{Assessment, Offer, RefundRequest, RequestState};

use crate::components::refund::request_table::RequestTable;
use crate::components::refund::steps::RequestSteps;
use crate::components::refund::summary::{MoneyLines, Note};
use crate::components::ui::icon::Icon;
use crate::components::ui::panel::{EmptyState, PageHead};
use crate::components::ui::shell::{DataPage, Nav};
use crate::data::refunds::{RefundPage as Page, load_refund_request, load_refund_requests};
use crate::i18n::*;
use crate::text::amount::money_text;
use crate::text::refund::{amount_text, asked_text, number_text, reason_name};
use crate::text::refusal::FormErrors;

/// The list of requests.
#[component]
pub fn RefundsPage() -> impl IntoView {
    let i18n = use_i18n();
    let requests = Resource::new_blocking(|| (), |()| load_refund_requests());
    view! {
        <DataPage
            active=Nav::Orders
            title=move || t_string!(i18n, refund.list)
            note=move || t_string!(i18n, refund.list_note)
            actions=move || view! { <a class="btn btn-plain" href="/wallet/refunds/new">{t!(i18n, refund.new)}</a> }
            data=requests
            let:requests
        >
            {if requests.is_empty() {
                view! {
                    <EmptyState title=move || t_string!(i18n, refund.none) note=move || t_string!(i18n, refund.none_note)>
                        <a class="btn btn-primary" href="/wallet/refunds/new">{t!(i18n, refund.title)}</a>
                    </EmptyState>
                }
                    .into_any()
            } else {
                view! { <RequestTable requests=requests /> }.into_any()
            }}
        </DataPage>
    }
}

/// The page of one request.
#[component]
pub fn RefundRequestPage() -> impl IntoView {
    let i18n = use_i18n();
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get_str("id").unwrap_or_default().to_owned()));
    let page = Resource::new_blocking(move || id.get(), load_refund_request);
    view! {
        <DataPage active=Nav::Orders title=move || t_string!(i18n, refund.list) data=page let:page>
            <RequestContent page=page />
        </DataPage>
    }
}

/// The request: its steps on the left, its figures on the right.
#[component]
fn RequestContent(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let Page { request, purchase, others, may_pay, outcome } = page;
    let (number, title) = (number_text(request.number), request.title.clone());
    let withdraws = (request.state == RequestState::Waiting && may_pay).then(|| request.id.to_string());
    let steps = request.clone();
    view! {
        <PageHead title=move || t_string!(i18n, refund.request, number = number.clone()) note=move || title.clone()>
            <a class="btn btn-plain" href="/wallet/refunds/new">{t!(i18n, refund.new)}</a>
        </PageHead>
        <div class="grid grid-cols-[minmax(0,1fr)] lg:grid-cols-[minmax(0,1fr)_380px] gap-6 items-start">
            <div class="grid grid-cols-[minmax(0,1fr)] gap-8">
                <div>
                    <FormErrors outcome=outcome />
                    <RequestSteps request=steps>{withdraws.map(|id| view! { <Withdraw id=id /> })}</RequestSteps>
                </div>
                <Asked request=request.clone() />
                {(!others.is_empty())
                    .then(|| {
                        view! {
                            <section aria-labelledby="others">
                                <h2 id="others" class="h2 mb-2">{t!(i18n, refund.others)}</h2>
                                <RequestTable requests=others />
                            </section>
                        }
                    })}
            </div>
            <Figures request=request purchase=purchase />
        </div>
    }
}

/// The button that takes a request back.
#[component]
fn Withdraw(id: String) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <form method="post" action=format!("/wallet/refunds/{id}/withdraw") data-once>
            <button class="btn btn-danger btn-sm">
                {t!(i18n, refund.withdraw)}
            </button>
        </form>
    }
}

/// What was asked, and what staff replied.
#[component]
fn Asked(request: RefundRequest) -> impl IntoView {
    let i18n = use_i18n();
    let (reason, details) = (request.reason, request.details);
    let reply = request.message.map(|message| {
        view! {
            <section aria-labelledby="reply">
                <h2 id="reply" class="h2 mb-2">{t!(i18n, refund.our_reply)}</h2>
                <p class="panel px-5 py-4 whitespace-pre-line [overflow-wrap:anywhere]" data-testid="reply">{message}</p>
            </section>
        }
    });
    view! {
        {reply}
        <section aria-labelledby="yours">
            <h2 id="yours" class="h2 mb-2">{t!(i18n, refund.yours)}</h2>
            <dl class="grid grid-cols-[7.5rem_minmax(0,1fr)] gap-y-1.5">
                <dt class="text-muted">{t!(i18n, refund.reason)}</dt>
                <dd>{move || reason_name(i18n.get_locale(), reason)}</dd>
                {(!details.is_empty())
                    .then(|| {
                        view! {
                            <dt class="text-muted">{t!(i18n, refund.details)}</dt>
                            <dd class="whitespace-pre-line [overflow-wrap:anywhere]">{details}</dd>
                        }
                    })}
                <dt class="text-muted">{t!(i18n, refund.sent_by)}</dt>
                <dd class="[overflow-wrap:anywhere]">{request.sent_by.0}</dd>
            </dl>
        </section>
    }
}

/// What one gets back: as of now while it waits, then what was granted.
#[component]
fn Figures(request: RefundRequest, purchase: Option<Assessment>) -> impl IntoView {
    let i18n = use_i18n();
    let state = request.state;
    let now: Option<(Assessment, Offer)> = purchase
        .filter(|_| state == RequestState::Waiting)
        .and_then(|assessed| Some((assessed.clone(), assessed.verdict.ok()?)));
    let is_waiting = state == RequestState::Waiting;
    let is_granted = matches!(state, RequestState::Approved | RequestState::Paid);
    let heading = move || match (is_granted, is_waiting) {
        (true, _) => t_string!(i18n, refund.got_back),
        (false, true) => t_string!(i18n, refund.you_get),
        (false, false) => t_string!(i18n, refund.asked_for),
    };
    let offer = now.as_ref().map(|(_, offer)| *offer);
    let shown = request.clone();
    let figure = move || {
        let locale = i18n.get_locale();
        match (offer, shown.granted, shown.granted_credits) {
            (Some(offer), ..) => money_text(locale, offer.money),
            (None, Some(money), _) if is_granted => money_text(locale, money),
            (None, None, Some(credits)) if is_granted => amount_text(locale, credits),
            _ => asked_text(locale, &shown),
        }
    };
    let (has_offer, is_part) = (offer.is_some(), request.granted.is_some() && request.granted != request.asked);
    let asked = request.clone();
    let note = move || match (is_waiting, has_offer) {
        (true, true) => t_string!(i18n, refund.as_of_now).to_owned(),
        (true, false) => t_string!(i18n, refund.as_asked).to_owned(),
        _ if is_granted && is_part => {
            format!("{}: {}", t_string!(i18n, refund.asked_for), asked_text(i18n.get_locale(), &asked))
        }
        _ => String::new(),
    };
    view! {
        <aside aria-labelledby="figures" class="panel lg:sticky lg:top-[4.5rem]">
            <div class="p-5">
                <h2 id="figures" class="h2">{heading}</h2>
                <p class="mt-3 fig text-3xl" data-testid="refund-figure">{figure}</p>
                <p class="text-sm text-muted num mt-1">{note}</p>
            </div>
            {is_waiting
                .then(|| {
                    view! {
                        <hr class="perf-x mx-2" />
                        <div class="p-5">
                            {now.map(|(assessed, offer)| view! { <MoneyLines assessed=assessed offer=offer /> })}
                            <ul class="mt-4 grid gap-2 text-sm text-muted">
                                <Note mark=Icon::Back>{t!(i18n, refund.if_refused)}</Note>
                            </ul>
                        </div>
                    }
                })}
        </aside>
    }
}
