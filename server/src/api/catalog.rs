//! What is sold besides single calls: plans and packages.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use wallet::money::Money;

use super::amount::Amount;
use super::body::Out;
use super::envelope::Answer;
use crate::state::AppState;

/// An amount of money: in the currency's minor unit, and as people write it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Price {
    /// Kopecks, cents.
    #[schema(example = 44900)]
    pub minor: i64,
    /// ISO 4217.
    #[schema(example = "RUB")]
    pub currency: String,
    /// In main units.
    #[schema(example = "449.00")]
    pub amount: String,
}

impl From<Money> for Price {
    fn from(money: Money) -> Self {
        let text = money.to_string();
        let amount = text.split(' ').next().unwrap_or_default().to_owned();
        Self { minor: money.minor(), currency: money.currency().code().to_owned(), amount }
    }
}

/// The plans.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanList {
    /// From the lowest on.
    plans: Vec<PlanBody>,
}

/// A plan.
#[derive(Debug, Serialize, ToSchema)]
struct PlanBody {
    /// Its name in the API.
    code: String,
    /// Its name for people.
    name: String,
    /// Its place: a gate asks for at least so much.
    rank: i32,
    /// What it costs, by interval and currency.
    prices: Vec<PlanPriceBody>,
    /// The credits of each month.
    monthly_credits: Amount,
    /// The credits that come once per person.
    one_time_credits: Amount,
    /// Whether it is to be talked about.
    custom: bool,
    /// Whether pages must show a badge.
    badge_required: bool,
}

/// What a plan costs.
#[derive(Debug, Serialize, ToSchema)]
struct PlanPriceBody {
    /// `month` or `year`.
    interval: String,
    /// How much.
    #[serde(flatten)]
    price: Price,
}

/// Lists the plans.
#[utoipa::path(get, path = "/plans", tag = "Catalog", responses((status = 200, body = PlanList)))]
pub async fn plans(State(state): State<AppState>) -> Answer<Response> {
    let view = state.wallet.catalog().view().await?;
    let plans = view.plans.iter().map(|plan| PlanBody {
        code: plan.code.clone(),
        name: plan.name.clone(),
        rank: plan.rank,
        prices: plan
            .prices
            .iter()
            .map(|price| PlanPriceBody { interval: price.interval.code().to_owned(), price: price.money.into() })
            .collect(),
        monthly_credits: plan.monthly_credits.into(),
        one_time_credits: plan.one_time_credits.into(),
        custom: plan.custom,
        badge_required: plan.features.badge_required,
    });
    Ok(Out(PlanList { plans: plans.collect() }).into_response())
}

/// The packages.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackageList {
    /// From small to large.
    packages: Vec<PackageBody>,
}

/// A one-time bundle of credits.
#[derive(Debug, Serialize, ToSchema)]
struct PackageBody {
    /// Its name in the API.
    #[schema(example = "light")]
    code: String,
    /// Its name for people.
    name: String,
    /// What it holds.
    credits: Amount,
    /// What it brings for nothing beside them.
    bonus: Amount,
    /// What it costs, by currency.
    prices: Vec<Price>,
}

/// Lists the packages.
#[utoipa::path(get, path = "/packages", tag = "Catalog", responses((status = 200, body = PackageList)))]
pub async fn packages(State(state): State<AppState>) -> Answer<Response> {
    let view = state.wallet.catalog().view().await?;
    let packages = view.packages.iter().map(|package| PackageBody {
        code: package.code.clone(),
        name: package.name.clone(),
        credits: package.credits.into(),
        bonus: package.bonus.into(),
        prices: package.prices.iter().copied().map(Price::from).collect(),
    });
    Ok(Out(PackageList { packages: packages.collect() }).into_response())
}
