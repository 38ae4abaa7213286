//! Reconciliation: our payments of a period beside each provider's books.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Payments;
use super::order::PROVIDER_TIMEOUT;
use super::settle::Finder;
use crate::error::{Problem, Refusal, Result};
use crate::id::PaymentId;
use crate::identity::{Actor, NewAudit};
use crate::money::Money;
use crate::payment::compare::{ComparedPeriod, Comparison, Difference, DifferenceKind, OurPayment, compare};
use crate::payment::console::{Reconciliation, ReconciliationReport};
use crate::payment::provider::{
    BookPeriod, BookedPayment, BooksAnswer, FetchAnswer, Provider, ProviderPayment, ProviderStatus,
};
use crate::payment::repo;

/// The days before today that the daily comparison looks at: refunds made at the provider come late.
const DAYS: i64 = 30;
/// The most pages of one provider's books that are read.
const PAGES_MAX: usize = 2_000;
/// The most payments that the provider does not list and is asked for one by one.
const ASKED_MAX: usize = 500;
/// How many payments are looked up by one statement.
const NAMED_AT_ONCE: usize = 1_000;
/// The most differences of one list.
const LISTED_MAX: i64 = 500;

/// What came of a comparison with one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The comparison, as it is kept.
    pub run: Reconciliation,
    /// What differs.
    pub differences: Vec<Difference>,
    /// How many of them were found for the first time.
    pub new: usize,
}

/// Why a provider was not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotCompared {
    NoAnswer,
    NoBooks,
    NotSetUp,
    TooMany,
}

impl NotCompared {
    const fn code(self) -> &'static str {
        match self {
            Self::NoAnswer => "no_answer",
            Self::NoBooks => "no_books",
            Self::NotSetUp => "not_set_up",
            Self::TooMany => "too_many",
        }
    }
}

impl Payments {
    /// Compares the payments of the last thirty days, today included, with each provider's books: what the daily job
    /// does.
    pub async fn compare_lately(&self, by: &Actor) -> Result<Vec<Compared>> {
        let now = self.db.now();
        let days = ComparedPeriod::days((now - TimeDelta::days(DAYS)).date_naive(), now.date_naive());
        let days = days.ok_or_else(|| Refusal::invalid("from", Problem::TooLarge, "This is no period."))?;
        self.compare(by, &days).await
    }

    /// Compares the payments of a period with the books of each provider, and keeps what differs: once, however often it
    /// is found. Money that a provider took and that has brought nothing here is looked at first, which settles it where
    /// only a message was lost. A provider that does not answer is kept as not compared. Safe to run twice, also at once.
    pub async fn compare(&self, by: &Actor, period: &ComparedPeriod) -> Result<Vec<Compared>> {
        let providers = self.providers();
        let mut names: BTreeSet<String> =
            repo::compare::providers_in(self.db.pool(), period).await?.into_iter().collect();
        names.extend(providers.iter().map(|provider| provider.name().to_owned()));
        let mut done = Vec::with_capacity(names.len());
        for name in names {
            let began_at = self.db.now();
            let found = match self.provider(&name) {
                Some(provider) => self.compare_with(provider.as_ref(), period).await?,
                None => Err(NotCompared::NotSetUp),
            };
            let mut differences = found.as_ref().map(|found| found.differences.clone()).unwrap_or_default();
            // In one order, so that two that run at once never wait for each other in a circle.
            differences.sort_by_cached_key(Difference::key);
            differences.dedup_by_key(|difference| difference.key());
            let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
            let sums = found.as_ref().map(|found| (found.matched, found.others, found.in_review));
            let (matched, others, in_review) = sums.unwrap_or_default();
            let run = Reconciliation {
                id: Uuid::now_v7(),
                provider: name,
                from: period.from,
                to: period.to,
                began_at,
                matched: count(matched),
                differences: i64::try_from(differences.len()).unwrap_or(i64::MAX),
                others: count(others),
                in_review: count(in_review),
                problem: found.err().map(|problem| problem.code().to_owned()),
            };
            done.push(self.keep_comparison(by, run, differences).await?);
        }
        Ok(done)
    }

    /// Gives the newest comparison with each provider.
    pub async fn newest_reconciliations(&self) -> Result<Vec<Reconciliation>> {
        repo::compare::newest(self.db.pool()).await
    }

    /// Gives the newest comparison with each provider, and what was found.
    pub async fn reconciliations(&self) -> Result<ReconciliationReport> {
        let newest = repo::compare::newest(self.db.pool()).await?;
        let mut differences = repo::compare::differences(self.db.pool(), None, LISTED_MAX.saturating_add(1)).await?;
        let most = usize::try_from(LISTED_MAX).unwrap_or(usize::MAX);
        let has_more = differences.len() > most;
        differences.truncate(most);
        Ok(ReconciliationReport { newest, differences, has_more })
    }

    async fn keep_comparison(&self, by: &Actor, run: Reconciliation, differences: Vec<Difference>) -> Result<Compared> {
        let mut tx = self.db.begin().await?;
        repo::compare::add(&mut tx, &run).await?;
        let mut new = 0_usize;
        for difference in &differences {
            let is_new = repo::compare::add_difference(&mut tx, &run, difference).await?;
            new = new.saturating_add(usize::from(is_new));
        }
        self.identity.audit_in_tx(&mut tx, &audit(by, &run, new)).await?;
        tx.commit().await?;
        let provider = run.provider.as_str();
        match &run.problem {
            Some(problem) => tracing::warn!(provider, problem, "payments were not compared with the provider's books"),
            None if differences.is_empty() => {
                tracing::info!(provider, matched = run.matched, "payments agree with the provider's books");
            }
            None => {
                let (differences, matched) = (run.differences, run.matched);
                tracing::error!(provider, differences, new, matched, "payments differ from the provider's books");
            }
        }
        Ok(Compared { run, differences, new })
    }

    async fn compare_with(
        &self,
        provider: &dyn Provider,
        period: &ComparedPeriod,
    ) -> Result<std::result::Result<Comparison, NotCompared>> {
        let theirs = match read_books(provider, period).await {
            Ok(theirs) => theirs,
            Err(problem) => return Ok(Err(problem)),
        };
        let ours = self.ours(provider.name(), period, &theirs).await?;
        let first = compare(&ours, &theirs, period);
        // A payment that only lost its messages is settled by a look; so what differs is read anew.
        let mut looked = false;
        for difference in first.differences.iter().filter(|found| found.kind == DifferenceKind::PaidThere) {
            let Some(payment) = difference.payment else { continue };
            looked = true;
            if let Err(error) = self.refresh_as(payment, Finder::Reconciler).await {
                tracing::error!(%payment, %error, "a payment that was paid at its provider could not be checked");
            }
        }
        // What somebody gave back at the provider is mirrored soon; the next comparison then agrees.
        let given_back = first.differences.iter().filter(|found| found.kind == DifferenceKind::RefundedThere);
        let given_back: Vec<Uuid> = given_back.filter_map(|found| found.payment).map(PaymentId::uuid).collect();
        repo::due::look_at_books(self.db.pool(), &given_back, self.db.now()).await?;
        let (ours, mut comparison) = if looked {
            let ours = self.ours(provider.name(), period, &theirs).await?;
            let again = compare(&ours, &theirs, period);
            (ours, again)
        } else {
            (ours, first)
        };
        match self.ask_unlisted(provider, &ours, &mut comparison).await {
            Ok(()) => Ok(Ok(comparison)),
            Err(problem) => Ok(Err(problem)),
        }
    }

    /// Finds what must be in the provider's books, and what is there.
    async fn ours(&self, provider: &str, period: &ComparedPeriod, theirs: &[BookedPayment]) -> Result<Vec<OurPayment>> {
        let paid = repo::compare::paid_in(self.db.pool(), provider, period).await?;
        let mut ours: BTreeMap<PaymentId, OurPayment> = paid.into_iter().map(|payment| (payment.id, payment)).collect();
        for part in theirs.chunks(NAMED_AT_ONCE) {
            let orders: Vec<Uuid> = part.iter().filter_map(|booked| booked.order).map(PaymentId::uuid).collect();
            let references: Vec<String> = part.iter().map(|booked| booked.reference.clone()).collect();
            let named = repo::compare::named(self.db.pool(), provider, (&orders, &references)).await?;
            ours.extend(named.into_iter().map(|payment| (payment.id, payment)));
        }
        Ok(ours.into_values().collect())
    }

    /// Asks for each payment that the provider must have and does not list.
    async fn ask_unlisted(
        &self,
        provider: &dyn Provider,
        ours: &[OurPayment],
        comparison: &mut Comparison,
    ) -> std::result::Result<(), NotCompared> {
        let unlisted: BTreeSet<PaymentId> = std::mem::take(&mut comparison.unlisted).into_iter().collect();
        if unlisted.len() > ASKED_MAX {
            return Err(NotCompared::TooMany);
        }
        for payment in ours.iter().filter(|payment| unlisted.contains(&payment.id)) {
            let answer = async {
                match &payment.reference {
                    Some(reference) => provider.fetch_payment(reference).await,
                    None => provider.find_by_order(payment.id).await,
                }
            };
            match tokio::time::timeout(PROVIDER_TIMEOUT, answer).await {
                Ok(FetchAnswer::Found(found)) => match booked(found) {
                    Some(booked) => comparison.compare_one(payment, &[&booked]),
                    None => return Err(NotCompared::NoAnswer),
                },
                Ok(FetchAnswer::Missing) => comparison.compare_one(payment, &[]),
                Ok(FetchAnswer::Unknown { detail }) => return Err(silent(provider, &detail)),
                Err(_) => return Err(silent(provider, "no answer in time")),
            }
        }
        Ok(())
    }
}

/// Reads all pages of a provider's books, or nothing.
async fn read_books(
    provider: &dyn Provider,
    period: &ComparedPeriod,
) -> std::result::Result<Vec<BookedPayment>, NotCompared> {
    let mut books: BTreeMap<String, BookedPayment> = BTreeMap::new();
    let mut asked = BookPeriod { from: period.from, to: period.to, cursor: None };
    for _ in 0..PAGES_MAX {
        match tokio::time::timeout(PROVIDER_TIMEOUT, provider.list_payments(&asked)).await {
            Ok(None) => return Err(NotCompared::NoBooks),
            Ok(Some(BooksAnswer::Page { payments, next })) => {
                // One that stands on two pages, since others came meanwhile, is one payment.
                books.extend(payments.into_iter().map(|booked| (booked.reference.clone(), booked)));
                if next.is_none() {
                    return Ok(books.into_values().collect());
                }
                asked.cursor = next;
            }
            Ok(Some(BooksAnswer::Unknown { detail })) => return Err(silent(provider, &detail)),
            Err(_) => return Err(silent(provider, "no answer in time")),
        }
    }
    Err(NotCompared::TooMany)
}

fn silent(provider: &dyn Provider, detail: &str) -> NotCompared {
    tracing::warn!(provider = provider.name(), detail, "a provider's books could not be read");
    NotCompared::NoAnswer
}

/// Gives a payment that was asked for as a line of the books; `None` where its total is too large to be an amount.
fn booked(found: ProviderPayment) -> Option<BookedPayment> {
    let total = found.money.minor().checked_add(found.tax_minor)?;
    Some(BookedPayment {
        reference: found.reference,
        order: found.order,
        is_paid: found.status == ProviderStatus::Paid,
        total: Money::from_minor(total, found.money.currency()),
        refunded_minor: found.refunded_minor,
        created_at: found.created_at,
    })
}

fn audit(by: &Actor, run: &Reconciliation, new: usize) -> NewAudit {
    NewAudit {
        actor: by.clone(),
        action: "payments.compared".to_owned(),
        subject: format!("payments of {}", run.provider),
        before: Value::Null,
        after: json!({
            "from": run.from,
            "to": run.to,
            "matched": run.matched,
            "differences": run.differences,
            "new": new,
            "problem": run.problem,
        }),
    }
}
