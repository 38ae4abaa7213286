//! The name of the unit: credits, tokens, C; with its plural forms in each language.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::money::Credits;

/// The name of the unit that a wallet counts in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitName {
    /// The name in the API: `tokens`.
    pub code: String,
    /// The plural forms by language (`en`, `ru`).
    pub forms: BTreeMap<String, PluralForms>,
    /// One sentence that says what the unit is not (an LLM's tokens), by language; may be empty.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub note: BTreeMap<String, String>,
}

/// The plural forms of one language, by the CLDR's names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluralForms {
    /// 1 credit; 21 кредит.
    pub one: String,
    /// 2 кредита.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub few: Option<String>,
    /// 5 кредитов.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub many: Option<String>,
    /// Everything else: 2 credits; 1.5 кредита.
    pub other: String,
}

impl UnitName {
    /// Gives the word that stands beside an amount in a language; English where the language is not known.
    #[must_use]
    pub fn word(&self, language: &str, amount: Credits) -> &str {
        let forms = self.forms.get(language).or_else(|| self.forms.get("en")).or_else(|| self.forms.values().next());
        let Some(forms) = forms else { return &self.code };
        let micros = amount.micros().unsigned_abs();
        let whole = if micros.is_multiple_of(1_000_000) { Some(micros / 1_000_000) } else { None };
        match (language, whole) {
            ("ru", Some(number)) => forms.russian(number),
            (_, Some(1)) => &forms.one,
            _ => &forms.other,
        }
    }
}

impl PluralForms {
    /// The CLDR's rule for Russian whole numbers.
    fn russian(&self, number: u64) -> &str {
        let form = match (number % 10, number % 100) {
            (1, tens) if tens != 11 => Some(&self.one),
            (2..=4, tens) if !(12..=14).contains(&tens) => self.few.as_ref(),
            _ => self.many.as_ref(),
        };
        form.unwrap_or(&self.other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_the_number() {
        let forms = |one: &str, few: Option<&str>, many: Option<&str>, other: &str| PluralForms {
            one: one.into(),
            few: few.map(Into::into),
            many: many.map(Into::into),
            other: other.into(),
        };
        let unit = UnitName {
            code: "tokens".into(),
            forms: BTreeMap::from([
                ("en".into(), forms("token", None, None, "tokens")),
                ("ru".into(), forms("токен", Some("токена"), Some("токенов"), "токена")),
            ]),
            note: BTreeMap::new(),
        };
        let of = |language: &str, text: &str| unit.word(language, text.parse().expect("an amount")).to_owned();
        for (amount, english, russian) in [
            ("0", "tokens", "токенов"),
            ("1", "token", "токен"),
            ("2", "tokens", "токена"),
            ("5", "tokens", "токенов"),
            ("11", "tokens", "токенов"),
            ("21", "tokens", "токен"),
            ("-1", "token", "токен"),
            ("1.5", "tokens", "токена"),
            ("112", "tokens", "токенов"),
        ] {
            assert_eq!((of("en", amount).as_str(), of("ru", amount).as_str()), (english, russian), "{amount}");
        }
        assert_eq!(of("fr", "2"), "tokens");
    }
}
