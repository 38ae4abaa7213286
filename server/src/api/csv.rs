//! The ledger as CSV: streamed page by page, safe to open in a spreadsheet.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::{Stream, TryStreamExt, stream};
use serde::Deserialize;
use wallet::Wallet;
use wallet::error::Error;
use wallet::id::WalletId;
use wallet::identity::KeyScope;
use wallet::ledger::{EntryFilter, EntryView, Export};

use super::body::Asked;
use super::caller::Caller;
use super::envelope::{Answer, ErrorBody, Fault};
use super::ledger::Filter;
use super::page;
use crate::state::AppState;

/// The byte order mark: Excel reads a file as UTF-8 only with it.
pub const BOM: &str = "\u{feff}";
/// Where the next page of a file begins.
const NEXT_CURSOR: HeaderName = HeaderName::from_static("next-cursor");

const COLUMNS: [&str; 14] = [
    "seq",
    "created_at",
    "kind",
    "operation",
    "title",
    "category",
    "quantity",
    "amount",
    "held_change",
    "settled_after",
    "held_after",
    "refers_to",
    "actor",
    "metadata",
];

/// How the file is written.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Written {
    /// `true`: with a byte order mark, without which Excel reads letters beyond ASCII wrongly.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    bom: Option<String>,
}

/// What to write.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    #[serde(flatten)]
    written: Written,
    #[serde(flatten)]
    filter: Filter,
}

/// Streams rows as CSV, newest first, with the filters of the list; all of them, or with `limit` and `cursor` one page,
/// whose header `Next-Cursor` leads to the next one.
#[utoipa::path(get, path = "/ledger.csv", tag = "Ledger", params(Filter, Written),
    responses((status = 200, content_type = "text/csv", body = String,
            headers(("Next-Cursor" = Option<String>, description = "Pass it as `cursor` for the next page."))),
        (status = 400, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub async fn export(State(state): State<AppState>, caller: Caller, Asked(wanted): Asked<Wanted>) -> Answer<Response> {
    caller.may(KeyScope::LedgerRead)?;
    let Wanted { written, filter } = wanted;
    let bom = mark(written.bom.as_deref())?;
    let (page, is_whole) = (filter.page()?, filter.limit.is_none());
    let entries = filter.read(&state, caller.0.wallet).await?;
    if is_whole {
        let rows = Rows { filter: entries, before: page.before };
        return Ok(response(&state.wallet, caller.0.wallet, rows, bom).await?);
    }
    let found = state.wallet.ledger().entries(caller.0.wallet, &entries, page).await?;
    let head = std::iter::once(COLUMNS.map(str::to_owned));
    let body = text(head.chain(found.entries.iter().map(row)))?;
    let mut response = (headers(), Body::from([bom.as_bytes(), &body].concat())).into_response();
    if let Some(next) = page::next(found.next).and_then(|next| HeaderValue::from_str(&next).ok()) {
        response.headers_mut().insert(NEXT_CURSOR, next);
    }
    Ok(response)
}

/// Reads the parameter `bom`: what a file begins with.
pub fn mark(bom: Option<&str>) -> Answer<&'static str> {
    match bom {
        None | Some("false" | "0") => Ok(""),
        Some("true" | "1") => Ok(BOM),
        Some(_) => Err(Fault::invalid("bom", "true or false.")),
    }
}

/// Which rows a file has: those that a filter lets through, before one row.
pub struct Rows {
    /// What they must be.
    pub filter: EntryFilter,
    /// From the newest where nothing is said.
    pub before: Option<i64>,
}

/// Makes the answer: a file that is written while it is read, after a byte order mark or nothing. An account writes a
/// few at a time; more are refused.
pub async fn response(wallet: &Wallet, id: WalletId, wanted: Rows, bom: &'static str) -> Result<Response, Error> {
    let export = Arc::new(wallet.ledger().export(id).await?);
    Ok((headers(), Body::from_stream(rows(export, wanted, bom))).into_response())
}

const fn headers() -> [(HeaderName, &'static str); 3] {
    [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"ledger.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ]
}

/// Where a stream of pages stands.
enum Next {
    Head,
    Page(Option<i64>),
    End,
}

fn rows(export: Arc<Export>, wanted: Rows, bom: &'static str) -> impl Stream<Item = Result<Bytes, Error>> {
    let Rows { filter, before: first } = wanted;
    stream::try_unfold(Next::Head, move |next| {
        let (export, filter) = (Arc::clone(&export), filter.clone());
        async move {
            let before = match next {
                Next::Head => {
                    let head = text(std::iter::once(COLUMNS.map(str::to_owned)))?;
                    return Ok(Some(([bom.as_bytes(), &head].concat().into(), Next::Page(first))));
                }
                Next::Page(before) => before,
                Next::End => return Ok(None),
            };
            let page = export.part(&filter, before).await?;
            let next = page.next.map_or(Next::End, |next| Next::Page(Some(next)));
            Ok(Some((text(page.entries.iter().map(row))?, next)))
        }
    })
    .inspect_err(|error: &Error| tracing::error!(%error, "an export ended early"))
}

/// Says whether an answer is wanted as CSV: `Accept` names `text/csv`, and likes it no less than JSON.
pub fn wants_csv(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    let accept: Vec<&str> = accept.flat_map(|accept| accept.split(',')).collect();
    let csv = liking(&accept, &["text/csv", "text/*"]);
    csv > 0 && csv >= liking(&accept, &["application/json", "application/*", "*/*"])
}

/// Tells how much the first of some media types is liked that `Accept` names, in thousandths; 0 where it names none.
fn liking(accept: &[&str], kinds: &[&str]) -> u16 {
    let of = |kind: &&str| {
        accept.iter().find_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let is_it = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(kind));
            let q = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            is_it.then(|| q.map_or(1_000, thousandths))
        })
    };
    kinds.iter().find_map(of).unwrap_or(0)
}

/// Reads `0.25` as 250; what is no such number, as nothing.
fn thousandths(q: &str) -> u16 {
    let (whole, part) = q.trim().split_once('.').unwrap_or((q.trim(), ""));
    let digits = format!("{whole}{part:0<3}");
    digits.parse::<u16>().ok().filter(|q| part.len() <= 3 && *q <= 1_000).unwrap_or(0)
}

/// Writes rows as every file of ours has them.
pub fn text<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> Result<Bytes, Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(Error::internal)?;
    }
    writer.into_inner().map(Bytes::from).map_err(|error| Error::internal(error.to_string()))
}

fn row(entry: &EntryView) -> [String; 14] {
    let some = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
    [
        entry.seq.to_string(),
        entry.created_at.to_rfc3339(),
        entry.kind.as_str().to_owned(),
        some(&entry.operation),
        some(&entry.title),
        some(&entry.category),
        entry.quantity.to_string(),
        entry.amount.to_string(),
        entry.held_change.to_string(),
        entry.settled_after.to_string(),
        entry.held_after.to_string(),
        entry.refers_to.map(|seq| seq.to_string()).unwrap_or_default(),
        harmless(entry.actor.name()),
        if entry.metadata.is_null() { String::new() } else { harmless(&entry.metadata.to_string()) },
    ]
}

/// Keeps a text from being run as a formula: an apostrophe before what begins like one. Numbers stay numbers.
///
/// Where lists are separated by semicolons, Excel also takes what follows one inside a text for a cell of its own, and
/// a line for a row.
pub fn harmless(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 1);
    let mut at_start = true;
    for letter in text.chars() {
        if at_start && FORMULA.contains(&letter) {
            written.push('\'');
        }
        written.push(letter);
        // Spaces and quotes before a formula are skipped by some.
        at_start = matches!(letter, ';' | '\n' | '\r') || (at_start && matches!(letter, ' ' | '"'));
    }
    written
}

/// What a formula begins with, also as written in East Asia, and what is skipped before one.
const FORMULA: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_given_where_it_is_liked() {
        let wants = |accept: &'static str| {
            wants_csv(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]))
        };
        for accept in
            ["text/csv", "Text/CSV; q=0.5", "text/csv, */*", "application/json;q=0.2, text/csv;q=0.3", "text/*"]
        {
            assert!(wants(accept), "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "application/json",
            "text/csv;q=0",
            "text/csv; q=0.000, */*",
            "text/csv;q=0.1, application/json",
            "text/csvx",
        ] {
            assert!(!wants(accept), "{accept}");
        }
        assert!(!wants_csv(&HeaderMap::new()));
    }

    #[test]
    fn formulas_stay_texts() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        for (text, written) in [
            ("a;=1+1;b", "a;'=1+1;b"),
            ("a; \"@x", "a; \"'@x"),
            ("a\n=1", "a\n'=1"),
            (" =1", " '=1"),
            (r#"{"a":";=1","b":-1}"#, r#"{"a":";'=1","b":-1}"#),
        ] {
            assert_eq!(harmless(text), written);
        }
        assert_eq!(harmless("dall-e-3"), "dall-e-3");
        let written = text([COLUMNS.map(|_| "a,\"b\"\nc".to_owned())].into_iter()).expect("rows");
        assert!(written.starts_with(b"\"a,\"\"b\"\"\nc\","));
    }
}
