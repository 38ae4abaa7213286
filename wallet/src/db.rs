//! The database: how it is reached, brought up to date, checked for durability, and given jobs.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use crate::clock::Clock;
use crate::error::{Error, Result};

/// Every migration, embedded in the binary.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// Connections for reads and for all writes that are not the ledger's.
const MAX_CONNECTIONS: u32 = 16;
/// How long a caller waits for a connection before it hears "unavailable".
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// Where jobs go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobQueue {
    /// Into `graphile_worker`'s tables, in the same transaction as what they follow from.
    #[default]
    Graphile,
    /// Nowhere: for tests whose database has no job tables.
    None,
}

/// What every concept's service works with: connections, time, jobs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pool: PgPool,
    clock: Clock,
    jobs: JobQueue,
}

impl Db {
    /// Joins the parts.
    #[must_use]
    pub const fn new(pool: PgPool, clock: Clock, jobs: JobQueue) -> Self {
        Self { pool, clock, jobs }
    }

    /// Gives the connections.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Gives the clock.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Tells the time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Opens a transaction.
    pub async fn begin(&self) -> Result<Transaction<'static, Postgres>> {
        Ok(self.pool.begin().await?)
    }

    /// Adds a job in the caller's transaction, so that it runs if and only if that commits.
    pub async fn enqueue_in_tx(
        &self,
        connection: &mut PgConnection,
        task: &str,
        payload: &serde_json::Value,
    ) -> Result<()> {
        if self.jobs == JobQueue::Graphile {
            // Not a checked query: the queue's own migrations make the function, not ours.
            sqlx::query("SELECT graphile_worker.add_job($1, $2::json)")
                .bind(task)
                .bind(payload)
                .execute(connection)
                .await?;
        }
        Ok(())
    }
}

/// Opens connections to the database that `url` names.
pub async fn connect(url: &str) -> Result<PgPool> {
    let options = PgConnectOptions::from_str(url)?.application_name("scrip");
    Ok(PgPoolOptions::new()
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await?)
}

/// Brings the database up to date.
pub async fn migrate(pool: &PgPool) -> Result<()> {
    Ok(MIGRATOR.run(pool).await?)
}

/// Throws everything away, the job queue's tables too. The database itself stays, and so do its rights.
pub async fn empty(pool: &PgPool) -> Result<()> {
    let all =
        "DROP SCHEMA IF EXISTS public CASCADE; DROP SCHEMA IF EXISTS graphile_worker CASCADE; CREATE SCHEMA public";
    sqlx::raw_sql(all).execute(pool).await?;
    Ok(())
}

/// Settings of the server on which "acknowledged" rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durability {
    /// A commit is answered only when it is on disk.
    pub synchronous_commit: String,
    /// The server forces its writes to disk.
    pub fsync: String,
    /// The server survives a torn page.
    pub full_page_writes: String,
}

impl Durability {
    /// Says whether nothing that was acknowledged can be lost by a crash.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        let durable = ["on", "remote_apply", "remote_write"];
        durable.contains(&self.synchronous_commit.as_str()) && self.fsync == "on" && self.full_page_writes == "on"
    }
}

/// Asks the server how durable its commits are.
pub async fn durability(pool: &PgPool) -> Result<Durability> {
    let row = sqlx::query!(
        r#"SELECT current_setting('synchronous_commit') AS "synchronous_commit!",
                  current_setting('fsync') AS "fsync!",
                  current_setting('full_page_writes') AS "full_page_writes!""#
    )
    .fetch_one(pool)
    .await?;
    Ok(Durability {
        synchronous_commit: row.synchronous_commit,
        fsync: row.fsync,
        full_page_writes: row.full_page_writes,
    })
}

/// Takes over the database's time and the deployment's demo offset into the clock.
pub async fn observe_clock(pool: &PgPool, clock: &Clock) -> Result<()> {
    let row = sqlx::query!(
        r#"SELECT clock_timestamp() AS "now!",
                  coalesce((SELECT offset_micros FROM clock_offset), 0) AS "offset_micros!""#
    )
    .fetch_one(pool)
    .await?;
    clock.observe(row.now, TimeDelta::microseconds(row.offset_micros));
    Ok(())
}

/// Moves the whole deployment's clock forward: for demo mode only, never back.
pub async fn advance_clock(pool: &PgPool, by: TimeDelta) -> Result<()> {
    let micros = by.num_microseconds().filter(|micros| *micros > 0);
    let micros = micros.ok_or_else(|| Error::internal("the clock only goes forward"))?;
    sqlx::query!(
        "INSERT INTO clock_offset (only_row, offset_micros) VALUES (true, $1)
         ON CONFLICT (only_row) DO UPDATE SET offset_micros = clock_offset.offset_micros + excluded.offset_micros",
        micros
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Lets a transaction see one moment, and change nothing.
pub async fn one_moment(connection: &mut PgConnection) -> Result<()> {
    sqlx::query!("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(connection).await?;
    Ok(())
}
