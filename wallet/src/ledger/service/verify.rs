//! Proof: every invariant over the live database, every chain recomputed, and exports for outsiders.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::db;
use crate::error::{Problem, Refusal, Result};
use crate::id::WalletId;
use crate::ledger::audit::chain_verifier::{ProvenEntry, Verifier};
use crate::ledger::model::archive::Header;
use crate::ledger::model::breach::{Breach, Lateness, Scope};
use crate::ledger::model::hash::Hash;
use crate::ledger::repo::invariants::{INVARIANTS, Invariant};
use crate::ledger::repo::{archive, expiry, verify};
use crate::ledger::service::Ledger;
use crate::money::Credits;

/// The most findings that one invariant reports of one wallet.
const MAX_FOUND: usize = 10;
/// How many rows of a chain are read at once.
const CHAIN_PAGE: i64 = 5_000;
/// How many wallets are listed at once.
const WALLET_PAGE: i64 = 1_000;
/// How long a hold may be open after its end before the sweep is late.
const HOLD_LATE: TimeDelta = TimeDelta::minutes(2);
/// How long a grant may be open after its end before the sweep is late.
const GRANT_LATE: TimeDelta = TimeDelta::minutes(10);

impl Ledger {
    /// Checks every invariant of the ledger and recomputes every chain, as of one moment; an empty list is what it
    /// should be. [`crate::Wallet::verify`] also asks the other concepts.
    pub async fn verify(&self, scope: Scope) -> Result<Vec<Breach>> {
        let pool = self.db.unhurried();
        let mut transaction = db::begin(&pool).await?;
        db::one_moment(&mut transaction).await?;
        db::take_time(&mut transaction).await?;
        let breaches = self.verify_in_tx(&mut transaction, scope).await?;
        transaction.commit().await?;
        pool.close().await;
        Ok(breaches)
    }

    /// Does the same in the caller's transaction.
    #[doc(hidden)]
    pub async fn verify_in_tx(&self, connection: &mut PgConnection, scope: Scope) -> Result<Vec<Breach>> {
        let only = match scope {
            Scope::Everything => None,
            Scope::Wallet(wallet) => Some(wallet),
        };
        let mut breaches = Vec::new();
        for invariants in INVARIANTS {
            breaches.extend(check(connection, invariants, scope).await?);
        }
        let mut wallets: Vec<WalletId> = only.into_iter().collect();
        if only.is_none() {
            wallets = verify::wallets_after(connection, None, WALLET_PAGE).await?;
        }
        while let Some(last) = wallets.last().copied() {
            for wallet in &wallets {
                verify_chain(connection, *wallet, &mut breaches).await?;
            }
            wallets.clear();
            if only.is_none() {
                wallets = verify::wallets_after(connection, Some(last), WALLET_PAGE).await?;
            }
        }
        Ok(breaches)
    }

    /// Names the invariants that [`Ledger::verify`] checks.
    #[doc(hidden)]
    pub fn invariants() -> impl Iterator<Item = &'static str> {
        INVARIANTS.iter().copied().flatten().map(|invariant| invariant.name).chain([HASH_CHAIN])
    }

    /// Counts what the sweeps should have done by now.
    #[doc(hidden)]
    pub async fn lateness(&self) -> Result<Lateness> {
        let now = self.db.now();
        let before = |late: TimeDelta| now.checked_sub_signed(late).unwrap_or(DateTime::<Utc>::MIN_UTC);
        let (holds, grants) = expiry::late(self.db.pool(), before(HOLD_LATE), before(GRANT_LATE)).await?;
        Ok(Lateness { holds, grants })
    }

    /// Gives rows of a wallet with their hashes, after a `seq`, for an offline proof: the header and at most `limit`
    /// rows. A next page starts after the last row of this one. From the beginning on, what is archived is left out:
    /// the header then says after which row this begins. Another row that is archived is refused, with the first one
    /// here.
    pub async fn proof(&self, wallet: WalletId, after: i64, limit: u16) -> Result<(Header, Vec<ProvenEntry>)> {
        let mut transaction = self.db.begin().await?;
        db::one_moment(&mut transaction).await?;
        let archived = archive::newest(&mut transaction, wallet).await?;
        let header = match archived {
            Some(span) if after <= 0 || after == span.to => span.header(wallet),
            None if after <= 0 => Header::new(wallet, 0, &Hash::default(), Credits::ZERO, Credits::ZERO),
            Some(span) if after < span.to => return Err(archived_before(span.to).into()),
            _ => {
                let before = after.checked_sub(1).unwrap_or_default();
                let rows = verify::chain_after(&mut transaction, wallet, before, 1).await?;
                let row = rows.into_iter().next().filter(|row| row.view.seq == after);
                let row = row.ok_or_else(|| Refusal::not_found("entry"))?;
                Header::new(wallet, after, &row.hash, row.view.settled_after, row.view.held_after)
            }
        };
        let limit = i64::from(limit).clamp(1, CHAIN_PAGE);
        let rows = verify::chain_after(&mut transaction, wallet, header.after, limit).await?;
        transaction.commit().await?;
        Ok((header, rows.iter().map(ProvenEntry::from).collect()))
    }
}

/// Refuses to prove rows that were moved to a file; the first one that is here is named.
fn archived_before(last: i64) -> Refusal {
    let first = last.saturating_add(1);
    let message = format!("The rows up to {last} are archived. Begin with {first}, or leave `from` out.");
    Refusal::unprocessable("from", Problem::Expired, message)
}

/// Runs invariants of this or another concept in the caller's transaction.
pub(crate) async fn check(
    connection: &mut PgConnection,
    invariants: &[Invariant],
    scope: Scope,
) -> Result<Vec<Breach>> {
    let only = match scope {
        Scope::Everything => None,
        Scope::Wallet(wallet) => Some(wallet),
    };
    let mut breaches = Vec::new();
    for invariant in invariants {
        let found = verify::run(connection, invariant, only, MAX_FOUND).await?;
        let breach = |(wallet, found)| Breach { invariant: invariant.name.to_owned(), wallet, found };
        breaches.extend(found.into_iter().map(breach));
    }
    Ok(breaches)
}

/// The name of the check that is not SQL.
const HASH_CHAIN: &str = "hash_chain_is_unbroken";

/// Recomputes the chain of one wallet.
async fn verify_chain(connection: &mut PgConnection, wallet: WalletId, breaches: &mut Vec<Breach>) -> Result<()> {
    let archived = archive::newest(connection, wallet).await?;
    let mut verifier = archived.map_or_else(|| Verifier::new(wallet), |span| Verifier::after_archive(wallet, &span));
    loop {
        let (after, _) = verifier.head();
        let rows = verify::chain_after(connection, wallet, after, CHAIN_PAGE).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            if let Err(found) = verifier.next(row) {
                breaches.push(Breach { invariant: HASH_CHAIN.to_owned(), wallet: Some(wallet), found });
                return Ok(());
            }
        }
    }
}
