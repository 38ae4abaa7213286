//! Sessions: rows by the hash of the cookie's token.

use sha2::{Digest, Sha256};

use super::super::repo;
use super::Identity;
use crate::error::Result;
use crate::identity::model::session::SessionRecord;

/// The most sessions of a person: as many as the page of the own sessions shows.
pub(super) const SESSIONS_MAX: i64 = 100;

/// Gives the form in which a session's token is stored.
pub(super) fn session_hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

impl Identity {
    /// Adds a session under a new token; `false` where the token is taken and another one is needed. Where the person
    /// has more than `SESSIONS_MAX`, those that were used longest ago end.
    pub async fn session_create(&self, token: &[u8], session: &SessionRecord) -> Result<bool> {
        if !repo::session::insert(self.db.pool(), &session_hash(token), session).await? {
            return Ok(false);
        }
        if let Some(user) = session.user {
            repo::session::delete_beyond(self.db.pool(), user, SESSIONS_MAX).await?;
        }
        Ok(true)
    }

    /// Loads a session; `None` where there is none or its time is over.
    pub async fn session_load(&self, token: &[u8]) -> Result<Option<SessionRecord>> {
        repo::session::find(self.db.pool(), &session_hash(token)).await
    }

    /// Says which of these tokens still open a session.
    pub async fn sessions_alive(&self, tokens: &[[u8; 16]]) -> Result<Vec<[u8; 16]>> {
        if tokens.is_empty() {
            return Ok(Vec::new());
        }
        let hashes: Vec<Vec<u8>> = tokens.iter().map(|token| session_hash(token).to_vec()).collect();
        let alive = repo::session::alive(self.db.pool(), &hashes).await?;
        let is_alive = |(_, hash): &(&[u8; 16], &Vec<u8>)| alive.contains(*hash);
        Ok(tokens.iter().zip(&hashes).filter(is_alive).map(|(token, _)| *token).collect())
    }

    /// Changes a session; `false` where it was deleted meanwhile: a request in flight never brings back a session that
    /// another request signed out.
    pub async fn session_save(&self, token: &[u8], session: &SessionRecord) -> Result<bool> {
        repo::session::update(self.db.pool(), &session_hash(token), session).await
    }

    /// Deletes a session.
    pub async fn session_delete(&self, token: &[u8]) -> Result<()> {
        repo::session::delete(self.db.pool(), &session_hash(token)).await
    }

    /// Deletes sessions whose time is over.
    #[doc(hidden)]
    pub async fn sessions_sweep(&self) -> Result<u64> {
        repo::session::sweep(self.db.pool()).await
    }
}
