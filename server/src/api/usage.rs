//! Usage: what was spent, summed up, as JSON or CSV.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use wallet::identity::KeyScope;
use wallet::ledger::{GroupBy, UsageRow};

use super::amount::Amount;
use super::body::{Asked, Out};
use super::caller::Caller;
use super::csv::{harmless, mark, wants_csv};
use super::envelope::{Answer, ErrorBody, Fault};
use super::instant::optional_instant;
use super::schemas::Instant;
use crate::state::AppState;

/// What sums are told apart by where nothing is said.
const GROUP_BY: &str = "day";
/// How many days are summed up where nothing is said.
const DAYS: i64 = 30;
/// The longest key of metadata.
const KEY_MAX: usize = 200;

/// What to sum up.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// What sums are told apart by, with commas between: `day` (in the account's time zone), `operation`, `category`,
    /// `metadata.<key>`; by `day` where the parameter is missing, one sum of everything where it is empty.
    #[serde(default)]
    #[param(
        example = "day,operation,metadata.customer_id",
        pattern = "^((day|operation|category|metadata\\.[^,]{1,200})(,(day|operation|category|metadata\\.[^,]{1,200}))*)?$"
    )]
    group_by: Option<String>,
    /// From this instant on: RFC 3339, or a day in the account's time zone; 30 days before `to` where nothing is said,
    /// or where the archived rows end.
    #[serde(default)]
    #[param(inline, value_type = Option<Instant>)]
    from: Option<String>,
    /// Before this instant or day; now where nothing is said. At most 366 days after `from`.
    #[serde(default)]
    #[param(inline, value_type = Option<Instant>)]
    to: Option<String>,
    /// `true`: CSV with a byte order mark, without which Excel reads letters beyond ASCII wrongly.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    bom: Option<String>,
}

/// The sums of a time.
#[derive(Debug, Serialize, ToSchema)]
pub struct Usage {
    /// From this instant on.
    from: DateTime<Utc>,
    /// Before this instant.
    to: DateTime<Utc>,
    /// In the order of the groups.
    usage: Vec<UsageSum>,
}

/// One sum.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageSum {
    /// What it is about, by the names of `group_by`; null where a row says nothing about it.
    #[schema(value_type = Object)]
    group: Map<String, Value>,
    /// How many charges and captures.
    charges: i64,
    /// What was spent, less what was paid back.
    credits: Amount,
}

/// One thing that sums are told apart by.
enum Part {
    Day,
    Operation,
    Category,
    Metadata(usize),
}

/// Reads `group_by`: the parts with their names, in the order asked.
fn parts(text: &str) -> Answer<(Vec<(String, Part)>, GroupBy)> {
    let (mut parts, mut by) = (Vec::<(String, Part)>::new(), GroupBy::default());
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if parts.iter().any(|(known, _)| known == name) {
            return Err(Fault::invalid("group_by", "Name each part once."));
        }
        let key = name.strip_prefix("metadata.").filter(|key| !key.is_empty() && !key.contains('\0'));
        let part = match (name, key) {
            ("day", _) => {
                by.day = true;
                Part::Day
            }
            ("operation", _) => {
                by.operation = true;
                Part::Operation
            }
            ("category", _) => {
                by.category = true;
                Part::Category
            }
            (_, Some(key)) if key.chars().count() <= KEY_MAX => {
                by.metadata.push(key.to_owned());
                Part::Metadata(by.metadata.len() - 1)
            }
            _ => return Err(Fault::invalid("group_by", "Choose among day, operation, category and metadata.<key>.")),
        };
        parts.push((name.to_owned(), part));
    }
    Ok((parts, by))
}

fn value(row: &UsageRow, part: &Part) -> Option<String> {
    match part {
        Part::Day => row.day.clone(),
        Part::Operation => row.operation.clone(),
        Part::Category => row.category.clone(),
        Part::Metadata(place) => row.metadata.get(*place).cloned().flatten(),
    }
}

/// Sums up what was spent; as CSV where `Accept` asks for `text/csv`. An account asks for so many long reads at once,
/// and hears 429 beyond. Sums by `metadata.customer_id` are quick whatever the wallet's size; by other keys they read
/// every row. What pays back a capture of several lines whose row is archived counts wholly for the first of them.
#[utoipa::path(get, path = "/usage", tag = "Ledger", params(UsageQuery),
    responses((status = 200, body = Usage), (status = 400, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody)))]
pub async fn usage(
    State(state): State<AppState>,
    caller: Caller,
    Asked(query): Asked<UsageQuery>,
    headers: HeaderMap,
) -> Answer<Response> {
    caller.may(KeyScope::LedgerRead)?;
    let bom = mark(query.bom.as_deref())?;
    let (parts, by) = parts(query.group_by.as_deref().unwrap_or(GROUP_BY))?;
    let wallet = caller.0.wallet;
    let to = optional_instant(&state, wallet, "to", query.to.as_deref()).await?;
    let to = to.unwrap_or_else(|| state.wallet.clock().now());
    let from = match optional_instant(&state, wallet, "from", query.from.as_deref()).await? {
        Some(from) => from,
        None => {
            // What is archived can't be told: who names no time gets what there is.
            let archived = state.wallet.ledger().archived(wallet).await?;
            let here = archived.map(|rows| rows.until + TimeDelta::microseconds(1)).filter(|here| *here < to);
            (to - TimeDelta::days(DAYS)).max(here.unwrap_or(DateTime::UNIX_EPOCH))
        }
    };
    let rows = state.wallet.ledger().usage(wallet, (from, to), &by).await?;
    if wants_csv(&headers) {
        return csv(&parts, &rows, bom);
    }
    let sum = |row: UsageRow| UsageSum {
        group: parts.iter().map(|(name, part)| (name.clone(), value(&row, part).into())).collect(),
        charges: row.charges,
        credits: row.credits.into(),
    };
    Ok(Out(Usage { from, to, usage: rows.into_iter().map(sum).collect() }).into_response())
}

fn csv(parts: &[(String, Part)], rows: &[UsageRow], bom: &str) -> Answer<Response> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(bom.as_bytes().to_vec());
    let head = parts.iter().map(|(name, _)| harmless(name)).chain(["charges", "credits"].map(str::to_owned));
    writer.write_record(head).map_err(|error| Fault::internal(&error))?;
    for row in rows {
        let groups = parts.iter().map(|(_, part)| harmless(&value(row, part).unwrap_or_default()));
        let sums = [row.charges.to_string(), row.credits.to_string()];
        writer.write_record(groups.chain(sums)).map_err(|error| Fault::internal(&error))?;
    }
    let text = writer.into_inner().map_err(|error| Fault::internal(&error))?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"usage.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text).into_response())
}
