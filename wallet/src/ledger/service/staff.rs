//! What staff decide about a hold or a charge: a command like any other, with a row in the audit log.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::error::{Problem, Refusal, Result};
use crate::id::WalletId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::{self, Actor, NewAudit};
use crate::ledger::model::command::{CaptureAmount, Command, NewGrant, Outcome, ReleaseReason};
use crate::ledger::model::entry::GrantSource;
use crate::ledger::model::grant_limit::GrantLimit;
use crate::ledger::model::submission::Submission;
use crate::ledger::model::tx_hook::TxHook;
use crate::ledger::service::Ledger;
use crate::money::Credits;

/// Credits that staff give away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gift {
    /// How many; above zero.
    pub amount: Credits,
    /// The days after which they end; never where nothing is said.
    pub days: Option<u16>,
    /// What their owner sees.
    pub label: String,
    /// What they pay for; everything where nothing is said.
    pub limit: Option<GrantLimit>,
}

/// Writes into the audit log what a command did, in its transaction.
struct Noted {
    audit: NewAudit,
    at: DateTime<Utc>,
}

#[async_trait]
impl TxHook for Noted {
    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<()> {
        if outcome.replayed {
            return Ok(());
        }
        let mut audit = self.audit.clone();
        if let (Value::Object(said), Some(entry)) = (&mut audit.after, outcome.entry()) {
            said.insert("row".to_owned(), json!(entry.seq));
            said.insert("amount".to_owned(), json!(entry.amount.to_string()));
        }
        identity::audit_in_tx(connection, &audit, self.at).await
    }
}

impl Ledger {
    /// Captures a hold for staff, whoever placed it. The same again answers as the first time.
    pub async fn capture_by_staff(
        &self,
        (wallet, hold): (WalletId, i64),
        amount: CaptureAmount,
        (by, note): (&Actor, &str),
    ) -> Result<Outcome> {
        let what = (format!("hold {hold}"), "hold.captured");
        self.decide_by_staff(wallet, Command::Capture { hold, amount }, what, (by, note)).await
    }

    /// Releases a hold for staff, whoever placed it. The same again answers as the first time.
    pub async fn release_by_staff(
        &self,
        (wallet, hold): (WalletId, i64),
        why: ReleaseReason,
        (by, note): (&Actor, &str),
    ) -> Result<Outcome> {
        let what = (format!("hold {hold}"), "hold.released");
        self.decide_by_staff(wallet, Command::Release { hold, reason: why }, what, (by, note)).await
    }

    /// Pays a charge or a capture back for staff, whoever made it; its owner reads `note`. The same again answers as
    /// the first time.
    pub async fn pay_back_by_staff(
        &self,
        (wallet, charge): (WalletId, i64),
        (by, note): (&Actor, &str),
    ) -> Result<Outcome> {
        let what = (format!("charge {charge}"), "charge.credited_back");
        let command = Command::CreditBack { charge, reason: identity::note(note)?.to_owned() };
        self.decide_by_staff(wallet, command, what, (by, note)).await
    }

    /// Gives credits away for staff. The same key gives nothing more; with another gift it is refused.
    pub async fn gift_by_staff(
        &self,
        wallet: WalletId,
        gift: Gift,
        key: &str,
        (by, note): (&Actor, &str),
    ) -> Result<Outcome> {
        // Its end depends on the moment, and is no part of what makes two gifts the same.
        let same = match &gift.limit {
            None => serde_json::to_vec(&(gift.amount, gift.days, &gift.label))?,
            Some(limit) => serde_json::to_vec(&(gift.amount, gift.days, &gift.label, limit))?,
        };
        let Gift { amount, days, label, limit } = gift;
        let expires_at = days.map(|days| self.db.now() + TimeDelta::days(i64::from(days)));
        let grant = NewGrant { expires_at, limit, ..NewGrant::new(amount, GrantSource::Promo, label) };
        let command = (Command::Grant(grant), RequestHash::of(&same));
        self.act_by_staff(wallet, command, ("wallet.gifted", key), (by, note)).await
    }

    /// Mends a balance for staff: puts in (above zero) or takes out (below zero; never more than is available). The same
    /// key changes nothing more.
    pub async fn adjust_by_staff(
        &self,
        wallet: WalletId,
        amount: Credits,
        key: &str,
        (by, note): (&Actor, &str),
    ) -> Result<Outcome> {
        let command = Command::Adjustment { amount, reason: identity::note(note)?.to_owned() };
        let same = RequestHash::of(&serde_json::to_vec(&command)?);
        self.act_by_staff(wallet, (command, same), ("wallet.adjusted", key), (by, note)).await
    }

    /// Takes what is left of a grant for staff: a gift by mistake. Its owner reads `note`. A grant that was bought is
    /// refunded instead, and so refused.
    pub async fn void_by_staff(
        &self,
        wallet: WalletId,
        grant: i64,
        key: &str,
        (by, note): (&Actor, &str),
    ) -> Result<Outcome> {
        let grants = self.balance(wallet).await?.grants;
        let found = grants.into_iter().find(|known| known.id == grant && known.remaining.is_positive());
        let found = found.ok_or_else(|| Refusal::not_found("grant with credits left"))?;
        if found.cost.is_some() {
            let message = "This grant was bought: refund its payment (scrip refund make).";
            return Err(Refusal::unprocessable("grant", Problem::NotAllowed, message).into());
        }
        let reason = identity::note(note)?.to_owned();
        let command = Command::Void { grant, amount: found.remaining, reason };
        let same = RequestHash::of(&serde_json::to_vec(&command)?);
        self.act_by_staff(wallet, (command, same), ("wallet.voided", key), (by, note)).await
    }

    /// Does something that staff may do twice on purpose: what makes two of them the same is the key.
    async fn act_by_staff(
        &self,
        wallet: WalletId,
        (command, same): (Command, RequestHash),
        (action, key): (&str, &str),
        (by, note): (&Actor, &str),
    ) -> Result<Outcome> {
        let audit = NewAudit {
            actor: by.clone(),
            action: action.to_owned(),
            subject: format!("{wallet}"),
            before: Value::Null,
            after: json!({ "note": identity::note(note)?, "command": &command }),
        };
        let rider = Arc::new(Noted { audit, at: self.db.now() });
        let key = IdempotencyKey::internal(format!("staff:{key}"));
        let submission = Submission::new(wallet, key, by.clone(), command).with_request_hash(same);
        self.submit(submission.with_hook(rider)).await
    }

    /// Does a command of staff, once for what it is about.
    async fn decide_by_staff(
        &self,
        wallet: WalletId,
        command: Command,
        (subject, action): (String, &str),
        (by, note): (&Actor, &str),
    ) -> Result<Outcome> {
        let audit = NewAudit {
            actor: by.clone(),
            action: action.to_owned(),
            subject: format!("{subject} of {wallet}"),
            before: Value::Null,
            after: json!({ "note": identity::note(note)?, "command": &command }),
        };
        let rider = Arc::new(Noted { audit, at: self.db.now() });
        // The same command is a repeat; another one is decided, and hears what was done before.
        let same = RequestHash::of(&serde_json::to_vec(&command)?);
        let same: String = same.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let key = IdempotencyKey::internal(format!("{action}:{subject}:{same}"));
        self.submit(Submission::new(wallet, key, by.clone(), command).with_hook(rider)).await
    }
}
