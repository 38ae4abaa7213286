//! The way to PostgreSQL at start: connect, check, migrate; every refusal is one line that says what to do.

use std::time::Duration;

use anyhow::{anyhow, bail};
use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use wallet::{Options, Wallet};

use crate::config::Settings;

/// Where the job queue's tables live.
pub const JOBS_SCHEMA: &str = "graphile_worker";

/// The oldest version that the queries run on.
const OLDEST_VERSION: i32 = 150_000;

/// What a look at the database says.
#[derive(Clone, Debug)]
pub struct Facts {
    /// As `15.18`.
    pub version: String,
    /// Settings that may lose an acknowledged commit; empty when there is none.
    pub not_durable: Vec<String>,
}

/// Limits of a server's connections: a statement that takes longer, or a transaction that is left open, gives its
/// connection back to others. Commands read whole tables, and have none.
const LIMITS: [(&str, &str); 2] = [("statement_timeout", "60s"), ("idle_in_transaction_session_timeout", "60s")];

/// Opens the wallet on the settings' database, which must be at this version's schema.
pub async fn open_wallet(settings: &Settings) -> anyhow::Result<Wallet> {
    let pool = connect(settings).await?;
    migrated(&pool).await?;
    wallet_on(pool, settings).await
}

/// Brings the settings' database to this version's schema, and opens the wallet on it.
pub async fn open_migrated(settings: &Settings) -> anyhow::Result<Wallet> {
    let pool = connect(settings).await?;
    migrate(&pool).await?;
    wallet_on(pool, settings).await
}

/// Opens the wallet for serving, on a database that is brought to this version's schema first where the settings allow.
pub async fn open_to_serve(settings: &Settings) -> anyhow::Result<Wallet> {
    if !settings.web.no_migrate {
        let pool = connect(settings).await?;
        migrate(&pool).await?;
        pool.close().await;
    }
    let pool = connect_to_serve(settings).await?;
    migrated(&pool).await?;
    wallet_on(pool, settings).await
}

/// Opens the wallet with the catalog's settings in force.
async fn wallet_on(pool: PgPool, settings: &Settings) -> anyhow::Result<Wallet> {
    let wallet = Wallet::new(pool, Options { reads: settings.read_limits(), ..Options::default() });
    wallet.catalog().prepare().await?;
    Ok(wallet)
}

/// Connects for serving: as [`connect`] does, with limits.
async fn connect_to_serve(settings: &Settings) -> anyhow::Result<PgPool> {
    open(settings, &LIMITS).await
}

/// Connects, and refuses a server that is too old or, in production, not durable.
pub async fn connect(settings: &Settings) -> anyhow::Result<PgPool> {
    open(settings, &[]).await
}

async fn open(settings: &Settings, limits: &[(&str, &str)]) -> anyhow::Result<PgPool> {
    let Some(url) = &settings.database_url else {
        bail!("DATABASE_URL is missing: set it to a PostgreSQL 15 or later, as postgres://user:password@host/database");
    };
    let options = options(url.expose_secret()).ok_or_else(|| {
        anyhow!("DATABASE_URL is not an address of PostgreSQL: write it as postgres://user:password@host:5432/database")
    })?;
    let options = options.application_name("scrip").options(limits.iter().copied());
    let place = format!("{}:{}", options.get_host(), options.get_port());
    // Once without a pool: a pool would repeat a refused connection until its time is over.
    let first = PgConnection::connect_with(&options).await.map_err(|error| anyhow!(explain(&error, &place)))?;
    first.close().await.ok();
    let pool = PgPoolOptions::new()
        .max_connections(settings.database_pool)
        .acquire_timeout(Duration::from_secs(settings.database_timeout))
        .connect_with(options)
        .await
        .map_err(|error| anyhow!(explain(&error, &place)))?;
    let facts = facts(&pool).await?;
    if settings.production() && !facts.not_durable.is_empty() {
        bail!(
            "PostgreSQL may lose acknowledged commits ({}): set {} to on, or SCRIP_MODE=development",
            facts.not_durable.join(", "),
            facts.not_durable.iter().map(|text| text.split('=').next().unwrap_or(text)).collect::<Vec<_>>().join(", ")
        );
    }
    Ok(pool)
}

/// Reads an address; sqlx itself would take any scheme.
fn options(url: &str) -> Option<PgConnectOptions> {
    let known = ["postgres://", "postgresql://"].into_iter().any(|scheme| url.starts_with(scheme));
    url.parse().ok().filter(|_| known)
}

/// Reads the server's version and durability; refuses an old one.
pub async fn facts(pool: &PgPool) -> anyhow::Result<Facts> {
    let (number, version) = wallet::db::version(pool).await?;
    let version = new_enough(number, version)?;
    Ok(Facts { version, not_durable: wallet::db::durability(pool).await?.lapses() })
}

/// Refuses a server that is too old; gives its version back.
fn new_enough(number: i32, version: String) -> anyhow::Result<String> {
    if number < OLDEST_VERSION {
        bail!(
            "PostgreSQL {version} is too old: Scrip needs version 15 or later; set DATABASE_URL to one, or upgrade this one"
        );
    }
    Ok(version)
}

/// Refuses a database that a later version has migrated.
fn not_newer(found: wallet::db::Migrations) -> anyhow::Result<()> {
    if found.newer > 0 {
        bail!(
            "the database is {} migrations ahead of this program: run the version that migrated it, or a later one",
            found.newer
        );
    }
    Ok(())
}

/// Refuses a database that was not migrated, or that a later version has migrated.
pub async fn migrated(pool: &PgPool) -> anyhow::Result<()> {
    let found = wallet::db::migrations(pool).await;
    not_newer(found)?;
    if found.missing > 0 {
        bail!("the database lacks {} migrations: run `scrip migrate`, or unset SCRIP_NO_MIGRATE", found.missing);
    }
    Ok(())
}

/// Migrates Scrip's own tables and the job queue's.
pub async fn migrate(pool: &PgPool) -> anyhow::Result<()> {
    not_newer(wallet::db::migrations(pool).await)?;
    wallet::db::migrate(pool).await.map_err(|error| anyhow!("the database can't be migrated: {error}"))?;
    graphile_worker::WorkerUtils::new(pool.clone(), JOBS_SCHEMA)
        .migrate()
        .await
        .map_err(|error| anyhow!("the job queue's tables can't be migrated: {error}"))
}

/// Says in one line why there is no connection, and what to do.
fn explain(error: &sqlx::Error, place: &str) -> String {
    match error {
        sqlx::Error::Io(error) => format!(
            "PostgreSQL does not answer at {place} ({}): start it, or set DATABASE_URL to one that runs",
            error.to_string().to_lowercase()
        ),
        sqlx::Error::PoolTimedOut => {
            format!("PostgreSQL does not answer at {place} in time: start it, or set DATABASE_URL to one that runs")
        }
        sqlx::Error::Database(error) => match error.code().as_deref() {
            Some("3D000") => format!("{}: create it with `createdb`, or change DATABASE_URL", error.message()),
            Some("28P01" | "28000") => format!("{}: check user and password in DATABASE_URL", error.message()),
            Some("53300") => format!(
                "PostgreSQL at {place} has no free connection: raise its max_connections or lower DATABASE_POOL"
            ),
            _ => format!("PostgreSQL at {place} refuses: {}", error.message()),
        },
        error => format!("PostgreSQL can't be reached at {place}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_before_15_is_refused_by_its_version() {
        let refused = new_enough(140_019, "14.19".to_owned()).expect_err("too old").to_string();
        assert!(refused.contains("PostgreSQL 14.19 is too old") && refused.contains("version 15"), "{refused}");
        for (number, version) in [(150_000, "15.0"), (180_001, "18.1")] {
            assert_eq!(new_enough(number, version.to_owned()).expect("new enough"), version);
        }
    }
}
