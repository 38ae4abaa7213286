//! What staff decide about a refund request: approve it, with what that does, or decline it with words.

#![expect(missing_docs, reason = "the macro writes props of its own for the browser")]

use leptos::prelude::*;
use wallet::money::{Credits, Money};
use wallet::refund::{Assessment, Offer, RefundAbout, StaffRefundRequest, offer_of};

use crate::components::refund::summary::Line;
use crate::components::ui::field::TextArea;
use crate::components::ui::typed::typed_before;
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::text::amount::{credits_text, money_text, signed_text};
use crate::text::refund::{amount_text, change_text, money_field, read_money};
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
#[island]
pub fn ApproveMoney(
    /// Where the form goes.
    action: String,
    /// The purchase, and what the rule gives.
    assessed: Assessment,
    /// What is available now.
    available: Credits,
    /// What became of the form.
    outcome: FormOutcome,
) -> impl IntoView {
    let i18n = use_i18n();
    let rule: Option<Offer> = assessed.verdict.ok();
    let currency = assessed.purchase.total.currency();
    let most = Money::from_minor(assessed.most_minor, currency);
    let offered = rule.map(|offer| offer.money.minor().to_string()).unwrap_or_default();
    let first = outcome.value("amount").or_else(|| rule.map(|offer| money_field(offer.money))).unwrap_or_default();
    let (typed, set_typed) = signal(first.clone());
    let wrong = outcome.error("amount").cloned();
    let is_wrong = wrong.is_some();
    let has_rule = rule.is_some();
    let counted = assessed.clone();
    let offer = Memo::new(move |_| {
        let money = read_money(&typed.get(), currency).ok()?;
        offer_of(&counted, money.minor())
    });
    let button = move || match offer.get() {
        Some(offer) => t_string!(i18n, refunds.approve, amount = money_text(i18n.get_locale(), offer.money)),
        None => t_string!(i18n, refunds.approve_entered).to_owned(),
    };
    let note = move || match &wrong {
        Some(error) => field_error_text(i18n.get_locale(), error),
        None if has_rule => t_string!(i18n, refunds.amount_note).to_owned(),
        None => t_string!(i18n, refunds.outside).to_owned(),
    };
    let class = if is_wrong { "field num !border-error" } else { "field num" };
    view! {
        <form method="post" action=action data-once aria-labelledby="approve">
            <h3 id="approve" class="h2 mb-1">{t!(i18n, refunds.if_approved)}</h3>
            <FormErrors outcome=outcome.clone() shown=SHOWN />
            <input type="hidden" name="currency" value=currency.code() />
            <input type="hidden" name="offered" value=offered />
            <MoneyPreview assessed=assessed offer=offer available=available />
            <label class="block text-sm font-medium mt-3 mb-1" for="amount">
                {move || t_string!(i18n, refunds.amount, money = money_text(i18n.get_locale(), most))}
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
            <Message id="message" outcome=outcome />
            <button class="btn btn-primary mt-4 h-auto min-h-9 py-1.5">
                {button}
            </button>
            <p class="text-sm text-muted mt-3">{t!(i18n, refunds.taken_first)}</p>
        </form>
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
