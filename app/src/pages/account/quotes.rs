//! `/wallet/quotes?id=…`: prices that are kept for a while, and the call that takes them.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde_json::json;
use wallet::money::Credits;
use wallet::tariff::{LineRequest, LockedQuote};

use crate::components::ledger::receipt::params_text;
use crate::components::pricing::PriceQuery;
use crate::components::ui::panel::{EmptyState, TablePanel};
use crate::components::ui::shell::{DataPage, Nav};
use crate::data::quotes::{QuotesPage as Page, load_quotes};
use crate::i18n::*;
use crate::text::amount::{exact_text, unit_text};
use crate::text::date_time::{When, WhenStyle};
use crate::text::refusal::FormErrors;

/// The page of kept prices.
#[component]
pub fn QuotesPage() -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let ids = Memo::new(move |_| address.with(|map| map.get_str("id").unwrap_or_default().to_owned()));
    let page = Resource::new_blocking(move || ids.get(), load_quotes);
    view! {
        <DataPage
            active=Nav::History
            title=move || t_string!(i18n, quote.title)
            note=move || t_string!(i18n, quote.note)
            data=page
            let:page
        >
            <LockedQuotes page=page />
        </DataPage>
    }
}

/// The quotes, their sum, and how long they hold; or that there are none.
#[component]
fn LockedQuotes(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let Page { quotes, outcome, public_url, now } = page;
    let total = Credits::checked_sum(quotes.iter().map(|locked| locked.quote.credits));
    let (Some(expires_at), Some(total)) = (quotes.iter().map(|locked| locked.expires_at).min(), total) else {
        return view! {
            <FormErrors outcome=outcome />
            <EmptyState title=move || t_string!(i18n, quote.none) note=move || t_string!(i18n, quote.none_note)>
                <a class="btn btn-plain" href="/pricing#calc">{t!(i18n, quote.to_prices)}</a>
            </EmptyState>
        }
        .into_any();
    };
    let is_over = expires_at <= now;
    let again = PriceQuery::default().with_lines(&quotes.iter().map(line).collect::<Vec<_>>());
    let sample = sample(&public_url, &quotes);
    let rows = quotes.into_iter().map(|locked| view! { <QuoteRow locked=locked /> }).collect_view();
    view! {
        <p class="mb-4 flex flex-wrap items-center gap-x-3 gap-y-2" role="status">
            {if is_over {
                view! { <span class="tag tag-warn">{t!(i18n, quote.over)}</span> <span>{t!(i18n, quote.over_note)}</span> }.into_any()
            } else {
                view! {
                    <span class="tag tag-ok">{t!(i18n, quote.kept)}</span>
                    <span>{t!(i18n, quote.until)} " " <When at=expires_at style=WhenStyle::DateTime /></span>
                }
                    .into_any()
            }} <a class="link-q" href=again>{t!(i18n, quote.again)}</a>
        </p>
        <TablePanel
            name=move || t_string!(i18n, quote.title)
            head=view! {
                <th scope="col">{t!(i18n, order.what)}</th>
                <th scope="col" class="hidden sm:table-cell">{t!(i18n, quote.id)}</th>
                <th scope="col" class="r">{t!(i18n, ledger.credits)}</th>
            }
        >
            {rows}
            <tr>
                <th scope="row" class="text-left">{t!(i18n, quote.total)}</th>
                <td class="hidden sm:table-cell"></td>
                <td class="r">
                    <span class="fig text-2xl" data-testid="quote-total">{move || exact_text(i18n.get_locale(), total)}</span>
                    " "
                    {move || unit_text(i18n.get_locale(), total)}
                </td>
            </tr>
        </TablePanel>
        {(!is_over)
            .then(|| {
                view! {
                    <h2 class="h2 mt-6">{t!(i18n, quote.use_it)}</h2>
                    <pre class="code p-3 mt-2 overflow-x-auto text-xs leading-5" tabindex="0">{sample}</pre>
                }
            })}
    }
    .into_any()
}

#[component]
fn QuoteRow(locked: LockedQuote) -> impl IntoView {
    let i18n = use_i18n();
    let quote = locked.quote;
    let (id, credits) = (locked.id.to_string(), quote.credits);
    view! {
        <tr>
            <td>
                <span class="font-medium">{quote.name.clone()}</span>
                {(quote.count > 1).then(|| format!(" × {}", quote.count))}
                <span class="block text-sm text-muted break-words">{params_text(&quote.params)}</span>
                <span class="block sm:hidden font-mono text-xs break-all">{id.clone()}</span>
            </td>
            <td class="hidden sm:table-cell font-mono text-xs break-all">{id}</td>
            <td class="r">{move || exact_text(i18n.get_locale(), credits)}</td>
        </tr>
    }
}

fn line(locked: &LockedQuote) -> LineRequest {
    let quote = &locked.quote;
    LineRequest { operation: quote.operation.clone(), params: quote.params.clone(), count: quote.count }
}

/// Writes the call that takes the prices: a charge of one thing, a hold of several.
fn sample(public_url: &str, quotes: &[LockedQuote]) -> String {
    let line = |locked: &LockedQuote| {
        let quote = &locked.quote;
        json!({
            "operation": quote.operation, "params": quote.params, "count": quote.count, "quote_id": locked.id.to_string(),
        })
    };
    let (path, body) = match quotes {
        [one] => ("charges", line(one)),
        several => ("holds", json!({ "lines": several.iter().map(line).collect::<Vec<_>>() })),
    };
    let body = serde_json::to_string_pretty(&body).unwrap_or_default();
    format!(
        "curl {public_url}/api/v2/{path} \\\n  -H \"Authorization: Bearer $KEY\" \\\n  -H \"Idempotency-Key: $(uuidgen)\" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{body}'"
    )
}
