//! Signing in, and a new password for whoever forgot.

use std::net::IpAddr;

use chrono::TimeDelta;

use super::super::User;
use super::super::person::{Email, PASSWORD_MAX, check_password, email_error, password_error};
use super::super::ports::{Letter, Recipient};
use super::super::repo;
use super::super::repo::throttle::Attempt;
use super::super::repo::user::{Purpose, UserRow};
use super::super::throttle::Subjects;
use super::{Identity, broken_link, new_token, token_hash, user};
use crate::error::{Problem, Refusal, Result};

/// How long the link to a new password works.
const RESET_HOURS: i64 = 1;
/// At most one such link a minute.
const RESET_SECONDS: i64 = 60;

impl Identity {
    /// Checks an address and a password, from a peer where it is known.
    ///
    /// An unknown address and a wrong password take the same time and get the same answer. Failures make later
    /// attempts wait, longer each time, but nobody is ever locked out.
    pub async fn authenticate(&self, email: &str, password: &str, from: Option<IpAddr>) -> Result<User> {
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
        let subjects = Subjects::new(email.as_ref().map_or("", Email::key), from);
        self.count_attempt(&subjects).await?;
        match self.right_person(email.as_ref(), password).await {
            Ok(Some(row)) => {
                repo::throttle::forget(self.db.pool(), &subjects.of_the_address()).await?;
                repo::throttle::take_back(self.db.pool(), &subjects.of_the_peer(), self.db.now()).await?;
                Ok(user(row))
            }
            Ok(None) => Err(Refusal::Unprocessable { fields: vec![password_error(Problem::WrongCredentials)] }.into()),
            // Nobody has looked at the password.
            Err(error) => {
                repo::throttle::take_back(self.db.pool(), &subjects.keys(), self.db.now()).await?;
                Err(error)
            }
        }
    }

    async fn right_person(&self, email: Option<&Email>, password: &str) -> Result<Option<UserRow>> {
        let row = match email {
            Some(email) => repo::user::by_email(self.db.pool(), email.key()).await?,
            None => None,
        };
        let hash = row.as_ref().map(|row| row.password_hash.as_str());
        let too_long = password.chars().count() > PASSWORD_MAX;
        let right = !too_long && self.passwords.verify(password, hash).await?;
        Ok(row.filter(|_| right))
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
        Ok(tx.commit().await?)
    }

    /// Sets a new password by the link's token, and signs the person out everywhere. The link works once.
    pub async fn reset_password(&self, token: &str, password: &str) -> Result<User> {
        check_password(password).map_err(password_error)?;
        let hash = token_hash(token.trim());
        let found = repo::user::token(self.db.pool(), &hash, Purpose::ResetPassword).await?.ok_or_else(broken_link)?;
        if found.used_at.is_some() || found.expires_at <= self.db.now() {
            return Err(broken_link().into());
        }
        let password_hash = self.passwords.hash(password).await?;
        let row = repo::user::by_id(self.db.pool(), found.user).await?.ok_or_else(broken_link)?;
        let mut tx = self.db.begin().await?;
        if !repo::user::use_token(&mut tx, &hash, self.db.now()).await? {
            return Err(broken_link().into());
        }
        repo::user::set_password(&mut tx, row.id, &password_hash).await?;
        repo::session::delete_of(&mut tx, row.id).await?;
        let to = Recipient { email: &row.email, name: &row.name, locale: &row.locale };
        self.household.write_in_tx(&mut tx, to, Letter::PasswordChanged).await?;
        tx.commit().await?;
        let subjects = Subjects::new(&row.email_key, None);
        repo::throttle::forget(self.db.pool(), &subjects.of_the_address()).await?;
        let row = repo::user::by_id(self.db.pool(), row.id).await?.ok_or_else(broken_link)?;
        Ok(user(row))
    }
}
