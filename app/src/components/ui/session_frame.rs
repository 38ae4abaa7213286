//! What the frames of all pages share: the title, and the session that they show.

use std::sync::Arc;

use leptos::prelude::*;

use crate::components::ui::brand::Platform;
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
        <Suspense>
            {move || Suspend::new(async move {
                let (platform, content) = match session.await {
                    Ok(session) => {
                        let platform = Platform { name: session.name.clone(), brand: Arc::new(session.brand.clone()) };
                        provide_context(platform);
                        (session.name.clone(), frame.with_value(|frame| frame(session)))
                    }
                    Err(error) => {
                        set_status(&error);
                        let content = view! { <main id="main" class="p-5"><PanelError error=error /></main> };
                        (Platform::default().name, content.into_any())
                    }
                };
                view! {
                    <PageTitle title=title platform=platform />
                    {content}
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
