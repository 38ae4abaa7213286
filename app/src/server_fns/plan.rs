//! The plan that the account is on, and the one that it may choose.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wallet::catalog::{Expiry, Plan};
#[cfg(feature = "ssr")]
use wallet::money::Currency;
use wallet::plan::{BillingPeriod, FirstDates, PlanSummary, SubscriptionView, Terms};

use crate::context::FormOutcome;
use crate::error::AppError;
use crate::server_fns::payment_methods::PayChoice;
#[cfg(feature = "ssr")]
use crate::server_fns::payment_methods::pay_choice;
use crate::text_json::TextJson;

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
    /// The plan that was chosen, where it can be bought.
    pub offer: Option<PlanOffer>,
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
#[server(endpoint = "plan_page", input = GetUrl, output = TextJson)]
pub async fn load_plan_page(
    /// The plan's code.
    #[server(default)]
    plan: String,
    /// `month` or `year`.
    #[server(default)]
    interval: String,
    /// The currency's code.
    #[server(default)]
    currency: String,
) -> Result<PlanPage, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let catalog = wallet.catalog().view().await?;
    let offer = match plan.is_empty() {
        true => None,
        false => ssr::offer(&viewer, &wallet, &catalog, (&plan, &interval, &currency)).await,
    };
    let current = wallet.plans().paid_plan(viewer.account).await?;
    let terms = current.as_ref().map(|current| current.terms).or_else(|| offer.as_ref().map(|offer| offer.terms));
    let currency = terms.map_or(Currency::USD, |terms| terms.price.currency());
    Ok(PlanPage {
        plan: viewer.plan.clone(),
        periods: wallet.plans().periods(viewer.account).await?,
        names: catalog.plans.iter().map(|plan| (plan.code.clone(), plan.name.clone())).collect(),
        pay: pay_choice(&viewer, &wallet, currency, true).await?,
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

#[cfg(feature = "ssr")]
mod ssr {
    use wallet::Wallet;
    use wallet::catalog::{CatalogView, Interval};
    use wallet::identity::Viewer;
    use wallet::money::Currency;
    use wallet::payment::PlanChoice;

    use super::PlanOffer;

    /// Prices the choice; `None` where there is nothing to buy by that name.
    pub async fn offer(
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
}
