//! The ledger: every row of the key's wallet, newest first.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use wallet::id::WalletId;
use wallet::identity::KeyScope;
use wallet::ledger::{AllocationView, EntryDetail, EntryFilter, EntryKind, EntryView, Page};

use super::amount::Amount;
use super::body::{Asked, Named, Out};
use super::caller::Caller;
use super::charges::ReceiptBody;
use super::envelope::{Answer, ErrorBody, Fault};
use super::holds::HoldLineBody;
use super::instant::optional_instant;
use super::page;
use super::schemas::{Instant, Metadata};
use crate::state::AppState;

/// The longest text of a filter.
const FILTER_MAX: usize = 200;

/// One row of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryBody {
    /// The row's place, from 1 and without a gap.
    pub(super) seq: i64,
    /// What happened: `grant`, `charge`, `hold`, `capture`, …
    #[schema(example = "charge")]
    pub(super) kind: String,
    /// The change of settled.
    pub(super) amount: Amount,
    /// The change of held.
    pub(super) held_change: Amount,
    /// Settled after this row.
    pub(super) settled_after: Amount,
    /// Held after this row.
    pub(super) held_after: Amount,
    /// The operation, for debits.
    pub(super) operation: Option<String>,
    /// What people see.
    pub(super) title: Option<String>,
    /// The operation's category for debits, the source for grants.
    pub(super) category: Option<String>,
    /// How many.
    pub(super) quantity: i64,
    /// The row that this one answers.
    pub(super) refers_to: Option<i64>,
    /// Who did it.
    pub(super) actor: ActorBody,
    /// What the caller sent along.
    #[schema(value_type = Option<Metadata>)]
    pub(super) metadata: Value,
    /// When, by the database's clock.
    pub(super) created_at: DateTime<Utc>,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActorBody {
    /// `user`, `key`, `service`, `staff` or `system`; `service` is the platform's own program.
    pub(super) kind: String,
    /// The name at that time; of a service key on behalf of a customer's key both: `gateway · my key`.
    pub(super) name: String,
}

impl From<EntryView> for EntryBody {
    fn from(entry: EntryView) -> Self {
        let kind = entry.actor.word();
        let name = entry.actor.name().to_owned();
        Self {
            seq: entry.seq,
            kind: entry.kind.as_str().to_owned(),
            amount: entry.amount.into(),
            held_change: entry.held_change.into(),
            settled_after: entry.settled_after.into(),
            held_after: entry.held_after.into(),
            operation: entry.operation,
            title: entry.title,
            category: entry.category,
            quantity: entry.quantity,
            refers_to: entry.refers_to,
            actor: ActorBody { kind: kind.to_owned(), name },
            metadata: entry.metadata,
            created_at: entry.created_at,
        }
    }
}

/// One grant's share of a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct Allocation {
    /// The grant; 0 is the wallet's debt.
    grant_id: i64,
    /// What people see.
    label: String,
    /// Where the grant comes from.
    source: Option<String>,
    /// The change of what the grant has.
    amount: Amount,
    /// The change of what is set aside of it.
    held_change: Amount,
    /// When the grant ends.
    expires_at: Option<DateTime<Utc>>,
}

impl From<AllocationView> for Allocation {
    fn from(allocation: AllocationView) -> Self {
        Self {
            grant_id: allocation.grant_id,
            label: allocation.label,
            source: allocation.source.map(|source| source.as_str().to_owned()),
            amount: allocation.amount.into(),
            held_change: allocation.held_change.into(),
            expires_at: allocation.expires_at,
        }
    }
}

/// Which rows.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only these kinds, separated by commas.
    #[serde(default)]
    #[param(
        pattern = "^(grant|charge|hold|capture|release|adjustment)(,(grant|charge|hold|capture|release|adjustment|credit_back|hold_expired|grant_expired))*$"
    )]
    kind: Option<String>,
    /// Only this operation: rows of several lines by each line, captures by those that were taken of.
    #[serde(default)]
    #[param(max_length = 200)]
    operation: Option<String>,
    /// Only this category, as for `operation`; both together mean one line.
    #[serde(default)]
    #[param(max_length = 200)]
    category: Option<String>,
    /// From this instant on: RFC 3339, or a day in the account's time zone.
    #[serde(default)]
    #[param(inline, value_type = Option<Instant>)]
    from: Option<String>,
    /// Before this instant or day.
    #[serde(default)]
    #[param(inline, value_type = Option<Instant>)]
    to: Option<String>,
    /// Rows of a page, 1 to 200.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200)]
    pub(super) limit: Option<String>,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(pattern = "^c_[1-9][0-9]{0,17}$")]
    cursor: Option<String>,
    /// `metadata.<key>=<value>`: only rows with this value under this key; one key at most.
    #[serde(flatten)]
    #[param(ignore)]
    rest: BTreeMap<String, String>,
}

impl Filter {
    /// Reads the filter, and refuses what it does not know.
    pub(super) async fn read(&self, state: &AppState, wallet: WalletId) -> Answer<EntryFilter> {
        let mut metadata = None;
        for (name, value) in &self.rest {
            let key = name.strip_prefix("metadata.").filter(|key| !key.is_empty());
            let key = key.ok_or_else(|| Fault::invalid(name, "There is no such filter."))?;
            if metadata.replace((short(name, key)?, short(name, value)?)).is_some() {
                return Err(Fault::invalid(name, "One metadata key at most."));
            }
        }
        let short_of = |field: &str, text: &Option<String>| text.as_deref().map(|text| short(field, text)).transpose();
        Ok(EntryFilter {
            kinds: self.kind.as_deref().map(kinds).transpose()?.unwrap_or_default(),
            operation: short_of("operation", &self.operation)?,
            category: short_of("category", &self.category)?,
            from: optional_instant(state, wallet, "from", self.from.as_deref()).await?,
            to: optional_instant(state, wallet, "to", self.to.as_deref()).await?,
            text: None,
            metadata,
        })
    }

    /// Reads which page of them.
    pub(super) fn page(&self) -> Answer<Page> {
        let limit = self.limit.as_deref().map(|text| text.parse::<u16>());
        let limit = limit.transpose().map_err(|_| Fault::invalid("limit", "From 1 to 200."))?;
        Ok(Page { before: page::cursor(self.cursor.as_deref())?, limit: page::limit(limit)? })
    }
}

fn kinds(text: &str) -> Answer<Vec<EntryKind>> {
    let unknown =
        |kind: &str| Fault::invalid("kind", format!("There is no kind {}.", kind.chars().take(40).collect::<String>()));
    text.split(',').map(|kind| EntryKind::parse(kind.trim()).ok_or_else(|| unknown(kind))).collect()
}

fn short(field: &str, text: &str) -> Answer<String> {
    if text.chars().count() > FILTER_MAX || text.contains('\0') {
        return Err(Fault::invalid(field, "At most 200 characters, and no NUL."));
    }
    Ok(text.to_owned())
}

/// One page of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryList {
    /// The rows, newest first.
    entries: Vec<EntryBody>,
    /// Pass it as `cursor` for the next page; null on the last one. With filters, a page may hold fewer rows than
    /// `limit`, or none, and yet have a next one: a search looks at so many rows at a time.
    next_cursor: Option<String>,
}

/// Lists rows, newest first. With filters it is a long read: of those an account has so many at once, and hears 429
/// beyond.
#[utoipa::path(get, path = "/ledger", tag = "Ledger", params(Filter),
    responses((status = 200, body = EntryList), (status = 400, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub async fn list(State(state): State<AppState>, caller: Caller, Asked(filter): Asked<Filter>) -> Answer<Response> {
    caller.may(KeyScope::LedgerRead)?;
    let wanted = filter.read(&state, caller.0.wallet).await?;
    let page = state.wallet.ledger().entries(caller.0.wallet, &wanted, filter.page()?).await?;
    let body = EntryList {
        entries: page.entries.into_iter().map(EntryBody::from).collect(),
        next_cursor: page::next(page.next),
    };
    Ok(Out(body).into_response())
}

/// A row with everything that is known about it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryFull {
    /// The row.
    #[serde(flatten)]
    entry: EntryBody,
    /// Why it cost what it cost, where one price says it all; null for several lines or a part of one.
    receipt: Option<ReceiptBody>,
    /// Of a hold and its capture: what was held for each line and why, and what this row took of it.
    lines: Vec<HoldLineBody>,
    /// Why it was done, where somebody said so: `platform_failure`, a correction's words.
    reason: Option<String>,
    /// What it took from which grant, or gave to it.
    allocations: Vec<Allocation>,
    /// The rows of the same story, oldest first.
    timeline: Vec<EntryBody>,
    /// The row's hash in the chain.
    hash: String,
}

impl From<EntryDetail> for EntryFull {
    fn from(detail: EntryDetail) -> Self {
        Self {
            entry: detail.entry.into(),
            receipt: detail.receipt.map(ReceiptBody::from),
            lines: detail.lines.into_iter().map(HoldLineBody::from).collect(),
            reason: detail.reason,
            allocations: detail.allocations.into_iter().map(Allocation::from).collect(),
            timeline: detail.timeline.into_iter().map(EntryBody::from).collect(),
            hash: detail.hash,
        }
    }
}

/// Shows a row: receipt, grants, story, hash.
#[utoipa::path(get, path = "/ledger/{seq}", tag = "Ledger", params(("seq" = i64, Path)),
    responses((status = 200, body = EntryFull), (status = 404, body = ErrorBody)))]
pub async fn one(State(state): State<AppState>, caller: Caller, Named(seq): Named<i64>) -> Answer<Response> {
    caller.may(KeyScope::LedgerRead)?;
    let detail = state.wallet.ledger().entry(caller.0.wallet, seq).await?;
    Ok(Out(EntryFull::from(detail)).into_response())
}
