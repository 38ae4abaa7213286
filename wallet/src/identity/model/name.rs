//! The one rule of names: whatever a person, key, budget, webhook or project is called goes into mails and tables.

#[cfg(feature = "postgres")]
use crate::error::FieldError;
use crate::error::Problem;

/// The most characters of a name.
pub const NAME_MAX: usize = 100;

/// Reads a name: trimmed, not longer than [`NAME_MAX`], without links and without characters that can't be seen.
pub(crate) fn check_name(text: &str) -> Result<String, Problem> {
    let name = text.trim();
    if name.is_empty() {
        return Err(Problem::Required);
    }
    check_label(name)?;
    Ok(name.to_owned())
}

/// Checks what may also be empty, such as a description, by the rule of names.
pub(crate) fn check_label(text: &str) -> Result<(), Problem> {
    if text.chars().count() > NAME_MAX {
        return Err(Problem::TooLong);
    }
    if text.chars().any(is_unseen) || has_loose_selector(text) || text.trim_start().starts_with(is_mark) {
        return Err(Problem::HasHidden);
    }
    if text.split_whitespace().any(is_link) { Err(Problem::HasLink) } else { Ok(()) }
}

/// Makes a name of the part of an address before the `@`, for a person who gives none.
#[cfg(any(feature = "postgres", test))]
#[must_use]
pub(crate) fn name_of_address(local: &str) -> String {
    let words: Vec<&str> =
        local.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "User".to_owned() } else { words.join(" ") }
}

/// Says whether a character can't be seen, or changes how its neighbours are read: controls, line and paragraph
/// separators, directions, joiners, fillers, tags, noncharacters.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fdd0}'..='\u{fdef}'
                | '\u{fe00}'..='\u{fe0e}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffc}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{16fe4}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d159}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Asks for the coloured form of the sign before it, as in `❤️`; by itself it can't be seen.
const COLOURED: char = '\u{fe0f}';
/// Puts the digit before it on a key, as in `1️⃣`.
const ON_A_KEY: char = '\u{20e3}';

/// Says whether a text asks for a coloured form where there is no sign that has one.
fn has_loose_selector(text: &str) -> bool {
    let mut before = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == COLOURED {
            let fits = match before {
                None | Some(COLOURED) => false,
                Some('0'..='9' | '#' | '*') => letters.peek() == Some(&ON_A_KEY),
                Some(sign) => !sign.is_alphanumeric() && !sign.is_whitespace() && !sign.is_ascii() && !is_mark(sign),
            };
            if !fits {
                return true;
            }
        }
        before = Some(letter);
    }
    false
}

/// Says whether a character is drawn onto the one before it.
fn is_mark(letter: char) -> bool {
    matches!(
        letter,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{3099}'..='\u{309a}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Says whether a mail program or a reader would take a word for an address to open.
fn is_link(word: &str) -> bool {
    let lower = word.to_lowercase();
    // Dots and slashes that browsers read as such.
    let plain: String = lower
        .chars()
        .map(|letter| match letter {
            '\u{3002}' | '\u{ff0e}' | '\u{ff61}' | '\u{2024}' => '.',
            '\u{ff0f}' | '\u{2044}' | '\u{2215}' => '/',
            '\u{ff1a}' | '\u{2236}' => ':',
            other => other,
        })
        .collect();
    let schemes = ["http:", "https:", "ftp:", "mailto:", "javascript:", "data:", "tel:"];
    if plain.contains("://") || plain.contains("www.") || schemes.iter().any(|scheme| plain.contains(scheme)) {
        return true;
    }
    let pieces = plain.split(|letter: char| !(letter.is_alphanumeric() || "-_.@/:".contains(letter)));
    has_domain(&plain) || pieces.into_iter().any(is_number_address)
}

/// Says whether a word has a dot between a letter or digit and two letters or more: `evil.com`, `x.ai`,
/// `www.приз.рф/x`.
///
/// Which of them are domains changes every month, so all count as such. Initials (`J.R.`) and versions (`v1.2`) do not.
fn has_domain(word: &str) -> bool {
    let pieces: Vec<&str> = word.split('.').collect();
    pieces.windows(2).any(
        |pair| matches!(pair, [before, after] if before.ends_with(char::is_alphanumeric) && begins_with_two(after)),
    )
}

/// Says whether a text begins with two letters or more, and no digit behind them.
fn begins_with_two(text: &str) -> bool {
    let letters = text.chars().take_while(|letter| letter.is_alphabetic()).count();
    letters >= 2 && !text.chars().nth(letters).is_some_and(char::is_numeric)
}

/// Says whether a piece of a word is an address in numbers with what follows it: `10.0.0.1/x`, `10.0.0.1:80`.
fn is_number_address(piece: &str) -> bool {
    let Some((host, _)) = piece.split_once(['/', ':']) else { return false };
    let host = host.rsplit('@').next().unwrap_or_default();
    host.split('.').count() == 4 && host.split('.').all(|part| part.parse::<u8>().is_ok())
}

/// Says what is wrong with a name.
#[cfg(feature = "postgres")]
pub(crate) fn name_error(problem: Problem) -> FieldError {
    name_error_at("name", problem)
}

/// Says what is wrong with a text that the rule of names holds for, at its own field.
#[cfg(feature = "postgres")]
pub(crate) fn name_error_at(field: &str, problem: Problem) -> FieldError {
    let message = match problem {
        Problem::Required => "Enter a name.",
        Problem::TooLong => "Use at most 100 characters.",
        Problem::HasLink => "Remove links and addresses, and put a space after a dot.",
        Problem::HasHidden => "Remove invisible characters and those that change the direction of text.",
        _ => "Use letters, digits and signs only.",
    };
    FieldError::new(field, problem, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_keys_and_firms_are_names() {
        for name in [
            "Anna",
            " Jean-Luc O’Neill ",
            "Анна-Мария Ёлкина",
            "J. R. R. Tolkien",
            "Acme Inc.",
            "A/B test 1.5",
            "v1.2/blue",
            "Release 1.2.3.4",
            "CI: nightly",
            "key #7 (prod)",
            "50 % off",
            "Größe & Söhne",
            "日本語の鍵",
            "J.R. Smith",
            "J.R.R. T.",
            "St. Petersburg",
            "Wait... what",
            "3.5mm",
            "1.x",
            "❤",
            "❤\u{fe0f} team",
            "step 1\u{fe0f}\u{20e3}",
            "Ame\u{301}lie",
        ] {
            assert_eq!(check_name(name).as_deref(), Ok(name.trim()), "{name}");
        }
        assert_eq!(check_name("  "), Err(Problem::Required));
        assert_eq!(check_name(&"x".repeat(101)), Err(Problem::TooLong));
        assert_eq!(check_label(""), Ok(()));
    }

    #[test]
    fn links_are_no_names() {
        for name in [
            "http://evil.example",
            "Win at HTTPS://evil",
            "www.evil.example",
            "see WWW.Evil",
            "evil.com",
            "Hello evil.ru now",
            "(evil.com)",
            "evil.example/prize",
            "support@evil.com",
            "evil.com:8080",
            "10.0.0.1/x",
            "evil。com",
            "evil．com／x",
            "приз.рф",
            "evil.xn--p1ai",
            "mailto:a",
            "javascript:alert(1)",
            "Click—evil.com—now",
            "evil.fun",
            "Win evil.casino",
            "evil.zip",
            "evil.cfd now",
            "x.be",
            "1.vn",
            "evil.museum",
            "evil.भारत",
            "evil.com.5",
            "evil.com_",
            "evil.com-x",
            "a_b.today",
            "node.js",
        ] {
            assert_eq!(check_name(name), Err(Problem::HasLink), "{name}");
        }
    }

    #[test]
    fn what_can_not_be_seen_is_no_name() {
        for hidden in [
            "\0",
            "\u{7}",
            "\r\n",
            "\u{85}",
            "\u{200b}",
            "\u{200d}",
            "\u{200e}",
            "\u{202e}",
            "\u{2066}",
            "\u{2060}",
            "\u{feff}",
            "\u{ad}",
            "\u{2028}",
            "\u{61c}",
            "\u{e0041}",
            "\u{3164}",
        ] {
            assert_eq!(check_name(&format!("An{hidden}na")), Err(Problem::HasHidden), "{hidden:?}");
        }
        for text in
            ["\u{fe0f}", "\u{fe0f}\u{fe0f}", "An\u{fe0f}na", "Anna \u{fe0f}", "1\u{fe0f}", "\u{301}", " \u{20e3}"]
        {
            assert_eq!(check_name(text), Err(Problem::HasHidden), "{text:?}");
        }
    }

    #[test]
    fn an_address_gives_a_name_that_is_one() {
        for (local, name) in
            [("anna.berg", "anna berg"), ("a+shop", "a shop"), ("evil.com", "evil com"), ("...", "User")]
        {
            assert_eq!(name_of_address(local), name);
            assert!(check_name(name).is_ok());
        }
    }
}
