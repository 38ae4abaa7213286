//! Cards of the sandbox: which numbers do what, and what is wrong with a typed card.

use chrono::{DateTime, Datelike, Utc};

/// What a test card does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Pays.
    Succeeds,
    /// Is declined by its bank.
    Declines,
    /// Asks its owner to approve.
    AsksOwner,
    /// Pays, and then neither the browser nor the provider's event tells for a while.
    LosesAnswer,
    /// Pays, and is declined the first time that a plan renews with it; the next time it pays.
    DeclinesOnce,
    /// Pays, and is declined whenever a plan renews with it.
    DeclinesLater,
}

/// The test cards, as the page lists them.
pub const CARDS: [(&str, Behaviour); 6] = [
    ("4242 4242 4242 4242", Behaviour::Succeeds),
    ("4000 0000 0000 0002", Behaviour::Declines),
    ("4000 0025 0000 3155", Behaviour::AsksOwner),
    ("4000 0000 0000 0341", Behaviour::LosesAnswer),
    ("4000 0000 0000 0119", Behaviour::DeclinesOnce),
    ("4000 0000 0000 9995", Behaviour::DeclinesLater),
];

/// Says why a kept card is declined that is charged without its owner, after so many such charges before; `None` where
/// it pays.
#[must_use]
pub fn declines_alone(method: &str, charges: i64) -> Option<&'static str> {
    let known = CARDS.iter().find(|(card, _)| method.ends_with(&card[card.len() - 4..]));
    match known.map(|(_, behaviour)| behaviour) {
        Some(Behaviour::Succeeds | Behaviour::LosesAnswer) => None,
        Some(Behaviour::AsksOwner) => Some("authentication_required"),
        Some(Behaviour::DeclinesOnce) if charges % 2 == 1 => None,
        Some(Behaviour::DeclinesLater) => Some("insufficient_funds"),
        Some(Behaviour::DeclinesOnce | Behaviour::Declines) | None => Some("card_declined"),
    }
}

/// The longest text of a field that is shown again.
const SHOWN_MAX: usize = 40;

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardProblem {
    /// Nothing was typed.
    Required,
    /// Not the digits that it should be.
    Malformed,
    /// The check digit says that the number was mistyped.
    Mistyped,
    /// A real card's number, maybe: the sandbox takes its own test numbers only.
    NotATestCard,
    /// The card's time is over.
    Expired,
}

/// What a person typed.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// The number.
    pub number: String,
    /// Month and year.
    pub expiry: String,
    /// The check code.
    pub cvc: String,
}

/// What is wrong, by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// About the number.
    pub number: Option<CardProblem>,
    /// About month and year.
    pub expiry: Option<CardProblem>,
    /// About the check code.
    pub cvc: Option<CardProblem>,
}

impl Typed {
    /// Cuts what was typed to what may be shown again.
    #[must_use]
    pub fn new(number: &str, expiry: &str, cvc: &str) -> Self {
        let cut = |text: &str| text.trim().chars().take(SHOWN_MAX).collect();
        Self { number: cut(number), expiry: cut(expiry), cvc: cut(cvc) }
    }

    /// Reads the card: what it does, and its last four digits.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(Behaviour, String), Problems> {
        let number = number(&self.number);
        let problems = Problems {
            number: number.as_ref().err().copied(),
            expiry: expiry(&self.expiry, now).err(),
            cvc: cvc(&self.cvc).err(),
        };
        match number {
            Ok(card) if problems == Problems::default() => Ok(card),
            _ => Err(problems),
        }
    }
}

fn number(text: &str) -> Result<(Behaviour, String), CardProblem> {
    if text.is_empty() {
        return Err(CardProblem::Required);
    }
    let digits: String = text.chars().filter(|letter| !matches!(letter, ' ' | '-' | '\u{a0}')).collect();
    if !(12..=19).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(CardProblem::Malformed);
    }
    if !luhn(&digits) {
        return Err(CardProblem::Mistyped);
    }
    let known = CARDS.iter().find(|(card, _)| card.replace(' ', "") == digits);
    let (_, behaviour) = known.ok_or(CardProblem::NotATestCard)?;
    Ok((*behaviour, digits.chars().skip(digits.len().saturating_sub(4)).collect()))
}

/// The check digit of card numbers: every second digit from the right counts twice.
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .zip([false, true].into_iter().cycle())
        .map(|(byte, twice)| {
            let digit = u32::from(byte.saturating_sub(b'0'));
            match (twice, digit) {
                (false, digit) => digit,
                (true, digit) if digit > 4 => digit * 2 - 9,
                (true, digit) => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

fn expiry(text: &str, now: DateTime<Utc>) -> Result<(), CardProblem> {
    if text.is_empty() {
        return Err(CardProblem::Required);
    }
    let digits: String = text.chars().filter(|letter| !matches!(letter, ' ' | '/' | '-' | '.')).collect();
    if !matches!(digits.len(), 4 | 6) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(CardProblem::Malformed);
    }
    let (month, year) = digits.split_at(2);
    let month: u32 = month.parse().map_err(|_| CardProblem::Malformed)?;
    let year: i32 = year.parse().map_err(|_| CardProblem::Malformed)?;
    let year = if year < 100 { 2000 + year } else { year };
    if !(1..=12).contains(&month) || year > now.year() + 50 {
        return Err(CardProblem::Malformed);
    }
    // A card works to the end of its month.
    if (year, month) < (now.year(), now.month()) { Err(CardProblem::Expired) } else { Ok(()) }
}

fn cvc(text: &str) -> Result<(), CardProblem> {
    match text.len() {
        0 => Err(CardProblem::Required),
        3 | 4 if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(()),
        _ => Err(CardProblem::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-21T12:00:00Z".parse().expect("a time")
    }

    #[test]
    fn test_cards_do_what_the_page_says() {
        for (number, behaviour) in CARDS {
            let typed = Typed::new(number, "11 / 26", "123");
            assert_eq!(typed.check(now()).map(|(found, _)| found), Ok(behaviour), "{number}");
        }
        let (_, last) = Typed::new("4242424242424242", "12/2030", "1234").check(now()).expect("a card");
        assert_eq!(last, "4242");
    }

    #[test]
    fn a_kept_card_does_at_renewals_what_its_number_says() {
        let told = |last: &str, charges| declines_alone(&format!("Visa •• {last}"), charges);
        assert_eq!((told("4242", 0), told("0341", 5)), (None, None));
        assert_eq!(
            (told("0119", 0), told("0119", 1), told("0119", 2)),
            (Some("card_declined"), None, Some("card_declined"))
        );
        assert_eq!((told("9995", 0), told("9995", 7)), (Some("insufficient_funds"), Some("insufficient_funds")));
        assert_eq!((told("3155", 0), told("1111", 0)), (Some("authentication_required"), Some("card_declined")));
    }

    #[test]
    fn every_problem_is_named_at_its_field() {
        let problems = Typed::new("", "", "").check(now()).expect_err("nothing typed");
        let required = Some(CardProblem::Required);
        assert_eq!(problems, Problems { number: required, expiry: required, cvc: required });
        for (text, problem) in [
            ("4242 4242 4242 4241", CardProblem::Mistyped),
            ("5555 5555 5555 4444", CardProblem::NotATestCard),
            ("4242", CardProblem::Malformed),
            ("4242 4242 4242 424x", CardProblem::Malformed),
            ("４２４２４２４２４２４２４２４２", CardProblem::Malformed),
        ] {
            let problems = Typed::new(text, "12/30", "123").check(now()).expect_err(text);
            assert_eq!(problems.number, Some(problem), "{text}");
        }
        for (text, problem) in [
            ("10/26", CardProblem::Expired),
            ("13/30", CardProblem::Malformed),
            ("00/30", CardProblem::Malformed),
            ("12/99", CardProblem::Malformed),
            ("1/30", CardProblem::Malformed),
        ] {
            let problems = Typed::new(CARDS[0].0, text, "123").check(now()).expect_err(text);
            assert_eq!(problems.expiry, Some(problem), "{text}");
        }
        for text in ["12", "12345", "abc", "１２３"] {
            let problems = Typed::new(CARDS[0].0, "12/30", text).check(now()).expect_err(text);
            assert_eq!(problems.cvc, Some(CardProblem::Malformed), "{text}");
        }
    }
}
