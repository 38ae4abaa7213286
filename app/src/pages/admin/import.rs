//! `/admin/tariffs/{n}/import`: a file of prices into a draft, and files of any version out.

use leptos::prelude::*;

use crate::components::tariff_editor::draft_page::{DraftHead, DraftPage, use_version};
use crate::components::ui::field::TextArea;
use crate::context::FieldError;
use crate::data::tariffs::{EditorPage, load_price_book};
use crate::i18n::*;
use crate::text::refusal::field_error_text;

/// The page that imports into one draft.
#[component]
pub fn ImportPage() -> impl IntoView {
    let i18n = use_i18n();
    let version = use_version();
    let page = Resource::new_blocking(move || version.get(), |version| load_price_book(Some(version)));
    view! {
        <DraftPage title=move || t_string!(i18n, import.title) data=page let:page>
            <Import page=page />
        </DraftPage>
    }
}

/// The form, and every mistake of a refused file.
#[component]
fn Import(page: EditorPage) -> impl IntoView {
    let i18n = use_i18n();
    let version = page.book.version;
    let back = format!("/admin/tariffs/{version}");
    let outcome = page.outcome;
    let mistakes: Vec<FieldError> = outcome.errors.iter().filter(|error| error.field == "file").cloned().collect();
    let is_wrong = !mistakes.is_empty();
    let typed = outcome.value("file").unwrap_or_default();
    let file_name = outcome.value("file_name");
    let heading = move || t_string!(i18n, import.heading, version = version.to_string());
    view! {
        <div class="max-w-[820px] mx-auto">
            <DraftHead title=heading back=back.clone() edits=page.edits outcome=outcome shown=&["file"] />
            <ImportErrors mistakes=mistakes file_name=file_name />
            <form method="post" action=format!("{back}/import") enctype="multipart/form-data" class="panel p-5 grid gap-4">
                <input type="hidden" name="revision" value=page.book.revision.to_string() />
                <p class="text-muted">{t!(i18n, import.what)}</p>
                <p class="flex flex-wrap gap-x-4 gap-y-1">
                    <a class="link-q" href=format!("{back}/prices.csv") download="">{t!(i18n, import.get_csv)}</a>
                    <a class="link-q" href=format!("{back}/prices.toml") download="">{t!(i18n, import.get_toml)}</a>
                </p>
                <label class="block">
                    <span class="block text-sm font-medium mb-1">{t!(i18n, import.file)}</span>
                    <input type="file" name="upload" accept=".csv,.toml,text/csv,text/plain" class="block w-full text-sm" />
                </label>
                <label class="block">
                    <span class="block text-sm font-medium mb-1">{t!(i18n, import.text)}</span>
                    <TextArea
                        name="file"
                        rows=14
                        text=typed
                        is_wrong=is_wrong
                        placeholder="operation,option,price\ngpt-5,,2\ndall-e-3,1792x1024 × hd,12"
                        is_table=true
                    />
                </label>
                <div class="flex flex-wrap gap-2">
                    <button class="btn btn-primary">{t!(i18n, import.do_it)}</button>
                    <a href=back.clone() class="btn btn-quiet">{t!(i18n, operation.cancel)}</a>
                </div>
            </form>
        </div>
    }
}

/// What is wrong with the file, each mistake with its line and column.
#[component]
fn ImportErrors(
    mistakes: Vec<FieldError>,
    /// What the file is called; none for a text that was pasted.
    file_name: Option<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    if mistakes.is_empty() {
        return ().into_any();
    }
    let list = mistakes
        .into_iter()
        .map(|mistake| view! { <li>{move || field_error_text(i18n.get_locale(), &mistake)}</li> })
        .collect_view();
    view! {
        <section class="rounded-box px-4 py-3 mb-4 tag-err" role="alert" data-testid="mistakes">
            <h2 class="font-semibold break-words">
                {move || match file_name.clone() {
                    Some(name) => t_string!(i18n, import.wrong_in, name = name),
                    None => t_string!(i18n, import.wrong).to_owned(),
                }}
            </h2>
            <ul class="mt-1 list-disc pl-5 num">{list}</ul>
        </section>
    }
    .into_any()
}
