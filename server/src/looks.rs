//! Plans renew, add-ons are deducted, metered months are closed, low wallets are topped up and documents are issued when
//! they are due, not at the next minute: every node looks twice a second.
//!
//! The jobs of every minute stay, for a node on which this stands still. Any number of nodes may look at once: what is
//! due is taken by one of them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use wallet::Wallet;
use wallet::error::Result;

use crate::state::AppState;

/// How often a node looks.
const EVERY: Duration = Duration::from_millis(500);
/// Looks of a kind that are under way at once: one whose provider does not answer must not hold up the others.
const AT_ONCE: usize = 4;

/// What a node looks for.
#[derive(Clone, Copy, Debug)]
pub enum Look {
    /// Plans that are due, add-ons, and metered months that are over.
    Plans,
    /// Wallets that run low; also at once where this node has refused a charge that a top-up would cover.
    LowWallets,
    /// Payments and refunds without their documents.
    Documents,
}

impl Look {
    /// Waits until a look is asked for before its time.
    async fn asked(self, wallet: &Wallet) {
        match self {
            Self::Plans | Self::Documents => std::future::pending().await,
            Self::LowWallets => wallet.payments().top_up_is_asked_for().await,
        }
    }

    async fn once(self, wallet: &Wallet) -> Result<()> {
        match self {
            Self::Plans => {
                let (plans, add_ons, metered) =
                    tokio::join!(wallet.renew_plans(), wallet.deduct_add_ons(), wallet.close_metered_months());
                plans.and(add_ons.map(drop)).and(metered.map(drop))
            }
            Self::LowWallets => wallet.payments().top_up_due().await.map(drop),
            Self::Documents => wallet.invoices().issue_due().await.map(drop),
        }
    }
}

/// Starts to look; it ends when the process stops.
pub fn start(state: &AppState, look: Look) -> JoinHandle<()> {
    let state = state.clone();
    tokio::spawn(async move {
        let (mut ticks, places) = (tokio::time::interval(EVERY), Arc::new(Semaphore::new(AT_ONCE)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = state.stopping.cancelled() => return,
                () = look.asked(&state.wallet) => {}
                _ = ticks.tick() => {}
            }
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            let wallet = state.wallet.clone();
            tokio::spawn(async move {
                // A database that is away is told of by those who need it more; the next look comes soon.
                if let Err(error) = look.once(&wallet).await {
                    tracing::debug!(?look, %error, "what is due could not be looked for");
                }
                drop(place);
            });
        }
    })
}
