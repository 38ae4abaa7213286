//! Refunds and disputes in words: reasons, states, and why something can't be given back.

use wallet::money::{AmountError, Credits, Currency, Money, TypedError, read_amount};
use wallet::refund::{ChargeObstacle, DisputeState, Obstacle, RefundReason, RefundRequest, RefundState, RequestState};

use crate::i18n::*;
use crate::text::amount::{credits_text, money_text, signed_text, unit_text};
use crate::text::date_time::{Zone, date_text};

/// Writes an amount of credits with their word: `100 credits`.
#[must_use]
pub fn amount_text(locale: Locale, credits: Credits) -> String {
    format!("{} {}", credits_text(locale, credits), unit_text(locale, credits))
}

/// Writes what people call a request: `R-118`.
#[must_use]
pub fn number_text(number: i64) -> String {
    format!("R-{number}")
}

/// Writes an amount before and after: `291 → 191`.
#[must_use]
pub fn change_text(locale: Locale, before: Credits, after: Credits) -> String {
    format!("{} → {}", credits_text(locale, before), credits_text(locale, after))
}

/// Names a reason.
#[must_use]
pub fn reason_name(locale: Locale, reason: RefundReason) -> &'static str {
    match reason {
        RefundReason::Mistake => td_string!(locale, refund.reason_mistake),
        RefundReason::NotNeeded => td_string!(locale, refund.reason_not_needed),
        RefundReason::Quality => td_string!(locale, refund.reason_quality),
        RefundReason::Failed => td_string!(locale, refund.reason_failed),
        RefundReason::Other => td_string!(locale, refund.reason_other),
    }
}

/// Names the state of a request.
#[must_use]
pub fn request_state(locale: Locale, state: RequestState) -> &'static str {
    match state {
        RequestState::Waiting => td_string!(locale, refund.state_waiting),
        RequestState::Withdrawn => td_string!(locale, refund.state_withdrawn),
        RequestState::Refused => td_string!(locale, refund.state_refused),
        RequestState::Approved => td_string!(locale, refund.state_approved),
        RequestState::Paid => td_string!(locale, refund.state_paid),
        RequestState::Failed => td_string!(locale, refund.state_failed),
    }
}

/// Gives the class of a request's tag.
#[must_use]
pub const fn request_class(state: RequestState) -> &'static str {
    match state {
        RequestState::Waiting => "tag tag-warn",
        RequestState::Withdrawn => "tag",
        RequestState::Refused | RequestState::Failed => "tag tag-err",
        RequestState::Approved | RequestState::Paid => "tag tag-ok",
    }
}

/// Writes what a request asks for: money, or credits.
#[must_use]
pub fn asked_text(locale: Locale, request: &RefundRequest) -> String {
    request.asked.map_or_else(|| amount_text(locale, request.asked_credits), |money| money_text(locale, money))
}

/// Writes what a request has brought: money, credits, or that there is nothing yet.
#[must_use]
pub fn returned_text(locale: Locale, request: &RefundRequest) -> String {
    match (request.granted, request.granted_credits) {
        _ if request.state == RequestState::Failed => "—".to_owned(),
        (Some(money), _) => money_text(locale, money),
        (None, Some(credits)) => signed_text(locale, credits),
        (None, None) => "—".to_owned(),
    }
}

/// Tells a person why a purchase can't be given back.
#[must_use]
pub fn obstacle_text(locale: Locale, obstacle: Obstacle, zone: &Zone) -> String {
    match obstacle {
        Obstacle::NoRule => td_string!(locale, refund.why_no_rule).to_owned(),
        Obstacle::PlanCredits => td_string!(locale, refund.why_plan).to_owned(),
        Obstacle::Refunded => td_string!(locale, refund.why_refunded).to_owned(),
        Obstacle::Ended { at } => td_string!(locale, refund.why_ended, date = date_text(locale, zone.day(at))),
        Obstacle::TooMuchUsed { percent } => td_string!(locale, refund.why_used, percent = percent.to_string()),
        Obstacle::NothingLeft => td_string!(locale, refund.why_nothing_left).to_owned(),
        Obstacle::Disputed => td_string!(locale, refund.why_disputed).to_owned(),
        Obstacle::Blocked => td_string!(locale, refund.why_blocked).to_owned(),
    }
}

/// Tells staff the same in two or three words.
#[must_use]
pub fn obstacle_note(locale: Locale, obstacle: Obstacle, zone: &Zone) -> String {
    match obstacle {
        Obstacle::NoRule => td_string!(locale, refunds.why_no_rule).to_owned(),
        Obstacle::PlanCredits => td_string!(locale, refunds.why_plan).to_owned(),
        Obstacle::Refunded => td_string!(locale, refunds.why_refunded).to_owned(),
        Obstacle::Ended { at } => td_string!(locale, refunds.why_ended, date = date_text(locale, zone.day(at))),
        Obstacle::TooMuchUsed { percent } => td_string!(locale, refunds.why_used, percent = percent.to_string()),
        Obstacle::NothingLeft => td_string!(locale, refunds.why_nothing_left).to_owned(),
        Obstacle::Disputed => td_string!(locale, refunds.why_disputed).to_owned(),
        Obstacle::Blocked => td_string!(locale, refunds.why_blocked).to_owned(),
    }
}

/// Tells a person why credits can't be given back for an entry.
#[must_use]
pub fn charge_obstacle_text(locale: Locale, obstacle: ChargeObstacle) -> &'static str {
    match obstacle {
        ChargeObstacle::NotCharged => td_string!(locale, refund.job_not_charged),
        ChargeObstacle::GivenBack => td_string!(locale, refund.job_given_back),
        ChargeObstacle::Asked => td_string!(locale, refund.job_asked),
        ChargeObstacle::TooOld => td_string!(locale, refund.job_too_old),
    }
}

/// Says how far money is that goes back.
#[must_use]
pub fn refund_state(locale: Locale, state: RefundState) -> &'static str {
    match state {
        RefundState::Created => td_string!(locale, refunds.money_created),
        RefundState::Pending => td_string!(locale, refunds.money_pending),
        RefundState::Succeeded => td_string!(locale, refunds.money_succeeded),
        RefundState::Failed => td_string!(locale, refunds.money_failed),
    }
}

/// Names the state of a dispute.
#[must_use]
pub fn dispute_state(locale: Locale, state: DisputeState) -> &'static str {
    match state {
        DisputeState::Inquiry => td_string!(locale, disputes.state_inquiry),
        DisputeState::Open => td_string!(locale, disputes.state_open),
        DisputeState::Won => td_string!(locale, disputes.state_won),
        DisputeState::Lost => td_string!(locale, disputes.state_lost),
        DisputeState::Closed => td_string!(locale, disputes.state_closed),
    }
}

/// Gives the class of a dispute's tag.
#[must_use]
pub const fn dispute_class(state: DisputeState) -> &'static str {
    match state {
        DisputeState::Inquiry | DisputeState::Open => "tag tag-warn",
        DisputeState::Won => "tag tag-ok",
        DisputeState::Lost => "tag tag-err",
        DisputeState::Closed => "tag",
    }
}

/// Says why a payment is disputed: the provider's code in words, or what staff wrote.
#[must_use]
pub fn dispute_reason(locale: Locale, reason: &str) -> String {
    let words = match reason {
        "fraudulent" => td_string!(locale, disputes.reason_fraudulent),
        "duplicate" => td_string!(locale, disputes.reason_duplicate),
        "product_not_received" => td_string!(locale, disputes.reason_not_received),
        "product_unacceptable" => td_string!(locale, disputes.reason_unacceptable),
        "subscription_canceled" => td_string!(locale, disputes.reason_subscription),
        "unrecognized" => td_string!(locale, disputes.reason_unrecognized),
        "credit_not_processed" => td_string!(locale, disputes.reason_not_processed),
        "general" => td_string!(locale, disputes.reason_general),
        words => words,
    };
    words.to_owned()
}

/// Writes money for a field that a person may change: `29.52`.
#[must_use]
pub fn money_field(money: Money) -> String {
    let exponent = money.currency().exponent();
    let scale = 10_u64.pow(exponent);
    let minor = money.minor().unsigned_abs();
    if exponent == 0 {
        return minor.to_string();
    }
    let width = usize::try_from(exponent).unwrap_or(0);
    // Three decimals could be thousands; four can not.
    let end = if exponent == 3 { "0" } else { "" };
    format!("{}.{:0width$}{end}", minor / scale, minor % scale)
}

/// Reads money as a person types it, with or without the sign of its currency.
pub fn read_money(typed: &str, currency: Currency) -> Result<Money, TypedError> {
    let plain = typed.trim_matches(|letter: char| letter.is_whitespace() || "₽$€£¥".contains(letter));
    let micros = read_amount(plain)?.micros();
    let scale = 10_i64.pow(6_u32.saturating_sub(currency.exponent()));
    if micros % scale != 0 {
        return Err(AmountError::TooPrecise.into());
    }
    Ok(Money::from_minor(micros / scale, currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_for_a_field_is_read_as_the_same_money() {
        for (minor, code, text) in [(2_952, "USD", "29.52"), (500, "JPY", "500"), (1_500, "KWD", "1.5000")] {
            let money = Money::from_minor(minor, code.parse::<Currency>().expect("a currency"));
            assert_eq!(money_field(money), text);
            assert_eq!(read_money(text, money.currency()), Ok(money), "{code}");
        }
    }

    #[test]
    fn money_is_read_with_its_sign_and_in_both_languages() {
        let dollars = |minor| Ok(Money::from_minor(minor, Currency::USD));
        assert_eq!(read_money("$29.52", Currency::USD), dollars(2_952));
        assert_eq!(read_money(" 29,52 $", Currency::USD), dollars(2_952));
        assert_eq!(read_money("0.005", Currency::USD), Err(AmountError::TooPrecise.into()));
        assert_eq!(read_money("", Currency::USD), Err(TypedError::Empty));
    }
}
