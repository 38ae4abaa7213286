//! Locked quotes: prices that are kept for a while, for one wallet.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgExecutor;

use crate::error::{Problem, Refusal, Result};
use crate::id::WalletId;
use crate::tariff::model::quote::{LineRequest, LockedQuote, Quote, QuoteId};
use crate::tariff::pricing::service::{Pricing, Tariffs};
use crate::tariff::repo;

/// A quote is swept so long after its time is over.
const QUOTE_KEPT: TimeDelta = TimeDelta::days(7);

impl Tariffs {
    /// Prices a thing and keeps the price for a while: a charge or hold of this wallet that names the quote costs
    /// exactly that, whatever the price book says by then.
    pub async fn lock_quote(&self, wallet: WalletId, line: &LineRequest) -> Result<LockedQuote> {
        let pricing = self.pricing().await?;
        let quote = pricing.book.quote(&line.operation, &line.params, line.count)?;
        pricing.lock(self.db.pool(), wallet, quote).await
    }

    /// Prices several things by one book and keeps each price until the same instant, all or none of them; the paths of
    /// what is wrong begin with `lines.0`.
    pub async fn lock_quotes(&self, wallet: WalletId, lines: &[LineRequest]) -> Result<Vec<LockedQuote>> {
        let pricing = self.pricing().await?;
        let quotes = pricing.book.quote_batch(lines)?.quotes;
        let mut tx = self.db.begin().await?;
        let mut kept = Vec::with_capacity(quotes.len());
        for quote in quotes {
            kept.push(pricing.lock(&mut *tx, wallet, quote).await?);
        }
        tx.commit().await?;
        Ok(kept)
    }

    /// Gives the quotes of a wallet by their names, in that order; over or not, as long as they are not swept.
    pub async fn locked_quotes(&self, wallet: WalletId, ids: &[QuoteId]) -> Result<Vec<LockedQuote>> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(repo::locked_quote(self.db.pool(), wallet, *id).await?.map(|(locked, _)| locked));
        }
        Ok(found)
    }

    /// Removes locked quotes that are long over; says how many.
    pub async fn sweep_quotes(&self) -> Result<u64> {
        repo::sweep_quotes(self.db.pool(), self.db.now() - QUOTE_KEPT).await
    }

    /// Finds a locked quote that still holds and is for the same thing, with the plans that it needs.
    pub(in crate::tariff) async fn honoured(
        &self,
        wallet: WalletId,
        line: &LineRequest,
        id: QuoteId,
        now: DateTime<Utc>,
    ) -> Result<(LockedQuote, Vec<String>)> {
        let wrong = |problem, message: &str| Refusal::unprocessable("quote_id", problem, message);
        let found = repo::locked_quote(self.db.pool(), wallet, id).await?;
        let (locked, plans) = found.ok_or_else(|| wrong(Problem::Unknown, "There is no such quote."))?;
        if locked.expires_at <= now {
            return Err(wrong(Problem::Expired, "The quote has expired. Ask for a new one.").into());
        }
        let quote = &locked.quote;
        if quote.operation != line.operation || quote.params != line.params || quote.count != line.count {
            let message = "The quote is for another operation, other params or another count.";
            return Err(wrong(Problem::NotAllowed, message).into());
        }
        Ok((locked, plans))
    }
}

impl Pricing {
    /// Keeps a price, with the plans that it needs by now.
    async fn lock(&self, executor: impl PgExecutor<'_>, wallet: WalletId, quote: Quote) -> Result<LockedQuote> {
        let expires_at = self.now + TimeDelta::minutes(self.cached.rules.quote_minutes);
        let plans = self.book.plans_needed(&quote.operation, &quote.params);
        let plans: Vec<String> = plans.into_iter().map(str::to_owned).collect();
        let locked = LockedQuote { id: QuoteId::new(self.now), expires_at, quote };
        repo::insert_quote(executor, wallet, &locked, &plans, self.now).await?;
        Ok(locked)
    }
}
