//! What a signed-in person changes about the own sign-in: password, name, sessions.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::ports::{AccountMail, Recipient};
use super::super::repo::{self, user::Purpose, user::UserRow};
use super::endings::Kept;
use super::sessions::{SESSIONS_MAX, session_hash};
use super::sign_in::Claim;
use super::{Identity, token_hash, user};
use crate::error::{Error, FieldError, Problem, Refusal, Result};
use crate::identity::model::common_passwords::check_password_of;
use crate::identity::model::device::{Device, kept_user_agent};
use crate::identity::model::name::{check_name, name_error};
use crate::identity::model::person::{User, password_error};
use crate::identity::model::session::{SessionView, Visit};
use crate::identity::model::viewer::Viewer;

impl Identity {
    /// Sets a new password for a signed-in person who says the current one. Ends all other sessions, forgets all other
    /// machines and all open links to a new password, and tells the person by mail. API keys and webhooks stay.
    pub async fn change_password(&self, viewer: &Viewer, current: &str, new: &str, visit: &Visit) -> Result<User> {
        let row = self.check_current(viewer, current, visit).await?;
        let at_field = |problem| FieldError { field: "new_password".to_owned(), ..password_error(problem) };
        check_password_of(new, &row.email_key, &self.account_setup.product().await?).map_err(at_field)?;
        if new == current {
            let message = "This is your current password. Choose another one.";
            return Err(Refusal::unprocessable("new_password", Problem::NotAllowed, message).into());
        }
        let queue = self.queue_of(row.id, visit);
        let password_hash = self.passwords.hash(new, queue).await?;
        let (session, device) = here(visit);
        let mut tx = self.db.begin().await?;
        repo::user::lock(&mut tx, row.id).await?;
        repo::user::end_tokens(&mut tx, row.id, Purpose::ResetPassword).await?;
        repo::user::set_password(&mut tx, row.id, &password_hash).await?;
        let kept = Kept { session: session.as_ref(), device: device.as_ref() };
        let ended = self.end_sessions_in_tx(&mut tx, &row, kept).await?;
        self.audit_person_in_tx(&mut tx, &row, "password.changed", (Value::Null, json!(ended))).await?;
        self.write_to(&mut tx, &row, AccountMail::PasswordChanged { ended }).await?;
        tx.commit().await?;
        self.read_again(&row).await
    }

    /// Sets a new name for a signed-in person who says the password, and tells the person by mail.
    pub async fn change_name(&self, viewer: &Viewer, current: &str, name: &str, visit: &Visit) -> Result<User> {
        let name = check_name(name).map_err(name_error)?;
        let row = self.check_current(viewer, current, visit).await?;
        if name == row.name {
            return Ok(user(row));
        }
        let mut tx = self.db.begin().await?;
        repo::user::set_name(&mut tx, row.id, &row.name, &name).await?;
        let told = (json!({ "name": row.name }), json!({ "name": name }));
        self.audit_person_in_tx(&mut tx, &row, "person.renamed", told).await?;
        let to = Recipient { email: &row.email, name: &name, locale: &row.locale };
        self.account_setup.write_in_tx(&mut tx, to, AccountMail::NameChanged { before: row.name.clone() }).await?;
        tx.commit().await?;
        self.read_again(&row).await
    }

    /// Lists a person's sessions, the one that was used last first.
    pub async fn sessions(&self, viewer: &Viewer, this: Option<&[u8; 16]>) -> Result<Vec<SessionView>> {
        let this = this.map(|token| session_hash(token));
        let rows = repo::session::list(self.db.pool(), viewer.user, SESSIONS_MAX).await?;
        Ok(rows
            .into_iter()
            .map(|row| SessionView {
                id: row.id,
                device: Device::of(row.user_agent.as_deref().unwrap_or_default()),
                address: row.address,
                created_at: row.created_at,
                last_used_at: row.last_used_at.unwrap_or(row.created_at),
                is_this: this.is_some_and(|this| this == row.id_hash.as_slice()),
            })
            .collect())
    }

    /// Ends one of a person's sessions. A repeat changes nothing.
    pub async fn end_session(&self, viewer: &Viewer, id: Uuid) -> Result<()> {
        let row = self.row_of(viewer).await?;
        let mut tx = self.db.begin().await?;
        if repo::session::delete_one(&mut tx, row.id, id).await? {
            self.audit_person_in_tx(&mut tx, &row, "session.ended", (Value::Null, json!({ "sessions": 1 }))).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Ends all of a person's sessions but the one that asks, forgets all other machines, and says how many there were.
    pub async fn end_other_sessions(&self, viewer: &Viewer, visit: &Visit) -> Result<u64> {
        let row = self.row_of(viewer).await?;
        let (session, device) = here(visit);
        let kept = Kept { session: session.as_ref(), device: device.as_ref() };
        let mut tx = self.db.begin().await?;
        let ended = self.end_sessions_in_tx(&mut tx, &row, kept).await?;
        if ended.sessions > 0 {
            self.audit_person_in_tx(&mut tx, &row, "session.ended", (Value::Null, json!(ended))).await?;
        }
        tx.commit().await?;
        Ok(ended.sessions)
    }

    /// Notes that a session is used, and from where: once a minute at most.
    pub async fn session_seen(&self, visit: &Visit) -> Result<()> {
        let Some(token) = &visit.session else { return Ok(()) };
        let address = visit.from.map(|from| from.to_canonical().to_string());
        let user_agent = kept_user_agent(&visit.user_agent);
        repo::session::seen(self.db.pool(), &session_hash(token), &user_agent, address.as_deref()).await
    }

    /// Checks the password of somebody who is signed in; a wrong one is said at its own field.
    async fn check_current(&self, viewer: &Viewer, current: &str, visit: &Visit) -> Result<UserRow> {
        let wrong = |problem, message: &str| FieldError::new("current_password", problem, message);
        if current.is_empty() {
            return Err(wrong(Problem::Required, "Enter your current password.").into());
        }
        match self.check_credentials((&viewer.email, current), visit, Claim::WithProof).await {
            Ok(row) if row.id == viewer.user => Ok(row),
            Ok(_) | Err(Error::Refused(Refusal::Unprocessable { .. })) => {
                let field = wrong(Problem::WrongPassword, "This is not your current password.");
                Err(Refusal::Unprocessable { fields: vec![field] }.into())
            }
            Err(error) => Err(error),
        }
    }

    async fn write_to(&self, tx: &mut sqlx::PgConnection, row: &UserRow, letter: AccountMail) -> Result<()> {
        let to = Recipient { email: &row.email, name: &row.name, locale: &row.locale };
        self.account_setup.write_in_tx(tx, to, letter).await
    }

    async fn row_of(&self, viewer: &Viewer) -> Result<UserRow> {
        Ok(repo::user::by_id(self.db.pool(), viewer.user).await?.ok_or(Refusal::Unauthenticated)?)
    }

    async fn read_again(&self, row: &UserRow) -> Result<User> {
        let row = repo::user::by_id(self.db.pool(), row.id).await?.ok_or(Refusal::Unauthenticated)?;
        Ok(user(row))
    }
}

/// Gives the session and the machine that ask, as they are stored.
fn here(visit: &Visit) -> (Option<[u8; 32]>, Option<[u8; 32]>) {
    (visit.session.as_ref().map(|token| session_hash(token)), visit.device.as_deref().map(token_hash))
}
