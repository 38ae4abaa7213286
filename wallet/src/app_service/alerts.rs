//! Owners are told of their credits: low, gone, soon gone, soon expired. Each once per crossing.
//!
//! Nothing is added to a charge. A job looks at wallets that have moved since its last look: a hundred charges between
//! two looks are one crossing. What is told and the note that it was told are one transaction.

use chrono::TimeDelta;

use crate::Wallet;
use crate::error::Result;
use crate::id::WalletId;
use crate::insight::Forecast;
use crate::money::Credits;
use crate::notify::alert::repo::{self, Expiring, Moved, Owner, Seen};
use crate::notify::alert::rule::{self, Line, Outlook, Standing};
use crate::notify::webhook::{self, GrantNotice, Notice};
use crate::notify::{BalanceMail, BalanceStep, ExpiringLine, ExpiringMail, Mail, Topic, low_below};

/// Wallets of one page.
const PAGE: i64 = 500;
/// How often it is worked out at most until when a wallet lasts: that reads its rows of seven days.
const FORECAST_EVERY: TimeDelta = TimeDelta::hours(1);
/// The most lines of one mail about credits that expire.
const LINES_MAX: usize = 10;

impl Wallet {
    /// Tells owners whose wallets' credits are low, gone or soon gone; gives how many mails. Safe on any number of
    /// nodes at once, and as often as one likes.
    pub async fn tell_of_balances(&self) -> Result<u64> {
        let mut mails = 0_u64;
        let mut after = None;
        loop {
            let page = repo::moved(self.pool(), after, PAGE).await?;
            for moved in &page {
                match self.look_at(moved).await {
                    Ok(told) => mails = mails.saturating_add(told),
                    // The others do not wait for it; the next run looks again.
                    Err(error) if !error.is_transient() => {
                        tracing::error!(wallet = %moved.wallet, %error, "a balance could not be looked at");
                    }
                    Err(error) => return Err(error),
                }
            }
            match page.last() {
                Some(last) => after = Some(last.wallet),
                None => return Ok(mails),
            }
        }
    }

    async fn look_at(&self, moved: &Moved) -> Result<u64> {
        let (wallet, now) = (moved.wallet, self.clock().now());
        let is_due = moved.forecast_at.is_none_or(|at| now.signed_duration_since(at) >= FORECAST_EVERY);
        let outlook = if is_due {
            // A wallet whose pace takes too long to read is asked again in its turn, and keeps nobody else waiting.
            self.outlook(wallet).await.unwrap_or_else(|error| {
                tracing::warn!(%wallet, %error, "until when a wallet lasts could not be worked out");
                Outlook::Unknown
            })
        } else {
            Outlook::Unknown
        };
        let mut tx = self.db().begin().await?;
        let Some(seen) = repo::lock(&mut tx, wallet).await? else { return Ok(0) };
        if seen.seq <= seen.looked_seq {
            return Ok(0);
        }
        let standing = Standing {
            available: seen.available,
            low_below: low_below(seen.last_refill, self.catalog().view().await?.settings.low_alert_percent),
            own_below: seen.low_below,
            outlook,
            grants: seen.grants,
        };
        let known = repo::lines(&mut tx, wallet).await?;
        let of = |line: Line| known.iter().find(|(of, _)| *of == line).map(|(_, crossing)| *crossing);
        let look = rule::look(&standing, of, now);
        for changed in &look.changed {
            repo::keep(&mut tx, wallet, *changed).await?;
        }
        let mut mails = 0_u64;
        if let Some(owner) = repo::owner(&mut tx, moved.account).await? {
            for (topic, step) in self.steps(&mut tx, wallet, &owner, &seen, &standing, &look.crossed).await? {
                let unsubscribe = self.notify().unsubscribe_token(&mut tx, moved.account, topic).await?;
                let mail = BalanceMail { name: owner.name.clone(), available: seen.available, step, unsubscribe };
                self.notify().enqueue_mail_in_tx(&mut tx, &owner.email, &owner.locale, &Mail::Balance(mail)).await?;
                mails = mails.saturating_add(1);
            }
        }
        repo::looked(&mut tx, wallet, seen.seq, is_due.then_some(now)).await?;
        tx.commit().await?;
        self.pay_debts(wallet, (seen.available.is_negative(), seen.other_owes)).await?;
        Ok(mails)
    }

    /// Lists what the owner is told: the worst of what was crossed, and the plan's credits, where that is wanted.
    async fn steps(
        &self,
        connection: &mut sqlx::PgConnection,
        wallet: WalletId,
        owner: &Owner,
        seen: &Seen,
        standing: &Standing,
        crossed: &[Line],
    ) -> Result<Vec<(Topic, BalanceStep)>> {
        let mut steps = Vec::new();
        if let Some(line) = rule::told(crossed, |topic| owner.wants(topic)) {
            let low = |below: Option<Credits>, is_own| BalanceStep::Low { below: below.unwrap_or_default(), is_own };
            let step = match line {
                Line::Empty => BalanceStep::Empty,
                Line::RunsOut => BalanceStep::RunsOut,
                Line::Own => low(standing.own_below, true),
                Line::Low => low(standing.low_below, false),
            };
            steps.push((line.topic(), step));
        }
        if owner.wants(Topic::Allowance)
            && let Some((credits, expires_at)) = repo::allowance_after(connection, wallet, seen.looked_seq).await?
        {
            steps.push((Topic::Allowance, BalanceStep::Allowance { credits, expires_at }));
        }
        Ok(steps)
    }

    /// Works out until when a wallet lasts. One that auto top-up fills does not run out.
    async fn outlook(&self, wallet: WalletId) -> Result<Outlook> {
        let auto = self.payments().auto_top_up(wallet).await?;
        if auto.is_on() && auto.stopped().is_none() {
            return Ok(Outlook::Lasts);
        }
        let balance = self.ledger().balance(wallet).await?;
        Ok(match self.insight().forecast(&balance).await? {
            Forecast::Until { at, .. } => Outlook::Until(at),
            // Nothing is known of its pace, or not now.
            Forecast::NotEnough => Outlook::Unknown,
            Forecast::NotSpent | Forecast::Covered { .. } => Outlook::Lasts,
        })
    }

    /// Tells of credits that expire in 30, 7 or 1 days: by mail to owners, by `grant.expiring` to endpoints; gives how
    /// many grants. Safe on any number of nodes at once, and as often as one likes.
    pub async fn tell_of_expiring_credits(&self) -> Result<u64> {
        let mut told = 0_u64;
        let mut after = None;
        loop {
            let page = repo::expiring(self.pool(), after, self.clock().now(), PAGE).await?;
            let Some(last) = page.last().map(|last| last.wallet) else { return Ok(told) };
            for of_wallet in page.chunk_by(|one, other| one.wallet == other.wallet) {
                match self.tell_expiring(of_wallet).await {
                    Ok(grants) => told = told.saturating_add(grants),
                    // The others do not wait for it; the next run tells it.
                    Err(error) if !error.is_transient() => {
                        let wallet = of_wallet.first().map(|first| first.wallet);
                        tracing::error!(?wallet, %error, "credits that expire could not be told of");
                    }
                    Err(error) => return Err(error),
                }
            }
            after = Some(last);
        }
    }

    /// Tells of what expires of one wallet, in one mail for each number of days.
    async fn tell_expiring(&self, of_wallet: &[Expiring]) -> Result<u64> {
        let now = self.clock().now();
        let mut tx = self.db().begin().await?;
        let mut new: Vec<&Expiring> = Vec::new();
        for expiring in of_wallet {
            if repo::note_expiring(&mut tx, expiring, now).await? {
                let notice = Notice::Grant(GrantNotice {
                    grant: expiring.grant,
                    label: expiring.label.clone(),
                    credits: expiring.remaining,
                    expires_at: expiring.expires_at,
                    days: expiring.days,
                });
                webhook::note_in_tx(&mut tx, expiring.wallet, &notice, now).await?;
                new.push(expiring);
            }
        }
        let Some(first) = new.first().filter(|first| first.is_production) else {
            tx.commit().await?;
            return Ok(u64::try_from(new.len()).unwrap_or(u64::MAX));
        };
        let owner = repo::owner(&mut tx, first.account).await?.filter(|owner| owner.wants(Topic::Expiring));
        if let Some(owner) = owner {
            let mut days: Vec<i16> = new.iter().map(|expiring| expiring.days).collect();
            days.dedup();
            for days in days {
                let unsubscribe = self.notify().unsubscribe_token(&mut tx, first.account, Topic::Expiring).await?;
                let of_days = new.iter().filter(|expiring| expiring.days == days);
                let credits = Credits::checked_sum(of_days.clone().map(|expiring| expiring.remaining));
                let lines = of_days.take(LINES_MAX).map(|expiring| ExpiringLine {
                    label: expiring.label.clone(),
                    credits: expiring.remaining,
                    at: expiring.expires_at,
                });
                let mail = ExpiringMail {
                    name: owner.name.clone(),
                    days,
                    credits: credits.unwrap_or(Credits::MAX),
                    lines: lines.collect(),
                    unsubscribe,
                };
                self.notify().enqueue_mail_in_tx(&mut tx, &owner.email, &owner.locale, &Mail::Expiring(mail)).await?;
            }
        }
        tx.commit().await?;
        Ok(u64::try_from(new.len()).unwrap_or(u64::MAX))
    }
}
