//! Payments in words for staff: states, reasons, what was found by comparing them with the providers.

use chrono::{DateTime, NaiveDate, Utc};
use wallet::catalog::Interval;
use wallet::money::Money;
use wallet::payment::{
    DifferenceKind, EventState, PaymentStatus, PlanPart, ProviderStatus, Reconciliation, StatusGroup,
};

use crate::i18n::*;
use crate::text::amount::{count_text, money_text};
use crate::text::date_time::{WhenStyle, when_text};
use crate::text::payment::provider_name;

/// Names a tab.
#[must_use]
pub fn group_name(locale: Locale, group: StatusGroup) -> &'static str {
    match group {
        StatusGroup::All => td_string!(locale, payments.all),
        StatusGroup::InReview => td_string!(locale, order.status_held),
        StatusGroup::Waiting => td_string!(locale, payments.waiting),
        StatusGroup::Failed => td_string!(locale, payments.failed),
        StatusGroup::Paid => td_string!(locale, order.status_succeeded),
    }
}

/// Names the state of a payment. One whose money staff gave back is refunded, not only cancelled.
#[must_use]
pub fn status_name(locale: Locale, status: PaymentStatus, failure: Option<&str>) -> &'static str {
    match status {
        PaymentStatus::Pending => td_string!(locale, order.status_pending),
        PaymentStatus::Processing => td_string!(locale, order.status_processing),
        PaymentStatus::Unknown => td_string!(locale, payments.unknown),
        PaymentStatus::Succeeded => td_string!(locale, order.status_succeeded),
        PaymentStatus::Failed => td_string!(locale, order.status_failed),
        PaymentStatus::Cancelled if failure == Some("returned") => td_string!(locale, payments.refunded),
        PaymentStatus::Cancelled => td_string!(locale, order.status_cancelled),
        PaymentStatus::Expired => td_string!(locale, order.status_expired),
        PaymentStatus::Held => td_string!(locale, order.status_held),
    }
}

/// Gives the class of a state's tag.
#[must_use]
pub const fn status_class(status: PaymentStatus) -> &'static str {
    match status {
        PaymentStatus::Succeeded => "tag tag-ok",
        PaymentStatus::Failed => "tag tag-err",
        PaymentStatus::Held | PaymentStatus::Unknown => "tag tag-warn",
        _ => "tag",
    }
}

/// Says why a payment failed or is in review; a code that has no words stays itself.
#[must_use]
pub fn failure_words(locale: Locale, code: &str) -> String {
    let words = match code {
        "insufficient_funds" => td_string!(locale, payments.insufficient_funds),
        "card_expired" => td_string!(locale, payments.card_expired),
        "card_lost" => td_string!(locale, payments.card_lost),
        "card_wrong" => td_string!(locale, payments.card_wrong),
        "card_declined" => td_string!(locale, payments.card_declined),
        "authentication_required" => td_string!(locale, payments.authentication_required),
        "authentication_failed" => td_string!(locale, payments.authentication_failed),
        "permission_revoked" => td_string!(locale, payments.permission_revoked),
        "limit_reached" => td_string!(locale, payments.limit_reached),
        "fraud_suspected" => td_string!(locale, payments.fraud_suspected),
        "not_allowed" => td_string!(locale, payments.not_allowed),
        "try_later" => td_string!(locale, payments.try_later),
        "provider_unavailable" => td_string!(locale, payments.provider_unavailable),
        "mismatch" => td_string!(locale, payments.mismatch),
        "already_subscribed" => td_string!(locale, payments.already_subscribed),
        "month_already_paid" => td_string!(locale, payments.month_already_paid),
        "subscription_over" => td_string!(locale, payments.subscription_over),
        "returned" => td_string!(locale, payments.returned),
        other => return other.to_owned(),
    };
    words.to_owned()
}

/// Says what a payment bought: a package's name, or a plan's with how often it is paid.
#[must_use]
pub fn item_text(locale: Locale, title: &str, plan: Option<&PlanPart>) -> String {
    match plan.map(|part| part.interval) {
        None => title.to_owned(),
        Some(Interval::Month) => td_string!(locale, payments.plan_monthly, name = title.to_owned()),
        Some(Interval::Year) => td_string!(locale, payments.plan_yearly, name = title.to_owned()),
    }
}

/// Says how a provider sees a payment.
#[must_use]
pub fn provider_status(locale: Locale, status: &ProviderStatus) -> String {
    match status {
        ProviderStatus::Open => td_string!(locale, payments.there_open).to_owned(),
        ProviderStatus::Processing => td_string!(locale, payments.there_processing).to_owned(),
        ProviderStatus::Paid => td_string!(locale, payments.there_paid).to_owned(),
        ProviderStatus::Declined { code } => {
            td_string!(locale, payments.there_declined, why = failure_words(locale, code))
        }
        ProviderStatus::Cancelled => td_string!(locale, payments.there_cancelled).to_owned(),
        ProviderStatus::Expired => td_string!(locale, payments.there_expired).to_owned(),
    }
}

/// Says how far a provider's message is worked on.
#[must_use]
pub fn event_state(locale: Locale, state: EventState) -> &'static str {
    match state {
        EventState::Waiting => td_string!(locale, payments.event_waiting),
        EventState::Done => td_string!(locale, payments.event_done),
        EventState::Ignored => td_string!(locale, payments.event_ignored),
        EventState::Failed => td_string!(locale, payments.event_failed),
    }
}

/// Names a mail about a payment.
#[must_use]
pub fn mail_name(locale: Locale, kind: &str) -> String {
    match kind {
        "receipt" => td_string!(locale, payments.mail_receipt).to_owned(),
        "credits_late" => td_string!(locale, payments.mail_late).to_owned(),
        "plan_started" => td_string!(locale, payments.mail_plan_started).to_owned(),
        "plan_renewed" => td_string!(locale, payments.mail_plan_renewed).to_owned(),
        other => other.to_owned(),
    }
}

/// Says how a payment and the provider's books differ.
#[must_use]
pub fn difference_name(locale: Locale, kind: DifferenceKind) -> &'static str {
    match kind {
        DifferenceKind::PaidThere => td_string!(locale, payments.paid_there),
        DifferenceKind::NotPaidThere => td_string!(locale, payments.not_paid_there),
        DifferenceKind::Amount => td_string!(locale, payments.amounts_differ),
        DifferenceKind::RefundedThere => td_string!(locale, payments.refunded_there),
        DifferenceKind::RefundMissing => td_string!(locale, payments.refund_missing),
        DifferenceKind::PaidTwice => td_string!(locale, payments.paid_twice),
        DifferenceKind::UnknownOrder => td_string!(locale, payments.unknown_order),
    }
}

/// Says the amounts of a difference: here and at the provider.
#[must_use]
pub fn difference_amounts(locale: Locale, ours: Option<Money>, theirs: Option<Money>) -> String {
    let text = |money: Option<Money>| money.map_or_else(|| "—".to_owned(), |money| money_text(locale, money));
    td_string!(locale, payments.amounts, ours = text(ours), theirs = text(theirs))
}

/// Says when something was done: `today at 05:53`, or with the date.
fn done_at(locale: Locale, at: DateTime<Utc>, today: NaiveDate) -> String {
    let time = when_text(locale, at, WhenStyle::Minute);
    if at.date_naive() == today {
        return td_string!(locale, payments.when_today, time = time);
    }
    let date = when_text(locale, at, WhenStyle::Date);
    td_string!(locale, payments.when_on, date = date, time = time)
}

/// Says in one sentence what came of a comparison with a provider.
#[must_use]
pub fn reconciled_text(locale: Locale, run: &Reconciliation, today: NaiveDate) -> String {
    let (provider, when) = (provider_name(locale, &run.provider), done_at(locale, run.began_at, today));
    if let Some(problem) = &run.problem {
        let why = problem_words(locale, problem);
        return td_string!(locale, payments.not_reconciled, provider = provider, when = when, why = why);
    }
    let matched = count_text(locale, run.matched);
    if run.differences == 0 {
        return td_string!(locale, payments.reconciled_clean, provider = provider, when = when, matched = matched);
    }
    let count = run.differences;
    td_string!(locale, payments.reconciled, provider = provider, when = when, matched = matched, count = count)
}

/// Says why a provider was not compared.
fn problem_words(locale: Locale, problem: &str) -> String {
    match problem {
        "no_answer" => td_string!(locale, payments.why_no_answer).to_owned(),
        "no_books" => td_string!(locale, payments.why_no_books).to_owned(),
        "not_set_up" => td_string!(locale, payments.why_not_set_up).to_owned(),
        "too_many" => td_string!(locale, payments.why_too_many).to_owned(),
        other => other.to_owned(),
    }
}
