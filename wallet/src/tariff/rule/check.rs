//! What a rule's check finds: each problem at its path.

use super::{PARTS_MAX, PRICE_MAX};
use crate::error::{FieldError, Problem};
use crate::money::Credits;

/// The longest label of a line, in letters.
const LABEL_MAX: usize = 100;

/// Something a rule's check found: the path inside the rule, and what to do.
pub(crate) struct Checker {
    path: Vec<String>,
    pub(crate) problems: Vec<FieldError>,
}

impl Checker {
    /// Starts at a path.
    pub(crate) fn at(path: &str) -> Self {
        Self { path: vec![path.to_owned()], problems: Vec::new() }
    }

    /// Checks something inside.
    pub(crate) fn inside(&mut self, name: &str, check: impl FnOnce(&mut Self)) {
        self.path.push(name.to_owned());
        check(self);
        self.path.pop();
    }

    /// Notes a problem with `name`.
    pub(crate) fn wrong(&mut self, name: &str, problem: Problem, message: impl Into<String>) {
        let mut field = self.path.join(".");
        if !name.is_empty() {
            field.push('.');
            field.push_str(name);
        }
        self.problems.push(FieldError::new(field, problem, message));
    }

    /// A price may not be negative (it would mint credits) nor absurd.
    pub(crate) fn price(&mut self, name: &str, price: Credits) {
        if price.is_negative() {
            self.wrong(name, Problem::TooSmall, format!("A price can't be negative ({price})."));
        } else if price > PRICE_MAX {
            self.wrong(name, Problem::TooLarge, format!("A price can be at most {PRICE_MAX} ({price})."));
        }
    }

    /// A name of a param or option: short, visible, without the sign that joins paths.
    pub(crate) fn name(&mut self, name: &str, text: &str) {
        if text.is_empty() {
            self.wrong(name, Problem::Required, "A name is missing here.");
        } else if text.len() > 64 || text.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
            self.wrong(name, Problem::NotAllowed, format!("“{text}” is not a name: 1–64 letters without spaces."));
        }
    }

    /// Words for people that may be missing.
    pub(crate) fn label(&mut self, name: &str, text: &str) {
        if text.chars().count() > LABEL_MAX || text.chars().any(char::is_control) {
            let message = format!("A label has at most {LABEL_MAX} letters and no control characters.");
            self.wrong(name, Problem::NotAllowed, message);
        }
    }

    /// A list with at least one and at most [`PARTS_MAX`] names, none twice.
    pub(crate) fn names<'a>(&mut self, name: &str, texts: impl Iterator<Item = &'a str>) {
        let mut seen: Vec<&str> = Vec::new();
        for text in texts {
            self.name(name, text);
            if seen.contains(&text) {
                self.wrong(name, Problem::Taken, format!("“{text}” is listed twice."));
            }
            seen.push(text);
        }
        if seen.is_empty() {
            self.wrong(name, Problem::Required, "At least one is needed here.");
        } else if seen.len() > PARTS_MAX {
            self.wrong(name, Problem::TooLong, format!("At most {PARTS_MAX} are allowed here."));
        }
    }
}
