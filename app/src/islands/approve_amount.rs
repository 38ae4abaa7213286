//! How much money staff send back, and what that does.

#![expect(missing_docs, reason = "the macro writes props of its own for the browser")]

use leptos::prelude::*;
use wallet::error::FieldError;
use wallet::money::{Credits, Money};
use wallet::refund::{Assessment, Offer, offer_of};

use crate::i18n::*;
use crate::islands::parts::Line;
use crate::islands::typed::typed_before;
use crate::text::amount::{credits_text, money_text, signed_text};
use crate::text::refund::{change_text, money_field, read_money};
use crate::text::refusal::field_error_text;

/// The amount that the rule gives, or another one: what it does, the field, the button.
#[island]
pub fn ApproveAmount(
    /// The purchase, and what the rule gives.
    assessed: Assessment,
    /// What is available now.
    available: Credits,
    /// What was typed before.
    typed: Option<String>,
    /// Why that was refused.
    wrong: Option<FieldError>,
    /// The rest of the form, before its button.
    children: Children,
) -> impl IntoView {
    let i18n = use_i18n();
    let rule: Option<Offer> = assessed.verdict.ok();
    let currency = assessed.purchase.total.currency();
    let most = Money::from_minor(assessed.most_minor, currency);
    let first = typed.or_else(|| rule.map(|offer| money_field(offer.money))).unwrap_or_default();
    let (typed, set_typed) = signal(first.clone());
    let is_wrong = wrong.is_some();
    let counted = assessed.clone();
    let offer = Memo::new(move |_| {
        let money = read_money(&typed.get(), currency).ok()?;
        offer_of(&counted, money.minor())
    });
    let button = move || match offer.get() {
        Some(offer) => t_string!(i18n, refunds.approve, amount = money_text(i18n.get_locale(), offer.money)),
        None => t_string!(i18n, refunds.approve_entered).to_owned(),
    };
    let note = match &wrong {
        Some(error) => field_error_text(i18n.get_locale(), error),
        None if rule.is_some() => t_string!(i18n, refunds.amount_note).to_owned(),
        None => t_string!(i18n, refunds.outside).to_owned(),
    };
    let class = if is_wrong { "field num !border-error" } else { "field num" };
    view! {
        <MoneyPreview assessed=assessed offer=offer available=available />
        <label class="block text-sm font-medium mt-3 mb-1" for="amount">
            {t_string!(i18n, refunds.amount, money = money_text(i18n.get_locale(), most))}
        </label>
        <input
            id="amount"
            name="amount"
            class=class
            inputmode="decimal"
            autocomplete="off"
            node_ref=typed_before(move |text| set_typed.set(text))
            value=first
            aria-invalid=is_wrong.then_some("true")
            aria-describedby="amount-note"
            on:input=move |event| set_typed.set(event_target_value(&event))
        />
        <span id="amount-note" class=if is_wrong { "block text-sm text-error mt-1" } else { "block text-sm text-muted mt-1" }>
            {note}
        </span>
        {children()}
        <button class="btn btn-primary mt-4 h-auto min-h-9 py-1.5">{button}</button>
    }
}

/// What sending the amount does: to the card, to the grant, to the balance.
#[component]
fn MoneyPreview(assessed: Assessment, offer: Memo<Option<Offer>>, available: Credits) -> impl IntoView {
    let i18n = use_i18n();
    let method = assessed.purchase.method.clone();
    let unused = assessed.purchase.unused;
    let currency = assessed.purchase.total.currency();
    let taken = move || offer.get().map(|offer| offer.credits).unwrap_or_default();
    let to = move || method.clone().unwrap_or_else(|| t_string!(i18n, refund.total).to_owned());
    let money = move || match offer.get() {
        Some(offer) => money_text(i18n.get_locale(), offer.money),
        None => "—".to_owned(),
    };
    let part = move || {
        let locale = i18n.get_locale();
        let (taken, unused) = (credits_text(locale, taken()), credits_text(locale, unused));
        t_string!(i18n, refunds.taken_of, taken = taken, unused = unused)
    };
    let minus = move || signed_text(i18n.get_locale(), taken().checked_neg().unwrap_or_default());
    let balance = move || {
        let after = available.checked_sub(taken()).unwrap_or(available);
        change_text(i18n.get_locale(), available, after)
    };
    let tax = move || offer.get().map(|offer| offer.tax_minor).filter(|minor| *minor > 0);
    view! {
        <dl data-testid="preview">
            <Line name=Signal::derive(to) figure=Signal::derive(money) />
            {move || {
                tax().map(|minor| {
                    view! {
                        <Line
                            is_quiet=true
                            name=Signal::derive(move || t_string!(i18n, refunds.tax).to_owned())
                            figure=Signal::derive(move || money_text(i18n.get_locale(), Money::from_minor(minor, currency)))
                        />
                    }
                })
            }}
            <Line is_quiet=true name=Signal::derive(part) figure=Signal::derive(minus) />
            <Line
                is_quiet=true
                name=Signal::derive(move || t_string!(i18n, refunds.balance).to_owned())
                figure=Signal::derive(balance)
            />
        </dl>
    }
}
