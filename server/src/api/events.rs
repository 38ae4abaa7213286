//! Live events for programs: the ledger of the key's wallet as it grows.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use wallet::error::Refusal;
use wallet::identity::KeyScope;
use wallet::ledger::{BalanceView, EntryView};

use super::balance::BalanceNow;
use super::body::Asked;
use super::caller::Caller;
use super::envelope::{Answer, ErrorBody};
use super::ledger::EntryBody;
use crate::live::{self, Form};
use crate::state::AppState;
use crate::streams::Pass;

/// Where to go on.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Resume {
    /// The newest `seq` that you have; `Last-Event-ID` wins over it.
    #[serde(default)]
    after: Option<i64>,
}

/// The documented bodies.
struct Documented;

impl Form for Documented {
    fn entry(entry: EntryView) -> impl Serialize {
        EntryBody::from(entry)
    }

    fn balance(balance: BalanceView) -> impl Serialize {
        BalanceNow::from(balance)
    }
}

/// Streams `entry` events (their id is the row's `seq`) and `balance` events, without a gap and without doubles.
///
/// Begins with a `balance`. Reconnect with `Last-Event-ID` to get every row since.
#[utoipa::path(get, path = "/events", tag = "Ledger", params(Resume, ("Last-Event-ID" = Option<i64>, Header)),
    responses((status = 200, content_type = "text/event-stream", body = EntryBody), (status = 401, body = ErrorBody)))]
pub async fn events(
    State(state): State<AppState>,
    caller: Caller,
    Asked(resume): Asked<Resume>,
    headers: HeaderMap,
) -> Answer<Response> {
    caller.may(KeyScope::LedgerRead)?;
    let after = live::cursor(&headers, resume.after);
    live::events::<Documented>(&state, (caller.0.account, caller.0.wallet), Pass::Key(caller.0.id), after)
        .ok_or_else(|| Refusal::Unavailable.into())
}
