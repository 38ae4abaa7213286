//! What a customer's key is, for the platform's gateway: whose, what it may do, and what it can spend.

use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use wallet::identity::{KeyAccess, KeyScope, ServiceScope};
use wallet::ledger::BalanceView;
use wallet::money::Credits;

use super::super::amount::Amount;
use super::super::balance::{Bound, spendable};
use super::super::body::Out;
use super::super::budgets::BudgetBody;
use super::super::caller::ServiceCaller;
use super::super::envelope::{Answer, ErrorBody, Fault};
use super::{Acting, OnBehalfOf, counted, customers_key};
use crate::state::AppState;

/// What a key is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Introspection {
    /// Whether the key works. A wrong one and a revoked one are not told apart.
    active: bool,
    /// What it is; null where it does not work.
    key: Option<KeyFacts>,
}

/// A working key of a customer's: never its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyFacts {
    /// The key.
    id: Uuid,
    /// Its name.
    name: String,
    /// The account that pays.
    account: Uuid,
    /// The project that spends.
    project: Uuid,
    /// The public name of the wallet.
    #[schema(example = "wal_0a18c2f0e1b2c3")]
    wallet: String,
    /// `production` or `preview`.
    environment: String,
    /// What it may do, each scope by its name.
    scopes: Vec<String>,
    /// The plan of the account.
    plan: PlanFacts,
    /// The budgets that concern the wallet, with what has been spent.
    budgets: Vec<BudgetBody>,
    /// What there is.
    balance: BalanceFacts,
}

/// A plan.
#[derive(Debug, Serialize, ToSchema)]
struct PlanFacts {
    /// Its code; null where there are no plans.
    code: Option<String>,
    /// Its place among the plans: an operation that needs a plan of a higher rank is refused.
    rank: i32,
    /// When the paid period ends; null on a free plan.
    expires_at: Option<DateTime<Utc>>,
}

/// A balance.
#[derive(Debug, Serialize, ToSchema)]
struct BalanceFacts {
    /// What can be spent now: settled − held.
    available: Amount,
    /// Set aside for running jobs.
    held: Amount,
    /// Posted.
    settled: Amount,
    /// The unit that everything is counted in.
    unit: String,
    /// What the key can spend now: what is available, or less where a budget that counts the key leaves less; 0 while
    /// the wallet is frozen or waits for its owner.
    spendable: Amount,
    /// The budget that leaves less than there is; null where none does.
    bound_by: Option<Bound>,
    /// Why debits are refused: `frozen`, `inactive`; null where they are not.
    stopped: Option<&'static str>,
}

/// Tells what a customer's key is: wallet, environment, scopes, plan, budgets and balance.
///
/// The key travels in a header, since addresses land in logs. It counts as a read of the key. Needs the scope
/// `keys:read` or `spend:write`.
#[utoipa::path(get, path = "/service/keys/introspect", tag = "Platform", operation_id = "service_introspect",
    security(("service_key" = [])),
    params(("On-Behalf-Of" = String, Header, description = "The customer's API key")),
    responses((status = 200, body = Introspection), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub async fn introspect(
    State(state): State<AppState>,
    caller: ServiceCaller,
    OnBehalfOf(text): OnBehalfOf,
) -> Answer<Response> {
    caller.may(ServiceScope::KeysRead)?;
    let text = text.ok_or_else(|| Fault::invalid("On-Behalf-Of", "Send the customer's API key in this header."))?;
    let Some(key) = customers_key(&state, &caller, &text).await? else {
        return Ok(Out(Introspection { active: false, key: None }).into_response());
    };
    let standing = counted(&state, &key, &Method::GET)?;
    let facts = facts(&state, &key).await?;
    Ok(Acting::stamp(Some(standing), Out(Introspection { active: true, key: Some(facts) }).into_response()))
}

async fn facts(state: &AppState, key: &KeyAccess) -> Answer<KeyFacts> {
    let balance = state.wallet.balance(key.wallet).await?;
    let budgets = state.wallet.ledger().budgets(key.wallet).await?;
    // Not as the key was read some seconds ago: a plan that was just paid shows.
    let plan = state.wallet.plans().current(key.account).await?;
    let balance = BalanceFacts::new(&balance, spendable(&balance, &budgets, key.id), unit_of(state).await?);
    let scopes = KeyScope::ALL.into_iter().filter(|scope| key.may(*scope));
    Ok(KeyFacts {
        id: key.id.uuid(),
        name: key.name.clone(),
        account: key.account.uuid(),
        project: key.project.uuid(),
        wallet: key.wallet.to_string(),
        environment: key.environment.code().to_owned(),
        scopes: scopes.map(|scope| scope.code().to_owned()).collect(),
        plan: PlanFacts {
            code: Some(plan.code).filter(|code| !code.is_empty()),
            rank: plan.rank,
            expires_at: plan.expires_at,
        },
        budgets: budgets.into_iter().map(BudgetBody::from).collect(),
        balance,
    })
}

async fn unit_of(state: &AppState) -> Answer<String> {
    Ok(state.wallet.catalog().view().await?.settings.unit.code.clone())
}

impl BalanceFacts {
    fn new(balance: &BalanceView, (spendable, bound_by): (Credits, Option<Bound>), unit: String) -> Self {
        let stopped = if balance.frozen.is_some() { Some("frozen") } else { balance.inactive.then_some("inactive") };
        Self {
            available: balance.available.into(),
            held: balance.held.into(),
            settled: balance.settled.into(),
            unit,
            spendable: spendable.into(),
            bound_by,
            stopped,
        }
    }
}
