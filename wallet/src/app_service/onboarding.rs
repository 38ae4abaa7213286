//! What the concepts above identity do for a person who signs up: a wallet, the free plan, a mail, a first grant.

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::PgConnection;

use crate::catalog::{BurnClass, Catalog};
use crate::db::Db;
use crate::error::Result;
use crate::id::{AccountId, KeyId, ProjectId, WalletId};
use crate::idempotency::IdempotencyKey;
use crate::identity::ports::{AccountMail, AccountSetup, Proof, Recipient};
use crate::identity::{self, Actor, Environment};
use crate::ledger::{
    BudgetPeriod, BudgetScope, Command, GrantSource, HookError, Ledger, NewBudget, NewGrant, NewWallet, Outcome,
    RefusingHook, Submission,
};
use crate::money::Credits;
use crate::notify::{KeyMail, Mail, Notify, webhook};
use crate::plan::{PlanSummary, Plans};
use crate::promo;

/// The concepts that signing up needs.
pub(crate) struct Onboarding {
    pub(crate) db: Db,
    pub(crate) ledger: Ledger,
    pub(crate) catalog: Catalog,
    pub(crate) plans: Plans,
    pub(crate) notify: Notify,
}

/// Marks the address as proven and the gift as given, in the transaction of the gift's grant.
struct FirstGift {
    db: Db,
    plans: Plans,
    proof: Proof,
    plan: String,
}

/// The person had the gift before.
struct HadBefore;

#[async_trait]
impl RefusingHook for FirstGift {
    type Refusal = HadBefore;

    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<(), HookError<HadBefore>> {
        let now = self.db.now();
        let (proof, plan) = (&self.proof, &self.plan);
        let first = identity::take_offer_in_tx(connection, &proof.person_hash, plan, proof.account, now).await?;
        if !first && !outcome.replayed {
            return Err(HookError::Refused(HadBefore));
        }
        self.plans.begin_free_in_tx(connection, proof.account).await?;
        Ok(identity::prove_in_tx(connection, proof, now).await?)
    }
}

#[async_trait]
impl AccountSetup for Onboarding {
    async fn open_wallet_in_tx(
        &self,
        connection: &mut PgConnection,
        account: AccountId,
        project: ProjectId,
        environment: Environment,
    ) -> Result<WalletId> {
        self.ledger.create_wallet_in_tx(connection, NewWallet { account, project, environment }).await
    }

    async fn cap_key_in_tx(
        &self,
        connection: &mut PgConnection,
        wallet: WalletId,
        key: KeyId,
        name: &str,
        ceiling: Credits,
    ) -> Result<()> {
        let scope = BudgetScope::Key(key.uuid());
        let budget = NewBudget { name: name.to_owned(), scope, period: BudgetPeriod::Month, ceiling };
        self.ledger.set_budget_in_tx(connection, wallet, budget).await.map(drop)
    }

    async fn uncap_key_in_tx(&self, connection: &mut PgConnection, wallet: WalletId, key: KeyId) -> Result<()> {
        self.ledger.remove_budgets_of_key_in_tx(connection, wallet, key).await
    }

    async fn silence_in_tx(
        &self,
        connection: &mut PgConnection,
        account: AccountId,
        by: (&Actor, &str),
    ) -> Result<u64> {
        webhook::disable_all_in_tx(connection, account, by, self.db.now()).await
    }

    async fn product(&self) -> Result<String> {
        // Before a catalog is loaded there is nothing to be called.
        Ok(self.catalog.view().await.map(|view| view.settings.name.clone()).unwrap_or_default())
    }

    async fn join_free_plan_in_tx(&self, connection: &mut PgConnection, account: AccountId) -> Result<()> {
        self.plans.join_free_in_tx(connection, account).await
    }

    async fn begin_free_plan_in_tx(&self, connection: &mut PgConnection, account: AccountId) -> Result<()> {
        self.plans.begin_free_in_tx(connection, account).await
    }

    async fn invite_in_tx(
        &self,
        connection: &mut PgConnection,
        account: AccountId,
        invitation: (&str, &str),
    ) -> Result<()> {
        let is_rewarded = self.catalog.view().await.is_ok_and(|view| view.settings.referral.is_some());
        match is_rewarded {
            true => promo::invite_in_tx(connection, account, invitation, self.db.now()).await,
            false => Ok(()),
        }
    }

    async fn write_in_tx(&self, connection: &mut PgConnection, to: Recipient<'_>, letter: AccountMail) -> Result<()> {
        let name = to.name.to_owned();
        let mail = match letter {
            AccountMail::VerifyEmail { token } => Mail::Verification { name, token, gift: self.gift().await? },
            AccountMail::ResetPassword { token } => Mail::PasswordReset { name, token },
            AccountMail::PasswordChanged { ended } => Mail::PasswordChanged { name, ended },
            AccountMail::AddressProven { ended } => Mail::AddressProven { name, ended },
            AccountMail::SignUpAgain => Mail::SignUpAgain { name },
            AccountMail::NameChanged { before } => Mail::NameChanged { name, before },
            AccountMail::Key { key, hint, by, is_new } => Mail::Key(KeyMail { name, key, hint, by, is_new }),
        };
        self.notify.enqueue_mail_in_tx(connection, to.email, to.locale, &mail).await?;
        Ok(())
    }

    async fn welcome(&self, proof: &Proof) -> Result<bool> {
        let view = self.catalog.view().await?;
        let Some(plan) = view.starting_plan().filter(|plan| plan.one_time_credits.is_positive()) else {
            return Ok(false);
        };
        if identity::offer_taken(self.db.pool(), &proof.person_hash, &plan.code).await? {
            return Ok(false);
        }
        let person: String = proof.person_hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let mut grant = NewGrant::new(plan.one_time_credits, GrantSource::OneTime, plan.name.clone());
        grant.priority = view.settings.burn_order.priority(BurnClass::Allowance);
        grant.reference = Some(format!("plan:{}", plan.code));
        let key = IdempotencyKey::internal(format!("one_time:{}:{person}", plan.code));
        let (db, plans) = (self.db.clone(), self.plans.clone());
        let hook = FirstGift { db, plans, proof: proof.clone(), plan: plan.code.clone() };
        let submission = Submission::new(proof.wallet, key, Actor::system("plans"), Command::Grant(grant));
        match self.ledger.submit_with(submission, hook).await {
            Ok(_) => Ok(true),
            Err(HookError::Refused(HadBefore)) => Ok(false),
            Err(HookError::Failed(error)) => Err(error),
        }
    }

    async fn fill(&self, account: AccountId) -> Result<()> {
        self.plans.grant_due(account).await
    }

    async fn plans_of(&self, accounts: &[AccountId]) -> Result<HashMap<AccountId, PlanSummary>> {
        self.plans.current_of(accounts).await
    }

    async fn previews_content_only(&self) -> Result<bool> {
        Ok(self.catalog.view().await?.settings.preview.content_only)
    }

    async fn key_prefix(&self) -> Result<String> {
        Ok(self.catalog.view().await?.settings.key_prefix.clone())
    }
}

impl Onboarding {
    /// Gives the credits that the free plan starts with.
    async fn gift(&self) -> Result<Option<Credits>> {
        let view = self.catalog.view().await?;
        Ok(view.starting_plan().map(|plan| plan.one_time_credits).filter(|gift| gift.is_positive()))
    }
}
