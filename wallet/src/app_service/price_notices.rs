//! Telling people of a published version, with everything that knows of it: what it means to each account (tariffs),
//! the mails (notify). Webhooks follow published books by themselves.

use std::collections::BTreeMap;

use crate::Wallet;
use crate::error::Result;
use crate::money::Credits;
use crate::notify::repo::news::{self, RiseReader};
use crate::notify::{Mail, RiseLine, RiseMail, WithdrawnMail};
use crate::tariff::{Announcement, BookStatus, OperationImpact, PriceChange, Told};

/// Mails queued in one transaction.
const MAILS_AT_ONCE: i64 = 200;

impl Wallet {
    /// Tells people of every published version of which they were not told: once, however often it is called, and on
    /// however many nodes.
    ///
    /// Whoever owns an account whose charges go up gets a mail with the own figures. Accounts that used nothing of what
    /// changes get none: for them there are changelog, feeds, API and webhook.
    pub async fn tell_price_changes(&self) -> Result<Vec<Told>> {
        let mut told = Vec::new();
        while let Some(version) = self.tariffs().take_untold().await? {
            match self.tell(version).await {
                Ok(one) => told.push(one),
                Err(error) => {
                    self.tariffs().leave_untold(version).await?;
                    return Err(error);
                }
            }
        }
        Ok(told)
    }

    async fn tell(&self, version: i32) -> Result<Told> {
        self.tariffs().weigh(version).await?;
        let announcement = self.tariffs().announcement(version).await?;
        let mails = match announcement.status {
            BookStatus::Withdrawn => self.mail_withdrawal(&announcement).await?,
            _ if announcement.rises() => self.mail_rise(&announcement).await?,
            _ => 0,
        };
        let told = Told { version, mails };
        self.tariffs().mark_told(&announcement).await?;
        tracing::info!(version, mails = told.mails, "told of a price change");
        Ok(told)
    }

    /// Queues the mails about a rise, some at a time; says how many.
    async fn mail_rise(&self, announcement: &Announcement) -> Result<u64> {
        let days = self.tariffs().impact_days().await?;
        let mut mails = 0_u64;
        loop {
            let readers = news::rise_readers(self.pool(), announcement.version, MAILS_AT_ONCE).await?;
            if readers.is_empty() {
                return Ok(mails);
            }
            let mut tx = self.db().begin().await?;
            for reader in readers {
                let now = self.db().now();
                if !news::note_rise_mail(&mut tx, announcement.version, reader.user, now).await? {
                    continue;
                }
                let (email, locale) = (reader.email.clone(), reader.locale.clone());
                let mail = Mail::PriceRise(compose(announcement, reader, days)?);
                self.notify().enqueue_mail_in_tx(&mut tx, &email, &locale, &mail).await?;
                mails = mails.saturating_add(1);
            }
            tx.commit().await?;
        }
    }
}

impl Wallet {
    /// Queues the mails to those who were mailed about a version that is withdrawn, some at a time; says how many.
    async fn mail_withdrawal(&self, announcement: &Announcement) -> Result<u64> {
        let version = announcement.version;
        let mut mails = 0_u64;
        loop {
            let mut tx = self.db().begin().await?;
            let readers = news::take_withdrawal_readers(&mut tx, version, MAILS_AT_ONCE, self.db().now()).await?;
            if readers.is_empty() {
                return Ok(mails);
            }
            for reader in readers {
                let (name, effective_at) = (reader.name, announcement.effective_at);
                let mail = Mail::RiseWithdrawn(WithdrawnMail { name, version, effective_at });
                self.notify().enqueue_mail_in_tx(&mut tx, &reader.email, &reader.locale, &mail).await?;
                mails = mails.saturating_add(1);
            }
            tx.commit().await?;
        }
    }
}

/// Composes what a rise means to one person.
fn compose(announcement: &Announcement, reader: RiseReader, days: i64) -> Result<RiseMail> {
    let accounts: Vec<Vec<OperationImpact>> = serde_json::from_value(reader.operations)?;
    let (before, after) = (Credits::from_micros(reader.before), Credits::from_micros(reader.after));
    Ok(RiseMail {
        name: reader.name,
        version: announcement.version,
        effective_at: announcement.effective_at,
        days,
        before,
        after,
        refused: reader.refused,
        operations: lines(&announcement.changes, accounts.into_iter().flatten()),
        words: Default::default(),
    })
}

/// Puts a person's figures beside the prices that change, the largest difference first.
fn lines(changes: &[PriceChange], impacts: impl Iterator<Item = OperationImpact>) -> Vec<RiseLine> {
    let mut sums: BTreeMap<String, OperationImpact> = BTreeMap::new();
    for impact in impacts {
        match sums.get_mut(&impact.operation) {
            Some(sum) => {
                sum.charges = sum.charges.saturating_add(impact.charges);
                sum.refused = sum.refused.saturating_add(impact.refused);
                sum.before = sum.before.checked_add(impact.before).unwrap_or(Credits::MAX);
                sum.after = sum.after.checked_add(impact.after).unwrap_or(Credits::MAX);
            }
            None => _ = sums.insert(impact.operation.clone(), impact),
        }
    }
    let mut lines: Vec<RiseLine> = changes
        .iter()
        .filter_map(|change| {
            let sum = sums.get(&change.operation)?;
            Some(RiseLine {
                name: change.name.clone(),
                price_before: change.before.as_ref().map(|range| (range.min, range.max)),
                price_after: change.after.as_ref().map(|range| (range.min, range.max)),
                percent: change.percent(),
                charges: sum.charges,
                refused: sum.refused,
                before: sum.before,
                after: sum.after,
            })
        })
        .collect();
    lines.sort_by_key(|line| {
        let difference = line.after.micros().saturating_sub(line.before.micros()).saturating_abs();
        std::cmp::Reverse((difference, line.refused))
    });
    lines
}
