//! API keys: the list, the one just made, and the form for a new one.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use wallet::identity::{ApiKeyView, Environment};

use crate::components::ui::panel::TablePanel;
use crate::i18n::*;
use crate::text::amount::credits_text;
use crate::text::date_time::{When, WhenStyle};

/// A key unused for this many days is worth a second look.
const UNUSED_DAYS: i64 = 90;

/// The table of keys.
#[component]
pub fn KeyTable(
    /// The keys, newest first.
    keys: Vec<ApiKeyView>,
    /// When the page was drawn.
    now: DateTime<Utc>,
    /// Whether this person may revoke.
    may_manage: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows = keys.into_iter().map(|key| view! { <KeyRow key=key now=now may_manage=may_manage /> }).collect_view();
    view! {
        <TablePanel
            name=move || t_string!(i18n, keys.table)
            head=view! {
                <th scope="col">{t!(i18n, keys.name)}</th>
                <th scope="col" class="hidden sm:table-cell">{t!(i18n, keys.environment)}</th>
                <th scope="col" class="hidden md:table-cell">{t!(i18n, keys.may)}</th>
                <th scope="col" class="hidden sm:table-cell">{t!(i18n, keys.last_used)}</th>
                <th scope="col" class="hidden sm:table-cell">{t!(i18n, keys.limit)}</th>
                <th scope="col"><span class="sr-only">{t!(i18n, keys.actions)}</span></th>
            }
        >
            {rows}
        </TablePanel>
    }
}

/// One key.
#[component]
fn KeyRow(key: ApiKeyView, now: DateTime<Utc>, may_manage: bool) -> impl IntoView {
    let i18n = use_i18n();
    let is_revoked = key.revoked_at.is_some();
    let is_preview = key.environment == Environment::Preview;
    let since = key.last_used_at.unwrap_or(key.created_at);
    let is_unused = !is_revoked && (now - since).num_days() >= UNUSED_DAYS;
    let last_used = match key.last_used_at {
        Some(at) => view! { <When at=at style=WhenStyle::DateTime /> }.into_any(),
        None => view! { {t!(i18n, keys.never_used)} }.into_any(),
    };
    let scopes = if key.scopes.is_empty() {
        view! { {t!(i18n, keys.everything)} }.into_any()
    } else {
        let tags = key.scopes.iter().map(|scope| view! { <span class="tag font-mono mr-1">{scope.clone()}</span> });
        tags.collect_view().into_any()
    };
    let ceiling = key.ceiling;
    let limit = move || match ceiling {
        Some(ceiling) => {
            let amount = credits_text(i18n.get_locale(), ceiling);
            t_string!(i18n, keys.limit_month, amount = amount)
        }
        None => t_string!(i18n, keys.no_limit).to_owned(),
    };
    let name = key.name.clone();
    let revoke_label = move || t_string!(i18n, keys.revoke_name, name = name.clone());
    view! {
        <tr class="hot" data-key=key.id.to_string()>
            <td>
                <span class="font-medium">{key.name.clone()}</span>
                <span class="block text-sm text-muted font-mono break-all">{key.hint.clone()}</span>
                <span class="sm:hidden text-sm text-muted">
                    {if is_preview { view! { {t!(i18n, keys.preview)} }.into_any() } else { view! { {t!(i18n, keys.production)} }.into_any() }}
                </span>
            </td>
            <td class="hidden sm:table-cell">
                {if is_preview {
                    view! { <span class="tag">{t!(i18n, keys.preview)}</span> }.into_any()
                } else {
                    view! { <span>{t!(i18n, keys.production)}</span> }.into_any()
                }}
            </td>
            <td class="hidden md:table-cell">{scopes}</td>
            <td class=if is_unused { "hidden sm:table-cell num text-rise" } else { "hidden sm:table-cell num text-muted" }>
                {last_used} {is_unused.then(|| view! { <span class="block text-sm">{t!(i18n, keys.unused)}</span> })}
            </td>
            <td class="hidden sm:table-cell text-muted num">{limit}</td>
            <td class="text-right">
                {if is_revoked {
                    view! { <span class="tag">{t!(i18n, keys.revoked)}</span> }.into_any()
                } else if may_manage {
                    view! {
                        <details class="relative inline-block text-left" data-menu>
                            <summary class="btn btn-quiet btn-sm list-none" aria-label=revoke_label>{t!(i18n, keys.revoke)}</summary>
                            <form
                                method="post"
                                action=format!("/developers/keys/{}/revoke", key.id)
                                class="panel absolute right-0 z-20 mt-1 w-64 p-3 grid gap-2 shadow-lg"
                            >
                                <p class="text-sm">{t!(i18n, keys.revoke_note)}</p>
                                <button class="btn btn-danger btn-sm">{t!(i18n, keys.revoke_now)}</button>
                            </form>
                        </details>
                    }
                        .into_any()
                } else {
                    ().into_any()
                }}
            </td>
        </tr>
    }
}
