//! The front page of the wallet.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use wallet::add_on::AddOnView;
use wallet::catalog::CatalogView;
use wallet::insight::{Forecast, Spending, Unused};
use wallet::ledger::{BalanceView, EntryView};
use wallet::notify::webhook::{Endpoint, OFF_FAILING, OFF_GONE};
use wallet::payment::{PaymentMethod, PaymentView, Suspension};
use wallet::plan::{PlanSummary, SubscriptionView};

use crate::context::FormOutcome;
use crate::error::AppError;
use crate::islands::pack::Pack;

/// How many rows the front page shows.
const FEED_ROWS_MAX: u16 = 8;

/// Everything that the front page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// The balance with its grants.
    pub balance: BalanceView,
    /// The newest rows.
    pub entries: Vec<EntryView>,
    /// The day that it is for the account.
    pub today: NaiveDate,
    /// The plan that the account is on.
    pub plan: PlanSummary,
    /// What the plan adds every month.
    pub plan_monthly: Option<wallet::money::Credits>,
    /// The paid plan, with what comes next.
    pub paid_plan: Option<SubscriptionView>,
    /// The card that the paid plan is charged with, where it expires soon or has expired.
    pub expiring_card: Option<PaymentMethod>,
    /// Why auto top-up has stopped, where it has.
    pub top_up_stopped: Option<Suspension>,
    /// An add-on that is paused.
    pub paused_add_on: Option<AddOnView>,
    /// When the wallet runs out, where that is within a day and auto top-up does not fill it.
    pub runs_out_at: Option<DateTime<Utc>>,
    /// What will expire before it is needed, where that is within a week.
    pub expires_soon: Option<Unused>,
    /// An endpoint that fails or was switched off lately.
    pub webhook_trouble: Option<WebhookTrouble>,
    /// When the wallet runs out.
    pub forecast: Forecast,
    /// What will expire before it is needed.
    pub unused: Option<Unused>,
    /// What was spent in the last days.
    pub spending: Spending,
    /// Up to three packs for the quick top-up.
    pub packs: Vec<Pack>,
    /// Payments on their way.
    pub open_payments: Vec<PaymentView>,
    /// Below how many credits the balance counts as low; `None` where there was no refill yet.
    pub low_below: Option<wallet::money::Credits>,
    /// The address that waits to be proven, where it does.
    pub unverified_email: Option<String>,
    /// What became of a form of this page.
    pub outcome: FormOutcome,
    /// Whether the playground is there.
    pub has_playground: bool,
    /// The deployment's address, for the sample request.
    pub public_url: String,
}

/// An endpoint that takes no messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookTrouble {
    /// Its address.
    pub url: String,
    /// Whether it was switched off; else it fails.
    pub is_off: bool,
}

/// Gives the front page of the wallet.
pub async fn wallet_overview() -> Result<Overview, AppError> {
    use wallet::ledger::{EntryFilter, Page};
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let settings = crate::current_user::settings()?;
    // The balance first: a row that comes between the two is then in the list and in the stream, never in neither.
    let balance = wallet.balance(viewer.wallet).await?;
    let page = Page { limit: FEED_ROWS_MAX, ..Page::default() };
    let entries = wallet.ledger().entries(viewer.wallet, &EntryFilter::default(), page).await?.entries;
    let catalog = wallet.catalog().view().await?;
    let payments = wallet.payments().payments(&viewer, None, 20).await?.payments;
    let plan_monthly = catalog.plan(&viewer.plan.code).map(|plan| plan.monthly_credits);
    let paid_plan = wallet.plans().paid_plan(viewer.account).await?;
    let expiring_card = match &paid_plan {
        Some(paid) if !paid.cancel_at_end => wallet.payments().expiring_plan_card(&viewer).await?,
        _ => None,
    };
    let seen = wallet.insight().see(&balance, &viewer.time_zone).await?;
    let of_refill = wallet::notify::low_below(balance.last_refill, catalog.settings.low_alert_percent);
    let low_below = of_refill.max(wallet.notify().own_threshold(viewer.wallet).await?);
    let now = wallet.clock().now();
    let auto_top_up = wallet.payments().auto_top_up(viewer.wallet).await?;
    let is_filled = auto_top_up.is_on() && auto_top_up.stopped().is_none();
    let runs_out_at = match seen.forecast {
        Forecast::Until { at, .. } if !is_filled && balance.available.is_positive() => {
            Some(at).filter(|at| at.signed_duration_since(now) <= TimeDelta::hours(24))
        }
        _ => None,
    };
    let trouble = webhook_trouble(&wallet.webhooks().endpoints(viewer.wallet).await?, now);
    Ok(Overview {
        balance,
        entries,
        today: crate::current_user::today(&viewer, &wallet),
        plan: viewer.plan.clone(),
        plan_monthly,
        paid_plan,
        expiring_card,
        top_up_stopped: auto_top_up.stopped(),
        paused_add_on: wallet.add_ons().live(viewer.wallet).await?.into_iter().find(|add_on| add_on.pause.is_some()),
        runs_out_at,
        expires_soon: seen.unused.filter(|unused| unused.at.signed_duration_since(now) <= TimeDelta::days(7)),
        webhook_trouble: trouble,
        forecast: seen.forecast,
        unused: seen.unused,
        spending: seen.spending,
        packs: quick_packs(&catalog),
        open_payments: payments.into_iter().filter(|payment| payment.status.is_open()).take(3).collect(),
        low_below,
        unverified_email: (!viewer.email_verified).then(|| viewer.email.clone()),
        outcome: crate::current_user::outcome("/verify-email/resend"),
        has_playground: settings.demo,
        public_url: settings.public_url,
    })
}

/// Finds an endpoint that has failed for an hour, or was switched off for that within a week.
fn webhook_trouble(endpoints: &[Endpoint], now: DateTime<Utc>) -> Option<WebhookTrouble> {
    endpoints.iter().find_map(|endpoint| {
        let is_off = match (&endpoint.disabled, endpoint.failing_since) {
            (Some((at, why)), _) => {
                let is_own = why == OFF_FAILING || why == OFF_GONE;
                (is_own && now.signed_duration_since(*at) <= TimeDelta::days(7)).then_some(true)
            }
            (None, Some(since)) => (now.signed_duration_since(since) >= TimeDelta::hours(1)).then_some(false),
            (None, None) => None,
        };
        Some(WebhookTrouble { url: endpoint.url.clone(), is_off: is_off? })
    })
}

/// Picks three neighbouring packs, from the second on.
fn quick_packs(catalog: &CatalogView) -> Vec<Pack> {
    let Some(currency) = catalog.settings.currencies.first().copied() else { return Vec::new() };
    let packs: Vec<Pack> = catalog.packages.iter().filter_map(|package| Pack::of(package, currency)).collect();
    let skipped = usize::from(packs.len() > 3);
    packs.into_iter().skip(skipped).take(3).collect()
}
