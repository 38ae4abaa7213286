//! What the frames of all pages share: the title, and the session that they show.

use leptos::prelude::*;

use crate::components::ui::head::PageTitle;
use crate::components::ui::panel::PanelError;
use crate::data::session::Session;
use crate::error::set_status;
use crate::i18n::*;
use crate::live::use_live_wallet;
use crate::session::use_session;
use crate::text::amount::Unit;

/// A page's frame, once the session is known; else what went wrong, and a way to try again.
#[component]
pub fn SessionFrame(
    /// The page's title.
    title: Signal<String>,
    /// Draws the frame of a session.
    frame: impl Fn(Session) -> AnyView + Send + Sync + 'static,
) -> impl IntoView {
    let session = use_session();
    let frame = StoredValue::new(frame);
    view! {
        <PageTitle title=title />
        <Suspense>
            {move || Suspend::new(async move {
                match session.await {
                    Ok(session) => frame.with_value(|frame| frame(session)),
                    Err(error) => {
                        set_status(&error);
                        view! { <main id="main" class="p-5"><PanelError error=error /></main> }.into_any()
                    }
                }
            })}
        </Suspense>
    }
}

/// Gives a session's unit and balance to everything that the server draws in the frame that calls it.
pub fn provide_wallet(session: &Session) {
    if let Some(unit) = session.unit.clone() {
        provide_context(Unit(unit));
    }
    if let (Some(live), Some(balance)) = (use_live_wallet(), session.balance.clone()) {
        live.start_from(balance);
    }
}

/// The link past the frame's head, for the keyboard.
#[component]
pub fn SkipLink() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <a href="#main" class="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 btn btn-neutral">
            {t!(i18n, nav.skip)}
        </a>
    }
}
