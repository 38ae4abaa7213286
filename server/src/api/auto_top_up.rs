//! Auto top-up as programs see it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use wallet::payment::{AutoTopUpBuys, AutoTopUpCharge, AutoTopUpTerms, AutoTopUpView};

use super::amount::Amount;
use super::catalog::Price;

/// How auto top-up of a wallet stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AutoTopUp {
    /// Whether credits are bought by themselves now: it is on, and not suspended.
    enabled: bool,
    /// `not_offered`, `off`, `needs_consent` (the catalog has it on, its owner has not agreed yet), `on`, `pending` (a
    /// charge is on its way) or `suspended`.
    #[schema(example = "pending")]
    state: String,
    /// Why it is suspended: `declines`, `asks_owner`, `revoked`, `card_gone`, `card_expired`, `daily_limit`,
    /// `monthly_limit`, `price_changed`, `provider_off`, `in_review` or `dispute`.
    reason: Option<String>,
    /// When it goes on by itself.
    until: Option<DateTime<Utc>>,
    /// It tops up when less than this is available; null: only when a charge would be refused, or it is off.
    threshold: Option<Amount>,
    /// What each charge buys; null while it is off.
    buys: Option<Buys>,
    /// The most of a calendar month, tax included; null while it is off.
    monthly_limit: Option<Price>,
    /// The most of a day, tax included; null while it is off.
    daily_limit: Option<Price>,
    /// What was charged in this calendar month, tax included; null while it is off.
    spent_this_month: Option<Price>,
    /// The charge that is on its way.
    pending: Option<PendingTopUp>,
}

/// What each charge of auto top-up buys: a package, credits for an amount, or what is missing to a balance.
#[derive(Debug, Serialize, ToSchema)]
struct Buys {
    /// `package`, `amount` or `fill_to`.
    kind: String,
    /// The package's code.
    package: Option<String>,
    /// The balance that is filled up to.
    fill_to: Option<Amount>,
    /// The most that one charge costs.
    most: Price,
}

/// A charge of auto top-up that is on its way.
#[derive(Debug, Serialize, ToSchema)]
struct PendingTopUp {
    /// The payment, as in `GET /payments/{id}`.
    payment_id: String,
    /// The credits that it brings.
    credits: Amount,
    /// What it costs.
    price: Price,
    /// Since when.
    created_at: DateTime<Utc>,
}

impl From<AutoTopUpCharge> for PendingTopUp {
    fn from(charge: AutoTopUpCharge) -> Self {
        Self {
            payment_id: charge.payment.to_string(),
            credits: charge.credits.into(),
            price: charge.money.into(),
            created_at: charge.at,
        }
    }
}

impl From<&AutoTopUpTerms> for Buys {
    fn from(terms: &AutoTopUpTerms) -> Self {
        let (package, fill_to) = match &terms.buys {
            AutoTopUpBuys::Package { package } => (Some(package.clone()), None),
            AutoTopUpBuys::Amount { .. } => (None, None),
            AutoTopUpBuys::FillTo { credits } => (None, Some((*credits).into())),
        };
        Self { kind: terms.buys.code().to_owned(), package, fill_to, most: terms.most.into() }
    }
}

impl From<AutoTopUpView> for AutoTopUp {
    fn from(view: AutoTopUpView) -> Self {
        use wallet::payment::AutoTopUpState::{On, Pending};
        let is_on = view.is_on();
        let terms = view.terms.as_ref().filter(|_| is_on);
        Self {
            enabled: matches!(view.state, On | Pending),
            state: view.state.code().to_owned(),
            reason: view.reason.map(|reason| reason.code().to_owned()),
            until: view.until,
            threshold: terms.and_then(|terms| terms.threshold).map(Amount::from),
            buys: terms.map(Buys::from),
            monthly_limit: terms.map(|terms| terms.monthly.into()),
            daily_limit: terms.map(|terms| terms.daily.into()),
            spent_this_month: view.spent_this_month.filter(|_| is_on).map(Price::from),
            pending: view.pending.map(PendingTopUp::from),
        }
    }
}
