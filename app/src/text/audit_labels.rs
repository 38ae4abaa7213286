//! What the audit log's acts are called.

use crate::i18n::*;

/// Says in words what was done; an act without words shows its code.
#[must_use]
pub fn action_words(locale: Locale, action: &str) -> String {
    match action {
        "price_book.drafted" => td_string!(locale, audit.draft_created).to_owned(),
        "webhook.created" => td_string!(locale, audit.webhook_created).to_owned(),
        "webhook.rotated" => td_string!(locale, audit.webhook_rotated).to_owned(),
        "webhook.enabled" => td_string!(locale, audit.webhook_enabled).to_owned(),
        "webhook.removed" => td_string!(locale, audit.webhook_removed).to_owned(),
        "upstream_costs.uploaded" => td_string!(locale, audit.costs_uploaded).to_owned(),
        "price_book.published" => td_string!(locale, audit.published).to_owned(),
        "price_book.discarded" => td_string!(locale, audit.discarded).to_owned(),
        "price_book.withdrawn" => td_string!(locale, audit.withdrawn).to_owned(),
        "price_book.rebased" => td_string!(locale, audit.rebased).to_owned(),
        "price_book.imported" => td_string!(locale, audit.imported).to_owned(),
        "price_book.undone" => td_string!(locale, audit.undone).to_owned(),
        "tariff.changed" => td_string!(locale, audit.price_changed).to_owned(),
        "tariff.added" => td_string!(locale, audit.price_added).to_owned(),
        "tariff.removed" => td_string!(locale, audit.price_removed).to_owned(),
        "preset.loaded" => td_string!(locale, audit.preset_loaded).to_owned(),
        "staff.appointed" => td_string!(locale, audit.staff_appointed).to_owned(),
        "payment.held" => td_string!(locale, audit.payment_held).to_owned(),
        "payment.release" => td_string!(locale, audit.payment_released).to_owned(),
        "payment.returned" => td_string!(locale, audit.payment_returned).to_owned(),
        "payments.compared" => td_string!(locale, audit.payments_compared).to_owned(),
        "account.time_zone" => td_string!(locale, audit.time_zone_changed).to_owned(),
        "key.created" => td_string!(locale, audit.key_created).to_owned(),
        "hold.captured" => td_string!(locale, audit.hold_captured).to_owned(),
        "hold.released" => td_string!(locale, audit.hold_released).to_owned(),
        "charge.credited_back" => td_string!(locale, audit.charge_credited_back).to_owned(),
        "wallet.frozen" => td_string!(locale, audit.wallet_frozen).to_owned(),
        "wallet.unfrozen" => td_string!(locale, audit.wallet_unfrozen).to_owned(),
        "wallet.rebuilt" => td_string!(locale, audit.wallet_rebuilt).to_owned(),
        "key.revoked" => td_string!(locale, audit.key_revoked).to_owned(),
        "sign_in.succeeded" => td_string!(locale, audit.sign_in_succeeded).to_owned(),
        "sign_in.failed" => td_string!(locale, audit.sign_in_failed).to_owned(),
        "password.reset_asked" => td_string!(locale, audit.password_reset_asked).to_owned(),
        "password.reset" => td_string!(locale, audit.password_reset).to_owned(),
        "password.changed" => td_string!(locale, audit.password_changed).to_owned(),
        "person.renamed" => td_string!(locale, audit.person_renamed).to_owned(),
        "address.confirmed" => td_string!(locale, audit.address_confirmed).to_owned(),
        "session.ended" => td_string!(locale, audit.session_ended).to_owned(),
        "order.begun" => td_string!(locale, audit.order_begun).to_owned(),
        "access.refused" => td_string!(locale, audit.access_refused).to_owned(),
        "budget.set" => td_string!(locale, audit.budget_set).to_owned(),
        "budget.removed" => td_string!(locale, audit.budget_removed).to_owned(),
        "webhook.disabled" => td_string!(locale, audit.webhook_disabled).to_owned(),
        other => other.to_owned(),
    }
}
