//! The table of what proves payments: each test that it names is there.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::shell;

/// Where the table is.
const DOCUMENT: &str = "docs/PAYMENTS.md";
/// The heading above it.
const HEADING: &str = "## What proves it";
/// How many criteria there are.
const CRITERIA: usize = 40;

/// Finds what is wrong with the table: a criterion that is missing, a test that no file has.
pub fn breaches() -> Result<Vec<String>> {
    let text = std::fs::read_to_string(shell::root().join(DOCUMENT))?;
    let text = text.split_once(HEADING).map_or("", |(_, rest)| rest);
    let mut breaches = missing_criteria(text);
    for (file, name) in tests(text) {
        let found = std::fs::read_to_string(shell::root().join(&file));
        match found {
            Err(_) => breaches.push(format!("{DOCUMENT}: there is no {file}")),
            Ok(source) if !has(&source, &name) => breaches.push(format!("{DOCUMENT}: {file} has no `{name}`")),
            Ok(_) => {}
        }
    }
    Ok(breaches)
}

fn missing_criteria(text: &str) -> Vec<String> {
    let has_row = |number: &usize| text.lines().any(|line| line.starts_with(&format!("| {number} | ")));
    let missing = (1..=CRITERIA).filter(|number| !has_row(number));
    missing.map(|number| format!("{DOCUMENT}: criterion {number} is not in the table")).collect()
}

/// Lists the tests that the text names, each by its file and name. The first part of a path stands for a folder that the
/// text lists before.
fn tests(text: &str) -> Vec<(String, String)> {
    let mut folders = BTreeMap::new();
    for line in text.lines() {
        if let Some((short, folder)) = line.strip_prefix("- `").and_then(|line| line.split_once("`: ")) {
            folders.insert(short, folder.trim());
        }
    }
    let named = text.split('`').skip(1).step_by(2).filter_map(|code| code.split_once("::"));
    let whole = |(path, name): (&str, &str)| {
        let (short, rest) = path.split_once('/').unwrap_or((path, ""));
        (format!("{}/{rest}", folders.get(short).copied().unwrap_or(short)), name.to_owned())
    };
    named.map(whole).collect()
}

/// Says whether a file has a test or a function of a name.
fn has(source: &str, name: &str) -> bool {
    [format!("fn {name}("), format!("def {name}("), format!("test('{name}'")].iter().any(|way| source.contains(way))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_table_names_is_read_with_its_folder() {
        let text = "- `real`: server/tests\n\n| 1 | x | `real/a.rs::b`, `c` and `d/e.ts::it: buys` |";
        let named = tests(text);
        assert_eq!(named[0], ("server/tests/a.rs".to_owned(), "b".to_owned()));
        assert_eq!(named[1], ("d/e.ts".to_owned(), "it: buys".to_owned()));
        assert_eq!(named.len(), 2);
        assert_eq!(missing_criteria(text).len(), CRITERIA - 1);
    }

    #[test]
    fn a_name_is_found_however_its_language_says_it() {
        assert!(has("async fn a_b(pool: PgPool) {", "a_b"));
        assert!(has("def check(line):", "check"));
        assert!(has("test('no event ever comes: the way back asks', async", "no event ever comes: the way back asks"));
        assert!(!has("fn a_bc() {}", "a_b"));
    }
}
