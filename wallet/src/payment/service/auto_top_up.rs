//! Auto top-up as its owner has it: shown, agreed to, switched off, and paid by hand where the bank asks for that.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::options::Chosen;
use super::order::{Made, NewOrder, OPEN_MINUTES};
use super::{Buyer, Payments};
use crate::catalog::AutoTopUpMode;
use crate::error::{Error, Problem, Refusal, Result};
use crate::id::{AccountId, WalletId};
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::{self, Actor, NewAudit, Viewer};
use crate::ledger::BudgetPeriod;
use crate::money::Money;
use crate::notify::webhook::{self, AutoTopUpNotice, EventKind, Notice};
use crate::payment::auto_top_up::{
    AutoTopUpState, AutoTopUpTerms, AutoTopUpView, CONSENT_AUTO, NewAutoTopUp, Suspension, agree,
};
use crate::payment::method::{CardTerm, PayWith, term};
use crate::payment::model::{PaymentStatus, PaymentView};
use crate::payment::repo::auto_top_up::AutoTopUpRow;
use crate::payment::repo::{self, method::MethodRow};
use crate::time_zone;

/// How many charges the page shows.
const SHOWN_CHARGES: i64 = 10;
/// Why a payment is called off whose owner has switched auto top-up off: how it stands in `failure`.
const SWITCHED_OFF: &str = "auto_top_up_off";

impl Payments {
    /// Shows auto top-up of a wallet.
    pub async fn auto_top_up(&self, wallet: WalletId) -> Result<AutoTopUpView> {
        let mode = self.catalog.view().await?.settings.auto_top_up.mode;
        let pool = self.db.pool();
        let Some(row) = repo::auto_top_up::find(pool, wallet).await? else {
            let state = match mode {
                AutoTopUpMode::Off => AutoTopUpState::NotOffered,
                AutoTopUpMode::OptIn => AutoTopUpState::Off,
                AutoTopUpMode::On => AutoTopUpState::NeedsConsent,
            };
            return Ok(AutoTopUpView {
                state,
                reason: None,
                until: None,
                terms: None,
                agreed: None,
                spent_this_month: None,
                pending: None,
                charges: Vec::new(),
            });
        };
        let now = self.db.now();
        let is_over = row.until.is_some_and(|until| until <= now);
        let reason = row.reason.filter(|_| !is_over);
        let state = match (mode, row.is_on, row.open_payment, reason) {
            (AutoTopUpMode::Off, ..) => AutoTopUpState::NotOffered,
            (_, false, ..) => AutoTopUpState::Off,
            (_, true, Some(_), _) => AutoTopUpState::Pending,
            (_, true, None, Some(_)) => AutoTopUpState::Suspended,
            (_, true, None, None) => AutoTopUpState::On,
        };
        let charges = repo::auto_top_up::charges(pool, wallet, SHOWN_CHARGES).await?;
        let month = BudgetPeriod::Month.window(now, &time_zone::named(&row.time_zone));
        let currency = row.terms.monthly.currency();
        let since = (month.start, month.start);
        let (_, spent) = repo::auto_top_up::spent(&mut *pool.acquire().await?, wallet, currency, since).await?;
        Ok(AutoTopUpView {
            state,
            reason,
            until: row.until.filter(|_| !is_over),
            agreed: Some(row.agreed),
            spent_this_month: Some(Money::from_minor(spent, currency)),
            pending: charges.iter().find(|charge| charge.status.is_open()).cloned(),
            terms: Some(row.terms),
            charges,
        })
    }

    /// Switches auto top-up of the person's wallet on, by what the person agrees to; each change is agreed to anew.
    /// What was queued by the terms of before is called off.
    pub async fn agree_to_auto_top_up(&self, viewer: &Viewer, new: &NewAutoTopUp) -> Result<AutoTopUpTerms> {
        Buyer::from(viewer).must_pay()?;
        let catalog = self.catalog.view().await?;
        if catalog.settings.auto_top_up.mode == AutoTopUpMode::Off {
            let message = "Auto top-up is not offered here.";
            return Err(Refusal::unprocessable("", Problem::NotAllowed, message).into());
        }
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        identity::lock_account_in_tx(&mut tx, viewer.account).await?;
        let row = self.chargeable(viewer.account, new).await?;
        let limits = self.provider(&row.provider).map(|provider| provider.limits(new.currency)).unwrap_or_default();
        let terms = agree(new, &row.label, &catalog, limits)?;
        let before = repo::auto_top_up::find(self.db.pool(), viewer.wallet).await?;
        let of = (viewer.account, viewer.wallet, viewer.user);
        repo::auto_top_up::agree(&mut tx, of, &terms, CONSENT_AUTO, now).await?;
        repo::auto_top_up::call_off(&mut tx, viewer.wallet, SWITCHED_OFF, now).await?;
        let audit = NewAudit {
            actor: viewer.actor(),
            action: "auto_top_up.agreed".to_owned(),
            subject: format!("wallet {}", viewer.wallet),
            before: before.map_or(Value::Null, |before| summary(&before.terms)),
            after: summary(&terms),
        };
        identity::audit_in_tx(&mut tx, &audit, now).await?;
        tx.commit().await?;
        self.refused.forget(viewer.wallet);
        Ok(terms)
    }

    /// Finds the card that is to be charged, if it can be.
    async fn chargeable(&self, account: AccountId, new: &NewAutoTopUp) -> Result<MethodRow> {
        let wrong = |problem, message: &str| Error::from(Refusal::unprocessable("method", problem, message));
        let row = repo::method::find(self.db.pool(), account, new.method).await?;
        let Some(row) = row.filter(|row| row.state == "active") else {
            return Err(wrong(Problem::Unknown, "This card is not saved any more. Choose another one."));
        };
        if term(row.expires, self.db.now()) == CardTerm::Expired {
            return Err(wrong(Problem::Expired, "This card has expired. Add another one."));
        }
        let able = self.provider(&row.provider).map(|provider| provider.capabilities());
        match able.filter(|able| able.saved_methods) {
            None => Err(wrong(Problem::NotAllowed, "This card can't be charged here any more. Choose another one.")),
            Some(able) if !able.takes(new.currency) => {
                Err(wrong(Problem::NotAllowed, "This card is not charged in that currency. Choose another one."))
            }
            Some(_) => Ok(row),
        }
    }

    /// Switches auto top-up of the person's wallet off, at once: what is queued is called off, too. A charge that has
    /// gone to the provider still brings its credits. A repeat changes nothing.
    pub async fn switch_auto_top_up_off(&self, viewer: &Viewer) -> Result<()> {
        Buyer::from(viewer).must_pay()?;
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        identity::lock_account_in_tx(&mut tx, viewer.account).await?;
        if repo::auto_top_up::switch_off(&mut tx, viewer.wallet, SWITCHED_OFF, now).await? {
            let audit = NewAudit {
                actor: viewer.actor(),
                action: "auto_top_up.off".to_owned(),
                subject: format!("wallet {}", viewer.wallet),
                before: Value::Null,
                after: Value::Null,
            };
            identity::audit_in_tx(&mut tx, &audit, now).await?;
        }
        tx.commit().await?;
        self.refused.forget(viewer.wallet);
        Ok(())
    }

    /// Orders what a bank would not let auto top-up charge without its owner, and gives the page on which to pay it:
    /// when it is paid, auto top-up goes on. The same key, and another tab, give the same order.
    pub async fn pay_auto_top_up(&self, viewer: &Viewer, key: &str, return_base: &str) -> Result<PaymentView> {
        let buyer = Buyer::from(viewer);
        buyer.must_pay()?;
        let key = IdempotencyKey::parse(key)?;
        let hash = RequestHash::of(b"pay auto top-up");
        if let Some(known) = self.known(&buyer, &key, &hash).await? {
            return Ok(known);
        }
        let nothing = || {
            Refusal::unprocessable("", Problem::NotAllowed, "Your bank asks for nothing any more. Load the page again.")
        };
        let of = repo::auto_top_up::find(self.db.pool(), viewer.wallet).await?.ok_or_else(nothing)?;
        let declined = of.asks_payment.filter(|_| of.reason == Some(Suspension::AsksOwner)).ok_or_else(nothing)?;
        let row = repo::payment::by_id(self.db.pool(), declined).await?;
        let row = row.filter(|row| row.status == PaymentStatus::Failed).ok_or_else(nothing)?;
        let with = row.kind.map(|kind| PayWith::New { provider: row.provider.clone(), kind });
        let Chosen { provider, kind, .. } = self.choose(viewer.account, with.as_ref(), row.money, false).await?;
        let order = NewOrder {
            package: row.package,
            title: row.title,
            credits: row.credits,
            bonus: row.bonus,
            money: row.money,
            plan: None,
            change: None,
            chosen: Chosen { provider, kind, method: None },
            save_method: false,
            open: TimeDelta::minutes(OPEN_MINUTES),
            renews: None,
            made: Made::InPlaceOf(declined),
        };
        self.place(&buyer, &order, (&key, &hash), return_base).await
    }

    /// Suspends auto top-up of all wallets of an account, in the caller's transaction; those that are suspended stay as
    /// they are. The account must be locked.
    #[doc(hidden)]
    pub async fn suspend_auto_top_ups_in_tx(
        &self,
        connection: &mut PgConnection,
        account: AccountId,
        reason: Suspension,
    ) -> Result<()> {
        let now = self.db.now();
        for wallet in repo::auto_top_up::running(connection, account).await? {
            let Some(of) = repo::auto_top_up::find(self.db.pool(), wallet).await? else { continue };
            if repo::auto_top_up::suspend(connection, &of, (reason, None), None).await? {
                repo::auto_top_up::call_off(connection, wallet, reason.code(), now).await?;
                self.note_suspended_in_tx(connection, &of, (reason, None)).await?;
            }
        }
        Ok(())
    }

    /// Lets auto top-up of an account's wallets go on that was suspended for a reason, in the caller's transaction.
    #[doc(hidden)]
    pub async fn resume_auto_top_ups_in_tx(
        &self,
        connection: &mut PgConnection,
        account: AccountId,
        reason: Suspension,
    ) -> Result<()> {
        let now = self.db.now();
        for wallet in repo::auto_top_up::suspended(connection, account, reason).await? {
            if repo::auto_top_up::resume(connection, wallet, reason, None, now).await? {
                webhook::note_in_tx(connection, wallet, &resumed(), now).await?;
            }
        }
        Ok(())
    }

    /// Writes down that auto top-up has stopped, and why: for the audit log and for webhooks.
    pub(super) async fn note_suspended_in_tx(
        &self,
        connection: &mut PgConnection,
        of: &AutoTopUpRow,
        (reason, until): (Suspension, Option<chrono::DateTime<chrono::Utc>>),
    ) -> Result<()> {
        let now = self.db.now();
        let told = Notice::AutoTopUp(AutoTopUpNotice {
            reason: Some(reason.code().to_owned()),
            until,
            ..about(EventKind::AutoTopUpSuspended)
        });
        webhook::note_in_tx(connection, of.wallet, &told, now).await?;
        let audit = NewAudit {
            actor: Actor::system("payments"),
            action: "auto_top_up.suspended".to_owned(),
            subject: format!("wallet {}", of.wallet),
            before: Value::Null,
            after: json!({ "account": of.account, "reason": reason.code() }),
        };
        identity::audit_in_tx(connection, &audit, now).await
    }
}

/// Says that auto top-up goes on.
pub(super) fn resumed() -> Notice {
    Notice::AutoTopUp(about(EventKind::AutoTopUpResumed))
}

/// Says nothing but what happened.
pub(super) const fn about(event: EventKind) -> AutoTopUpNotice {
    AutoTopUpNotice { event, payment: None, credits: None, money: None, reason: None, until: None }
}

fn summary(terms: &AutoTopUpTerms) -> Value {
    let money = |money: Money| money.to_string();
    json!({ "threshold": terms.threshold.map(|threshold| threshold.to_string()), "buys": terms.buys.code(),
            "most": money(terms.most), "daily": money(terms.daily), "monthly": money(terms.monthly),
            "method": terms.method_label })
}
