//! Stripe's reasons of a decline, as codes that all providers share.
//!
//! <https://docs.stripe.com/declines/codes> and <https://docs.stripe.com/error-codes> list them.

use stripe::{ApiErrors, ApiErrorsCode, ApiErrorsType};
use wallet::payment::decline;

/// Gives the shared code of what Stripe says about a declined payment.
#[must_use]
pub fn code(errors: &ApiErrors) -> &'static str {
    shared(errors.code.as_ref().map(|code| code.as_str()), errors.decline_code.as_deref())
}

/// Gives the shared code of what Stripe says about a call that it refused: the card's fault, or one of the settings.
#[must_use]
pub fn refusal(errors: &ApiErrors) -> &'static str {
    match &errors.code {
        _ if errors.type_ == ApiErrorsType::CardError => code(errors),
        // Somebody deleted it at Stripe.
        Some(ApiErrorsCode::ResourceMissing) if errors.param.as_deref() == Some("customer") => decline::CUSTOMER_GONE,
        Some(code) => by_error(code.as_str()).unwrap_or(decline::TRY_LATER),
        None => decline::TRY_LATER,
    }
}

/// Gives the shared code of an error's code and of the bank's reason, which says more where the error is a decline.
#[must_use]
pub fn shared(code: Option<&str>, reason: Option<&str>) -> &'static str {
    by_error(code.unwrap_or_default())
        .or_else(|| by_reason(reason.unwrap_or_default()))
        .unwrap_or(decline::CARD_DECLINED)
}

/// Reads an error's code; `None` where it says no more than that the card was declined.
fn by_error(code: &str) -> Option<&'static str> {
    Some(match code {
        "authentication_required" | "payment_intent_action_required" => decline::AUTHENTICATION_REQUIRED,
        "payment_intent_authentication_failure" | "setup_intent_authentication_failure" => {
            decline::AUTHENTICATION_FAILED
        }
        "expired_card" | "expired_payment_method" => decline::CARD_EXPIRED,
        "insufficient_funds" | "balance_insufficient" => decline::INSUFFICIENT_FUNDS,
        "incorrect_cvc"
        | "incorrect_number"
        | "incorrect_zip"
        | "incorrect_address"
        | "incorrect_postal_code"
        | "invalid_cvc"
        | "invalid_number"
        | "invalid_expiry_month"
        | "invalid_expiry_year" => decline::CARD_WRONG,
        "amount_too_small"
        | "amount_too_large"
        | "invalid_charge_amount"
        | "invalid_charge_amount_no_decimal_compatible" => decline::AMOUNT_NOT_TAKEN,
        "charge_exceeds_source_limit" | "charge_exceeds_transaction_limit" | "card_decline_rate_limit_exceeded" => {
            decline::LIMIT_REACHED
        }
        "payment_intent_mandate_invalid"
        | "setup_intent_mandate_invalid"
        | "india_recurring_payment_mandate_canceled"
        | "debit_not_authorized"
        | "billing_invalid_mandate" => decline::PERMISSION_REVOKED,
        "account_closed" => decline::CARD_LOST,
        "country_unsupported"
        | "payment_method_currency_mismatch"
        | "payment_method_not_available"
        | "payment_method_unsupported_type"
        | "payment_method_restricted"
        | "capability_not_active" => decline::NOT_ALLOWED,
        "resource_missing" | "payment_method_unexpected_state" | "no_account" => decline::METHOD_GONE,
        "processing_error" | "payment_method_provider_timeout" | "lock_timeout" => decline::TRY_LATER,
        _ => return None,
    })
}

/// Reads the bank's reason.
fn by_reason(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "authentication_required"
        | "offline_pin_required"
        | "online_or_offline_pin_required"
        | "mobile_device_authentication_required" => decline::AUTHENTICATION_REQUIRED,
        "authentication_not_handled" => decline::AUTHENTICATION_FAILED,
        "insufficient_funds" => decline::INSUFFICIENT_FUNDS,
        "expired_card" => decline::CARD_EXPIRED,
        "lost_card" | "stolen_card" | "pickup_card" | "restricted_card" | "invalid_account" => decline::CARD_LOST,
        "incorrect_cvc"
        | "incorrect_number"
        | "incorrect_pin"
        | "incorrect_zip"
        | "incorrect_address"
        | "invalid_cvc"
        | "invalid_expiry_month"
        | "invalid_expiry_year"
        | "invalid_number"
        | "invalid_pin" => decline::CARD_WRONG,
        "card_velocity_exceeded" | "withdrawal_count_limit_exceeded" | "pin_try_exceeded" => decline::LIMIT_REACHED,
        "revocation_of_authorization" | "revocation_of_all_authorizations" | "stop_payment_order" => {
            decline::PERMISSION_REVOKED
        }
        "fraudulent" | "merchant_blacklist" | "security_violation" => decline::FRAUD_SUSPECTED,
        "card_not_supported"
        | "currency_not_supported"
        | "transaction_not_allowed"
        | "service_not_allowed"
        | "not_permitted" => decline::NOT_ALLOWED,
        "invalid_amount" => decline::AMOUNT_NOT_TAKEN,
        "issuer_not_available" | "processing_error" | "reenter_transaction" | "try_again_later" | "approve_with_id" => {
            decline::TRY_LATER
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_reasons_become_shared_codes() {
        for (code, reason, expected) in [
            (Some("card_declined"), Some("insufficient_funds"), decline::INSUFFICIENT_FUNDS),
            (Some("card_declined"), Some("lost_card"), decline::CARD_LOST),
            (Some("card_declined"), Some("generic_decline"), decline::CARD_DECLINED),
            (Some("card_declined"), Some("fraudulent"), decline::FRAUD_SUSPECTED),
            (Some("card_declined"), Some("authentication_required"), decline::AUTHENTICATION_REQUIRED),
            (Some("card_declined"), Some("revocation_of_authorization"), decline::PERMISSION_REVOKED),
            (Some("authentication_required"), Some("authentication_required"), decline::AUTHENTICATION_REQUIRED),
            (Some("payment_intent_authentication_failure"), None, decline::AUTHENTICATION_FAILED),
            (Some("expired_card"), Some("expired_card"), decline::CARD_EXPIRED),
            (Some("incorrect_cvc"), Some("incorrect_cvc"), decline::CARD_WRONG),
            (Some("processing_error"), Some("processing_error"), decline::TRY_LATER),
            (Some("amount_too_small"), None, decline::AMOUNT_NOT_TAKEN),
            (Some("resource_missing"), None, decline::METHOD_GONE),
            (Some("a code of next year"), Some("a reason of next year"), decline::CARD_DECLINED),
            (None, None, decline::CARD_DECLINED),
        ] {
            assert_eq!(shared(code, reason), expected, "{code:?} {reason:?}");
        }
    }
}
