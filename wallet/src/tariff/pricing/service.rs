//! The tariffs' handle: quote, charge, hold.
//!
//! Locked quotes are in [`crate::tariff::pricing::quote_lock`], the versions of the price book in
//! [`crate::tariff::editing::draft`].

use std::sync::{Arc, Weak};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::db::Db;
use crate::error::{Error, Refusal, Result};
use crate::id::{KeyId, WalletId};
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::Actor;
use crate::ledger::{Command, Ledger, Outcome, Receipt, Submission};
use crate::tariff::model::plan_requirement::plan_above;
use crate::tariff::model::price_book::PriceBook;
use crate::tariff::model::quote::{LineRequest, Quote, QuoteBatch, QuoteId};
use crate::tariff::pricing::book_cache::{BookCache, CachedBooks};
use crate::tariff::pricing::ports::{PlanRanks, PlanUpkeep, Standing, Upkeep};
use crate::tariff::repo;

/// How often a refused call is decided again after what was due of the payer's plan: once for its gate, once for its
/// credits.
const SECOND_CHANCES: u32 = 2;

/// A charge to price and post.
#[derive(Clone, Debug)]
pub struct ChargeRequest {
    /// Who pays.
    pub wallet: WalletId,
    /// The rank of the payer's plan, for the gates.
    pub plan_rank: i32,
    /// What for.
    pub line: LineRequest,
    /// A locked quote to honour.
    pub quote: Option<QuoteId>,
    /// What the caller sends along: a JSON object, or null.
    pub metadata: Value,
}

/// A hold to price and place.
#[derive(Clone, Debug)]
pub struct HoldRequest {
    /// Who pays.
    pub wallet: WalletId,
    /// The rank of the payer's plan, for the gates.
    pub plan_rank: i32,
    /// What the job is made of, each line with the locked quote to honour, if any.
    pub lines: Vec<(LineRequest, Option<QuoteId>)>,
    /// How long, in seconds; the ledger's default where nothing is said.
    pub expires_in: Option<u32>,
    /// What the caller sends along: a JSON object, or null.
    pub metadata: Value,
}

/// What prices one request, taken once: a price change while it is worked on gives no charge at a mixed price.
pub(in crate::tariff) struct Pricing {
    pub(in crate::tariff) cached: Arc<CachedBooks>,
    /// The book in force at `now`.
    pub(in crate::tariff) book: Arc<PriceBook>,
    pub(in crate::tariff) now: DateTime<Utc>,
}

/// The tariffs' handle; cheap to clone.
#[derive(Clone)]
pub struct Tariffs {
    pub(in crate::tariff) db: Db,
    pub(in crate::tariff) cache: BookCache,
    pub(in crate::tariff) ledger: Ledger,
    pub(in crate::tariff) standing: Standing,
    upkeep: Upkeep,
}

impl Tariffs {
    /// Starts to follow the price book in force.
    pub(crate) fn start(db: Db, ledger: Ledger) -> Self {
        let (standing, upkeep) = (Standing::default(), Upkeep::default());
        Self { cache: BookCache::start(db.clone()), db, ledger, standing, upkeep }
    }

    /// Says who knows on which plans accounts are; the first answer stands.
    pub(crate) fn ask_plans_of(&self, plans: Weak<dyn PlanRanks>) {
        self.standing.set(plans);
    }

    /// Says what brings plans up to date for calls that would be refused; the first answer stands.
    pub(crate) fn let_plans_be_kept_by(&self, upkeep: Arc<dyn PlanUpkeep>) {
        self.upkeep.set(upkeep);
    }

    /// Gives the price book in force, from memory.
    pub async fn active(&self) -> Result<Arc<PriceBook>> {
        Ok(self.pricing().await?.book)
    }

    /// Prices an operation by the book in force; no database round trip.
    pub async fn quote(&self, operation: &str, params: &Map<String, Value>, count: i64) -> Result<Quote> {
        Ok(self.active().await?.quote(operation, params, count)?)
    }

    /// Prices several things at once.
    pub async fn quote_batch(&self, lines: &[LineRequest]) -> Result<QuoteBatch> {
        Ok(self.active().await?.quote_batch(lines)?)
    }

    /// Prices and charges, once per key.
    pub async fn charge(&self, request: ChargeRequest, actor: Actor, key: IdempotencyKey) -> Result<Outcome> {
        Ok(self.charge_with_receipt(request, actor, key).await?.0)
    }

    /// Prices and charges, once per key; gives the receipt that was written with it. A repeat has none to give: the
    /// ledger keeps the first one's.
    pub async fn charge_with_receipt(
        &self,
        mut request: ChargeRequest,
        actor: Actor,
        key: IdempotencyKey,
    ) -> Result<(Outcome, Option<Receipt>)> {
        let mut asked = Instant::now();
        for _ in 0..SECOND_CHANCES {
            let answer = self.charge_once(&request, &actor, &key).await;
            let Some(refusal) = refusal_of(&answer) else { return answer };
            // Rare, and large: in a box of its own, or every charge would carry the room for it.
            let payer = (request.wallet, request.plan_rank);
            match Box::pin(self.upkeep.second_chance(&refusal, payer, asked)).await? {
                Some(rank) => (request.plan_rank, asked) = (rank, Instant::now()),
                None => return Box::pin(self.upkeep.told(answer, request.wallet)).await,
            }
        }
        let answer = Box::pin(self.charge_once(&request, &actor, &key)).await;
        Box::pin(self.upkeep.told(answer, request.wallet)).await
    }

    /// Prices and charges by the plan as it is known.
    async fn charge_once(
        &self,
        request: &ChargeRequest,
        actor: &Actor,
        key: &IdempotencyKey,
    ) -> Result<(Outcome, Option<Receipt>)> {
        let ChargeRequest { wallet, plan_rank, line, quote, metadata } = request;
        let on_behalf_of = on_behalf_of(actor);
        let hash = hash(&AskedCharge { charge: line.into(), metadata, on_behalf_of, quote: *quote })?;
        let receipt = match self.charge_receipt(*wallet, *plan_rank, line, *quote).await {
            Ok(receipt) => receipt,
            Err(error) => return Ok((Box::pin(self.repeat_or(error, *wallet, key, hash)).await?, None)),
        };
        let submission =
            Submission::new(*wallet, key.clone(), actor.clone(), Command::Charge { receipt: receipt.clone() });
        let outcome = self.ledger.submit(submission.with_metadata(metadata.clone()).with_request_hash(hash)).await?;
        let written = Some(receipt).filter(|_| !outcome.replayed);
        Ok((outcome, written))
    }

    /// Prices and sets aside, once per key.
    pub async fn hold(&self, mut request: HoldRequest, actor: Actor, key: IdempotencyKey) -> Result<Outcome> {
        let mut asked = Instant::now();
        for _ in 0..SECOND_CHANCES {
            let answer = self.hold_once(&request, &actor, &key).await;
            let Some(refusal) = refusal_of(&answer) else { return answer };
            let payer = (request.wallet, request.plan_rank);
            match Box::pin(self.upkeep.second_chance(&refusal, payer, asked)).await? {
                Some(rank) => (request.plan_rank, asked) = (rank, Instant::now()),
                None => return Box::pin(self.upkeep.told(answer, request.wallet)).await,
            }
        }
        let answer = Box::pin(self.hold_once(&request, &actor, &key)).await;
        Box::pin(self.upkeep.told(answer, request.wallet)).await
    }

    /// Prices and sets aside by the plan as it is known.
    async fn hold_once(&self, request: &HoldRequest, actor: &Actor, key: &IdempotencyKey) -> Result<Outcome> {
        let HoldRequest { wallet, plan_rank, lines, expires_in, metadata } = request;
        let hold = lines.iter().map(|(line, quote)| (line.into(), *quote)).collect();
        let hash = hash(&AskedHold { expires_in: *expires_in, hold, metadata, on_behalf_of: on_behalf_of(actor) })?;
        let receipts = match self.hold_receipts(*wallet, *plan_rank, lines).await {
            Ok(receipts) => receipts,
            Err(error) => return Box::pin(self.repeat_or(error, *wallet, key, hash)).await,
        };
        let command = Command::Hold { lines: receipts, expires_in: *expires_in };
        let submission = Submission::new(*wallet, key.clone(), actor.clone(), command);
        self.ledger.submit(submission.with_metadata(metadata.clone()).with_request_hash(hash)).await
    }

    /// Answers a repeat as the first did, though it can't be priced any more; a first request with its own error.
    async fn repeat_or(
        &self,
        error: Error,
        wallet: WalletId,
        key: &IdempotencyKey,
        hash: RequestHash,
    ) -> Result<Outcome> {
        if error.refusal().is_none() {
            return Err(error);
        }
        self.ledger.replay(wallet, key, hash).await?.ok_or(error)
    }

    /// Takes what prices one request.
    pub(in crate::tariff) async fn pricing(&self) -> Result<Pricing> {
        let cached = self.cache.current().await?;
        let now = self.db.now();
        let book = cached.in_force(now).ok_or_else(no_book)?.clone();
        Ok(Pricing { cached, book, now })
    }

    /// Prices the one line of a charge.
    async fn charge_receipt(
        &self,
        wallet: WalletId,
        plan_rank: i32,
        line: &LineRequest,
        quote: Option<QuoteId>,
    ) -> Result<Receipt> {
        self.receipt(&self.pricing().await?, wallet, plan_rank, line, quote).await
    }

    /// Prices the lines of a hold, all by one book: one that takes effect between two lines counts for none of them.
    async fn hold_receipts(
        &self,
        wallet: WalletId,
        plan_rank: i32,
        lines: &[(LineRequest, Option<QuoteId>)],
    ) -> Result<Vec<Receipt>> {
        let pricing = self.pricing().await?;
        let mut receipts = Vec::with_capacity(lines.len());
        for (place, (line, quote)) in lines.iter().enumerate() {
            let receipt = self.receipt(&pricing, wallet, plan_rank, line, *quote).await;
            receipts.push(receipt.map_err(|error| under(error, &format!("lines.{place}")))?);
        }
        Ok(receipts)
    }

    /// Prices one line for a payer: by a locked quote or by the book in force, and only where the plan may.
    async fn receipt(
        &self,
        pricing: &Pricing,
        wallet: WalletId,
        plan_rank: i32,
        line: &LineRequest,
        quote: Option<QuoteId>,
    ) -> Result<Receipt> {
        let Pricing { cached, book, now } = pricing;
        if let Some(id) = quote {
            let (locked, plans) = Box::pin(self.honoured(wallet, line, id, *now)).await?;
            check_plans(cached, plan_rank, plans.iter().map(String::as_str))?;
            return Ok(locked.receipt());
        }
        // The price first: a wrong param is named before a plan that is too low.
        let quote = book.quote(&line.operation, &line.params, line.count)?;
        check_plans(cached, plan_rank, book.plans_needed(&line.operation, &line.params).into_iter())?;
        Ok(quote.receipt())
    }

    /// Gives the first instant at which a rise that is announced now may take effect.
    pub async fn first_rise(&self) -> Result<DateTime<Utc>> {
        let cached = self.cache.current().await?;
        Ok(self.db.now() + TimeDelta::days(cached.rules.notice_days))
    }
}

/// Gives why a call was refused; `None` where it was not, or failed otherwise.
fn refusal_of<T>(answer: &Result<T>) -> Option<Refusal> {
    answer.as_ref().err().and_then(Error::refusal).cloned()
}

fn no_book() -> Refusal {
    Refusal::not_found("price book (load a preset first)")
}

/// Refuses where a needed plan is above the payer's, and names the highest one needed.
fn check_plans<'a>(cached: &CachedBooks, plan_rank: i32, plans: impl Iterator<Item = &'a str>) -> Result<(), Refusal> {
    let above = plan_above(plans, plan_rank, |plan| cached.rank(plan));
    above.map_or(Ok(()), |plan| Err(Refusal::PlanRequired { plan: plan.to_owned() }))
}

/// What a caller asked of a line. Here and below the fields stand in the order of their names: stored hashes are of
/// JSON whose keys are in that order.
#[derive(Serialize)]
struct AskedLine<'a> {
    count: i64,
    operation: &'a str,
    params: &'a Map<String, Value>,
}

impl<'a> From<&'a LineRequest> for AskedLine<'a> {
    fn from(line: &'a LineRequest) -> Self {
        Self { count: line.count, operation: &line.operation, params: &line.params }
    }
}

#[derive(Serialize)]
struct AskedCharge<'a> {
    charge: AskedLine<'a>,
    metadata: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_behalf_of: Option<KeyId>,
    quote: Option<QuoteId>,
}

#[derive(Serialize)]
struct AskedHold<'a> {
    expires_in: Option<u32>,
    hold: Vec<(AskedLine<'a>, Option<QuoteId>)>,
    metadata: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_behalf_of: Option<KeyId>,
}

/// Names the customer's key that a service key acts for: a part of what the platform asked.
const fn on_behalf_of(actor: &Actor) -> Option<KeyId> {
    match actor {
        Actor::ServiceFor { key, .. } => Some(*key),
        _ => None,
    }
}

/// Hashes what a caller asked, not what it cost: a repeat after a price change is the same request.
fn hash(asked: &impl Serialize) -> Result<RequestHash> {
    Ok(RequestHash::of(&serde_json::to_vec(asked)?))
}

/// Puts a path before the fields of a refusal.
fn under(error: Error, path: &str) -> Error {
    match error {
        Error::Refused(Refusal::Unprocessable { mut fields }) => {
            for field in &mut fields {
                field.field = format!("{path}.{}", field.field);
            }
            Refusal::Unprocessable { fields }.into()
        }
        other => other,
    }
}

/// Puts an announced book in force when its instant has come. Any node may do it; one does.
pub(in crate::tariff) async fn settle(db: &Db) -> Result<()> {
    let mut tx = db.begin().await?;
    if repo::lock(&mut tx).await?.is_none() {
        return Ok(());
    }
    let now = db.now();
    let mut changed = false;
    for version in repo::live_versions(&mut tx).await? {
        let Some(book) = repo::book(&mut tx, version).await? else { continue };
        if book.status == crate::tariff::model::price_book::BookStatus::Scheduled
            && let Some(from) = book.effective_at.filter(|from| *from <= now)
        {
            repo::put_in_force(&mut tx, version, from).await?;
            changed = true;
        }
    }
    if changed {
        repo::touch(&mut tx).await?;
        tx.commit().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The forms in which rows were hashed before there were types for them.
    #[test]
    fn what_was_asked_is_hashed_as_ever() {
        let params = json!({ "size": "1024x1024", "quality": "hd" });
        let line = LineRequest {
            operation: "dall-e-3".to_owned(),
            params: params.as_object().expect("json").clone(),
            count: 2,
        };
        let metadata = json!({ "job": 7, "customer_id": "c" });
        let quote = Some(QuoteId::new(DateTime::UNIX_EPOCH));
        let text = |value: Value| value.to_string();
        let charge = AskedCharge { charge: (&line).into(), metadata: &metadata, on_behalf_of: None, quote };
        let expected = text(json!({ "charge": line, "quote": quote, "metadata": metadata }));
        assert_eq!(serde_json::to_string(&charge).expect("json"), expected);
        let hold = AskedHold {
            expires_in: Some(60),
            hold: vec![((&line).into(), quote)],
            metadata: &Value::Null,
            on_behalf_of: None,
        };
        let expected = text(json!({ "hold": [[line, quote]], "expires_in": 60, "metadata": null }));
        assert_eq!(serde_json::to_string(&hold).expect("json"), expected);
    }
}
