//! Ways to pay in words.

use wallet::money::Credits;
use wallet::payment::{CardTerm, MethodKind, PayOption, PaymentMethod};

use crate::i18n::*;
use crate::text::amount::credits_text;

/// Writes what is bought and what comes with it for nothing: `1,000 + 100 bonus`.
#[must_use]
pub fn with_bonus_text(locale: Locale, credits: Credits, bonus: Credits) -> String {
    let bought = credits_text(locale, credits);
    if bonus.is_zero() {
        return bought;
    }
    td_string!(locale, top_up.with_bonus, credits = bought, bonus = credits_text(locale, bonus))
}

/// Names a provider as people know it.
#[must_use]
pub fn provider_name(locale: Locale, provider: &str) -> String {
    match provider {
        "stripe" => "Stripe".to_owned(),
        "yookassa" => td_string!(locale, pay.yookassa).to_owned(),
        "sandbox" => td_string!(locale, pay.sandbox_provider).to_owned(),
        other => other.to_owned(),
    }
}

/// Names a way to pay on a provider's page, and says what happens there. `has_saved`: saved methods stand above it.
#[must_use]
pub fn option_text(locale: Locale, option: &PayOption, has_saved: bool) -> (String, String) {
    if !option.is_answering {
        let (name, _) = option_text(locale, &PayOption { is_answering: true, ..option.clone() }, has_saved);
        return (name, td_string!(locale, pay.silent).to_owned());
    }
    let provider = provider_name(locale, &option.provider);
    let name = match (option.provider.as_str(), option.kind) {
        ("sandbox", _) => td_string!(locale, top_up.sandbox),
        (_, MethodKind::YooMoney) => td_string!(locale, pay.yoo_money),
        (_, MethodKind::Card) if has_saved => td_string!(locale, pay.another_card),
        (_, MethodKind::Card) => td_string!(locale, pay.card),
    };
    let note = match (option.provider.as_str(), option.kind) {
        ("sandbox", _) => td_string!(locale, top_up.sandbox_note).to_owned(),
        (_, MethodKind::YooMoney) => td_string!(locale, pay.yoo_money_note).to_owned(),
        (_, MethodKind::Card) => td_string!(locale, pay.card_note, provider = provider),
    };
    (name.to_owned(), note)
}

/// Says until when a saved card can be charged.
#[must_use]
pub fn expiry_text(locale: Locale, method: &PaymentMethod, now: chrono::DateTime<chrono::Utc>) -> Option<String> {
    let (year, month) = method.expires?;
    let date = format!("{month:02}/{:02}", year % 100);
    Some(match method.term(now) {
        CardTerm::Expired => td_string!(locale, pay.expired, date = date),
        CardTerm::Expiring | CardTerm::Valid => td_string!(locale, pay.expires, date = date),
    })
}
