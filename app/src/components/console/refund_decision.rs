//! What staff decide about a refund request: approve it, with what that does, or decline it with words.

use leptos::prelude::*;
use wallet::money::Credits;
use wallet::refund::{Assessment, RefundAbout, StaffRefundRequest};

use crate::components::ui::field::TextArea;
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::islands::approve_amount::ApproveAmount;
use crate::islands::parts::Line;
use crate::text::amount::signed_text;
use crate::text::refund::{amount_text, change_text};
use crate::text::refusal::{FormErrors, field_error_text};

/// The fields that show their own problems.
const SHOWN: &[&str] = &["amount", "message"];

/// Both forms.
#[component]
pub fn RefundDecision(
    /// The request, the purchases and the balance.
    found: StaffRefundRequest,
    /// What became of one of the forms.
    outcome: FormOutcome,
) -> impl IntoView {
    let id = found.request.id.to_string();
    let is_decline = outcome.path.ends_with("/refuse");
    let (approve, decline) =
        if is_decline { (FormOutcome::default(), outcome) } else { (outcome, FormOutcome::default()) };
    let action = format!("/admin/refunds/{id}/approve");
    let purchase = match found.request.about {
        RefundAbout::Payment { id } => found.purchases.into_iter().find(|assessed| assessed.purchase.payment == id),
        RefundAbout::Charge { .. } => None,
    };
    let available = found.available;
    let form = match purchase {
        Some(assessed) => {
            view! { <ApproveMoney action=action assessed=assessed available=available outcome=approve /> }.into_any()
        }
        None => {
            let credits = found.request.asked_credits;
            view! { <ApproveCredits action=action credits=credits available=available outcome=approve /> }.into_any()
        }
    };
    view! {
        <div class="px-5 py-4">
            {form} <Decline action=format!("/admin/refunds/{id}/refuse") outcome=decline is_open=is_decline />
        </div>
    }
}

/// Sends money back: the amount that the rule gives, or another one.
#[component]
fn ApproveMoney(action: String, assessed: Assessment, available: Credits, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let currency = assessed.purchase.total.currency();
    let offered = assessed.verdict.ok().map(|offer| offer.money.minor().to_string()).unwrap_or_default();
    let (typed, wrong) = (outcome.value("amount"), outcome.error("amount").cloned());
    view! {
        <form method="post" action=action data-once aria-labelledby="approve">
            <h3 id="approve" class="h2 mb-1">{t!(i18n, refunds.if_approved)}</h3>
            <FormErrors outcome=outcome.clone() shown=SHOWN />
            <input type="hidden" name="currency" value=currency.code() />
            <input type="hidden" name="offered" value=offered />
            <ApproveAmount assessed=assessed available=available typed=typed wrong=wrong>
                <Message id="message" outcome=outcome />
            </ApproveAmount>
            <p class="text-sm text-muted mt-3">{t!(i18n, refunds.taken_first)}</p>
        </form>
    }
}

/// Gives the credits for a job back.
#[component]
fn ApproveCredits(action: String, credits: Credits, available: Credits, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let after = available.checked_add(credits).unwrap_or(available);
    view! {
        <form method="post" action=action data-once aria-labelledby="approve">
            <h3 id="approve" class="h2 mb-1">{t!(i18n, refunds.if_approved)}</h3>
            <FormErrors outcome=outcome.clone() shown=SHOWN />
            <dl data-testid="preview">
                <Line
                    name=Signal::derive(move || t_string!(i18n, refunds.added).to_owned())
                    figure=Signal::derive(move || signed_text(i18n.get_locale(), credits))
                />
                <Line
                    is_quiet=true
                    name=Signal::derive(move || t_string!(i18n, refunds.balance).to_owned())
                    figure=Signal::derive(move || change_text(i18n.get_locale(), available, after))
                />
            </dl>
            <Message id="message" outcome=outcome />
            <button class="btn btn-primary mt-4 h-auto min-h-9 py-1.5">
                {move || t_string!(i18n, refunds.approve, amount = amount_text(i18n.get_locale(), credits))}
            </button>
        </form>
    }
}

/// Says no, with words.
#[component]
fn Decline(action: String, outcome: FormOutcome, is_open: bool) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <details class="mt-4 pt-4 border-t border-line" open=is_open>
            <summary class="link-q w-fit cursor-pointer">{t!(i18n, refunds.decline_open)}</summary>
            <form method="post" action=action data-once class="mt-3">
                <FormErrors outcome=outcome.clone() shown=SHOWN />
                <Message id="decline-message" outcome=outcome />
                <button class="btn btn-danger mt-4">
                    {t!(i18n, refunds.decline)}
                </button>
            </form>
        </details>
    }
}

/// The words for the customer.
#[component]
fn Message(id: &'static str, outcome: FormOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let wrong = outcome.error("message").cloned();
    let is_wrong = wrong.is_some();
    let note_id = format!("{id}-note");
    let note = move || match &wrong {
        Some(error) => field_error_text(i18n.get_locale(), error),
        None => t_string!(i18n, refunds.message_note).to_owned(),
    };
    view! {
        <label class="block text-sm font-medium mt-3 mb-1" for=id>{t!(i18n, refunds.message)}</label>
        <TextArea
            name="message"
            id=id
            rows=3
            text=outcome.value("message").unwrap_or_default()
            is_wrong=is_wrong
            described_by=note_id.clone()
            is_prose=true
        />
        <span id=note_id class=if is_wrong { "block text-sm text-error mt-1" } else { "block text-sm text-muted mt-1" }>{note}</span>
    }
}
