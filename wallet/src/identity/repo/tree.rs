//! Accounts, members, projects, and which wallet each environment spends from.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::error::{Error, Result};
use crate::id::{AccountId, ProjectId, Shard, UserId, WalletId};
use crate::identity::model::key::Environment;
use crate::identity::model::viewer::{Role, WalletOwner};

/// Adds an account with a name and a time zone, and its owner.
pub(crate) async fn insert_account(
    connection: &mut PgConnection,
    account: AccountId,
    (name, time_zone): (&str, &str),
    owner: UserId,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO accounts (id, name, time_zone, created_at) VALUES ($1, $2, $3, $4)",
        account.uuid(),
        name,
        time_zone,
        at
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO members (account_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)",
        account.uuid(),
        owner.uuid(),
        Role::Owner.code(),
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Sets an account's time zone, and gives the one before; `None` where it is the same.
pub(crate) async fn set_time_zone(
    connection: &mut PgConnection,
    account: AccountId,
    name: &str,
) -> Result<Option<String>> {
    let before = sqlx::query_scalar!(
        r#"UPDATE accounts AS a
         SET time_zone = $2
         FROM (SELECT id, time_zone FROM accounts WHERE id = $1 FOR UPDATE) AS before
         WHERE a.id = before.id
           AND before.time_zone <> $2
         RETURNING before.time_zone AS "before!""#,
        account.uuid(),
        name
    )
    .fetch_optional(connection)
    .await?;
    Ok(before)
}

/// Adds a project.
pub(crate) async fn insert_project(
    connection: &mut PgConnection,
    project: ProjectId,
    account: AccountId,
    name: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO projects (id, account_id, name, created_at) VALUES ($1, $2, $3, $4)",
        project.uuid(),
        account.uuid(),
        name,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Names the wallet of an environment.
pub(crate) async fn insert_wallet(
    connection: &mut PgConnection,
    project: ProjectId,
    environment: Environment,
    account: AccountId,
    wallet: WalletId,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO wallet_directory (project_id, environment, account_id, shard, wallet_id)
         VALUES ($1, $2, $3, $4, $5)",
        project.uuid(),
        environment.code(),
        account.uuid(),
        wallet.shard.as_i16(),
        wallet.number
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Where a person is: the account, the project and its two wallets.
pub(crate) struct PlaceRow {
    pub(crate) role: Role,
    pub(crate) account: AccountId,
    pub(crate) account_name: String,
    pub(crate) time_zone: String,
    pub(crate) project: ProjectId,
    pub(crate) project_name: String,
    pub(crate) wallet: WalletId,
    pub(crate) preview_wallet: WalletId,
}

/// Finds a person's first account and its first project.
pub(crate) async fn first_place(pool: &PgPool, user: UserId) -> Result<Option<PlaceRow>> {
    let row = sqlx::query!(
        "SELECT members.role, accounts.id AS account_id, accounts.name AS account_name, accounts.time_zone,
                projects.id AS project_id, projects.name AS project_name,
                live.shard, live.wallet_id, preview.shard AS preview_shard, preview.wallet_id AS preview_wallet_id
         FROM members
         JOIN accounts ON accounts.id = members.account_id
         JOIN projects ON projects.account_id = accounts.id
         JOIN wallet_directory AS live ON live.project_id = projects.id AND live.environment = 'production'
         JOIN wallet_directory AS preview ON preview.project_id = projects.id AND preview.environment = 'preview'
         WHERE members.user_id = $1
         ORDER BY members.created_at, projects.created_at
         LIMIT 1",
        user.uuid()
    )
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let role = Role::from_code(&row.role).ok_or_else(|| Error::internal("a role that is not known"))?;
    Ok(Some(PlaceRow {
        role,
        account: AccountId::from_uuid(row.account_id),
        account_name: row.account_name,
        time_zone: row.time_zone,
        project: ProjectId::from_uuid(row.project_id),
        project_name: row.project_name,
        wallet: WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id },
        preview_wallet: WalletId { shard: Shard::from_i16(row.preview_shard), number: row.preview_wallet_id },
    }))
}

/// Who owns an account, for mails about it.
pub(crate) struct OwnerRow {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) locale: String,
}

/// Locks an account against others that count what it has before they add to it. Rows that refer to it can be added
/// meanwhile.
pub(crate) async fn lock_account(connection: &mut PgConnection, account: AccountId) -> Result<()> {
    sqlx::query!("SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account.uuid())
        .fetch_optional(connection)
        .await?;
    Ok(())
}

/// Finds an account's owner.
pub(crate) async fn owner(executor: impl PgExecutor<'_>, account: AccountId) -> Result<Option<OwnerRow>> {
    let row = sqlx::query!(
        "SELECT users.email, users.name, users.locale
         FROM members
         JOIN users ON users.id = members.user_id
         WHERE members.account_id = $1
           AND members.role = 'owner'",
        account.uuid()
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| OwnerRow { email: row.email, name: row.name, locale: row.locale }))
}

/// Lists the addresses of an account's members.
pub(crate) async fn emails_of(connection: &mut PgConnection, account: AccountId) -> Result<Vec<String>> {
    let emails = sqlx::query_scalar!(
        "SELECT users.email
         FROM members
         JOIN users ON users.id = members.user_id
         WHERE members.account_id = $1",
        account.uuid()
    );
    Ok(emails.fetch_all(connection).await?)
}

/// Finds where a wallet belongs, and whose it is.
pub(crate) async fn owner_of_wallet(pool: &PgPool, wallet: WalletId) -> Result<Option<WalletOwner>> {
    let row = sqlx::query!(
        r#"SELECT accounts.id AS account_id, accounts.name AS account_name, projects.name AS project_name,
                  wallet_directory.environment, users.email AS "email?"
           FROM wallet_directory
           JOIN accounts ON accounts.id = wallet_directory.account_id
           JOIN projects ON projects.id = wallet_directory.project_id
           LEFT JOIN members ON members.account_id = accounts.id AND members.role = 'owner'
           LEFT JOIN users ON users.id = members.user_id
           WHERE wallet_directory.shard = $1
             AND wallet_directory.wallet_id = $2"#,
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| WalletOwner {
        account: AccountId::from_uuid(row.account_id),
        account_name: row.account_name,
        owner_email: row.email,
        project_name: row.project_name,
        environment: row.environment,
    }))
}

/// Lists the accounts that a person owns.
pub(crate) async fn owned(connection: &mut PgConnection, user: UserId) -> Result<Vec<AccountId>> {
    let ids = sqlx::query_scalar!(
        "SELECT account_id FROM members WHERE user_id = $1 AND role = 'owner' ORDER BY account_id",
        user.uuid()
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(AccountId::from_uuid).collect())
}

/// Says whether an account has an owner whose address is not proven.
pub(crate) async fn is_unproven(connection: &mut PgConnection, account: AccountId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT
               FROM members
               JOIN users ON users.id = members.user_id
               WHERE members.account_id = $1
                 AND members.role = 'owner'
                 AND users.verified_at IS NULL
           ) AS "unproven!""#,
        account.uuid()
    )
    .fetch_one(connection)
    .await?)
}

/// Takes a person's one-time offer of a plan; `false` where the person had it before.
pub(crate) async fn take_offer(
    connection: &mut PgConnection,
    person_hash: &[u8; 32],
    plan: &str,
    account: AccountId,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO one_time_offers (person_hash, plan, account_id, created_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT ON CONSTRAINT one_time_offers_pk DO NOTHING",
        &person_hash[..],
        plan,
        account.uuid(),
        at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Says whether a person had the one-time offer of a plan.
pub(crate) async fn offer_taken(pool: &PgPool, person_hash: &[u8; 32], plan: &str) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM one_time_offers WHERE person_hash = $1 AND plan = $2) AS "taken!""#,
        &person_hash[..],
        plan
    )
    .fetch_one(pool)
    .await?)
}

/// Reads the time zones of accounts.
pub(crate) async fn time_zones(
    connection: &mut PgConnection,
    accounts: &[AccountId],
) -> Result<Vec<(AccountId, String)>> {
    let ids: Vec<uuid::Uuid> = accounts.iter().map(|account| account.uuid()).collect();
    let rows =
        sqlx::query!("SELECT id, time_zone FROM accounts WHERE id = ANY ($1)", &ids).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|row| (AccountId::from_uuid(row.id), row.time_zone)).collect())
}
