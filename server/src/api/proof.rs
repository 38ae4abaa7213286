//! The hash chain: its head, and rows with everything that their hashes cover, for a proof without our database.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use wallet::error::{Problem, Refusal};
use wallet::identity::KeyScope;

use super::body::{Asked, Out};
use super::caller::Caller;
use super::envelope::{Answer, ErrorBody, Fault};
use crate::state::AppState;

/// Rows of one answer at most.
const ROWS_MAX: u16 = 500;

/// Where the chain stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Head {
    /// The wallet's name.
    #[schema(example = "wal_1f1989abc")]
    wallet: String,
    /// The newest row; 0 for an empty ledger.
    seq: i64,
    /// Its hash; null for an empty ledger.
    hash: Option<String>,
}

/// Shows the newest row and its hash: note it down, and no row before it can be changed unseen.
#[utoipa::path(get, path = "/ledger/head", tag = "Ledger", responses((status = 200, body = Head)))]
pub async fn head(State(state): State<AppState>, caller: Caller) -> Answer<Response> {
    caller.may(KeyScope::LedgerRead)?;
    let ledger = state.wallet.ledger();
    let wallet = caller.0.wallet;
    let seq = ledger.balance(wallet).await?.seq;
    let hash = if seq > 0 { Some(ledger.entry(wallet, seq).await?.hash) } else { None };
    Ok(Out(Head { wallet: wallet.to_string(), seq, hash }).into_response())
}

/// Which rows.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Span {
    /// The first row, from 1; the first one that is not archived where nothing is said.
    #[serde(default)]
    #[param(minimum = 1)]
    from: Option<i64>,
    /// The last row; at most 500 rows are given at once.
    #[serde(default)]
    #[param(minimum = 1)]
    to: Option<i64>,
}

/// Gives rows as JSON lines that `scrip ledger verify` checks: a header, then one row a line.
#[utoipa::path(get, path = "/ledger/proof", tag = "Ledger", params(Span),
    responses((status = 200, content_type = "application/jsonl", body = String), (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn proof(State(state): State<AppState>, caller: Caller, Asked(span): Asked<Span>) -> Answer<Response> {
    caller.may(KeyScope::LedgerRead)?;
    let archived = state.wallet.ledger().archived(caller.0.wallet).await?.map_or(0, |rows| rows.to);
    let from = span.from.unwrap_or(archived + 1);
    let to = span.to.unwrap_or(i64::MAX);
    if from < 1 || to < from {
        return Err(Fault::invalid("from", "From 1 on, and not behind `to`."));
    }
    if from <= archived {
        let message = format!("The rows up to {archived} are archived. Begin with {}, or leave it out.", archived + 1);
        return Err(Refusal::unprocessable("from", Problem::Expired, message).into());
    }
    let wanted = to.saturating_sub(from).saturating_add(1).min(i64::from(ROWS_MAX));
    let wanted = u16::try_from(wanted).unwrap_or(ROWS_MAX);
    let (header, rows) = state.wallet.ledger().proof(caller.0.wallet, from - 1, wanted).await?;
    let mut text = serde_json::to_string(&header).map_err(|error| Fault::internal(&error))?;
    for row in rows {
        text.push('\n');
        text.push_str(&serde_json::to_string(&row).map_err(|error| Fault::internal(&error))?);
    }
    text.push('\n');
    Ok(([(header::CONTENT_TYPE, "application/jsonl"), (header::CACHE_CONTROL, "no-store")], text).into_response())
}
