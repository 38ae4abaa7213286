//! Saved methods: listed, chosen, removed; and what providers tell of them.

use chrono::{DateTime, Datelike, Utc};
use serde_json::{Value, json};

use super::order::{CONSENT, PROVIDER_TIMEOUT};
use super::{Buyer, Payments};
use crate::error::{Problem, Refusal, Result};
use crate::id::{AccountId, PaymentMethodId};
use crate::identity::{self, NewAudit, Viewer};
use crate::notify::{CardMail, Mail};
use crate::payment::method::{CardTerm, PayWith, PaymentMethod, term};
use crate::payment::provider::{MethodAnswer, decline};
use crate::payment::repo::{self, method::MethodRow};
use crate::plan::SavedMethod;

/// How many of them one run of a job takes.
const RUN_MAX: i64 = 200;
/// Why a method was removed by its owner.
const BY_OWNER: &str = "removed_by_owner";

impl Payments {
    /// Lists the saved methods of a person's account, the default first.
    pub async fn methods(&self, viewer: &Viewer) -> Result<Vec<PaymentMethod>> {
        self.methods_of(viewer.account).await
    }

    /// Lists the saved methods of an account. The first one is the default, also where its owner has chosen none.
    async fn methods_of(&self, account: AccountId) -> Result<Vec<PaymentMethod>> {
        let of = self.plans.subscription(account).await?.filter(|found| !found.cancel_at_end);
        let of = of.and_then(|found| found.method);
        let rows = repo::method::list(self.db.pool(), account).await?;
        let automatic = repo::auto_top_up::methods(self.db.pool(), account).await?;
        let mut seen: Vec<_> = rows.into_iter().map(|row| self.seen(row, of.as_ref(), &automatic)).collect();
        if let Some(first) = seen.first_mut() {
            first.is_default = true;
        }
        Ok(seen)
    }

    /// Gives the method that a person's plan is charged with, where it expires soon or has expired.
    pub async fn expiring_plan_card(&self, viewer: &Viewer) -> Result<Option<PaymentMethod>> {
        let now = self.db.now();
        let of_plan = self.methods_of(viewer.account).await?.into_iter().find(|method| method.pays_plan);
        Ok(of_plan.filter(|method| method.term(now) != CardTerm::Valid))
    }

    /// Shows one saved method of a person's account.
    pub async fn method(&self, viewer: &Viewer, id: PaymentMethodId) -> Result<PaymentMethod> {
        let found = self.methods_of(viewer.account).await?.into_iter().find(|method| method.id == id);
        Ok(found.ok_or_else(|| Refusal::not_found("payment method"))?)
    }

    fn seen(&self, row: MethodRow, plan: Option<&SavedMethod>, automatic: &[PaymentMethodId]) -> PaymentMethod {
        let is_plans = |of: &SavedMethod| of.provider == row.provider && Some(&of.reference) == row.reference.as_ref();
        PaymentMethod {
            id: row.id,
            pays_plan: plan.is_some_and(is_plans),
            pays_auto_top_up: automatic.contains(&row.id),
            is_test: self.provider(&row.provider).is_none_or(|provider| provider.capabilities().test_only),
            provider: row.provider,
            kind: row.kind,
            brand: row.brand,
            last4: row.last4,
            expires: row.expires,
            label: row.label,
            is_default: row.is_default,
            created_at: row.created_at,
        }
    }

    /// Finds an active method of an account.
    pub(super) async fn own_method(&self, account: AccountId, id: PaymentMethodId) -> Result<MethodRow> {
        let found = repo::method::find(self.db.pool(), account, id).await?;
        Ok(found.filter(|row| row.state == "active").ok_or_else(|| Refusal::not_found("payment method"))?)
    }

    /// Makes a method the one that is offered first. A repeat changes nothing.
    pub async fn set_default_method(&self, viewer: &Viewer, id: PaymentMethodId) -> Result<()> {
        Buyer::from(viewer).must_pay()?;
        let row = self.own_method(viewer.account, id).await?;
        if row.is_default {
            return Ok(());
        }
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        identity::lock_account_in_tx(&mut tx, viewer.account).await?;
        repo::method_change::set_default(&mut tx, viewer.account, id, now).await?;
        identity::audit_in_tx(&mut tx, &audit(viewer, "payment_method.default", &row), now).await?;
        Ok(tx.commit().await?)
    }

    /// Lets the account's plan be paid with a saved method from now on; a payment that failed is tried at once.
    pub async fn set_plan_method(&self, viewer: &Viewer, id: PaymentMethodId) -> Result<()> {
        Buyer::from(viewer).must_pay()?;
        let mut tx = self.db.begin().await?;
        identity::lock_account_in_tx(&mut tx, viewer.account).await?;
        let row = self.own_method(viewer.account, id).await?;
        let (of, now) = (self.plans.subscription(viewer.account).await?, self.db.now());
        let of = of
            .filter(|found| found.is_paid_and_live())
            .ok_or_else(|| Refusal::unprocessable("plan", Problem::NotAllowed, "This account is on no paid plan."))?;
        if let Some(terms) = of.terms {
            self.choose(viewer.account, Some(&PayWith::Saved(id)), terms.price, true).await?;
        }
        if term(row.expires, now) == CardTerm::Expired {
            let message = "This card has expired. Add another one.";
            return Err(Refusal::unprocessable("method", Problem::Expired, message).into());
        }
        let reference = row.reference.clone().unwrap_or_default();
        let method = SavedMethod { provider: row.provider.clone(), reference, label: row.label.clone() };
        if of.method.as_ref() == Some(&method) && !of.awaits_owner {
            return Ok(());
        }
        self.plans.set_method_in_tx(&mut tx, &of, Some(&method)).await?;
        repo::method_change::set_consent(&mut tx, id, (viewer.user, CONSENT), now).await?;
        identity::audit_in_tx(&mut tx, &audit(viewer, "payment_method.plan", &row), now).await?;
        Ok(tx.commit().await?)
    }

    /// Removes a method: it is never charged again, and its provider forgets it. One that pays the account's plan, or
    /// that auto top-up charges, is refused until another one does. A repeat changes nothing.
    pub async fn remove_method(&self, viewer: &Viewer, id: PaymentMethodId) -> Result<()> {
        Buyer::from(viewer).must_pay()?;
        let found = repo::method::find(self.db.pool(), viewer.account, id).await?;
        let row = found.ok_or_else(|| Refusal::not_found("payment method"))?;
        if row.state == "removed" {
            return Ok(());
        }
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        identity::lock_account_in_tx(&mut tx, viewer.account).await?;
        if self.plans.pays_in_tx(&mut tx, viewer.account, &row.provider, row.reference.as_deref()).await? {
            let message =
                "Your plan is paid with this card. Choose another card for the plan, or cancel the plan, first.";
            return Err(Refusal::unprocessable("method", Problem::Taken, message).into());
        }
        if repo::auto_top_up::uses(&mut tx, viewer.account, id).await? {
            let message = "Auto top-up charges this card. Choose another card for it, or switch it off, first.";
            return Err(Refusal::unprocessable("method", Problem::Taken, message).into());
        }
        if repo::method_change::remove(&mut tx, id, BY_OWNER, now).await? {
            self.plans.forget_method_in_tx(&mut tx, viewer.account, &row.provider, row.reference.as_deref()).await?;
            identity::audit_in_tx(&mut tx, &audit(viewer, "payment_method.removed", &row), now).await?;
        }
        tx.commit().await?;
        self.forget(&row).await;
        Ok(())
    }

    /// Lets the provider forget a method that we never charge again; what fails here leaves nothing to be charged.
    async fn forget(&self, row: &MethodRow) {
        let (Some(reference), Some(provider)) = (&row.reference, self.provider(&row.provider)) else { return };
        match tokio::time::timeout(PROVIDER_TIMEOUT, provider.detach_method(reference)).await {
            Ok(MethodAnswer::Missing) => {}
            Ok(_) | Err(_) => {
                tracing::warn!(method = %row.id, provider = row.provider, "a removed method is still known to its provider");
            }
        }
    }

    /// Ends a method of which the provider says that it is of no use any more, also as the plan's.
    pub(super) async fn drop_method(&self, account: AccountId, id: PaymentMethodId, code: &str) -> Result<()> {
        let now = self.db.now();
        let dropped = repo::method::find(self.db.pool(), account, id).await?;
        let mut tx = self.db.begin().await?;
        identity::lock_account_in_tx(&mut tx, account).await?;
        if repo::method_change::remove(&mut tx, id, code, now).await? {
            if let Some(row) = &dropped {
                self.plans.forget_method_in_tx(&mut tx, account, &row.provider, row.reference.as_deref()).await?;
            }
            let audit = NewAudit {
                actor: identity::Actor::system("payments"),
                action: "payment_method.dropped".to_owned(),
                subject: format!("payment method {id}"),
                before: Value::Null,
                after: json!({ "account": account, "code": code }),
            };
            identity::audit_in_tx(&mut tx, &audit, now).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Works on a message about a saved method; says whether it is ours.
    pub(super) async fn method_event(&self, provider: &str, reference: &str) -> Result<bool> {
        let Some(row) = repo::method::by_reference(self.db.pool(), provider, reference).await? else {
            return Ok(false);
        };
        let known = self.provider(provider).ok_or(Refusal::Unavailable)?;
        match tokio::time::timeout(PROVIDER_TIMEOUT, known.fetch_method(reference)).await {
            Ok(MethodAnswer::Found(method)) => {
                repo::method_change::update(self.db.pool(), row.id, &method, self.db.now()).await?;
            }
            Ok(MethodAnswer::Missing) => {
                self.drop_method(row.account, row.id, decline::METHOD_GONE).await?;
            }
            Ok(MethodAnswer::Unknown { .. }) | Err(_) => return Err(Refusal::Unavailable.into()),
        }
        Ok(true)
    }

    /// Tells owners of cards that expire with this month; once each. Says how many.
    pub async fn tell_of_expiring_cards(&self) -> Result<u64> {
        let now = self.db.now();
        let month = (i16::try_from(now.year()).unwrap_or(i16::MAX), i16::try_from(now.month()).unwrap_or_default());
        let mut told = 0_u64;
        loop {
            let mut tx = self.db.begin().await?;
            let taken = repo::method_change::take_expiring(&mut tx, month, now, RUN_MAX).await?;
            if taken.is_empty() {
                return Ok(told);
            }
            for id in taken {
                if let Some((to, locale, mail)) = self.expiry_mail(id, now).await? {
                    self.notify.enqueue_mail_in_tx(&mut tx, &to, &locale, &mail).await?;
                    told = told.saturating_add(1);
                }
            }
            tx.commit().await?;
        }
    }

    async fn expiry_mail(&self, id: PaymentMethodId, now: DateTime<Utc>) -> Result<Option<(String, String, Mail)>> {
        let Some(row) = repo::method::by_id(self.db.pool(), id).await? else { return Ok(None) };
        let seen = self.methods_of(row.account).await?.into_iter().find(|method| method.id == id);
        // A card that nothing is paid with by itself is nothing to write about.
        let told = seen.filter(|seen| {
            (seen.pays_plan || seen.pays_auto_top_up || seen.is_default) && seen.term(now) == CardTerm::Expiring
        });
        let Some(seen) = told else { return Ok(None) };
        let owner = self.identity.owner(row.account).await?;
        let mail = CardMail { name: owner.name, method: seen.label, expires: seen.expires, pays_plan: seen.pays_plan };
        Ok(Some((owner.email, owner.locale, Mail::CardExpires(mail))))
    }
}

fn audit(viewer: &Viewer, action: &str, row: &MethodRow) -> NewAudit {
    NewAudit {
        actor: viewer.actor(),
        action: action.to_owned(),
        subject: format!("payment method {}", row.id),
        before: Value::Null,
        after: json!({ "provider": row.provider, "label": row.label }),
    }
}
