//! The public changelog of prices.

use serde::{Deserialize, Serialize};
use wallet::tariff::{Announcement, Changelog};

use crate::error::AppError;

/// A part of the changelog, and what the plans are called that it speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithPlans<T> {
    /// The part.
    pub part: T,
    /// The plans that are offered: code and name.
    pub plans: Vec<(String, String)>,
}

/// Gives a page of the changelog, newest first.
pub async fn load_changelog(before: Option<i32>) -> Result<WithPlans<Changelog>, AppError> {
    /// Versions of one page.
    const PAGE: u16 = 20;
    let wallet = crate::current_user::wallet()?;
    let part = wallet.tariffs().changelog(before, PAGE).await?;
    Ok(WithPlans { part, plans: wallet.catalog().view().await?.plan_names() })
}

/// Gives one version of the changelog.
pub async fn load_announcement(version: i32) -> Result<WithPlans<Announcement>, AppError> {
    let wallet = crate::current_user::wallet()?;
    let part = wallet.tariffs().announcement(version).await?;
    Ok(WithPlans { part, plans: wallet.catalog().view().await?.plan_names() })
}
