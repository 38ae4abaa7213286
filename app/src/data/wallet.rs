//! The front page of the wallet.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wallet::add_on::AddOnView;
use wallet::catalog::CatalogView;
use wallet::insight::{Forecast, Spending, Unused};
use wallet::ledger::{BalanceView, EntryView};
use wallet::money::Credits;
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
    let low_below = balance.last_refill.map(|refill| part(refill, catalog.settings.low_alert_percent));
    Ok(Overview {
        balance,
        entries,
        today: crate::current_user::today(&viewer, &wallet),
        plan: viewer.plan.clone(),
        plan_monthly,
        paid_plan,
        expiring_card,
        top_up_stopped: wallet.payments().auto_top_up(viewer.wallet).await?.stopped(),
        paused_add_on: wallet.add_ons().live(viewer.wallet).await?.into_iter().find(|add_on| add_on.pause.is_some()),
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

/// Takes so many hundredths of an amount.
fn part(of: Credits, percent: u8) -> Credits {
    Credits::from_micros(of.micros() / 100 * i64::from(percent))
}

/// Picks three neighbouring packs, from the second on.
fn quick_packs(catalog: &CatalogView) -> Vec<Pack> {
    let Some(currency) = catalog.settings.currencies.first().copied() else { return Vec::new() };
    let packs: Vec<Pack> = catalog.packages.iter().filter_map(|package| Pack::of(package, currency)).collect();
    let skipped = usize::from(packs.len() > 3);
    packs.into_iter().skip(skipped).take(3).collect()
}
