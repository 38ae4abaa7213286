//! The public changelog of prices.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use wallet::tariff::{Announcement, Changelog};

use crate::error::AppError;
use crate::server_fns::wire::TextJson;

/// Gives a page of the changelog, newest first.
#[server(endpoint = "changelog", input = GetUrl, output = TextJson)]
pub async fn load_changelog(
    /// Only what was announced before this version.
    before: Option<i32>,
) -> Result<Changelog, AppError> {
    /// Versions of one page.
    const PAGE: u16 = 20;
    Ok(crate::asker::wallet()?.tariffs().changelog(before, PAGE).await?)
}

/// Gives one version of the changelog.
#[server(endpoint = "price_change", input = GetUrl, output = TextJson)]
pub async fn load_announcement(
    /// The version.
    version: i32,
) -> Result<Announcement, AppError> {
    Ok(crate::asker::wallet()?.tariffs().announcement(version).await?)
}
