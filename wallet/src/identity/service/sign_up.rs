//! Signing up and proving an address.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use super::super::person::{CheckedSignUp, email_error};
use super::super::ports::{Letter, Proof, Recipient};
use super::super::repo::{self, user::Purpose};
use super::super::throttle::Subjects;
use super::super::{Actor, Email, Environment, NewAudit, NewUser, SignUp, StaffRole, User};
use super::{Identity, broken_link, new_token, token_hash, user};
use crate::error::{Problem, Refusal, Result};
use crate::id::{AccountId, ProjectId, UserId, WalletId};

/// How long the link that proves an address works.
const VERIFY_HOURS: i64 = 24;
/// How long a person waits before another link is sent.
const RESEND_SECONDS: i64 = 60;

impl Identity {
    /// Signs a person up: user, account, project and both wallets in one transaction, and the mail that proves the
    /// address. An address that is taken is said so at its field: a person who forgot having an account would
    /// otherwise wait for a mail that never comes.
    ///
    /// Each costs memory, rows and a mail: many from one peer have to wait.
    pub async fn sign_up(&self, form: SignUp, from: Option<IpAddr>) -> Result<NewUser> {
        let checked = form.check().map_err(|fields| Refusal::Invalid { fields })?;
        self.count_attempt(&Subjects::visit(from)).await?;
        let password_hash = self.passwords.hash(&form.password).await?;
        self.add(&checked, &password_hash, true).await
    }

    /// Makes a person whose address counts as proven: for the command line and demo data. Somebody who is there
    /// stays as they are.
    pub async fn create_proven(&self, form: SignUp) -> Result<User> {
        let checked = form.check().map_err(|fields| Refusal::Invalid { fields })?;
        if let Some(row) = repo::user::by_email(self.db.pool(), checked.email.key()).await? {
            return Ok(user(row));
        }
        let password_hash = self.passwords.hash(&form.password).await?;
        let new = self.add(&checked, &password_hash, false).await?;
        let (_, hash) = new_token();
        let now = self.db.now();
        let times = (now, now + TimeDelta::hours(VERIFY_HOURS));
        let mut tx = self.db.begin().await?;
        repo::user::insert_token(&mut tx, &hash, Purpose::VerifyEmail, (new.user.id, checked.email.key()), times)
            .await?;
        tx.commit().await?;
        self.prove(hash).await
    }

    /// Makes a person of the platform's staff. An address that somebody has already is refused, since whoever
    /// registered it first knows its password; [`Identity::appoint_staff`] is for people who are there.
    pub async fn create_staff(&self, form: SignUp, staff: StaffRole) -> Result<User> {
        let checked = form.check().map_err(|fields| Refusal::Invalid { fields })?;
        match repo::user::by_email(self.db.pool(), checked.email.key()).await? {
            None => {
                let made = self.create_proven(form).await?;
                self.give_role(made, staff).await
            }
            Some(row) if row.staff == Some(staff) => Ok(user(row)),
            Some(row) => Err(taken(row.verified_at.is_some()).into()),
        }
    }

    /// Gives somebody who is there a role of the platform's staff; the password stays. Whose address is not proven may be
    /// anybody, and is refused.
    pub async fn appoint_staff(&self, email: &str, staff: StaffRole) -> Result<User> {
        let email = Email::parse(email).map_err(email_error)?;
        let row = repo::user::by_email(self.db.pool(), email.key()).await?;
        let row = row.ok_or_else(|| {
            Refusal::unprocessable("email", Problem::Unknown, "Nobody has an account with this address.")
        })?;
        if row.verified_at.is_none() {
            return Err(taken(false).into());
        }
        self.give_role(user(row), staff).await
    }

    async fn give_role(&self, mut made: User, staff: StaffRole) -> Result<User> {
        if made.staff == Some(staff) {
            return Ok(made);
        }
        let audit = NewAudit {
            actor: Actor::system("command line"),
            action: "staff.appointed".to_owned(),
            subject: format!("user {}", made.id),
            before: json!({ "staff": made.staff }),
            after: json!({ "staff": staff }),
        };
        let mut tx = self.db.begin().await?;
        repo::user::set_staff(&mut tx, made.id, Some(staff)).await?;
        self.audit_in_tx(&mut tx, &audit).await?;
        tx.commit().await?;
        made.staff = Some(staff);
        Ok(made)
    }

    async fn add(&self, checked: &CheckedSignUp, password_hash: &str, verify: bool) -> Result<NewUser> {
        let now = self.db.now();
        let id = UserId::new();
        let row = repo::user::NewUserRow {
            id,
            email: checked.email.typed(),
            email_key: checked.email.key(),
            name: &checked.name,
            password_hash,
            locale: &checked.locale,
            created_at: now,
        };
        let mut tx = self.db.begin().await?;
        if !repo::user::insert(&mut tx, &row).await? {
            return Err(Refusal::Unprocessable { fields: vec![email_error(Problem::Taken)] }.into());
        }
        let account = AccountId::new();
        repo::tree::insert_account(&mut tx, account, &checked.name, id, now).await?;
        let project = ProjectId::new();
        repo::tree::insert_project(&mut tx, project, account, "Default", now).await?;
        let wallet = self.open(&mut tx, account, project, Environment::Production).await?;
        let preview_wallet = self.open(&mut tx, account, project, Environment::Preview).await?;
        self.household.join_free_plan_in_tx(&mut tx, account).await?;
        if verify {
            self.send_verification_in_tx(&mut tx, id, checked).await?;
        }
        tx.commit().await?;
        let user = User {
            id,
            email: checked.email.typed().to_owned(),
            name: checked.name.clone(),
            email_verified: false,
            staff: None,
            locale: checked.locale.clone(),
            auth_hash: Sha256::digest(password_hash.as_bytes()).to_vec(),
        };
        Ok(NewUser { user, account, project, wallet, preview_wallet })
    }

    async fn open(
        &self,
        tx: &mut PgConnection,
        account: AccountId,
        project: ProjectId,
        environment: Environment,
    ) -> Result<WalletId> {
        let wallet = self.household.open_wallet_in_tx(tx, account, project, environment).await?;
        repo::tree::insert_wallet(tx, project, environment, account, wallet).await?;
        Ok(wallet)
    }

    async fn send_verification_in_tx(&self, tx: &mut PgConnection, id: UserId, to: &CheckedSignUp) -> Result<()> {
        let (token, hash) = new_token();
        let now = self.db.now();
        let times = (now, now + TimeDelta::hours(VERIFY_HOURS));
        repo::user::insert_token(tx, &hash, Purpose::VerifyEmail, (id, to.email.key()), times).await?;
        let recipient = Recipient { email: to.email.typed(), name: &to.name, locale: &to.locale };
        self.household.write_in_tx(tx, recipient, Letter::VerifyEmail { token }).await
    }

    /// Sends the link that proves the address again; at most one a minute.
    pub async fn resend_verification(&self, id: UserId) -> Result<()> {
        let row = repo::user::by_id(self.db.pool(), id).await?.ok_or(Refusal::Unauthenticated)?;
        if row.verified_at.is_some() {
            return Ok(());
        }
        let now = self.db.now();
        if let Some(last) = repo::user::last_token_at(self.db.pool(), id, Purpose::VerifyEmail).await? {
            let left = (last + TimeDelta::seconds(RESEND_SECONDS) - now).num_seconds();
            if let Ok(left @ 1..) = u32::try_from(left) {
                return Err(Refusal::RateLimited { retry_after_seconds: left }.into());
            }
        }
        let email = Email::parse(&row.email).map_err(email_error)?;
        let to = CheckedSignUp { email, name: row.name, locale: row.locale };
        let mut tx = self.db.begin().await?;
        self.send_verification_in_tx(&mut tx, id, &to).await?;
        Ok(tx.commit().await?)
    }

    /// Proves an address by the link's token, and grants what the person gets once. A repeat by the same link
    /// answers as the first did.
    pub async fn verify_email(&self, token: &str) -> Result<User> {
        self.prove(token_hash(token.trim())).await
    }

    async fn prove(&self, hash: [u8; 32]) -> Result<User> {
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
        let place = repo::tree::first_place(self.db.pool(), token.user).await?.ok_or_else(broken_link)?;
        let person = Email::parse(&row.email).map_or_else(|_| row.email_key.clone(), |email| email.person());
        let proof = Proof {
            token_hash: hash,
            user: token.user,
            email_key: token.email_key,
            person_hash: Sha256::digest(person.as_bytes()).into(),
            account: place.account,
            wallet: place.wallet,
        };
        if !self.household.welcome(&proof).await? {
            let mut tx = self.db.begin().await?;
            self.household.begin_free_plan_in_tx(&mut tx, proof.account).await?;
            prove_in_tx(&mut tx, &proof, self.db.now()).await?;
            tx.commit().await?;
        }
        // What the free plan brings each month does not wait for the renewal job; where this fails, it does.
        if let Err(error) = self.household.fill(proof.account).await {
            tracing::warn!(account = %proof.account, %error, "a new account waits for its plan's credits");
        }
        let row = repo::user::by_id(self.db.pool(), proof.user).await?.ok_or_else(broken_link)?;
        Ok(user(row))
    }
}

/// Refuses to make somebody staff by an address that has an account.
fn taken(is_proven: bool) -> Refusal {
    let message = if is_proven {
        "Somebody has an account with this address. Where that is the right person, say --existing: the account gets the \
         role and keeps its password."
    } else {
        "Somebody has registered this address and never proven it: that may be anybody. Let its owner open the link in \
         the mail first, or take another address."
    };
    Refusal::unprocessable("email", Problem::Taken, message)
}

/// Uses the link up and marks the address as proven. A repeat changes nothing.
pub(crate) async fn prove_in_tx(connection: &mut PgConnection, proof: &Proof, at: DateTime<Utc>) -> Result<()> {
    repo::user::use_token(connection, &proof.token_hash, at).await?;
    repo::user::set_verified(connection, proof.user, &proof.email_key, at).await
}
