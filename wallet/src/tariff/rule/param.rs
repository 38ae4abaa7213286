//! Params of a rule: what may be asked, and reading it from a request with an error for each wrong one.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{FieldError, Problem, Refusal};

/// The largest quantity of one call, where a rule sets no smaller one: a million million.
pub(crate) const QUANTITY_MAX: i64 = 1_000_000_000_000;
/// The most params that one call may carry.
pub(crate) const PARAMS_MAX: usize = 64;
/// The longest name of a target, in letters.
const TARGET_MAX: usize = 64;

/// One param of a rule, as a form shows it and as the API checks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParamSpec {
    /// The name in `params`.
    pub name: String,
    /// What it takes.
    pub kind: ParamKind,
    /// Whether a call without it is refused.
    pub required: bool,
    /// What a call without it means, as text.
    pub default: Option<String>,
}

/// What a param takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParamKind {
    /// One of these.
    Choice(Vec<String>),
    /// Several of these, none twice.
    Choices(Vec<String>),
    /// A whole number; `unit` names what is counted.
    Integer {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
        /// What is counted: `characters`.
        unit: String,
    },
}

impl ParamSpec {
    /// Turns the text of a form field into the value of a request; an empty field is a missing param.
    ///
    /// What does not fit stays text, and pricing then refuses it at its field.
    #[must_use]
    pub fn value_of(&self, text: &str) -> Option<Value> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        Some(match &self.kind {
            ParamKind::Choice(_) => Value::from(text),
            ParamKind::Choices(_) => {
                Value::from(text.split(',').map(|part| Value::from(part.trim())).collect::<Vec<_>>())
            }
            ParamKind::Integer { .. } => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
        })
    }
}

/// Says whether a call that these params allow may be refused under later ones: a param or an option that goes away, a
/// param that is required where it was not, a narrower span of numbers.
pub(crate) fn breaks(before: &[ParamSpec], later: &[ParamSpec]) -> bool {
    let find = |specs: &[ParamSpec], name: &str| specs.iter().position(|spec| spec.name == name);
    let gone = |spec: &ParamSpec| {
        let known = find(later, &spec.name).and_then(|place| later.get(place));
        known.is_none_or(|known| !spec.kind.is_within(&known.kind))
    };
    let needed = |spec: &ParamSpec| {
        let known = find(before, &spec.name).and_then(|place| before.get(place));
        spec.required && !known.is_some_and(|known| known.required)
    };
    before.iter().any(gone) || later.iter().any(needed)
}

impl ParamKind {
    /// Says whether another kind takes everything that this one takes.
    fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Choice(values), Self::Choice(wider)) | (Self::Choices(values), Self::Choices(wider)) => {
                values.iter().all(|value| wider.contains(value))
            }
            (Self::Integer { min, max, .. }, Self::Integer { min: least, max: most, .. }) => {
                least <= min && max <= most
            }
            _ => false,
        }
    }
}

/// Turns the text fields of a form into params; fields that the rule doesn't know are left out.
#[must_use]
pub fn params_of_form<'a>(specs: &[ParamSpec], field: impl Fn(&str) -> Option<&'a str>) -> Map<String, Value> {
    let value = |spec: &ParamSpec| Some((spec.name.clone(), spec.value_of(field(&spec.name)?)?));
    specs.iter().filter_map(value).collect()
}

/// Reads params one by one and gathers what is wrong with them.
///
/// It only counts what it has read: a call without a mistake, which is nearly every call, keeps no list of names.
pub(crate) struct Reader<'a> {
    given: &'a Map<String, Value>,
    /// Put before each name: `translate.` for a part of a sum.
    prefix: String,
    /// Names that are not prefixed (the shared ones of a sum), and those of them that were read.
    shared: Vec<String>,
    shared_read: Vec<String>,
    /// How many of the given params were read.
    read: usize,
    problems: Vec<FieldError>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(given: &'a Map<String, Value>) -> Self {
        let (shared, shared_read, problems) = (Vec::new(), Vec::new(), Vec::new());
        Self { given, prefix: String::new(), shared, shared_read, read: 0, problems }
    }

    /// Reads the params of one part of a sum: prefixed, but for the shared ones.
    pub(crate) fn part<T>(&mut self, key: &str, shared: &[String], read: impl FnOnce(&mut Self) -> T) -> T {
        self.prefix = format!("{key}.");
        self.shared = shared.to_vec();
        let answer = read(self);
        self.prefix.clear();
        self.shared.clear();
        answer
    }

    fn take<'n>(&mut self, name: &'n str) -> (Cow<'n, str>, Option<&'a Value>) {
        let is_shared = self.shared.iter().any(|shared| shared == name);
        let name = if self.prefix.is_empty() || is_shared {
            Cow::Borrowed(name)
        } else {
            Cow::Owned(format!("{}{name}", self.prefix))
        };
        let value = self.given.get(name.as_ref());
        // Parts read a shared param again and again; it was given once.
        let is_again = is_shared && self.shared_read.iter().any(|read| *read == name);
        if value.is_some() && !is_again {
            self.read = self.read.saturating_add(1);
            if is_shared {
                self.shared_read.push(name.clone().into_owned());
            }
        }
        (name, value.filter(|value| !value.is_null()))
    }

    fn wrong(&mut self, name: &str, problem: Problem, message: String) {
        self.problems.push(FieldError::new(format!("params.{name}"), problem, message));
    }

    /// Reads one of `values`; gives its place.
    pub(crate) fn choice<'v>(
        &mut self,
        name: &str,
        values: impl Iterator<Item = &'v str> + Clone,
        default: Option<&str>,
    ) -> Option<usize> {
        let (name, value) = self.take(name);
        let place = |text: &str| values.clone().position(|value| value == text);
        let found = match value {
            Some(Value::String(text)) => place(text),
            // `{"duration": 5}` and `{"hd": true}` are as good as the text.
            Some(value @ (Value::Number(_) | Value::Bool(_))) => place(&value.to_string()),
            Some(_) => None,
            None => match default {
                Some(default) => return place(default),
                None => {
                    let listed = listed(values.clone());
                    self.wrong(&name, Problem::Required, format!("Give {name}: one of {listed}."));
                    return None;
                }
            },
        };
        if found.is_none() {
            let listed = listed(values.clone());
            self.wrong(&name, Problem::NotAllowed, format!("{name} must be one of {listed}."));
        }
        found
    }

    /// Reads several of `values`, none twice; gives their places. Missing means all.
    pub(crate) fn choices<'v>(
        &mut self,
        name: &str,
        values: impl Iterator<Item = &'v str> + Clone,
    ) -> Option<Vec<usize>> {
        let (name, value) = self.take(name);
        // A part may share the name: it was given once.
        self.shared_read.push(name.clone().into_owned());
        let Some(value) = value else { return Some((0..values.count()).collect()) };
        let place = |text: &str| values.clone().position(|value| value == text);
        let mut places: Vec<usize> = Vec::new();
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        for item in items {
            match item.as_str().and_then(place) {
                Some(place) if !places.contains(&place) => places.push(place),
                _ => {
                    let listed = listed(values.clone());
                    self.wrong(&name, Problem::NotAllowed, format!("{name} takes each of {listed} at most once."));
                    return None;
                }
            }
        }
        if places.is_empty() {
            let listed = listed(values.clone());
            self.wrong(&name, Problem::Required, format!("Give {name} as a list of at least one of {listed}."));
            return None;
        }
        Some(places)
    }

    /// Reads a whole number.
    pub(crate) fn integer(&mut self, name: &str, min: i64, max: i64, default: Option<i64>) -> Option<i64> {
        let (name, value) = self.take(name);
        let Some(value) = value else {
            if default.is_none() {
                self.wrong(&name, Problem::Required, format!("Give {name}: a whole number from {min} to {max}."));
            }
            return default;
        };
        let Some(number) = value.as_i64() else {
            let message = format!("{name} must be a whole number from {min} to {max}.");
            self.wrong(&name, Problem::NotANumber, message);
            return None;
        };
        self.within(&name, number, min, max)
    }

    /// Reads how many targets there are: a number, or a list of their names (`target_languages: ["de", "fr"]`), which
    /// counts as its length.
    pub(crate) fn targets(&mut self, name: &str, max: i64) -> Option<i64> {
        let (name, value) = self.take(name);
        let Some(value) = value else { return Some(0) };
        if let Some(number) = value.as_i64() {
            return self.within(&name, number, 0, max);
        }
        let Value::Array(items) = value else {
            let message = format!("{name} must be a whole number from 0 to {max}, or a list of at most {max} names.");
            self.wrong(&name, Problem::NotANumber, message);
            return None;
        };
        let number = i64::try_from(items.len()).unwrap_or(i64::MAX);
        if number > max {
            self.wrong(&name, Problem::TooMany, format!("{name} takes at most {max} names."));
            return None;
        }
        let is_name = |item: &Value| item.as_str().is_some_and(is_target);
        if let Some(place) = items.iter().position(|item| !is_name(item)) {
            let message = format!("A name in {name} is 1–{TARGET_MAX} letters without control characters.");
            self.wrong(&format!("{name}.{place}"), Problem::NotAllowed, message);
            return None;
        }
        Some(number)
    }

    fn within(&mut self, name: &str, number: i64, min: i64, max: i64) -> Option<i64> {
        if number < min {
            self.wrong(name, Problem::TooSmall, format!("{name} must be at least {min}."));
            return None;
        }
        if number > max {
            self.wrong(name, Problem::TooLarge, format!("{name} must be at most {max}."));
            return None;
        }
        Some(number)
    }

    /// Refuses when a param was wrong, missing or unknown; `known` is asked only where some were not read.
    pub(crate) fn finish(mut self, known: impl FnOnce() -> Vec<ParamSpec>) -> Result<(), Refusal> {
        if self.given.len() > PARAMS_MAX {
            let message = format!("At most {PARAMS_MAX} params.");
            return Err(Refusal::unprocessable("params", Problem::TooMany, message));
        }
        if self.read < self.given.len() {
            let known = known();
            for name in self.given.keys().filter(|name| known.iter().all(|spec| spec.name != **name)) {
                let listed = if known.is_empty() {
                    "This operation takes no params.".to_owned()
                } else {
                    format!("Known are {}.", listed(known.iter().map(|spec| spec.name.as_str())))
                };
                let shown: String = name.chars().take(64).collect();
                let message = format!("There is no param {shown}. {listed}");
                self.problems.push(FieldError::new(format!("params.{shown}"), Problem::Unknown, message));
            }
        }
        if self.problems.is_empty() { Ok(()) } else { Err(Refusal::Unprocessable { fields: self.problems }) }
    }
}

/// Says whether a text can name a target; it is kept with the charge.
fn is_target(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= TARGET_MAX && !text.chars().any(char::is_control)
}

/// Lists names for a sentence: `a, b, c`.
fn listed<'v>(values: impl Iterator<Item = &'v str>) -> String {
    let mut text = String::new();
    for value in values {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(value);
    }
    text
}
