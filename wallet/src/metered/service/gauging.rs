//! Setting a gauge: what the platform measured, since when.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use sqlx::PgConnection;

use super::{Metered, beyond, terms_of};
use crate::catalog::MeteredItem;
use crate::error::{Error, Problem, Refusal, Result};
use crate::idempotency::{IdempotencyKey, RequestHash, first_answer, keep_answer};
use crate::identity::Actor;
use crate::metered::model::MeteredWallet;
use crate::metered::{NewGauge, Quantity, repo, rule};

impl Metered {
    /// Sets a gauge of a wallet, once per key: it counts from its second until the next gauge's, whenever each of them
    /// comes. Of two of the same second the one that came later counts. `answer` writes what a repeat is told, too;
    /// gives that, and whether it is a repeat.
    ///
    /// # Errors
    /// `Unprocessable` at `item` where the catalog has no such item; at `value` where it is below 0, above
    /// 1 000 000 000, or more than could be charged; at `at` where that is still to come, or in a month that is closed.
    /// `IdempotencyMismatch` where the key was used for something else.
    pub async fn set_gauge(
        &self,
        new: &NewGauge,
        by: &Actor,
        (key, hash): (&IdempotencyKey, RequestHash),
        answer: impl FnOnce(DateTime<Utc>) -> Result<String> + Send,
    ) -> Result<(String, bool)> {
        // Before the transaction, which has a connection of its own.
        let catalog = self.catalog.view().await?;
        let plan = self.plans.current(new.account).await?.code;
        let first = self.first(new.wallet, new.account).await?;
        let mut tx = self.db.begin().await?;
        if let Some(first) = first_answer(&mut tx, new.wallet, (key, hash), self.db.now()).await? {
            return Ok((first, true));
        }
        let offer = catalog.metered.iter().find(|offer| offer.code == new.item);
        let offer = offer.ok_or_else(|| wrong("item", Problem::Unknown, "There is no metered item of this name."))?;
        let at = self.set_in_tx(&mut tx, new, (offer, &plan, &first), by).await?;
        let text = answer(at)?;
        keep_answer(&mut tx, new.wallet, key, &text).await?;
        tx.commit().await?;
        Ok((text, false))
    }

    async fn set_in_tx(
        &self,
        connection: &mut PgConnection,
        new: &NewGauge,
        (offer, plan, first): (&MeteredItem, &str, &MeteredWallet),
        by: &Actor,
    ) -> Result<DateTime<Utc>> {
        check_value(new.value)?;
        let of = self.locked(connection, first).await?;
        // After the lock: whoever kept it may have closed the month meanwhile.
        let now = self.db.now();
        let at = new.at.unwrap_or(now).trunc_subsecs(0);
        check_time(&of, at, now)?;
        let terms = terms_of(offer, plan, of.starts_at);
        if rule::is_too_dear(&terms, new.value) {
            return Err(wrong("value", Problem::TooLarge, "A month of so many costs more than can be charged."));
        }
        repo::insert_terms(connection, of.wallet, &terms).await?;
        repo::insert_gauge(connection, &of, (&new.item, at, new.value), by, now).await?;
        Ok(at)
    }

    /// Reads the wallet's running month and keeps it; begins the first one where there is none.
    async fn locked(&self, connection: &mut PgConnection, first: &MeteredWallet) -> Result<MeteredWallet> {
        if let Some(of) = repo::lock(connection, first.wallet).await? {
            return Ok(of);
        }
        let due_at = rule::closes_at(first.ends_at).ok_or_else(beyond)?;
        repo::open(connection, first, due_at, self.db.now()).await?;
        let of = repo::lock(connection, first.wallet).await?;
        of.ok_or_else(|| Error::internal("a metered wallet is not there though it was made"))
    }
}

fn check_value(value: Quantity) -> Result<()> {
    if value < Quantity::default() {
        return Err(wrong("value", Problem::TooSmall, "Must be 0 or more."));
    }
    if value > Quantity::MAX {
        return Err(wrong("value", Problem::TooLarge, "Must be at most 1000000000."));
    }
    Ok(())
}

fn check_time(of: &MeteredWallet, at: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
    let latest = now.checked_add_signed(TimeDelta::seconds(rule::AHEAD_SECONDS)).ok_or_else(beyond)?;
    if at > latest {
        return Err(wrong("at", Problem::NotAllowed, "This instant is still to come."));
    }
    if at < of.starts_at {
        let since = of.starts_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let message = format!("This month is closed: gauges count from {since} on.");
        return Err(wrong("at", Problem::NotAllowed, &message));
    }
    Ok(())
}

fn wrong(field: &str, problem: Problem, message: &str) -> Error {
    Refusal::unprocessable(field, problem, message).into()
}
