//! Boundaries that customers feel: a call that would be refused, or a look at a balance, does not wait for the renewal
//! job or the sweep. Holds and grants of the wallet whose time is over are ended, what is due of the account's plan is
//! done, and then the call is decided again.
//!
//! Nobody is let in for nothing: only what the job would do is done, by the same steps under the same keys. A wallet
//! that is simply empty costs one small query each time, and another one in half a second.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::Wallet;
use crate::error::{Result, Shortfall, TopUpHint};
use crate::id::{AccountId, WalletId};
use crate::ledger::BalanceView;
use crate::plan::due::Due;
use crate::tariff::PlanUpkeep;
use crate::wallet::Inner;

/// For so long it counts as known that nothing is due.
const KNOWN_FOR: Duration = Duration::from_millis(500);
/// A step that could not be done, say since a provider does not answer, is not tried by another call for so long.
const AGAIN_AFTER: Duration = Duration::from_secs(10);
/// The longest that a call waits; the work goes on without it.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most wallets that are remembered.
const KNOWN_MAX: usize = 10_000;

/// What a look at a wallet's account found.
#[derive(Clone, Copy)]
struct Look {
    /// When it ended.
    at: Instant,
    /// Until when nothing is due; `None`: for good.
    until: Option<DateTime<Utc>>,
    /// For how long it counts.
    counts_for: Duration,
}

/// Does what is due of the plans of those who ask.
pub(crate) struct Boundaries {
    wallet: Weak<Inner>,
    looks: Mutex<HashMap<WalletId, Look>>,
    turns: Mutex<HashMap<AccountId, Weak<tokio::sync::Mutex<()>>>>,
}

impl fmt::Debug for Boundaries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Boundaries").finish_non_exhaustive()
    }
}

impl Boundaries {
    /// Works for a façade, and does not keep it alive.
    pub(crate) fn new(wallet: Weak<Inner>) -> Self {
        Self { wallet, looks: Mutex::default(), turns: Mutex::default() }
    }

    /// Does what is due of a wallet and of its account's plan. Says whether the wallet may look different from how it
    /// did at an instant: by this call or by another one meanwhile.
    pub(crate) async fn renew_due(&self, id: WalletId, asked: Instant) -> Result<bool> {
        let Some(wallet) = Wallet::of(&self.wallet) else { return Ok(false) };
        // Holds that timed out give their credits back.
        let swept = wallet.ledger().expire_due_of(id).await? > 0;
        let known = self.looks.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied();
        if let Some(look) = known
            && look.until.is_none_or(|until| wallet.clock().now() < until)
            && look.at.elapsed() < look.counts_for
        {
            // Who asked before that look ended may have been refused before the work that it saw done.
            return Ok(swept || asked < look.at);
        }
        let Some(account) = wallet.plans().account_with_due(id).await? else { return Ok(swept) };
        let turn = self.turn(account);
        let _turn = turn.lock().await;
        match due(&wallet, account).await? {
            Due::Wait(until) => self.note(id, until, KNOWN_FOR),
            _ => {
                let work = tokio::spawn({
                    let wallet = wallet.clone();
                    async move { wallet.renew_of(account).await }
                });
                tokio::time::timeout(TIMEOUT, work).await.ok();
                match due(&wallet, account).await? {
                    Due::Wait(until) => self.note(id, until, KNOWN_FOR),
                    _ => self.note(id, None, AGAIN_AFTER),
                }
            }
        }
        Ok(true)
    }

    fn note(&self, id: WalletId, until: Option<DateTime<Utc>>, counts_for: Duration) {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.len() >= KNOWN_MAX && !looks.contains_key(&id) {
            looks.clear();
        }
        looks.insert(id, Look { at: Instant::now(), until, counts_for });
    }

    /// Gives what lets one call after the other work for an account: those that come second find nothing due.
    fn turn(&self, account: AccountId) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(&account).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        turns.insert(account, Arc::downgrade(&turn));
        turn
    }
}

async fn due(wallet: &Wallet, account: AccountId) -> Result<Due> {
    let of = wallet.plans().subscription(account).await?;
    Ok(of.map_or(Due::Wait(None), |of| wallet.plans().due(&of)))
}

#[async_trait]
impl PlanUpkeep for Boundaries {
    async fn renew_due(&self, wallet: WalletId, asked: Instant) -> Result<bool> {
        Self::renew_due(self, wallet, asked).await
    }

    async fn rank_now(&self, id: WalletId) -> Result<Option<i32>> {
        let Some(wallet) = Wallet::of(&self.wallet) else { return Ok(None) };
        let Some(account) = wallet.ledger().account_of(id).await? else { return Ok(None) };
        Ok(Some(wallet.plans().current(account).await?.rank))
    }

    async fn top_up_for(&self, id: WalletId, short: Shortfall) -> Option<TopUpHint> {
        Wallet::of(&self.wallet)?.payments().top_up_for(id, short).await
    }
}

impl Wallet {
    /// Reads a wallet as it is now: what everybody is shown who looks at a balance. What is due of it and of its
    /// account's plan is done first.
    pub async fn balance(&self, wallet: WalletId) -> Result<BalanceView> {
        self.catch_up(wallet).await;
        self.ledger().balance(wallet).await
    }

    /// Reads two wallets of one account as they are now: what is due of its plan is looked at once.
    pub async fn balances(&self, [first, second]: [WalletId; 2]) -> Result<[BalanceView; 2]> {
        let balance = self.balance(first).await?;
        if let Err(error) = self.ledger().expire_due_of(second).await {
            tracing::warn!(wallet = %second, %error, "holds that timed out could not be looked at");
        }
        Ok([balance, self.ledger().balance(second).await?])
    }

    /// Does what is due of the plan of a wallet's account, so that whoever looks at the wallet next sees it. What can't
    /// be done now stays for the renewal job.
    pub async fn catch_up(&self, wallet: WalletId) {
        if let Err(error) = self.boundaries().renew_due(wallet, Instant::now()).await {
            tracing::warn!(%wallet, %error, "what is due of a plan could not be looked at");
        }
    }
}
