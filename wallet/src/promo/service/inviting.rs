//! Invitations: an account's code, who signed up by it, and the rewards with the first payment.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::Promos;
use super::granting::{Owed, PromoKind, owe_in_tx};
use crate::catalog::{BurnClass, ReferralReward, Settings};
use crate::error::{Error, Refusal, Result};
use crate::id::{AccountId, PaymentId, WalletId};
use crate::identity;
use crate::promo::code::{new_referral_code, read_referral_code};
use crate::promo::model::InvitationView;
use crate::promo::repo::referral;
use crate::promo::rule::{self, NoReward};

/// How often a code is made anew that another account has.
const TRIES_MAX: u32 = 8;
/// What people see at the grant of who invited.
const REFERRER_LABEL: &str = "Referral reward";
/// What people see at the grant of who was invited.
const INVITED_LABEL: &str = "Welcome reward";

/// A payment that has succeeded, as far as invitations go.
#[derive(Clone, Debug)]
pub(crate) struct FirstPayment {
    pub(crate) account: AccountId,
    pub(crate) wallet: WalletId,
    pub(crate) payment: PaymentId,
    pub(crate) reward: Option<ReferralReward>,
    /// The burn order of what nobody pays for.
    pub(crate) priority: i16,
}

impl FirstPayment {
    /// Takes a payment as the catalog rewards it now.
    pub(crate) fn of((account, wallet): (AccountId, WalletId), payment: PaymentId, settings: &Settings) -> Self {
        let priority = settings.burn_order.priority(BurnClass::Promo);
        Self { account, wallet, payment, reward: settings.referral, priority }
    }

    /// Decides about the invitation of an account that pays for the first time, in the transaction of its payment: what
    /// both get is written down once. Nothing happens where nobody invited it, or where it has paid before.
    pub(crate) async fn reward_in_tx(&self, connection: &mut PgConnection, now: DateTime<Utc>) -> Result<()> {
        let Some(referrer) = referral::waiting(connection, self.account).await? else { return Ok(()) };
        let month = rule::month_start(now);
        let rewarded = referral::count_rewarded(connection, referrer, month).await?;
        let rewarded = u32::try_from(rewarded).map_err(Error::internal)?;
        let is_same = referral::have_a_member(connection, (self.account, referrer)).await?;
        let decided = rule::rewarded(self.reward, rewarded, is_same);
        let why_not = decided.err().map(NoReward::code);
        referral::decide(connection, (self.account, self.payment), why_not, now).await?;
        let Ok(reward) = decided else { return Ok(()) };
        let wallet = referral::wallet_of(connection, referrer).await?;
        let wallet = wallet.ok_or_else(|| Error::internal("an account without a production wallet"))?;
        let both = [
            (PromoKind::Referrer, referrer, wallet, reward.credits_referrer, REFERRER_LABEL),
            (PromoKind::Invited, self.account, self.wallet, reward.credits_invited, INVITED_LABEL),
        ];
        for (kind, account, wallet, credits, label) in both {
            if credits.is_positive() {
                let (payment, label, priority) = (self.payment, label.to_owned(), self.priority);
                let owed = Owed { payment, kind, account, wallet, credits, label, priority, expires_at: None };
                owe_in_tx(connection, &owed, now).await?;
            }
        }
        Ok(())
    }
}

/// Notes by which account a new one was invited; `person` stands for its owner. A code that nobody has, or that is the
/// person's own, counts for nothing.
pub(crate) async fn invite_in_tx(
    connection: &mut PgConnection,
    account: AccountId,
    (typed, person): (&str, &str),
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(code) = read_referral_code(typed) else { return Ok(()) };
    let Some(referrer) = referral::account_of(connection, &code).await? else { return Ok(()) };
    if referrer == account || identity::has_person_in_tx(connection, referrer, person).await? {
        return Ok(());
    }
    referral::insert(connection, (account, referrer), now).await
}

impl Promos {
    /// Shows an account's invitations; `None` where the catalog rewards none.
    pub async fn invitations(&self, account: AccountId) -> Result<Option<InvitationView>> {
        let Some(reward) = self.catalog.view().await?.settings.referral else { return Ok(None) };
        let code = referral::code_of(self.db.pool(), account).await?;
        let month = rule::month_start(self.db.now());
        let counts = referral::counts(self.db.pool(), account, month).await?;
        let number = |count: i64| u32::try_from(count).map_err(Error::internal);
        Ok(Some(InvitationView {
            code,
            credits_referrer: reward.credits_referrer,
            credits_invited: reward.credits_invited,
            monthly_limit: reward.monthly_limit,
            signed_up: number(counts.signed_up)?,
            rewarded: number(counts.rewarded)?,
            rewarded_this_month: number(counts.rewarded_since)?,
        }))
    }

    /// Makes an account's referral code, once: a repeat gives the same.
    ///
    /// # Errors
    /// `NotFound` where the catalog rewards no invitations.
    pub async fn make_referral_code(&self, account: AccountId) -> Result<String> {
        if self.catalog.view().await?.settings.referral.is_none() {
            return Err(Refusal::not_found("reward for invitations").into());
        }
        for _ in 0..TRIES_MAX {
            if let Some(code) = referral::code_of(self.db.pool(), account).await? {
                return Ok(code);
            }
            let code = new_referral_code(rand::random());
            referral::insert_code(self.db.pool(), account, &code, self.db.now()).await?;
        }
        Err(Error::internal("no referral code could be made"))
    }
}
