//! Announced, present and past changes of prices: the changelog's numbers for programs.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wallet::money::Credits;
use wallet::tariff::{Announcement, OptionChange, PercentSpan, PriceChange, PriceRange, RequirementChange};

use super::amount::Amount;
use super::body::{Asked, Out};
use super::envelope::{Answer, ErrorBody};
use super::page;
use crate::state::AppState;

/// A page of changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeList {
    /// Newest first.
    price_changes: Vec<ChangeBody>,
    /// Pass it as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
}

/// One version of the price book, and what it changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeBody {
    /// The version.
    price_book_version: i32,
    /// `scheduled`, `active`, `retired` or `withdrawn` (announced, but it does not come).
    status: String,
    /// When it was announced.
    announced_at: DateTime<Utc>,
    /// From when it is in force; where it was withdrawn, from when it would have been.
    effective_at: DateTime<Utc>,
    /// The page that shows it to people.
    #[schema(example = "https://pay.example/changelog/4")]
    url: String,
    /// What changes.
    changes: Vec<OperationChange>,
}

/// One operation's change.
#[derive(Debug, Serialize, ToSchema)]
struct OperationChange {
    /// The operation.
    operation: String,
    /// Its name for people.
    name: String,
    /// What one call is.
    #[schema(example = "image")]
    unit: String,
    /// `rise` (also where calls are refused then), `drop`, `new`, `removed`, `wider` (more is possible at the same
    /// prices) or `wording`.
    #[schema(value_type = String)]
    direction: wallet::tariff::Direction,
    /// What it cost.
    before: Option<RangeBody>,
    /// What it costs then.
    after: Option<RangeBody>,
    /// By how many percent its prices change, to a tenth; null where there is nothing to compare.
    percent: Option<PercentBody>,
    /// The options that change, where they have prices of their own.
    options: Vec<OptionBody>,
    /// The plans that change, of the operation and its options.
    gates: Vec<RequirementBody>,
}

/// From the least to the most that a call costs.
#[derive(Debug, Serialize, ToSchema)]
struct RangeBody {
    /// The least.
    min: Amount,
    /// The most.
    max: Amount,
}

/// From the least to the most of all prices that change.
#[derive(Debug, Serialize, ToSchema)]
struct PercentBody {
    /// The least.
    min: Amount,
    /// The most.
    max: Amount,
}

/// One option's price.
#[derive(Debug, Serialize, ToSchema)]
struct OptionBody {
    /// What the price is for.
    #[schema(example = json!(["1792x1024", "hd"]))]
    labels: Vec<String>,
    /// What it cost.
    before: Amount,
    /// What it costs then.
    after: Amount,
}

/// The plan that is needed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GateBody)]
struct RequirementBody {
    /// The option; null: the whole operation.
    #[schema(example = "premium")]
    option: Option<String>,
    /// The lowest plan that could ask for it; null: every plan could.
    before: Option<String>,
    /// The lowest plan that may ask for it then.
    after: Option<String>,
}

impl From<RequirementChange> for RequirementBody {
    fn from(gate: RequirementChange) -> Self {
        Self { option: gate.option, before: gate.before, after: gate.after }
    }
}

impl From<PriceRange> for RangeBody {
    fn from(range: PriceRange) -> Self {
        Self { min: range.min.into(), max: range.max.into() }
    }
}

impl From<PercentSpan> for PercentBody {
    fn from(span: PercentSpan) -> Self {
        // Tenths of a percent, as an exact number.
        let amount = |tenths: i64| Amount(Credits::from_micros(tenths.saturating_mul(100_000)));
        Self { min: amount(span.least), max: amount(span.most) }
    }
}

impl From<OptionChange> for OptionBody {
    fn from(option: OptionChange) -> Self {
        Self { labels: option.labels, before: option.before.into(), after: option.after.into() }
    }
}

impl From<PriceChange> for OperationChange {
    fn from(change: PriceChange) -> Self {
        let percent = change.percent().map(PercentBody::from);
        Self {
            operation: change.operation,
            name: change.name,
            unit: change.unit,
            direction: change.direction,
            before: change.before.map(RangeBody::from),
            after: change.after.map(RangeBody::from),
            percent,
            options: change.options.into_iter().map(OptionBody::from).collect(),
            gates: change.gates.into_iter().map(RequirementBody::from).collect(),
        }
    }
}

impl ChangeBody {
    /// Writes an announcement for programs: the API's answer, and the webhook's payload.
    #[must_use]
    pub fn of(announcement: Announcement, public_url: &str) -> Self {
        Self {
            price_book_version: announcement.version,
            status: announcement.status.code().to_owned(),
            announced_at: announcement.announced_at,
            effective_at: announcement.effective_at,
            url: format!("{public_url}/changelog/{}", announcement.version),
            changes: announcement.changes.into_iter().map(OperationChange::from).collect(),
        }
    }
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangeQuery {
    /// Versions of the page, at most 200; 50 where nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    #[param(pattern = "^c_[1-9][0-9]{0,8}$")]
    cursor: Option<String>,
}

/// Lists announced, present and past changes of prices, newest first.
#[utoipa::path(get, path = "/price-changes", tag = "Catalog", params(ChangeQuery),
    responses((status = 200, body = ChangeList), (status = 400, body = ErrorBody)))]
pub async fn list(State(state): State<AppState>, Asked(query): Asked<ChangeQuery>) -> Answer<Response> {
    let before = page::cursor::<i32>(query.cursor.as_deref())?;
    let changelog = state.wallet.tariffs().changelog(before, page::limit(query.limit)?).await?;
    let url = state.app.public_url.as_str();
    let price_changes = changelog.announcements.into_iter().map(|announcement| ChangeBody::of(announcement, url));
    Ok(Out(ChangeList { price_changes: price_changes.collect(), next_cursor: page::next(changelog.next) })
        .into_response())
}
