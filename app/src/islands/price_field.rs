//! The field of one price.

#![expect(missing_docs, reason = "the macro writes props of its own for the browser")]

use leptos::prelude::*;
use wallet::error::FieldError;
use wallet::money::Credits;
use wallet::tariff::read_price;

use crate::context::FormOutcome;
use crate::i18n::*;
use crate::islands::keyboard;
use crate::text::amount::exact_text;
use crate::text::refusal::field_error_text;

/// After a price was saved by its form, goes on to the next one.
#[island]
pub fn GoOnAfterSave() -> impl IntoView {
    keyboard::go_on_after_save();
}

/// One price: judged by the server's own code while it is typed, left by arrows, given back by Escape.
#[island]
pub fn PriceField(
    /// Its place among the operation's prices.
    place: usize,
    /// What it is the price of.
    label: String,
    /// The price that is saved.
    saved: Credits,
    /// Whether the version changes it.
    is_changed: bool,
    /// The operation, or where the field stands: no two fields of a page share it and the place.
    anchor: String,
    /// What was typed and refused, if anything was.
    outcome: FormOutcome,
) -> impl IntoView {
    let i18n = use_i18n();
    let name = format!("price.{place}");
    let typed = outcome.values.get(&name).cloned();
    let is_conflict = typed.is_some() && outcome.notice.as_deref() == Some("version_conflict");
    let value = typed.unwrap_or_else(|| saved.to_field());
    // What is said of the operation as a whole stands at its first price.
    let is_mine = |error: &&FieldError| error.field == name || (place == 0 && !error.field.starts_with("price."));
    let error = RwSignal::new(outcome.errors.iter().find(is_mine).filter(|_| !is_conflict).cloned());
    let note = format!("{}-note-{place}", anchor);
    let judge = {
        let name = name.clone();
        move |typed: &str| {
            error.set(read_price(&name, typed).err());
        }
    };
    let kept = saved.to_field();
    let class = move || match (error.read().is_some() || is_conflict, is_changed) {
        (true, _) => "field field-sm num text-right min-w-16 !border-error",
        (false, true) => "field field-sm num text-right min-w-16 !border-primary !bg-tint font-semibold",
        (false, false) => "field field-sm num text-right min-w-16",
    };
    let words = move || {
        let locale = i18n.get_locale();
        match (error.get(), is_conflict) {
            (Some(error), _) => Some(field_error_text(locale, &error)),
            (None, true) => Some(t_string!(i18n, tariffs.conflict_field, price = exact_text(locale, saved))),
            (None, false) => None,
        }
    };
    view! {
        <span class="block flex-1 min-w-0">
            <input
                class=class
                name=name
                value=value
                inputmode="decimal"
                autocomplete="off"
                data-price=kept.clone()
                aria-label=label
                aria-invalid=move || error.read().is_some().then_some("true")
                aria-describedby=note.clone()
                on:input=move |event| judge(&event_target_value(&event))
                on:keydown=move |event| {
                    if keyboard::pressed(&event) {
                        error.set(None);
                    }
                }
            />
            <span id=note class="block text-sm text-error text-left whitespace-normal" role="alert">{words}</span>
        </span>
    }
}
