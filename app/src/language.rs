//! The reader's language on the server: a context without effects.
//!
//! `leptos_i18n` starts an effect with each context, in a task of its own, that keeps the choice in a cookie. Ours is
//! kept by a form, so the effect has nothing to do; but on the server it may get its turn when the request that it
//! belongs to is over, and then it reads a signal that is gone and panics. So no such task is started there: tasks of
//! the reactive system go through [`init_executor`], which drops what is spawned while the context is made.

use std::cell::Cell;

use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE};
use axum::http::request::Parts;
use leptos::prelude::{provide_context, use_context};
use leptos_i18n::context::{I18nContextOptions, init_i18n_context_with_options};
use leptos_use::UseLocalesOptions;

use crate::i18n::{I18nLocaleTrait as _, Locale};

thread_local! {
    /// Whether tasks are dropped: only while a context is made, which spawns nothing but its effect.
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Provides the language of the request; the provider component finds it and starts nothing.
pub fn provide_language() {
    let languages = languages();
    let options =
        I18nContextOptions::<Locale> { enable_cookie: false, ssr_lang_header_getter: languages, ..Default::default() };
    let context = without_tasks(|| init_i18n_context_with_options(options));
    provide_context(context);
}

/// Tells `leptos_i18n` where the reader's languages are found: in the page's address, in the cookie of the choice, in what
/// the browser asks for.
pub(crate) fn languages() -> UseLocalesOptions {
    UseLocalesOptions::default().ssr_lang_header_getter(asked_languages)
}

/// The language that a page's address names, put into the extensions of its request.
#[derive(Clone, Copy, Debug)]
pub struct Asked(pub Locale);

fn asked_languages() -> Option<String> {
    if let Some(Asked(locale)) = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Asked>().copied()) {
        return Some(locale.as_str().to_owned());
    }
    let chosen = cookie("i18n_pref_locale").filter(|locale| locale == "en" || locale == "ru");
    let asked = || use_context::<Parts>()?.headers.get(ACCEPT_LANGUAGE)?.to_str().ok().map(str::to_owned);
    chosen.or_else(asked)
}

/// A cookie of the request.
pub(crate) fn cookie(name: &str) -> Option<String> {
    let parts = use_context::<Parts>()?;
    let cookies = parts.headers.get(COOKIE)?.to_str().ok()?;
    cookies.split(';').find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then(|| value.to_owned())
    })
}

fn without_tasks<T>(make: impl FnOnce() -> T) -> T {
    let before = IS_QUIET.replace(true);
    let made = make();
    IS_QUIET.set(before);
    made
}

/// Runs tasks of the reactive system on tokio. Must come before the first page is made; a second call changes nothing.
pub fn init_executor() {
    // Refused only where there is one: ours, from an earlier call.
    Executor::init_custom_executor(OnTokio).ok();
}

/// Tasks on tokio, but for those that are dropped.
struct OnTokio;

impl CustomExecutor for OnTokio {
    fn spawn(&self, task: PinnedFuture<()>) {
        if !IS_QUIET.get() {
            tokio::spawn(task);
        }
    }

    fn spawn_local(&self, task: PinnedLocalFuture<()>) {
        if !IS_QUIET.get() {
            tokio::task::spawn_local(task);
        }
    }

    /// Tokio polls by itself.
    fn poll_local(&self) {}
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use leptos::prelude::{Owner, use_context};
    use leptos_i18n::I18nContext;

    use super::*;

    /// Many requests that are over before a task of theirs gets its turn.
    #[test]
    fn a_request_that_is_over_leaves_no_task_behind() {
        init_executor();
        let panics = Arc::new(AtomicUsize::new(0));
        let (count, usual) = (Arc::clone(&panics), std::panic::take_hook());
        std::panic::set_hook(Box::new(move |_| _ = count.fetch_add(1, Ordering::SeqCst)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            for _ in 0..100 {
                let owner = Owner::new_root(None);
                owner.with(|| {
                    provide_language();
                    assert!(use_context::<I18nContext<Locale>>().is_some());
                });
                drop(owner);
            }
            // Whatever was spawned gets its turn now.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        });
        std::panic::set_hook(usual);
        assert_eq!(panics.load(Ordering::SeqCst), 0);
    }
}
