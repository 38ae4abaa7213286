//! Money for plans: the first payment on the provider's page, the next ones by the card that was kept.

use chrono::TimeDelta;

use super::super::provider::{ChargeAnswer, Provider, SavedCharge, decline};
use super::super::repo::{self, method::MethodRow, payment::PaymentRow};
use super::customer::Customer;
use super::options::Chosen;
use super::order::{Made, NewOrder, OPEN_MINUTES, PROVIDER_TIMEOUT};
use super::settle::{Finder, Reconciled};
use super::unpaid::{has_plan, nothing_owed};
use super::{Buyer, Payments};
use crate::catalog::CatalogView;
use crate::error::{Error, Problem, Refusal, Result};
use crate::id::SubscriptionId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::Actor;
use crate::payment::method::PayWith;
use crate::payment::model::{PaymentStatus, PaymentView, PlanChoice, PlanPart, RETURNED};
use crate::plan::{SavedMethod, Subscription, Terms};

/// What came of charging a kept card at a billing date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// Paid, and the month's credits are there.
    Paid,
    /// Nothing was taken.
    Declined {
        /// Why, as a code.
        code: String,
    },
    /// Not known yet, or in the hands of somebody else.
    Open,
    /// Taken, but put aside: staff decide.
    Held,
    /// Nothing was asked: the plan was cancelled or paid since it was read.
    Moved,
}

/// What following one payment of a renewal came to.
enum Followed {
    /// This.
    To(Renewal),
    /// The card was never charged with it; another payment has to be made.
    Untried,
}

/// How long a renewal stays open: its charge is repeated under its key, which providers remember for a day.
const RENEWAL_HOURS: i64 = 20;
/// In the last hours of that time the card is not charged any more, only asked about: when a payment is closed because
/// its provider does not know it, no charge is on its way.
const LAST_HOURS: i64 = 1;
/// How many payments one attempt may take whose provider never had them.
const AGAIN_MAX: u32 = 50;
/// How long a closed renewal is asked about.
const CLOSED_DAYS: i64 = 3;
/// How many closed renewals one run of the reconciler asks about.
const CLOSED_MAX: i64 = 200;

impl Payments {
    /// Prices a plan: what will be paid each time, and the credits of each month.
    pub async fn plan_terms(&self, choice: &PlanChoice) -> Result<Terms> {
        Ok(price(&*self.catalog.view().await?, choice)?)
    }

    /// Orders a plan and gives the page on which its first payment is made; the card is kept for the next ones, to
    /// which the buyer has agreed on the form. An account that is on a paid plan is refused. The same key gives the
    /// same order.
    pub async fn start_plan(
        &self,
        buyer: impl Into<Buyer>,
        choice: &PlanChoice,
        key: &str,
        return_base: &str,
    ) -> Result<PaymentView> {
        let buyer = buyer.into();
        buyer.must_pay()?;
        let key = IdempotencyKey::parse(key)?;
        let hash = RequestHash::of(&serde_json::to_vec(&("plan", buyer.wallet, choice))?);
        if let Some(known) = self.known(&buyer, &key, &hash).await? {
            return Ok(known);
        }
        let catalog = self.catalog.view().await?;
        let terms = price(&catalog, choice)?;
        if self.plans.subscription(buyer.account).await?.is_some_and(|found| found.is_paid_and_live()) {
            return Err(has_plan().into());
        }
        let part = PlanPart {
            subscription: SubscriptionId::new(),
            plan: choice.plan.clone(),
            interval: choice.interval,
            month: 0,
        };
        let chosen = self.choose(buyer.account, choice.with.as_ref(), terms.price, true).await?;
        let order = new_order(&catalog, part, terms, chosen);
        self.place(&buyer, &order, (&key, &hash), return_base).await
    }

    /// Orders the month that a declined card did not pay, and gives the page on which to pay it, with any card: that
    /// one is charged from then on.
    pub async fn pay_plan(
        &self,
        buyer: impl Into<Buyer>,
        with: Option<&PayWith>,
        key: &str,
        return_base: &str,
    ) -> Result<PaymentView> {
        let buyer = buyer.into();
        buyer.must_pay()?;
        let key = IdempotencyKey::parse(key)?;
        let hash = RequestHash::of(b"pay plan");
        if let Some(known) = self.known(&buyer, &key, &hash).await? {
            return Ok(known);
        }
        let of = self.plans.subscription(buyer.account).await?.ok_or_else(nothing_owed)?;
        let ((plan, terms), month) = of.renews_to().zip(of.owed()).ok_or_else(nothing_owed)?;
        let part = PlanPart { subscription: of.id, plan: plan.to_owned(), interval: terms.interval, month };
        let chosen = self.choose(buyer.account, with, terms.price, true).await?;
        let order = new_order(&*self.catalog.view().await?, part, terms, chosen);
        // The credits go where the plan's credits go.
        let buyer = Buyer { wallet: of.wallet, ..buyer };
        self.place(&buyer, &order, (&key, &hash), return_base).await
    }

    /// Charges the kept card for the months from one on. Safe to repeat and to call on any number of nodes: each
    /// attempt is one payment with one key, and what became of it is asked of the provider.
    pub(crate) async fn charge_renewal(&self, of: &Subscription, month: u32, attempt: u32) -> Result<Renewal> {
        let (Some((plan, terms)), Some(method)) = (of.renews_to(), &of.method) else {
            return Ok(Renewal::Declined { code: decline::METHOD_GONE.to_owned() });
        };
        if self.provider(&method.provider).is_none() {
            tracing::error!(subscription = %of.id, provider = method.provider, "a plan's provider is not set up any more");
            return Ok(Renewal::Declined { code: decline::PROVIDER_OFF.to_owned() });
        }
        let saved = repo::method::by_reference(self.db.pool(), &method.provider, &method.reference).await?;
        let saved = saved.filter(|saved| saved.account == of.account);
        if saved.as_ref().is_some_and(|saved| saved.state != "active") {
            return Ok(Renewal::Declined { code: decline::METHOD_GONE.to_owned() });
        }
        let part = PlanPart { subscription: of.id, plan: plan.to_owned(), interval: terms.interval, month };
        let mut what = format!("renewal:{}:{month}:{attempt}", of.id);
        for _ in 0..AGAIN_MAX {
            let Some(row) = self.renewal(of, &part, terms, (method, saved.as_ref()), &what).await? else {
                // Another payment for these months is open: its owner is paying by hand. Or the plan has changed.
                let open = repo::new_payment::open_for(self.db.pool(), &part).await?;
                let Some(open) = open else { return Ok(Renewal::Moved) };
                self.refresh_as(open, Finder::Reconciler).await?;
                return Ok(Renewal::Open);
            };
            let is_plans = row.method_id.is_none() || row.method_id == saved.as_ref().map(|saved| saved.id);
            match self.follow(&row, method, is_plans).await? {
                Followed::To(renewal) => return Ok(renewal),
                Followed::Untried => what = format!("renewal:{}:{month}:{attempt}:{}", of.id, row.id),
            }
        }
        Err(Error::internal("a renewal finds no provider that makes its payment"))
    }

    /// Finds the payment of an attempt, or makes it; `None` where another one for the same months is open, or the
    /// subscription is not as it was seen.
    async fn renewal(
        &self,
        of: &Subscription,
        part: &PlanPart,
        terms: Terms,
        (method, saved): (&SavedMethod, Option<&MethodRow>),
        what: &str,
    ) -> Result<Option<PaymentRow>> {
        let (hash, key) = (RequestHash::of(what.as_bytes()), IdempotencyKey::internal(what));
        if let Some(row) = repo::payment::by_key(self.db.pool(), of.account, key.as_str()).await? {
            return Ok(Some(row));
        }
        let provider = self.provider(&method.provider).ok_or(Refusal::Unavailable)?;
        let chosen = Chosen { provider, kind: saved.map(|saved| saved.kind), method: saved.cloned() };
        let order = NewOrder {
            open: TimeDelta::hours(RENEWAL_HOURS),
            renews: Some((of.id, of.version)),
            ..new_order(&*self.catalog.view().await?, part.clone(), terms, chosen)
        };
        let (account, wallet, by) = (of.account, of.wallet, Actor::system("plans"));
        let buyer = Buyer { account, wallet, user: None, contact: None, may_pay: true, by };
        self.add(&buyer, &order, (&key, &hash), "").await?;
        repo::payment::by_key(self.db.pool(), of.account, key.as_str()).await
    }

    /// Charges the card where nobody knows that it was, while the provider still remembers the key, and asks what
    /// became of it. A payment that was begun with another card than the plan's of now (`is_plans`) is only asked about,
    /// and its decline says nothing about the plan's card.
    async fn follow(&self, row: &PaymentRow, method: &SavedMethod, is_plans: bool) -> Result<Followed> {
        let may_charge = self.db.now() + TimeDelta::hours(LAST_HOURS) < row.expires_at;
        if row.status.is_open() && row.provider_ref.is_none() && may_charge && is_plans {
            self.charge(row, &method.reference).await?;
        }
        let seen = self.refresh_as(row.id, Finder::Soon).await?;
        let was_made =
            repo::payment::by_id(self.db.pool(), row.id).await?.is_some_and(|row| row.provider_ref.is_some());
        Ok(match seen.status {
            status if status.is_open() => Followed::To(Renewal::Open),
            PaymentStatus::Succeeded => Followed::To(Renewal::Paid),
            PaymentStatus::Held => Followed::To(Renewal::Held),
            // The provider never had it, or its money was given back: this says nothing about the card.
            PaymentStatus::Expired if !was_made => Followed::Untried,
            PaymentStatus::Cancelled if seen.failure.as_deref() == Some(RETURNED) => Followed::Untried,
            _ if !is_plans => Followed::Untried,
            status => {
                Followed::To(Renewal::Declined { code: seen.failure.unwrap_or_else(|| status.code().to_owned()) })
            }
        })
    }

    /// Goes on asking about renewals that were closed since their provider did not know them: money that turns up late
    /// is put aside for staff, where another payment took its place.
    pub(super) async fn ask_about_closed_renewals(&self, report: &mut Reconciled) -> Result<()> {
        let now = self.db.now();
        let since = now - TimeDelta::days(CLOSED_DAYS);
        for id in repo::due::take_closed_renewals(self.db.pool(), since, now, CLOSED_MAX).await? {
            report.checked = report.checked.saturating_add(1);
            if let Err(error) = self.refresh_as(id, Finder::Reconciler).await {
                tracing::error!(payment = %id, %error, "a closed renewal could not be checked");
                report.failed = report.failed.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Says whether a plan's payment comes too late to bring anything: the account is on another paid plan, the month is
    /// paid, or the plan has become another one.
    pub(super) async fn is_overtaken(&self, row: &PaymentRow) -> Result<bool> {
        if row.change.is_some() {
            let ordered = self.plans.ordered_change(row.id).await?;
            return match ordered {
                Some(ordered) => Ok(!self.plans.still_fits(&ordered).await?),
                None => Ok(true),
            };
        }
        let Some(part) = &row.plan else { return Ok(false) };
        let of = self.plans.subscription(row.account).await?.filter(Subscription::is_paid_and_live);
        Ok(of.is_some_and(|of| of.id != part.subscription || of.months_paid > part.month))
    }

    /// Closes the pages on which an account could pay for another plan, after one was paid: nobody pays twice by an old
    /// tab. A page whose provider does not answer is closed when it is looked at next.
    pub(super) async fn close_overtaken(&self, paid: &PaymentRow) {
        let open = match repo::new_payment::open_for_plans(self.db.pool(), paid.account).await {
            Ok(open) => open,
            Err(error) => return tracing::warn!(payment = %paid.id, %error, "other orders of a plan stay open"),
        };
        for id in open.into_iter().filter(|id| *id != paid.id) {
            if let Err(error) = Box::pin(self.refresh_as(id, Finder::Soon)).await {
                tracing::warn!(payment = %id, %error, "an order of a plan that was overtaken stays open");
            }
        }
    }

    /// Asks about money for a later month that is on its way; says whether it still is. A plan does not end before.
    pub(crate) async fn awaits_renewal(&self, of: &Subscription) -> Result<bool> {
        match repo::new_payment::open_renewal(self.db.pool(), of.id).await? {
            Some(open) => {
                let row = repo::payment::by_id(self.db.pool(), open).await?;
                // Nobody can be asked any more: the plan does not wait for it.
                let is_mute =
                    |row: &PaymentRow| self.provider(&row.provider).is_none() && row.expires_at <= self.db.now();
                if row.is_some_and(|row| is_mute(&row)) {
                    return Ok(false);
                }
                Ok(self.refresh_as(open, Finder::Reconciler).await?.status.is_open())
            }
            None => Ok(false),
        }
    }

    /// Charges a saved method for an order, by the provider's name of it; safe to repeat, since the provider sees the
    /// same key.
    pub(super) async fn charge(&self, row: &PaymentRow, method: &str) -> Result<()> {
        let provider = self.provider(&row.provider).ok_or(Refusal::Unavailable)?;
        let customer = match self.customer(&*provider, row.account).await? {
            Customer::Is(customer) => customer,
            Customer::Refused(code) => return self.refused(row, &code).await,
            Customer::Unknown => return self.unanswered(row).await,
        };
        let charge = SavedCharge {
            payment: row.id,
            account: row.account,
            customer,
            email: row.email.clone(),
            method: method.to_owned(),
            locale: row.locale.clone(),
            title: row.title.clone(),
            money: row.money,
            idempotency_key: row.id.to_string(),
        };
        let answer = ask(&*provider, &charge).await;
        self.note_answer(provider.name(), matches!(answer, ChargeAnswer::Unknown { .. }));
        match answer {
            ChargeAnswer::Made { reference } => {
                repo::payment::set_reference(self.db.pool(), row.id, &reference, self.db.now()).await
            }
            ChargeAnswer::Refused { code } => self.refused_method(row, &code).await,
            ChargeAnswer::Unknown { detail } => {
                tracing::warn!(payment = %row.id, provider = provider.name(), detail, "no answer about a charge");
                self.unanswered(row).await
            }
        }
    }
}

async fn ask(provider: &dyn Provider, charge: &SavedCharge) -> ChargeAnswer {
    match tokio::time::timeout(PROVIDER_TIMEOUT, provider.charge_saved(charge)).await {
        Ok(answer) => answer,
        Err(_) => ChargeAnswer::Unknown { detail: "no answer in time".to_owned() },
    }
}

fn new_order(catalog: &CatalogView, plan: PlanPart, terms: Terms, chosen: Chosen) -> NewOrder {
    let title = catalog.plan(&plan.plan).map_or_else(|| plan.plan.clone(), |plan| plan.name.clone());
    NewOrder {
        package: None,
        title,
        credits: terms.credits,
        bonus: crate::money::Credits::ZERO,
        money: terms.price,
        plan: Some(plan),
        change: None,
        chosen,
        save_method: true,
        open: TimeDelta::minutes(OPEN_MINUTES),
        renews: None,
        made: Made::Asked,
    }
}

/// Prices a plan from the catalog.
pub(super) fn price(catalog: &CatalogView, choice: &PlanChoice) -> Result<Terms, Refusal> {
    let settings = &catalog.settings;
    let unknown = || Refusal::unprocessable("plan", Problem::Unknown, "There is no such plan.");
    let plan = catalog.plan(&choice.plan).ok_or_else(unknown)?;
    if !plan.is_paid() || plan.custom || !plan.monthly_credits.is_positive() {
        let message = "This plan can't be bought here.";
        return Err(Refusal::unprocessable("plan", Problem::NotAllowed, message));
    }
    if !settings.intervals.contains(&choice.interval) {
        let message = "This plan isn't paid so.";
        return Err(Refusal::unprocessable("interval", Problem::NotAllowed, message));
    }
    if !settings.currencies.contains(&choice.currency) {
        let message = "This currency isn't taken here.";
        return Err(Refusal::unprocessable("currency", Problem::NotAllowed, message));
    }
    let price = plan.price(choice.interval, choice.currency).filter(|price| price.minor() > 0).ok_or_else(|| {
        Refusal::unprocessable("interval", Problem::NotAllowed, "This plan has no price in that interval and currency.")
    })?;
    Ok(Terms { interval: choice.interval, price, credits: plan.monthly_credits })
}
