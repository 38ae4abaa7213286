//! What staff do about disputes that a provider tells nothing of: open one, and record how it ended.

use leptos::prelude::*;

use crate::components::ui::field::Field;
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::text::refusal::{FormErrors, field_error_text};

/// Says whether a provider tells of disputes by itself; of the others staff tell.
#[must_use]
pub fn tells_of_disputes(provider: &str) -> bool {
    provider == "stripe"
}

/// How a dispute ended, with a tick.
#[component]
pub fn ResultForm(
    /// The dispute.
    id: String,
    /// What became of the form.
    outcome: FormOutcome,
) -> impl IntoView {
    let i18n = use_i18n();
    let is_open = !outcome.path.is_empty();
    let chosen = outcome.value("result");
    let wrong = outcome.error("result").cloned();
    let unconfirmed = outcome.error("confirm").cloned();
    let error = move |error: Option<wallet::error::FieldError>| {
        error.map(|error| view! { <p class="text-sm text-error mt-1" role="alert">{move || field_error_text(i18n.get_locale(), &error)}</p> })
    };
    view! {
        <details class="mt-1" open=is_open>
            <summary class="link-q text-sm w-fit cursor-pointer">{t!(i18n, disputes.result)}</summary>
            <form method="post" action=format!("/admin/disputes/{id}/result") data-once class="mt-2 max-w-sm whitespace-normal">
                <FormErrors outcome=outcome shown=&["result", "confirm"] />
                <div class="grid pt-px" role="radiogroup" aria-label=move || t_string!(i18n, disputes.result)>
                    <Choice value="won" is_chosen=chosen.as_deref() == Some("won")>
                        <span class="block font-medium">{t!(i18n, disputes.won)}</span>
                        <span class="block text-sm text-muted">{t!(i18n, disputes.won_note)}</span>
                    </Choice>
                    <Choice value="lost" is_chosen=chosen.as_deref() == Some("lost")>
                        <span class="block font-medium">{t!(i18n, disputes.lost)}</span>
                        <span class="block text-sm text-muted">{t!(i18n, disputes.lost_note)}</span>
                    </Choice>
                </div>
                {error(wrong)}
                <label class="mt-3 flex gap-3 items-start cursor-pointer">
                    <input type="checkbox" class="checkbox checkbox-sm mt-0.5" name="confirm" value="yes" />
                    <span>{t!(i18n, disputes.confirm)}</span>
                </label>
                {error(unconfirmed)}
                <button class="btn btn-primary btn-sm mt-3">
                    {t!(i18n, disputes.save)}
                </button>
            </form>
        </details>
    }
}

/// One of the ends.
#[component]
fn Choice(value: &'static str, is_chosen: bool, children: Children) -> impl IntoView {
    view! {
        <label class="pick flex gap-3 px-3 py-2.5 rounded-none first:rounded-t-field last:rounded-b-field -mt-px">
            <input type="radio" name="result" value=value checked=is_chosen />
            <span class="size-4 mt-[3px] rounded-full border border-control grid place-items-center bg-base-100 flex-none">
                <span class="pick-dot size-2 rounded-full bg-primary"></span>
            </span>
            <span class="flex-1">{children()}</span>
        </label>
    }
}

/// Opens a dispute about a payment.
#[component]
pub fn OpenDispute(
    /// The payment.
    payment: String,
    /// What became of the form.
    outcome: FormOutcome,
) -> impl IntoView {
    let i18n = use_i18n();
    let is_open = !outcome.path.is_empty();
    view! {
        <details class="px-5 py-4 border-t border-line" open=is_open>
            <summary class="link-q w-fit cursor-pointer">{t!(i18n, disputes.start)}</summary>
            <form method="post" action=format!("/admin/payments/{payment}/dispute") data-once class="mt-2">
                <p class="text-sm text-muted mb-3">{t!(i18n, disputes.start_note)}</p>
                <FormErrors outcome=outcome.clone() shown=&["note"] />
                <Field
                    name="note"
                    label=move || t_string!(i18n, payments.reason).to_owned()
                    hint=Signal::derive(move || t_string!(i18n, payments.reason_note).to_owned())
                    outcome=outcome
                />
                <button class="btn btn-primary mt-3">
                    {t!(i18n, disputes.start_button)}
                </button>
            </form>
        </details>
    }
}
