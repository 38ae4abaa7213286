//! What the frame around every page shows.

use serde::{Deserialize, Serialize};
use wallet::catalog::{Brand, UnitName};
use wallet::identity::Viewer;
use wallet::ledger::BalanceView;
use wallet::tariff::RiseNotice;
use wallet::time_zone::LocalTime;

use crate::context::AppSettings;
use crate::error::AppError;

/// Who is signed in, and what the frame needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Who is signed in.
    pub viewer: Option<Viewer>,
    /// The zone in which the open account's times are written.
    pub zone: Option<LocalTime>,
    /// What the open wallet holds.
    pub balance: Option<BalanceView>,
    /// The process.
    pub settings: AppSettings,
    /// What the wallet counts in; `None` before a catalog is loaded.
    pub unit: Option<UnitName>,
    /// What the platform is called.
    pub name: String,
    /// How it looks, and where it is reached.
    pub brand: Brand,
    /// What waits for staff, for those who may decide it.
    pub waiting: Option<Waiting>,
    /// A coming price rise that concerns the open account and that this person has not put away.
    pub rise: Option<RiseNotice>,
}

/// What waits for staff.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Payments in review.
    pub payments: i64,
    /// Refund requests without a reply.
    pub refunds: i64,
    /// Open disputes.
    pub disputes: i64,
}

/// Gives the session of this browser.
pub async fn load_session() -> Result<Session, AppError> {
    let wallet = crate::current_user::wallet()?;
    let viewer = crate::context::viewer();
    let settings = crate::current_user::settings()?;
    let catalog = wallet.catalog().view().await.ok();
    let balance = match &viewer {
        Some(viewer) => Some(wallet.balance(viewer.wallet).await?),
        None => None,
    };
    let rise = match &viewer {
        Some(viewer) if catalog.is_some() => wallet.tariffs().coming_rise(viewer.account, viewer.user).await?,
        _ => None,
    };
    let waiting = match &viewer {
        Some(viewer) if viewer.may_review_payments() => Some(Waiting {
            payments: wallet.payments().count_in_review().await?,
            refunds: wallet.refunds().count_waiting().await?,
            disputes: wallet.refunds().count_open_disputes().await?,
        }),
        _ => None,
    };
    let now = wallet.clock().now();
    Ok(Session {
        rise,
        waiting,
        zone: viewer.as_ref().map(|viewer| LocalTime::of(&viewer.time_zone, now)),
        viewer,
        balance,
        settings,
        unit: catalog.as_ref().map(|catalog| catalog.settings.unit.clone()),
        brand: catalog.as_ref().map(|catalog| catalog.settings.brand.clone()).unwrap_or_default(),
        name: catalog.map_or_else(|| "Scrip".to_owned(), |catalog| catalog.settings.name.clone()),
    })
}
