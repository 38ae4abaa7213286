//! What goes wrong, as pages tell it: never anything internal.

use serde::{Deserialize, Serialize};
use wallet::error::Refusal;

/// Why a page does not have what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum AppError {
    /// A rule says no; the person is told why.
    #[error("{0}")]
    Refused(Refusal),
    /// Something broke on the server; the reference finds it in the log.
    #[error("something broke inside, reference {reference}")]
    Internal {
        /// What to name when asking for help.
        reference: String,
    },
}

impl AppError {
    /// Gives the HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Refused(refusal) => refusal.status(),
            Self::Internal { .. } => 500,
        }
    }

    /// Gives the code of the REST contract.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Internal { .. } => "internal",
        }
    }

    /// Says whether there is no such thing for this person.
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(Refusal::NotFound { .. }))
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        let error = Self::Refused(refusal);
        set_status(&error);
        error
    }
}

impl From<wallet::error::Error> for AppError {
    /// Keeps a refusal; logs anything else here, once, under a reference that the person can name.
    fn from(error: wallet::error::Error) -> Self {
        match error {
            wallet::error::Error::Refused(refusal) => refusal.into(),
            wallet::error::Error::Internal(cause) => {
                let id = uuid::Uuid::now_v7().simple().to_string();
                let reference = id.get(id.len().saturating_sub(8)..).unwrap_or_default().to_uppercase();
                tracing::error!(%reference, %cause, "a page failed inside");
                let error = Self::Internal { reference };
                set_status(&error);
                error
            }
        }
    }
}

/// Sets the response's true status, where there is a response to set it on.
pub fn set_status(error: &AppError) {
    if let Some(response) = leptos::prelude::use_context::<leptos_axum::ResponseOptions>()
        && let Ok(status) = axum::http::StatusCode::from_u16(error.status())
    {
        response.set_status(status);
    }
}
