//! Words that names must not have, since the field has a better one. docs/GLOSSARY.md defines ours.

/// A word that is not used, and the one that is.
const RETIRED: [(&str, &str); 28] = [
    ("asker", "current_user"),
    ("ceiling", "budget"),
    ("ceilings", "budgets"),
    ("courier", "webhook_delivery"),
    ("detour", "blocked_wallets"),
    ("flight", "pipeline"),
    ("followers", "watchers"),
    ("gather", "load_batch"),
    ("heads", "checkpoints"),
    ("household", "onboarding"),
    ("keeper", "cache"),
    ("landed", "committed"),
    ("lent", "access"),
    ("mistake", "import_error"),
    ("mistakes", "import_errors"),
    ("movement", "price_direction"),
    ("patience", "timeout or lock_wait"),
    ("perhaps", "unknown"),
    ("pins", "allocations"),
    ("recall", "replay"),
    ("rehearsal", "simulation"),
    ("rehearsals", "simulations"),
    ("rehearse", "simulate"),
    ("rehearsed", "simulated"),
    ("rider", "hook"),
    ("seal", "checkpoint"),
    ("sheet", "csv"),
    ("shelf", "book_cache"),
];

/// Words that are not used above the wallet: its SQL and its contract still have some of them.
const RETIRED_ABOVE: [(&str, &str); 12] = [
    ("ceiling", "budget"),
    ("doubled", "import_warnings"),
    ("front", "dispatch"),
    ("gate", "plan_requirement, or authorize"),
    ("gates", "plan_requirements"),
    ("heads", "checkpoints"),
    ("moment", "instant"),
    ("packed", "precompressed or encoded"),
    ("rehearsal", "simulation"),
    ("rehearse", "simulate"),
    ("stub", "card: a stub is a fake"),
    ("welcome", "onboarding"),
];

/// What begins a declaration of a name.
const DECLARATIONS: [&str; 8] = ["fn ", "struct ", "enum ", "trait ", "mod ", "type ", "const ", "static "];

/// Finds the declared names of a file with a retired word.
pub fn retired(name: &str, text: &str) -> Vec<String> {
    let above = if name.starts_with("wallet/") { &[][..] } else { &RETIRED_ABOVE };
    let breach = |(number, line): (usize, &str)| {
        let code = line.split("//").next().unwrap_or_default();
        let declared = declared(code)?;
        let words = words(declared);
        let (word, better) = RETIRED.iter().chain(above).find(|(word, _)| words.iter().any(|own| own == word))?;
        Some(format!("{name}:{}: `{declared}`: say {better}, not {word}", number + 1))
    };
    text.lines().enumerate().filter_map(breach).collect()
}

fn declared(code: &str) -> Option<&str> {
    let at = DECLARATIONS.iter().filter_map(|word| {
        let at = code.find(word)?;
        let starts = at == 0 || code[..at].ends_with([' ', '\t']);
        starts.then_some(at + word.len())
    });
    let rest = &code[at.min()?..];
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    (end > 0).then_some(&rest[..end])
}

/// Splits a name into its words, in lower case: `LockedQuote` and `locked_quote` are `locked`, `quote`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let is_constant = !name.contains(|c: char| c.is_lowercase());
    for letter in name.chars() {
        let begins = letter == '_' || (letter.is_uppercase() && !is_constant);
        if begins {
            words.push(String::new());
        }
        if letter != '_'
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retired_word_is_found_in_declared_names_only() {
        assert_eq!(retired("a.rs", "pub(crate) struct LentWallet {").len(), 1);
        assert_eq!(retired("a.rs", "    async fn take_detour(&self) {").len(), 1);
        assert_eq!(retired("a.rs", "const SHELF_MAX: usize = 1;").len(), 1);
        assert_eq!(retired("server/src/api/gate.rs", "pub struct Gate {").len(), 1);
        assert!(retired("wallet/src/tariff/plan_requirement.rs", "pub struct Gate {").is_empty());
        assert!(retired("a.rs", "fn talent() { let lent = 1; } // fn shelf").is_empty());
    }

    #[test]
    fn names_are_split_into_words() {
        assert_eq!(words("LockedQuote"), ["locked", "quote"]);
        assert_eq!(words("locked_quote"), ["locked", "quote"]);
        assert_eq!(words("BATCH_MAX"), ["batch", "max"]);
    }
}
