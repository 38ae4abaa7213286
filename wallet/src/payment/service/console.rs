//! Payments for staff: the list of all, and one payment's story.

use super::Payments;
use crate::db;
use crate::error::{Error, Refusal, Result};
use crate::id::{AccountId, PaymentId, WalletId};
use crate::identity::AuditRow;
use crate::money::Money;
use crate::payment::console::{
    Decision, GroupCounts, PaymentFigures, PaymentFilter, PaymentStep, PaymentStory, StaffPaymentPage, TimedStep,
};
use crate::payment::model::PaymentStatus;
use crate::payment::repo;

/// The most payments of one page of the list.
const LIST_MAX: i64 = 200;
/// The payments that one statement of a file gives.
const FILE_PAGE: i64 = 1_000;
/// The most decisions of one story.
const DECISIONS_MAX: i64 = 50;

impl Payments {
    /// Lists payments before one, newest first. `asks` is the account of whoever asks: long reads have their turns by it.
    pub async fn staff_list(
        &self,
        asks: AccountId,
        filter: &PaymentFilter,
        before: Option<PaymentId>,
        limit: i64,
    ) -> Result<StaffPaymentPage> {
        self.page(asks, filter, before, limit.clamp(1, LIST_MAX)).await
    }

    /// Lists payments before one for a file, newest first: a thousand at a time.
    pub async fn staff_file_part(
        &self,
        asks: AccountId,
        filter: &PaymentFilter,
        before: Option<PaymentId>,
    ) -> Result<StaffPaymentPage> {
        self.page(asks, filter, before, FILE_PAGE).await
    }

    async fn page(
        &self,
        asks: AccountId,
        filter: &PaymentFilter,
        before: Option<PaymentId>,
        limit: i64,
    ) -> Result<StaffPaymentPage> {
        let mut turn = self.db.reads().begin(asks).await?;
        let wanted = limit.saturating_add(1);
        let mut payments = repo::console::list(turn.connection()?, filter, before, wanted).await?;
        turn.end().await?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = payments.len() > most;
        payments.truncate(most);
        let next = if has_more { payments.last().map(|payment| payment.id) } else { None };
        Ok(StaffPaymentPage { payments, next })
    }

    /// Counts the payments of each group, with the other filters, and names the providers that there are.
    pub async fn staff_counts(&self, asks: AccountId, filter: &PaymentFilter) -> Result<(GroupCounts, Vec<String>)> {
        let mut turn = self.db.reads().begin(asks).await?;
        let counts = repo::console::count(turn.connection()?, filter).await?;
        let providers = repo::console::providers(turn.connection()?).await?;
        turn.end().await?;
        Ok((counts, providers))
    }

    /// Counts the payments in review.
    pub async fn count_in_review(&self) -> Result<i64> {
        repo::console::count_in_review(self.db.pool()).await
    }

    /// Gives what a monitor is told.
    pub async fn figures(&self) -> Result<PaymentFigures> {
        let pool = self.db.pool();
        let in_review = repo::console::count_in_review(pool).await?;
        let (open, oldest_open) = repo::due::open(pool).await?;
        Ok(PaymentFigures { in_review, open, oldest_open, reconciliations: repo::compare::newest(pool).await? })
    }

    /// Tells everything that is known of a payment, in order.
    pub async fn story(&self, id: PaymentId) -> Result<PaymentStory> {
        let mut tx = self.db.begin().await?;
        db::one_moment(&mut tx).await?;
        let found = repo::console::find(&mut tx, id).await?.ok_or_else(|| Refusal::not_found("payment"))?;
        let mut steps = repo::history::states(&mut tx, id).await?;
        steps.extend(repo::history::events(&mut tx, id).await?);
        let (said, answers) = repo::history::answers(&mut tx, id).await?;
        steps.extend(said);
        steps.extend(repo::history::mails(&mut tx, id).await?);
        let rows = repo::history::entry_seqs(&mut tx, id).await?;
        tx.commit().await?;
        steps.extend(self.entry_steps(found.wallet, rows).await?);
        steps.extend(self.decisions(id, found.payment.status).await?);
        for one in repo::compare::differences(self.db.pool(), Some(id), DECISIONS_MAX).await? {
            let (kind, ours, theirs) = (one.difference.kind, one.difference.ours, one.difference.theirs);
            steps.push(TimedStep { at: one.found_at, step: PaymentStep::Difference { kind, ours, theirs } });
        }
        steps.sort_by_key(|step| (step.at, order(&step.step)));
        let settled = self.ledger.balance(found.wallet).await?.settled;
        let taken = found.compared.as_ref().and_then(|compared| compared.pointer("/got/money").cloned());
        let taken = taken.and_then(|money| serde_json::from_value::<Money>(money).ok());
        let taken = taken.filter(|money| *money != found.payment.money);
        Ok(PaymentStory { payment: found.payment, taken, steps, answers, settled })
    }

    /// Reads the ledger rows of a payment. Rows that were moved to files are left out.
    async fn entry_steps(&self, wallet: WalletId, rows: Vec<i64>) -> Result<Vec<TimedStep>> {
        let mut steps = Vec::with_capacity(rows.len());
        for seq in rows {
            match self.ledger.entry(wallet, seq).await {
                Ok(detail) => {
                    let (amount, settled_after) = (detail.entry.amount, detail.entry.settled_after);
                    let step = PaymentStep::Entry { seq, amount, settled_after };
                    steps.push(TimedStep { at: detail.entry.created_at, step });
                }
                Err(Error::Refused(Refusal::NotFound { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(steps)
    }

    /// Reads what staff decided about a payment, from the audit log.
    async fn decisions(&self, id: PaymentId, status: PaymentStatus) -> Result<Vec<TimedStep>> {
        let log = self.identity.audit_about(&format!("payment {id}"), DECISIONS_MAX).await?;
        // The newest is the one that counts; an acceptance is noted before it is tried.
        let mut is_accepted = status == PaymentStatus::Succeeded;
        let decision = |row: AuditRow| {
            let decision = match row.action.as_str() {
                "payment.release" if std::mem::take(&mut is_accepted) => Decision::Accepted,
                "payment.release" => Decision::NotAccepted,
                "payment.returned" => Decision::Returned,
                _ => return None,
            };
            let note = row.after.get("note").and_then(|note| note.as_str()).unwrap_or_default().to_owned();
            let by = row.actor.name().to_owned();
            Some(TimedStep { at: row.at, step: PaymentStep::Decided { by, decision, note } })
        };
        Ok(log.into_iter().filter_map(decision).collect())
    }
}

/// Which of two steps at the same instant comes first: what is asked before what follows from it.
const fn order(step: &PaymentStep) -> u8 {
    match step {
        PaymentStep::State { is_first: true, .. } => 0,
        PaymentStep::Sent { .. } => 1,
        PaymentStep::Event { .. } => 2,
        PaymentStep::Answer { .. } => 3,
        PaymentStep::Decided { .. } => 4,
        PaymentStep::Entry { .. } => 5,
        PaymentStep::State { .. } => 6,
        PaymentStep::Mail { .. } => 7,
        PaymentStep::Difference { .. } => 8,
    }
}
