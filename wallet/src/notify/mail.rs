//! The mails: what each is about, and what it says in English and Russian, as text and as HTML. One figure, one action.

mod access;
mod figures;
mod layout;
mod plan;
mod price;
mod words;

use serde::{Deserialize, Serialize};

pub use plan::{PlanMail, PlanTroubleMail};
pub use price::{ReviewMail, RiseLine, RiseMail, WithdrawnMail};

use crate::id::PaymentId;
use crate::identity::Ended;
use crate::money::Money;

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
        /// The credits that wait behind it, in words: `50 tokens`; `None` where there are none.
        gift: Option<String>,
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
    /// Says that the card was declined at a billing date.
    PlanUnpaid(PlanTroubleMail),
    /// Says that a paid plan is over.
    PlanEnded(PlanTroubleMail),
    /// Announces that prices go up, with the reader's own figures.
    PriceRise(RiseMail),
    /// Says that an announced rise will not come.
    RiseWithdrawn(WithdrawnMail),
    /// Tells an admin that upstream costs are to be looked at again.
    UpstreamReview(ReviewMail),
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
    /// The credits, in words: `100 tokens`.
    pub credits: String,
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
            Self::PlanUnpaid(_) => "plan_unpaid",
            Self::PlanEnded(_) => "plan_ended",
            Self::PriceRise(_) => "price_rise",
            Self::RiseWithdrawn(_) => "rise_withdrawn",
            Self::UpstreamReview(_) => "upstream_review",
            Self::WebhookOff { .. } => "webhook_off",
        }
    }
}

/// What every mail of a deployment has in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailContext {
    /// The address of the portal, without a slash at its end.
    pub public_url: String,
    /// What the deployment is called.
    pub product: String,
}

/// A mail, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedMail {
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

impl Mail {
    /// Writes the mail in a language (`ru`, else English).
    #[must_use]
    pub fn render(&self, locale: &str, context: &MailContext) -> RenderedMail {
        let parts = if locale == "ru" { self.russian(context) } else { self.english(context) };
        RenderedMail { subject: parts.subject.clone(), text: parts.text(), html: parts.html(locale, context) }
    }

    fn path(&self) -> String {
        match self {
            Self::Verification { token, .. } => format!("/verify-email?token={token}"),
            Self::PasswordReset { token, .. } => format!("/reset?token={token}"),
            Self::PasswordChanged { .. } | Self::SignUpAgain { .. } => "/forgot".to_owned(),
            Self::AddressProven { .. } => "/developers/keys".to_owned(),
            Self::NameChanged { .. } => "/settings/security".to_owned(),
            Self::Inactive { .. } => "/wallet".to_owned(),
            Self::Receipt(paid) | Self::CreditsLate(paid) => format!("/wallet/orders/{}", paid.payment),
            Self::PlanStarted(plan) | Self::PlanRenewed(plan) => plan.path(),
            Self::PlanUnpaid(_) => "/wallet/plan".to_owned(),
            Self::PlanEnded(_) => "/pricing".to_owned(),
            Self::PriceRise(rise) => rise.path(),
            Self::RiseWithdrawn(withdrawn) => withdrawn.path(),
            Self::UpstreamReview(review) => review.path(),
            Self::WebhookOff { .. } => "/developers/webhooks".to_owned(),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Verification { name, .. }
            | Self::PasswordReset { name, .. }
            | Self::PasswordChanged { name, .. }
            | Self::AddressProven { name, .. }
            | Self::SignUpAgain { name }
            | Self::NameChanged { name, .. }
            | Self::Inactive { name }
            | Self::WebhookOff { name, .. } => name,
            Self::Receipt(paid) | Self::CreditsLate(paid) => &paid.name,
            Self::PlanStarted(plan) | Self::PlanRenewed(plan) => &plan.name,
            Self::PlanUnpaid(plan) | Self::PlanEnded(plan) => &plan.name,
            Self::PriceRise(rise) => &rise.name,
            Self::RiseWithdrawn(withdrawn) => &withdrawn.name,
            Self::UpstreamReview(review) => &review.name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn context() -> MailContext {
        MailContext { public_url: "https://pay.example".into(), product: "Neural & Co".into() }
    }

    fn paid() -> PaidMail {
        PaidMail {
            name: "<b>Anna</b>".into(),
            payment: PaymentId::new(),
            title: "Light".into(),
            credits: "100 tokens".into(),
            money: Money::from_minor(44_900, Currency::RUB),
        }
    }

    #[test]
    fn a_mail_has_one_figure_and_one_action_in_both_languages() {
        let receipt = Mail::Receipt(paid());
        for (locale, figure, action) in [("en", "₽449", "See the order"), ("ru", "449\u{a0}₽", "Открыть заказ")]
        {
            let mail = receipt.render(locale, &context());
            assert!(mail.text.contains(figure) && mail.text.contains(action), "{}", mail.text);
            assert_eq!(mail.html.matches("<a href=").count(), 1);
            assert!(mail.text.contains("https://pay.example/wallet/orders/"));
        }
    }

    #[test]
    fn what_people_typed_stays_text() {
        let mail = Mail::CreditsLate(paid()).render("en", &context());
        assert!(mail.html.contains("&lt;b&gt;Anna&lt;/b&gt;") && !mail.html.contains("<b>"));
        assert!(mail.html.contains("Neural &amp; Co"));
    }

    #[test]
    fn what_a_new_password_ended_is_told_in_numbers() {
        let ended = Ended { sessions: 2, keys: 1, webhooks: 0 };
        let mail = Mail::PasswordChanged { name: "Anna".into(), ended };
        let text = mail.render("en", &context()).text;
        assert!(text.contains("Ended: 2 sessions, 1 API key.") && !text.contains("webhook"), "{text}");
        let text = mail.render("ru", &context()).text;
        assert!(text.contains("Завершено: сеансы (2), ключи API (1)."), "{text}");
        let old: Mail =
            serde_json::from_str(r#"{"kind":"password_changed","name":"Anna"}"#).expect("of an older version");
        assert!(!old.render("en", &context()).text.contains("Ended"));
    }

    #[test]
    fn secrets_stay_out_of_logs() {
        let mail = Mail::Verification { name: "Anna".into(), token: "s3cret".into(), gift: None };
        assert_eq!(format!("{mail:?}"), "verification");
        assert!(mail.render("ru", &context()).text.contains("/verify-email?token=s3cret"));
    }
}
