//! Auto top-up in words: why it has stopped, and what its owner agrees to.

use wallet::payment::Suspension;

use crate::i18n::*;

/// The terms of the form, as they were typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedTerms {
    /// The currency of all amounts.
    pub currency: String,
    /// Below how many credits it tops up; empty: only when a charge would be refused.
    pub threshold: String,
    /// What each charge buys: `package`, `amount` or `fill_to`.
    pub buys: String,
    /// The package's code.
    pub package: String,
    /// The amount of money.
    pub amount: String,
    /// The balance.
    pub fill_to: String,
    /// The most of a day; may be empty.
    pub daily: String,
    /// The most of a month.
    pub monthly: String,
    /// The card's id.
    pub card: String,
}

impl TypedTerms {
    /// Names everything that the text of the consent names: where it differs from what is sent, the person has agreed to
    /// something else.
    #[must_use]
    pub fn shown(&self) -> String {
        let bought = match self.buys.as_str() {
            "package" => &self.package,
            "amount" => &self.amount,
            _ => &self.fill_to,
        };
        let parts = [&self.currency, &self.threshold, &self.buys, bought, &self.daily, &self.monthly, &self.card];
        parts.map(|part| part.trim()).join("|")
    }

    /// Writes what the person agrees to. `card` and `package` are their names for people.
    #[must_use]
    pub fn consent(&self, locale: Locale, product: &str, card: &str, package: &str) -> String {
        let money = |typed: &str| format!("{} {}", dashed(typed), self.currency);
        let what = match self.buys.as_str() {
            "package" => td_string!(locale, auto.what_package, package = package),
            "amount" => money(&self.amount),
            _ => td_string!(locale, auto.what_fill, credits = dashed(&self.fill_to)),
        };
        let when = match self.threshold.trim() {
            "" => td_string!(locale, auto.when_refused).to_owned(),
            threshold => td_string!(locale, auto.when_below, credits = threshold),
        };
        let limit = match self.daily.trim() {
            "" => td_string!(locale, auto.limit_month, monthly = money(&self.monthly)),
            daily => td_string!(locale, auto.limit_both, monthly = money(&self.monthly), daily = money(daily)),
        };
        td_string!(locale, auto.consent, product = product, card = card, what = what, when = when, limit = limit)
    }
}

/// What stands where nothing was typed yet.
fn dashed(typed: &str) -> &str {
    match typed.trim() {
        "" => "…",
        typed => typed,
    }
}

/// Says why auto top-up has stopped.
#[must_use]
pub fn suspension_text(locale: Locale, reason: Suspension) -> &'static str {
    match reason {
        Suspension::Declines => td_string!(locale, auto.declines),
        Suspension::AsksOwner => td_string!(locale, auto.asks_owner),
        Suspension::Revoked => td_string!(locale, auto.revoked),
        Suspension::CardGone => td_string!(locale, auto.card_gone),
        Suspension::CardExpired => td_string!(locale, auto.card_expired),
        Suspension::DailyLimit => td_string!(locale, auto.daily_limit),
        Suspension::MonthlyLimit => td_string!(locale, auto.monthly_limit),
        Suspension::PriceChanged => td_string!(locale, auto.price_changed),
        Suspension::ProviderOff => td_string!(locale, auto.provider_off),
        Suspension::InReview => td_string!(locale, auto.in_review),
        Suspension::Dispute => td_string!(locale, auto.dispute),
    }
}
