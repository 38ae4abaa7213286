//! Any amount of credits, at the catalog's rate.

#![expect(missing_docs, reason = "the macro writes props of its own for the browser")]

use leptos::prelude::*;
use wallet::catalog::FreeAmount;
use wallet::error::FieldError;
use wallet::money::{Currency, TypedError, read_amount};

use crate::i18n::*;
use crate::islands::typed::typed_before;
use crate::text::amount::{credits_text, money_text, unit_text};
use crate::text::refusal::field_error_text;

/// Any amount, at the catalog's rate.
#[island]
pub fn OwnAmount(
    /// The rate and the limits.
    free: FreeAmount,
    /// What is paid in.
    currency: Currency,
    /// What was typed before.
    typed: String,
    /// Why that was refused.
    refused: Option<FieldError>,
    /// Whether there is nothing else to choose.
    is_alone: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let (typed, set_typed) = signal(typed);
    let is_chosen = is_alone || !typed.get_untracked().is_empty();
    let (min, max) = (free.min, free.max);
    let is_wrong = refused.is_some();
    let first = typed.get_untracked();
    let rate = free.clone();
    let words = move || {
        let locale = i18n.get_locale();
        let typed = typed.get();
        // What was refused is told until something else is typed.
        if let Some(error) = refused.as_ref().filter(|_| typed == first) {
            return field_error_text(locale, error);
        }
        let amount = match read_amount(&typed) {
            Err(error @ TypedError::Ambiguous(_)) => {
                return field_error_text(locale, &FieldError::amount("amount", error, ""));
            }
            amount => amount.ok(),
        };
        match amount.and_then(|amount| Some((amount, rate.price(amount, currency)?))) {
            Some((amount, price)) if amount >= min && amount <= max => {
                let credits = format!("{} {}", credits_text(locale, amount), unit_text(locale, amount));
                t_string!(i18n, top_up.own_price, amount = credits, price = money_text(locale, price))
            }
            _ => t_string!(i18n, top_up.own_limits, min = credits_text(locale, min), max = credits_text(locale, max)),
        }
    };
    view! {
        <label class="own pick mt-2 flex flex-wrap items-center gap-x-3 gap-y-2 p-3">
            <input type="radio" name="package" value="" checked=is_chosen aria-label=move || t_string!(i18n, top_up.own) />
            <span class="font-medium">{t!(i18n, top_up.own)}</span>
            <input
                class="field num !w-32 relative z-10"
                name="amount"
                inputmode="decimal"
                node_ref=typed_before(move |text| set_typed.set(text))
                value=typed.get_untracked()
                aria-label=move || t_string!(i18n, top_up.own)
                aria-invalid=is_wrong.then_some("true")
                aria-describedby="own-note"
                on:input=move |event| set_typed.set(event_target_value(&event))
            />
            <span id="own-note" class="text-sm text-muted num" aria-live="polite">{words}</span>
        </label>
    }
}
