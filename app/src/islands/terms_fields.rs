//! The fields of the form: each tells its value to the consent.

use leptos::prelude::*;
use wallet::payment::PaymentMethod;

use super::terms_form::{AutoTopUpOffer, Typed};
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::islands::typed::{chosen_before, picked_before, typed_before};
use crate::text::amount::{credits_text, money_text, unit_text};
use crate::text::refusal::field_error_text;

/// A text field whose value the consent names.
#[component]
pub fn TermField(
    name: &'static str,
    label: Signal<String>,
    hint: Signal<String>,
    value: RwSignal<String>,
    outcome: FormOutcome,
) -> impl IntoView {
    let i18n = use_i18n();
    let error = outcome.error(name).cloned();
    let is_wrong = error.is_some();
    let (id, note) = (format!("auto-{name}"), format!("auto-{name}-note"));
    view! {
        <div>
            <label class="block text-sm font-medium mb-1" for=id.clone()>{move || label.get()}</label>
            <input
                id=id
                name=name
                class=if is_wrong { "field num !border-error" } else { "field num" }
                inputmode="decimal"
                autocomplete="off"
                node_ref=typed_before(move |text| value.set(text))
                value=value.get_untracked()
                on:input=move |event| value.set(event_target_value(&event))
                aria-invalid=is_wrong.then_some("true")
                aria-describedby=note.clone()
            />
            <span id=note class=if is_wrong { "block text-sm text-error mt-1" } else { "block text-sm text-muted mt-1" }>
                {move || match &error {
                    Some(error) => field_error_text(i18n.get_locale(), error),
                    None => hint.get(),
                }}
            </span>
        </div>
    }
}

/// What each charge buys.
#[component]
pub fn Buys(offer: AutoTopUpOffer, typed: Typed, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let has_packs = !offer.packs.is_empty();
    let has_free = offer.free_amount.is_some();
    let code = offer.currency.code();
    let packs = offer
        .packs
        .into_iter()
        .map(|pack| {
            let is_chosen = typed.package.get_untracked() == pack.code;
            let (name, credits, money) = (pack.name, pack.credits, pack.money);
            let words = move || {
                let locale = i18n.get_locale();
                let amount = format!("{} {}", credits_text(locale, credits), unit_text(locale, credits));
                format!("{name}: {amount}, {}", money_text(locale, money))
            };
            view! { <option value=pack.code selected=is_chosen>{words}</option> }
        })
        .collect_view();
    let errors: Vec<_> = ["buys", "package", "amount", "fill_to"]
        .into_iter()
        .filter_map(|field| outcome.error(field).cloned())
        .collect();
    let wrong = StoredValue::new(errors);
    let is_wrong = wrong.with_value(|errors| !errors.is_empty());
    let radio = move |value: &'static str| {
        let is_chosen = typed.buys.get_untracked() == value;
        view! {
            <input
                type="radio"
                name="buys"
                value=value
                checked=is_chosen
                node_ref=picked_before(move || typed.buys.set(value.to_owned()))
                class="radio radio-sm border-control"
                on:change=move |_| typed.buys.set(value.to_owned())
                aria-label=move || match value {
                    "package" => t_string!(i18n, auto.buys_package).to_owned(),
                    "amount" => t_string!(i18n, auto.buys_amount, currency = code),
                    _ => t_string!(i18n, auto.buys_fill).to_owned(),
                }
            />
        }
    };
    let typed_choice = move |name: &'static str, label: String, value: RwSignal<String>| {
        view! {
            <div class="flex items-center gap-2">
                {radio(name)}
                <span class="text-sm flex-1">{label.clone()}</span>
                <input
                    name=name
                    class="field num !w-28"
                    inputmode="decimal"
                    autocomplete="off"
                    node_ref=typed_before(move |text| value.set(text))
                    value=value.get_untracked()
                    aria-label=label
                    on:input=move |event| value.set(event_target_value(&event))
                />
            </div>
        }
    };
    view! {
        <fieldset aria-describedby="auto-buys-note">
            <legend class="block text-sm font-medium mb-1">{t!(i18n, auto.buys)}</legend>
            <div class="grid gap-2">
                {has_packs
                    .then(|| {
                        view! {
                            <div class="flex items-center gap-2">
                                {has_free.then(|| radio("package"))}
                                {(!has_free).then(|| view! { <input type="hidden" name="buys" value="package" /> })}
                                <select
                                    name="package"
                                    class="field flex-1"
                                    aria-label=move || t_string!(i18n, auto.buys_package)
                                    node_ref=chosen_before(move |code| typed.package.set(code))
                                    on:change=move |event| typed.package.set(event_target_value(&event))
                                >
                                    {packs}
                                </select>
                            </div>
                        }
                    })}
                {has_free
                    .then(|| {
                        view! {
                            {typed_choice("amount", t_string!(i18n, auto.buys_amount, currency = code), typed.amount)}
                            {typed_choice("fill_to", t_string!(i18n, auto.buys_fill).to_owned(), typed.fill_to)}
                        }
                    })}
            </div>
            <span
                id="auto-buys-note"
                class=if is_wrong { "block text-sm text-error mt-1" } else { "block text-sm text-muted mt-1" }
            >
                {move || {
                    let locale = i18n.get_locale();
                    wrong
                        .with_value(|errors| {
                            let words: Vec<_> = errors.iter().map(|error| field_error_text(locale, error)).collect();
                            if words.is_empty() { t_string!(i18n, auto.one_charge).to_owned() } else { words.join(" ") }
                        })
                }}
            </span>
        </fieldset>
    }
}

/// The card that is charged.
#[component]
pub fn CardSelect(cards: Vec<PaymentMethod>, value: RwSignal<String>, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let error = outcome.error("method").cloned();
    let options = cards
        .into_iter()
        .map(|card| {
            let id = card.id.to_string();
            let is_chosen = value.get_untracked() == id;
            view! { <option value=id selected=is_chosen>{card.label}</option> }
        })
        .collect_view();
    view! {
        <label class="block">
            <span class="block text-sm font-medium mb-1">{t!(i18n, top_up.pay_with)}</span>
            <select
                name="method"
                class="field"
                aria-invalid=error.is_some().then_some("true")
                node_ref=chosen_before(move |id| value.set(id))
                on:change=move |event| value.set(event_target_value(&event))
            >
                {options}
            </select>
            <span class="block text-sm text-error mt-1">
                {move || error.as_ref().map(|error| field_error_text(i18n.get_locale(), error))}
            </span>
        </label>
    }
}
