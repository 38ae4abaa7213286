//! Rules of the house that no compiler knows: texts, imports, names, lengths of files, and what crates need.
//!
//! ARCHITECTURE.md gives the reasons; what may import what is in [`imports`], which words names must not have in
//! [`names`], how texts for people must be in [`texts`], which tests a document names in [`proofs`]. Rules about methods
//! are clippy's (clippy.toml); here is what it can't say: rules for some files of a crate, for SQL, views and tests, and
//! for what a crate needs indirectly (`cargo deny` could ban crates, but `cargo tree` says the same without another tool
//! to install).

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, bail};

use crate::setup::WASM;
use crate::{imports, names, proofs, shell, texts};

/// A crate must do without others, also indirectly.
struct Absence {
    why: &'static str,
    tree: &'static [&'static str],
    absent: &'static [&'static str],
}

const ABSENCES: [Absence; 6] = [
    Absence {
        why: "the wallet knows nothing of the web",
        tree: &["--package", "wallet", "--features", "postgres"],
        absent: &["axum", "axum-core", "leptos", "http", "hyper", "reqwest", "tower", "tower-http", "server_fn"],
    },
    Absence {
        why: "the wallet without features is pure",
        tree: &["--package", "wallet"],
        absent: &["sqlx", "sqlx-core", "tokio", "argon2", "rand", "tracing"],
    },
    Absence {
        why: "app knows no database",
        tree: &["--package", "app", "--features", "ssr", "--depth", "1"],
        absent: &["sqlx", "sqlx-core", "graphile_worker"],
    },
    Absence {
        why: "the browser gets nothing of the server",
        tree: &["--package", "frontend", "--target", WASM],
        absent: &["sqlx", "sqlx-core", "tokio", "axum", "chrono-tz", "server"],
    },
    Absence {
        why: "the stand-ins of payment providers are test code",
        tree: &["--package", "server"],
        absent: &["doubles"],
    },
    Absence {
        why: "one TLS provider, ring: with two of them the process panics",
        tree: &["--workspace"],
        absent: &["aws-lc-rs", "openssl", "openssl-sys", "native-tls"],
    },
];

/// Some text must not stand in some files.
struct Rule {
    why: &'static str,
    folders: &'static [&'static str],
    extensions: &'static [&'static str],
    /// Files that may: the end of their path, or a folder in it.
    except: &'static [&'static str],
    /// Lines that may: some of their text.
    unless: &'static [&'static str],
    /// What must not stand there: whole words, or with `*` what begins so.
    text: &'static [&'static str],
}

/// What most rules have in common.
const RUST: Rule = Rule { why: "", folders: &[], extensions: &["rs"], except: &[], unless: &[], text: &[] };

/// Folders with source code.
const SOURCES: [&str; 7] = ["wallet", "app", "server", "xtask", "bench", "frontend", "end2end"];

const RULES: [Rule; 8] = [
    Rule {
        why: "SQL is only in the wallet's repo, db and idempotency files",
        folders: &["wallet/src", "app/src", "server/src"],
        except: &["/repo.rs", "/repo/", "wallet/src/db.rs", "wallet/src/idempotency.rs", "/tests.rs", "/tests/"],
        text: &["sqlx::query*", "query!(", "query_as!(", "query_scalar!(", "raw_sql("],
        ..RUST
    },
    Rule {
        why: "NOTIFY takes a lock that all commits share",
        folders: &["wallet/src", "server/src", "migrations"],
        extensions: &["rs", "sql"],
        text: &["pg_notify", "NOTIFY "],
        ..RUST
    },
    Rule {
        // Clippy's `disallowed_types` would also refuse what serde derives.
        why: "amounts are integers",
        folders: &["wallet/src"],
        // Refuses a number with a point in a file.
        unless: &["fn visit_f64"],
        text: &["f32", "f64"],
        ..RUST
    },
    Rule {
        why: "Leptos writes the inside of a text area as it is, so that a text could end it: `TextArea` makes all of them",
        folders: &["app/src"],
        except: &["app/src/components/ui/field.rs"],
        text: &["<textarea"],
        ..RUST
    },
    Rule {
        why: "no test is left out",
        folders: &["wallet", "app", "server", "xtask", "bench", "frontend"],
        except: &["xtask/src/layers.rs"],
        text: &["#[ignore"],
        ..RUST
    },
    Rule {
        why: "no browser test is left out, repeated until it passes, or waits by the clock",
        folders: &["end2end"],
        extensions: &["ts"],
        text: &["test.skip(", "describe.skip(", "test.only(", "describe.only(", "test.fixme(", "waitForTimeout("],
        ..RUST
    },
    Rule {
        why: "nothing is left to be done",
        folders: &SOURCES,
        extensions: &["rs", "ts", "sql"],
        except: &["xtask/src/layers.rs"],
        text: &["TODO", "FIXME"],
        ..RUST
    },
    Rule {
        why: "pages are drawn by the server alone: handlers and effects live in islands",
        folders: &["app/src/pages", "app/src/components"],
        text: &["#[island]", "on:click", "on:change", "on:input", "Effect::new", "NodeRef", "#[server"],
        ..RUST
    },
];

/// How long a source file may be, in lines.
const LINES_MAX: usize = 600;

/// Rules and layers.
pub fn check() -> Result<()> {
    rules()?;
    shell::say("Layers");
    let mut breaches = Vec::new();
    for absence in &ABSENCES {
        let there = dependencies(absence.tree)?;
        for name in absence.absent.iter().filter(|name| there.contains(**name)) {
            breaches.push(format!("`{name}` in `cargo tree {}`: {}", absence.tree.join(" "), absence.why));
        }
    }
    report(&breaches)?;
    shell::run(shell::cargo().args(["check", "--quiet", "--package", "wallet", "--target", WASM]))
}

/// The rules about text; they take no time.
pub fn rules() -> Result<()> {
    let mut breaches = Vec::new();
    for rule in &RULES {
        for folder in rule.folders {
            for file in shell::files(&shell::root().join(folder))? {
                breaches.extend(rule.breaches(&file)?);
            }
        }
    }
    let mut sources = String::new();
    for folder in ["wallet/src", "server/src", "app/src"] {
        for file in shell::files(&shell::root().join(folder))? {
            if file.extension().is_some_and(|extension| extension == "rs") {
                let (name, text) = (near(&file), std::fs::read_to_string(&file)?);
                breaches.extend(imports::wrong_imports(&name, &text));
                breaches.extend(names::retired(&name, &text));
                if folder != "wallet/src" {
                    sources.push_str(&text);
                }
            }
        }
    }
    breaches.extend(texts::wrong_texts(&sources)?);
    breaches.extend(proofs::breaches()?);
    for folder in SOURCES {
        for file in shell::files(&shell::root().join(folder))? {
            if file.extension().is_some_and(|extension| extension == "rs" || extension == "ts") {
                let lines = std::fs::read_to_string(&file)?.lines().count();
                if lines > LINES_MAX {
                    breaches.push(format!("{}: {lines} lines, more than {LINES_MAX}", near(&file)));
                }
            }
        }
    }
    report(&breaches)
}

impl Rule {
    fn breaches(&self, file: &Path) -> Result<Vec<String>> {
        let name = near(file);
        let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if !self.extensions.contains(&extension) || self.except.iter().any(|except| name.contains(except)) {
            return Ok(Vec::new());
        }
        let text = std::fs::read_to_string(file)?;
        let breach = |(number, line): (usize, &str)| {
            let found = self.text.iter().find(|text| has_word(line, text))?;
            if self.unless.iter().any(|unless| line.contains(unless)) {
                return None;
            }
            Some(format!("{name}:{}: `{}`: {}", number + 1, found.trim(), self.why))
        };
        Ok(text.lines().enumerate().filter_map(breach).collect())
    }
}

/// Whether a line has some text that is not part of a longer word; of a text that ends with `*` only its beginning
/// counts.
fn has_word(line: &str, text: &str) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    let is_prefix = text.ends_with('*');
    let text = text.trim_end_matches('*');
    let starts_word = text.starts_with(in_word);
    let ends_word = text.ends_with(in_word) && !is_prefix;
    line.match_indices(text).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(in_word);
        let after = line[at + text.len()..].chars().next().is_some_and(in_word);
        !(starts_word && before || ends_word && after)
    })
}

/// The names of all crates that a choice of packages needs when it runs.
fn dependencies(tree: &[&str]) -> Result<BTreeSet<String>> {
    let mut cargo = shell::cargo();
    cargo.args(["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}"]).args(tree);
    let text = shell::output(&mut cargo)?;
    Ok(text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}

fn report(breaches: &[String]) -> Result<()> {
    if breaches.is_empty() {
        return Ok(());
    }
    bail!("rules of the house are broken:\n  {}", breaches.join("\n  "))
}

fn near(file: &Path) -> String {
    file.strip_prefix(shell::root()).unwrap_or(file).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_whole_words_only() {
        assert!(has_word("let x: f64 = 0.0;", "f64"));
        assert!(!has_word("let leaf64 = 1;", "f64"));
        assert!(!has_word("f64s", "f64"));
        for line in
            ["sqlx::query(", "sqlx::query_as!(", "sqlx::query_scalar::<_, i64>(", "sqlx::query_as(", "sqlx::query!("]
        {
            assert!(has_word(line, "sqlx::query*"), "{line}");
        }
        assert!(!has_word("my_sqlx::query(", "sqlx::query*"));
        assert!(!has_word("my_query!(x)", "query!("));
    }

    #[test]
    fn the_house_keeps_its_rules() {
        rules().unwrap();
    }

    #[test]
    fn a_breach_names_its_file_and_line() {
        let file = std::env::temp_dir().join(format!("scrip-layers-{}.rs", std::process::id()));
        std::fs::write(&file, "fn a() {}\n#[ignore]\n").unwrap();
        let rule = RULES.iter().find(|rule| rule.text.contains(&"#[ignore")).unwrap();
        let breaches = rule.breaches(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(breaches.len(), 1);
        assert!(breaches[0].contains(":2: `#[ignore`: no test is left out"), "{breaches:?}");
    }
}
