//! Closing a month: what each item came to, what is charged of it, and the terms of the next one, in one transaction.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::json;
use sqlx::PgConnection;

use super::{Metered, beyond, terms_of};
use crate::error::{Error, Refusal, Result};
use crate::id::AccountId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::Actor;
use crate::ledger::{Command, FeeKind, FormulaLine, HookError, Outcome, Receipt, RefusingHook, Submission};
use crate::metered::model::{ItemMonth, MeteredWallet, THOUSANDTHS, symbol};
use crate::metered::rule::{self, Split};
use crate::metered::{Quantity, Terms, repo};
use crate::money::Credits;
use crate::notify::{Mail, MeteredMail, Notify};

/// What became of a month that is over.
#[derive(Debug)]
pub(crate) enum Closed {
    /// It is closed, by this call or by another one.
    Done,
    /// Nothing was done: a gauge has come since it was read, or another one has closed it.
    Moved,
    /// The wallet refused what was to be charged: nothing was done.
    Refused(Refusal),
}

/// A month that is over, with what it came to.
#[derive(Clone, Debug)]
pub(crate) struct MonthDue {
    of: MeteredWallet,
    items: Vec<ItemMonth>,
    /// What the items came to.
    cost: Credits,
    /// That, and what came over from the month before.
    pub(crate) due: Credits,
    /// The terms of each item in the next month; `None` where it is not offered any more.
    next: Vec<(String, Option<Terms>)>,
    /// When the next month ends, and is closed.
    next_dates: (DateTime<Utc>, DateTime<Utc>),
    zone: Tz,
}

/// Why a month that was charged is undone.
enum Undone {
    /// A gauge has come since it was read, or another one has closed it.
    Moved,
}

/// What is written beside the entry that charges for a month, in its transaction.
struct MonthClosed {
    month: MonthDue,
    split: Split,
    mail: Option<(String, String, Mail)>,
    notify: Notify,
    now: DateTime<Utc>,
}

impl MonthClosed {
    /// Writes the month down; `false` where it is not as it was read.
    async fn write(&self, connection: &mut PgConnection, entry_seq: Option<i64>) -> Result<bool> {
        let MonthDue { of, items, cost, next, next_dates, .. } = &self.month;
        if !repo::end_month(connection, of, self.split.carried, *next_dates, self.now).await? {
            return Ok(false);
        }
        repo::insert_month(connection, of, (*cost, self.split), entry_seq, self.now).await?;
        for item in items {
            repo::insert_item(connection, of, item).await?;
        }
        for (item, terms) in next {
            repo::renew_terms(connection, of.wallet, item, terms.as_ref()).await?;
        }
        if let Some((email, locale, mail)) = &self.mail {
            self.notify.enqueue_mail_in_tx(connection, email, locale, mail).await?;
        }
        Ok(true)
    }
}

#[async_trait]
impl RefusingHook for MonthClosed {
    type Refusal = Undone;

    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<(), HookError<Undone>> {
        if outcome.replayed {
            // Whoever was first has written all of it.
            return Ok(());
        }
        match self.write(connection, Some(outcome.seq())).await? {
            true => Ok(()),
            false => Err(HookError::Refused(Undone::Moved)),
        }
    }
}

impl Metered {
    /// Works out what a month that is over came to. An item includes what its plan did when the month began, or what the
    /// plan of now does where that is more: a plan that ends in between takes nothing away.
    pub(crate) async fn month_due(&self, of: MeteredWallet) -> Result<MonthDue> {
        let catalog = self.catalog.view().await?;
        let plan = self.plans.current(of.account).await?.code;
        let zone = self.ledger.time_zone(of.wallet).await?;
        let (step, seconds) = (catalog.settings.rounding_step, (of.ends_at - of.starts_at).num_seconds());
        let (mut items, mut next) = (Vec::new(), Vec::new());
        for usage in repo::usage(self.db.pool(), &of, (of.ends_at, of.ends_at)).await? {
            let offer = catalog.metered.iter().find(|offer| offer.code == usage.terms.item);
            let included = offer.map_or(0, |offer| offer.included_with(&plan)).max(usage.terms.included);
            let terms = Terms { included, ..usage.terms };
            let cost = rule::cost(&terms, usage.used, (seconds, seconds), step).ok_or_else(beyond)?;
            next.push((terms.item.clone(), offer.map(|offer| terms_of(offer, &plan, terms.since))));
            items.push(ItemMonth { terms, used: usage.used, cost, step });
        }
        let cost = Credits::checked_sum(items.iter().map(|item| item.cost)).ok_or_else(beyond)?;
        let due = cost.checked_add(of.carried).ok_or_else(beyond)?;
        let next_end = rule::month_end(of.ends_at, &zone).ok_or_else(beyond)?;
        let next_dates = (next_end, rule::closes_at(next_end).ok_or_else(beyond)?);
        Ok(MonthDue { of, items, cost, due, next, next_dates, zone })
    }

    /// Closes a month, once, whoever does it and how often: `available` of what is due is charged, and the rest goes over
    /// to the next month.
    pub(crate) async fn close(&self, month: &MonthDue, available: Credits) -> Result<(Closed, Credits)> {
        let split = rule::split(month.due, available).ok_or_else(beyond)?;
        let mail = if split.carried.is_positive() { self.letter(month, split).await? } else { None };
        let hook = MonthClosed { month: month.clone(), split, mail, notify: self.notify.clone(), now: self.db.now() };
        let closed = match split.charged.is_positive() {
            true => self.charge(hook).await?,
            false => {
                let mut tx = self.db.begin().await?;
                match hook.write(&mut tx, None).await? {
                    true => {
                        tx.commit().await?;
                        Closed::Done
                    }
                    false => Closed::Moved,
                }
            }
        };
        Ok((closed, split.carried))
    }

    /// Submits what is charged to the ledger. What makes two of them the same is the month alone: how much it is may
    /// depend on the moment.
    async fn charge(&self, hook: MonthClosed) -> Result<Closed> {
        let (of, split) = (&hook.month.of, hook.split);
        let reference = format!("metered:{}:{}", of.wallet, of.month);
        let metadata = json!({
            "month": of.month,
            "from": of.starts_at,
            "to": of.ends_at,
            "carried_over": of.carried.to_string(),
            "carried": split.carried.to_string(),
        });
        let command = Command::Fee { kind: FeeKind::Metered, receipt: receipt(&hook.month, split) };
        let hash = RequestHash::of(reference.as_bytes());
        let key = IdempotencyKey::internal(reference);
        let submission = Submission::new(of.wallet, key, Actor::system("metered"), command)
            .with_request_hash(hash)
            .with_metadata(metadata);
        match self.ledger.submit_with(submission, hook).await {
            Ok(_) => Ok(Closed::Done),
            Err(HookError::Refused(Undone::Moved)) => Ok(Closed::Moved),
            Err(HookError::Failed(Error::Refused(refusal))) if is_about_the_wallet(&refusal) => {
                Ok(Closed::Refused(refusal))
            }
            Err(HookError::Failed(error)) => Err(error),
        }
    }

    /// Writes a mail to the account's owner that a part of the month was not charged: to whom, in which language, and
    /// what. Nobody is told of an account without people.
    async fn letter(&self, month: &MonthDue, split: Split) -> Result<Option<(String, String, Mail)>> {
        let Some(owner) = self.owner(month.of.account).await? else { return Ok(None) };
        let day = |at: DateTime<Utc>| at.with_timezone(&month.zone).date_naive();
        let last = month.of.ends_at.checked_sub_signed(TimeDelta::seconds(1)).ok_or_else(beyond)?;
        let mail = MeteredMail {
            name: owner.0,
            from: day(month.of.starts_at),
            to: day(last),
            due: month.due,
            charged: split.charged,
            carried: split.carried,
        };
        Ok(Some((owner.1, owner.2, Mail::MeteredCarried(mail))))
    }

    /// Finds an account's owner: name, address, language.
    async fn owner(&self, account: AccountId) -> Result<Option<(String, String, String)>> {
        match self.identity.owner(account).await {
            Ok(owner) => Ok(Some((owner.name, owner.email, owner.locale))),
            Err(Error::Refused(Refusal::NotFound { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Says whether a refusal is about what the wallet has or may.
const fn is_about_the_wallet(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::OutOfCredits { .. } | Refusal::Forbidden { .. } | Refusal::WalletInactive)
}

/// Says why a month cost what it cost: each item with how much was above what is included, on average over the month,
/// then what came over from the month before, and what goes over to the next. `total` is their sum.
fn receipt(month: &MonthDue, split: Split) -> Receipt {
    let seconds = (month.of.ends_at - month.of.starts_at).num_seconds();
    let mut lines: Vec<FormulaLine> = month
        .items
        .iter()
        .filter(|item| item.cost.is_positive())
        .map(|item| FormulaLine {
            label: item.terms.name.clone(),
            quantity: match symbol(&item.terms.unit) {
                Some(symbol) => format!("{} {symbol}", above(item, seconds)),
                None => above(item, seconds).to_string(),
            },
            unit_price: Some(item.terms.credits),
            credits: item.cost,
        })
        .collect();
    let line = |label: &str, credits| FormulaLine {
        label: label.to_owned(),
        quantity: "1".to_owned(),
        unit_price: None,
        credits,
    };
    if month.of.carried.is_positive() {
        lines.push(line("Carried over from the month before", month.of.carried));
    }
    if let Some(carried) = split.carried.checked_neg().filter(|carried| carried.is_negative()) {
        lines.push(line("Carried over to the next month", carried));
    }
    Receipt { rule: "metered".to_owned(), lines, ..Receipt::flat("metered", "Metered usage", split.charged) }
}

/// Gives how many there were above what is included, on average over the month, rounded to thousandths.
fn above(item: &ItemMonth, seconds: i64) -> Quantity {
    let average = item.used.checked_div(seconds).unwrap_or(0);
    let included = item.terms.included.saturating_mul(THOUSANDTHS);
    Quantity::from_thousandths(average.saturating_sub(included))
}
