//! What a grant may be spent on, where that is not everything.

use serde::{Deserialize, Serialize};

use crate::error::{Problem, Refusal};

/// How many operations, and how many categories, a grant may be limited to.
const NAMES_MAX: usize = 50;
/// How long the name of one may be, in characters.
const NAME_MAX: usize = 100;

/// The operations and categories that a grant is limited to: it pays for what is named by either. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantLimit {
    /// Codes of operations: `dall-e-3`; sorted, each once.
    #[serde(default)]
    operations: Vec<String>,
    /// Codes of categories: `image`; sorted, each once.
    #[serde(default)]
    categories: Vec<String>,
}

/// What credits are taken for: it decides which grants may pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// An operation of the price book.
    Operation {
        /// Its code.
        code: &'a str,
        /// Its category's code.
        category: &'a str,
    },
    /// Something else: a fee, a transfer, a correction. Only grants without a limit pay.
    Other,
}

impl GrantLimit {
    /// Makes a limit; `None` where nothing is named, which is no limit. Order and repetitions do not matter.
    ///
    /// # Errors
    /// 422 with the field `operations` or `categories`: more than 50 names, or one that is empty or above 100 characters.
    pub fn new(operations: Vec<String>, categories: Vec<String>) -> Result<Option<Self>, Refusal> {
        let limit = Self { operations: names("operations", operations)?, categories: names("categories", categories)? };
        Ok((!limit.operations.is_empty() || !limit.categories.is_empty()).then_some(limit))
    }

    /// Gives the codes of the operations.
    #[must_use]
    pub fn operations(&self) -> &[String] {
        &self.operations
    }

    /// Gives the codes of the categories.
    #[must_use]
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// Says whether it lets a grant pay for something.
    #[must_use]
    pub fn admits(&self, purpose: Purpose<'_>) -> bool {
        match purpose {
            Purpose::Operation { code, category } => {
                self.operations.iter().any(|name| name == code) || self.categories.iter().any(|name| name == category)
            }
            Purpose::Other => false,
        }
    }

    /// Tells how much it admits, to compare limits by: a category admits more than any number of operations. A limit
    /// that is contained in another one is below it. `grant_breadth` of the database says the same.
    #[must_use]
    pub(crate) fn breadth(&self) -> (usize, usize) {
        (self.categories.len(), self.operations.len())
    }

    /// Writes the stored form.
    pub(crate) fn to_text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// Reads the stored form.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

fn names(field: &str, mut names: Vec<String>) -> Result<Vec<String>, Refusal> {
    for name in &mut names {
        *name = name.trim().to_owned();
        if name.is_empty() || name.chars().count() > NAME_MAX {
            let message = format!("give names of 1 to {NAME_MAX} characters");
            return Err(Refusal::unprocessable(field, Problem::Malformed, message));
        }
    }
    names.sort();
    names.dedup();
    if names.len() > NAMES_MAX {
        return Err(Refusal::unprocessable(field, Problem::TooMany, format!("at most {NAMES_MAX} names")));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(operations: &[&str], categories: &[&str]) -> Option<GrantLimit> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        GrantLimit::new(owned(operations), owned(categories)).expect("a limit")
    }

    #[test]
    fn a_limit_admits_what_it_names_and_nothing_else() {
        let images = limit(&["upscale", "dall-e-3", "upscale "], &["image"]).expect("a limit");
        assert_eq!(images.operations(), ["dall-e-3", "upscale"]);
        let of = |code, category| images.admits(Purpose::Operation { code, category });
        assert!(of("dall-e-3", "text") && of("flux", "image"));
        assert!(!of("gpt-5", "text") && !of("image", "dall-e-3") && !images.admits(Purpose::Other));
        assert_eq!(limit(&[], &[]), None);
    }

    #[test]
    fn a_contained_limit_is_narrower() {
        let breadth = |operations: &[&str], categories: &[&str]| limit(operations, categories).expect("one").breadth();
        let ordered = [breadth(&["a"], &[]), breadth(&["a", "b"], &[]), breadth(&[], &["x"]), breadth(&["a"], &["x"])];
        assert!(ordered.is_sorted_by(|one, next| one < next) && ordered[3] < breadth(&[], &["x", "y"]));
    }

    #[test]
    fn bad_names_are_refused_by_their_field() {
        let many = (0..=NAMES_MAX).map(|number| format!("op-{number}")).collect();
        for names in [vec![String::new()], vec!["  ".to_owned()], vec!["x".repeat(NAME_MAX + 1)], many] {
            let refused = GrantLimit::new(Vec::new(), names).expect_err("refused");
            let Refusal::Unprocessable { fields } = refused else { panic!("{refused}") };
            assert_eq!(fields[0].field, "categories");
        }
    }

    #[test]
    fn the_stored_form_reads_back() {
        let images = limit(&["upscale"], &["image"]).expect("a limit");
        let text = images.to_text().expect("a text");
        assert_eq!(text, r#"{"operations":["upscale"],"categories":["image"]}"#);
        assert_eq!(GrantLimit::from_text(&text), Some(images));
    }
}
