//! What is wrong, in words for callers: no type names of ours, and the field's full path.

use super::ReadError;
use super::steps::Step;

/// Stands around the path in an error that is handed on ([`handed_on`]); no text of JSON has it unescaped.
const WITHIN: char = '\u{1f}';

/// Writes an error of a value that was kept as text and read on its own, so that its path is added to the field's.
pub fn handed_on(error: &ReadError) -> String {
    let ReadError { field, message } = error;
    format!("{WITHIN}{field}{WITHIN}{message}")
}

/// The most letters of a name or value that a message repeats.
const SHOWN_MAX: usize = 64;

/// Writes an error of the deserializer for the caller; `is_text` where the text is no JSON at all.
pub(super) fn told(mut path: Vec<Step>, error: &str, is_text: bool) -> ReadError {
    if is_text {
        return ReadError { field: String::new(), message: format!("This is not JSON: {}.", short(error, 200)) };
    }
    let error = without_place(error);
    if let Some((within, message)) = error.strip_prefix(WITHIN).and_then(|error| error.split_once(WITHIN)) {
        let separator = if within.is_empty() || within.starts_with('[') { "" } else { "." };
        return ReadError { field: format!("{}{separator}{within}", written(&path)), message: message.to_owned() };
    }
    if let Some(name) = quoted_after(error, "missing field `") {
        path.push(Step::Name(name.to_owned()));
        return ReadError { field: written(&path), message: "This field is required.".to_owned() };
    }
    let message = if let Some((_, known)) = error.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'))
    {
        format!("There is no such field.{}", list(known))
    } else if let Some((found, expected)) = mismatch(error) {
        format!("Expected {expected}, not {}.", name_of(found))
    } else if is_number_error(error) {
        "Expected a whole number.".to_owned()
    } else {
        sentence(error)
    };
    ReadError { field: written(&path), message }
}

/// Cuts where in the text it is: the path says it better.
fn without_place(error: &str) -> &str {
    error.rfind(" at line ").map_or(error, |end| error.get(..end).unwrap_or(error))
}

fn quoted_after<'e>(error: &'e str, start: &str) -> Option<&'e str> {
    error.strip_prefix(start)?.split_once('`').map(|(name, _)| name)
}

/// Lists the fields that there are: `, expected one of …`.
fn list(known: &str) -> String {
    let known = known.trim_start_matches(", expected ").trim_start_matches("one of ").replace('`', "");
    match known.as_str() {
        "" => String::new(),
        ", there are no fields" | "there are no fields" => " None is taken here.".to_owned(),
        known => format!(" Known are {}.", known.replace(" or ", ", ")),
    }
}

/// Divides `invalid type: …, expected …`.
fn mismatch(error: &str) -> Option<(&str, &str)> {
    let rest = error.strip_prefix("invalid type: ").or_else(|| error.strip_prefix("invalid value: "))?;
    let place = rest.rfind(", expected ")?;
    Some((rest.get(..place)?, rest.get(place..)?.strip_prefix(", expected ")?))
}

/// Says what was found in the words of JSON.
fn name_of(found: &str) -> String {
    let value = |kind: &str| found.strip_prefix(kind).map(|value| value.trim_matches('`'));
    let named = match found {
        "map" => Some("an object"),
        "sequence" => Some("a list"),
        "unit value" | "null" | "Option value" => Some("null"),
        _ => value("integer ").or_else(|| value("floating point ")).or_else(|| value("boolean ")),
    };
    named.map_or_else(
        || {
            found
                .strip_prefix("string ")
                .map_or_else(|| short(found, SHOWN_MAX), |text| format!("the text {}", short(text, SHOWN_MAX)))
        },
        |named| short(named, SHOWN_MAX),
    )
}

/// What the parser of an address says of a number that is none.
fn is_number_error(error: &str) -> bool {
    [
        "invalid digit found in string",
        "cannot parse integer from empty string",
        "number too large to fit in target type",
        "number too small to fit in target type",
    ]
    .contains(&error)
}

fn sentence(error: &str) -> String {
    let error = short(error, 200);
    let mut letters = error.chars();
    let text: String = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}

fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most).chain(['…']).collect() }
}

/// Writes a path: `lines[2].params.size`.
fn written(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Place(place) => text.push_str(&format!("[{place}]")),
            Step::Name(name) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.extend(name.chars().filter(|letter| !letter.is_control()).take(SHOWN_MAX));
            }
        }
    }
    text
}

/// Writes the path of a refusal, `lines.2.params.size`, as all paths of the API are.
pub fn path(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    for (place, step) in field.split('.').enumerate() {
        if place > 0 && !step.is_empty() && step.bytes().all(|digit| digit.is_ascii_digit()) {
            text.push_str(&format!("[{step}]"));
            continue;
        }
        if place > 0 {
            text.push('.');
        }
        text.push_str(step);
    }
    text
}
