//! Changes of what decisions rest on: budgets, freezes, activity. Each counts up the wallet's version, so that a
//! writer that remembers the wallet notices.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::id::{AccountId, WalletId};
use crate::ledger::model::budget::{Budget, BudgetPeriod, BudgetScope, Unseen, Window};
use crate::ledger::repo::{load, wallet_id};
use crate::money::Credits;

/// Whose a touched wallet is.
pub(in crate::ledger) struct Touched {
    pub project: Uuid,
    pub account: AccountId,
}

/// Locks all wallets of a wallet's project, in the order of their ids, and counts up the version of the wallet, or of
/// all: what a project has is counted under the lock.
pub(in crate::ledger) async fn touch(
    connection: &mut PgConnection,
    wallet: WalletId,
    whole_project: bool,
) -> Result<Option<Touched>> {
    let rows = sqlx::query!(
        "WITH locked AS (
             SELECT w.shard, w.wallet_id, w.project_id, w.account_id
             FROM wallets AS own
             JOIN wallets AS w ON w.shard = own.shard AND w.project_id = own.project_id
             WHERE own.shard = $1 AND own.wallet_id = $2
             ORDER BY w.shard, w.wallet_id
             FOR UPDATE OF w
         )
         UPDATE wallets AS w
         SET version = w.version + 1
         FROM locked
         WHERE w.shard = locked.shard AND w.wallet_id = locked.wallet_id AND ($3 OR w.wallet_id = $2)
         RETURNING locked.project_id, locked.account_id",
        wallet.shard.as_i16(),
        wallet.number,
        whole_project
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.first().map(|row| Touched { project: row.project_id, account: AccountId::from_uuid(row.account_id) }))
}

/// Sets a budget, or changes the one that counts the same in the same period; gives its id.
pub(in crate::ledger) async fn set_budget(
    connection: &mut PgConnection,
    wallet: WalletId,
    project: Uuid,
    budget: &Budget,
) -> Result<Uuid> {
    let (scope, subject) = scope(&budget.scope);
    let own = (budget.scope != BudgetScope::Project).then_some(wallet.number);
    let id = sqlx::query_scalar!(
        "INSERT INTO budgets (shard, budget_id, project_id, wallet_id, name, scope, subject, period, ceiling,
                              window_start, window_end, spent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)
         ON CONFLICT (shard, project_id, scope, coalesce(wallet_id, 0), coalesce(subject, ''), period)
         DO UPDATE SET name = excluded.name, ceiling = excluded.ceiling
         RETURNING budget_id",
        wallet.shard.as_i16(),
        budget.id,
        project,
        own,
        budget.name,
        scope,
        subject,
        budget.period.code(),
        budget.ceiling.micros(),
        budget.window.start,
        budget.window.stored_end()
    )
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE wallets SET budgeted = true
         WHERE shard = $1 AND project_id = $2 AND ($3::bigint IS NULL OR wallet_id = $3) AND NOT budgeted",
        wallet.shard.as_i16(),
        project,
        own
    )
    .execute(connection)
    .await?;
    Ok(id)
}

/// Counts the budgets of a project.
pub(in crate::ledger) async fn count_budgets(
    connection: &mut PgConnection,
    wallet: WalletId,
    project: Uuid,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM budgets WHERE shard = $1 AND project_id = $2"#,
        wallet.shard.as_i16(),
        project
    )
    .fetch_one(connection)
    .await?)
}

/// Says what a budget counts that concerns a wallet; `None` where there is none, or it is another wallet's.
pub(in crate::ledger) async fn budget_scope(
    connection: &mut PgConnection,
    wallet: WalletId,
    project: Uuid,
    budget: Uuid,
) -> Result<Option<BudgetScope>> {
    let row = sqlx::query!(
        "SELECT scope, subject
         FROM budgets
         WHERE shard = $1 AND project_id = $2 AND budget_id = $3 AND (wallet_id IS NULL OR wallet_id = $4)",
        wallet.shard.as_i16(),
        project,
        budget,
        wallet.number
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| load::scope(&row.scope, row.subject)).transpose()
}

/// Removes a budget of a project.
pub(in crate::ledger) async fn remove_budget(
    connection: &mut PgConnection,
    wallet: WalletId,
    project: Uuid,
    budget: Uuid,
) -> Result<()> {
    sqlx::query!(
        "DELETE FROM budgets WHERE shard = $1 AND project_id = $2 AND budget_id = $3",
        wallet.shard.as_i16(),
        project,
        budget
    )
    .execute(&mut *connection)
    .await?;
    note_budgeted(connection, wallet, project).await
}

/// Removes the budgets that count what one key spends.
pub(in crate::ledger) async fn remove_budgets_of_key(
    connection: &mut PgConnection,
    wallet: WalletId,
    project: Uuid,
    key: Uuid,
) -> Result<()> {
    sqlx::query!(
        "DELETE FROM budgets WHERE shard = $1 AND project_id = $2 AND scope = 'key' AND subject = $3",
        wallet.shard.as_i16(),
        project,
        key.to_string()
    )
    .execute(&mut *connection)
    .await?;
    note_budgeted(connection, wallet, project).await
}

/// Notes which wallets of a project have budgets.
async fn note_budgeted(connection: &mut PgConnection, wallet: WalletId, project: Uuid) -> Result<()> {
    sqlx::query!(
        "UPDATE wallets AS w
         SET budgeted = EXISTS (
             SELECT FROM budgets AS b
             WHERE b.shard = w.shard AND b.project_id = w.project_id
               AND (b.wallet_id IS NULL OR b.wallet_id = w.wallet_id)
         )
         WHERE w.shard = $1 AND w.project_id = $2",
        wallet.shard.as_i16(),
        project
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Names the account of a wallet.
pub(in crate::ledger) async fn account(connection: &mut PgConnection, wallet: WalletId) -> Result<Option<AccountId>> {
    let account = sqlx::query_scalar!(
        "SELECT account_id FROM wallets WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_optional(connection)
    .await?;
    Ok(account.map(AccountId::from_uuid))
}

/// Reads the budgets that concern a wallet, as they were left.
pub(in crate::ledger) async fn budgets(connection: &mut PgConnection, wallet: WalletId) -> Result<Vec<Budget>> {
    let rows = sqlx::query!(
        "SELECT b.budget_id, b.name, b.scope, b.subject, b.period, b.ceiling, b.window_start, b.window_end, b.spent
         FROM wallets AS w
         JOIN budgets AS b ON b.shard = w.shard AND b.project_id = w.project_id
             AND (b.wallet_id IS NULL OR b.wallet_id = w.wallet_id)
         WHERE w.shard = $1 AND w.wallet_id = $2
         ORDER BY b.name, b.period, b.budget_id",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Budget {
                id: row.budget_id,
                name: row.name,
                scope: load::scope(&row.scope, row.subject)?,
                period: BudgetPeriod::from_code(row.period).ok_or_else(|| Error::internal("unknown period"))?,
                ceiling: Credits::from_micros(row.ceiling),
                window: Window::stored(row.window_start, row.window_end),
                spent: Credits::from_micros(row.spent),
            })
        })
        .collect()
}

/// Splits what a budget counts for storage.
fn scope(scope: &BudgetScope) -> (&'static str, Option<String>) {
    match scope {
        BudgetScope::Project => ("project", None),
        BudgetScope::Environment => ("environment", None),
        BudgetScope::Key(key) => ("key", Some(key.to_string())),
        BudgetScope::Customer(customer) => ("customer", Some(customer.clone())),
    }
}

/// Locks a wallet, and reads why it is frozen; the outer `None` where there is no such wallet.
pub(in crate::ledger) async fn lock_frozen(
    connection: &mut PgConnection,
    wallet: WalletId,
) -> Result<Option<Option<String>>> {
    let frozen = sqlx::query_scalar!(
        "SELECT frozen FROM wallets WHERE shard = $1 AND wallet_id = $2 FOR UPDATE",
        wallet.shard.as_i16(),
        wallet.number
    );
    Ok(frozen.fetch_optional(connection).await?)
}

/// Freezes a wallet's debits, or lets them go on.
pub(in crate::ledger) async fn freeze(
    connection: &mut PgConnection,
    wallet: WalletId,
    why: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE wallets SET frozen = $3, version = version + 1 WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number,
        why
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that the owner wants this wallet; says whether the wallet is there.
pub(in crate::ledger) async fn confirm_activity(
    connection: &mut PgConnection,
    wallet: WalletId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE wallets SET active_at = greatest(active_at, $3), version = version + 1
         WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number,
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Lists wallets with credits that nobody has used since `before`, and whose owners were not asked since.
pub(in crate::ledger) async fn unseen(
    pool: &PgPool,
    after: Option<WalletId>,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Unseen>> {
    let (shard, number) = after.map_or((-1, 0), |wallet| (wallet.shard.as_i16(), wallet.number));
    let rows = sqlx::query!(
        "SELECT shard, wallet_id, account_id, active_at FROM wallets
         WHERE (shard, wallet_id) > ($1, $2) AND active_at <= $3 AND settled > 0
           AND (asked_at IS NULL OR asked_at <= active_at)
         ORDER BY shard, wallet_id
         LIMIT $4",
        shard,
        number,
        before,
        limit
    )
    .fetch_all(pool)
    .await?;
    let unseen = |shard, number, account, active_at| Unseen {
        wallet: wallet_id(shard, number),
        account: AccountId::from_uuid(account),
        active_at,
    };
    Ok(rows.into_iter().map(|row| unseen(row.shard, row.wallet_id, row.account_id, row.active_at)).collect())
}

/// Notes that an owner is asked; says whether that was still to be done.
pub(in crate::ledger) async fn note_asked(
    connection: &mut PgConnection,
    unseen: &Unseen,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE wallets SET asked_at = $3
         WHERE shard = $1 AND wallet_id = $2 AND active_at = $4 AND (asked_at IS NULL OR asked_at <= active_at)",
        unseen.wallet.shard.as_i16(),
        unseen.wallet.number,
        now,
        unseen.active_at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
