//! Who asks, from where, and what became of the form that they sent.
//!
//! The server puts a [`Viewer`] and, after a refused form, a [`FormOutcome`] into the request's extensions and the
//! `Wallet` and the [`AppSettings`] into Leptos' context; pages read them by the functions of this module.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
pub use wallet::error::FieldError;
pub use wallet::identity::Viewer;

/// What pages need to know about the process that renders them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppSettings {
    /// Whether this is production: no sandbox provider, no `/dev/mail`, no playground.
    pub production: bool,
    /// Whether the playground and the demo's logins are shown.
    pub demo: bool,
    /// How browsers reach this server, without a slash at the end.
    pub public_url: String,
    /// Changes with every change of the assets; goes into their addresses as `?v=`.
    pub assets_version: String,
}

/// The token of the session that asks, put into the extensions of a request: for the page that lists sessions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SessionToken(pub [u8; 16]);

impl std::fmt::Debug for SessionToken {
    /// Shows nothing: it is a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken")
    }
}

/// What became of a form that was refused (or answered in place): the page that shows the form reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormOutcome {
    /// Where the form was posted to, so that a page with several forms knows which one this is about.
    pub path: String,
    /// What was typed, by field; never passwords.
    pub values: BTreeMap<String, String>,
    /// What is wrong, by field; a field `""` is about the form as a whole.
    pub errors: Vec<FieldError>,
    /// What to say above the form: a code that the page translates (`mail_sent`, `out_of_credits`, `unavailable`).
    pub notice: Option<String>,
}

impl FormOutcome {
    /// What was typed into a field; several values of one field are joined by commas.
    #[must_use]
    pub fn value(&self, field: &str) -> Option<String> {
        self.values.get(field).cloned()
    }

    /// What is wrong with a field.
    #[must_use]
    pub fn error(&self, field: &str) -> Option<&FieldError> {
        self.errors.iter().find(|error| error.field == field)
    }
}

#[cfg(feature = "ssr")]
pub use on_server::{created_endpoint, created_key, form_outcome, path, session_token, settings, viewer, wallet};

#[cfg(feature = "ssr")]
mod on_server {
    use axum::http::request::Parts;
    use leptos::prelude::use_context;
    use wallet::Wallet;
    use wallet::identity::CreatedKey;
    use wallet::notify::webhook::CreatedEndpoint;

    use super::{AppSettings, FormOutcome, SessionToken, Viewer};

    fn extension<T: Clone + Send + Sync + 'static>() -> Option<T> {
        use_context::<Parts>()?.extensions.get::<T>().cloned()
    }

    /// The wallet's façade; `None` only outside a request (when the route list is made).
    #[must_use]
    pub fn wallet() -> Option<Wallet> {
        use_context::<Wallet>()
    }

    /// What pages need to know about the process.
    #[must_use]
    pub fn settings() -> Option<AppSettings> {
        use_context::<AppSettings>()
    }

    /// Who asks; `None` when nobody is signed in.
    #[must_use]
    pub fn viewer() -> Option<Viewer> {
        extension::<Viewer>()
    }

    /// The path of the request; `None` outside of one.
    #[must_use]
    pub fn path() -> Option<String> {
        use_context::<Parts>().map(|parts| parts.uri.path().to_owned())
    }

    /// The token of the session that asks.
    #[must_use]
    pub fn session_token() -> Option<[u8; 16]> {
        extension::<SessionToken>().map(|token| token.0)
    }

    /// The key just made, where this page answers its making: the only time that its secret is shown.
    #[must_use]
    pub fn created_key() -> Option<CreatedKey> {
        extension::<CreatedKey>()
    }

    /// The webhook endpoint just made or rotated: the only time that its secret is shown.
    #[must_use]
    pub fn created_endpoint() -> Option<CreatedEndpoint> {
        extension::<CreatedEndpoint>()
    }

    /// What became of the form that this page answers; `None` on an ordinary visit.
    #[must_use]
    pub fn form_outcome() -> Option<FormOutcome> {
        extension::<FormOutcome>()
    }
}
