//! How a platform looks to its customers, and where they reach it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{FieldError, Problem};

/// The longest logo, in bytes of its address.
const LOGO_MAX: usize = 48_000;
/// The kinds of images that a logo may be.
const LOGO_KINDS: [&str; 3] = ["data:image/svg+xml;base64,", "data:image/png;base64,", "data:image/webp;base64,"];
/// The longest address of a page or mailbox, and the longest legal line, in bytes.
const ADDRESS_MAX: usize = 500;

/// How a platform looks to its customers, and where they reach it; all of it can be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Brand {
    /// The logo beside the name: a `data:` address of an SVG, PNG or WebP image of up to 48 000 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// The colour of buttons and links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accent: Option<Accent>,
    /// The mailbox of support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub support_email: Option<String>,
    /// The page of help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help_url: Option<String>,
    /// The terms of use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms_url: Option<String>,
    /// The privacy policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy_url: Option<String>,
    /// The rules of refunds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunds_url: Option<String>,
    /// Who runs the platform, in one line: company and address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal: Option<String>,
    /// Whether the pages leave out that they run on Scrip.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hides_scrip: bool,
}

impl Brand {
    /// Whether nothing is set.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Finds what is wrong with it, by field.
    #[must_use]
    pub fn errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut check = |field: &str, holds: bool, message: &str| {
            if !holds {
                errors.push(FieldError::new(field, Problem::Malformed, message));
            }
        };
        if let Some(logo) = &self.logo {
            let is_image = LOGO_KINDS.iter().any(|kind| logo.strip_prefix(kind).is_some_and(is_base64));
            check("logo", is_image, "a logo is an SVG, PNG or WebP image: data:image/svg+xml;base64,…");
            check("logo", logo.len() <= LOGO_MAX, "a logo has at most 48,000 bytes in base64");
        }
        if let Some(email) = &self.support_email {
            let is_email = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
            check("support_email", is_email && is_address(email), "this is no e-mail address: help@example.com");
        }
        for (field, url) in [
            ("help_url", &self.help_url),
            ("terms_url", &self.terms_url),
            ("privacy_url", &self.privacy_url),
            ("refunds_url", &self.refunds_url),
        ] {
            let is_url = |url: &String| url.len() > "https://".len() && url.starts_with("https://") && is_address(url);
            check(field, url.as_ref().is_none_or(is_url), "this is no address of a page: https://example.com/help");
        }
        if let Some(legal) = &self.legal {
            let is_line =
                !legal.trim().is_empty() && legal.len() <= ADDRESS_MAX && !legal.chars().any(char::is_control);
            check("legal", is_line, "a legal line has 1–500 bytes and no control characters");
        }
        errors
    }
}

fn is_base64(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
}

/// Addresses go into pages and mails: no spaces, quotes or control characters.
fn is_address(text: &str) -> bool {
    text.len() <= ADDRESS_MAX
        && text.chars().all(|letter| !letter.is_whitespace() && !letter.is_control() && !"\"'<>".contains(letter))
}

/// A colour, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Accent(pub [u8; 3]);

/// Said of a text that is no colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a colour is written #rrggbb")]
pub struct NotAColor;

impl FromStr for Accent {
    type Err = NotAColor;

    fn from_str(text: &str) -> Result<Self, NotAColor> {
        let digits = text
            .strip_prefix('#')
            .filter(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let part = |at: usize| digits.and_then(|digits| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok());
        match (part(0), part(2), part(4)) {
            (Some(red), Some(green), Some(blue)) => Ok(Self([red, green, blue])),
            _ => Err(NotAColor),
        }
    }
}

impl TryFrom<String> for Accent {
    type Error = NotAColor;

    fn try_from(text: String) -> Result<Self, NotAColor> {
        text.parse()
    }
}

impl From<Accent> for String {
    fn from(accent: Accent) -> Self {
        accent.to_string()
    }
}

impl fmt::Display for Accent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_they_are_written() {
        assert_eq!("#0b6650".parse::<Accent>().map(|accent| accent.to_string()).as_deref(), Ok("#0b6650"));
        assert_eq!("#0B6650".parse(), Ok(Accent([11, 102, 80])));
        for wrong in ["", "#", "0b6650", "#0b665", "#0b66500", "#0b665g", "#яяя", "red", "#+1+1+1"] {
            assert_eq!(wrong.parse::<Accent>(), Err(NotAColor), "{wrong}");
        }
    }

    #[test]
    fn what_goes_into_pages_and_mails_is_checked_by_field() {
        let brand = Brand {
            logo: Some("data:image/svg+xml;base64,PHN2Zy8+".into()),
            accent: Some(Accent([0, 0, 0])),
            support_email: Some("help@neuralbox.example".into()),
            help_url: Some("https://neuralbox.example/help".into()),
            legal: Some("NeuralBox LLC, 1 Main Street".into()),
            ..Brand::default()
        };
        assert_eq!(brand.errors(), []);
        let wrong = Brand {
            logo: Some("https://elsewhere.example/logo.svg".into()),
            support_email: Some("help".into()),
            help_url: Some("javascript:alert(1)".into()),
            terms_url: Some("https://a.example/\" onload=\"x".into()),
            privacy_url: Some("http://a.example".into()),
            legal: Some("a\u{202e}\nb".into()),
            ..Brand::default()
        };
        let fields: Vec<String> = wrong.errors().into_iter().map(|error| error.field).collect();
        assert_eq!(fields, ["logo", "support_email", "help_url", "terms_url", "privacy_url", "legal"]);
        let large = Brand { logo: Some(format!("data:image/png;base64,{}", "A".repeat(50_000))), ..Brand::default() };
        assert_eq!(large.errors().len(), 1);
    }
}
