//! The price book, as its editor sees it.

use chrono::{DateTime, NaiveDate, Utc};
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};
use wallet::tariff::{BookSummary, PriceBook, PriceChange, Rehearsal, Tariff};

use crate::context::FormOutcome;
use crate::error::AppError;

/// One operation in the editor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EditorRow {
    /// As the shown version has it; `None` where the version removes it.
    pub shown: Option<Tariff>,
    /// As the book that it is compared with has it.
    pub now: Option<Tariff>,
    /// What changes, if anything does.
    pub change: Option<PriceChange>,
}

/// One version in the editor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EditorPage {
    /// The versions, newest first.
    pub versions: Vec<BookSummary>,
    /// The version shown, without its tariffs: they are in the rows.
    pub book: PriceBook,
    /// The version in force.
    pub active: Option<i32>,
    /// Every operation of the shown version and of the one in force.
    pub rows: Vec<EditorRow>,
    /// The first day on which a rise may take effect.
    pub first_rise: DateTime<Utc>,
    /// The days of notice.
    pub notice_days: u16,
    /// How many days a rehearsal rates again.
    pub rehearsal_days: u16,
    /// What the last rehearsal of the version found.
    pub rehearsal: Option<Rehearsal>,
    /// What became of the form, where the page answers it.
    pub outcome: FormOutcome,
    /// The day when the page was drawn.
    pub today: NaiveDate,
}

/// Gives one version; the draft where there is one, else the one in force, where none is named.
#[server(endpoint = "price_book", input = GetUrl)]
pub async fn load_price_book(
    /// The version.
    version: Option<i32>,
) -> Result<EditorPage, AppError> {
    let (_, wallet) = crate::asker::staff()?;
    let tariffs = wallet.tariffs();
    let versions = tariffs.versions().await?;
    let active = tariffs.active().await.ok();
    let version = version.or_else(|| ssr::preferred(&versions));
    let version = version.ok_or_else(|| wallet::error::Refusal::not_found("price book"))?;
    let mut book = tariffs.book(version).await?;
    let changes = tariffs.diff(version).await?;
    let rows = ssr::rows(&book, active.as_deref(), changes);
    book.tariffs.clear();
    let settings = &wallet.catalog().view().await?.settings;
    Ok(EditorPage {
        versions,
        book,
        active: active.map(|active| active.version),
        rows,
        first_rise: tariffs.first_rise().await?,
        notice_days: settings.notice_days,
        rehearsal_days: settings.rehearsal_days,
        rehearsal: tariffs.rehearsal(version).await?,
        outcome: crate::context::form_outcome().unwrap_or_default(),
        today: wallet.clock().now().date_naive(),
    })
}

#[cfg(feature = "ssr")]
mod ssr {
    use wallet::tariff::{BookStatus, BookSummary, PriceBook, PriceChange};

    use super::EditorRow;

    /// The draft where there is one, else the book in force.
    pub fn preferred(versions: &[BookSummary]) -> Option<i32> {
        let with = |status: BookStatus| versions.iter().find(|book| book.status == status);
        [BookStatus::Draft, BookStatus::Active, BookStatus::Scheduled]
            .into_iter()
            .find_map(with)
            .or_else(|| versions.first())
            .map(|book| book.version)
    }

    /// Puts the shown version beside the one in force; removed operations come last.
    pub fn rows(book: &PriceBook, active: Option<&PriceBook>, changes: Vec<PriceChange>) -> Vec<EditorRow> {
        let is_open = matches!(book.status, BookStatus::Draft | BookStatus::Scheduled);
        let before = active.filter(|_| is_open);
        let change = |operation: &str| changes.iter().find(|change| change.operation == operation).cloned();
        let mut rows: Vec<EditorRow> = book
            .tariffs
            .iter()
            .map(|tariff| EditorRow {
                shown: Some(tariff.clone()),
                now: before.and_then(|before| before.tariff(&tariff.operation)).cloned(),
                change: change(&tariff.operation).filter(|_| is_open),
            })
            .collect();
        let removed = before.into_iter().flat_map(|before| &before.tariffs);
        let removed = removed.filter(|tariff| book.tariff(&tariff.operation).is_none());
        rows.extend(removed.map(|tariff| EditorRow {
            shown: None,
            now: Some(tariff.clone()),
            change: change(&tariff.operation),
        }));
        rows
    }
}
