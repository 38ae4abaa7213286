//! Auto top-up: how it stands, the form that asks for consent ([`TermsForm`]), and what was charged.

pub mod charges;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use uuid::Uuid;
use wallet::payment::{AutoTopUpState, AutoTopUpView, CardTerm, PaymentMethod, Suspension};

use crate::components::payment::currency_links::CurrencyLinks;
use crate::components::ui::panel::{Banner, BannerKind};
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::islands::terms_form::{AutoTopUpOffer, FORM, TermsForm};
use crate::text::amount::{credits_text, money_text, unit_text};
use crate::text::auto_top_up::suspension_text;
use crate::text::date_time::{date_text, use_zone};

/// Auto top-up on the page of payment methods.
#[component]
pub fn AutoTopUpPanel(
    /// What the form offers.
    offer: AutoTopUpOffer,
    /// The saved cards.
    methods: Vec<PaymentMethod>,
    /// Whether this person may pay for the account.
    may_pay: bool,
    /// What became of a form of the page.
    outcome: FormOutcome,
    /// Makes a second submit show the same order.
    idempotency_key: Uuid,
    /// When it was read.
    now: chrono::DateTime<chrono::Utc>,
) -> impl IntoView {
    let i18n = use_i18n();
    let view = offer.view.clone();
    let usable: Vec<PaymentMethod> = methods.into_iter().filter(|card| card.term(now) != CardTerm::Expired).collect();
    let asked = use_query_map().with_untracked(|map| map.get_str("card").map(str::to_owned));
    let outcome = if outcome.path == FORM { outcome } else { FormOutcome::default() };
    let form = match (may_pay, usable.is_empty()) {
        (false, _) => ().into_any(),
        (true, true) => view! { <p class="px-5 pb-5 max-w-[60ch]">{t!(i18n, auto.needs_card)}</p> }.into_any(),
        (true, false) => view! {
            <div class="px-5 pt-5 empty:hidden">
                <CurrencyLinks
                    current=offer.currency
                    currencies=offer.currencies.clone()
                    address=|code| format!("/wallet/payment?currency={code}#auto-top-up")
                />
            </div>
            <TermsForm offer=offer cards=usable outcome=outcome asked=asked />
        }
        .into_any(),
    };
    view! {
        <section id="auto-top-up" class="panel scroll-mt-20" aria-labelledby="auto-title">
            <Head view=view.clone() may_pay=may_pay />
            <Standing view=view may_pay=may_pay idempotency_key=idempotency_key />
            {form}
        </section>
    }
}

/// The title, how it stands in a word, and the switch.
#[component]
fn Head(view: AutoTopUpView, may_pay: bool) -> impl IntoView {
    let i18n = use_i18n();
    let (state, is_on) = (view.state, view.is_on());
    let words = move || match state {
        AutoTopUpState::NotOffered | AutoTopUpState::Off => t_string!(i18n, auto.off),
        AutoTopUpState::NeedsConsent => t_string!(i18n, auto.needs_consent),
        AutoTopUpState::On => t_string!(i18n, auto.on),
        AutoTopUpState::Pending => t_string!(i18n, auto.pending),
        AutoTopUpState::Suspended => t_string!(i18n, auto.stopped),
    };
    let class = match state {
        AutoTopUpState::On => "tag tag-ok",
        AutoTopUpState::Suspended => "tag tag-err",
        AutoTopUpState::NeedsConsent | AutoTopUpState::Pending => "tag tag-warn",
        AutoTopUpState::NotOffered | AutoTopUpState::Off => "tag",
    };
    view! {
        <div class="flex flex-wrap items-center gap-3 p-5 pb-0">
            <h2 id="auto-title" class="h2">{t!(i18n, auto.title)}</h2>
            <span class=class data-testid="auto-state">{words}</span>
            <span class="flex-1"></span>
            {(is_on && may_pay)
                .then(|| {
                    view! {
                        <form method="post" action="/wallet/payment/auto-top-up/off">
                            <button class="btn btn-plain btn-sm">{t!(i18n, auto.switch_off)}</button>
                        </form>
                    }
                })}
        </div>
    }
}

/// What is to be known before the form: what it does, what is on its way, and why it has stopped.
#[component]
fn Standing(view: AutoTopUpView, may_pay: bool, idempotency_key: Uuid) -> impl IntoView {
    let i18n = use_i18n();
    let asks_owner = view.reason == Some(Suspension::AsksOwner) && view.state == AutoTopUpState::Suspended;
    let until = view.until;
    let stopped = view.reason.filter(|_| view.state == AutoTopUpState::Suspended).map(|reason| {
        let goes_on = until.map(|until| use_zone().day(until));
        view! {
            <div class="tag-err rounded-box px-4 py-3 mt-3" role="status" data-testid="auto-stopped">
                <p>
                    {move || suspension_text(i18n.get_locale(), reason)}
                    {goes_on
                        .map(|day| {
                            view! { " " {move || t_string!(i18n, auto.goes_on, date = date_text(i18n.get_locale(), day))} }
                        })}
                </p>
                {(asks_owner && may_pay)
                    .then(|| {
                        view! {
                            <form method="post" action="/wallet/payment/auto-top-up/pay" class="mt-2">
                                <input type="hidden" name="idempotency_key" value=idempotency_key.to_string() />
                                <button class="btn btn-primary btn-sm">{t!(i18n, auto.confirm_payment)}</button>
                            </form>
                        }
                    })}
            </div>
        }
    });
    let pending = view.pending.map(|charge| {
        let (credits, money, id) = (charge.credits, charge.money, charge.payment);
        let words = move || {
            let locale = i18n.get_locale();
            let credits = format!("{} {}", credits_text(locale, credits), unit_text(locale, credits));
            t_string!(i18n, auto.charging, credits = credits, money = money_text(locale, money))
        };
        view! {
            <p class="mt-3" role="status" data-testid="auto-pending">
                <span class="num">{words}</span>
                " "
                <a class="link-q" href=format!("/wallet/orders/{id}")>{t!(i18n, wallet.waiting_details)}</a>
            </p>
        }
    });
    view! {
        <div class="px-5 pt-2">
            <p class="text-muted max-w-[60ch]">{t!(i18n, auto.note)}</p>
            {pending}
            {stopped}
        </div>
    }
}

/// Says on the front page that auto top-up has stopped.
#[component]
pub fn StoppedBanner(
    /// Why.
    reason: Suspension,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Banner kind=BannerKind::Error>
            <p class="flex-1 min-w-[200px]">
                <strong class="font-semibold">{t!(i18n, auto.banner)}</strong>
                " "
                {move || suspension_text(i18n.get_locale(), reason)}
            </p>
            <a href="/wallet/payment#auto-top-up" class="font-semibold underline underline-offset-4">{t!(i18n, auto.banner_action)}</a>
        </Banner>
    }
}
