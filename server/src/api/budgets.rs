//! Budgets: how much may be spent in a day, week or month; by the project, its environment, a key, an end customer.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wallet::error::{Problem, Refusal};
use wallet::identity::{Environment, KeyAccess, KeyScope};
use wallet::ledger::{Budget, BudgetPeriod, BudgetScope, NewBudget};

use super::amount::Amount;
use super::body::{Body, Named, Out};
use super::caller::Caller;
use super::charges::{positive, text, told};
use super::envelope::{Answer, ErrorBody};
use super::key::Key;
use super::schemas::PeriodCode;
use crate::state::AppState;

/// The longest name of an end customer.
const CUSTOMER_MAX: usize = 200;

/// What a budget counts.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Counts {
    /// Everything of the project, in all its environments.
    Project,
    /// Everything of the key's environment.
    Environment,
    /// What one API key spends.
    Key,
    /// What is spent for one end customer (`metadata.customer_id`).
    Customer,
}

/// A budget to set.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewCeiling)]
#[serde(deny_unknown_fields)]
pub struct NewBudgetBody {
    /// What a 402 names.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it counts.
    scope: Counts,
    /// The key's id, or the end customer; where the scope is one of these.
    #[serde(default)]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    of: Option<String>,
    /// `day`, `week` or `month`; each begins at midnight in the account's time zone.
    #[schema(value_type = PeriodCode, example = "month")]
    period: BudgetPeriod,
    /// How much.
    ceiling: Amount,
}

/// A budget, and what has been spent under it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ceiling)]
pub struct BudgetBody {
    /// Its name for `DELETE`.
    id: Uuid,
    /// What a 402 names.
    name: String,
    /// What it counts.
    scope: Counts,
    /// The key's id, or the end customer.
    of: Option<String>,
    /// How often it starts anew.
    #[schema(value_type = PeriodCode)]
    period: BudgetPeriod,
    /// How much.
    ceiling: Amount,
    /// What has been spent in this period.
    spent: Amount,
    /// When this period began.
    since: DateTime<Utc>,
    /// When the next one begins.
    until: DateTime<Utc>,
}

impl From<Budget> for BudgetBody {
    fn from(budget: Budget) -> Self {
        let (scope, of) = match budget.scope {
            BudgetScope::Project => (Counts::Project, None),
            BudgetScope::Environment => (Counts::Environment, None),
            BudgetScope::Key(key) => (Counts::Key, Some(key.to_string())),
            BudgetScope::Customer(customer) => (Counts::Customer, Some(customer)),
        };
        Self {
            id: budget.id,
            name: budget.name,
            scope,
            of,
            period: budget.period,
            ceiling: budget.ceiling.into(),
            spent: budget.spent.into(),
            since: budget.window.start,
            until: budget.window.end,
        }
    }
}

/// The budgets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CeilingList)]
pub struct BudgetList {
    /// Those that concern the key's wallet.
    budgets: Vec<BudgetBody>,
}

impl From<Vec<Budget>> for BudgetList {
    fn from(budgets: Vec<Budget>) -> Self {
        Self { budgets: budgets.into_iter().map(BudgetBody::from).collect() }
    }
}

/// Lists the budgets that concern the key's wallet, with what has been spent.
#[utoipa::path(get, path = "/budgets", tag = "Budgets", responses((status = 200, body = BudgetList)))]
pub async fn list(State(state): State<AppState>, caller: Caller) -> Answer<Response> {
    caller.may(KeyScope::BalanceRead)?;
    all(&state, &caller).await
}

async fn all(state: &AppState, caller: &Caller) -> Answer<Response> {
    Ok(Out(BudgetList::from(state.wallet.ledger().budgets(caller.0.wallet).await?)).into_response())
}

/// Sets a budget; once per key. One that counts the same in the same period is replaced, and keeps what was spent. Not
/// a key's own.
#[utoipa::path(put, path = "/budgets", tag = "Budgets", request_body = NewBudgetBody,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 200, body = BudgetList), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn set(
    State(state): State<AppState>,
    caller: Caller,
    key: Key,
    body: Body<NewBudgetBody>,
) -> Answer<Response> {
    caller.may(KeyScope::BudgetsWrite)?;
    let (key, hash) = (key.of("budget.set"), body.hash()?);
    let NewBudgetBody { name, scope, of, period, ceiling } = body.value;
    let scope = scope_of(scope, of.as_deref())?;
    governs(&caller.0, &scope)?;
    let budget = NewBudget { name: text("name", &name, 100)?, scope, period, ceiling: positive("ceiling", ceiling)? };
    let answer = |budgets: Vec<Budget>| Ok(serde_json::to_string(&BudgetList::from(budgets))?);
    let ledger = state.wallet.ledger();
    let once = (&key, hash);
    let (text, replayed) = ledger.set_budget_once(&caller.actor(), caller.0.wallet, budget, once, answer).await?;
    let kind = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok(told((kind, text).into_response(), replayed))
}

fn scope_of(counts: Counts, of: Option<&str>) -> Answer<BudgetScope> {
    let wrong = |problem, message: &str| Refusal::unprocessable("of", problem, message);
    Ok(match (counts, of) {
        (Counts::Project, None) => BudgetScope::Project,
        (Counts::Environment, None) => BudgetScope::Environment,
        (Counts::Key, None) => return Err(wrong(Problem::Required, "Name the key by its id.").into()),
        (Counts::Key, Some(key)) => {
            BudgetScope::Key(key.parse().map_err(|_| wrong(Problem::Unknown, "There is no such key."))?)
        }
        (Counts::Customer, Some(customer)) if customer.trim() != customer => {
            let message = "Take the spaces around it away: an end customer is known by exactly this text.";
            return Err(wrong(Problem::NotAllowed, message).into());
        }
        (Counts::Customer, Some(customer)) => BudgetScope::Customer(text("of", customer, CUSTOMER_MAX)?),
        (Counts::Customer, None) => return Err(wrong(Problem::Required, "Name the end customer.").into()),
        (Counts::Project | Counts::Environment, Some(_)) => {
            return Err(wrong(Problem::NotAllowed, "This scope has no `of`.").into());
        }
    })
}

/// Removes a budget that concerns the key's wallet; once per key. Not a key's own.
#[utoipa::path(delete, path = "/budgets/{id}", tag = "Budgets",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<Uuid>,
    key: Key,
) -> Answer<Response> {
    caller.may(KeyScope::BudgetsWrite)?;
    let may = |scope: &BudgetScope| Ok(governs(&caller.0, scope)?);
    let (ledger, by, once) = (state.wallet.ledger(), caller.actor(), key.of("budget.removed"));
    let replayed = ledger.remove_budget_by(&by, caller.0.wallet, id, Some(&once), may).await?;
    Ok(told(StatusCode::NO_CONTENT.into_response(), replayed))
}

/// Refuses what is not a key's to govern: its own budget, and with a preview key what stops production as well.
fn governs(key: &KeyAccess, scope: &BudgetScope) -> Result<(), Refusal> {
    let why = match scope {
        BudgetScope::Key(id) if *id == key.id.uuid() => "a key can't change its own ceiling; use another key",
        BudgetScope::Project if key.environment == Environment::Preview => {
            "a preview key governs its own environment; this ceiling counts production as well"
        }
        _ => return Ok(()),
    };
    Err(Refusal::Forbidden { why: why.to_owned() })
}
