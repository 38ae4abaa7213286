//! What YooKassa's states and reasons mean in the wallet's words.

use wallet::payment::{
    BookedPayment, MethodAnswer, MethodKind, ProviderMethod, ProviderPayment, ProviderRefund, ProviderStatus,
    RefundStatus, SetupAnswer, decline,
};

use super::api::Fault;
use super::wire::{
    Cancellation, CardObject, MethodObject, MethodState, ORDER, PaymentObject, PaymentState, REFUND, RefundObject,
    RefundState,
};

/// Nobody has paid on the page in time.
const EXPIRED: [&str; 2] = ["expired_on_confirmation", "expired_on_capture"];
/// We, or staff at YooKassa's pages, have called it off.
const CANCELLED: &str = "canceled_by_merchant";
/// The provider said no to a call, for a reason that is ours to mend.
const REFUSED: &str = "provider_refused";

/// Says how a payment stands.
fn status(payment: &PaymentObject) -> ProviderStatus {
    match payment.status {
        // A charge of a saved method has no page: its bank is deciding.
        PaymentState::Pending if payment.confirmation.is_some() => ProviderStatus::Open,
        PaymentState::Pending | PaymentState::WaitingForCapture => ProviderStatus::Processing,
        PaymentState::Succeeded => ProviderStatus::Paid,
        PaymentState::Canceled => ended(payment.cancellation_details.as_ref()),
    }
}

fn ended(details: Option<&Cancellation>) -> ProviderStatus {
    match details.map_or("", |details| details.reason.as_str()) {
        reason if EXPIRED.contains(&reason) => ProviderStatus::Expired,
        CANCELLED => ProviderStatus::Cancelled,
        reason => ProviderStatus::Declined { code: declined(reason).to_owned() },
    }
}

/// Maps a reason of YooKassa's to the wallet's code.
fn declined(reason: &str) -> &'static str {
    match reason {
        "insufficient_funds" => decline::INSUFFICIENT_FUNDS,
        "card_expired" => decline::CARD_EXPIRED,
        "invalid_card_number" | "invalid_csc" => decline::CARD_WRONG,
        "3d_secure_failed" => decline::AUTHENTICATION_FAILED,
        "permission_revoked" => decline::PERMISSION_REVOKED,
        // The card was reported as lost, or the wallet as broken into.
        "payment_method_restricted" => decline::CARD_LOST,
        // `identification_required`: a wallet whose owner is not identified has reached its limit.
        "payment_method_limit_exceeded" | "identification_required" => decline::LIMIT_REACHED,
        "fraud_suspected" => decline::FRAUD_SUSPECTED,
        "country_forbidden" | "unsupported_mobile_operator" => decline::NOT_ALLOWED,
        "issuer_unavailable" | "internal_timeout" | "rejected_by_timeout" => decline::TRY_LATER,
        _ => decline::CARD_DECLINED,
    }
}

/// Gives the code of a call that was refused.
#[must_use]
pub fn refused(fault: &Fault) -> String {
    let parameter = fault.parameter.as_deref().unwrap_or_default();
    let code = match (fault.code.as_str(), parameter.split('.').next().unwrap_or_default()) {
        ("forbidden" | "not_supported", _) => decline::NOT_ALLOWED,
        (_, "amount") if parameter == "amount.currency" => decline::NOT_ALLOWED,
        (_, "amount") => decline::AMOUNT_NOT_TAKEN,
        (_, "payment_method_id") => decline::METHOD_GONE,
        (_, "payment_method_data") => decline::NOT_ALLOWED,
        _ => REFUSED,
    };
    code.to_owned()
}

/// Gives a payment in the wallet's words; `None` where its amounts can't be read.
#[must_use]
pub fn payment(found: &PaymentObject) -> Option<ProviderPayment> {
    let money = found.amount.read()?;
    Some(ProviderPayment {
        reference: found.id.clone(),
        order: found.metadata.id(ORDER),
        status: status(found),
        money,
        tax_minor: 0,
        refunded_minor: refunded(found)?,
        method: found.payment_method.as_ref().and_then(label),
        saved_method: found.payment_method.as_ref().filter(|method| method.saved).and_then(method),
        created_at: found.created_at,
    })
}

/// Gives what was given back; `None` where it can't be read or is in another currency.
fn refunded(found: &PaymentObject) -> Option<i64> {
    let Some(amount) = &found.refunded_amount else { return Some(0) };
    let refunded = amount.read()?;
    (refunded.currency() == found.amount.read()?.currency()).then(|| refunded.minor())
}

/// Gives a payment as a line of the books; `None` where its amounts can't be read.
#[must_use]
pub fn booked(found: &PaymentObject) -> Option<BookedPayment> {
    Some(BookedPayment {
        reference: found.id.clone(),
        order: found.metadata.id(ORDER),
        is_paid: found.status == PaymentState::Succeeded,
        total: found.amount.read()?,
        refunded_minor: refunded(found)?,
        created_at: found.created_at,
    })
}

/// Gives a refund in the wallet's words; `None` where its amount can't be read.
#[must_use]
pub fn refund(found: &RefundObject) -> Option<ProviderRefund> {
    let reason = || found.cancellation_details.as_ref().map(|details| details.reason.clone()).unwrap_or_default();
    Some(ProviderRefund {
        reference: found.id.clone(),
        refund: found.metadata.id(REFUND),
        payment_reference: found.payment_id.clone(),
        money: found.amount.read()?,
        status: match found.status {
            RefundState::Pending => RefundStatus::Pending,
            RefundState::Succeeded => RefundStatus::Succeeded,
            RefundState::Canceled => RefundStatus::Failed { code: reason() },
        },
        created_at: found.created_at,
    })
}

/// Says how far the page of a method is; `None` where the method has no name.
#[must_use]
pub fn setup(found: &MethodObject) -> Option<SetupAnswer> {
    Some(match found.status {
        Some(MethodState::Active) if found.saved => SetupAnswer::Saved(method(found)?),
        Some(MethodState::Inactive) => SetupAnswer::Failed { code: decline::CARD_DECLINED.to_owned() },
        _ => SetupAnswer::Open,
    })
}

/// Says whether a saved method can be charged; `None` where it has no name.
#[must_use]
pub fn saved(found: &MethodObject) -> Option<MethodAnswer> {
    let is_over = matches!(found.status, Some(MethodState::Inactive | MethodState::Pending));
    if found.saved && !is_over { method(found).map(MethodAnswer::Found) } else { Some(MethodAnswer::Missing) }
}

/// Gives a method in the wallet's words. What is neither card nor wallet (SberPay, SBP) came by the page on which the
/// buyer chose it; it is kept like a card, under YooKassa's title.
fn method(found: &MethodObject) -> Option<ProviderMethod> {
    let card = found.card.as_ref();
    let is_wallet = found.kind == "yoo_money";
    let wallet = found.account_number.as_deref().filter(|_| is_wallet).and_then(last4);
    Some(ProviderMethod {
        reference: found.id.clone()?,
        kind: if is_wallet { MethodKind::YooMoney } else { MethodKind::Card },
        brand: card.and_then(|card| card.card_type.as_deref()).map(str::to_lowercase),
        last4: card.and_then(|card| card.last4.clone()).or(wallet),
        expires: card.and_then(expires),
        label: label(found)?,
    })
}

fn expires(card: &CardObject) -> Option<(u16, u8)> {
    let (year, month) = (card.expiry_year.as_deref()?.parse().ok()?, card.expiry_month.as_deref()?.parse().ok()?);
    ((2000..=2200).contains(&year) && (1..=12).contains(&month)).then_some((year, month))
}

/// Gives the last four digits of a number that is longer.
fn last4(number: &str) -> Option<String> {
    let at = number.len().checked_sub(4)?;
    number.get(at..).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())).map(str::to_owned)
}

/// Writes a method for people: `Мир •• 4444`, `YooMoney •• 1234`.
fn label(found: &MethodObject) -> Option<String> {
    let wallet = found.account_number.as_deref().filter(|_| found.kind == "yoo_money").and_then(last4);
    if let Some(digits) = wallet {
        return Some(format!("YooMoney •• {digits}"));
    }
    let card = found.card.as_ref();
    if let Some(digits) = card.and_then(|card| card.last4.as_deref()) {
        let brand = match card.and_then(|card| card.card_type.as_deref()).unwrap_or_default() {
            "Mir" => "Мир",
            "MasterCard" => "Mastercard",
            "AmericanExpress" => "American Express",
            "" | "Unknown" => "Card",
            other => other,
        };
        return Some(format!("{brand} •• {digits}"));
    }
    let words = match found.kind.as_str() {
        "yoo_money" => "YooMoney",
        "sberbank" => "SberPay",
        "tinkoff_bank" => "T-Pay",
        "sbp" => "SBP",
        // Asked for, and not given yet.
        "bank_card" => return None,
        _ => found.title.as_deref()?,
    };
    Some(words.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wallet::id::PaymentId;
    use wallet::money::{Currency, Money};

    use super::*;

    fn paid_by(method: Value) -> Value {
        json!({
            "id": "2d-000f", "status": "succeeded", "paid": true, "amount": { "value": "449.00", "currency": "RUB" },
            "refunded_amount": { "value": "0.00", "currency": "RUB" }, "created_at": "2026-11-29T20:00:00.000Z",
            "metadata": { "order": PaymentId::new() }, "payment_method": method, "test": true, "new_field": [1],
        })
    }

    fn read(body: Value) -> ProviderPayment {
        payment(&serde_json::from_value(body).expect("a payment")).expect("amounts")
    }

    fn card(saved: bool) -> Value {
        json!({ "type": "bank_card", "id": "2d-000f", "saved": saved, "status": "active", "title": "Bank card *4444",
                "card": { "first6": "220000", "last4": "4444", "expiry_month": "03", "expiry_year": "2031",
                          "card_type": "Mir", "issuer_country": "RU" } })
    }

    #[test]
    fn a_paid_payment_is_read_with_its_method() {
        let found = read(paid_by(card(true)));
        assert_eq!(found.status, ProviderStatus::Paid);
        assert_eq!((found.money, found.refunded_minor), (Money::from_minor(44_900, Currency::RUB), 0));
        assert!(found.order.is_some());
        let saved = found.saved_method.expect("saved");
        assert_eq!((saved.label.as_str(), saved.brand.as_deref()), ("Мир •• 4444", Some("mir")));
        assert_eq!((saved.last4.as_deref(), saved.expires), (Some("4444"), Some((2031, 3))));
        let once = read(paid_by(card(false)));
        assert_eq!((once.saved_method, once.method.as_deref()), (None, Some("Мир •• 4444")), "it was not saved");
        let wallet = json!({ "type": "yoo_money", "id": "w", "saved": true, "account_number": "410011758831136" });
        let saved = read(paid_by(wallet)).saved_method.expect("saved");
        assert_eq!((saved.kind, saved.label.as_str()), (MethodKind::YooMoney, "YooMoney •• 1136"));
        let other = json!({ "type": "sberbank", "id": "s", "saved": true, "title": "SberPay" });
        assert_eq!(read(paid_by(other)).method.as_deref(), Some("SberPay"));
    }

    #[test]
    fn states_and_reasons_are_told_apart() {
        let state = |status: &str, more: Value| {
            let mut body = paid_by(card(false));
            body["status"] = json!(status);
            if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
                body.extend(more.clone());
            }
            read(body).status
        };
        let page = json!({ "confirmation": { "type": "redirect", "confirmation_url": "https://yoomoney.ru/x" } });
        assert_eq!(state("pending", page), ProviderStatus::Open);
        assert_eq!(state("pending", json!({})), ProviderStatus::Processing);
        assert_eq!(state("waiting_for_capture", json!({})), ProviderStatus::Processing);
        let ended = |reason: &str| {
            state("canceled", json!({ "cancellation_details": { "party": "yoo_money", "reason": reason } }))
        };
        assert_eq!(ended("expired_on_confirmation"), ProviderStatus::Expired);
        assert_eq!(ended("canceled_by_merchant"), ProviderStatus::Cancelled);
        for (reason, code) in [
            ("insufficient_funds", decline::INSUFFICIENT_FUNDS),
            ("3d_secure_failed", decline::AUTHENTICATION_FAILED),
            ("permission_revoked", decline::PERMISSION_REVOKED),
            ("payment_method_restricted", decline::CARD_LOST),
            ("card_expired", decline::CARD_EXPIRED),
            ("country_forbidden", decline::NOT_ALLOWED),
            ("internal_timeout", decline::TRY_LATER),
            ("a reason of next year", decline::CARD_DECLINED),
        ] {
            assert_eq!(ended(reason), ProviderStatus::Declined { code: code.to_owned() }, "{reason}");
        }
        assert_eq!(state("canceled", json!({})), ProviderStatus::Declined { code: decline::CARD_DECLINED.to_owned() });
    }

    #[test]
    fn amounts_that_can_not_be_read_are_no_payment() {
        for (field, value) in [
            ("amount", json!({ "value": "449.001", "currency": "RUB" })),
            ("amount", json!({ "value": "449.00", "currency": "XXZ" })),
            ("refunded_amount", json!({ "value": "1.00", "currency": "USD" })),
        ] {
            let mut body = paid_by(card(false));
            body[field] = value;
            assert!(payment(&serde_json::from_value(body).expect("a payment")).is_none(), "{field}");
        }
        let mut body = paid_by(card(false));
        body["status"] = json!("a state of next year");
        assert!(serde_json::from_value::<PaymentObject>(body).is_err(), "neither paid nor over");
    }

    #[test]
    fn refusals_of_calls_have_codes() {
        let code = |code: &str, parameter: &str| {
            refused(&Fault { code: code.to_owned(), parameter: Some(parameter.to_owned()), ..Fault::default() })
        };
        assert_eq!(code("invalid_request", "amount.value"), decline::AMOUNT_NOT_TAKEN);
        assert_eq!(code("invalid_request", "amount.currency"), decline::NOT_ALLOWED);
        assert_eq!(code("invalid_request", "payment_method_id"), decline::METHOD_GONE);
        assert_eq!(code("forbidden", ""), decline::NOT_ALLOWED);
        assert_eq!(code("invalid_request", "receipt"), REFUSED);
    }

    #[test]
    fn a_method_is_saved_only_when_its_owner_has_confirmed() {
        let method = |status: &str, saved: bool| {
            let mut body = card(saved);
            body["status"] = json!(status);
            serde_json::from_value::<MethodObject>(body).expect("a method")
        };
        assert_eq!(setup(&method("pending", false)), Some(SetupAnswer::Open));
        assert!(matches!(setup(&method("active", true)), Some(SetupAnswer::Saved(_))));
        assert!(matches!(setup(&method("inactive", false)), Some(SetupAnswer::Failed { .. })));
        assert!(matches!(saved(&method("active", true)), Some(MethodAnswer::Found(_))));
        for (status, is_saved) in [("active", false), ("inactive", true), ("pending", true)] {
            assert_eq!(saved(&method(status, is_saved)), Some(MethodAnswer::Missing), "{status}");
        }
    }
}
