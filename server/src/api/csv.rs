//! The ledger as CSV: streamed page by page, safe to open in a spreadsheet.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::{Stream, TryStreamExt, stream};
use wallet::Wallet;
use wallet::error::Error;
use wallet::id::WalletId;
use wallet::identity::KeyScope;
use wallet::ledger::{EntryFilter, EntryView, Export};

use super::body::Asked;
use super::caller::Caller;
use super::envelope::{Answer, ErrorBody};
use super::ledger::Filter;
use crate::state::AppState;

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

/// Streams rows as CSV, newest first, with the filters of the list.
#[utoipa::path(get, path = "/ledger.csv", tag = "Ledger", params(Filter),
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = ErrorBody),
        (status = 429, body = ErrorBody)))]
pub async fn export(State(state): State<AppState>, caller: Caller, Asked(filter): Asked<Filter>) -> Answer<Response> {
    caller.may(KeyScope::LedgerRead)?;
    filter.page()?;
    Ok(response(&state.wallet, caller.0.wallet, filter.read()?).await?)
}

/// Makes the answer: a file that is written while it is read. An account writes a few at a time; more are refused.
pub async fn response(wallet: &Wallet, id: WalletId, filter: EntryFilter) -> Result<Response, Error> {
    let export = Arc::new(wallet.ledger().export(id).await?);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"ledger.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(rows(export, filter))).into_response())
}

/// Where a stream of pages stands.
enum Next {
    Head,
    Page(Option<i64>),
    End,
}

fn rows(export: Arc<Export>, filter: EntryFilter) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::try_unfold(Next::Head, move |next| {
        let (export, filter) = (Arc::clone(&export), filter.clone());
        async move {
            let before = match next {
                Next::Head => return Ok(Some((text(std::iter::once(COLUMNS.map(str::to_owned)))?, Next::Page(None)))),
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

/// Spreadsheets run texts that begin like formulas; an apostrophe keeps them texts. Numbers stay numbers.
pub fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_stay_texts() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        assert_eq!(harmless("dall-e-3"), "dall-e-3");
        let written = text([COLUMNS.map(|_| "a,\"b\"\nc".to_owned())].into_iter()).expect("rows");
        assert!(written.starts_with(b"\"a,\"\"b\"\"\nc\","));
    }
}
