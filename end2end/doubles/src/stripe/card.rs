//! Stripe's test cards: what each does, by its number or by its ready payment method.

/// Why a charge is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Decline {
    /// `card_declined`, `expired_card`, ...
    pub code: &'static str,
    /// The issuer's reason.
    pub decline_code: &'static str,
    /// The text, for people.
    pub message: &'static str,
}

const fn declined(decline_code: &'static str, message: &'static str) -> Decline {
    Decline { code: "card_declined", decline_code, message }
}

/// The bank wants to see the owner.
pub const AUTHENTICATION_REQUIRED: Decline = Decline {
    code: "authentication_required",
    decline_code: "authentication_required",
    message: "Your card was declined. This transaction requires authentication.",
};
/// The owner was asked and did not prove who they are.
pub const AUTHENTICATION_FAILED: Decline = Decline {
    code: "payment_intent_authentication_failure",
    decline_code: "generic_decline",
    message: "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
};
/// Out of date.
pub const EXPIRED: Decline =
    Decline { code: "expired_card", decline_code: "expired_card", message: "Your card has expired." };
/// No reason given.
pub const GENERIC: Decline = declined("generic_decline", "Your card was declined.");

/// Declines by the issuer's reason.
const DECLINES: [Decline; 12] = [
    GENERIC,
    EXPIRED,
    AUTHENTICATION_REQUIRED,
    declined("insufficient_funds", "Your card has insufficient funds."),
    declined("lost_card", "Your card was declined."),
    declined("stolen_card", "Your card was declined."),
    declined("do_not_honor", "Your card was declined."),
    declined("fraudulent", "Your card was declined."),
    declined("pickup_card", "Your card was declined."),
    declined("card_velocity_exceeded", "Your card was declined for making repeated attempts too frequently."),
    Decline {
        code: "incorrect_cvc",
        decline_code: "incorrect_cvc",
        message: "Your card's security code is incorrect.",
    },
    Decline {
        code: "processing_error",
        decline_code: "processing_error",
        message: "An error occurred while processing your card. Try again in a little bit.",
    },
];

/// A decline by the issuer's reason.
pub fn decline(decline_code: &str) -> Option<Decline> {
    DECLINES.into_iter().find(|decline| decline.decline_code == decline_code)
}

/// What a card does when it is charged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Charging {
    /// Always succeeds.
    Succeeds,
    /// Always refused.
    Declines(Decline),
    /// Succeeds while its owner is there, refused later.
    DeclinesLater(Decline),
    /// 3-D Secure while its owner is there, and `authentication_required` later.
    Authenticates,
    /// 3-D Secure while its owner is there, and succeeds later.
    AuthenticatesOnce,
    /// Succeeds and is disputed at once.
    Disputed {
        /// Only a question of the bank.
        inquiry: bool,
    },
}

/// What becomes of its refunds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refunding {
    /// They succeed at once.
    Succeeds,
    /// They are pending, and succeed later.
    SucceedsLater,
    /// They seem to succeed, and fail later.
    FailsLater,
}

/// A test card.
#[derive(Clone, Copy, Debug)]
pub struct TestCard {
    /// Its number.
    pub number: &'static str,
    /// Ready payment methods that stand for it.
    pub methods: &'static [&'static str],
    /// Its network.
    pub brand: &'static str,
    /// What charges do.
    pub charging: Charging,
    /// What refunds do.
    pub refunding: Refunding,
}

const fn card(number: &'static str, methods: &'static [&'static str], charging: Charging) -> TestCard {
    TestCard { number, methods, brand: "visa", charging, refunding: Refunding::Succeeds }
}

const fn reason(decline_code: &'static str, message: &'static str) -> Charging {
    Charging::Declines(declined(decline_code, message))
}

const TEST_CARDS: [TestCard; 19] = [
    card("4242424242424242", &["pm_card_visa"], Charging::Succeeds),
    card("4000056655665556", &["pm_card_visa_debit"], Charging::Succeeds),
    TestCard { brand: "mastercard", ..card("5555555555554444", &["pm_card_mastercard"], Charging::Succeeds) },
    TestCard { brand: "amex", ..card("378282246310005", &["pm_card_amex"], Charging::Succeeds) },
    card("4000000000000002", &["pm_card_chargeDeclined", "pm_card_visa_chargeDeclined"], Charging::Declines(GENERIC)),
    card(
        "4000000000009995",
        &["pm_card_chargeDeclinedInsufficientFunds", "pm_card_visa_chargeDeclinedInsufficientFunds"],
        reason("insufficient_funds", "Your card has insufficient funds."),
    ),
    card(
        "4000000000009987",
        &["pm_card_chargeDeclinedLostCard", "pm_card_visa_chargeDeclinedLostCard"],
        reason("lost_card", "Your card was declined."),
    ),
    card(
        "4000000000009979",
        &["pm_card_chargeDeclinedStolenCard", "pm_card_visa_chargeDeclinedStolenCard"],
        reason("stolen_card", "Your card was declined."),
    ),
    card("4000000000000069", &["pm_card_chargeDeclinedExpiredCard"], Charging::Declines(EXPIRED)),
    card("4000000000000127", &["pm_card_chargeDeclinedIncorrectCvc"], Charging::Declines(DECLINES[10])),
    card("4000000000000119", &["pm_card_chargeDeclinedProcessingError"], Charging::Declines(DECLINES[11])),
    card("4000000000000341", &["pm_card_chargeCustomerFail"], Charging::DeclinesLater(GENERIC)),
    card("4000002500003155", &["pm_card_authenticationRequiredOnSetup"], Charging::Authenticates),
    card("4000002760003184", &["pm_card_authenticationRequired"], Charging::Authenticates),
    card("4000003800000446", &["pm_card_authenticationRequiredSetupForOffSession"], Charging::AuthenticatesOnce),
    TestCard {
        refunding: Refunding::FailsLater,
        ..card("4000000000005126", &["pm_card_refundFail"], Charging::Succeeds)
    },
    TestCard {
        refunding: Refunding::SucceedsLater,
        ..card("4000000000007726", &["pm_card_pendingRefund"], Charging::Succeeds)
    },
    card("4000000000000259", &["pm_card_createDispute"], Charging::Disputed { inquiry: false }),
    card("4000000000001976", &["pm_card_createDisputeInquiry"], Charging::Disputed { inquiry: true }),
];

/// A card by its number, with or without spaces.
pub fn by_number(number: &str) -> Option<TestCard> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    TEST_CARDS.into_iter().find(|card| card.number == digits)
}

/// A card by its ready payment method.
pub fn by_method(id: &str) -> Option<TestCard> {
    TEST_CARDS.into_iter().find(|card| card.methods.contains(&id))
}

/// `12 / 34`, `12/34` or `12/2034` as a month and a year.
pub fn expiry(text: &str) -> Option<(i64, i64)> {
    let (month, year) = text.split_once('/')?;
    let (month, year): (i64, i64) = (month.trim().parse().ok()?, year.trim().parse().ok()?);
    let year = if year < 100 { 2000 + year } else { year };
    ((1..=12).contains(&month) && (2000..2100).contains(&year)).then_some((month, year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_expiries_are_read_as_people_write_them() {
        assert_eq!(by_number("4242 4242 4242 4242").unwrap().brand, "visa");
        assert!(by_number("1234").is_none());
        assert_eq!(expiry("12 / 34"), Some((12, 2034)));
        assert_eq!(expiry("1/2030"), Some((1, 2030)));
        assert_eq!(expiry("13/30"), None);
        assert_eq!(decline("incorrect_cvc").unwrap().code, "incorrect_cvc");
    }
}
