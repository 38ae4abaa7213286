//! Words in the language of the page.
//!
//! A page has one language: changing it is a form that brings a new page. So nothing here is a signal, and what runs in
//! the browser needs no more of `leptos_i18n` than the texts that it shows (20 KB of the WASM less than its context).

use crate::generated::i18n::Locale;

/// A text as a view: `t!(i18n, key)`, `t!(i18n, key, name = …)`. The islands of staff's pages have texts as strings alone.
#[cfg(any(feature = "ssr", feature = "account", feature = "payment"))]
macro_rules! page_t {
    ($lang:expr, $($key:ident).+) => { $crate::generated::i18n::td_string!($lang.get_locale(), $($key).+) };
    ($lang:expr, $($rest:tt)*) => { $crate::generated::i18n::td!($lang.get_locale(), $($rest)*) };
}
#[cfg(any(feature = "ssr", feature = "account", feature = "payment"))]
pub(crate) use page_t;

/// A text as a string.
macro_rules! page_t_string {
    ($lang:expr, $($rest:tt)*) => { $crate::generated::i18n::td_string!($lang.get_locale(), $($rest)*) };
}
pub(crate) use page_t_string;

/// The language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lang(Locale);

impl Lang {
    /// Gives the language.
    #[must_use]
    pub const fn get_locale(self) -> Locale {
        self.0
    }
}

/// Gives the language of the page: on the server that of the request, in the browser that of the document.
#[must_use]
pub fn use_i18n() -> Lang {
    #[cfg(feature = "ssr")]
    return Lang(leptos_i18n::use_i18n_context::<Locale>().get_locale_untracked());
    #[cfg(not(feature = "ssr"))]
    {
        let language = leptos::prelude::document().document_element().and_then(|html| html.get_attribute("lang"));
        Lang(if language.as_deref() == Some("ru") { Locale::ru } else { Locale::en })
    }
}
