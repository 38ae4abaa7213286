//! What the events of webhooks are called.

use wallet::notify::webhook::EventKind;

use crate::i18n::*;

/// Says what an event tells.
#[must_use]
pub fn event_words(locale: Locale, event: EventKind) -> &'static str {
    match event {
        EventKind::LedgerEntryCreated => td_string!(locale, webhooks.event_entry),
        EventKind::CreditsLow => td_string!(locale, webhooks.event_low),
        EventKind::OutOfCredits => td_string!(locale, webhooks.event_out),
        EventKind::GrantExpiring => td_string!(locale, webhooks.event_grant_expiring),
        EventKind::GrantExpired => td_string!(locale, webhooks.event_grant_expired),
        EventKind::HoldCreated => td_string!(locale, webhooks.event_hold_created),
        EventKind::HoldCaptured => td_string!(locale, webhooks.event_hold_captured),
        EventKind::HoldReleased => td_string!(locale, webhooks.event_hold_released),
        EventKind::HoldExpired => td_string!(locale, webhooks.event_hold_expired),
        EventKind::PaymentSucceeded => td_string!(locale, webhooks.event_payment_succeeded),
        EventKind::PaymentFailed => td_string!(locale, webhooks.event_payment_failed),
        EventKind::PaymentInReview => td_string!(locale, webhooks.event_payment_in_review),
        EventKind::RefundRequested => td_string!(locale, webhooks.event_refund_requested),
        EventKind::RefundApproved => td_string!(locale, webhooks.event_refund_approved),
        EventKind::RefundRefused => td_string!(locale, webhooks.event_refund_refused),
        EventKind::RefundSucceeded => td_string!(locale, webhooks.event_refund_succeeded),
        EventKind::RefundFailed => td_string!(locale, webhooks.event_refund_failed),
        EventKind::DisputeOpened => td_string!(locale, webhooks.event_dispute_opened),
        EventKind::DisputeWon => td_string!(locale, webhooks.event_dispute_won),
        EventKind::DisputeLost => td_string!(locale, webhooks.event_dispute_lost),
        EventKind::SubscriptionStarted => td_string!(locale, webhooks.event_subscription_started),
        EventKind::SubscriptionRenewed => td_string!(locale, webhooks.event_subscription_renewed),
        EventKind::SubscriptionChanged => td_string!(locale, webhooks.event_subscription_changed),
        EventKind::SubscriptionPastDue => td_string!(locale, webhooks.event_subscription_past_due),
        EventKind::SubscriptionCancelled => td_string!(locale, webhooks.event_subscription_cancelled),
        EventKind::SubscriptionResumed => td_string!(locale, webhooks.event_subscription_resumed),
        EventKind::SubscriptionEnded => td_string!(locale, webhooks.event_subscription_ended),
        EventKind::PriceChangeAnnounced => td_string!(locale, webhooks.event_price),
        EventKind::AutoTopUpPending => td_string!(locale, webhooks.event_top_up_pending),
        EventKind::AutoTopUpSucceeded => td_string!(locale, webhooks.event_top_up_succeeded),
        EventKind::AutoTopUpFailed => td_string!(locale, webhooks.event_top_up_failed),
        EventKind::AutoTopUpSuspended => td_string!(locale, webhooks.event_top_up_suspended),
        EventKind::AutoTopUpResumed => td_string!(locale, webhooks.event_top_up_resumed),
        EventKind::AddOnStarted => td_string!(locale, webhooks.event_add_on_started),
        EventKind::AddOnPaused => td_string!(locale, webhooks.event_add_on_paused),
        EventKind::AddOnResumed => td_string!(locale, webhooks.event_add_on_resumed),
        EventKind::AddOnEnded => td_string!(locale, webhooks.event_add_on_ended),
        EventKind::Test => td_string!(locale, webhooks.event_test),
    }
}
