//! Renders a mail: the wallet's facts in the texts of `app/locales`, in the reader's language. One figure, one action.

mod account;
mod add_on;
mod auto_top_up;
mod balance;
mod layout;
mod metered;
mod payment;
mod price;
mod refund;
#[cfg(test)]
mod tests;

use app::i18n::{I18nLocaleTrait as _, Locale, td_string};
use app::text::amount::exact_text;
use app::text::date_time::long_date_text;
use app::text::price_labels::price_text;
use chrono::{DateTime, Utc};
use wallet::catalog::{Brand, UnitName};
use wallet::money::{Credits, Money};
use wallet::notify::{BalanceStep, Mail, QueuedMail};

use self::layout::Parts;
use super::Outgoing;

/// What every mail of a deployment has in common.
#[derive(Clone, Debug)]
pub struct MailContext {
    /// The address of the portal, without a slash at its end.
    pub public_url: String,
    /// What the deployment is called.
    pub product: String,
    /// What it calls its unit; `None` before a catalog is loaded.
    pub unit: Option<UnitName>,
    /// How it looks, and where it is reached.
    pub brand: Brand,
}

/// What one mail says, in the reader's language.
struct Content {
    subject: String,
    figure: Option<String>,
    lines: Vec<String>,
    action: &'static str,
}

/// Writes figures for the reader of a mail.
struct Writer<'a> {
    locale: Locale,
    context: &'a MailContext,
}

/// Renders a mail in the reader's language.
#[must_use]
pub fn render(queued: &QueuedMail, context: &MailContext) -> Outgoing {
    let (mail, locale): (&Mail, Locale) = (&queued.mail, queued.locale.parse().unwrap_or_default());
    let content = content(mail, &Writer { locale, context });
    let footer = match mail {
        Mail::Verification { .. } | Mail::PasswordReset { .. } => td_string!(locale, mail.footer_unasked).to_owned(),
        _ => td_string!(locale, mail.footer, product = &context.product),
    };
    let unsubscribe = mail.unsubscribe().map(|token| format!("{}/unsubscribe?token={token}", context.public_url));
    let parts = Parts {
        product: context.product.clone(),
        subject: content.subject,
        greeting: td_string!(locale, mail.greeting, name = name(mail)),
        figure: content.figure,
        lines: content.lines,
        action: content.action,
        link: format!("{}{}", context.public_url, path(mail)),
        footer,
        about: [&context.brand.support_email, &context.brand.legal].into_iter().flatten().cloned().collect(),
        accent: context.brand.accent,
        unsubscribe: unsubscribe.clone().map(|link| (td_string!(locale, mail.unsubscribe), link)),
    };
    let (text, html) = (parts.text(), parts.html(locale.as_str()));
    Outgoing { to: queued.to.clone(), subject: parts.subject, text, html, file: None, unsubscribe }
}

fn content(mail: &Mail, writer: &Writer<'_>) -> Content {
    match mail {
        Mail::Verification { gift, .. } => account::verification(writer, *gift),
        Mail::PasswordReset { .. } => account::password_reset(writer),
        Mail::PasswordChanged { ended, .. } => account::password_changed(writer, *ended),
        Mail::AddressProven { ended, .. } => account::address_proven(writer, *ended),
        Mail::SignUpAgain { .. } => account::sign_up_again(writer),
        Mail::NameChanged { name, before } => account::name_changed(writer, name, before),
        Mail::Inactive { .. } => account::inactive(writer),
        Mail::Receipt(paid) => payment::receipt(writer, paid),
        Mail::CreditsLate(paid) => payment::credits_late(writer, paid),
        Mail::PlanStarted(plan) => payment::plan_started(writer, plan),
        Mail::PlanRenewed(plan) => payment::plan_renewed(writer, plan),
        Mail::PlanChanged(plan) => payment::plan_changed(writer, plan),
        Mail::PlanUnpaid(plan) => payment::plan_unpaid(writer, plan),
        Mail::PlanEnded(plan) => payment::plan_ended(writer, plan),
        Mail::AutoTopUpCharged(mail) => auto_top_up::charged(writer, mail),
        Mail::AutoTopUpTrouble(mail) => auto_top_up::trouble(writer, mail),
        Mail::AddOn(mail) => add_on::told(writer, mail),
        Mail::MeteredCarried(mail) => metered::carried(writer, mail),
        Mail::CardExpires(card) => payment::card_expires(writer, card),
        Mail::Refund(refund) => refund::request(writer, refund),
        Mail::Dispute(dispute) => refund::dispute(writer, dispute),
        Mail::PriceRise(rise) => price::rise(writer, rise),
        Mail::RiseWithdrawn(withdrawn) => price::withdrawn(writer, withdrawn),
        Mail::UpstreamReview(review) => price::review(writer, review),
        Mail::Balance(mail) => balance::told(writer, mail),
        Mail::Expiring(mail) => balance::expiring(writer, mail),
        Mail::Key(mail) => account::key(writer, mail),
        Mail::WebhookFailing(mail) => account::webhook_failing(writer, mail),
        Mail::WebhookOff { url, is_gone, .. } => account::webhook_off(writer, url, *is_gone),
    }
}

/// Gives the page that the action leads to.
fn path(mail: &Mail) -> String {
    match mail {
        Mail::Verification { token, .. } => format!("/verify-email?token={token}"),
        Mail::PasswordReset { token, .. } => format!("/reset?token={token}"),
        Mail::PasswordChanged { .. } | Mail::SignUpAgain { .. } => "/forgot".to_owned(),
        Mail::AddressProven { .. } => "/developers/keys".to_owned(),
        Mail::NameChanged { .. } => "/settings/security".to_owned(),
        Mail::Inactive { .. } => "/wallet".to_owned(),
        Mail::Receipt(paid) | Mail::CreditsLate(paid) => format!("/wallet/orders/{}", paid.payment),
        Mail::PlanStarted(plan) | Mail::PlanRenewed(plan) | Mail::PlanChanged(plan) => {
            format!("/wallet/orders/{}", plan.payment)
        }
        Mail::PlanUnpaid(_) => "/wallet/plan".to_owned(),
        Mail::PlanEnded(_) => "/pricing".to_owned(),
        Mail::AutoTopUpCharged(mail) => format!("/wallet/orders/{}", mail.payment),
        Mail::AutoTopUpTrouble(_) => "/wallet/payment#auto-top-up".to_owned(),
        Mail::AddOn(_) => "/wallet/plan#add-ons".to_owned(),
        Mail::MeteredCarried(_) => "/wallet/plan#metered".to_owned(),
        Mail::CardExpires(_) => "/wallet/payment".to_owned(),
        Mail::Refund(refund) => format!("/wallet/refunds/{}", refund.request),
        Mail::Dispute(dispute) => format!("/wallet/orders/{}", dispute.payment),
        Mail::PriceRise(rise) => format!("/changelog/{}", rise.version),
        Mail::RiseWithdrawn(withdrawn) => format!("/changelog/{}", withdrawn.version),
        Mail::UpstreamReview(review) => match review.draft {
            Some((version, _)) => format!("/admin/tariffs/{version}"),
            None => "/admin/margins".to_owned(),
        },
        Mail::Balance(mail) => match mail.step {
            BalanceStep::Allowance { .. } => "/wallet".to_owned(),
            _ => "/wallet/top-up".to_owned(),
        },
        Mail::Expiring(_) => "/wallet".to_owned(),
        Mail::Key(_) => "/developers/keys".to_owned(),
        Mail::WebhookOff { .. } | Mail::WebhookFailing(_) => "/developers/webhooks".to_owned(),
    }
}

/// Gives the name in the greeting.
fn name(mail: &Mail) -> &str {
    match mail {
        Mail::Verification { name, .. }
        | Mail::PasswordReset { name, .. }
        | Mail::PasswordChanged { name, .. }
        | Mail::AddressProven { name, .. }
        | Mail::SignUpAgain { name }
        | Mail::NameChanged { name, .. }
        | Mail::Inactive { name }
        | Mail::WebhookOff { name, .. } => name,
        Mail::Receipt(paid) | Mail::CreditsLate(paid) => &paid.name,
        Mail::PlanStarted(plan) | Mail::PlanRenewed(plan) | Mail::PlanChanged(plan) => &plan.name,
        Mail::PlanUnpaid(plan) | Mail::PlanEnded(plan) => &plan.name,
        Mail::AutoTopUpCharged(mail) => &mail.name,
        Mail::AutoTopUpTrouble(mail) => &mail.name,
        Mail::AddOn(mail) => &mail.name,
        Mail::MeteredCarried(mail) => &mail.name,
        Mail::CardExpires(card) => &card.name,
        Mail::Balance(mail) => &mail.name,
        Mail::Expiring(mail) => &mail.name,
        Mail::Key(mail) => &mail.name,
        Mail::WebhookFailing(mail) => &mail.name,
        Mail::Refund(refund) => &refund.name,
        Mail::Dispute(dispute) => &dispute.name,
        Mail::PriceRise(rise) => &rise.name,
        Mail::RiseWithdrawn(withdrawn) => &withdrawn.name,
        Mail::UpstreamReview(review) => &review.name,
    }
}

impl Writer<'_> {
    fn product(&self) -> &str {
        &self.context.product
    }

    /// Writes credits with the unit's word: `100 tokens`, `1 290 токенов`.
    fn credits(&self, amount: Credits) -> String {
        let figure = exact_text(self.locale, amount);
        match &self.context.unit {
            Some(unit) => format!("{figure} {}", unit.word(self.locale.as_str(), amount)),
            None => figure,
        }
    }

    /// Writes money: `449 ₽`, `$4.50`.
    fn money(&self, money: Money) -> String {
        price_text(self.locale, money)
    }

    /// Writes a day: `21 December 2026`.
    fn date(&self, at: DateTime<Utc>) -> String {
        long_date_text(self.locale, at.date_naive())
    }
}
