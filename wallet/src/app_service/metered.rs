//! Months of metered items are closed: after what is due of the account's plan, and with what auto top-up buys.
//!
//! Nothing here is remembered between two steps. Whoever comes after a crash, or runs at the same time, finds the same
//! month open, under the same key.

use tokio::task::JoinSet;

use crate::Wallet;
use crate::add_on::rule::{Short, after_short};
use crate::error::{Error, Result, Shortfall};
use crate::id::WalletId;
use crate::ledger::Purpose;
use crate::metered::rule::Due;
use crate::metered::{Closed, MeteredWallet};
use crate::money::Credits;

/// Wallets that are taken at once.
const AT_ONCE: i64 = 64;
/// The most steps for one wallet in one go.
const STEPS_MAX: u32 = 100;

/// What a run over the months did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MonthsClosed {
    /// Months that were closed.
    pub closed: u32,
    /// Those of them of which something goes over to the next month.
    pub carried: u32,
    /// Wallets that stay for the next run.
    pub failed: u32,
}

impl MonthsClosed {
    /// Says whether anything happened.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what another run did.
    pub fn add(&mut self, other: &Self) {
        self.closed = self.closed.saturating_add(other.closed);
        self.carried = self.carried.saturating_add(other.carried);
        self.failed = self.failed.saturating_add(other.failed);
    }
}

impl Wallet {
    /// Closes every month of metered items that is over. Safe on any number of nodes at once, and as often as one likes.
    pub async fn close_metered_months(&self) -> Result<MonthsClosed> {
        let mut report = MonthsClosed::default();
        loop {
            let taken = self.metered().take_due(AT_ONCE).await?;
            if taken.is_empty() {
                return Ok(report);
            }
            let mut work = JoinSet::new();
            for wallet in taken {
                let this = self.clone();
                work.spawn(async move { this.close_months_of(wallet).await });
            }
            for one in work.join_all().await {
                report.add(&one);
            }
        }
    }

    /// Closes what is over of one wallet; what goes wrong stays with it.
    async fn close_months_of(&self, wallet: WalletId) -> MonthsClosed {
        let mut report = MonthsClosed::default();
        // A plan's credits of the same day come before.
        self.catch_up(wallet).await;
        if let Err(error) = self.close_months(wallet, &mut report).await {
            tracing::error!(%wallet, %error, "a metered month could not be closed; it is tried again in a minute");
            report.failed = report.failed.saturating_add(1);
        }
        report
    }

    async fn close_months(&self, wallet: WalletId, report: &mut MonthsClosed) -> Result<()> {
        for _ in 0..STEPS_MAX {
            let Some(of) = self.metered().find(wallet).await? else { return Ok(()) };
            if let Due::Wait(until) = self.metered().due(&of)? {
                return self.metered().wait(&of, until, None).await;
            }
            if !self.close_month(of, report).await? {
                return Ok(());
            }
        }
        Err(Error::internal("a metered month does not come to rest"))
    }

    /// Closes a month, or finds that it is to be read anew; `false` where it waits for credits.
    async fn close_month(&self, of: MeteredWallet, report: &mut MonthsClosed) -> Result<bool> {
        let month = self.metered().month_due(of.clone()).await?;
        let balance = self.ledger().balance(of.wallet).await?;
        let is_stopped = balance.frozen.is_some() || balance.inactive;
        let general = balance.available_for(Purpose::Other)?;
        if !is_stopped && general < month.due {
            let now = self.clock().now();
            let limited = balance.available.checked_sub(general).unwrap_or_default();
            let short = Shortfall { needed: month.due, limited };
            let is_coming = self.credits_are_coming(of.wallet, of.account, short).await?;
            if let Short::Wait(until) = after_short(of.short_since, is_coming, now) {
                self.metered().wait(&of, until, of.short_since.or(Some(now))).await?;
                return Ok(false);
            }
        }
        let can_pay = if is_stopped { Credits::ZERO } else { general };
        match self.metered().close(&month, can_pay).await? {
            (Closed::Done, carried) => {
                report.closed = report.closed.saturating_add(1);
                report.carried = report.carried.saturating_add(u32::from(carried.is_positive()));
            }
            (Closed::Moved, _) => {}
            (Closed::Refused(refusal), _) => {
                // A charge was first, or the wallet was frozen just now: it is read anew.
                tracing::debug!(wallet = %of.wallet, ?refusal, "a metered month is read anew");
            }
        }
        Ok(true)
    }
}
