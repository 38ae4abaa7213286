//! What the owner of an account is told of, and the links by which that is switched off.

use serde::{Deserialize, Serialize};
use wallet::identity::Role;
use wallet::money::Credits;
use wallet::notify::{AlertSettings, Topic};

use crate::context::FormOutcome;
use crate::error::AppError;

/// The form of notifications.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotificationsPage {
    /// What is saved.
    pub settings: AlertSettings,
    /// The catalog's percentage of the last refill.
    pub percent: u8,
    /// What that is now; `None` where there was no refill yet.
    pub percent_below: Option<Credits>,
    /// What can be spent now.
    pub available: Credits,
    /// Where mails go: the address of this person, who owns the account; `None` for other members.
    pub email: Option<String>,
    /// Whether this person may change it.
    pub may_pay: bool,
    /// What became of the form.
    pub outcome: FormOutcome,
}

/// Gives the form of notifications.
pub async fn load_notifications() -> Result<NotificationsPage, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let balance = wallet.balance(viewer.wallet).await?;
    let percent = wallet.catalog().view().await?.settings.low_alert_percent;
    Ok(NotificationsPage {
        settings: wallet.notify().alert_settings(&viewer).await?,
        percent,
        percent_below: wallet::notify::low_below(balance.last_refill, percent),
        available: balance.available,
        may_pay: viewer.role.may_pay(),
        email: (viewer.role == Role::Owner).then_some(viewer.email),
        outcome: crate::current_user::outcome("/settings/notifications"),
    })
}

/// The page of a mailed link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnsubscribePage {
    /// What the link switches off; `None` where it is no link of ours.
    pub topic: Option<Topic>,
    /// What became of the form.
    pub outcome: FormOutcome,
}

/// Says what a mailed link switches off.
pub async fn load_unsubscribe(token: String) -> Result<UnsubscribePage, AppError> {
    let topic = crate::current_user::wallet()?.notify().unsubscribe_topic(&token).await?;
    Ok(UnsubscribePage { topic, outcome: crate::current_user::outcome("/unsubscribe") })
}
