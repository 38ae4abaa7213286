//! The handle's part for alerts: thresholds and choices, by the owner or by a mailed link.

use serde_json::json;
use sqlx::PgConnection;

use super::rule::{self, Line};
use super::{AlertSettings, THRESHOLD_MAX, Topic, repo, token};
use crate::error::{FieldError, Problem, Refusal, Result};
use crate::id::{AccountId, WalletId};
use crate::identity::{self, NewAudit, Viewer};
use crate::money::Credits;
use crate::notify::Notify;

impl Notify {
    /// Gives what the owner of a person's account has chosen, and the own threshold of the open wallet.
    pub async fn alert_settings(&self, viewer: &Viewer) -> Result<AlertSettings> {
        let mut connection = self.db.pool().acquire().await?;
        read(&mut connection, viewer).await
    }

    /// Gives a wallet's own threshold, in credits; `None` where its owner has set none.
    pub async fn own_threshold(&self, wallet: WalletId) -> Result<Option<Credits>> {
        repo::threshold(self.db.pool(), wallet).await
    }

    /// Sets the own threshold and the optional mails that are wanted. A repeat changes nothing.
    ///
    /// Below a threshold that is set now its owner is not told: who sets it sees the balance.
    pub async fn set_alerts(&self, viewer: &Viewer, wanted: &AlertSettings) -> Result<()> {
        if !viewer.role.may_pay() {
            return Err(Refusal::Forbidden { why: "your role may not change notifications".to_owned() }.into());
        }
        check(wanted)?;
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let seen = repo::lock(&mut tx, viewer.wallet).await?.ok_or_else(|| Refusal::not_found("wallet"))?;
        let before = read(&mut tx, viewer).await?;
        for topic in Topic::ALL {
            let is_wanted = wanted.wanted.contains(&topic);
            if is_wanted != before.wanted.contains(&topic) {
                repo::choose(&mut tx, viewer.account, (topic, is_wanted), now).await?;
            }
        }
        if before.low_below != wanted.low_below {
            repo::set_threshold(&mut tx, viewer.wallet, wanted.low_below).await?;
            repo::forget_line(&mut tx, viewer.wallet, Line::Own).await?;
            if wanted.low_below.is_some_and(|low| seen.available < low) {
                let crossing = rule::Crossing { below_since: Some(now), told_at: now, told_grants: seen.grants };
                repo::keep(&mut tx, viewer.wallet, (Line::Own, crossing)).await?;
            }
        }
        let after = read(&mut tx, viewer).await?;
        if before != after {
            let audit = NewAudit {
                actor: viewer.actor(),
                action: "account.notifications".to_owned(),
                subject: format!("account {}", viewer.account),
                before: json!(before),
                after: json!(after),
            };
            identity::audit_in_tx(&mut tx, &audit, now).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Says what a mailed link switches off; `None` where it is no link of ours.
    pub async fn unsubscribe_topic(&self, token: &str) -> Result<Option<Topic>> {
        let secret = repo::secret(self.db.pool()).await?;
        Ok(token::read(&secret, token).map(|(_, topic)| topic))
    }

    /// Switches mails off by a mailed link. A repeat changes nothing. A link that is not ours is refused, whatever is
    /// wrong with it: the answer tells nothing of any account.
    pub async fn unsubscribe(&self, token: &str) -> Result<Topic> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let secret = repo::secret(&mut *tx).await?;
        let read = token::read(&secret, token);
        let no_link = || FieldError::new("token", Problem::Malformed, "This link is not complete, or is not ours.");
        let Some((account, topic)) = read else { return Err(no_link().into()) };
        if !repo::choose(&mut tx, account, (topic, false), now).await? {
            return Err(no_link().into());
        }
        tx.commit().await?;
        Ok(topic)
    }

    /// Signs the link that goes into an optional mail.
    pub(crate) async fn unsubscribe_token(
        &self,
        connection: &mut PgConnection,
        account: AccountId,
        topic: Topic,
    ) -> Result<String> {
        Ok(token::sign(&repo::secret(connection).await?, account, topic))
    }
}

async fn read(connection: &mut PgConnection, viewer: &Viewer) -> Result<AlertSettings> {
    let low_below = repo::threshold(&mut *connection, viewer.wallet).await?;
    let choices = repo::choices(connection, viewer.account).await?;
    let is_wanted = |topic: &Topic| {
        let choice = choices.iter().find(|(code, _)| code == topic.code());
        choice.map_or(topic.is_on_by_default(), |(_, wanted)| *wanted)
    };
    Ok(AlertSettings { low_below, wanted: Topic::ALL.into_iter().filter(is_wanted).collect() })
}

/// Refuses thresholds that say nothing.
fn check(wanted: &AlertSettings) -> Result<()> {
    let Some(low) = wanted.low_below else { return Ok(()) };
    if !low.is_positive() {
        let message = "Enter more than zero, or leave it empty.";
        return Err(FieldError::new("low_below", Problem::TooSmall, message).into());
    }
    if low > THRESHOLD_MAX {
        return Err(FieldError::new("low_below", Problem::TooLarge, format!("At most {THRESHOLD_MAX}.")).into());
    }
    Ok(())
}
