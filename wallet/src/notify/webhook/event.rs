//! What an endpoint can hear of.

use serde::{Deserialize, Serialize};

use crate::ledger::EntryKind;

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)+) => {
        /// What an endpoint can hear of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum EventKind {
            $($(#[$doc])* #[serde(rename = $code)] $name,)+
            /// Somebody asked for a try.
            #[serde(rename = "webhook.test")]
            Test,
        }

        impl EventKind {
            /// Those that an endpoint can ask for.
            pub const ALL: [Self; [$(Self::$name),+].len()] = [$(Self::$name),+];

            /// Gives the name on the wire and in storage.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                    Self::Test => "webhook.test",
                }
            }
        }
    };
}

events! {
    /// A row came to the wallet's ledger.
    LedgerEntryCreated = "ledger.entry.created";
    /// Less than the catalog's part of the last refill is left, or less than the owner's own threshold.
    CreditsLow = "project.credits_low";
    /// Nothing is left.
    OutOfCredits = "project.out_of_credits";
    /// Credits expire in 30, 7 or 1 days.
    GrantExpiring = "grant.expiring";
    /// Credits have expired.
    GrantExpired = "grant.expired";
    /// Credits were set aside for a job.
    HoldCreated = "hold.created";
    /// Set-aside credits were taken.
    HoldCaptured = "hold.captured";
    /// Set-aside credits were given back.
    HoldReleased = "hold.released";
    /// A hold's time was over, and its credits went back.
    HoldExpired = "hold.expired";
    /// A payment was paid, and its credits are there.
    PaymentSucceeded = "payment.succeeded";
    /// A payment was declined, called off, or not paid in time.
    PaymentFailed = "payment.failed";
    /// A payment's money is there, but staff decide what becomes of it.
    PaymentInReview = "payment.in_review";
    /// A refund was asked for.
    RefundRequested = "refund.requested";
    /// A refund was approved: its credits are taken, or those of a failed job are back.
    RefundApproved = "refund.approved";
    /// A refund was refused.
    RefundRefused = "refund.refused";
    /// A refund's money has gone back.
    RefundSucceeded = "refund.succeeded";
    /// A refund's money did not arrive, and its credits are back.
    RefundFailed = "refund.failed";
    /// A payment is disputed, and its unused credits are frozen.
    DisputeOpened = "dispute.opened";
    /// A dispute was won, and its credits are back.
    DisputeWon = "dispute.won";
    /// A dispute was lost, and what was spent of its payment is taken.
    DisputeLost = "dispute.lost";
    /// A paid plan has begun.
    SubscriptionStarted = "subscription.started";
    /// A plan was paid again.
    SubscriptionRenewed = "subscription.renewed";
    /// A plan has become another one.
    SubscriptionChanged = "subscription.changed";
    /// A plan's card was declined at a billing date.
    SubscriptionPastDue = "subscription.past_due";
    /// A plan was cancelled: it ends with the time that is paid.
    SubscriptionCancelled = "subscription.cancelled";
    /// A plan that was to end goes on.
    SubscriptionResumed = "subscription.resumed";
    /// A paid plan is over.
    SubscriptionEnded = "subscription.ended";
    /// Prices will change, or have.
    PriceChangeAnnounced = "price_change.announced";
    /// Auto top-up charges the card.
    AutoTopUpPending = "auto_top_up.pending";
    /// Auto top-up was paid, and its credits are there.
    AutoTopUpSucceeded = "auto_top_up.succeeded";
    /// A charge of auto top-up came to nothing.
    AutoTopUpFailed = "auto_top_up.failed";
    /// Auto top-up has stopped, for a reason.
    AutoTopUpSuspended = "auto_top_up.suspended";
    /// Auto top-up goes on.
    AutoTopUpResumed = "auto_top_up.resumed";
    /// An add-on was switched on.
    AddOnStarted = "add_on.started";
    /// An add-on is paused: its month could not be deducted.
    AddOnPaused = "add_on.paused";
    /// An add-on that was paused is on again.
    AddOnResumed = "add_on.resumed";
    /// An add-on is off.
    AddOnEnded = "add_on.ended";
}

impl EventKind {
    /// Those that come from ledger rows alone: the relay reads the rows of wallets whose endpoints listen to them.
    #[cfg(feature = "postgres")]
    pub(crate) const OF_ROWS: [Self; 8] = [
        Self::LedgerEntryCreated,
        Self::CreditsLow,
        Self::OutOfCredits,
        Self::GrantExpired,
        Self::HoldCreated,
        Self::HoldCaptured,
        Self::HoldReleased,
        Self::HoldExpired,
    ];

    /// Reads the name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().chain([Self::Test]).find(|kind| kind.code() == code)
    }

    /// Says what a ledger row of a kind is told as, beside the row itself.
    #[must_use]
    pub const fn of_row(kind: EntryKind) -> Option<Self> {
        match kind {
            EntryKind::Hold => Some(Self::HoldCreated),
            EntryKind::Capture => Some(Self::HoldCaptured),
            EntryKind::Release => Some(Self::HoldReleased),
            EntryKind::HoldExpired => Some(Self::HoldExpired),
            EntryKind::GrantExpired => Some(Self::GrantExpired),
            _ => None,
        }
    }

    /// Says whether the event is a notice of the platform: it goes out whether or not a retry can be paid. What a
    /// customer's own programs cause, row by row, is none.
    #[must_use]
    pub(crate) const fn is_notice(self) -> bool {
        !matches!(
            self,
            Self::LedgerEntryCreated | Self::HoldCreated | Self::HoldCaptured | Self::HoldReleased | Self::HoldExpired
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_keep_their_names() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_code(kind.code()), Some(kind));
            assert_eq!(serde_json::to_value(kind).expect("JSON"), kind.code());
        }
        assert_eq!(EventKind::from_code("payment.paid"), None);
        assert_eq!(EventKind::from_code("webhook.test"), Some(EventKind::Test));
    }

    #[test]
    fn rows_are_told_as_what_happened_to_their_hold() {
        assert_eq!(EventKind::of_row(EntryKind::Capture), Some(EventKind::HoldCaptured));
        assert_eq!(EventKind::of_row(EntryKind::Charge), None);
    }
}
