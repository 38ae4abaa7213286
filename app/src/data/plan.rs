//! The plan that the account is on, and the one that it may choose.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wallet::Wallet;
use wallet::add_on::AddOnView;
use wallet::catalog::{CatalogView, Expiry, Interval, Plan};
use wallet::identity::Viewer;
use wallet::metered::MeteredView;
use wallet::money::{Credits, Currency};
use wallet::payment::{AutoTopUpState, PlanChoice};
use wallet::plan::{
    BillingPeriod, ChangeStart, FirstDates, PlanChange, PlanSummary, SubscriptionStatus, SubscriptionView, Terms,
};

use crate::context::FormOutcome;
use crate::data::payment_methods::{PayChoice, pay_choice};
use crate::error::AppError;

/// Everything that the plan page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanPage {
    /// The paid plan that the account is on.
    pub current: Option<SubscriptionView>,
    /// The plan that counts now.
    pub plan: PlanSummary,
    /// The months of the account's plans, newest first.
    pub periods: Vec<BillingPeriod>,
    /// The plans' names.
    pub names: Vec<(String, String)>,
    /// The code of the plan that costs nothing.
    pub free_plan: Option<String>,
    /// The plan that was chosen, where it can be bought.
    pub offer: Option<PlanOffer>,
    /// The plans that it may become.
    pub changes: Option<PlanChanges>,
    /// The add-ons.
    pub add_ons: AddOnsPart,
    /// The running month of metered items; `None` where nothing is metered.
    pub metered: Option<MeteredView>,
    /// When a month's credits expire.
    pub expiry: Expiry,
    /// The ways to pay it.
    pub pay: PayChoice,
    /// Whether this person may pay for the account.
    pub may_pay: bool,
    /// The account's time zone.
    pub time_zone: String,
    /// The time zones to choose from.
    pub time_zones: Vec<String>,
    /// What became of the form, where the page answers it.
    pub outcome: FormOutcome,
    /// Makes a second submit show the same order.
    pub idempotency_key: Uuid,
}

/// The add-ons of the wallet, and what their rows need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddOnsPart {
    /// Those that it has or could have.
    pub list: Vec<AddOnView>,
    /// What is available in the wallet now.
    pub available: Credits,
    /// Whether auto top-up is on, and not suspended.
    pub tops_up: bool,
    /// When it was read.
    pub now: chrono::DateTime<chrono::Utc>,
}

/// The plans that a paid one may become, at one interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanChanges {
    /// The interval of the list.
    pub interval: Interval,
    /// The intervals to choose from.
    pub intervals: Vec<Interval>,
    /// The plans, from the lowest on.
    pub plans: Vec<PlanInList>,
    /// The one that was chosen.
    pub chosen: Option<Box<PlanChange>>,
    /// What is available in the wallet now.
    pub available: Credits,
}

/// A plan of that list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanInList {
    /// The plan's code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What is paid, how often, for what.
    pub terms: Terms,
    /// Whether it is the plan of now.
    pub is_current: bool,
    /// Whether it begins at once; else with the next billing date.
    pub starts_now: bool,
}

/// A plan that can be bought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanOffer {
    /// The plan.
    pub plan: Plan,
    /// What is paid, how often, for what.
    pub terms: Terms,
    /// Its dates, were it paid now.
    pub dates: FirstDates,
}

/// Gives the plan of the person's account, and a plan to choose, named as on the price page.
pub async fn load_plan_page(plan: String, interval: String, currency: String) -> Result<PlanPage, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let catalog = wallet.catalog().view().await?;
    let offer = match plan.is_empty() {
        true => None,
        false => offer(&viewer, &wallet, &catalog, (&plan, &interval, &currency)).await,
    };
    let current = wallet.plans().paid_plan(viewer.account).await?;
    let changes = match &current {
        Some(current) => changes(&viewer, &wallet, &catalog, current, (&plan, &interval)).await?,
        None => None,
    };
    let terms = current.as_ref().map(|current| current.terms).or_else(|| offer.as_ref().map(|offer| offer.terms));
    let currency = terms.map_or(Currency::USD, |terms| terms.price.currency());
    Ok(PlanPage {
        plan: viewer.plan.clone(),
        periods: wallet.plans().periods(viewer.account).await?,
        names: catalog.plans.iter().map(|plan| (plan.code.clone(), plan.name.clone())).collect(),
        free_plan: catalog.starting_plan().map(|plan| plan.code.clone()),
        pay: pay_choice(&viewer, &wallet, currency, true).await?,
        add_ons: add_ons(&viewer, &wallet).await?,
        metered: wallet.metered().view(viewer.wallet).await?.filter(|month| !month.items.is_empty()),
        changes,
        current,
        offer,
        expiry: catalog.settings.allowance_expiry,
        may_pay: viewer.role.may_pay(),
        time_zone: viewer.time_zone.clone(),
        time_zones: wallet::time_zone::names().map(str::to_owned).collect(),
        outcome: crate::current_user::outcome("/wallet/plan"),
        idempotency_key: Uuid::now_v7(),
    })
}

/// Reads the add-ons of the person's wallet.
async fn add_ons(viewer: &Viewer, wallet: &Wallet) -> Result<AddOnsPart, AppError> {
    let (list, now) = (wallet.add_ons().list(viewer.wallet).await?, wallet.clock().now());
    if list.is_empty() {
        return Ok(AddOnsPart { list, available: Credits::ZERO, tops_up: false, now });
    }
    let state = wallet.payments().auto_top_up(viewer.wallet).await?.state;
    let available = wallet.ledger().balance(viewer.wallet).await?.available;
    let tops_up = matches!(state, AutoTopUpState::On | AutoTopUpState::Pending);
    Ok(AddOnsPart { list, available, tops_up, now })
}

/// Lists the plans that a paid one may become, and prices the one that was chosen; `None` where it can't be changed.
async fn changes(
    viewer: &Viewer,
    wallet: &Wallet,
    catalog: &CatalogView,
    current: &SubscriptionView,
    (plan, interval): (&str, &str),
) -> Result<Option<PlanChanges>, AppError> {
    let is_settled = current.status == SubscriptionStatus::Active && !current.cancel_at_end;
    if !is_settled || current.is_assigned || !viewer.role.may_pay() {
        return Ok(None);
    }
    let intervals = &catalog.settings.intervals;
    let asked = Interval::from_code(interval).filter(|interval| intervals.contains(interval));
    let interval = asked.unwrap_or(current.terms.interval);
    let changes = wallet.payments().plan_changes(viewer.account, interval).await?;
    let row = |plan: &wallet::catalog::Plan| {
        let is_current = plan.code == current.plan && interval == current.terms.interval;
        let change = changes.iter().find(|change| change.plan == plan.code);
        // What was agreed for the plan of now may be another price than the catalog's.
        let terms = match (is_current, change) {
            (true, _) => current.terms,
            (false, Some(change)) => change.terms,
            (false, None) => return None,
        };
        let starts_now = change.is_some_and(|change| change.start != ChangeStart::NextBilling);
        Some(PlanInList { code: plan.code.clone(), name: plan.name.clone(), terms, is_current, starts_now })
    };
    let chosen = changes.iter().find(|change| change.plan == plan).cloned().map(Box::new);
    Ok(Some(PlanChanges {
        interval,
        intervals: intervals.clone(),
        plans: catalog.plans.iter().filter_map(row).collect(),
        chosen,
        available: wallet.ledger().balance(viewer.wallet).await?.available,
    }))
}

/// Prices the choice; `None` where there is nothing to buy by that name.
async fn offer(
    viewer: &Viewer,
    wallet: &Wallet,
    catalog: &CatalogView,
    (plan, interval, currency): (&str, &str, &str),
) -> Option<PlanOffer> {
    let interval = Interval::from_code(interval).unwrap_or(Interval::Month);
    let currency = currency.parse::<Currency>().ok().or_else(|| catalog.settings.currencies.first().copied())?;
    let choice = PlanChoice { plan: plan.to_owned(), interval, currency, with: None };
    let terms = wallet.payments().plan_terms(&choice).await.ok()?;
    let dates = wallet.plans().first_dates(&terms, &viewer.time_zone).await.ok()?;
    Some(PlanOffer { plan: catalog.plan(plan)?.clone(), terms, dates })
}
