//! The line that says whether the figures are live.

use leptos::prelude::*;

use crate::i18n::*;
use crate::live::{Link, use_live_wallet};
use crate::text::date_time::{WhenStyle, local_text, use_zone};

/// Live, reconnecting (after three seconds) or offline, with the time of the last figures; signed out, with the way
/// back.
#[island]
pub fn LiveStatus() -> impl IntoView {
    view! { <LinkState /> }
}

/// The line itself, for what is alive around it.
#[component]
pub fn LinkState() -> impl IntoView {
    let i18n = use_i18n();
    let live = use_live_wallet();
    let link = move || live.map_or(Link::Connecting, |live| live.link.get());
    let zone = StoredValue::new(use_zone());
    let heard = move || {
        let at = live.and_then(|live| live.last_event_at.get());
        let clock = |at| zone.with_value(|zone| local_text(i18n.get_locale(), zone, at, WhenStyle::Clock));
        at.map_or_else(String::new, clock)
    };
    let words = move || match link() {
        Link::Connecting => String::new(),
        Link::Live => t_string!(i18n, live.live).to_owned(),
        Link::Reconnecting if heard().is_empty() => t_string!(i18n, live.reconnecting).to_owned(),
        Link::Reconnecting => t_string!(i18n, live.reconnecting_since, time = heard()),
        Link::Offline if heard().is_empty() => t_string!(i18n, live.offline).to_owned(),
        Link::Offline => t_string!(i18n, live.offline_since, time = heard()),
        Link::SignedOut => t_string!(i18n, live.signed_out).to_owned(),
    };
    let color = move || match link() {
        Link::Reconnecting => "inline-flex items-center gap-1.5 text-sm text-warning-content",
        Link::Offline | Link::SignedOut => "inline-flex items-center gap-1.5 text-sm text-error",
        _ => "inline-flex items-center gap-1.5 text-sm text-muted",
    };
    let mark = move || match link() {
        Link::Connecting => "hidden",
        Link::Live => "size-1.5 rounded-full bg-primary",
        Link::Reconnecting => "spin size-3",
        Link::Offline | Link::SignedOut => "size-1.5 rounded-full bg-error",
    };
    view! {
        <span class=color role="status">
            <span class=mark aria-hidden="true"></span>
            {words}
            // The page's own address, asked for again: it leads to signing in, and from there back.
            <Show when=move || link() == Link::SignedOut>
                <a href="" class="link-q">{t!(i18n, live.sign_in)}</a>
            </Show>
        </span>
    }
}
