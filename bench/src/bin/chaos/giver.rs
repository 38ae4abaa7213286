//! Credits that come in between: small grants to poor wallets, made beside the nodes' writers and behind their backs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use sqlx::postgres::PgPoolOptions;
use wallet::db::JobQueue;
use wallet::error::Error;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::Actor;
use wallet::ledger::{Command, GrantSource, NewGrant, Submission};
use wallet::money::Credits;
use wallet::{Options, Wallet};

use crate::caller::Board;
use crate::seed::{Payer, Purse};

/// The pause between two grants.
const PAUSE: Duration = Duration::from_millis(50);
/// How long one grant may stay without an answer.
const TIMEOUT: Duration = Duration::from_secs(60);
/// What each brings, in credits.
const CREDITS: i64 = 3;

/// Somebody who gives credits.
pub struct Giver {
    wallet: Wallet,
    poor: Vec<Payer>,
    segment: u64,
    board: Arc<Board>,
}

impl Giver {
    /// Works straight on the database: a node that nobody kills.
    pub async fn new(url: &str, payers: &[Payer], segment: u64, board: Arc<Board>) -> Result<Self> {
        let pool = PgPoolOptions::new().acquire_timeout(Duration::from_secs(5)).connect_lazy(url)?;
        let wallet = Wallet::new(pool, Options { jobs: JobQueue::None, ..Options::default() });
        let poor = payers.iter().filter(|payer| payer.purse == Purse::Poor).cloned().collect();
        Ok(Self { wallet, poor, segment, board })
    }

    /// Gives until told to stop; every grant is tried with its key until it is answered.
    pub async fn work(self) -> Result<()> {
        let mut number = 0_u64;
        while !self.board.is_stopped() {
            for payer in &self.poor {
                self.give(payer, number).await?;
            }
            number += 1;
            tokio::time::sleep(PAUSE).await;
        }
        self.wallet.shutdown().await;
        Ok(())
    }

    async fn give(&self, payer: &Payer, number: u64) -> Result<()> {
        let key = IdempotencyKey::internal(format!("gift:{}:{number}", self.segment));
        let amount = Credits::from_whole(CREDITS).unwrap_or_default();
        let asked_at = Instant::now();
        loop {
            let grant = Command::Grant(NewGrant::new(amount, GrantSource::Promo, "A little"));
            let submission = Submission::new(payer.wallet, key.clone(), Actor::system("chaos"), grant);
            match self.wallet.ledger().submit(submission).await {
                Ok(_) => return Ok(()),
                // PostgreSQL is away, or somebody else keeps the wallet: the same key once more.
                Err(Error::Refused(refusal)) if refusal.status() == 503 => {}
                Err(Error::Internal(_)) => {}
                Err(error) => return Err(error.into()),
            }
            if asked_at.elapsed() > TIMEOUT {
                bail!("a grant was not made in {} s", TIMEOUT.as_secs());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
