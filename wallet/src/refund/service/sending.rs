//! The money goes: the provider is asked under the refund's own id until it has said yes or no. Where it says no, the
//! credits come back.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::super::model::{RefundState, RefundView, RequestState};
use super::super::repo;
use super::super::repo::refund::RefundRow;
use super::super::repo::request::Filter;
use super::asking::mail;
use super::{Refunds, RefundsDone, audit, follow_promos_in_tx};
use crate::error::{Refusal, Result};
use crate::id::RefundId;
use crate::idempotency::IdempotencyKey;
use crate::identity::{self, Actor, NewAudit};
use crate::ledger::{Command, Outcome, Submission, TxHook};
use crate::notify::webhook::{self, EventKind, Notice, RefundNotice};
use crate::notify::{Mail, Notify, RefundStep};
use crate::payment::{ProviderRefund, RefundAnswer, RefundOrder, RefundStatus};

/// How long a provider may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How many refunds a run takes.
const TAKEN_MAX: i64 = 40;

/// Notes that a refund did not arrive, in the transaction that gives its credits back.
struct Failed {
    row: RefundRow,
    code: String,
    audit: NewAudit,
    mail: Option<Mail>,
    notify: Notify,
    now: DateTime<Utc>,
}

impl Failed {
    async fn record(&self, connection: &mut PgConnection, restored: Option<i64>) -> Result<()> {
        if !repo::refund::fail(&mut *connection, self.row.view.id, (&self.code, restored), self.now).await? {
            return Ok(());
        }
        if let Some(request) = self.row.request {
            for from in [RequestState::Approved, RequestState::Paid] {
                repo::request::step(&mut *connection, request, (from, RequestState::Failed), self.now).await?;
            }
        }
        follow_promos_in_tx(connection, self.row.view.payment, self.now).await?;
        // Perhaps since somebody has given it back elsewhere.
        repo::purchase::look_again(&mut *connection, self.row.view.payment, self.now).await?;
        if let Some(mail) = &self.mail {
            let to = &self.row.to;
            self.notify.enqueue_mail_in_tx(connection, &to.email, &to.locale, mail).await?;
        }
        let told = RefundNotice { reason: Some(self.code.clone()), ..told(&self.row, EventKind::RefundFailed) };
        webhook::note_in_tx(connection, self.row.wallet, &Notice::Refund(told), self.now).await?;
        identity::audit_in_tx(connection, &self.audit, self.now).await
    }
}

#[async_trait]
impl TxHook for Failed {
    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<()> {
        self.record(connection, Some(outcome.seq())).await
    }
}

impl Refunds {
    /// Sends a refund now, beside whoever asked: what is lost on the way is found by the job.
    pub(super) fn send_soon(&self, id: RefundId) {
        let this = self.clone();
        tokio::spawn(async move {
            if let Err(error) = this.send(id).await {
                tracing::warn!(refund = %id, %error, "a refund was not sent; it is tried again");
            }
        });
    }

    /// Asks the provider to give a refund's money back, or how far it is. Safe to call at any time, as often as one likes.
    pub async fn send(&self, id: RefundId) -> Result<()> {
        let Some(row) = self.refund_row(id).await? else { return Ok(()) };
        if !matches!(row.view.state, RefundState::Created | RefundState::Pending) {
            return Ok(());
        }
        // What came for nothing leaves before the money, like the credits that were bought.
        self.payments.promos().settle_in(row.view.payment, row.wallet).await?;
        let (Some(provider), Some(reference)) = (self.payments.provider(&row.provider), row.payment_ref.clone()) else {
            tracing::error!(refund = %id, provider = row.provider, "a refund waits: its provider is not set up");
            return Ok(());
        };
        let order = RefundOrder {
            refund: id,
            payment: row.view.payment,
            reference,
            money: row.view.money,
            title: row.title.clone(),
            email: row.to.email.clone(),
            idempotency_key: id.to_string(),
        };
        let asked = async {
            match &row.provider_ref {
                Some(known) => provider.fetch_refund(known).await,
                None => provider.refund(&order).await,
            }
        };
        match tokio::time::timeout(TIMEOUT, asked).await {
            Ok(RefundAnswer::Found(found)) => self.follow(&row, &found).await,
            Ok(RefundAnswer::Refused { code }) => self.fail(&row, &code).await,
            Ok(RefundAnswer::Missing) => self.fail(&row, "not_found").await,
            Ok(RefundAnswer::Unknown { detail }) => {
                tracing::warn!(refund = %id, provider = row.provider, detail, "no answer about a refund");
                Ok(())
            }
            Err(_) => {
                tracing::warn!(refund = %id, provider = row.provider, "no answer about a refund in time");
                Ok(())
            }
        }
    }

    /// Acts on what the provider says of a refund.
    pub(super) async fn follow(&self, row: &RefundRow, found: &ProviderRefund) -> Result<()> {
        match &found.status {
            RefundStatus::Failed { code } => self.fail(row, code).await,
            RefundStatus::Pending => {
                let to = (RefundState::Pending, found.reference.as_str());
                repo::refund::note(self.db.pool(), row.view.id, to, self.db.now()).await.map(drop)
            }
            RefundStatus::Succeeded => self.done(row, &found.reference).await,
        }
    }

    async fn done(&self, row: &RefundRow, reference: &str) -> Result<()> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        if !repo::refund::note(&mut *tx, row.view.id, (RefundState::Succeeded, reference), now).await? {
            return Ok(());
        }
        if let Some(request) = row.request {
            let steps = (RequestState::Approved, RequestState::Paid);
            repo::request::step(&mut *tx, request, steps, now).await?;
        }
        if let Some(mail) = self.refund_mail(row, RefundStep::Paid).await? {
            self.notify.enqueue_mail_in_tx(&mut tx, &row.to.email, &row.to.locale, &mail).await?;
        }
        let told = Notice::Refund(told(row, EventKind::RefundSucceeded));
        webhook::note_in_tx(&mut tx, row.wallet, &told, now).await?;
        Ok(tx.commit().await?)
    }

    async fn fail(&self, row: &RefundRow, code: &str) -> Result<()> {
        tracing::error!(refund = %row.view.id, code, "a refund did not arrive: its credits are given back");
        let by = Actor::system("refunds");
        let after = json!({ "refund": row.view.id, "money": row.view.money, "code": code });
        let failed = Failed {
            row: row.clone(),
            code: code.to_owned(),
            audit: audit(&by, "refund.failed", format!("payment {}", row.view.payment), after),
            mail: self.refund_mail(row, RefundStep::Failed).await?,
            notify: self.notify.clone(),
            now: self.db.now(),
        };
        let Some(void) = row.taken_seq else {
            let mut tx = self.db.begin().await?;
            failed.record(&mut tx, None).await?;
            tx.commit().await?;
            self.payments.promos().settle_soon(row.view.payment).await;
            return Ok(());
        };
        let command = Command::Restore { void, reason: "The refund did not arrive".to_owned() };
        let key = IdempotencyKey::internal(format!("refund:{}:back", row.view.id));
        let submission = Submission::new(row.wallet, key, by, command).with_hook(std::sync::Arc::new(failed));
        self.ledger.submit(submission).await?;
        self.payments.promos().settle_soon(row.view.payment).await;
        Ok(())
    }

    /// The mail to the person whose request a refund is from; none where there was no request.
    async fn refund_mail(&self, row: &RefundRow, step: RefundStep) -> Result<Option<Mail>> {
        let Some(request) = row.request else { return Ok(None) };
        let filter = Filter { id: Some(request), ..Filter::default() };
        let found = repo::request::list(self.db.pool(), filter, 1).await?.into_iter().next();
        Ok(found.map(|request| mail(&request, step, None)))
    }

    /// Shows a refund, for staff.
    pub async fn shown(&self, id: RefundId) -> Result<RefundView> {
        Ok(self.refund_row(id).await?.ok_or_else(|| Refusal::not_found("refund"))?.view)
    }

    pub(super) async fn refund_row(&self, id: RefundId) -> Result<Option<RefundRow>> {
        Ok(repo::refund::list(self.db.pool(), (Some(id), None, None)).await?.into_iter().next())
    }

    /// Sends what is due, and looks at the payments whose provider has told something: what was lost on the way is found
    /// here.
    pub async fn run_due(&self) -> Result<RefundsDone> {
        let mut report = RefundsDone::default();
        for id in repo::refund::take_due(self.db.pool(), self.db.now(), TAKEN_MAX).await? {
            report.refunds = report.refunds.saturating_add(1);
            if let Err(error) = self.send(id).await {
                tracing::error!(refund = %id, %error, "a refund could not be sent");
                report.failed = report.failed.saturating_add(1);
            }
        }
        for payment in repo::purchase::take_due(self.db.pool(), self.db.now(), TAKEN_MAX).await? {
            report.payments = report.payments.saturating_add(1);
            if let Err(error) = self.look_at(payment).await {
                tracing::error!(%payment, %error, "what went back of a payment could not be looked at");
                report.failed = report.failed.saturating_add(1);
            }
        }
        Ok(report)
    }
}

/// What endpoints are told of a refund.
fn told(row: &RefundRow, event: EventKind) -> RefundNotice {
    RefundNotice {
        event,
        request: row.request,
        payment: Some(row.view.payment),
        money: Some(row.view.money),
        credits: row.view.credits,
        reason: None,
    }
}
