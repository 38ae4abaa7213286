//! Currencies that Stripe takes: minor digits and the smallest charge.

use super::error::StripeError;

/// Minor digits and the smallest charge in minor units.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Currency {
    /// Digits after the point.
    pub digits: u32,
    /// The smallest charge.
    pub minimum: i64,
}

/// Stripe's documented minimums; a currency without one has what is worth about 50 US cents.
const MINIMUMS: [(&str, i64); 28] = [
    ("usd", 50),
    ("aed", 200),
    ("aud", 50),
    ("bgn", 100),
    ("brl", 50),
    ("cad", 50),
    ("chf", 50),
    ("cop", 200_000),
    ("czk", 1_500),
    ("dkk", 250),
    ("eur", 50),
    ("gbp", 30),
    ("hkd", 400),
    ("huf", 17_500),
    ("inr", 50),
    ("jpy", 50),
    ("mxn", 1_000),
    ("myr", 200),
    ("nok", 300),
    ("nzd", 50),
    ("pln", 200),
    ("ron", 200),
    ("sek", 300),
    ("sgd", 50),
    ("thb", 1_000),
    ("kwd", 160),
    ("bhd", 190),
    ("rub", 4_000),
];
const ZERO_DIGITS: [&str; 15] =
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"];
const THREE_DIGITS: [&str; 5] = ["bhd", "jod", "kwd", "omr", "tnd"];
/// Taken, with a minimum that Stripe gives by the exchange rate.
const OTHERS: [&str; 25] = [
    "all", "amd", "ars", "azn", "bam", "bdt", "clp", "cny", "egp", "gel", "idr", "ils", "isk", "jod", "kes", "krw",
    "kzt", "mad", "omr", "php", "sar", "try", "tnd", "twd", "vnd",
];

/// A currency by its code in lower case.
pub fn currency(code: &str) -> Option<Currency> {
    let documented = MINIMUMS.iter().find(|(known, _)| *known == code).map(|(_, minimum)| *minimum);
    let digits = match code {
        code if ZERO_DIGITS.contains(&code) => 0,
        code if THREE_DIGITS.contains(&code) => 3,
        _ => 2,
    };
    if documented.is_none() && !OTHERS.contains(&code) && !ZERO_DIGITS.contains(&code) {
        return None;
    }
    Some(Currency { digits, minimum: documented.unwrap_or(if digits == 3 { 100 } else { 50 }) })
}

/// Takes a code in any case; returns it in lower case.
pub fn check_code(param: &str, code: &str) -> Result<String, StripeError> {
    let lower = code.to_lowercase();
    if currency(&lower).is_some() {
        return Ok(lower);
    }
    let message = format!(
        "Invalid currency: {lower}. Stripe currently supports these currencies: usd, aed, eur, gbp, jpy, kwd, and others"
    );
    Err(StripeError::invalid(param, message))
}

/// Refuses amounts that Stripe does not charge.
pub fn check_amount(param: &str, amount: i64, code: &str) -> Result<(), StripeError> {
    let currency =
        currency(code).ok_or_else(|| StripeError::invalid("currency", format!("Invalid currency: {code}")))?;
    if amount < 1 {
        let message = "This value must be greater than or equal to 1.".to_owned();
        return Err(StripeError::invalid(param, message).code("parameter_invalid_integer"));
    }
    if amount > 99_999_999 {
        let message = format!("Amount must be no more than {}", shown(99_999_999, code));
        return Err(StripeError::invalid(param, message).code("amount_too_large"));
    }
    if currency.digits == 3 && amount % 10 != 0 {
        let message = format!("Invalid amount: three-decimal currencies are charged in multiples of 10, not {amount}.");
        return Err(StripeError::invalid(param, message));
    }
    if amount < currency.minimum {
        let message = format!("Amount must be at least {}", shown(currency.minimum, code));
        return Err(StripeError::invalid(param, message).code("amount_too_small"));
    }
    Ok(())
}

/// An amount for people: `12.34 USD`.
pub fn shown(amount: i64, code: &str) -> String {
    let digits = currency(code).map_or(2, |currency| currency.digits);
    let unit = 10_i64.pow(digits);
    let code = code.to_uppercase();
    match digits {
        0 => format!("{amount} {code}"),
        digits => format!("{}.{:0width$} {code}", amount / unit, amount % unit, width = digits as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_differ() {
        assert_eq!(shown(1234, "usd"), "12.34 USD");
        assert_eq!(shown(500, "jpy"), "500 JPY");
        assert_eq!(shown(12_340, "kwd"), "12.340 KWD");
    }

    #[test]
    fn amounts_have_bounds() {
        let code = |amount, code| check_amount("amount", amount, code).err().and_then(|error| error.code);
        assert_eq!(code(50, "usd"), None);
        assert_eq!(code(49, "usd").as_deref(), Some("amount_too_small"));
        assert_eq!(code(100_000_000, "usd").as_deref(), Some("amount_too_large"));
        assert_eq!(code(50, "jpy"), None);
        assert!(check_amount("amount", 1005, "kwd").is_err());
        assert!(check_amount("amount", 1010, "kwd").is_ok());
        assert!(check_code("currency", "zzz").is_err());
        assert_eq!(check_code("currency", "USD").unwrap(), "usd");
    }
}
