//! What auto top-up does about a charge that was refused: looked at beside the charge, never by it, and told in its
//! answer. The card is charged by somebody else.
//!
//! A wallet without auto top-up costs one small read a second, however many of its charges are refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::Payments;
use crate::error::{Result, Shortfall, TopUpHint, TopUpHintState};
use crate::id::WalletId;
use crate::ledger::{BalanceView, Purpose};
use crate::money::Credits;
use crate::payment::auto_top_up::Step;
use crate::payment::repo;

/// For how long an answer counts for the next refused charge of a wallet.
const COUNTS_FOR: Duration = Duration::from_millis(500);
/// For how long it counts that a wallet has no auto top-up.
const NONE_COUNTS_FOR: Duration = Duration::from_secs(1);
/// The most wallets that are remembered.
const KNOWN_MAX: usize = 10_000;
/// After how many seconds a repeat is worthwhile whose credits are being bought.
const RETRY_SECONDS: u32 = 3;

/// What was answered last.
#[derive(Clone, Copy)]
struct Look {
    at: Instant,
    /// What the charge asked for; `None` where the wallet has no auto top-up, whatever is needed.
    short: Option<Shortfall>,
    hint: Option<TopUpHint>,
}

type Turns = HashMap<WalletId, Arc<tokio::sync::Mutex<()>>>;

/// Charges that were refused on this node.
#[derive(Clone, Default)]
pub(super) struct RefusedCharges {
    looks: Arc<Mutex<HashMap<WalletId, Look>>>,
    turns: Arc<Mutex<Turns>>,
    asked: Arc<Notify>,
}

impl RefusedCharges {
    /// Waits until a wallet is to be looked at.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Forgets what was answered for a wallet: its owner has changed something.
    pub(super) fn forget(&self, wallet: WalletId) {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner).remove(&wallet);
    }

    fn known(&self, wallet: WalletId, short: Shortfall) -> Option<Look> {
        let looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let look = looks.get(&wallet).copied()?;
        let counts = match look.short {
            None => look.at.elapsed() < NONE_COUNTS_FOR,
            Some(known) => known == short && look.at.elapsed() < COUNTS_FOR,
        };
        counts.then_some(look)
    }

    fn note(&self, wallet: WalletId, short: Option<Shortfall>, hint: Option<TopUpHint>) {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.len() >= KNOWN_MAX && !looks.contains_key(&wallet) {
            looks.clear();
        }
        looks.insert(wallet, Look { at: Instant::now(), short, hint });
    }

    /// Gives what lets one charge after the other look: those that come second find the answer.
    fn turn(&self, wallet: WalletId) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= KNOWN_MAX {
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        Arc::clone(turns.entry(wallet).or_default())
    }
}

impl Payments {
    /// Says what auto top-up does about a charge of a wallet that was refused for want of credits, and has the wallet
    /// looked at where that helps. `None` where the wallet has no auto top-up, or nothing can be said.
    pub(crate) async fn top_up_for(&self, wallet: WalletId, short: Shortfall) -> Option<TopUpHint> {
        if let Some(look) = self.refused.known(wallet, short) {
            return look.hint;
        }
        let turn = self.refused.turn(wallet);
        let _turn = turn.lock().await;
        if let Some(look) = self.refused.known(wallet, short) {
            return look.hint;
        }
        match self.look_at_refused(wallet, short).await {
            Ok(hint) => hint,
            // The charge is refused in any case; who needs the database more tells of it.
            Err(error) => {
                tracing::warn!(%wallet, %error, "auto top-up could not be looked at for a refused charge");
                None
            }
        }
    }

    async fn look_at_refused(&self, wallet: WalletId, short: Shortfall) -> Result<Option<TopUpHint>> {
        let pool = self.db.pool();
        let Some(of) = repo::auto_top_up::find(pool, wallet).await?.filter(|of| of.is_on) else {
            self.refused.note(wallet, None, None);
            return Ok(None);
        };
        let hint = |state, retry_after_seconds| Some(TopUpHint { state, retry_after_seconds });
        let now = self.db.now();
        let in_seconds = |until: chrono::DateTime<chrono::Utc>| {
            u32::try_from((until - now).num_seconds().max(1)).unwrap_or(u32::MAX)
        };
        let balance = self.ledger.balance(wallet).await?;
        let general = balance.available_for(Purpose::Other)?;
        let needed = general_part(short, &balance, general);
        let is_over = of.until.is_some_and(|until| until <= now);
        let answer = if let Some(payment) = of.open_payment {
            let row = repo::payment::by_id(pool, payment).await?;
            let after = row.and_then(|row| general.checked_add(row.credits)?.checked_add(row.bonus));
            match after.is_some_and(|after| after >= needed) {
                true => hint(TopUpHintState::Pending, Some(RETRY_SECONDS)),
                false => hint(TopUpHintState::TooSmall, None),
            }
        } else if of.reason.is_some() && !is_over {
            hint(TopUpHintState::Suspended, of.until.map(in_seconds))
        } else {
            let considered = self.consider(&of, &balance, Some(needed)).await?;
            let after = considered.order.and_then(|order| general.checked_add(order.credits)?.checked_add(order.bonus));
            let covers = after.is_some_and(|after| after >= needed);
            if matches!(considered.step, Step::Charge | Step::Suspend(..) | Step::Wait(_)) {
                repo::auto_top_up::ask(pool, wallet, needed, now).await?;
                self.refused.asked.notify_one();
            }
            match considered.step {
                Step::Rest => None,
                Step::Suspend(_, until) => hint(TopUpHintState::Suspended, until.map(in_seconds)),
                // Low as it is it is topped up, and that is not enough for this charge.
                step if !covers || step == Step::TooSmall => hint(TopUpHintState::TooSmall, None),
                Step::Wait(until) => hint(TopUpHintState::Waiting, Some(in_seconds(until))),
                _ => hint(TopUpHintState::Pending, Some(RETRY_SECONDS)),
            }
        };
        self.refused.note(wallet, Some(short), answer);
        Ok(answer)
    }
}

/// Tells how much of what a debit needs must be credits for anything: the rest of it is there, limited to what the debit
/// is for.
fn general_part(short: Shortfall, balance: &BalanceView, general: Credits) -> Credits {
    let own = balance.available.checked_sub(short.limited).and_then(|usable| usable.checked_sub(general));
    let own = own.unwrap_or_default().max(Credits::ZERO);
    short.needed.checked_sub(own).unwrap_or(short.needed)
}
