//! Choosing how to pay: saved methods first, then the providers' pages, as radio buttons.

use leptos::prelude::*;
use wallet::payment::{CardTerm, PayOption, PaymentMethod};

use crate::data::payment_methods::PayChoice;
use crate::i18n::*;
use crate::text::payment::{expiry_text, option_text, provider_name};

/// The ways to pay for an order. One that does not answer can't be chosen; the others stay.
#[component]
pub fn MethodList(
    /// What is offered.
    choice: PayChoice,
    /// What was chosen before, where the form is shown again.
    chosen: Option<String>,
    /// Whether saving was ticked before.
    #[prop(default = false)]
    is_saving: bool,
    /// Whether a method can be saved by a tick. Where it is saved in any case, the words beside the button say so.
    #[prop(default = false)]
    offers_saving: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    if choice.options.is_empty() && choice.methods.is_empty() {
        return view! { <NoProvider is_unset=choice.is_unset is_staff=choice.is_staff /> }.into_any();
    }
    let now = choice.now;
    let has_saved = !choice.methods.is_empty();
    let is_usable = |method: &PaymentMethod| method.term(now) != CardTerm::Expired;
    let first = choice.methods.iter().find(|method| is_usable(method)).map(|method| format!("saved.{}", method.id));
    let first = first.or_else(|| {
        let answering = choice.options.iter().find(|option| option.is_answering);
        answering.map(|option| option.with().to_string())
    });
    let known = |name: &String| {
        let is_saved = choice.methods.iter().any(|method| is_usable(method) && *name == format!("saved.{}", method.id));
        is_saved || choice.options.iter().any(|option| option.is_answering && *name == option.with().to_string())
    };
    let chosen = chosen.filter(known).or(first).unwrap_or_default();
    let can_save = offers_saving && choice.options.iter().any(|option| option.saves);
    let saved = choice
        .methods
        .into_iter()
        .map(|method| {
            let value = format!("saved.{}", method.id);
            let is_chosen = value == chosen;
            view! { <SavedChoice method=method value=value is_chosen=is_chosen now=now /> }
        })
        .collect_view();
    let new = choice
        .options
        .into_iter()
        .map(|option| {
            let value = option.with().to_string();
            let is_chosen = value == chosen;
            view! { <NewChoice option=option value=value is_chosen=is_chosen has_saved=has_saved /> }
        })
        .collect_view();
    view! {
        <div class="grid gap-2">
            {saved} {new}
            {can_save
                .then(|| {
                    view! {
                        <label class="flex gap-3 items-start cursor-pointer mt-1">
                            <input type="checkbox" name="save_method" value="true" checked=is_saving class="checkbox checkbox-sm mt-0.5 border-control rounded-selector" />
                            <span>
                                <span class="block">{t!(i18n, pay.save)}</span>
                                <span class="block text-sm text-muted">{t!(i18n, pay.save_note)}</span>
                            </span>
                        </label>
                    }
                })}
        </div>
    }
    .into_any()
}

/// The round mark of a choice.
#[component]
fn Mark() -> impl IntoView {
    view! {
        <span class="size-4 rounded-full border border-control grid place-items-center bg-base-100 flex-none" aria-hidden="true">
            <span class="pick-dot size-2 rounded-full bg-primary"></span>
        </span>
    }
}

#[component]
fn SavedChoice(
    method: PaymentMethod,
    value: String,
    is_chosen: bool,
    now: chrono::DateTime<chrono::Utc>,
) -> impl IntoView {
    let i18n = use_i18n();
    let is_over = method.term(now) == CardTerm::Expired;
    let (label, provider) = (method.label.clone(), method.provider.clone());
    let note = move || {
        let locale = i18n.get_locale();
        match expiry_text(locale, &method, now) {
            Some(expiry) => format!("{}, {}", t_string!(i18n, pay.saved), lowered(&expiry)),
            None => t_string!(i18n, pay.saved).to_owned(),
        }
    };
    view! {
        <label class="pick flex items-center gap-3 px-4 py-2.5">
            <input type="radio" name="method" value=value checked=is_chosen disabled=is_over />
            <Mark />
            <span class="flex-1 min-w-0">
                <span class="block font-medium num">{label}</span>
                <span class="text-sm text-muted num">{note}</span>
            </span>
            <span class="text-sm text-muted">{move || provider_name(i18n.get_locale(), &provider)}</span>
        </label>
    }
}

#[component]
fn NewChoice(option: PayOption, value: String, is_chosen: bool, has_saved: bool) -> impl IntoView {
    let i18n = use_i18n();
    let (is_test, is_silent) = (option.is_test, !option.is_answering);
    let provider = option.provider.clone();
    let words = Memo::new(move |_| option_text(i18n.get_locale(), &option, has_saved));
    let side = move || match is_test {
        true => t_string!(i18n, top_up.test).to_owned(),
        false => provider_name(i18n.get_locale(), &provider),
    };
    view! {
        <label class="pick flex items-center gap-3 px-4 py-2.5">
            <input type="radio" name="method" value=value checked=is_chosen disabled=is_silent />
            <Mark />
            <span class="flex-1 min-w-0">
                <span class="block font-medium">{move || words.get().0}</span>
                <span class=if is_silent { "text-sm text-error" } else { "text-sm text-muted" }>{move || words.get().1}</span>
            </span>
            <span class="text-sm text-muted">{side}</span>
        </label>
    }
}

/// Nobody takes this money here: what a buyer and staff can do about it.
#[component]
fn NoProvider(is_unset: bool, is_staff: bool) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="panel p-4" data-testid="no-provider">
            <p class="font-medium">
                {move || if is_unset { t_string!(i18n, pay.unset) } else { t_string!(i18n, pay.no_currency) }}
            </p>
            <p class="text-sm text-muted mt-1">
                {move || match (is_unset, is_staff) {
                    (true, true) => t_string!(i18n, pay.unset_staff),
                    (true, false) => t_string!(i18n, pay.unset_note),
                    (false, _) => t_string!(i18n, pay.no_currency_note),
                }}
            </p>
        </div>
    }
}

/// Lets a sentence go on in the middle of another one.
fn lowered(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
