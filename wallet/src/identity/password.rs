//! Hashing passwords: argon2id with 19 MiB, two passes, one lane; off the async threads and a few at a time.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::error::{Error, Refusal, Result};

/// Kibibytes of memory of one hash.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
const PASSES: u32 = 2;
/// How many hashes run at once: a flood of sign-ins takes this much memory and no more.
const AT_ONCE: usize = 4;
/// How long a sign-in waits for its turn before it hears "too many requests".
const PATIENCE: Duration = Duration::from_secs(10);
/// A hash of nothing in particular: an unknown address costs the same time as a known one. Nobody's password.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2NyaXBzY3JpcHNjcmlwcw$0M5nZ4hHhQd2wYxq0o9i3x0k1Q7bq1nX4mXv8JwKk2A";

/// Hashes and checks passwords. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
}

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|cause| Error::internal(cause.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Hashes a password under a new salt.
    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        let password = SecretString::from(password);
        self.run(move || {
            let hash = hasher()?.hash_password(password.expose_secret().as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|cause| Error::internal(cause.to_string()))
        })
        .await
    }

    /// Says whether a password is the hashed one. Without a hash it takes as long and says no.
    pub(crate) async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let password = SecretString::from(password);
        let known = hash.is_some();
        let hash = hash.unwrap_or(DUMMY).to_owned();
        self.run(move || {
            let hash = PasswordHash::new(&hash).map_err(|cause| Error::internal(cause.to_string()))?;
            let right = hasher()?.verify_password(password.expose_secret().as_bytes(), &hash).is_ok();
            Ok(right && known)
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(Refusal::RateLimited { retry_after_seconds: 5 }.into());
        };
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_recognised_and_an_unknown_person_is_not() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse").await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse", Some(&hash)).await.expect("checked"));
        assert!(!passwords.verify("correct horsf", Some(&hash)).await.expect("checked"));
        assert!(!passwords.verify("correct horse", None).await.expect("the dummy is a hash that can be read"));
    }
}
