//! The SQL of simulations: what was asked for and how far it is; what was found.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::db;
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::identity::Actor;
use crate::money::Credits;
use crate::tariff::model::simulation::{AccountImpact, Progress, RunState, Simulation, SimulationRun};
use crate::tariff::repo::{from_json, json};

/// The right to do a simulation: until somebody else is given a newer one.
#[derive(Clone, Copy, Debug)]
pub(in crate::tariff) struct Ticket {
    pub(in crate::tariff) version: i32,
    pub(in crate::tariff) number: i64,
    /// How often the simulation was taken up, this time included.
    pub(in crate::tariff) takes: i32,
}

/// Reads which revision a draft is at; `None` where the version is no draft any more.
pub(in crate::tariff) async fn draft_revision(
    connection: &mut PgConnection,
    version: i32,
) -> Result<Option<Option<i64>>> {
    let row = sqlx::query!("SELECT status, revision FROM price_books WHERE version = $1", version)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| (row.status == "draft").then_some(row.revision)))
}

/// Notes that a simulation is asked for; one of the same revision that is on its way stays as it is.
pub(in crate::tariff) async fn ask(
    connection: &mut PgConnection,
    version: i32,
    revision: i64,
    by: &Actor,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO rehearsals AS r (price_book, revision, started_by, started_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (price_book) DO UPDATE
         SET revision = excluded.revision, state = 'running', ticket = r.ticket + 1, takes = 0, beat_at = NULL,
             done = 0, total = 0, charges = 0, started_by = excluded.started_by, started_at = excluded.started_at,
             finished_at = NULL
         WHERE r.state <> 'running' OR r.revision <> excluded.revision",
        version,
        revision,
        by.name(),
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes a simulation that nobody does, or whose doer has been silent since `silent_since`.
pub(in crate::tariff) async fn take(
    pool: &PgPool,
    now: DateTime<Utc>,
    silent_since: DateTime<Utc>,
) -> Result<Option<Ticket>> {
    let row = sqlx::query!(
        "UPDATE rehearsals
         SET ticket = ticket + 1, takes = takes + 1, beat_at = $1, done = 0, total = 0, charges = 0
         WHERE price_book = (
             SELECT price_book
             FROM rehearsals
             WHERE state = 'running' AND (beat_at IS NULL OR beat_at < $2)
             ORDER BY started_at
             LIMIT 1
             FOR UPDATE SKIP LOCKED
         )
         RETURNING price_book, ticket, takes",
        now,
        silent_since
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| Ticket { version: row.price_book, number: row.ticket, takes: row.takes }))
}

/// Notes how far a simulation is; `false` where the ticket is not the newest one any more.
pub(in crate::tariff) async fn beat(
    pool: &PgPool,
    ticket: Ticket,
    revision: i64,
    progress: Progress,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE rehearsals
         SET revision = $3, done = $4, total = $5, charges = $6, beat_at = $7
         WHERE price_book = $1 AND ticket = $2",
        ticket.version,
        ticket.number,
        revision,
        progress.done,
        progress.total,
        progress.charges,
        now
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a simulation back undone: it is taken up again at once, and this try doesn't count.
pub(in crate::tariff) async fn give_back(pool: &PgPool, ticket: Ticket) -> Result<()> {
    sqlx::query!(
        "UPDATE rehearsals SET beat_at = NULL, takes = takes - 1 WHERE price_book = $1 AND ticket = $2",
        ticket.version,
        ticket.number
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Notes that a simulation came to nothing, where the ticket is still the newest one.
pub(in crate::tariff) async fn close(pool: &PgPool, ticket: Ticket, state: RunState, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE rehearsals SET state = $3, finished_at = $4 WHERE price_book = $1 AND ticket = $2",
        ticket.version,
        ticket.number,
        state.code(),
        now
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Keeps what a simulation found with its draft; `false` where the ticket is not the newest one any more.
pub(in crate::tariff) async fn finish(
    pool: &PgPool,
    ticket: Ticket,
    found: &Simulation,
    accounts: &[AccountImpact],
    now: DateTime<Utc>,
) -> Result<bool> {
    let mut tx = db::begin(pool).await?;
    // The book before its simulation, in the order of whoever publishes or discards it.
    sqlx::query!(
        "UPDATE price_books SET rehearsal = $2, rehearsed_revision = $3 WHERE version = $1 AND status = 'draft'",
        ticket.version,
        json(found)?,
        found.revision
    )
    .execute(&mut *tx)
    .await?;
    keep_accounts(&mut tx, ticket.version, accounts).await?;
    let done = sqlx::query!(
        "UPDATE rehearsals
         SET state = 'finished', revision = $3, done = total, finished_at = $4
         WHERE price_book = $1 AND ticket = $2",
        ticket.version,
        ticket.number,
        found.revision,
        now
    )
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        tx.rollback().await?;
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
}

/// Keeps what every account would have paid, in place of what an earlier simulation found.
async fn keep_accounts(connection: &mut PgConnection, version: i32, accounts: &[AccountImpact]) -> Result<()> {
    sqlx::query!("DELETE FROM rehearsed_accounts WHERE price_book = $1", version).execute(&mut *connection).await?;
    let ids: Vec<Uuid> = accounts.iter().map(|impact| impact.account.uuid()).collect();
    let charges: Vec<i64> = accounts.iter().map(|impact| impact.charges).collect();
    let before: Vec<i64> = accounts.iter().map(|impact| impact.before.micros()).collect();
    let after: Vec<i64> = accounts.iter().map(|impact| impact.after.micros()).collect();
    sqlx::query!(
        "INSERT INTO rehearsed_accounts (price_book, account_id, charges, before, after)
         SELECT $1, n.account_id, n.charges, n.before, n.after
         FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[]) AS n (account_id, charges, before, after)
         -- A draft that was discarded meanwhile has nothing to keep it with.
         WHERE EXISTS (SELECT FROM price_books WHERE version = $1)",
        version,
        &ids,
        &charges,
        &before,
        &after
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Reads what every account would have paid, with their names: who would pay most more first.
pub(in crate::tariff) async fn simulated_accounts(pool: &PgPool, version: i32) -> Result<Vec<AccountImpact>> {
    let rows = sqlx::query!(
        r#"SELECT r.account_id, coalesce(a.name, '') AS "name!", r.charges, r.before, r.after
         FROM rehearsed_accounts AS r
         LEFT JOIN accounts AS a ON a.id = r.account_id
         WHERE r.price_book = $1
         ORDER BY r.after - r.before DESC, r.account_id"#,
        version
    )
    .fetch_all(pool)
    .await?;
    let impacts = rows.into_iter().map(|row| AccountImpact {
        account: AccountId::from_uuid(row.account_id),
        name: row.name,
        charges: row.charges,
        before: Credits::from_micros(row.before),
        after: Credits::from_micros(row.after),
    });
    Ok(impacts.collect())
}

/// Reads how far the simulation of a version is.
pub(in crate::tariff) async fn run(pool: &PgPool, version: i32) -> Result<Option<SimulationRun>> {
    let row = sqlx::query!(
        "SELECT revision, state, done, total, charges, started_by, started_at, finished_at
         FROM rehearsals
         WHERE price_book = $1",
        version
    )
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        let unknown = || Error::internal(format!("a simulation in the state {}", row.state));
        Ok(SimulationRun {
            revision: row.revision,
            state: row.state.parse().map_err(|()| unknown())?,
            progress: Progress { done: row.done, total: row.total, charges: row.charges },
            started_by: row.started_by,
            started_at: row.started_at,
            finished_at: row.finished_at,
        })
    })
    .transpose()
}

/// Forgets that a version was simulated: it is published, and never changes again. What was found stays with it.
pub(in crate::tariff) async fn forget_run(connection: &mut PgConnection, version: i32) -> Result<()> {
    sqlx::query!("DELETE FROM rehearsals WHERE price_book = $1", version).execute(connection).await?;
    Ok(())
}

/// Gives what a simulation found to the version that its draft goes on as.
pub(in crate::tariff) async fn move_simulation(
    connection: &mut PgConnection,
    from: i32,
    to: i32,
    revision: i64,
) -> Result<()> {
    sqlx::query!(
        "UPDATE price_books AS later
         SET rehearsal = jsonb_set(draft.rehearsal, '{version}', to_jsonb(later.version)), rehearsed_revision = $3
         FROM price_books AS draft
         WHERE later.version = $2 AND draft.version = $1 AND draft.rehearsal IS NOT NULL",
        from,
        to,
        revision
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("UPDATE rehearsed_accounts SET price_book = $2 WHERE price_book = $1", from, to)
        .execute(&mut *connection)
        .await?;
    sqlx::query!("UPDATE price_books SET rehearsal = NULL, rehearsed_revision = NULL WHERE version = $1", from)
        .execute(connection)
        .await?;
    Ok(())
}

/// Reads what the last simulation of a version found.
pub(in crate::tariff) async fn simulation_of(pool: &PgPool, version: i32) -> Result<Option<Simulation>> {
    let found = sqlx::query_scalar!("SELECT rehearsal FROM price_books WHERE version = $1", version)
        .fetch_optional(pool)
        .await?;
    found.flatten().map(from_json).transpose()
}

/// Reads which revision of a draft was simulated last.
pub(in crate::tariff) async fn simulated_revision(connection: &mut PgConnection, version: i32) -> Result<Option<i64>> {
    let found = sqlx::query_scalar!("SELECT rehearsed_revision FROM price_books WHERE version = $1", version)
        .fetch_optional(connection)
        .await?;
    Ok(found.flatten())
}

/// Reads the names of accounts.
pub(in crate::tariff) async fn account_names(pool: &PgPool, accounts: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
    let rows = sqlx::query!("SELECT id, name FROM accounts WHERE id = ANY($1)", accounts).fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}
