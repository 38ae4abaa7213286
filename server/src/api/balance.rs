//! The balance, now and at any past instant.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;
use wallet::catalog::CatalogView;
use wallet::id::KeyId;
use wallet::identity::{KeyScope, PlanSummary};
use wallet::ledger::{BalanceView, Budget, GrantLimit, GrantView, Purpose, Subject, tightest};
use wallet::money::Credits;

use super::add_ons::WalletAddOn;
use super::amount::Amount;
use super::auto_top_up::AutoTopUp;
use super::body::{Asked, Out};
use super::caller::Caller;
use super::envelope::{Answer, ErrorBody, Fault};
use super::holds::Hold;
use super::instant::instant;
use super::schemas::Instant;
use crate::state::AppState;

/// Grants that the list of what expires next shows, at most.
const EXPIRING_MAX: usize = 10;

/// What a wallet has. The first three fields are NeuralBox's own.
#[derive(Debug, Serialize, ToSchema)]
pub struct Balance {
    /// What can be spent now.
    #[schema(example = 283)]
    token_balance: Amount,
    /// The plan's code; null where there are no plans.
    #[schema(example = "vip")]
    plan: Option<String>,
    /// When the paid period ends; null on a free plan.
    #[serde(serialize_with = "seconds")]
    #[schema(example = "2026-04-08T00:00:00Z")]
    plan_expires_at: Option<DateTime<Utc>>,
    /// What can be spent now: settled − held.
    available: Amount,
    /// How much of that can be spent on anything.
    general: Amount,
    /// The rest of it: credits that pay only for some operations or categories, in burn order.
    limited: Vec<Limited>,
    /// What this key can spend now, limited credits included: what is available, or less where a budget that counts the key leaves less; 0 while
    /// the wallet is frozen or waits for its owner.
    spendable: Amount,
    /// The budget that leaves less than there is; null where none does.
    bound_by: Option<Bound>,
    /// Set aside for running jobs.
    held: Amount,
    /// Posted.
    settled: Amount,
    /// The unit that everything is counted in.
    #[schema(example = "tokens")]
    unit: String,
    /// `production` or `preview`.
    environment: String,
    /// The newest row of the ledger.
    seq: i64,
    /// Whether the plan asks for a badge on the customer's pages.
    badge_required: bool,
    /// What expires next.
    expiring: Vec<Expiring>,
    /// For how many days the credits last at the pace of the last seven, with what the plan brings meanwhile; null where
    /// that can't be said (a wallet that is younger, or that spent nothing), and where the plan covers the pace.
    runway_days: Option<i64>,
    /// How auto top-up stands: whether credits are bought by themselves when they run low.
    auto_top_up: AutoTopUp,
    /// The add-ons that the wallet has: on, ending or paused.
    add_ons: Vec<WalletAddOn>,
}

/// A budget that leaves a key less than its wallet has.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Bound {
    /// Its id, as in `GET /budgets`.
    id: Uuid,
    /// Its name, as a 402 tells it.
    name: String,
    /// How much it leaves until it starts anew.
    left: Amount,
    /// When it starts anew.
    #[serde(serialize_with = "instant_in_seconds")]
    until: DateTime<Utc>,
}

/// Credits that pay only for some operations or categories.
#[derive(Debug, Serialize, ToSchema)]
struct Limited {
    /// How many are left of them.
    credits: Amount,
    /// What they came from.
    label: String,
    /// When they end.
    #[serde(serialize_with = "seconds")]
    expires_at: Option<DateTime<Utc>>,
    #[serde(flatten)]
    to: Limit,
}

/// What credits pay for: what is named by either list.
#[derive(Debug, Serialize, ToSchema)]
struct Limit {
    /// Codes of operations.
    operations: Vec<String>,
    /// Codes of categories.
    categories: Vec<String>,
}

impl From<&GrantLimit> for Limit {
    fn from(limit: &GrantLimit) -> Self {
        Self { operations: limit.operations().to_vec(), categories: limit.categories().to_vec() }
    }
}

fn limited(grants: &[GrantView]) -> Vec<Limited> {
    let left = grants.iter().filter(|grant| grant.remaining.is_positive());
    let limited = left.filter_map(|grant| {
        Some(Limited {
            credits: grant.remaining.into(),
            label: grant.label.clone(),
            expires_at: grant.expires_at,
            to: grant.limit.as_ref()?.into(),
        })
    });
    limited.collect()
}

/// Credits that expire.
#[derive(Debug, Serialize, ToSchema)]
struct Expiring {
    /// How many are left of them.
    credits: Amount,
    /// What they came from.
    label: String,
    /// When they end.
    #[serde(serialize_with = "seconds")]
    expires_at: Option<DateTime<Utc>>,
}

/// Writes an instant as NeuralBox does: UTC, whole seconds, `Z`.
fn seconds<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        None => serializer.serialize_none(),
    }
}

fn instant_in_seconds<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    seconds(&Some(*at), serializer)
}

fn expiring(grants: &[GrantView]) -> Vec<Expiring> {
    let mut soon: Vec<&GrantView> = grants.iter().filter(|grant| grant.expires_at.is_some()).collect();
    soon.sort_by_key(|grant| grant.expires_at);
    let soon = soon.into_iter().take(EXPIRING_MAX).map(|grant| Expiring {
        credits: grant.remaining.into(),
        label: grant.label.clone(),
        expires_at: grant.expires_at,
    });
    soon.collect()
}

/// Tells what a key can spend of a balance, and the budget that leaves it less than there is.
pub(super) fn spendable(balance: &BalanceView, budgets: &[Budget], key: KeyId) -> (Credits, Option<Bound>) {
    let subject = Subject { key: Some(key.uuid()), customer: None };
    let bound = tightest(budgets, &subject).filter(|(_, left)| *left < balance.available);
    let is_stopped = balance.frozen.is_some() || balance.inactive;
    let spendable = match bound {
        _ if is_stopped => Credits::ZERO,
        Some((_, left)) => left,
        None => balance.available.max(Credits::ZERO),
    };
    let bound = bound.map(|(budget, left)| Bound {
        id: budget.id,
        name: budget.name.clone(),
        left: left.into(),
        until: budget.window.end,
    });
    (spendable, bound)
}

impl Balance {
    fn new(
        balance: &BalanceView,
        (caller, plan): (&Caller, &PlanSummary),
        budgets: &[Budget],
        catalog: &CatalogView,
        (runway_days, auto_top_up, add_ons): (Option<i64>, AutoTopUp, Vec<WalletAddOn>),
    ) -> Answer<Self> {
        let (spendable, bound_by) = spendable(balance, budgets, caller.0.id);
        Ok(Self {
            token_balance: balance.available.into(),
            plan: Some(plan.code.clone()).filter(|code| !code.is_empty()),
            plan_expires_at: plan.expires_at,
            available: balance.available.into(),
            general: balance.available_for(Purpose::Other)?.into(),
            limited: limited(&balance.grants),
            spendable: spendable.into(),
            bound_by,
            held: balance.held.into(),
            settled: balance.settled.into(),
            unit: catalog.settings.unit.code.clone(),
            environment: caller.0.environment.code().to_owned(),
            seq: balance.seq,
            badge_required: catalog.plan(&plan.code).is_some_and(|plan| plan.features.badge_required),
            expiring: expiring(&balance.grants),
            runway_days,
            auto_top_up,
            add_ons,
        })
    }
}

/// Shows the balance. Reading never costs credits.
#[utoipa::path(get, path = "/balance", tag = "Balance",
    responses((status = 200, body = Balance), (status = 401, body = ErrorBody)))]
pub async fn now(State(state): State<AppState>, caller: Caller) -> Answer<Response> {
    caller.may(KeyScope::BalanceRead)?;
    let balance = state.wallet.balance(caller.0.wallet).await?;
    let budgets = state.wallet.ledger().budgets(caller.0.wallet).await?;
    // Not as the key was read some seconds ago: a plan that was just paid shows.
    let plan = state.wallet.plans().current(caller.0.account).await?;
    let catalog = state.wallet.catalog().view().await?;
    let forecast = state.wallet.insight().forecast(&balance).await?;
    let runway_days = forecast.days(state.wallet.clock().now());
    let auto_top_up = state.wallet.payments().auto_top_up(caller.0.wallet).await?.into();
    let add_ons = state.wallet.add_ons().live(caller.0.wallet).await?.into_iter().map(WalletAddOn::from).collect();
    let seen = (runway_days, auto_top_up, add_ons);
    Ok(Out(Balance::new(&balance, (&caller, &plan), &budgets, &catalog, seen)?).into_response())
}

/// At which instant.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct At {
    /// RFC 3339 or a day (its first moment in the account's time zone), not in the future: `2026-04-08T00:00:00Z`.
    #[param(inline, value_type = Instant)]
    time: String,
}

/// A wallet at one instant.
#[derive(Debug, Serialize, ToSchema)]
pub struct BalanceThen {
    /// The instant.
    time: DateTime<Utc>,
    /// The newest row of the ledger at that instant.
    seq: i64,
    /// What could be spent.
    available: Amount,
    /// What was set aside.
    held: Amount,
    /// What was posted.
    settled: Amount,
    /// The grants that had something, in burn order.
    grants: Vec<Grant>,
    /// The holds that were open, oldest first.
    holds: Vec<Hold>,
}

/// Credits that came in at one time from one source.
#[derive(Debug, Serialize, ToSchema)]
pub struct Grant {
    /// Its number within the wallet.
    id: i64,
    /// `allowance`, `one_time`, `promo`, `top_up`, `adjustment` or `transfer`.
    source: String,
    /// What people see.
    label: String,
    /// How much came in.
    granted: Amount,
    /// How much can still be spent.
    remaining: Amount,
    /// How much is set aside.
    held: Amount,
    /// From when it counts.
    effective_at: DateTime<Utc>,
    /// When it ends.
    expires_at: Option<DateTime<Utc>>,
    /// What it pays for; null where that is everything.
    limit: Option<Limit>,
}

impl From<GrantView> for Grant {
    fn from(grant: GrantView) -> Self {
        Self {
            id: grant.id,
            source: grant.source.as_str().to_owned(),
            label: grant.label,
            granted: grant.granted.into(),
            remaining: grant.remaining.into(),
            held: grant.held.into(),
            effective_at: grant.effective_at,
            expires_at: grant.expires_at,
            limit: grant.limit.as_ref().map(Limit::from),
        }
    }
}

/// The balance as live streams send it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BalanceNow {
    /// The newest row of the ledger.
    seq: i64,
    /// What can be spent.
    available: Amount,
    /// What is set aside.
    held: Amount,
    /// What is posted.
    settled: Amount,
}

impl From<BalanceView> for BalanceNow {
    fn from(balance: BalanceView) -> Self {
        Self {
            seq: balance.seq,
            available: balance.available.into(),
            held: balance.held.into(),
            settled: balance.settled.into(),
        }
    }
}

/// Shows balance, grants and open holds at a past instant.
#[utoipa::path(get, path = "/balance/at", tag = "Balance", params(At),
    responses((status = 200, body = BalanceThen), (status = 400, body = ErrorBody)))]
pub async fn at(State(state): State<AppState>, caller: Caller, Asked(at): Asked<At>) -> Answer<Response> {
    caller.may(KeyScope::BalanceRead)?;
    let time = instant(&state, caller.0.wallet, "time", &at.time).await?;
    if time > state.wallet.clock().now() {
        return Err(Fault::invalid("time", "This instant is still to come."));
    }
    let balance = state.wallet.ledger().balance_at(caller.0.wallet, time).await?;
    let holds = state.wallet.ledger().holds_at(caller.0.wallet, time).await?;
    let body = BalanceThen {
        time,
        seq: balance.seq,
        available: balance.available.into(),
        held: balance.held.into(),
        settled: balance.settled.into(),
        grants: balance.grants.into_iter().map(Grant::from).collect(),
        holds: holds.into_iter().map(Hold::from).collect(),
    };
    Ok(Out(body).into_response())
}
