//! Rules of the texts that people read: `app/locales`. CONTRIBUTING.md says how they are written.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell;

/// The forms of a text with a number.
const FORMS: [&str; 4] = ["_one", "_few", "_many", "_other"];

/// Words that texts must not have, in lower case, and the ones that they have.
const RETIRED: [(&str, &str); 10] = [
    ("e-mail", "email"),
    ("somebody", "someone, or who it is"),
    ("anybody", "anyone"),
    ("rehears", "simulation"),
    ("please", "nothing"),
    ("прейскурант", "прайс-лист"),
    ("котировк", "расчёт"),
    ("репетиц", "симуляция"),
    ("задани", "задача"),
    ("пожалуйста", "nothing"),
];

/// A language's texts by their keys: `wallet.title`.
type Texts = BTreeMap<String, String>;

/// Finds what is wrong with the texts, given the sources that name them.
pub fn wrong_texts(sources: &str) -> Result<Vec<String>> {
    let (english, russian) = (read("en")?, read("ru")?);
    let mut wrong = unused(&english, sources);
    wrong.extend(without_forms(&russian));
    for (language, texts) in [("en", &english), ("ru", &russian)] {
        wrong.extend(retired(language, texts));
    }
    for (key, text) in &english {
        let differs = |other: &String| placeholders(text) != placeholders(other);
        if russian.get(key).is_some_and(differs) {
            wrong.push(format!("{key}: other values in English than in Russian"));
        }
    }
    Ok(wrong)
}

fn read(language: &str) -> Result<Texts> {
    let file = shell::root().join(format!("app/locales/{language}.json"));
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let mut texts = Texts::new();
    collect("", &serde_json::from_str(&text)?, &mut texts);
    Ok(texts)
}

fn collect(key: &str, value: &Value, texts: &mut Texts) {
    match value {
        Value::Object(parts) => {
            for (name, part) in parts {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                collect(&key, part, texts);
            }
        }
        other => {
            texts.insert(key.to_owned(), other.as_str().unwrap_or_default().to_owned());
        }
    }
}

/// The keys that no source names.
fn unused(texts: &Texts, sources: &str) -> Vec<String> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let names: BTreeSet<&str> = sources.split(|c| !in_name(c)).map(|name| name.trim_matches('.')).collect();
    let is_unused = |key: &&String| !names.contains(key.as_str()) && !names.contains(stem(key));
    texts.keys().filter(is_unused).map(|key| format!("{key}: no source names this text")).collect()
}

/// The Russian texts with a number that lack a form of it: one, few, many or fractions.
fn without_forms(texts: &Texts) -> Vec<String> {
    let has = |stem: &str, form: &str| texts.contains_key(&format!("{stem}{form}"));
    let counted = texts.keys().filter_map(|key| key.strip_suffix("_other")).filter(|stem| has(stem, "_one"));
    let lacking = counted.filter(|stem| FORMS.iter().any(|form| !has(stem, form)));
    lacking.map(|stem| format!("{stem}: not every form in Russian")).collect()
}

fn retired(language: &str, texts: &Texts) -> Vec<String> {
    let breach = |(key, text): (&String, &String)| {
        let text = text.to_lowercase();
        let (word, better) = RETIRED.iter().find(|(word, _)| text.contains(word))?;
        Some(format!("{key} ({language}): say {better}, not “{word}”"))
    };
    texts.iter().filter_map(breach).collect()
}

/// A key without the form of its number.
fn stem(key: &str) -> &str {
    FORMS.iter().find_map(|form| key.strip_suffix(form)).unwrap_or(key)
}

/// The values that a text has places for.
fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pairs: &[(&str, &str)]) -> Texts {
        pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_text_that_no_source_names_is_found() {
        let texts = texts(&[("wallet.title", ""), ("wallet.days_one", ""), ("wallet.old", "")]);
        let wrong = unused(&texts, "t!(i18n, wallet.title) t_string!(i18n, wallet.days, count = 1) wallet.older");
        assert_eq!(wrong, ["wallet.old: no source names this text"]);
    }

    #[test]
    fn a_form_that_is_missing_is_found() {
        let some = texts(&[("a.b_one", ""), ("a.b_few", ""), ("a.b_other", "")]);
        assert_eq!(without_forms(&some).len(), 1);
        let all = texts(&[("a.b_one", ""), ("a.b_few", ""), ("a.b_many", ""), ("a.b_other", ""), ("a.an_other", "")]);
        assert!(without_forms(&all).is_empty());
    }

    #[test]
    fn a_retired_word_is_found_in_any_case() {
        assert_eq!(retired("en", &texts(&[("a.b", "Somebody left")])).len(), 1);
        assert!(retired("ru", &texts(&[("a.b", "Прайс-лист 2")])).is_empty());
    }

    #[test]
    fn values_are_compared_in_any_order() {
        assert_eq!(placeholders("{{ a }} of {{b}}"), placeholders("{{b}} из {{ a }}"));
        assert_ne!(placeholders("{{ a }}"), placeholders("a"));
    }
}
