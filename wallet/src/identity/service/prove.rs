//! Proving an address: who opens the mailed link must also be the one who chose the password.
//!
//! Anybody can sign up with anybody's address. Would the link alone prove it, its owner, by following a link in a mail,
//! would lend the proof to a stranger who knows the password. So the link counts in the browser that signed up or is
//! signed in, or with the password; everybody else sets a new password by a mailed link, which ends whatever was there.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use super::super::ports::{AccountMail, Proof, Recipient};
use super::super::repo::{self, user::Purpose, user::UserRow};
use super::endings::Kept;
use super::sessions::session_hash;
use super::sign_in::Claim;
use super::{Identity, broken_link, token_hash, user};
use crate::error::{Error, Problem, Refusal, Result};
use crate::id::UserId;
use crate::identity::model::person::{Email, User};
use crate::identity::model::session::Visit;

/// What came of a mailed link that proves an address.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// The person.
    pub user: User,
    /// Whether the browser shown to be the person's, and not signed in, may be signed in now.
    pub enters: bool,
}

impl Identity {
    /// Proves an address by the link's token, opened by whoever is signed in as that person, on the machine where the
    /// person signed up, or with the password. The first proof ends whatever others have begun before.
    pub async fn confirm_email(
        &self,
        token: &str,
        password: &str,
        (signed_in, visit): (Option<UserId>, &Visit),
    ) -> Result<Confirmed> {
        let hash = token_hash(token.trim());
        let found = repo::user::token(self.db.pool(), &hash, Purpose::VerifyEmail).await?.ok_or_else(broken_link)?;
        let row = repo::user::by_id(self.db.pool(), found.user).await?.ok_or_else(broken_link)?;
        let is_over = found.used_at.is_some() || found.expires_at <= self.db.now() || row.email_key != found.email_key;
        let is_here = signed_in == Some(row.id);
        if row.verified_at.is_some() && (is_here || password.is_empty()) {
            return Ok(Confirmed { user: user(row), enters: false });
        }
        if row.verified_at.is_none() && is_over {
            return Err(broken_link().into());
        }
        let device = visit.device.as_deref().map(token_hash);
        let is_own = match &device {
            _ if is_here => true,
            Some(device) if password.is_empty() => {
                repo::device::known(self.db.pool(), device, &row.email_key).await?.is_some()
            }
            _ => false,
        };
        if !is_own {
            if password.is_empty() {
                let message = "Enter the password chosen at sign-up. If you did not sign up, \
                               set a new password instead.";
                return Err(Refusal::unprocessable("password", Problem::Required, message).into());
            }
            self.check_password_of(&row, password, visit).await?;
        }
        let session = visit.session.as_ref().map(|token| session_hash(token));
        let kept = Kept { session: session.as_ref().filter(|_| is_here), device: device.as_ref() };
        let user = self.prove(hash, kept).await?;
        Ok(Confirmed { user, enters: !is_here })
    }

    /// Checks the password of somebody who shows a mailed link.
    async fn check_password_of(&self, row: &UserRow, password: &str, visit: &Visit) -> Result<()> {
        match self.check_credentials((&row.email, password), visit, Claim::WithProof).await {
            Ok(_) => Ok(()),
            Err(Error::Refused(Refusal::Unprocessable { .. })) => {
                let message = "This is not the password chosen at sign-up.";
                Err(Refusal::unprocessable("password", Problem::WrongPassword, message).into())
            }
            Err(error) => Err(error),
        }
    }

    /// Proves the address that a link was sent to.
    pub(super) async fn prove(&self, hash: [u8; 32], kept: Kept<'_>) -> Result<User> {
        let token = repo::user::token(self.db.pool(), &hash, Purpose::VerifyEmail).await?.ok_or_else(broken_link)?;
        let row = repo::user::by_id(self.db.pool(), token.user).await?.ok_or_else(broken_link)?;
        if row.email_key != token.email_key {
            return Err(broken_link().into());
        }
        if row.verified_at.is_some() {
            // The same link again: a mail scanner opened it first, or the person came back.
            return Ok(user(row));
        }
        if token.used_at.is_some() || token.expires_at <= self.db.now() {
            return Err(broken_link().into());
        }
        let mut tx = self.db.begin().await?;
        let endings = self.end_all_in_tx(&mut tx, &row, kept, "The address was confirmed.").await?;
        if !endings.ended.is_nothing() {
            let to = Recipient { email: &row.email, name: &row.name, locale: &row.locale };
            self.account_setup.write_in_tx(&mut tx, to, AccountMail::AddressProven { ended: endings.ended }).await?;
        }
        tx.commit().await?;
        self.keys.forget(&endings.keys);
        self.prove_person(&row, hash).await?;
        let row = repo::user::by_id(self.db.pool(), row.id).await?.ok_or_else(broken_link)?;
        Ok(user(row))
    }

    /// Marks a person's address as proven, and grants what the person gets once.
    pub(super) async fn prove_person(&self, row: &UserRow, token_hash: [u8; 32]) -> Result<()> {
        let place = repo::tree::first_place(self.db.pool(), row.id).await?.ok_or_else(broken_link)?;
        let person = Email::parse(&row.email).map_or_else(|_| row.email_key.clone(), |email| email.person());
        let proof = Proof {
            token_hash,
            user: row.id,
            name: row.name.clone(),
            email_key: row.email_key.clone(),
            person_hash: Sha256::digest(person.as_bytes()).into(),
            account: place.account,
            wallet: place.wallet,
        };
        if !self.account_setup.welcome(&proof).await? {
            let mut tx = self.db.begin().await?;
            self.account_setup.begin_free_plan_in_tx(&mut tx, proof.account).await?;
            prove_in_tx(&mut tx, &proof, self.db.now()).await?;
            tx.commit().await?;
        }
        // What the free plan brings each month does not wait for the renewal job; where this fails, it does.
        if let Err(error) = self.account_setup.fill(proof.account).await {
            tracing::warn!(account = %proof.account, %error, "a new account waits for its plan's credits");
        }
        Ok(())
    }
}

/// Uses the link up and marks the address as proven. A repeat changes nothing.
pub(crate) async fn prove_in_tx(connection: &mut PgConnection, proof: &Proof, at: DateTime<Utc>) -> Result<()> {
    repo::user::use_token(connection, &proof.token_hash, at).await?;
    if repo::user::set_verified(connection, proof.user, &proof.email_key, at).await? {
        let audit = crate::identity::model::audit::NewAudit {
            actor: crate::identity::model::actor::Actor::User { id: proof.user, name: proof.name.clone() },
            action: "address.confirmed".to_owned(),
            subject: super::log::subject(proof.user),
            before: Value::Null,
            after: json!({ "verified_at": at }),
        };
        super::audit_in_tx(connection, &audit, at).await?;
    }
    Ok(())
}
