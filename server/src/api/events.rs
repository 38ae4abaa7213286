//! Live events for programs: the ledger of the key's wallet as it grows.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wallet::error::Refusal;
use wallet::identity::KeyScope;
use wallet::ledger::{BalanceView, EntryKind, EntryView};
use wallet::payment::PaymentView;

use super::amount::Amount;
use super::balance::BalanceNow;
use super::body::Asked;
use super::caller::Caller;
use super::envelope::{Answer, ErrorBody};
use super::ledger::EntryBody;
use super::payments::Payment;
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

    fn hold(entry: &EntryView) -> Option<impl Serialize> {
        HoldChange::of(entry)
    }

    fn payment(payment: PaymentView) -> Option<impl Serialize> {
        Some(Payment::from(payment))
    }

    const TELLS_PAYMENTS: bool = true;
}

/// The data of `hold` events: how far a hold is.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldChange {
    /// The hold, as in `GET /holds/{id}`.
    pub(super) id: i64,
    /// `open`, `captured`, `released` or `expired`.
    pub(super) state: &'static str,
    /// What was set aside, taken, or given back.
    pub(super) amount: Amount,
    /// The row.
    seq: i64,
}

impl HoldChange {
    /// Says what a row tells of a hold; `None` for other rows.
    pub(super) fn of(entry: &EntryView) -> Option<Self> {
        let (state, amount) = match entry.kind {
            EntryKind::Hold => ("open", entry.held_change),
            EntryKind::Capture => ("captured", entry.amount.checked_neg().unwrap_or_default()),
            EntryKind::Release => ("released", entry.held_change.checked_neg().unwrap_or_default()),
            EntryKind::HoldExpired => ("expired", entry.held_change.checked_neg().unwrap_or_default()),
            _ => return None,
        };
        Some(Self { id: entry.refers_to.unwrap_or(entry.seq), state, amount: amount.into(), seq: entry.seq })
    }
}

/// Streams `entry` events (their id is the row's `seq`) and `balance` events, without a gap and without doubles; and
/// `hold` and `payment` events: how far a hold or a payment is.
///
/// Begins with a `balance`. Reconnect with `Last-Event-ID` to get every row since. `balance`, `hold` and `payment` are
/// absolute and carry no id; after a reconnect some may come again. A `hold` (`id`, `state`, `amount`, `seq`) stands
/// before its row; a `payment` is the body of `GET /payments/{id}`, within seconds of its change.
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
