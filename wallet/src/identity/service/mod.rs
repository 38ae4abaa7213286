//! The handle: signing up and in, who asks, keys, sessions, the audit log.

mod background;
mod endings;
mod key_cache;
mod key_lookup;
mod keys;
mod log;
mod password;
mod profile;
mod prove;
mod sampler;
mod service_key_cache;
mod service_keys;
mod sessions;
mod sign_in;
mod sign_up;

pub(crate) use keys::is_working_key_in_tx;
pub use prove::Confirmed;
pub(crate) use prove::prove_in_tx;
pub use sign_in::SignedIn;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::ports::AccountSetup;
use super::repo::{self, tree::OwnerRow, user::UserRow};
use crate::db::Db;
use crate::error::{Problem, Refusal, Result};
use crate::id::{AccountId, UserId, WalletId};
use crate::identity::model::audit::{AUDIT_PAGE_MAX, AuditPage, AuditRow, NewAudit};
use crate::identity::model::person::{Email, User};
use crate::identity::model::viewer::{Viewer, WalletOwner};
use crate::identity::service::background::Background;
use crate::identity::service::key_cache::KeyCache;
use crate::identity::service::password::Passwords;
use crate::identity::service::service_key_cache::ServiceKeyCache;
use crate::time_zone;

/// For how many days a machine is known from which nobody signs in.
pub const DEVICE_DAYS: i64 = 400;
/// How many minutes of counted calls are kept: more than nodes' clocks differ.
const RATE_MINUTES: i64 = 10;

/// Everything about people, accounts and keys. Cheap to clone.
#[derive(Clone)]
pub struct Identity {
    db: Db,
    passwords: Passwords,
    keys: Arc<KeyCache>,
    lookups: Arc<key_lookup::KeyLookups>,
    service_keys: Arc<ServiceKeyCache>,
    account_setup: Arc<dyn AccountSetup>,
    samplers: Arc<log::Samplers>,
    background: Background,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    pub(crate) fn new(db: Db, account_setup: Arc<dyn AccountSetup>) -> Self {
        Self {
            db,
            passwords: Passwords::new(),
            keys: Arc::default(),
            lookups: Arc::default(),
            service_keys: Arc::default(),
            account_setup,
            samplers: Arc::new(log::Samplers::new()),
            background: Background::new(),
        }
    }

    /// Finds a person; `None` where there is no such person any more.
    pub async fn user(&self, id: UserId) -> Result<Option<User>> {
        Ok(repo::user::by_id(self.db.pool(), id).await?.map(user))
    }

    /// Finds which of these addresses somebody has.
    pub(crate) async fn who_have(&self, emails: &[&str]) -> Result<Vec<String>> {
        let keys: Vec<String> = emails.iter().map(|email| email.to_lowercase()).collect();
        repo::user::who_have(self.db.pool(), &keys).await
    }

    /// Says who asks: the person, the open account and what it spends from.
    pub async fn viewer(&self, id: UserId) -> Result<Viewer> {
        let user = repo::user::by_id(self.db.pool(), id).await?.ok_or(Refusal::Unauthenticated)?;
        let place = repo::tree::first_place(self.db.pool(), id).await?.ok_or(Refusal::Unauthenticated)?;
        Ok(Viewer {
            user: user.id,
            email: user.email,
            name: user.name,
            email_verified: user.verified_at.is_some(),
            staff: user.staff,
            role: place.role,
            plan: self.account_setup.plans_of(&[place.account]).await?.remove(&place.account).unwrap_or_default(),
            account: place.account,
            account_name: place.account_name,
            project: place.project,
            project_name: place.project_name,
            wallet: place.wallet,
            preview_wallet: place.preview_wallet,
            locale: user.locale,
            time_zone: place.time_zone,
        })
    }

    /// Tells whom to write to about an account.
    pub(crate) async fn owner(&self, account: AccountId) -> Result<OwnerRow> {
        Ok(repo::tree::owner(self.db.pool(), account).await?.ok_or_else(|| Refusal::not_found("account"))?)
    }

    /// Sets the time zone of a person's account, in which periods of budgets and the dates of later plans are counted.
    /// A repeat changes nothing.
    pub async fn set_time_zone(&self, viewer: &Viewer, name: &str) -> Result<()> {
        if !viewer.role.may_pay() {
            return Err(Refusal::Forbidden { why: "your role may not change the account".to_owned() }.into());
        }
        if !time_zone::names().any(|known| known == name) {
            let message = "Choose a time zone of the list: Europe/Moscow.";
            return Err(Refusal::invalid("time_zone", Problem::Unknown, message).into());
        }
        let mut tx = self.db.begin().await?;
        let Some(before) = repo::tree::set_time_zone(&mut tx, viewer.account, name).await? else { return Ok(()) };
        let audit = NewAudit {
            actor: viewer.actor(),
            action: "account.time_zone".to_owned(),
            subject: format!("account {}", viewer.account),
            before: serde_json::json!(before),
            after: serde_json::json!(name),
        };
        self.audit_in_tx(&mut tx, &audit).await?;
        Ok(tx.commit().await?)
    }

    /// Finds where a wallet belongs: its account, project and owner.
    pub async fn owner_of_wallet(&self, wallet: WalletId) -> Result<Option<WalletOwner>> {
        repo::tree::owner_of_wallet(self.db.pool(), wallet).await
    }

    /// Finds a person by an e-mail address.
    pub(crate) async fn user_with(&self, email: &str) -> Result<Option<User>> {
        let Ok(email) = Email::parse(email) else { return Ok(None) };
        Ok(repo::user::by_email(self.db.pool(), email.key()).await?.map(user))
    }

    /// Finds the account that a person owns, by the person's e-mail address; the oldest one where there are several.
    pub async fn account_of(&self, email: &str) -> Result<Option<AccountId>> {
        let Ok(email) = Email::parse(email) else { return Ok(None) };
        let Some(user) = repo::user::by_email(self.db.pool(), email.key()).await? else { return Ok(None) };
        let mut connection = self.db.pool().acquire().await?;
        Ok(repo::tree::owned(&mut connection, user.id).await?.into_iter().next())
    }

    /// Writes a row into the audit log.
    pub async fn audit(&self, audit: &NewAudit) -> Result<()> {
        let mut tx = self.db.begin().await?;
        self.audit_in_tx(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    /// Writes a row into the audit log, in the transaction of what it tells of.
    #[doc(hidden)]
    pub async fn audit_in_tx(&self, connection: &mut PgConnection, audit: &NewAudit) -> Result<()> {
        repo::audit::insert(connection, audit, self.db.now()).await
    }

    /// Lists the audit log before a row, newest first. Who may see it is the caller's to ask.
    pub async fn audit_log(&self, before: Option<Uuid>, limit: i64) -> Result<AuditPage> {
        let limit = limit.clamp(1, AUDIT_PAGE_MAX);
        self.settle().await;
        let rows = repo::audit::list(self.db.pool(), before, limit).await?;
        let full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
        Ok(AuditPage { next: if full { rows.last().map(|row| row.id) } else { None }, rows })
    }

    /// Lists the newest rows of the audit log about a subject, newest first. Who may see them is the caller's to ask.
    pub(crate) async fn audit_about(&self, subject: &str, limit: i64) -> Result<Vec<AuditRow>> {
        self.settle().await;
        repo::audit::about(self.db.pool(), subject, limit).await
    }

    /// Removes what is long past: sessions, links, failures of signing in.
    pub async fn sweep(&self) -> Result<()> {
        let long_past = self.db.now() - chrono::TimeDelta::days(7);
        repo::session::sweep(self.db.pool()).await?;
        repo::user::sweep_tokens(self.db.pool(), long_past).await?;
        repo::throttle::sweep(self.db.pool(), long_past).await?;
        repo::device::sweep(self.db.pool(), self.db.now() - chrono::TimeDelta::days(DEVICE_DAYS)).await?;
        // By the nodes' own time, as they count.
        repo::rate::sweep(self.db.pool(), (Utc::now().timestamp() / 60).saturating_sub(RATE_MINUTES)).await?;
        Ok(())
    }
}

fn user(row: UserRow) -> User {
    User {
        auth_hash: Sha256::digest(row.password_hash.as_bytes()).to_vec(),
        id: row.id,
        email: row.email,
        name: row.name,
        email_verified: row.verified_at.is_some(),
        staff: row.staff,
        locale: row.locale,
    }
}

/// Makes the secret of a link, and the hash under which it is stored.
fn new_token() -> (String, [u8; 32]) {
    let bytes: [u8; 32] = rand::random();
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let hash = token_hash(&token);
    (token, hash)
}

fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn broken_link() -> Refusal {
    Refusal::unprocessable("token", Problem::Expired, "This link is used up or too old. Ask for a new one.")
}

/// Writes a row into the audit log, in the transaction of what it tells of: for concepts that know no [`Identity`].
pub(crate) async fn audit_in_tx(connection: &mut PgConnection, audit: &NewAudit, at: DateTime<Utc>) -> Result<()> {
    repo::audit::insert(connection, audit, at).await
}

/// Refuses to let an account act or hear whose owner's address is not proven: whoever registered it may be anybody.
pub(crate) async fn must_be_proven_in_tx(connection: &mut PgConnection, account: AccountId) -> Result<()> {
    if repo::tree::is_unproven(connection, account).await? {
        let message = "Confirm your email address first: open the link in our email.";
        return Err(Refusal::unprocessable("email", Problem::NotConfirmed, message).into());
    }
    Ok(())
}

/// Takes a person's one-time offer of a plan, in the transaction of its grant; `false` where the person had it.
pub(crate) async fn take_offer_in_tx(
    connection: &mut PgConnection,
    person_hash: &[u8; 32],
    plan: &str,
    account: AccountId,
    at: DateTime<Utc>,
) -> Result<bool> {
    repo::tree::take_offer(connection, person_hash, plan, account, at).await
}

/// Says whether a person had the one-time offer of a plan.
pub(crate) async fn offer_taken(pool: &PgPool, person_hash: &[u8; 32], plan: &str) -> Result<bool> {
    repo::tree::offer_taken(pool, person_hash, plan).await
}

/// Locks an account in the caller's transaction, against others that count what it has before they add to it.
pub(crate) async fn lock_account_in_tx(connection: &mut PgConnection, account: AccountId) -> Result<()> {
    repo::tree::lock_account(connection, account).await
}

/// Says whether a member of an account is a person, as [`Email::person`] names one.
pub(crate) async fn has_person_in_tx(connection: &mut PgConnection, account: AccountId, person: &str) -> Result<bool> {
    let emails = repo::tree::emails_of(connection, account).await?;
    Ok(emails.iter().filter_map(|email| Email::parse(email).ok()).any(|email| email.person() == person))
}

/// Finds the time zones of accounts, for concepts that know no [`Identity`].
pub(crate) async fn time_zones(
    connection: &mut PgConnection,
    accounts: &[AccountId],
) -> Result<HashMap<AccountId, Tz>> {
    let names = repo::tree::time_zones(connection, accounts).await?;
    Ok(names.into_iter().map(|(account, name)| (account, time_zone::named(&name))).collect())
}
