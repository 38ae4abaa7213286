//! The public changelog of prices.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};
use wallet::tariff::{Announcement, Changelog};

use crate::error::AppError;
use crate::text_json::TextJson;

/// A part of the changelog, and what the plans are called that it speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithPlans<T> {
    /// The part.
    pub part: T,
    /// The plans that are offered: code and name.
    pub plans: Vec<(String, String)>,
}

/// Gives a page of the changelog, newest first.
#[server(endpoint = "changelog", input = GetUrl, output = TextJson)]
pub async fn load_changelog(
    /// Only what was announced before this version.
    before: Option<i32>,
) -> Result<WithPlans<Changelog>, AppError> {
    /// Versions of one page.
    const PAGE: u16 = 20;
    let wallet = crate::current_user::wallet()?;
    let part = wallet.tariffs().changelog(before, PAGE).await?;
    Ok(WithPlans { part, plans: wallet.catalog().view().await?.plan_names() })
}

/// Gives one version of the changelog.
#[server(endpoint = "price_change", input = GetUrl, output = TextJson)]
pub async fn load_announcement(
    /// The version.
    version: i32,
) -> Result<WithPlans<Announcement>, AppError> {
    let wallet = crate::current_user::wallet()?;
    let part = wallet.tariffs().announcement(version).await?;
    Ok(WithPlans { part, plans: wallet.catalog().view().await?.plan_names() })
}
