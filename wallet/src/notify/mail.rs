//! The mails as data: what each is about, with the facts that it states. The server renders them.

mod add_on;
mod auto_top_up;
mod balance;
mod developer;
mod metered;
mod plan;
mod price;
mod refund;
pub(in crate::notify) mod stored_credits;

use serde::{Deserialize, Serialize};

pub use add_on::{AddOnMail, AddOnStep};
pub use auto_top_up::{AutoTopUpMail, AutoTopUpTroubleMail, TopUpTrouble};
pub use balance::{BalanceMail, BalanceStep, ExpiringLine, ExpiringMail};
pub use developer::{KeyMail, WebhookFailingMail};
pub use metered::MeteredMail;
pub use plan::{CardMail, PlanMail, PlanTroubleMail};
pub use price::{ReviewMail, RiseLine, RiseMail, WithdrawnMail};
pub use refund::{DisputeMail, DisputeStep, RefundMail, RefundStep};

use crate::id::PaymentId;
use crate::identity::Ended;
use crate::money::{Credits, Money};

/// What a mail is about, with what it must say; kept in the outbox until it is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Mail {
    /// Proves an address.
    Verification {
        /// Whom to greet.
        name: String,
        /// The secret of the link.
        token: String,
        /// The credits that wait behind it; `None` where there are none.
        #[serde(default, with = "stored_credits::optional")]
        gift: Option<Credits>,
    },
    /// Sets a new password.
    PasswordReset {
        /// Whom to greet.
        name: String,
        /// The secret of the link.
        token: String,
    },
    /// Says that the password was changed.
    PasswordChanged {
        /// Whom to greet.
        name: String,
        /// What was ended by that.
        #[serde(default)]
        ended: Ended,
    },
    /// Says that the address was proven, and that what was made before was ended.
    AddressProven {
        /// Whom to greet.
        name: String,
        /// What was ended by that.
        ended: Ended,
    },
    /// Says that somebody signed up with an address that has an account.
    SignUpAgain {
        /// Whom to greet.
        name: String,
    },
    /// Says that the name was changed.
    NameChanged {
        /// Whom to greet.
        name: String,
        /// The name before.
        before: String,
    },
    /// Confirms a payment whose credits arrived while the person waited.
    Receipt(PaidMail),
    /// Asks whether a wallet is still in use, before spending goes on.
    Inactive {
        /// Whom to greet.
        name: String,
    },
    /// Says that credits arrived later than usual: the person may have left.
    CreditsLate(PaidMail),
    /// Says that a paid plan has begun.
    PlanStarted(PlanMail),
    /// Says that a plan was paid again, by itself.
    PlanRenewed(PlanMail),
    /// Says that a plan has become a higher one.
    PlanChanged(PlanMail),
    /// Says that the card was declined at a billing date.
    PlanUnpaid(PlanTroubleMail),
    /// Says that a paid plan is over.
    PlanEnded(PlanTroubleMail),
    /// Says that a card was charged by itself, and what came of it.
    AutoTopUpCharged(AutoTopUpMail),
    /// Says that auto top-up was declined, has stopped, or has reached a limit.
    AutoTopUpTrouble(AutoTopUpTroubleMail),
    /// Says that an add-on is paused, or on again.
    AddOn(AddOnMail),
    /// Says that a part of a month of metered items was not charged.
    MeteredCarried(MeteredMail),
    /// Says that a saved card expires soon.
    CardExpires(CardMail),
    /// Tells how far a refund request is.
    Refund(RefundMail),
    /// Says that a payment is disputed, and how that ended.
    Dispute(DisputeMail),
    /// Announces that prices go up, with the reader's own figures.
    PriceRise(RiseMail),
    /// Says that an announced rise will not come.
    RiseWithdrawn(WithdrawnMail),
    /// Tells an admin that upstream costs are to be looked at again.
    UpstreamReview(ReviewMail),
    /// Says that credits are low, gone or soon gone, or that a plan's have come.
    Balance(BalanceMail),
    /// Says that credits expire soon.
    Expiring(ExpiringMail),
    /// Says that an API key was made or revoked.
    Key(KeyMail),
    /// Says that a webhook endpoint fails.
    WebhookFailing(WebhookFailingMail),
    /// Says that a webhook endpoint was switched off.
    WebhookOff {
        /// Whom to greet.
        name: String,
        /// The endpoint's address.
        url: String,
        /// Whether it has asked for that itself; else every message has failed for days.
        is_gone: bool,
    },
}

/// What the mails about a payment say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidMail {
    /// Whom to greet.
    pub name: String,
    /// The order.
    pub payment: PaymentId,
    /// What was bought.
    pub title: String,
    /// The credits that it brought.
    #[serde(with = "stored_credits")]
    pub credits: Credits,
    /// The credits that came for nothing beside them.
    #[serde(default, with = "stored_credits")]
    pub bonus: Credits,
    /// What it cost.
    pub money: Money,
}

impl std::fmt::Debug for Mail {
    /// Shows the kind only: mails hold names and secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind())
    }
}

impl Mail {
    /// Names the payment that it is about.
    #[must_use]
    pub const fn payment(&self) -> Option<PaymentId> {
        match self {
            Self::Receipt(mail) | Self::CreditsLate(mail) => Some(mail.payment),
            Self::PlanStarted(mail) | Self::PlanRenewed(mail) => Some(mail.payment),
            Self::Dispute(mail) => Some(mail.payment),
            Self::AutoTopUpCharged(mail) => Some(mail.payment),
            Self::AutoTopUpTrouble(mail) => mail.payment,
            _ => None,
        }
    }

    /// Gives the secret of the link that switches such mails off; `None` for those that are always sent.
    #[must_use]
    pub fn unsubscribe(&self) -> Option<&str> {
        match self {
            Self::Balance(mail) => Some(&mail.unsubscribe),
            Self::Expiring(mail) => Some(&mail.unsubscribe),
            Self::WebhookFailing(mail) => Some(&mail.unsubscribe),
            _ => None,
        }
    }

    /// Gives the kind's name.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Verification { .. } => "verification",
            Self::PasswordReset { .. } => "password_reset",
            Self::PasswordChanged { .. } => "password_changed",
            Self::AddressProven { .. } => "address_proven",
            Self::SignUpAgain { .. } => "sign_up_again",
            Self::NameChanged { .. } => "name_changed",
            Self::Inactive { .. } => "inactive",
            Self::Receipt(_) => "receipt",
            Self::CreditsLate(_) => "credits_late",
            Self::PlanStarted(_) => "plan_started",
            Self::PlanRenewed(_) => "plan_renewed",
            Self::PlanChanged(_) => "plan_changed",
            Self::PlanUnpaid(_) => "plan_unpaid",
            Self::PlanEnded(_) => "plan_ended",
            Self::AutoTopUpCharged(_) => "auto_top_up_charged",
            Self::AutoTopUpTrouble(mail) => mail.trouble.mail_kind(),
            Self::AddOn(mail) => mail.step.mail_kind(),
            Self::MeteredCarried(_) => "metered_carried",
            Self::CardExpires(_) => "card_expires",
            Self::Refund(_) => "refund",
            Self::Dispute(_) => "dispute",
            Self::PriceRise(_) => "price_rise",
            Self::RiseWithdrawn(_) => "rise_withdrawn",
            Self::UpstreamReview(_) => "upstream_review",
            Self::Balance(mail) => mail.step.mail_kind(),
            Self::Expiring(_) => "credits_expire",
            Self::Key(mail) if mail.is_new => "key_made",
            Self::Key(_) => "key_revoked",
            Self::WebhookFailing(_) => "webhook_failing",
            Self::WebhookOff { .. } => "webhook_off",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn secrets_stay_out_of_logs() {
        let mail = Mail::Verification { name: "Anna".into(), token: "s3cret".into(), gift: None };
        assert_eq!(format!("{mail:?}"), "verification");
    }

    #[test]
    fn a_mail_is_read_as_it_was_stored() {
        let paid = PaidMail {
            name: "Anna".into(),
            payment: PaymentId::new(),
            title: "Light".into(),
            credits: Credits::from_micros(100_500_000),
            bonus: Credits::ONE,
            money: Money::from_minor(44_900, Currency::RUB),
        };
        let stored = serde_json::to_value(Mail::Receipt(paid.clone())).expect("json");
        assert_eq!(stored["credits"], "100.5");
        assert!(serde_json::from_value::<Mail>(stored).expect("a mail") == Mail::Receipt(paid));
    }

    #[test]
    fn mails_of_older_versions_are_still_read() {
        let read = |text: &str| serde_json::from_str::<Mail>(text).expect("of an older version");
        // Amounts stood with the unit's word behind them.
        let gift = Credits::from_whole(50);
        let token = || "t".to_owned();
        let name = || "Anna".to_owned();
        let mail = read(r#"{"kind":"verification","name":"Anna","token":"t","gift":"50 токенов"}"#);
        assert!(mail == Mail::Verification { name: name(), token: token(), gift });
        let mail = read(r#"{"kind":"verification","name":"Anna","token":"t","gift":null}"#);
        assert!(mail == Mail::Verification { name: name(), token: token(), gift: None });
        // A rise held the words for the unit.
        let rise = r#"{"kind":"price_rise","name":"Anna","version":4,"effective_at":"2026-12-21T00:00:00Z","days":30,
            "before":1000000,"after":2000000,"words":["token","token"],"refused":0,"operations":[]}"#;
        assert!(matches!(read(rise), Mail::PriceRise(rise) if Some(rise.after) == Credits::from_whole(2)));
        // Nothing was told of what had ended.
        let mail = read(r#"{"kind":"password_changed","name":"Anna"}"#);
        assert!(mail == Mail::PasswordChanged { name: name(), ended: Ended::default() });
    }
}
