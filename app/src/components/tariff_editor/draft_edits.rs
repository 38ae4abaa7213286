//! The edits of a draft: the last one with its undo, and what another admin changed meanwhile.

use leptos::prelude::*;
use wallet::tariff::{DraftEdit, EditKind};

use crate::components::tariff_editor::grid::change_text;
use crate::context::FormOutcome;
use crate::i18n::*;
use crate::text::date_time::{When, WhenStyle};

/// The most changes of one edit that a line lists.
const LISTED: usize = 4;

/// Says what an edit did: `GPT-5 2 → 1`.
fn edit_text(locale: Locale, edit: &DraftEdit) -> String {
    let mut listed: Vec<String> = edit.changes.iter().take(LISTED).map(|change| change_text(locale, change)).collect();
    if edit.changes.is_empty() {
        listed.push(td_string!(locale, edits.no_prices).to_owned());
    }
    if edit.changes.len() > LISTED {
        let more = edit.changes.len().saturating_sub(LISTED);
        listed.push(td_string!(locale, edits.more, count = more));
    }
    let what = listed.join(", ");
    match edit.kind {
        EditKind::Changed | EditKind::Added => what,
        EditKind::Removed => td_string!(locale, edits.removed, what = what),
        EditKind::Imported => td_string!(locale, edits.imported, what = what),
        EditKind::Undone => td_string!(locale, edits.undone, what = what),
        EditKind::Rebased => td_string!(locale, edits.rebased, what = what),
    }
}

/// The last edit that stands, and the button that takes it back.
#[component]
pub fn LastEdit(
    /// The draft.
    version: i32,
    /// The draft's revision.
    revision: i64,
    /// Its edits, newest first.
    edits: Vec<DraftEdit>,
) -> impl IntoView {
    let i18n = use_i18n();
    let Some(edit) = edits.into_iter().find(|edit| edit.is_standing) else { return ().into_any() };
    let (by, at) = (edit.by.clone(), edit.at);
    view! {
        <form
            method="post"
            action=format!("/admin/tariffs/{version}/undo")
            class="panel px-4 py-2 mb-3 flex flex-wrap items-center gap-x-3 gap-y-1"
            data-testid="last-edit"
        >
            <input type="hidden" name="revision" value=revision.to_string() />
            <p class="flex-1 min-w-0 basis-60">
                <span class="num font-medium break-words">{move || edit_text(i18n.get_locale(), &edit)}</span>
                <span class="block text-sm text-muted">{by}" · "<When at=at style=WhenStyle::DateTime /></span>
            </p>
            <button class="btn btn-plain btn-sm">{t!(i18n, edits.undo)}</button>
        </form>
    }
    .into_any()
}

/// After a refused edit: what others changed since the page was opened. Nothing of theirs is overwritten; what was
/// typed is still in its field.
#[component]
pub fn Conflict(
    /// The draft's edits, newest first.
    edits: Vec<DraftEdit>,
    /// What became of the form.
    outcome: FormOutcome,
) -> impl IntoView {
    let i18n = use_i18n();
    let seen = outcome.value("revision").and_then(|revision| revision.parse::<i64>().ok());
    let Some(seen) = seen.filter(|_| outcome.notice.as_deref() == Some("version_conflict")) else {
        return ().into_any();
    };
    let theirs: Vec<DraftEdit> = edits.into_iter().filter(|edit| edit.revision > seen).collect();
    let list = theirs
        .into_iter()
        .map(|edit| {
            let (by, at) = (edit.by.clone(), edit.at);
            view! {
                <li>
                    <span class="font-medium">{by}</span>
                    ": "
                    <span class="num">{move || edit_text(i18n.get_locale(), &edit)}</span>
                    " · "
                    <When at=at style=WhenStyle::DateTime />
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="rounded-box px-4 py-3 mb-4 tag-warn" role="alert" data-testid="conflict">
            <h2 class="font-semibold">{t!(i18n, edits.conflict)}</h2>
            <ul class="mt-1 list-disc pl-5">{list}</ul>
            <p class="mt-1">{t!(i18n, edits.conflict_what)}</p>
        </section>
    }
    .into_any()
}
