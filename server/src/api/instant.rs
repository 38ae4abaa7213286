//! Instants in queries: RFC 3339, or a day, which is a day of the account's time zone.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use wallet::id::WalletId;
use wallet::time_zone;

use super::envelope::{Answer, Fault};
use crate::state::AppState;

/// Reads an instant; of a day its first one, where the wallet's account is.
pub(super) async fn instant(state: &AppState, wallet: WalletId, field: &str, text: &str) -> Answer<DateTime<Utc>> {
    // A `+` that was not escaped arrives as a space.
    let text = text.trim().replace(' ', "+");
    let read = match DateTime::parse_from_rfc3339(&text) {
        Ok(at) => Some(at.to_utc()),
        Err(_) => match text.parse::<NaiveDate>().ok().filter(|day| is_sane(*day)) {
            Some(day) => {
                time_zone::instant(&state.wallet.ledger().time_zone(wallet).await?, day.and_time(NaiveTime::MIN))
            }
            None => None,
        },
    };
    let read = read.filter(|at| is_sane(at.date_naive()));
    read.ok_or_else(|| Fault::invalid(field, "Write it as 2026-04-08T00:00:00Z or 2026-04-08."))
}

/// The same of something that may be missing.
pub(super) async fn optional_instant(
    state: &AppState,
    wallet: WalletId,
    field: &str,
    text: Option<&str>,
) -> Answer<Option<DateTime<Utc>>> {
    match text {
        Some(text) => instant(state, wallet, field, text).await.map(Some),
        None => Ok(None),
    }
}

/// PostgreSQL and clients hold less than chrono does.
fn is_sane(day: NaiveDate) -> bool {
    (1970..=9999).contains(&day.year())
}
