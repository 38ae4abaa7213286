//! Sessions in PostgreSQL: the cookie holds the id, the wallet keeps only its SHA-256.

use axum_login::tower_sessions::SessionStore;
use axum_login::tower_sessions::session::{Id, Record};
use axum_login::tower_sessions::session_store::{Error, Result};
use chrono::DateTime;
use time::OffsetDateTime;
use wallet::Wallet;
use wallet::id::UserId;
use wallet::identity::SessionRecord;

/// Where axum-login keeps who is signed in.
pub const LOGIN_KEY: &str = "login";

/// Where a session keeps from which machine it was opened; the wallet's SQL reads it.
pub const MACHINE_KEY: &str = "machine";

/// Fresh ids that are tried when one is taken already; 128 random bits never are.
const TRIES_MAX: usize = 3;

/// The session table, as tower-sessions wants it.
#[derive(Clone, Debug)]
pub struct Store {
    wallet: Wallet,
}

impl Store {
    /// Takes the wallet whose database holds the sessions.
    #[must_use]
    pub const fn new(wallet: Wallet) -> Self {
        Self { wallet }
    }
}

#[async_trait::async_trait]
impl SessionStore for Store {
    async fn create(&self, record: &mut Record) -> Result<()> {
        for _ in 0..TRIES_MAX {
            let session = to_wallet(record)?;
            if self.wallet.identity().session_create(&token(&record.id), &session).await.map_err(backend)? {
                return Ok(());
            }
            record.id = Id::default();
        }
        Err(Error::Backend("no free session id".to_owned()))
    }

    /// Updates only: a request in flight must not bring back a session that a sign-out has just deleted.
    async fn save(&self, record: &Record) -> Result<()> {
        self.wallet.identity().session_save(&token(&record.id), &to_wallet(record)?).await.map_err(backend)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let Some(session) = self.wallet.identity().session_load(&token(id)).await.map_err(backend)? else {
            return Ok(None);
        };
        let data = serde_json::from_value(session.data).map_err(|error| Error::Decode(error.to_string()))?;
        let expiry_date = OffsetDateTime::from_unix_timestamp(session.expires_at.timestamp())
            .map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.wallet.identity().session_delete(&token(id)).await.map_err(backend)
    }
}

/// The part of a cookie that the wallet knows a session by.
#[must_use]
pub fn token(id: &Id) -> [u8; 16] {
    id.0.to_be_bytes()
}

fn to_wallet(record: &Record) -> Result<SessionRecord> {
    let login = record.data.get(LOGIN_KEY).and_then(|login| login.get("user_id"));
    let user = login.and_then(|id| serde_json::from_value::<UserId>(id.clone()).ok());
    let data = serde_json::to_value(&record.data).map_err(|error| Error::Encode(error.to_string()))?;
    let expires_at = DateTime::from_timestamp(record.expiry_date.unix_timestamp(), 0)
        .ok_or_else(|| Error::Encode("an expiry outside of time".to_owned()))?;
    Ok(SessionRecord { user, data, expires_at })
}

fn backend(error: wallet::error::Error) -> Error {
    Error::Backend(error.to_string())
}
