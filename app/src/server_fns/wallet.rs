//! The front page of the wallet.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};
use wallet::ledger::{BalanceView, EntryView};
use wallet::payment::PaymentView;
use wallet::plan::{PlanSummary, SubscriptionView};

use crate::components::pack_picker::Pack;
use crate::context::FormOutcome;
use crate::error::AppError;
use crate::server_fns::wire::TextJson;

/// How many rows the front page shows.
#[cfg(feature = "ssr")]
const FEED_ROWS_MAX: u16 = 8;

/// When the wallet runs out at the pace of the last seven days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Forecast {
    /// The wallet is younger than seven days, or spends too often for this estimate.
    NotEnough,
    /// Nothing was spent in seven days.
    NotSpent,
    /// It lasts until then.
    Until {
        /// The moment, at the average pace.
        at: DateTime<Utc>,
        /// What is spent in a day.
        per_day: wallet::money::Credits,
    },
}

/// Everything that the front page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// The balance with its grants.
    pub balance: BalanceView,
    /// The newest rows.
    pub entries: Vec<EntryView>,
    /// The plan that the account is on.
    pub plan: PlanSummary,
    /// What the plan adds every month.
    pub plan_monthly: Option<wallet::money::Credits>,
    /// The paid plan, with what comes next.
    pub paid_plan: Option<SubscriptionView>,
    /// When the wallet runs out.
    pub forecast: Forecast,
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
#[server(endpoint = "wallet_overview", input = GetUrl, output = TextJson)]
pub async fn wallet_overview() -> Result<Overview, AppError> {
    use wallet::ledger::{EntryFilter, Page};
    let (viewer, wallet) = crate::asker::signed_in()?;
    let settings = crate::asker::settings()?;
    // The balance first: a row that comes between the two is then in the list and in the stream, never in neither.
    let balance = wallet.ledger().balance(viewer.wallet).await?;
    let page = Page { limit: FEED_ROWS_MAX, ..Page::default() };
    let entries = wallet.ledger().entries(viewer.wallet, &EntryFilter::default(), page).await?.entries;
    let catalog = wallet.catalog().view().await?;
    let payments = wallet.payments().payments(&viewer, None, 20).await?.payments;
    let plan_monthly = catalog.plan(&viewer.plan.code).map(|plan| plan.monthly_credits);
    let forecast = ssr::forecast(&wallet, viewer.wallet, balance.available).await?;
    let low_below = balance.last_refill.map(|refill| ssr::part(refill, catalog.settings.low_alert_percent));
    Ok(Overview {
        balance,
        entries,
        plan: viewer.plan.clone(),
        plan_monthly,
        paid_plan: wallet.plans().paid_plan(viewer.account).await?,
        forecast,
        packs: ssr::quick_packs(&catalog),
        open_payments: payments.into_iter().filter(|payment| payment.status.is_open()).take(3).collect(),
        low_below,
        unverified_email: (!viewer.email_verified).then(|| viewer.email.clone()),
        outcome: crate::asker::outcome("/verify-email/resend"),
        has_playground: settings.demo,
        public_url: settings.public_url,
    })
}

#[cfg(feature = "ssr")]
mod ssr {
    use chrono::Days;
    use wallet::Wallet;
    use wallet::catalog::CatalogView;
    use wallet::id::WalletId;
    use wallet::ledger::{EntryFilter, EntryKind, Page};
    use wallet::money::Credits;

    use super::Forecast;
    use crate::components::pack_picker::Pack;
    use crate::error::AppError;

    /// The days that a forecast looks back.
    const DAYS: i64 = 7;
    /// The most rows that a forecast adds up; busier wallets get theirs from the statistics.
    const ROWS_MAX: u16 = 200;

    /// Extends the pace of the last seven days.
    pub async fn forecast(wallet: &Wallet, id: WalletId, available: Credits) -> Result<Forecast, AppError> {
        let now = wallet.clock().now();
        let Some(from) = now.checked_sub_days(Days::new(DAYS.unsigned_abs())) else { return Ok(Forecast::NotEnough) };
        let before = EntryFilter { to: Some(from), ..EntryFilter::default() };
        let first = wallet.ledger().entries(id, &before, Page { before: None, limit: 1 }).await?;
        if first.entries.is_empty() {
            return Ok(Forecast::NotEnough);
        }
        let spent = EntryFilter {
            kinds: vec![EntryKind::Charge, EntryKind::Capture],
            from: Some(from),
            ..EntryFilter::default()
        };
        let page = wallet.ledger().entries(id, &spent, Page { before: None, limit: ROWS_MAX }).await?;
        if page.next.is_some() {
            return Ok(Forecast::NotEnough);
        }
        let spent = page.entries.iter().map(|row| row.amount.micros().saturating_neg()).sum::<i64>();
        let per_day = spent / DAYS;
        if per_day <= 0 {
            return Ok(Forecast::NotSpent);
        }
        let seconds = i128::from(available.micros().max(0)) * 86_400 / i128::from(per_day);
        let lasts = i64::try_from(seconds).ok().and_then(chrono::Duration::try_seconds);
        let at = lasts.and_then(|lasts| now.checked_add_signed(lasts));
        Ok(at.map_or(Forecast::NotSpent, |at| Forecast::Until { at, per_day: Credits::from_micros(per_day) }))
    }

    /// Takes so many hundredths of an amount.
    pub fn part(of: Credits, percent: u8) -> Credits {
        Credits::from_micros(of.micros() / 100 * i64::from(percent))
    }

    /// Picks three neighbouring packs, from the second on.
    pub fn quick_packs(catalog: &CatalogView) -> Vec<Pack> {
        let Some(currency) = catalog.settings.currencies.first().copied() else { return Vec::new() };
        let packs: Vec<Pack> = catalog.packages.iter().filter_map(|package| Pack::of(package, currency)).collect();
        let skipped = usize::from(packs.len() > 3);
        packs.into_iter().skip(skipped).take(3).collect()
    }
}
