//! Signing in, and a new password for whoever forgot.

use std::net::IpAddr;

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::super::ports::{AccountMail, Recipient};
use super::super::repo;
use super::super::repo::device::KnownDevice;
use super::super::repo::throttle::Attempt;
use super::super::repo::user::{Purpose, UserRow};
use super::endings::Kept;
use super::{Identity, broken_link, new_token, token_hash, user};
use crate::error::{Problem, Refusal, Result};
use crate::id::{AccountId, UserId};
use crate::identity::model::common_passwords::check_password_of;
use crate::identity::model::person::{Email, PASSWORD_MAX, User, email_error, password_error};
use crate::identity::model::session::Visit;
use crate::identity::rules::throttle::{ATTACKED, AskedFrom, MailKind, Subjects, network_of};
use crate::identity::service::password::{KnownPlace, OF_MACHINE, OF_NETWORK, OF_PERSON, Queue, Share};

/// How long the link to a new password works.
const RESET_HOURS: i64 = 1;
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

/// What somebody shows besides an address and its password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Nothing. Where the address is not proven, the password is answered like a wrong one: whoever signs up with an address
    /// knows its password, and would see by it whether the address was free.
    PasswordOnly,
    /// A session of that person, or a link that was mailed to the address.
    WithProof,
}

impl Identity {
    /// Checks an address and a password, from a peer where it is known, on a machine that nobody knows.
    ///
    /// An unknown address, a wrong password and an address that is not proven take the same time and get the same answer.
    /// Failures make later attempts wait, longer each time, but nobody is ever locked out.
    pub async fn authenticate(&self, email: &str, password: &str, from: Option<IpAddr>) -> Result<User> {
        let visit = Visit { from, ..Visit::default() };
        self.check_credentials((email, password), &visit, Claim::PasswordOnly).await.map(user)
    }

    /// Signs a person in whose address is proven. From a machine where that person has signed in before, the right password
    /// is never refused, whatever others try elsewhere.
    pub async fn sign_in(&self, email: &str, password: &str, visit: &Visit) -> Result<SignedIn> {
        let row = self.check_credentials((email, password), visit, Claim::PasswordOnly).await?;
        self.enter(user(row), visit).await
    }

    /// Lets somebody in who has shown to be that person: writes that down and remembers the machine. Every session of a
    /// person who was not signed in begins with it.
    pub async fn enter(&self, user: User, visit: &Visit) -> Result<SignedIn> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let device = match &visit.device {
            Some(token) if repo::device::used(&mut tx, &token_hash(token), user.id, now).await? => token.clone(),
            _ => {
                let (token, _) = new_token();
                self.know_device_in_tx(&mut tx, user.id, &token, visit).await?;
                token
            }
        };
        self.note_sign_in_in_tx(&mut tx, &user, visit).await?;
        tx.commit().await?;
        Ok(SignedIn { user, device })
    }

    /// Remembers a machine of a person under a new secret. Others who are known there are known under the new one, too.
    pub(super) async fn know_device_in_tx(
        &self,
        tx: &mut PgConnection,
        id: UserId,
        device: &str,
        visit: &Visit,
    ) -> Result<()> {
        self.rename_device_in_tx(tx, device, visit).await?;
        repo::device::insert(tx, &token_hash(device), id, DEVICES_MAX, self.db.now()).await
    }

    /// Gives the machine that asks a new secret, for all who are known there.
    pub(super) async fn rename_device_in_tx(&self, tx: &mut PgConnection, device: &str, visit: &Visit) -> Result<()> {
        match &visit.device {
            Some(before) => repo::device::rename(tx, &token_hash(before), &token_hash(device)).await,
            None => Ok(()),
        }
    }

    /// Checks what was typed, and gives the person.
    pub(super) async fn check_credentials(
        &self,
        (email, password): (&str, &str),
        visit: &Visit,
        claim: Claim,
    ) -> Result<UserRow> {
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
        let known = self.known_machine(email.as_ref().map_or("", Email::key), visit).await?;
        let place = known.and_then(|known| self.known_place(known.user, visit));
        let (found, is_right) = match place {
            Some(place) => self.right_person(email.as_ref(), password, Queue::Known(place), claim).await?,
            None => self.slowly(email.as_ref(), password, visit, claim).await?,
        };
        match found {
            Some(row) if is_right => Ok(row),
            found => {
                if let (Some(known), Some(device)) = (known, &visit.device) {
                    let device = token_hash(device);
                    repo::device::failed(self.db.pool(), &device, known.user, DEVICE_FAILURES_MAX).await?;
                }
                self.note_failure(found.as_ref(), visit);
                Err(Refusal::Unprocessable { fields: vec![password_error(Problem::WrongCredentials)] }.into())
            }
        }
    }

    /// Finds whether the machine that asks is one from which the person with this address has signed in. One from which
    /// somebody has only signed up is not: it would tell by its freedom that the address was free.
    pub(super) async fn known_machine(&self, email_key: &str, visit: &Visit) -> Result<Option<KnownDevice>> {
        let Some(device) = &visit.device else { return Ok(None) };
        let known = repo::device::known(self.db.pool(), &token_hash(device), email_key).await?;
        Ok(known.filter(|known| known.is_proven))
    }

    /// Gives a place in the queue of known ones; `None` where the machine, the person or the network has taken its share.
    fn known_place(&self, person: UserId, visit: &Visit) -> Option<KnownPlace> {
        let machine = visit.device.as_ref().map(|device| Share { key: format!("machine {device}"), most: OF_MACHINE });
        let network = visit
            .from
            .and_then(network_of)
            .map(|network| Share { key: format!("network {network}"), most: OF_NETWORK });
        let person = Share { key: format!("person {person}"), most: OF_PERSON };
        self.passwords.known(machine.into_iter().chain(network).chain([person]).collect())
    }

    /// Says in which queue somebody waits who is signed in.
    pub(super) fn queue_of(&self, person: UserId, visit: &Visit) -> Queue {
        self.known_place(person, visit).map_or(Queue::Strangers, Queue::Known)
    }

    /// Checks a password from a machine that is not known: each failure makes the next ones wait.
    async fn slowly(
        &self,
        email: Option<&Email>,
        password: &str,
        visit: &Visit,
        claim: Claim,
    ) -> Result<(Option<UserRow>, bool)> {
        let mut subjects = Subjects::new(email.map_or("", Email::key), visit.from);
        if let Some(address) = subjects.address() {
            let since = self.db.now() - TimeDelta::hours(1);
            if repo::throttle::failures(self.db.pool(), address, since).await? >= ATTACKED {
                subjects = subjects.under_attack();
            }
        }
        self.count_attempt(&subjects).await?;
        match self.right_person(email, password, Queue::Strangers, claim).await {
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

    /// Finds a person, and says whether the password is right and may count.
    async fn right_person(
        &self,
        email: Option<&Email>,
        password: &str,
        queue: Queue,
        claim: Claim,
    ) -> Result<(Option<UserRow>, bool)> {
        let row = match email {
            Some(email) => repo::user::by_email(self.db.pool(), email.key()).await?,
            None => None,
        };
        let hash = row.as_ref().map(|row| row.password_hash.as_str());
        let too_long = password.chars().count() > PASSWORD_MAX;
        let right = !too_long && self.passwords.verify(password, hash, queue).await?;
        let may_count = claim == Claim::WithProof || row.as_ref().is_some_and(|row| row.verified_at.is_some());
        Ok((row, right && may_count))
    }

    /// Counts an attempt under all of its subjects, or refuses it where one of them has to wait.
    pub(super) async fn count_attempt(&self, subjects: &Subjects) -> Result<()> {
        let mut attempt = Attempt::default();
        for (subject, pace) in subjects.paces() {
            attempt.subjects.push(subject.clone());
            attempt.free.push(pace.free);
            attempt.first.push(pace.first);
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
        let left = until.map_or(0, |until| (until - now).num_milliseconds());
        // In whole seconds, up.
        let left = left.saturating_add(999).checked_div(1000).unwrap_or(0);
        let left = u32::try_from(left).unwrap_or(0).max(1);
        Err(Refusal::RateLimited { retry_after_seconds: left }.into())
    }

    /// Counts a code that is tried as a wrong one, until [`Self::take_back_guess`]; refused where too many were wrong.
    pub(crate) async fn count_guess(&self, account: AccountId, from: Option<IpAddr>) -> Result<Subjects> {
        let subjects = Subjects::guess(account, from);
        self.count_attempt(&subjects).await?;
        Ok(subjects)
    }

    /// Takes an attempt back that was no wrong one.
    pub(crate) async fn take_back_guess(&self, subjects: &Subjects) -> Result<()> {
        repo::throttle::take_back(self.db.pool(), &subjects.keys(), self.db.now()).await
    }

    /// Sends a link to a new password, if somebody has that address and has not been sent enough of them. The answer is the
    /// same either way. Links that were sent before stay valid for their hour.
    pub async fn request_password_reset(&self, email: &str, visit: &Visit) -> Result<()> {
        let email = Email::parse(email).map_err(email_error)?;
        self.count_attempt(&Subjects::visit(visit.from)).await?;
        let Some(row) = repo::user::by_email(self.db.pool(), email.key()).await? else { return Ok(()) };
        let asked = match self.known_machine(email.key(), visit).await? {
            Some(_) => AskedFrom::KnownMachine,
            None => AskedFrom::Anywhere,
        };
        if !self.may_mail(MailKind::Reset, asked, &row.email_key).await? {
            // One is on its way: saying so would tell that the address is known.
            return Ok(());
        }
        let now = self.db.now();
        let (token, hash) = new_token();
        let mut tx = self.db.begin().await?;
        let times = (now, now + TimeDelta::hours(RESET_HOURS));
        repo::user::insert_token(&mut tx, &hash, Purpose::ResetPassword, (row.id, &row.email_key), times).await?;
        let to = Recipient { email: &row.email, name: &row.name, locale: &row.locale };
        self.account_setup.write_in_tx(&mut tx, to, AccountMail::ResetPassword { token }).await?;
        self.audit_person_in_tx(&mut tx, &row, "password.reset_asked", (Value::Null, Value::Null)).await?;
        Ok(tx.commit().await?)
    }

    /// Sets a new password by the link's token. The link works once, and with it all others end.
    ///
    /// Whoever knew the old password may have made sessions, API keys and webhooks: all of them end, and the person is
    /// told how many. Who opens the link has the mailbox, so the address is proven as well. Where that failed after the
    /// password was set, the same link with the same password goes on from there.
    pub async fn reset_password(&self, token: &str, password: &str) -> Result<User> {
        let hash = token_hash(token.trim());
        let found = repo::user::token(self.db.pool(), &hash, Purpose::ResetPassword).await?;
        let found = found.filter(|found| found.expires_at > self.db.now());
        let row = match &found {
            Some(found) => repo::user::by_id(self.db.pool(), found.user).await?,
            None => None,
        };
        let key = row.as_ref().map_or("", |row| row.email_key.as_str());
        check_password_of(password, key, &self.account_setup.product().await?).map_err(password_error)?;
        let (found, row) = found.zip(row).ok_or_else(broken_link)?;
        if found.used_at.is_some() {
            let may_go_on = row.verified_at.is_none() && row.email_key == found.email_key;
            if !may_go_on || !self.passwords.verify(password, Some(&row.password_hash), Queue::Strangers).await? {
                return Err(broken_link().into());
            }
            self.prove_person(&row, hash).await?;
            return self.user_of(row.id).await;
        }
        let password_hash = self.passwords.hash(password, Queue::Strangers).await?;
        let mut tx = self.db.begin().await?;
        // One link after the other: the second one finds that it has ended.
        repo::user::lock(&mut tx, row.id).await?;
        if !repo::user::use_token(&mut tx, &hash, self.db.now()).await? {
            return Err(broken_link().into());
        }
        repo::user::end_tokens(&mut tx, row.id, Purpose::ResetPassword).await?;
        repo::user::set_password(&mut tx, row.id, &password_hash).await?;
        let endings = self.end_all_in_tx(&mut tx, &row, Kept::default(), "The password was set anew.").await?;
        self.audit_person_in_tx(&mut tx, &row, "password.reset", (Value::Null, json!(endings.ended))).await?;
        let to = Recipient { email: &row.email, name: &row.name, locale: &row.locale };
        self.account_setup.write_in_tx(&mut tx, to, AccountMail::PasswordChanged { ended: endings.ended }).await?;
        tx.commit().await?;
        self.keys.forget(&endings.keys);
        let subjects = Subjects::new(&row.email_key, None);
        repo::throttle::forget(self.db.pool(), &subjects.of_the_address()).await?;
        if row.verified_at.is_none() && row.email_key == found.email_key {
            self.prove_person(&row, hash).await?;
        }
        self.user_of(row.id).await
    }

    async fn user_of(&self, id: UserId) -> Result<User> {
        let row = repo::user::by_id(self.db.pool(), id).await?.ok_or_else(broken_link)?;
        Ok(user(row))
    }
}
