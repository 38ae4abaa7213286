//! Several calls priced together: a pipeline, a post with its translations. The list stands in the page's address.

use leptos::prelude::*;
use leptos_router::location::Url;
use wallet::error::Refusal;
use wallet::money::Credits;
use wallet::tariff::{LineRequest, PriceBook};

use crate::components::ledger::receipt::params_text;
use crate::components::pricing::query::PriceQuery;
use crate::components::pricing::reader::Reader;
use crate::i18n::*;
use crate::text::amount::{exact_text, unit_text};
use crate::text::refusal::field_error_text;

/// One line of the list, as it is drawn.
struct Line {
    name: String,
    options: String,
    count: i64,
    /// What it costs, or what is wrong with it.
    price: Result<Credits, Refusal>,
    /// The page's address without this line.
    without: String,
}

/// The calls that are priced together, their sum, and the way to keep their prices.
#[component]
pub fn QuoteLines(
    /// The book in force.
    book: StoredValue<PriceBook>,
    /// What the reader chose.
    query: Memo<PriceQuery>,
    /// What a credit costs this reader.
    reader: Memo<Option<Reader>>,
    /// For how many minutes a price is kept.
    minutes: u16,
    /// Whether somebody is signed in: prices are kept for a wallet.
    is_signed_in: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let lines = Memo::new(move |_| query.read().lines());
    move || {
        let lines = lines.get();
        if lines.is_empty() {
            return ().into_any();
        }
        let rows = lines.iter().enumerate().map(|(place, line)| {
            let line = book.with_value(|book| read(book, &query.read_untracked(), &lines, place, line));
            view! { <LineRow line=line /> }
        });
        let rows = rows.collect_view();
        let total = book.with_value(|book| book.quote_batch(&lines)).map(|batch| batch.total);
        let keep = total.is_ok().then(|| {
            let address = query.read_untracked().with_lines(&lines);
            view! { <Keep lines=lines address=address minutes=minutes is_signed_in=is_signed_in /> }
        });
        view! {
            <section id="quote" aria-labelledby="quote-title" class="mt-5 scroll-mt-6">
                <hr class="perf-x mb-4 -mx-1" />
                <h3 id="quote-title" class="h2">{t!(i18n, quote.together)}</h3>
                <ul class="mt-2 grid gap-1.5">{rows}</ul>
                {total.ok().map(|total| view! { <Total total=total reader=reader /> })}
                {keep}
            </section>
        }
        .into_any()
    }
}

fn read(book: &PriceBook, query: &PriceQuery, lines: &[LineRequest], place: usize, line: &LineRequest) -> Line {
    let mut others = lines.to_vec();
    others.remove(place);
    Line {
        name: book.tariff(&line.operation).map_or_else(|| line.operation.clone(), |tariff| tariff.name.clone()),
        options: params_text(&line.params),
        count: line.count,
        price: book.quote(&line.operation, &line.params, line.count).map(|quote| quote.credits),
        without: query.with_lines(&others),
    }
}

#[component]
fn LineRow(line: Line) -> impl IntoView {
    let i18n = use_i18n();
    let Line { name, options, count, price, without } = line;
    let title = name.clone();
    let (price, wrong) = match price {
        Ok(credits) => (Some(credits), None),
        Err(Refusal::Invalid { fields } | Refusal::Unprocessable { fields }) => (None, fields.into_iter().next()),
        Err(_) => (None, None),
    };
    view! {
        <li class="flex items-baseline gap-2 num">
            <span class="min-w-0 break-words">
                {name} " " <span class="text-muted">{options}</span> {(count > 1).then(|| format!(" × {count}"))}
                {wrong.map(|error| view! { <span class="block text-sm text-error">{move || field_error_text(i18n.get_locale(), &error)}</span> })}
            </span>
            <span class="flex-1"></span>
            {price.map(|price| view! { <span class="font-medium">{move || exact_text(i18n.get_locale(), price)}</span> })}
            <a
                class="btn btn-quiet btn-sm !px-2"
                href=without
                aria-label=move || t_string!(i18n, quote.remove, name = title.clone())
                data-noscroll="true"
            >
                "×"
            </a>
        </li>
    }
}

#[component]
fn Total(total: Credits, reader: Memo<Option<Reader>>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <p class="flex items-baseline gap-2 mt-3 pt-2 border-t border-line">
            <span class="font-medium">{t!(i18n, quote.total)}</span>
            <span class="flex-1"></span>
            <span class="fig text-2xl" data-testid="quote-total">{move || exact_text(i18n.get_locale(), total)}</span>
            <span>{move || unit_text(i18n.get_locale(), total)}</span>
        </p>
        {move || {
            let locale = i18n.get_locale();
            let reader = reader.get()?;
            let (money, way) = (reader.money(locale, total, total), reader.heading(locale));
            Some(view! { <p class="text-sm text-muted num text-right">{format!("{way}: {money}")}</p> })
        }}
    }
}

/// The way to keep the prices; who is not signed in comes back to the same list.
#[component]
fn Keep(lines: Vec<LineRequest>, address: String, minutes: u16, is_signed_in: bool) -> impl IntoView {
    let i18n = use_i18n();
    if !is_signed_in {
        let next = Url::escape(&address);
        return view! {
            <a class="btn btn-plain mt-3" href=format!("/sign-in?next={next}")>{t!(i18n, quote.sign_in, count = move || minutes)}</a>
        }
        .into_any();
    }
    let lines = serde_json::to_string(&lines).unwrap_or_default();
    view! {
        <form method="post" action="/wallet/quotes" class="mt-3">
            <input type="hidden" name="lines" value=lines />
            <button class="btn btn-primary">{t!(i18n, quote.keep, count = move || minutes)}</button>
        </form>
    }
    .into_any()
}
