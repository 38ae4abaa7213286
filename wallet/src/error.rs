//! What can go wrong: a refusal that a person can act on, or a failure inside that nobody outside may see.

mod import_error;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::money::{AmountError, Credits, Readings, TypedError};

pub use import_error::{ImportError, PlacedImportError};

/// The result of everything that the wallet does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call did not do what it was asked.
#[derive(Debug)]
pub enum Error {
    /// A rule of the domain says no; the caller is told why.
    Refused(Refusal),
    /// Something broke inside; logged where it is handled, never shown.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Wraps a failure inside, or a plain text that describes one.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// Gives the refusal, if it is one.
    #[doc(hidden)]
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Internal(_) => None,
        }
    }

    /// Says whether the same call may go well a moment later: the database was busy or away, whatever was asked of it.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Refused(Refusal::Unavailable | Refusal::OutcomeUnknown))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Internal(cause) => write!(f, "internal error: {cause}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Internal(cause) => Some(cause.as_ref()),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<FieldError> for Error {
    /// One field that is wrong in itself.
    fn from(field: FieldError) -> Self {
        Self::Refused(Refusal::Invalid { fields: vec![field] })
    }
}

impl From<serde_json::Error> for Error {
    fn from(cause: serde_json::Error) -> Self {
        Self::Internal(Box::new(cause))
    }
}

#[cfg(feature = "postgres")]
impl From<sqlx::Error> for Error {
    fn from(cause: sqlx::Error) -> Self {
        match cause {
            // The database can't be reached at all: nothing has happened, and a later try may work.
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Self::Refused(Refusal::Unavailable),
            // The connection broke: whether a commit on it has happened, only the key can tell.
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
                Self::Refused(Refusal::OutcomeUnknown)
            }
            // The server stops, starts, has no free connection, or gave up on what took too long.
            sqlx::Error::Database(told)
                if matches!(told.code().as_deref(), Some("57P01" | "57P02" | "57P03" | "53300" | "57014")) =>
            {
                Self::Refused(Refusal::Unavailable)
            }
            cause => Self::Internal(Box::new(cause)),
        }
    }
}

#[cfg(feature = "postgres")]
impl From<sqlx::migrate::MigrateError> for Error {
    fn from(cause: sqlx::migrate::MigrateError) -> Self {
        Self::Internal(Box::new(cause))
    }
}

/// A refusal by rule, with everything that the person needs to act on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// Fields are missing or malformed.
    #[error("the request is not valid{}", first(fields))]
    Invalid {
        /// What is wrong, field by field.
        fields: Vec<FieldError>,
    },
    /// Well-formed, but not allowed.
    #[error("this can't be done{}", first(fields))]
    Unprocessable {
        /// What is not allowed, field by field.
        fields: Vec<FieldError>,
    },
    /// The wallet, or one of its budgets, has too little left.
    #[error("not enough credits: {needed} needed, {available} available{}", besides(*limited))]
    OutOfCredits {
        /// What the command takes.
        needed: Credits,
        /// What is left that may be spent on it.
        available: Credits,
        /// What is left besides that is limited to other operations.
        #[serde(default)]
        limited: Credits,
        /// The name of the budget that stopped it, where it was not the wallet itself.
        ceiling: Option<String>,
        /// What auto top-up does about it, where the wallet has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        auto_top_up: Option<TopUpHint>,
    },
    /// The operation needs a higher plan.
    #[error("this needs the plan {plan}")]
    PlanRequired {
        /// The lowest plan that may.
        plan: String,
    },
    /// There is none, or it is somebody else's.
    #[error("{what} not found")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// Nobody is signed in, or the key is not valid.
    #[error("sign in, or send a valid key")]
    Unauthenticated,
    /// Known, but not allowed.
    #[error("not allowed: {why}")]
    Forbidden {
        /// What is missing: a scope, a role, or the wallet is frozen.
        why: String,
    },
    /// Nobody has used the wallet for so long that spending waits for its owner.
    #[error("spending waits until the owner confirms that the wallet is still in use; nothing is lost")]
    WalletInactive,
    /// The hold was captured before.
    #[error("the hold was captured before")]
    HoldCaptured,
    /// The hold was released before.
    #[error("the hold was released before")]
    HoldReleased,
    /// The hold's time is over.
    #[error("the hold has expired")]
    HoldExpired,
    /// There is no such code here.
    #[error("this code is not known here; check it for mistakes")]
    CodeUnknown,
    /// Somebody has redeemed the code.
    #[error("this code was redeemed before")]
    CodeUsed,
    /// The code's time is over.
    #[error("this code has expired")]
    CodeExpired,
    /// Staff have withdrawn the code.
    #[error("this code was withdrawn")]
    CodeWithdrawn,
    /// The account has redeemed as many codes of the kind as it may.
    #[error("this account has redeemed as many codes of this kind as it may")]
    CodeLimit,
    /// Somebody else changed it meanwhile.
    #[error("someone else changed this in the meantime; load it again")]
    VersionConflict,
    /// The key was used with another body.
    #[error("this idempotency key was used with another request")]
    IdempotencyMismatch,
    /// Every write needs a key.
    #[error("send an Idempotency-Key header: 1 to 255 visible ASCII characters")]
    IdempotencyKeyRequired,
    /// Too many requests.
    #[error("too many requests; try again in {retry_after_seconds} s")]
    RateLimited {
        /// When to try again.
        retry_after_seconds: u32,
    },
    /// Overloaded, stopping, or without its database; nothing has happened.
    #[error("not available at the moment; try again")]
    Unavailable,
    /// The connection broke at the worst moment; a retry with the same key tells.
    #[error("the outcome is not known; try again with the same idempotency key")]
    OutcomeUnknown,
}

/// What a debit that was refused for want of credits asked for.
#[cfg(feature = "postgres")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shortfall {
    /// What it takes.
    pub(crate) needed: Credits,
    /// What the wallet has that is limited to other operations.
    pub(crate) limited: Credits,
}

/// What auto top-up does about a charge that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopUpHint {
    /// What it does.
    pub state: TopUpHintState,
    /// After how many seconds a repeat may be worthwhile; `None` where waiting does not help.
    pub retry_after_seconds: Option<u32>,
}

/// What auto top-up does about a charge that was refused, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopUpHintState {
    /// The card is being charged for credits that cover the charge.
    Pending,
    /// The card was declined, and is charged again later.
    Waiting,
    /// It has stopped, or a limit is reached.
    Suspended,
    /// What it buys does not cover the charge.
    TooSmall,
}

/// Says how much there is besides that is for other operations only.
fn besides(limited: Credits) -> String {
    if limited.is_positive() { format!(" ({limited} more are limited to other operations)") } else { String::new() }
}

/// Writes the first problem, for messages that stand alone.
fn first(fields: &[FieldError]) -> String {
    fields.first().map(|field| format!(": {}: {}", field.field, field.message)).unwrap_or_default()
}

impl Refusal {
    /// Gives the code of the REST contract.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "invalid_request",
            Self::Unprocessable { .. } => "unprocessable",
            Self::OutOfCredits { .. } => "out_of_credits",
            Self::PlanRequired { .. } => "plan_required",
            Self::NotFound { .. } => "not_found",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden { .. } => "forbidden",
            Self::WalletInactive => "wallet_inactive",
            Self::HoldCaptured => "hold_captured",
            Self::HoldReleased => "hold_released",
            Self::HoldExpired => "hold_expired",
            Self::CodeUnknown => "code_unknown",
            Self::CodeUsed => "code_used",
            Self::CodeExpired => "code_expired",
            Self::CodeWithdrawn => "code_withdrawn",
            Self::CodeLimit => "code_limit",
            Self::VersionConflict => "version_conflict",
            Self::IdempotencyMismatch => "idempotency_mismatch",
            Self::IdempotencyKeyRequired => "idempotency_key_required",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::OutcomeUnknown => "outcome_unknown",
        }
    }

    /// Gives the HTTP status of the REST contract.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Invalid { .. } | Self::IdempotencyKeyRequired => 400,
            Self::Unauthenticated => 401,
            Self::OutOfCredits { .. } | Self::PlanRequired { .. } => 402,
            Self::Forbidden { .. } | Self::WalletInactive => 403,
            Self::NotFound { .. } | Self::CodeUnknown => 404,
            Self::HoldCaptured
            | Self::HoldReleased
            | Self::HoldExpired
            | Self::CodeUsed
            | Self::CodeExpired
            | Self::CodeWithdrawn
            | Self::CodeLimit
            | Self::VersionConflict => 409,
            Self::Unprocessable { .. } | Self::IdempotencyMismatch => 422,
            Self::RateLimited { .. } => 429,
            Self::Unavailable | Self::OutcomeUnknown => 503,
        }
    }

    /// Refuses one malformed field.
    pub fn invalid(field: impl Into<String>, problem: Problem, message: impl Into<String>) -> Self {
        Self::Invalid { fields: vec![FieldError::new(field, problem, message)] }
    }

    /// Refuses one well-formed value that is not allowed.
    pub fn unprocessable(field: impl Into<String>, problem: Problem, message: impl Into<String>) -> Self {
        Self::Unprocessable { fields: vec![FieldError::new(field, problem, message)] }
    }

    /// Says that something does not exist for this caller.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's path: `email`, `params.size`, `lines.0.operation`.
    pub field: String,
    /// What kind of problem, for the user interface to say in the reader's language.
    pub problem: Problem,
    /// What to do, in English, for callers of the REST API.
    pub message: String,
    /// Where the field is a file: what is wrong in it and where, for the user interface to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mistake: Option<Box<PlacedImportError>>,
    /// Where an amount can be read in two ways: both, for the user interface to offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readings: Option<Box<Readings>>,
}

impl FieldError {
    /// Names a problem of a field.
    pub fn new(field: impl Into<String>, problem: Problem, message: impl Into<String>) -> Self {
        Self { field: field.into(), problem, message: message.into(), mistake: None, readings: None }
    }

    /// Names what is wrong with an amount that a person typed; `example` is one that would do.
    pub fn amount(field: impl Into<String>, error: TypedError, example: &str) -> Self {
        match error {
            TypedError::Empty => Self::new(field, Problem::Required, format!("Enter a number such as {example}.")),
            TypedError::Ambiguous(readings) => {
                let Readings { grouped, decimal } = &readings;
                let message = format!("This can be read in two ways. Write {grouped} or {decimal}.");
                Self { readings: Some(Box::new(readings)), ..Self::new(field, Problem::Ambiguous, message) }
            }
            TypedError::Wrong(AmountError::NotANumber) => {
                Self::new(field, Problem::NotANumber, format!("Enter a number such as {example}."))
            }
            TypedError::Wrong(AmountError::TooPrecise) => {
                Self::new(field, Problem::TooPrecise, "At most six decimals.")
            }
            TypedError::Wrong(AmountError::TooLarge) => {
                Self::new(field, Problem::TooLarge, "This number is too large.")
            }
        }
    }

    /// Names a mistake in a file that a field holds.
    pub fn in_file(field: impl Into<String>, mistake: impl Into<PlacedImportError>) -> Self {
        let mistake = mistake.into();
        let message = mistake.to_string();
        Self { mistake: Some(Box::new(mistake)), ..Self::new(field, Problem::Malformed, message) }
    }
}

/// The kinds of problems that a field can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// Missing or empty.
    Required,
    /// Longer than allowed.
    TooLong,
    /// Shorter than allowed.
    TooShort,
    /// Below the minimum.
    TooSmall,
    /// Above the maximum.
    TooLarge,
    /// More decimals than the unit has.
    TooPrecise,
    /// More items than allowed.
    TooMany,
    /// Not a number.
    NotANumber,
    /// A number that can be read in two ways: `1,000`.
    Ambiguous,
    /// Not an e-mail address.
    NotAnEmail,
    /// Not the type or form that is expected.
    Malformed,
    /// Somebody has it already.
    Taken,
    /// No such thing.
    Unknown,
    /// Known, but not allowed here.
    NotAllowed,
    /// A password that anybody would try first.
    TooCommon,
    /// A name that holds a link, or what mail programs take for one.
    HasLink,
    /// A name with characters that can't be seen, or that turn the direction of text.
    HasHidden,
    /// Only for accounts whose owner's address is confirmed.
    NotConfirmed,
    /// E-mail or password does not match, or the address is not confirmed.
    WrongCredentials,
    /// The password of somebody who has shown something else as well does not match.
    WrongPassword,
    /// Its time is over.
    Expired,
    /// A price rise that comes earlier than the notice allows.
    TooSoon,
    /// A price rise on the day of an announced version of which nobody was told.
    RiseUntold,
    /// A draft of prices that was copied from a version that is not in force any more.
    Outdated,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_carry_their_contract() {
        let refusal = Refusal::OutOfCredits {
            needed: Credits::ONE,
            available: Credits::ZERO,
            limited: Credits::ZERO,
            ceiling: None,
            auto_top_up: None,
        };
        assert_eq!((refusal.code(), refusal.status()), ("out_of_credits", 402));
        let json = serde_json::to_string(&refusal).expect("plain data");
        assert_eq!(serde_json::from_str::<Refusal>(&json).expect("the same"), refusal);
        let refusal = Refusal::invalid("email", Problem::NotAnEmail, "write it as name@example.com");
        assert_eq!(refusal.to_string(), "the request is not valid: email: write it as name@example.com");
    }

    #[test]
    fn only_a_field_that_holds_a_file_brings_an_import_error() {
        let plain = serde_json::to_value(FieldError::new("email", Problem::Required, "say it")).expect("plain data");
        let expected = serde_json::json!({ "field": "email", "problem": "required", "message": "say it" });
        assert_eq!(plain, expected);
        assert_eq!(serde_json::from_value::<FieldError>(expected).expect("the same").mistake, None);
        let mistake = PlacedImportError { line: 3, column: 10, mistake: ImportError::UnclosedQuote };
        let field = FieldError::in_file("file", mistake.clone());
        assert_eq!((field.problem, field.message.as_str()), (Problem::Malformed, mistake.to_string().as_str()));
        let json = serde_json::to_value(&field).expect("plain data");
        let expected = serde_json::json!({ "line": 3, "column": 10, "mistake": "unclosed_quote" });
        assert_eq!(json["mistake"], expected);
        assert_eq!(serde_json::from_value::<FieldError>(json).expect("the same"), field);
    }
}
