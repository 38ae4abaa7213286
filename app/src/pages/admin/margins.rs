//! `/admin/margins`: what operations cost us beside what they cost customers.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use wallet::tariff::BaseRate;

use crate::components::tariff_editor::margin_table::{CostHistory, MarginTable};
use crate::components::ui::field::TextArea;
use crate::components::ui::panel::{Banner, BannerKind};
use crate::components::ui::shell::{DataPage, Nav};
use crate::context::FormOutcome;
use crate::data::margins::{MarginsPage as Page, load_margins};
use crate::i18n::*;
use crate::text::amount::{credits_text, money_text, unit_text};
use crate::text::refusal::{FormErrors, field_error_text};

/// The head of a sheet of costs, for the hint and the empty field.
const HEAD: &str = "operation,cost,per,currency,source,review_on";

/// The page of margins.
#[component]
pub fn MarginsPage() -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let operation = Memo::new(move |_| address.with(|map| map.get_str("operation").map(str::to_owned)));
    let page = Resource::new_blocking(move || operation.get(), load_margins);
    view! {
        <DataPage
            active=Nav::Margins
            title=move || t_string!(i18n, margins.title)
            note=move || t_string!(i18n, margins.note)
            actions=move || {
                view! {
                    <a class="btn btn-plain" href="#upload">{t!(i18n, margins.upload)}</a>
                    <a class="btn btn-plain" href="/admin/margins/costs.csv">{t!(i18n, margins.download)}</a>
                    <form method="post" action="/admin/margins/draft">
                        <button class="btn btn-primary">{t!(i18n, margins.draft)}</button>
                    </form>
                }
            }
            wide=true
            data=page
            let:page
        >
            <MarginsContent page=page />
        </DataPage>
    }
}

/// The page once its figures are there.
#[component]
fn MarginsContent(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let kept = use_query_map().with_untracked(|map| map.get_str("kept").and_then(|count| count.parse::<i64>().ok()));
    let drops = page.margins.rows.iter().filter(|row| row.drop_from.is_some()).count();
    let drops = i64::try_from(drops).unwrap_or(i64::MAX);
    let is_draft = page.outcome.path.ends_with("/draft");
    let (of_draft, of_upload) =
        if is_draft { (page.outcome, FormOutcome::default()) } else { (FormOutcome::default(), page.outcome) };
    view! {
        <FormErrors outcome=of_draft />
        {kept
            .map(|count| {
                view! {
                    <Banner kind=BannerKind::Info>
                        <p class="flex-1">{t!(i18n, margins.kept, count = move || count)}</p>
                    </Banner>
                }
            })}
        {(drops > 0)
            .then(|| {
                view! {
                    <Banner kind=BannerKind::Info>
                        <p class="flex-1">{t!(i18n, margins.drops, count = move || drops)}</p>
                    </Banner>
                }
            })}
        <Rates rates=page.margins.rates.clone() />
        <MarginTable rows=page.margins.rows />
        {page.history.map(|(operation, rows)| view! { <CostHistory operation=operation rows=rows /> })}
        <Upload outcome=of_upload review_days=page.margins.review_days />
    }
}

/// What a credit is sold for: every margin rests on it.
#[component]
fn Rates(rates: Vec<BaseRate>) -> impl IntoView {
    let i18n = use_i18n();
    let words = move || {
        let locale = i18n.get_locale();
        let one = |rate: &BaseRate| {
            let (money, credits) = (money_text(locale, rate.money), credits_text(locale, rate.credits));
            format!("{money} / {credits} {}", unit_text(locale, rate.credits))
        };
        let list = rates.iter().map(one).collect::<Vec<_>>().join(", ");
        if list.is_empty() {
            t_string!(i18n, margins.no_rates).to_owned()
        } else {
            t_string!(i18n, margins.rates, list = list)
        }
    };
    view! { <p class="text-muted mb-3 num">{words}</p> }
}

/// A sheet of costs, as a file or pasted. A wrong one comes back as it was, with its mistakes by line and column.
#[component]
fn Upload(outcome: FormOutcome, review_days: u16) -> impl IntoView {
    let i18n = use_i18n();
    let typed = outcome.value("costs").filter(|text| !text.is_empty());
    let mistakes: Vec<_> = outcome.errors.iter().filter(|error| error.field == "costs").cloned().collect();
    let is_wrong = !mistakes.is_empty();
    let file_name = outcome.value("file_name").filter(|name| !name.is_empty());
    let heading = move || match file_name.clone() {
        Some(name) => t_string!(i18n, margins.wrong_in, name = name),
        None => t_string!(i18n, margins.wrong).to_owned(),
    };
    let list = mistakes
        .into_iter()
        .map(|error| view! { <li>{move || field_error_text(i18n.get_locale(), &error)}</li> })
        .collect_view();
    let rows = typed.as_ref().map_or(6, |text| text.lines().count().clamp(6, 20));
    view! {
        <section id="upload" aria-labelledby="up" class="panel p-5 mt-8 scroll-mt-20 max-w-[900px]">
            <h2 id="up" class="h2">{t!(i18n, margins.upload)}</h2>
            <p class="text-muted mt-1">{t!(i18n, margins.upload_note, days = move || review_days.to_string())}</p>
            <form method="post" action="/admin/margins" enctype="multipart/form-data" class="mt-3 grid gap-4">
                <FormErrors outcome=outcome shown=&["costs"] />
                <div>
                    <label class="block text-sm font-medium mb-1" for="file">{t!(i18n, margins.file)}</label>
                    <input id="file" type="file" name="file" accept=".csv,text/csv,text/plain" class="block w-full text-base" />
                </div>
                <div>
                    <label class="block text-sm font-medium mb-1" for="costs">{t!(i18n, margins.paste)}</label>
                    <TextArea
                        name="costs"
                        rows=rows
                        text=typed.unwrap_or_default()
                        is_wrong=is_wrong
                        described_by="costs-note"
                        placeholder=format!("{HEAD}\ngpt-5,0.012,1,USD,OpenAI,")
                    />
                    <div id="costs-note">
                        {is_wrong
                            .then(|| {
                                view! {
                                    <p class="text-sm text-error mt-1" role="alert">{heading}</p>
                                    <ul class="text-sm text-error list-disc pl-5 break-words" data-testid="mistakes">{list}</ul>
                                }
                            })}
                        <p class="text-sm text-muted mt-1">{t!(i18n, margins.columns)} " " <code class="font-mono break-all">{HEAD}</code></p>
                    </div>
                </div>
                <div>
                    <button class="btn btn-primary">{t!(i18n, margins.keep)}</button>
                </div>
            </form>
        </section>
    }
}
