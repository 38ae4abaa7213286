//! The database: how it is reached, brought up to date, checked for durability, and given jobs.

mod reads;

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, PgConnection, PgPool, Postgres, Transaction};

use crate::clock::Clock;
use crate::error::{Error, Result};

pub use reads::{LongReads, ReadLimits, ReadPlace, ReadTurn};

/// Every migration, embedded in the binary.
#[doc(hidden)]
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
    reads: LongReads,
    clock: Clock,
    jobs: JobQueue,
}

impl Db {
    /// Joins the parts. Must be called inside a tokio runtime.
    #[must_use]
    pub(crate) fn new(pool: PgPool, reads: ReadLimits, clock: Clock, jobs: JobQueue) -> Self {
        let reads = LongReads::beside(&pool, reads);
        Self { pool, reads, clock, jobs }
    }

    /// Gives the connections.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Gives the connections of long reads.
    #[must_use]
    pub const fn reads(&self) -> &LongReads {
        &self.reads
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
        begin(&self.pool).await
    }

    /// Makes a pool of one connection for statements that are slow by nature (proofs over the whole database): none of
    /// them is logged as slow. Whoever is done closes it.
    #[must_use]
    pub(crate) fn unhurried(&self) -> PgPool {
        let options = self.pool.connect_options().as_ref().clone().disable_statement_logging();
        PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE_TIMEOUT).connect_lazy_with(options)
    }

    /// Adds a job in the caller's transaction, so that it runs if and only if that commits.
    pub(crate) async fn enqueue_in_tx(
        &self,
        connection: &mut PgConnection,
        task: &str,
        payload: &serde_json::Value,
    ) -> Result<()> {
        self.enqueue(connection, task, payload, None).await
    }

    /// Does the same in a lane: of the jobs of one lane only one runs at a time, so that they leave room for others.
    ///
    /// A node that is killed at such a job blocks the lane for hours: what is in it must be found by another job as
    /// well.
    pub(crate) async fn enqueue_in_lane_in_tx(
        &self,
        connection: &mut PgConnection,
        (task, lane): (&str, &str),
        payload: &serde_json::Value,
    ) -> Result<()> {
        self.enqueue(connection, task, payload, Some(lane)).await
    }

    async fn enqueue(
        &self,
        connection: &mut PgConnection,
        task: &str,
        payload: &serde_json::Value,
        lane: Option<&str>,
    ) -> Result<()> {
        if self.jobs == JobQueue::Graphile {
            // Not a checked query: the queue's own migrations make the function, not ours.
            sqlx::query("SELECT graphile_worker.add_job($1, $2::json, queue_name => $3)")
                .bind(task)
                .bind(payload)
                .bind(lane)
                .execute(connection)
                .await?;
        }
        Ok(())
    }
}

/// Opens a transaction, by a task of its own.
///
/// Where the caller is given up meanwhile (a browser that hangs up), the task goes on, and what it opened is rolled
/// back. sqlx forgets a `BEGIN` that nobody waited for, and would give the connection with its open transaction to the
/// next caller.
pub async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>> {
    let pool = pool.clone();
    #[expect(clippy::disallowed_methods, reason = "nothing gives up this task")]
    let begun = tokio::spawn(async move { pool.begin().await });
    Ok(begun.await.map_err(Error::internal)??)
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
    pub(crate) synchronous_commit: String,
    /// The server forces its writes to disk.
    pub fsync: String,
    /// The server survives a torn page.
    pub(crate) full_page_writes: String,
}

impl Durability {
    /// Lists the settings by which a crash may lose what was acknowledged, as `fsync=off`; none is what it should be.
    #[must_use]
    pub fn lapses(&self) -> Vec<String> {
        let commits: &[&str] = &["on", "remote_apply", "remote_write"];
        let settings = [
            ("fsync", &self.fsync, &["on"][..]),
            ("synchronous_commit", &self.synchronous_commit, commits),
            ("full_page_writes", &self.full_page_writes, &["on"][..]),
        ];
        let lapse = |(name, value, durable): &(&str, &String, &[&str])| {
            (!durable.contains(&value.as_str())).then(|| format!("{name}={value}"))
        };
        settings.iter().filter_map(lapse).collect()
    }
}

/// Tells the server's version, as a number (`150018`) and as a text (`15.18`).
pub async fn version(pool: &PgPool) -> Result<(i32, String)> {
    let row = sqlx::query!(
        r#"SELECT current_setting('server_version_num')::int AS "number!",
                  current_setting('server_version') AS "text!""#
    )
    .fetch_one(pool)
    .await?;
    Ok((row.number, row.text))
}

/// How a database's migrations differ from this program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrations {
    /// How many it lacks; all where it has never been migrated.
    pub missing: usize,
    /// How many it has that this program does not know: a later version made them.
    pub newer: usize,
}

/// Compares the database's migrations with this program's.
pub async fn migrations(pool: &PgPool) -> Migrations {
    // Not a checked query: sqlx makes the table, not our migrations.
    let known: Vec<i64> = sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
        .fetch_all(pool)
        .await
        .unwrap_or_default();
    let missing = MIGRATOR.iter().filter(|migration| !known.contains(&migration.version)).count();
    let newer = known.iter().filter(|version| !MIGRATOR.version_exists(**version)).count();
    Migrations { missing, newer }
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

/// Tells how far a demo has moved the deployment's clock.
pub(crate) async fn clock_offset(pool: &PgPool) -> Result<TimeDelta> {
    let micros =
        sqlx::query_scalar!(r#"SELECT coalesce((SELECT offset_micros FROM clock_offset), 0) AS "offset_micros!""#)
            .fetch_one(pool)
            .await?;
    Ok(TimeDelta::microseconds(micros))
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

/// Lets a transaction's statements run as long as they need, where its connection has a time limit: for jobs that read
/// whole tables.
pub(crate) async fn take_time(connection: &mut PgConnection) -> Result<()> {
    sqlx::query!("SELECT set_config('statement_timeout', '0', true) AS set").fetch_one(connection).await?;
    Ok(())
}

/// Says whether the database gave up a statement, since it took longer than it may.
#[must_use]
pub fn is_timeout(cause: &sqlx::Error) -> bool {
    matches!(cause, sqlx::Error::Database(told) if told.code().as_deref() == Some("57014"))
}

/// Lets a transaction see one moment, and change nothing.
pub(crate) async fn one_moment(connection: &mut PgConnection) -> Result<()> {
    sqlx::query!("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(connection).await?;
    Ok(())
}

/// Says whether JSON holds the character NUL, which PostgreSQL takes in no text. The text `\\u0000`, whose backslash is
/// escaped, is six harmless characters.
#[must_use]
pub fn has_nul(json: &str) -> bool {
    let mut rest = json;
    while let Some((_, escaped)) = rest.split_once('\\') {
        if escaped.starts_with("u0000") {
            return true;
        }
        // Whatever is escaped is no beginning of another escape.
        let mut letters = escaped.chars();
        letters.next();
        rest = letters.as_str();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_real_nul_is_one() {
        for text in ["\0", "a\0b", "\\\0", "\\u0000\0", "\"\0"] {
            assert!(has_nul(&serde_json::json!({ "a": [text] }).to_string()), "{text:?}");
            assert!(has_nul(&serde_json::json!({ text: 1 }).to_string()), "{text:?}");
        }
        for text in ["", "\\u0000", "\\\\u0000", "u0000", "\\", "\u{1}", "\n0000"] {
            assert!(!has_nul(&serde_json::json!({ text: [text] }).to_string()), "{text:?}");
        }
    }

    /// How many connections of the pool are in a transaction, when nobody uses them.
    async fn left_open(pool: &PgPool) -> i64 {
        let mut all = Vec::new();
        for _ in 0..pool.options().get_max_connections() {
            all.push(pool.acquire().await.expect("a connection"));
        }
        let mut open = 0;
        // Each asks about the others.
        for connection in &mut all {
            open += sqlx::query_scalar::<_, i64>(
                "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()",
            )
            .fetch_one(&mut **connection)
            .await
            .expect("asked");
        }
        open
    }

    #[test]
    fn only_commits_that_wait_for_the_disk_are_durable() {
        let server = |commit: &str, fsync: &str| Durability {
            synchronous_commit: commit.to_owned(),
            fsync: fsync.to_owned(),
            full_page_writes: "on".to_owned(),
        };
        for commit in ["on", "remote_apply", "remote_write"] {
            assert_eq!(server(commit, "on").lapses(), Vec::<String>::new());
        }
        assert_eq!(server("local", "on").lapses(), ["synchronous_commit=local"]);
        assert_eq!(server("off", "off").lapses(), ["fsync=off", "synchronous_commit=off"]);
    }

    #[sqlx::test(migrations = "../migrations")]
    async fn who_gives_up_leaves_no_open_transaction_behind(pool: PgPool) {
        let asked_from_outside = PgPool::connect_with((*pool.connect_options()).clone()).await.expect("connected");
        // Given up while it is looked whether the connection lives, while it begins, and when it has begun.
        for polls in 1..6 {
            let mut begun = Box::pin(begin(&pool));
            for _ in 0..polls {
                if futures::poll!(&mut begun).is_ready() {
                    break;
                }
                // By the time of this answer, the other's has come as well.
                sqlx::query("SELECT pg_sleep(0.001)").execute(&asked_from_outside).await.expect("asked");
            }
            drop(begun);
            assert_eq!(left_open(&pool).await, 0, "given up after {polls} looks");
        }
        asked_from_outside.close().await;
    }
}
