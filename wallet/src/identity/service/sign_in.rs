//! Signing in, and a new password for whoever forgot.

use std::net::IpAddr;

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::super::ports::{Letter, Recipient};
use super::super::repo;
use super::super::repo::throttle::Attempt;
use super::super::repo::user::{Purpose, UserRow};
use super::endings::Kept;
use super::{Identity, broken_link, new_token, token_hash, user};
use crate::error::{Problem, Refusal, Result};
use crate::id::UserId;
use crate::identity::model::person::{Email, PASSWORD_MAX, User, email_error, password_error};
use crate::identity::model::session::Visit;
use crate::identity::rules::common_passwords::check_password_of;
use crate::identity::rules::throttle::{ATTACKED, Subjects};
use crate::identity::service::password::Queue;

/// How long the link to a new password works.
const RESET_HOURS: i64 = 1;
/// At most one such link a minute.
const RESET_SECONDS: i64 = 60;
/// So many wrong passwords in a row, and a machine is a stranger's again: whoever has stolen its cookie guesses no longer.
const DEVICE_FAILURES_MAX: i32 = 100;
/// The most machines of a person that are known.
const DEVICES_MAX: i64 = 50;

/// Somebody who has signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The person.
    pub user: User,
    /// The secret by which this machine is known from now on. For a cookie that lives long and opens nothing.
    pub device: String,
}

impl Identity {
    /// Checks an address and a password, from a peer where it is known, on a machine that nobody knows.
    ///
    /// An unknown address and a wrong password take the same time and get the same answer. Failures make later
    /// attempts wait, longer each time, but nobody is ever locked out.
    pub async fn authenticate(&self, email: &str, password: &str, from: Option<IpAddr>) -> Result<User> {
        let visit = Visit { from, ..Visit::default() };
        self.check_credentials(email, password, &visit).await.map(user)
    }

    /// Signs a person in. From a machine where that person has signed in before, the right password is never refused,
    /// whatever others try elsewhere.
    pub async fn sign_in(&self, email: &str, password: &str, visit: &Visit) -> Result<SignedIn> {
        let row = self.check_credentials(email, password, visit).await?;
        self.note_sign_in(&row, visit).await?;
        let device = self.know_device(row.id, visit).await?;
        Ok(SignedIn { user: user(row), device })
    }

    /// Checks what was typed, and gives the person.
    pub(super) async fn check_credentials(&self, email: &str, password: &str, visit: &Visit) -> Result<UserRow> {
        let mut missing = Vec::new();
        if email.trim().is_empty() {
            missing.push(email_error(Problem::Required));
        }
        if password.is_empty() {
            missing.push(password_error(Problem::Required));
        }
        if !missing.is_empty() {
            return Err(Refusal::Invalid { fields: missing }.into());
        }
        // What can't be an address is an unknown one: it costs the same.
        let email = Email::parse(email).ok();
        let key = email.as_ref().map_or("", Email::key);
        let device = visit.device.as_deref().map(token_hash);
        let (row, known) = match &device {
            Some(device) if repo::device::is_known(self.db.pool(), device, key).await? => {
                (self.right_person(email.as_ref(), password, Queue::Known).await?, true)
            }
            _ => (self.slowly(email.as_ref(), password, visit).await?, false),
        };
        let (found, is_right) = row;
        match found {
            Some(row) if is_right => Ok(row),
            found => {
                if let (true, Some(device), Some(row)) = (known, &device, &found) {
                    repo::device::failed(self.db.pool(), device, row.id, DEVICE_FAILURES_MAX).await?;
                }
                self.note_failure(found.as_ref(), visit).await?;
                Err(Refusal::Unprocessable { fields: vec![password_error(Problem::WrongCredentials)] }.into())
            }
        }
    }

    /// Checks a password from a machine that is not known: each failure makes the next ones wait.
    async fn slowly(&self, email: Option<&Email>, password: &str, visit: &Visit) -> Result<(Option<UserRow>, bool)> {
        let mut subjects = Subjects::new(email.map_or("", Email::key), visit.from);
        if let Some(address) = subjects.address() {
            let since = self.db.now() - TimeDelta::hours(1);
            if repo::throttle::failures(self.db.pool(), address, since).await? >= ATTACKED {
                subjects = subjects.under_attack();
            }
        }
        self.count_attempt(&subjects).await?;
        match self.right_person(email, password, Queue::Strangers).await {
            Ok((row, true)) => {
                repo::throttle::forget(self.db.pool(), &subjects.of_the_address()).await?;
                repo::throttle::take_back(self.db.pool(), &subjects.of_the_peer(), self.db.now()).await?;
                Ok((row, true))
            }
            Ok(wrong) => Ok(wrong),
            // Nobody has looked at the password.
            Err(error) => {
                repo::throttle::take_back(self.db.pool(), &subjects.keys(), self.db.now()).await?;
                Err(error)
            }
        }
    }

    /// Finds a person, and says whether the password is right.
    async fn right_person(
        &self,
        email: Option<&Email>,
        password: &str,
        queue: Queue,
    ) -> Result<(Option<UserRow>, bool)> {
        let row = match email {
            Some(email) => repo::user::by_email(self.db.pool(), email.key()).await?,
            None => None,
        };
        let hash = row.as_ref().map(|row| row.password_hash.as_str());
        let too_long = password.chars().count() > PASSWORD_MAX;
        let right = !too_long && self.passwords.verify(password, hash, queue).await?;
        Ok((row, right))
    }

    /// Remembers the machine on which a person has shown to be that person, and gives its secret.
    pub async fn know_device(&self, id: UserId, visit: &Visit) -> Result<String> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        if let Some(token) = &visit.device
            && repo::device::used(&mut tx, &token_hash(token), id, now).await?
        {
            tx.commit().await?;
            return Ok(token.clone());
        }
        let (token, hash) = new_token();
        if let Some(before) = &visit.device {
            repo::device::rename(&mut tx, &token_hash(before), &hash).await?;
        }
        repo::device::insert(&mut tx, &hash, id, DEVICES_MAX, now).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// Remembers a machine in the transaction in which its person is made.
    pub(super) async fn know_device_in_tx(&self, tx: &mut PgConnection, id: UserId, device: &str) -> Result<()> {
        repo::device::insert(tx, &token_hash(device), id, DEVICES_MAX, self.db.now()).await
    }

    /// Counts an attempt under all of its subjects, or refuses it where one of them has to wait.
    pub(super) async fn count_attempt(&self, subjects: &Subjects) -> Result<()> {
        let mut attempt = Attempt::default();
        for (subject, pace) in subjects.paces() {
            attempt.subjects.push(subject.clone());
            attempt.free.push(pace.free);
            attempt.longest.push(pace.longest);
            attempt.forget.push(pace.forget);
        }
        let all = u64::try_from(attempt.subjects.len()).unwrap_or(u64::MAX);
        if all == 0 {
            return Ok(());
        }
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        if repo::throttle::count(&mut tx, &attempt, now).await? == all {
            return Ok(tx.commit().await?);
        }
        tx.rollback().await?;
        let until = repo::throttle::blocked_until(self.db.pool(), &attempt.subjects).await?;
        let left = until.map_or(0, |until| (until - now).num_seconds());
        let left = u32::try_from(left).unwrap_or(0).saturating_add(1);
        Err(Refusal::RateLimited { retry_after_seconds: left }.into())
    }

    /// Sends a link to a new password, if somebody has that address. The answer is the same either way.
    pub async fn request_password_reset(&self, email: &str, from: Option<IpAddr>) -> Result<()> {
        let email = Email::parse(email).map_err(email_error)?;
        self.count_attempt(&Subjects::visit(from)).await?;
        let Some(row) = repo::user::by_email(self.db.pool(), email.key()).await? else { return Ok(()) };
        let now = self.db.now();
        let last = repo::user::last_token_at(self.db.pool(), row.id, Purpose::ResetPassword).await?;
        if last.is_some_and(|last| last + TimeDelta::seconds(RESET_SECONDS) > now) {
            // One is on its way: saying so would tell that the address is known.
            return Ok(());
        }
        let (token, hash) = new_token();
        let mut tx = self.db.begin().await?;
        let times = (now, now + TimeDelta::hours(RESET_HOURS));
        repo::user::insert_token(&mut tx, &hash, Purpose::ResetPassword, (row.id, &row.email_key), times).await?;
        let to = Recipient { email: &row.email, name: &row.name, locale: &row.locale };
        self.household.write_in_tx(&mut tx, to, Letter::ResetPassword { token }).await?;
        self.audit_person_in_tx(&mut tx, &row, "password.reset_asked", (Value::Null, Value::Null)).await?;
        Ok(tx.commit().await?)
    }

    /// Sets a new password by the link's token. The link works once.
    ///
    /// Whoever knew the old password may have made sessions, API keys and webhooks: all of them end, and the person is
    /// told how many. Who opens the link has the mailbox, so the address is proven as well.
    pub async fn reset_password(&self, token: &str, password: &str) -> Result<User> {
        let hash = token_hash(token.trim());
        let found = repo::user::token(self.db.pool(), &hash, Purpose::ResetPassword).await?;
        let found = found.filter(|found| found.used_at.is_none() && found.expires_at > self.db.now());
        let row = match &found {
            Some(found) => repo::user::by_id(self.db.pool(), found.user).await?,
            None => None,
        };
        let key = row.as_ref().map_or("", |row| row.email_key.as_str());
        check_password_of(password, key, &self.household.product().await?).map_err(password_error)?;
        let (found, row) = found.zip(row).ok_or_else(broken_link)?;
        let password_hash = self.passwords.hash(password, Queue::Strangers).await?;
        let mut tx = self.db.begin().await?;
        if !repo::user::use_token(&mut tx, &hash, self.db.now()).await? {
            return Err(broken_link().into());
        }
        repo::user::set_password(&mut tx, row.id, &password_hash).await?;
        let endings = self.end_all_in_tx(&mut tx, &row, Kept::default(), "The password was set anew.").await?;
        self.audit_person_in_tx(&mut tx, &row, "password.reset", (Value::Null, json!(endings.ended))).await?;
        let to = Recipient { email: &row.email, name: &row.name, locale: &row.locale };
        self.household.write_in_tx(&mut tx, to, Letter::PasswordChanged { ended: endings.ended }).await?;
        tx.commit().await?;
        self.keys.forget(&endings.keys);
        let subjects = Subjects::new(&row.email_key, None);
        repo::throttle::forget(self.db.pool(), &subjects.of_the_address()).await?;
        if row.verified_at.is_none() && row.email_key == found.email_key {
            self.prove_person(&row, hash).await?;
        }
        let row = repo::user::by_id(self.db.pool(), row.id).await?.ok_or_else(broken_link)?;
        Ok(user(row))
    }
}
