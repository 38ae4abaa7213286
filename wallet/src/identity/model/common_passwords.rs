//! What is refused as a password: too short, among the commonest, or made of what everybody knows about its owner.

use std::collections::HashSet;
use std::io::Read;
use std::sync::LazyLock;

use crate::error::Problem;
use crate::identity::model::person::{PASSWORD_MAX, PASSWORD_MIN};

/// The 20 000 commonest passwords, a line each, in small letters. See `wallet/data/README.md`.
const LIST: &[u8] = include_bytes!("../../../data/common-passwords.txt.gz");

/// Common ones that the list lacks, since those who made it type Latin letters.
const MORE: [&str; 10] = [
    "йцукенгш",
    "йцукенгшщзхъ",
    "пароль123",
    "парольпароль",
    "qwerty12345",
    "1q2w3e4r5t6y",
    "password12345",
    "correcthorsebatterystaple",
    "фывапролдж",
    "ячсмитьбю",
];

/// The list, unpacked when the first password is checked.
static COMMON: LazyLock<HashSet<Box<str>>> = LazyLock::new(|| {
    let mut text = String::new();
    if let Err(error) = flate2::read::GzDecoder::new(LIST).read_to_string(&mut text) {
        tracing::error!(%error, "the list of common passwords can't be unpacked");
    }
    text.lines().chain(MORE).map(|line| line.trim().into()).collect()
});

/// Checks a password by itself: its length, and that it is not a common one.
pub(crate) fn check_password(password: &str) -> Result<(), Problem> {
    let length = password.chars().count();
    if length == 0 {
        return Err(Problem::Required);
    }
    if length < PASSWORD_MIN {
        return Err(Problem::TooShort);
    }
    if length > PASSWORD_MAX {
        return Err(Problem::TooLong);
    }
    let lower = password.trim().to_lowercase();
    let one_character = lower.chars().all(|character| lower.starts_with(character));
    if one_character || COMMON.contains(lower.as_str()) { Err(Problem::TooCommon) } else { Ok(()) }
}

/// Checks the password of a person: also that it is not made of the own address or of the product's name.
pub(crate) fn check_password_of(password: &str, email_key: &str, product: &str) -> Result<(), Problem> {
    check_password(password)?;
    let lower = password.to_lowercase();
    if !email_key.is_empty() && lower.contains(email_key) {
        return Err(Problem::TooCommon);
    }
    let core = core_of(&lower);
    let (local, domain) = email_key.split_once('@').unwrap_or((email_key, ""));
    let host = domain.split('.').next().unwrap_or_default();
    let known = [local, local.split('+').next().unwrap_or_default(), domain, host, product, "scrip"];
    let is_known = known.into_iter().map(|word| core_of(&word.to_lowercase())).any(|word| is_made_of(&core, &word));
    if is_known { Err(Problem::TooCommon) } else { Ok(()) }
}

/// Keeps the letters of a text and what stands between them: `!anna.berg2024` is `annaberg`.
fn core_of(text: &str) -> String {
    let digits_and_signs = |letter: char| !letter.is_alphabetic();
    let inside = text.trim_matches(digits_and_signs);
    let inside = if inside.is_empty() { text } else { inside };
    inside.chars().filter(|letter| letter.is_alphanumeric()).collect()
}

/// Says whether a text is a word, once or several times.
fn is_made_of(text: &str, word: &str) -> bool {
    !word.is_empty() && !text.is_empty() && text.replace(word, "").is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_long_and_unpacks() {
        // Some lines differ by the blanks at their ends only.
        assert!(COMMON.len() >= 19_000, "{}", COMMON.len());
    }

    #[test]
    fn passwords_have_a_length_and_are_not_common() {
        assert_eq!(check_password(""), Err(Problem::Required));
        assert_eq!(check_password("short"), Err(Problem::TooShort));
        assert_eq!(check_password(&"x1".repeat(101)), Err(Problem::TooLong));
        for common in [
            "PassWord",
            "zzzzzzzzzzz",
            "12345678",
            "Qwerty123",
            " iloveyou ",
            "trustno1",
            "йцукенгш",
            "metallica",
            "1q2w3e4r",
        ] {
            assert_eq!(check_password(common), Err(Problem::TooCommon), "{common}");
        }
        for fine in ["пароль из слов", "correct horse battery", "scrip-demo-user"] {
            assert_eq!(check_password(fine), Ok(()), "{fine}");
        }
    }

    #[test]
    fn a_password_is_not_what_everybody_knows() {
        let check = |password: &str| check_password_of(password, "anna.bergman+shop@harborpine.example", "NeuralBox");
        for known in [
            "anna.bergman",
            "AnnaBergman",
            "annabergman2024!",
            "anna.bergman+shop@harborpine.example",
            "x anna.bergman+shop@harborpine.example x",
            "Harborpine1",
            "neuralbox",
            "NeuralBox2026",
            "neuralboxneuralbox",
            "scripscrip",
            "!!scrip!!",
        ] {
            assert_eq!(check(known), Err(Problem::TooCommon), "{known}");
        }
        for fine in ["anna likes harbours", "neural horse battery", "scrip-demo-user"] {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
        assert_eq!(check_password_of("12345678901234", "1@b.cc", "Box"), Ok(()));
    }
}
