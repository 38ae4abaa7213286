//! What staff decide about a payment in review: accept it, or note that its money was given back.

use leptos::prelude::*;
use wallet::payment::{PaymentStory, StaffPayment};

use crate::components::ui::field::Field;
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::text::amount::{credits_text, money_text, unit_text};
use crate::text::payment::provider_name;
use crate::text::refusal::{FormErrors, field_error_text};

/// The form: one of two decisions, a reason, a tick.
#[component]
pub fn DecisionForm(
    /// The payment, and what its wallet holds.
    story: PaymentStory,
    /// What became of the form.
    outcome: FormOutcome,
) -> impl IntoView {
    let i18n = use_i18n();
    let StaffPayment { id, provider, money, credits, failure, .. } = story.payment.clone();
    let action = format!("/admin/payments/{id}/decision");
    let is_mismatch = failure.as_deref() == Some("mismatch");
    let took = story.taken.unwrap_or(money);
    let (before, after) = (story.settled, story.settled.checked_add(credits).unwrap_or(story.settled));
    let name = StoredValue::new(provider);
    let provider = move || name.with_value(|name| provider_name(i18n.get_locale(), name));
    let accept = move || {
        let locale = i18n.get_locale();
        let amount = format!("{} {}", credits_text(locale, credits), unit_text(locale, credits));
        t_string!(i18n, payments.accept, amount = amount)
    };
    let accept_note = move || {
        let money = money_text(i18n.get_locale(), money);
        if is_mismatch {
            t_string!(i18n, payments.accept_note, provider = provider(), money = money)
        } else {
            t_string!(i18n, payments.accept_plan_note, provider = provider())
        }
    };
    let balance = move || {
        let locale = i18n.get_locale();
        let (before, after) = (credits_text(locale, before), credits_text(locale, after));
        t_string!(i18n, payments.balance_change, before = before, after = after)
    };
    let give_back = move || t_string!(i18n, payments.give_back, money = money_text(i18n.get_locale(), took));
    let give_back_note = move || t_string!(i18n, payments.give_back_note, provider = provider());
    let confirm = move || t_string!(i18n, payments.confirm, provider = provider());
    let chosen = outcome.value("decision");
    let is_return = chosen.as_deref() == Some("return");
    let is_accept = chosen.as_deref() == Some("accept");
    let wrong = outcome.error("decision").cloned();
    let unconfirmed = outcome.error("confirm").cloned();
    let refused = outcome.error("payment").is_some();
    let not_accepted = move || {
        if is_mismatch { t_string!(i18n, payments.not_accepted) } else { t_string!(i18n, payments.not_accepted_plan) }
    };
    view! {
        <form method="post" action=action class="px-5 pb-5" data-once>
            <h3 id="resolve" class="h2 mb-2">{t!(i18n, payments.resolve)}</h3>
            <FormErrors outcome=outcome.clone() shown=&["note", "decision", "confirm", "payment"] />
            {refused
                .then(|| {
                    view! {
                        <p class="rounded-box px-4 py-2.5 mb-3 tag-err" role="alert" data-testid="form-error">{not_accepted}</p>
                    }
                })}
            <div class="grid pt-px" role="radiogroup" aria-labelledby="resolve">
                <Choice value="accept" is_chosen=is_accept>
                    <span class="block font-medium num">{accept}</span>
                    <span class="block text-sm text-muted num">{accept_note}</span>
                    <span class="block text-sm text-muted num">{balance}</span>
                </Choice>
                <Choice value="return" is_chosen=is_return>
                    <span class="block font-medium num">{give_back}</span>
                    <span class="block text-sm text-muted num">{give_back_note}</span>
                </Choice>
            </div>
            {wrong.map(|error| view! { <p class="text-sm text-error mt-1">{move || field_error_text(i18n.get_locale(), &error)}</p> })}
            <div class="mt-3">
                <Field
                    name="note"
                    label=move || t_string!(i18n, payments.reason).to_owned()
                    hint=Signal::derive(move || t_string!(i18n, payments.reason_note).to_owned())
                    outcome=outcome
                />
            </div>
            <label class="mt-3 flex gap-3 items-start cursor-pointer">
                <input type="checkbox" class="checkbox checkbox-sm mt-0.5" name="confirm" value="yes" />
                <span>{confirm}</span>
            </label>
            {unconfirmed
                .map(|error| view! { <p class="text-sm text-error mt-1">{move || field_error_text(i18n.get_locale(), &error)}</p> })}
            <button class="btn btn-primary mt-4">
                {t!(i18n, payments.decide)}
            </button>
        </form>
    }
}

/// One of the decisions.
#[component]
fn Choice(value: &'static str, is_chosen: bool, children: Children) -> impl IntoView {
    view! {
        <label class="pick flex gap-3 px-3 py-2.5 rounded-none first:rounded-t-field last:rounded-b-field -mt-px">
            <input type="radio" name="decision" value=value checked=is_chosen />
            <span class="size-4 mt-[3px] rounded-full border border-control grid place-items-center bg-base-100 flex-none">
                <span class="pick-dot size-2 rounded-full bg-primary"></span>
            </span>
            <span class="flex-1">{children()}</span>
        </label>
    }
}
