//! Signing up, and making staff.

use chrono::TimeDelta;
use serde_json::json;
use sqlx::PgConnection;

use super::super::ports::{AccountMail, Recipient};
use super::endings::Kept;
use super::{Identity, new_token, user};
use crate::error::{Error, Problem, Refusal, Result};
use crate::id::{AccountId, ProjectId, UserId};
use crate::identity::model::actor::Actor;
use crate::identity::model::audit::NewAudit;
use crate::identity::model::key::Environment;
use crate::identity::model::person::{CheckedSignUp, Email, SignUp, User, email_error};
use crate::identity::model::session::Visit;
use crate::identity::model::viewer::StaffRole;
use crate::identity::repo::{self, user::Purpose, user::UserRow};
use crate::identity::rules::throttle::{AskedFrom, MailKind, Subjects};
use crate::identity::service::password::Queue;

/// How long the link that proves an address works.
const VERIFY_HOURS: i64 = 24;

impl Identity {
    /// Signs a person up for whoever asks from outside, and gives the secret by which this machine is known from now on.
    ///
    /// The answer never tells whether somebody has the address, nor does the time that it takes: a password is hashed,
    /// everything that a person has is made (and undone where it is not to stay), and one mail is queued either way. Whoever
    /// has an account hears so by that mail, and whoever has none, or one whose address is not proven, gets the link that
    /// proves it. Nor does anything tell it afterwards: before the address is proven, its password opens nothing
    /// ([`Identity::sign_in`]), and the machine counts for nobody but for whoever opens that link on it.
    ///
    /// Each costs memory, rows and a mail: many from one peer have to wait.
    pub async fn register(&self, form: SignUp, visit: &Visit) -> Result<String> {
        let checked = self.checked(&form).await?;
        self.count_attempt(&Subjects::visit(visit.from)).await?;
        let password_hash = self.passwords.hash(&form.password, Queue::Strangers).await?;
        let is_mailed = self.may_mail(MailKind::SignUp, AskedFrom::Anywhere, checked.email.key()).await?;
        let (device, _) = new_token();
        let mut tx = self.db.begin().await?;
        let by = (&*device, visit);
        match self.register_in_tx(&mut tx, &checked, &password_hash, by).await? {
            Some(id) => {
                self.send_verification_in_tx(&mut tx, id, &checked).await?;
                tx.commit().await?;
            }
            None => {
                // As much work as for a new person, and then the mail in a transaction of its own.
                let made = self.register_in_tx(&mut tx, &checked.nobody()?, &password_hash, by).await?;
                made.ok_or_else(|| Error::internal("nobody's address is taken"))?;
                tx.rollback().await?;
                let row = repo::user::by_email(self.db.pool(), checked.email.key()).await?;
                let mut tx = self.db.begin().await?;
                self.rename_device_in_tx(&mut tx, &device, visit).await?;
                if let Some(row) = row.filter(|_| is_mailed) {
                    self.tell_of_account_in_tx(&mut tx, row).await?;
                }
                tx.commit().await?;
            }
        }
        Ok(device)
    }

    /// Makes a person with everything that one has, known on this machine; `None` where the address is taken.
    async fn register_in_tx(
        &self,
        tx: &mut PgConnection,
        checked: &CheckedSignUp,
        password_hash: &str,
        (device, visit): (&str, &Visit),
    ) -> Result<Option<UserId>> {
        let Some(id) = self.insert_in_tx(tx, checked, password_hash).await? else { return Ok(None) };
        self.fill_in_tx(tx, id, checked).await?;
        self.know_device_in_tx(tx, id, device, visit).await?;
        Ok(Some(id))
    }

    /// Tells somebody by mail that there is an account already; where its address is not proven, sends the link again.
    async fn tell_of_account_in_tx(&self, tx: &mut PgConnection, row: UserRow) -> Result<()> {
        if row.verified_at.is_none() {
            let email = Email::parse(&row.email).map_err(email_error)?;
            let to = CheckedSignUp::known(email, row.name, row.locale);
            return self.send_verification_in_tx(tx, row.id, &to).await;
        }
        let to = Recipient { email: &row.email, name: &row.name, locale: &row.locale };
        self.account_setup.write_in_tx(tx, to, AccountMail::SignUpAgain).await
    }

    /// Counts a mail that anybody can cause; `false` where the address has had enough for now.
    pub(super) async fn may_mail(&self, kind: MailKind, asked: AskedFrom, email_key: &str) -> Result<bool> {
        match self.count_attempt(&Subjects::mail(kind, asked, email_key)).await {
            Ok(()) => Ok(true),
            Err(Error::Refused(Refusal::RateLimited { .. })) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn checked(&self, form: &SignUp) -> Result<CheckedSignUp> {
        let product = self.account_setup.product().await?;
        Ok(form.check(&product).map_err(|fields| Refusal::Invalid { fields })?)
    }

    /// Makes a person whose address counts as proven: for the command line and demo data. Somebody who is there
    /// stays as they are.
    pub async fn create_proven(&self, form: SignUp) -> Result<User> {
        let checked = self.checked(&form).await?;
        if let Some(row) = repo::user::by_email(self.db.pool(), checked.email.key()).await? {
            return Ok(user(row));
        }
        let password_hash = self.passwords.hash(&form.password, Queue::Strangers).await?;
        let (_, hash) = new_token();
        let now = self.db.now();
        let times = (now, now + TimeDelta::hours(VERIFY_HOURS));
        let mut tx = self.db.begin().await?;
        let Some(id) = self.insert_in_tx(&mut tx, &checked, &password_hash).await? else {
            return Err(Refusal::Unprocessable { fields: vec![email_error(Problem::Taken)] }.into());
        };
        self.fill_in_tx(&mut tx, id, &checked).await?;
        repo::user::insert_token(&mut tx, &hash, Purpose::VerifyEmail, (id, checked.email.key()), times).await?;
        tx.commit().await?;
        self.prove(hash, Kept::default()).await
    }

    /// Makes a person of the platform's staff. An address that somebody has already is refused, since whoever
    /// registered it first knows its password; [`Identity::appoint_staff`] is for people who are there.
    pub async fn create_staff(&self, form: SignUp, staff: StaffRole) -> Result<User> {
        let checked = self.checked(&form).await?;
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
        let row =
            row.ok_or_else(|| Refusal::unprocessable("email", Problem::Unknown, "No account has this address."))?;
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

    /// Adds a person; `None` where the address is taken.
    async fn insert_in_tx(
        &self,
        tx: &mut PgConnection,
        checked: &CheckedSignUp,
        password_hash: &str,
    ) -> Result<Option<UserId>> {
        let id = UserId::new();
        let row = repo::user::NewUserRow {
            id,
            email: checked.email.typed(),
            email_key: checked.email.key(),
            name: &checked.name,
            password_hash,
            locale: &checked.locale,
            created_at: self.db.now(),
        };
        Ok(repo::user::insert(tx, &row).await?.then_some(id))
    }

    /// Makes what a new person has: an account, a project, two wallets, the free plan.
    async fn fill_in_tx(&self, tx: &mut PgConnection, id: UserId, checked: &CheckedSignUp) -> Result<()> {
        let now = self.db.now();
        let account = AccountId::new();
        repo::tree::insert_account(tx, account, (&checked.name, &checked.time_zone), id, now).await?;
        let project = ProjectId::new();
        repo::tree::insert_project(tx, project, account, "Default", now).await?;
        for environment in [Environment::Production, Environment::Preview] {
            let wallet = self.account_setup.open_wallet_in_tx(tx, account, project, environment).await?;
            repo::tree::insert_wallet(tx, project, environment, account, wallet).await?;
        }
        self.account_setup.join_free_plan_in_tx(tx, account).await?;
        if checked.referral.is_empty() {
            return Ok(());
        }
        let invitation = (checked.referral.as_str(), &*checked.email.person());
        self.account_setup.invite_in_tx(tx, account, invitation).await
    }

    async fn send_verification_in_tx(&self, tx: &mut PgConnection, id: UserId, to: &CheckedSignUp) -> Result<()> {
        let (token, hash) = new_token();
        let now = self.db.now();
        let times = (now, now + TimeDelta::hours(VERIFY_HOURS));
        repo::user::insert_token(tx, &hash, Purpose::VerifyEmail, (id, to.email.key()), times).await?;
        let recipient = Recipient { email: to.email.typed(), name: &to.name, locale: &to.locale };
        self.account_setup.write_in_tx(tx, recipient, AccountMail::VerifyEmail { token }).await
    }

    /// Sends the link that proves the address again; at most one a minute, and not endlessly many a day.
    pub async fn resend_verification(&self, id: UserId) -> Result<()> {
        let row = repo::user::by_id(self.db.pool(), id).await?.ok_or(Refusal::Unauthenticated)?;
        if row.verified_at.is_some() {
            return Ok(());
        }
        self.count_attempt(&Subjects::mail(MailKind::SignUp, AskedFrom::Anywhere, &row.email_key)).await?;
        let email = Email::parse(&row.email).map_err(email_error)?;
        let to = CheckedSignUp::known(email, row.name, row.locale);
        let mut tx = self.db.begin().await?;
        self.send_verification_in_tx(&mut tx, id, &to).await?;
        Ok(tx.commit().await?)
    }
}

/// Refuses to make somebody staff by an address that has an account.
fn taken(is_proven: bool) -> Refusal {
    let message = if is_proven {
        "This address already has an account. If it is the right person, say --existing: the account gets the \
         role and keeps its password."
    } else {
        "This address was registered and never confirmed: it may be anyone's. Let its owner open the link in \
         the email first, or take another address."
    };
    Refusal::unprocessable("email", Problem::Taken, message)
}
