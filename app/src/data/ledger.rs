//! The ledger of the person's open wallet.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wallet::ledger::{ArchivedRows, BalanceView, EntryDetail, EntryView};

use crate::error::AppError;

/// How many rows one page of the history has.
pub const HISTORY_ROWS: u16 = 50;

/// What a person asked of the history: the fields of its filter form, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HistoryQuery {
    /// `7d`, `30d`, `month`, or empty for all.
    pub period: String,
    /// `spend`, `top_up`, …, or empty for all.
    pub kind: String,
    /// A category's code, or empty for all.
    pub category: String,
    /// A text to find.
    pub q: String,
    /// Rows older than this one.
    pub before: Option<i64>,
}

impl HistoryQuery {
    /// Says whether any filter is set.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        [&self.period, &self.kind, &self.category, &self.q].into_iter().any(|text| !text.is_empty())
    }

    /// Says whether these are the newest rows of all: then live rows belong on top.
    #[must_use]
    pub fn is_top(&self) -> bool {
        self.before.is_none() && !self.is_filtered()
    }

    /// Gives the same filters at another place.
    #[must_use]
    pub fn at(&self, before: Option<i64>) -> Self {
        Self { before, ..self.clone() }
    }

    /// Writes the query of a link with these filters: `?kind=spend&before=50`, or nothing.
    #[must_use]
    pub fn to_query(&self) -> String {
        let mut params = leptos_router::params::ParamsMap::new();
        let texts = [("period", &self.period), ("kind", &self.kind), ("category", &self.category), ("q", &self.q)];
        for (name, text) in texts {
            if !text.is_empty() {
                params.insert(name, text.clone());
            }
        }
        if let Some(before) = self.before {
            params.insert("before", before.to_string());
        }
        params.to_query_string()
    }
}

/// One page of the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryPage {
    /// What was asked.
    pub query: HistoryQuery,
    /// The rows, newest first.
    pub entries: Vec<EntryView>,
    /// Where the older rows begin, if there are any.
    pub older: Option<i64>,
    /// The rows before the end that were moved to files.
    pub archived: Option<ArchivedRows>,
    /// The balance when the page was drawn.
    pub balance: BalanceView,
    /// The day when the page was drawn.
    pub today: NaiveDate,
}

/// Gives one page of the history.
pub async fn history(query: HistoryQuery) -> Result<HistoryPage, AppError> {
    use wallet::ledger::Page;
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let now = wallet.clock().now();
    let page = Page { before: query.before, limit: HISTORY_ROWS };
    // The balance first: a row that comes between the two is then in the list and in the stream, never in neither.
    let balance = wallet.balance(viewer.wallet).await?;
    let zone = wallet::time_zone::named(&viewer.time_zone);
    let page = wallet.ledger().entries(viewer.wallet, &filter::of(&query, now, &zone), page).await?;
    Ok(HistoryPage {
        query,
        entries: page.entries,
        older: page.next,
        archived: page.archived,
        balance,
        today: now.with_timezone(&zone).date_naive(),
    })
}

/// Gives one row with its receipt.
pub async fn receipt(seq: i64) -> Result<EntryDetail, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    Ok(wallet.ledger().entry(viewer.wallet, seq).await?)
}

/// From the form's words to the ledger's filter.
pub mod filter {
    use chrono::{DateTime, Datelike, Days, NaiveTime, TimeZone, Utc};
    use wallet::ledger::{EntryFilter, EntryKind};
    use wallet::time_zone::instant;

    use super::HistoryQuery;

    /// The most letters that are searched for.
    const TEXT_MAX: usize = 200;

    /// Reads the filter; words that mean nothing filter nothing. Days are those of the account's zone.
    #[must_use]
    pub fn of(query: &HistoryQuery, now: DateTime<Utc>, zone: &impl TimeZone) -> EntryFilter {
        let kinds = match query.kind.as_str() {
            "spend" => {
                vec![EntryKind::Charge, EntryKind::Capture, EntryKind::AddOn, EntryKind::Metered, EntryKind::WebhookFee]
            }
            "in" => vec![EntryKind::Grant, EntryKind::TransferIn],
            "hold" => vec![EntryKind::Hold],
            "release" => vec![EntryKind::Release, EntryKind::HoldExpired],
            "refund" => vec![EntryKind::CreditBack, EntryKind::Clawback],
            "expiry" => vec![EntryKind::GrantExpired],
            "correction" => vec![EntryKind::Adjustment],
            _ => Vec::new(),
        };
        let today = now.with_timezone(zone).date_naive();
        let first_day = match query.period.as_str() {
            "7d" => today.checked_sub_days(Days::new(6)),
            "30d" => today.checked_sub_days(Days::new(29)),
            "month" => today.with_day(1),
            _ => None,
        };
        let from = first_day.and_then(|day| instant(zone, day.and_time(NaiveTime::MIN)));
        // A text of the database holds no NUL, so nothing can match one.
        let plain = |letter: char| if letter == '\0' { '\u{fffd}' } else { letter };
        let some = |text: &str| {
            Some(text.trim().chars().map(plain).take(TEXT_MAX).collect::<String>()).filter(|text| !text.is_empty())
        };
        EntryFilter { kinds, category: some(&query.category), from, text: some(&query.q), ..EntryFilter::default() }
    }
}
