//! Pages, which the server draws, and islands, which live in the browser: `ssr` builds all, `hydrate` the islands.

#![recursion_limit = "256"]

pub mod context;
pub mod islands;
#[cfg(any(feature = "ssr", feature = "account", feature = "payment"))]
pub mod live;
pub mod text;
pub mod words;

#[cfg(feature = "ssr")]
pub mod components;
#[cfg(feature = "ssr")]
pub mod current_user;
#[cfg(feature = "ssr")]
pub mod data;
#[cfg(feature = "ssr")]
mod document;
#[cfg(feature = "ssr")]
pub mod error;
#[cfg(feature = "ssr")]
pub mod language;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
mod routes;
#[cfg(feature = "ssr")]
pub mod session;

#[expect(missing_docs, clippy::doc_markdown, reason = "generated from the locale files")]
#[allow(warnings, clippy::all, clippy::allow_attributes, clippy::allow_attributes_without_reason)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/i18n/mod.rs"));
}

/// The texts, and the macros that pick one in the language of the page.
#[expect(hidden_glob_reexports, reason = "our two macros stand in place of the generated ones")]
pub mod i18n {
    pub use crate::generated::i18n::*;
    #[cfg(any(feature = "ssr", feature = "account", feature = "payment"))]
    pub(crate) use crate::words::page_t as t;
    pub(crate) use crate::words::page_t_string as t_string;
    pub use crate::words::use_i18n;
}

#[cfg(feature = "ssr")]
pub use document::shell;
#[cfg(feature = "ssr")]
pub use routes::App;
