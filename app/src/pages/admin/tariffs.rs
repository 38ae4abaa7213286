//! `/admin/tariffs` and `/admin/tariffs/{n}`: the versions of the price book, and the editor of a draft.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use wallet::tariff::{BookStatus, BookSummary, Direction, MarginRow, PriceBook};

use crate::components::tariff_editor::cells::CellEditor;
use crate::components::tariff_editor::diff::PriceDiff;
use crate::components::tariff_editor::draft_edits::LastEdit;
use crate::components::tariff_editor::draft_page::DraftErrors;
use crate::components::tariff_editor::grid::{GridContext, PriceGrid};
use crate::components::tariff_editor::import_warnings::ImportWarnings;
use crate::components::tariff_editor::outdated::{Bases, Clashes, Outdated};
use crate::components::ui::shell::{DataPage, Nav};
use crate::data::tariffs::{EditorPage, EditorRow, load_price_book};
use crate::i18n::*;
use crate::text::date_time::{When, WhenStyle, date_text};

/// The most drafts that a version's head leads to; all are among the tabs.
const DRAFTS_SHOWN: usize = 3;

/// The page of one version.
#[component]
pub fn TariffsPage() -> impl IntoView {
    let i18n = use_i18n();
    let params = use_params_map();
    let version = Memo::new(move |_| params.with(|params| params.get_str("n").map(|n| n.parse::<i32>().unwrap_or(0))));
    let page = Resource::new_blocking(move || version.get(), load_price_book);
    view! {
        <DataPage active=Nav::PriceBook title=move || t_string!(i18n, tariffs.title) wide=true data=page let:page>
            <Editor page=page />
        </DataPage>
    }
}

/// The version with its tabs, its table, and the grid that is open.
#[component]
pub fn Editor(
    /// The version.
    page: EditorPage,
) -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let is_draft = page.book.status == BookStatus::Draft;
    let is_scheduled = page.book.status == BookStatus::Scheduled;
    let drafts: Vec<(i32, String)> = page
        .versions
        .iter()
        .filter(|book| book.status == BookStatus::Draft)
        .map(|book| (book.version, book.created_by.clone()))
        .collect();
    let bases = Bases::from(&page);
    let version = page.book.version;
    let revision = page.book.revision;
    let first_rise = page.first_day();
    let notice_days = i64::from(page.notice_days);
    let outcome = page.outcome;
    let refused = outcome.value("operation").filter(|code| !code.is_empty());
    let rows = StoredValue::new(page.rows);
    let outcome = StoredValue::new(outcome);
    let editing = Memo::new(move |_| {
        refused.clone().or_else(|| address.with(|map| map.get_str("edit").map(str::to_owned))).filter(|_| is_draft)
    });
    let open = move || {
        let wanted = editing.get()?;
        rows.with_value(|rows| {
            let found = rows.iter().filter_map(|row| row.shown.as_ref()).find(|tariff| tariff.operation == wanted)?;
            (found.rule.cells().len() > 1).then(|| found.clone())
        })
    };
    let context = move || GridContext { version, revision, is_draft, first_rise, editing: editing.get() };
    view! {
        <EditorHead book=page.book drafts=drafts />
        <Versions versions=page.versions current=version />
        <ImportWarnings />
        {is_draft.then(|| view! { <Outdated bases=bases /> })}
        <Clashes rows=rows />
        {is_scheduled.then(|| view! { <Withdraw version=version /> })}
        <DraftErrors edits=page.edits.clone() outcome=outcome.get_value() shown=&["price"] />
        <div class="grid xl:grid-cols-[minmax(0,1fr)_372px] gap-6 items-start">
            <section aria-label=move || t_string!(i18n, tariffs.prices) class="min-w-0">
                {is_draft.then(|| view! { <LastEdit version=version revision=revision edits=page.edits /> })}
                <GridFilters rows=rows version=version />
                {is_draft.then(|| view! { <KeysHint /> })}
                {move || {
                    let (show, query) = address.with(|map| {
                        let text = |name: &str| map.get_str(name).unwrap_or_default().to_owned();
                        (text("show"), text("q").to_lowercase())
                    });
                    let shown = rows.with_value(|rows| rows.iter().filter(|row| matches(row, &show, &query)).cloned().collect::<Vec<_>>());
                    view! { <PriceGrid rows=shown context=context() outcome=outcome.get_value() /> }
                }}
                <p class="text-sm text-muted mt-3">{t!(i18n, tariffs.rule, count = move || notice_days)}</p>
            </section>
            {move || match open() {
                Some(tariff) => {
                    view! { <CellEditor tariff=tariff context=context() outcome=outcome.get_value() /> }.into_any()
                }
                None => view! { <Summary rows=rows is_draft=is_draft version=version revision=revision /> }.into_any(),
            }}
        </div>
    }
}

/// Says whether a row belongs to what is shown.
fn matches(row: &EditorRow, show: &str, query: &str) -> bool {
    let tariff = row.shown.as_ref().or(row.now.as_ref());
    let is_found = tariff.is_some_and(|tariff| {
        tariff.operation.to_lowercase().contains(query) || tariff.name.to_lowercase().contains(query)
    });
    is_found
        && match show {
            "changed" => row.change.is_some(),
            "warnings" => is_below_cost(row),
            _ => true,
        }
}

/// Says whether some option of an operation would be sold below its cost.
fn is_below_cost(row: &EditorRow) -> bool {
    row.margin.as_ref().is_some_and(MarginRow::is_negative)
}

/// The version's name and state, and what can be done with it.
#[component]
fn EditorHead(book: PriceBook, drafts: Vec<(i32, String)>) -> impl IntoView {
    let i18n = use_i18n();
    let (version, status) = (book.version, book.status);
    let by = book.created_by.clone();
    let tag = if status == BookStatus::Draft { "tag tag-warn" } else { "tag" };
    let created_at = book.created_at;
    view! {
        <div class="flex flex-wrap items-end gap-3 mb-5">
            <div>
                <h1 class="h1">{t!(i18n, tariffs.book, version = move || version.to_string())}</h1>
                <p class="text-muted mt-0.5 flex flex-wrap items-center gap-2">
                    <span class=tag>{move || status_name(i18n.get_locale(), status)}</span>
                    <span>
                        {t!(i18n, tariffs.started, by = move || by.clone())}" "<When at=created_at style=WhenStyle::DateTime />
                    </span>
                </p>
            </div>
            <span class="flex-1"></span>
            {(status != BookStatus::Draft).then(|| view! { <Drafts drafts=drafts /> })}
            <Files version=version />
            {(status == BookStatus::Draft)
                .then(|| {
                    view! {
                        <a href=format!("/admin/tariffs/{version}/import") class="btn btn-plain">{t!(i18n, tariffs.import)}</a>
                        <a href=format!("/admin/tariffs/{version}/operations") class="btn btn-plain">{t!(i18n, tariffs.add)}</a>
                        <a href=format!("/admin/tariffs/{version}/publish") class="btn btn-primary">{t!(i18n, tariffs.publish)}</a>
                    }
                })}
        </div>
    }
}

/// The drafts that there are, newest first, and the button that begins another one.
#[component]
fn Drafts(drafts: Vec<(i32, String)>) -> impl IntoView {
    let i18n = use_i18n();
    let is_first = drafts.is_empty();
    let links = drafts
        .into_iter()
        .take(DRAFTS_SHOWN)
        .map(|(version, by)| {
            let words = move || t_string!(i18n, tariffs.open_draft, version = version.to_string(), by = by.clone());
            view! { <a class="btn btn-plain" href=format!("/admin/tariffs/{version}")>{words}</a> }
        })
        .collect_view();
    let words = move || {
        if is_first { t_string!(i18n, tariffs.create_draft) } else { t_string!(i18n, tariffs.another_draft) }
    };
    view! {
        {links}
        <form method="post" action="/admin/tariffs">
            <button class=if is_first { "btn btn-primary" } else { "btn btn-plain" }>{words}</button>
        </form>
    }
}

/// The button that withdraws an announced version, under a tick: people hear of it at once.
#[component]
fn Withdraw(version: i32) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <details class="panel px-4 py-3 mb-4">
            <summary class="cursor-pointer font-medium w-fit">{t!(i18n, tariffs.withdraw)}</summary>
            <form method="post" action=format!("/admin/tariffs/{version}/withdraw") class="mt-3 grid gap-3 justify-items-start">
                <p class="text-muted">{t!(i18n, tariffs.withdraw_note)}</p>
                <label class="flex gap-3 items-start cursor-pointer">
                    <input type="checkbox" class="checkbox mt-0.5" name="confirm" value="yes" required=true />
                    <span>{t!(i18n, tariffs.withdraw_confirm)}</span>
                </label>
                <button class="btn btn-plain">{t!(i18n, tariffs.withdraw_button)}</button>
            </form>
        </details>
    }
}

/// The version as files.
#[component]
fn Files(version: i32) -> impl IntoView {
    let i18n = use_i18n();
    let link = move |end: &'static str, words: &'static str| {
        view! {
            <a class="link-q" href=format!("/admin/tariffs/{version}/prices.{end}") download="">{words}</a>
        }
    };
    view! {
        <p class="flex items-center gap-2 text-sm min-h-9">
            <span class="text-muted">{t!(i18n, tariffs.download)}</span>
            {link("csv", "CSV")}
            {link("toml", "TOML")}
        </p>
    }
}

/// Says which keys work in the table, once they do.
#[component]
fn KeysHint() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <p class="hidden md:block text-sm text-muted mb-2 when-alive">
            <kbd class="tag">"↑"</kbd>" "<kbd class="tag">"↓"</kbd>" "{t!(i18n, tariffs.keys_move)}" · "
            <kbd class="tag">"Enter"</kbd>" "{t!(i18n, tariffs.keys_save)}" · "
            <kbd class="tag">"Esc"</kbd>" "{t!(i18n, tariffs.keys_restore)}
        </p>
    }
}

/// Names the state of a version.
fn status_name(locale: Locale, status: BookStatus) -> &'static str {
    match status {
        BookStatus::Draft => td_string!(locale, tariffs.status_draft),
        BookStatus::Scheduled => td_string!(locale, tariffs.status_scheduled),
        BookStatus::Active => td_string!(locale, tariffs.status_active),
        BookStatus::Retired => td_string!(locale, tariffs.status_retired),
        BookStatus::Withdrawn => td_string!(locale, tariffs.status_withdrawn),
    }
}

/// The versions as tabs.
#[component]
fn Versions(versions: Vec<BookSummary>, current: i32) -> impl IntoView {
    let i18n = use_i18n();
    let tabs = versions
        .into_iter()
        .map(|book| {
            let is_current = book.version == current;
            let class = if is_current {
                "pt-1 pb-2 border-b-2 -mb-px whitespace-nowrap border-base-content"
            } else {
                "pt-1 pb-2 border-b-2 -mb-px whitespace-nowrap border-transparent text-muted hover:text-base-content"
            };
            let words = move || {
                let locale = i18n.get_locale();
                let date = |at: Option<chrono::DateTime<chrono::Utc>>| at.map(|at| date_text(locale, at.date_naive())).unwrap_or_default();
                match book.status {
                    BookStatus::Draft => t_string!(i18n, tariffs.status_draft).to_owned(),
                    BookStatus::Scheduled => t_string!(i18n, tariffs.tab_scheduled, date = date(book.effective_at)),
                    BookStatus::Withdrawn => t_string!(i18n, tariffs.status_withdrawn).to_owned(),
                    BookStatus::Active => t_string!(i18n, tariffs.tab_active, date = date(book.effective_at)),
                    BookStatus::Retired => {
                        t_string!(i18n, tariffs.tab_retired, from = date(book.effective_at), to = date(book.retired_at))
                    }
                }
            };
            view! {
                <a href=format!("/admin/tariffs/{}", book.version) class=class aria-current=is_current.then_some("page")>
                    <span class="num font-semibold">{book.version}</span>
                    " "
                    <span class="text-sm num">{words}</span>
                </a>
            }
        })
        .collect_view();
    view! { <nav aria-label=move || t_string!(i18n, tariffs.versions) class="tabs-line mb-5">{tabs}</nav> }
}

/// All or changed only, and a search: links and a GET form.
#[component]
fn GridFilters(rows: StoredValue<Vec<EditorRow>>, version: i32) -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let show = Memo::new(move |_| address.with(|map| map.get_str("show").unwrap_or_default().to_owned()));
    let query = Memo::new(move |_| address.with(|map| map.get_str("q").unwrap_or_default().to_owned()));
    let all = rows.with_value(Vec::len);
    let changed = rows.with_value(|rows| rows.iter().filter(|row| row.change.is_some()).count());
    let warnings = rows.with_value(|rows| rows.iter().filter(|row| is_below_cost(row)).count());
    let link = move |code: &'static str, words: String| {
        let is_current = show.get() == code;
        let class = if is_current {
            "px-3 text-sm font-medium rounded-[4px] grid place-items-center min-h-7 bg-neutral text-neutral-content"
        } else {
            "px-3 text-sm font-medium rounded-[4px] grid place-items-center min-h-7 text-muted"
        };
        let href = if code.is_empty() {
            format!("/admin/tariffs/{version}")
        } else {
            format!("/admin/tariffs/{version}?show={code}")
        };
        view! { <a class=class href=href aria-current=is_current.then_some("true")>{words}</a> }
    };
    view! {
        <div class="flex flex-wrap items-center gap-2 mb-3">
            <nav class="seg" aria-label=move || t_string!(i18n, tariffs.show)>
                {move || link("", format!("{} {all}", t_string!(i18n, tariffs.all)))}
                {move || link("changed", format!("{} {changed}", t_string!(i18n, tariffs.changed)))}
                {move || link("warnings", format!("{} {warnings}", t_string!(i18n, tariffs.warnings)))}
            </nav>
            <form method="get" action=format!("/admin/tariffs/{version}") class="flex gap-2">
                <label class="w-48">
                    <span class="sr-only">{t!(i18n, tariffs.search)}</span>
                    <input type="search" name="q" value=query.get_untracked() class="field field-sm" placeholder=move || t_string!(i18n, tariffs.search) />
                </label>
                <button class="btn btn-plain btn-sm">{t!(i18n, tariffs.find)}</button>
            </form>
        </div>
    }
}

/// What the draft changes, in figures.
#[component]
fn Summary(rows: StoredValue<Vec<EditorRow>>, is_draft: bool, version: i32, revision: i64) -> impl IntoView {
    let i18n = use_i18n();
    let count = move |wanted: &'static [Direction]| {
        let is_wanted = |row: &&EditorRow| row.change.as_ref().is_some_and(|change| wanted.contains(&change.direction));
        rows.with_value(|rows| rows.iter().filter(is_wanted).count())
    };
    let figure = move |words: AnyView, count: usize, class: &'static str| {
        view! {
            <div>
                <dt class="text-sm text-muted">{words}</dt>
                <dd class=class>{count}</dd>
            </div>
        }
    };
    view! {
        <aside aria-labelledby="sum" class="panel p-5">
            <h2 id="sum" class="h2">{t!(i18n, tariffs.summary)}</h2>
            <dl class="grid grid-cols-2 gap-4 mt-4">
                {figure(view! { {t!(i18n, tariffs.down)} }.into_any(), count(&[Direction::Drop]), "fig text-2xl mt-0.5 text-primary")}
                {figure(view! { {t!(i18n, tariffs.up)} }.into_any(), count(&[Direction::Rise]), "fig text-2xl mt-0.5 text-rise")}
                {figure(view! { {t!(i18n, tariffs.sum_new)} }.into_any(), count(&[Direction::New]), "fig text-2xl mt-0.5")}
                {figure(view! { {t!(i18n, tariffs.sum_removed)} }.into_any(), count(&[Direction::Removed]), "fig text-2xl mt-0.5")}
            </dl>
            <PriceDiff rows=rows.get_value() />
            <p class="text-sm text-muted mt-4">
                {move || if is_draft { t_string!(i18n, tariffs.summary_draft) } else { t_string!(i18n, tariffs.summary_fixed) }}
            </p>
            {is_draft
                .then(|| {
                    view! {
                        <form method="post" action=format!("/admin/tariffs/{version}/discard") class="mt-4">
                            <input type="hidden" name="revision" value=revision.to_string() />
                            <button class="btn btn-quiet btn-sm">{t!(i18n, tariffs.discard)}</button>
                        </form>
                    }
                })}
        </aside>
    }
}
