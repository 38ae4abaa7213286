//! Buying any amount of credits, at the catalog's rate: the field, and what it comes to.

use leptos::prelude::*;
use wallet::catalog::FreeAmount;
use wallet::error::FieldError;
use wallet::money::{Credits, Currency, Money, TypedError, read_amount};

use crate::i18n::*;
use crate::text::amount::{credits_text, rate_text, unit_text};
use crate::text::refusal::field_error_text;

/// What a typed amount comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Own {
    /// Nothing was typed.
    Empty,
    /// What was typed can't be bought, and why.
    Wrong(String),
    /// So many credits, for so much.
    Priced(Credits, Money),
}

impl Own {
    /// Reads and prices what was typed.
    pub fn of(locale: Locale, free: &FreeAmount, currency: Currency, typed: &str) -> Self {
        if typed.trim().is_empty() {
            return Self::Empty;
        }
        match read_amount(typed) {
            Ok(amount) if amount >= free.min && amount <= free.max => match free.price(amount, currency) {
                Some(price) => Self::Priced(amount, price),
                None => Self::Wrong(limits(locale, free)),
            },
            Err(error @ TypedError::Ambiguous(_)) => {
                Self::Wrong(field_error_text(locale, &FieldError::amount("amount", error, "")))
            }
            _ => Self::Wrong(limits(locale, free)),
        }
    }
}

/// The smallest and the largest amount, in the wallet's unit.
fn limits(locale: Locale, free: &FreeAmount) -> String {
    let (min, max) = (credits_text(locale, free.min), credits_text(locale, free.max));
    td_string!(locale, top_up.own_limits, min = min, max = max, unit = unit_text(locale, free.max))
}

/// The choice of an own amount; what it comes to stands in the order beside it.
#[component]
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
    let locale = i18n.get_locale();
    let is_wrong = refused.is_some();
    let note = match (&refused, free.rate(currency)) {
        (Some(error), _) => field_error_text(locale, error),
        (None, Some(rate)) => {
            let one = unit_text(locale, Credits::ONE);
            format!(
                "{} {}",
                limits(locale, &free),
                t_string!(i18n, top_up.own_rate, rate = rate_text(locale, rate), one = one)
            )
        }
        (None, None) => limits(locale, &free),
    };
    view! {
        <label class="own pick mt-2 flex flex-wrap items-center gap-x-3 gap-y-2 p-3">
            <input
                type="radio"
                name="package"
                value=""
                checked=is_alone || !typed.is_empty()
                aria-label=t_string!(i18n, top_up.own)
            />
            <span class="font-medium">{t!(i18n, top_up.own)}</span>
            <input
                id="own-amount"
                class="field num !w-32 relative z-10"
                name="amount"
                inputmode="decimal"
                value=typed
                data-redraw-typing
                aria-label=t_string!(i18n, top_up.own)
                aria-invalid=is_wrong.then_some("true")
                aria-describedby="own-note"
            />
            <span>{unit_text(locale, free.max)}</span>
            <span id="own-note" class=if is_wrong { "text-sm text-error" } else { "text-sm text-muted num" }>{note}</span>
        </label>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(typed: &str) -> Own {
        let credits = |text: &str| text.parse::<Credits>().expect("credits");
        let prices = vec![Money::from_minor(1_000, Currency::USD)];
        let free = FreeAmount { min: credits("10"), max: credits("100000"), credits: credits("1000"), prices };
        Own::of(Locale::en, &free, Currency::USD, typed)
    }

    #[test]
    fn what_is_typed_is_priced_or_told_what_it_lacks() {
        assert_eq!(own("  "), Own::Empty);
        let thousand = Own::Priced("1000".parse().expect("credits"), Money::from_minor(1_000, Currency::USD));
        assert_eq!(own("1000"), thousand);
        assert_eq!(own("1 000"), thousand);
        for wrong in ["9", "-5", "100001", "lots", "99999999999999999999999"] {
            assert!(matches!(own(wrong), Own::Wrong(text) if text.contains("10 to 100,000")), "{wrong}");
        }
    }
}
