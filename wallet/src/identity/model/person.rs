//! People: addresses, passwords' rules, and what signing up takes and gives.

use serde::{Deserialize, Serialize};

#[cfg(feature = "postgres")]
use crate::error::FieldError;
use crate::error::Problem;
use crate::id::UserId;
#[cfg(feature = "postgres")]
use crate::identity::model::common_passwords::check_password_of;
#[cfg(feature = "postgres")]
use crate::identity::model::name::{check_name, name_error, name_of_address};
use crate::identity::model::viewer::StaffRole;

/// The least characters of a password.
pub(crate) const PASSWORD_MIN: usize = 8;
/// The most characters of a password; a limit on what is hashed.
pub(crate) const PASSWORD_MAX: usize = 200;
/// The most bytes of an e-mail address (RFC 5321).
pub(crate) const EMAIL_MAX: usize = 254;

/// What a person types to sign up.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct SignUp {
    /// The address.
    pub email: String,
    /// The password, as typed.
    pub password: String,
    /// The name; the address's first part is taken where it is empty.
    #[serde(default)]
    pub name: String,
    /// The language of mails and pages, `en` or `ru`.
    #[serde(default)]
    pub locale: String,
    /// The time zone of the new account, by its IANA name; UTC where it is empty or unknown.
    #[serde(default)]
    pub time_zone: String,
    /// The referral code of the account that invites, where there is one.
    #[serde(default)]
    pub referral: String,
}

impl std::fmt::Debug for SignUp {
    /// Shows everything but the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignUp").field("name", &self.name).field("locale", &self.locale).finish_non_exhaustive()
    }
}

/// A person, as signing in needs it.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The person.
    pub id: UserId,
    /// The address as typed at sign-up.
    pub email: String,
    /// The name to greet by.
    pub name: String,
    /// Whether the address is proven.
    pub email_verified: bool,
    /// The platform role, for staff.
    pub staff: Option<StaffRole>,
    /// The language, `en` or `ru`.
    pub locale: String,
    /// Changes with the password, so that a change signs other devices out. Never leaves the server.
    pub auth_hash: Vec<u8>,
}

impl std::fmt::Debug for User {
    /// Shows the id only: names and addresses don't belong in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An e-mail address that can be written to, as typed and in the form that is compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Email {
    typed: String,
    key: String,
}

impl Email {
    /// Reads an address: ASCII only, so that no letter can pass for another one.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let typed = text.trim();
        if typed.is_empty() {
            return Err(Problem::Required);
        }
        if typed.len() > EMAIL_MAX {
            return Err(Problem::TooLong);
        }
        let (local, domain) = typed.rsplit_once('@').ok_or(Problem::NotAnEmail)?;
        if !local_part_is_right(local) || !domain_is_right(domain) {
            return Err(Problem::NotAnEmail);
        }
        Ok(Self { typed: typed.to_owned(), key: typed.to_ascii_lowercase() })
    }

    /// Gives the address as typed; mail goes there.
    #[must_use]
    pub(crate) fn typed(&self) -> &str {
        &self.typed
    }

    /// Gives the form that is unique: lower case. One address, one user.
    #[must_use]
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Gives the part before the `@`, as typed.
    #[cfg(feature = "postgres")]
    pub(crate) fn local(&self) -> &str {
        self.typed.split('@').next().unwrap_or_default()
    }

    /// Gives the form that stands for one person where something is given once: without the tag and the
    /// dots that large mail services ignore.
    #[must_use]
    pub(crate) fn person(&self) -> String {
        let (local, domain) = self.key.rsplit_once('@').unwrap_or((self.key.as_str(), ""));
        let domain = match domain {
            "googlemail.com" => "gmail.com",
            "ya.ru" | "yandex.com" | "yandex.by" | "yandex.kz" => "yandex.ru",
            "pm.me" | "protonmail.com" => "proton.me",
            other => other,
        };
        let known = matches!(
            domain,
            "gmail.com"
                | "yandex.ru"
                | "proton.me"
                | "outlook.com"
                | "hotmail.com"
                | "live.com"
                | "icloud.com"
                | "fastmail.com"
                | "mail.ru"
        );
        let local = if known { local.split('+').next().unwrap_or(local) } else { local };
        let local = match domain {
            "gmail.com" => local.replace('.', ""),
            "yandex.ru" => local.replace('.', "-"),
            _ => local.to_owned(),
        };
        format!("{local}@{domain}")
    }
}

fn local_part_is_right(local: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
    !local.is_empty()
        && local.len() <= 64
        && local.bytes().all(allowed)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

fn domain_is_right(domain: &str) -> bool {
    let label_is_right = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.contains('.') && domain.split('.').all(label_is_right)
}

#[cfg(feature = "postgres")]
/// A sign-up whose every field is right.
pub(crate) struct CheckedSignUp {
    pub(crate) email: Email,
    pub(crate) name: String,
    pub(crate) locale: String,
    pub(crate) time_zone: String,
    /// The referral code, as typed.
    pub(crate) referral: String,
}

#[cfg(feature = "postgres")]
impl CheckedSignUp {
    /// Stands for somebody who is there, to be written to.
    pub(crate) const fn known(email: Email, name: String, locale: String) -> Self {
        Self { email, name, locale, time_zone: String::new(), referral: String::new() }
    }

    /// Gives a sign-up of nobody, with an address that nobody has.
    pub(crate) fn nobody(&self) -> crate::error::Result<Self> {
        let email = Email::parse(&format!("{}@nobody.invalid", UserId::new())).map_err(email_error)?;
        let (name, locale, time_zone) = (self.name.clone(), self.locale.clone(), self.time_zone.clone());
        Ok(Self { email, name, locale, time_zone, referral: self.referral.clone() })
    }
}

#[cfg(feature = "postgres")]
impl SignUp {
    /// Checks every field, and reports all problems at once. The product's name is no password for it.
    pub(crate) fn check(&self, product: &str) -> Result<CheckedSignUp, Vec<FieldError>> {
        let mut problems = Vec::new();
        let email = Email::parse(&self.email).map_err(|problem| problems.push(email_error(problem))).ok();
        let own = email.as_ref().map_or("", Email::key);
        if let Err(problem) = check_password_of(&self.password, own, product) {
            problems.push(password_error(problem));
        }
        let name = if self.name.trim().is_empty() {
            email.as_ref().map(|email| name_of_address(email.local())).unwrap_or_default()
        } else {
            self.name.clone()
        };
        let name = match check_name(&name) {
            Ok(name) => Some(name),
            Err(_) if email.is_none() && self.name.trim().is_empty() => None,
            Err(problem) => {
                problems.push(name_error(problem));
                None
            }
        };
        match (email, name) {
            (Some(email), Some(name)) if problems.is_empty() => {
                let time_zone = check_time_zone(&self.time_zone);
                let (locale, referral) = (check_locale(&self.locale), self.referral.clone());
                Ok(CheckedSignUp { email, name, locale, time_zone, referral })
            }
            _ => Err(problems),
        }
    }
}

/// Takes a supported language, English where it is another one.
#[must_use]
pub(crate) fn check_locale(locale: &str) -> String {
    if locale.starts_with("ru") { "ru".to_owned() } else { "en".to_owned() }
}

/// Takes a known time zone, UTC where it is another one: browsers tell it, and nobody typed it.
#[cfg(feature = "postgres")]
fn check_time_zone(name: &str) -> String {
    let known = crate::time_zone::names().find(|known| *known == name);
    known.unwrap_or("UTC").to_owned()
}

#[cfg(feature = "postgres")]
pub(crate) fn email_error(problem: Problem) -> FieldError {
    let message = match problem {
        Problem::Required => "Enter your email address.",
        Problem::Taken => "This address already has an account. Sign in or reset the password.",
        Problem::TooLong => "The address is too long: at most 254 characters.",
        _ => "Enter an address such as name@example.com.",
    };
    FieldError::new("email", problem, message)
}

#[cfg(feature = "postgres")]
pub(crate) fn password_error(problem: Problem) -> FieldError {
    let message = match problem {
        Problem::Required => "Enter a password.",
        Problem::TooShort => "Use at least 8 characters.",
        Problem::TooLong => "Use at most 200 characters.",
        Problem::TooCommon => {
            "This password is easy to guess: it is a common one, or made of your address or our \
             name. Choose another one."
        }
        _ => "Wrong address or password, or the address is not confirmed yet: open the link in our email.",
    };
    FieldError::new("password", problem, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_compared() {
        let email = Email::parse(" Anna.B+shop@GMail.com ").expect("an address");
        assert_eq!(email.typed(), "Anna.B+shop@GMail.com");
        assert_eq!(email.key(), "anna.b+shop@gmail.com");
        assert_eq!(email.person(), "annab@gmail.com");
        let other = Email::parse("anna.b+shop@corp.example").expect("an address");
        assert_eq!(other.person(), "anna.b+shop@corp.example", "an unknown service may mean two people");
        for text in ["a", "a@", "@b.c", "a@b", "a b@c.de", "a@b..c", "а@почта.рф", "a@-b.c", "a..b@c.de", "a@b.c\0"]
        {
            assert_eq!(Email::parse(text), Err(Problem::NotAnEmail), "{text:?}");
        }
        assert_eq!(Email::parse(" "), Err(Problem::Required));
        assert_eq!(Email::parse(&format!("{}@b.c", "a".repeat(300))), Err(Problem::TooLong));
    }

    #[test]
    fn a_sign_up_reports_all_problems_at_once() {
        let bad = SignUp {
            email: "x".into(),
            password: "y".into(),
            name: "\u{0}".into(),
            locale: "de".into(),
            ..SignUp::default()
        };
        let fields: Vec<_> =
            bad.check("NeuralBox").err().expect("refused").into_iter().map(|error| error.field).collect();
        assert_eq!(fields, ["email", "password", "name"]);
        let good = SignUp { email: "x@y.zz".into(), password: "correct horse".into(), ..SignUp::default() };
        let good = good.check("NeuralBox").unwrap_or_else(|_| panic!("refused"));
        assert_eq!((good.name.as_str(), good.locale.as_str()), ("x", "en"));
    }
}
