//! Adding a card without a payment: the provider's page, and what came of it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::customer::Customer;
use super::order::PROVIDER_TIMEOUT;
use super::settle::Reconciled;
use super::{Buyer, Payments};
use crate::error::{Problem, Refusal, Result};
use crate::id::PaymentMethodId;
use crate::idempotency::IdempotencyKey;
use crate::identity::{self, NewAudit, Viewer};
use crate::payment::method::MethodSetup;
use crate::payment::provider::{CheckoutAnswer, MethodKind, Provider, SetupAnswer, SetupOrder};
use crate::payment::repo::{self, method::MethodRow};

/// What a person agrees to who adds a card: that it is kept for payments that they make. Another text gets another name.
pub(super) const CONSENT_SAVE: &str = "save-1";
/// How long a page is open on which a method is added.
const SETUP_MINUTES: i64 = 60;
/// How often the reconciler asks about an open page.
const SETUP_AGAIN_MINUTES: i64 = 10;
/// A page that the provider says nothing of is given up after this.
const SETUP_LAST_DAYS: i64 = 2;
/// The most methods and open pages of an account.
const METHODS_MAX: i64 = 20;
/// How many of them one run of a job takes.
const RUN_MAX: i64 = 200;

impl Payments {
    /// Opens the provider's page on which a card is added without a payment. The same key gives the same page.
    pub async fn add_method(
        &self,
        viewer: &Viewer,
        (provider, kind): (&str, MethodKind),
        key: &str,
        return_base: &str,
    ) -> Result<MethodSetup> {
        Buyer::from(viewer).must_pay()?;
        let key = IdempotencyKey::parse(key)?;
        let able = self.provider(provider).filter(|known| {
            let able = known.capabilities();
            able.setup && able.kinds.contains(&kind)
        });
        let able = able.ok_or_else(|| {
            Refusal::unprocessable("method", Problem::NotAllowed, "No card can be added there. Choose another one.")
        })?;
        let now = self.db.now();
        let new = repo::method_change::NewSetup {
            id: PaymentMethodId::new(),
            account: viewer.account,
            user: viewer.user,
            provider: able.name(),
            kind,
            key: key.as_str(),
            consent: CONSENT_SAVE,
            return_base: return_base.trim_end_matches('/'),
            until: now + TimeDelta::minutes(SETUP_MINUTES),
        };
        let mut tx = self.db.begin().await?;
        identity::lock_account_in_tx(&mut tx, viewer.account).await?;
        let is_known = repo::method::by_key(self.db.pool(), viewer.account, key.as_str()).await?.is_some();
        if !is_known && repo::method::count(&mut tx, viewer.account).await? >= METHODS_MAX {
            let message = format!("{METHODS_MAX} cards are saved or being added. Remove one first.");
            return Err(Refusal::unprocessable("method", Problem::TooMany, message).into());
        }
        repo::method_change::insert_setup(&mut tx, &new, now).await?;
        tx.commit().await?;
        let row = repo::method::by_key(self.db.pool(), viewer.account, key.as_str()).await?;
        let row = row.ok_or_else(|| Refusal::not_found("payment method"))?;
        if row.state == "setup" && row.setup_url.is_none() {
            self.open_setup(viewer, &row, &*able).await?;
        }
        self.setup(viewer, row.id).await
    }

    async fn open_setup(&self, viewer: &Viewer, row: &MethodRow, provider: &dyn Provider) -> Result<()> {
        let customer = match self.customer(provider, viewer.account).await? {
            Customer::Is(customer) => customer,
            Customer::Refused(code) => return self.fail_setup(row, &code).await,
            Customer::Unknown => return Err(Refusal::Unavailable.into()),
        };
        let base = row.return_base.as_deref().unwrap_or_default();
        let order = SetupOrder {
            method: row.id,
            account: row.account,
            customer,
            email: viewer.email.clone(),
            locale: viewer.locale.clone(),
            return_url: format!("{base}/wallet/payment/methods/{}/return", row.id),
            cancel_url: format!("{base}/wallet/payment"),
            idempotency_key: row.id.to_string(),
        };
        let answer = tokio::time::timeout(PROVIDER_TIMEOUT, provider.create_setup(&order)).await;
        let answer = answer.unwrap_or_else(|_| CheckoutAnswer::Unknown { detail: "no answer in time".to_owned() });
        self.note_answer(provider.name(), matches!(answer, CheckoutAnswer::Unknown { .. }));
        match answer {
            CheckoutAnswer::Created { reference, redirect_url, expires_at } => {
                let page = (reference.as_str(), redirect_url.as_str());
                repo::method_change::set_setup_page(self.db.pool(), row.id, page, expires_at).await
            }
            CheckoutAnswer::Refused { code } => self.fail_setup(row, &code).await,
            CheckoutAnswer::Unknown { detail } => {
                tracing::warn!(method = %row.id, provider = provider.name(), detail, "no answer about a page for a card");
                Err(Refusal::Unavailable.into())
            }
        }
    }

    async fn fail_setup(&self, row: &MethodRow, code: &str) -> Result<()> {
        self.note_customer(row.account, &row.provider, code).await?;
        let mut tx = self.db.begin().await?;
        repo::method_change::end_setup(&mut tx, row.id, code, self.db.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Shows how far a page is on which a card is added.
    pub async fn setup(&self, viewer: &Viewer, id: PaymentMethodId) -> Result<MethodSetup> {
        let row = repo::method::find(self.db.pool(), viewer.account, id).await?;
        let row = row.ok_or_else(|| Refusal::not_found("payment method"))?;
        Ok(MethodSetup { id, url: row.setup_url, is_saved: row.state == "active", failure: row.reason })
    }

    /// Asks the provider how far such a page is, and takes its method over where it is saved.
    pub async fn check_setup(&self, viewer: &Viewer, id: PaymentMethodId) -> Result<MethodSetup> {
        let row = repo::method::find(self.db.pool(), viewer.account, id).await?;
        let row = row.ok_or_else(|| Refusal::not_found("payment method"))?;
        self.refresh_setup(&row).await?;
        self.setup(viewer, id).await
    }

    /// Asks about a page, and acts on the answer. Safe to repeat.
    async fn refresh_setup(&self, row: &MethodRow) -> Result<()> {
        let (Some(reference), "setup") = (&row.setup_ref, row.state.as_str()) else { return Ok(()) };
        let provider = self.provider(&row.provider).ok_or(Refusal::Unavailable)?;
        let answer = tokio::time::timeout(PROVIDER_TIMEOUT, provider.fetch_setup(reference)).await;
        let now = self.db.now();
        match answer.unwrap_or_else(|_| SetupAnswer::Unknown { detail: "no answer in time".to_owned() }) {
            SetupAnswer::Saved(method) => {
                let mut tx = self.db.begin().await?;
                identity::lock_account_in_tx(&mut tx, row.account).await?;
                if repo::method_change::finish_setup(&mut tx, row.id, &method, now).await? {
                    let audit = NewAudit {
                        actor: identity::Actor::system("payments"),
                        action: "payment_method.saved".to_owned(),
                        subject: format!("payment method {}", row.id),
                        before: Value::Null,
                        after: json!({ "account": row.account, "provider": row.provider, "label": method.label }),
                    };
                    identity::audit_in_tx(&mut tx, &audit, now).await?;
                } else {
                    // The same card was saved before, with a payment: one entry is enough.
                    repo::method_change::end_setup(&mut tx, row.id, "saved_before", now).await?;
                }
                Ok(tx.commit().await?)
            }
            SetupAnswer::Failed { code } => self.fail_setup(row, &code).await,
            SetupAnswer::Missing => self.fail_setup(row, "expired").await,
            SetupAnswer::Open | SetupAnswer::Unknown { .. } => Ok(()),
        }
    }

    /// Works on a message about a page where a method is saved; says whether it is ours.
    pub(super) async fn setup_event(&self, provider: &str, reference: &str) -> Result<bool> {
        let Some(row) = repo::method::by_setup(self.db.pool(), provider, reference).await? else { return Ok(false) };
        self.refresh_setup(&row).await?;
        Ok(true)
    }

    /// Asks about pages that were left, and gives up those of which nothing came.
    pub(super) async fn reconcile_setups(&self, report: &mut Reconciled) -> Result<()> {
        let now = self.db.now();
        for row in repo::method::open_setups(self.db.pool(), now, RUN_MAX).await? {
            report.checked = report.checked.saturating_add(1);
            if let Err(error) = self.refresh_setup(&row).await {
                tracing::error!(method = %row.id, %error, "a page for a card could not be checked");
                report.failed = report.failed.saturating_add(1);
            }
            let is_left = row.setup_ref.is_none() || row.created_at + TimeDelta::days(SETUP_LAST_DAYS) <= now;
            match is_left {
                true => self.fail_setup(&row, "expired").await?,
                false => {
                    let again = now + TimeDelta::minutes(SETUP_AGAIN_MINUTES);
                    repo::method_change::delay_setup(self.db.pool(), row.id, again).await?;
                }
            }
        }
        Ok(())
    }
}
