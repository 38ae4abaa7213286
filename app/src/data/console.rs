//! Payments for staff: all of them, one payment's story, what was found by comparing them with the providers.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wallet::invoice::DocumentSummary;
use wallet::payment::{GroupCounts, PaymentStory, Reconciliation, ReconciliationReport, StaffPayment, StatusGroup};

use crate::context::FormOutcome;
use crate::error::AppError;

/// How many payments one page of the list has.
pub const PAYMENT_ROWS: i64 = 50;

/// What staff asked of the list: the fields of its filter form, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaymentsQuery {
    /// A tab: `review`, `waiting`, `failed`, `paid`, or empty for all.
    pub status: String,
    /// `7d`, `month`, `all`, or empty for thirty days.
    pub period: String,
    /// A provider's name, or empty for all.
    pub provider: String,
    /// `packages`, `plans`, or empty for both.
    pub item: String,
    /// A text to find.
    pub q: String,
    /// Payments older than this one.
    pub before: String,
}

impl PaymentsQuery {
    /// Gives the tab.
    #[must_use]
    pub fn group(&self) -> StatusGroup {
        StatusGroup::from_code(&self.status)
    }

    /// Says whether any filter is set, the tab apart.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        [&self.period, &self.provider, &self.item, &self.q].into_iter().any(|text| !text.is_empty())
    }

    /// Gives the same filters in another tab, from its newest on.
    #[must_use]
    pub fn in_group(&self, group: StatusGroup) -> Self {
        Self { status: group.code().to_owned(), before: String::new(), ..self.clone() }
    }

    /// Gives the same filters at another place.
    #[must_use]
    pub fn at(&self, before: &str) -> Self {
        Self { before: before.to_owned(), ..self.clone() }
    }

    /// Writes the query of a link with these filters: `?status=review&q=anna`, or nothing.
    #[must_use]
    pub fn to_query(&self) -> String {
        let mut params = leptos_router::params::ParamsMap::new();
        let texts = [
            ("status", &self.status),
            ("period", &self.period),
            ("provider", &self.provider),
            ("item", &self.item),
            ("q", &self.q),
            ("before", &self.before),
        ];
        for (name, text) in texts {
            if !text.is_empty() {
                params.insert(name, text.clone());
            }
        }
        params.to_query_string()
    }
}

/// One page of the list, with what stands above it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentsPage {
    /// What was asked.
    pub query: PaymentsQuery,
    /// The payments, newest first.
    pub payments: Vec<StaffPayment>,
    /// Where the older ones begin, if there are any.
    pub older: Option<String>,
    /// How many there are in each tab, with the other filters.
    pub counts: GroupCounts,
    /// The providers of all payments.
    pub providers: Vec<String>,
    /// The newest comparison with each provider.
    pub newest: Vec<Reconciliation>,
    /// The day when the page was drawn.
    pub today: NaiveDate,
}

/// One payment's story, and what became of the form on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoryPage {
    /// Everything that is known of it.
    pub story: PaymentStory,
    /// Its receipt and what followed, newest first.
    pub documents: Vec<DocumentSummary>,
    /// What became of the form.
    pub outcome: FormOutcome,
}

/// The comparisons, and the day when the page was drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReconciliationPage {
    /// What was found.
    pub report: ReconciliationReport,
    /// The day when the page was drawn.
    pub today: NaiveDate,
}

/// Gives one page of all payments.
pub async fn load_payments(query: PaymentsQuery) -> Result<PaymentsPage, AppError> {
    let (viewer, wallet) = crate::current_user::payment_staff()?;
    let (payments, today) = (wallet.payments(), wallet.clock().now().date_naive());
    let wanted = filter::of(&query, today);
    let before = query.before.parse().ok();
    let page = payments.staff_list(viewer.account, &wanted, before, PAYMENT_ROWS).await?;
    let (counts, providers) = payments.staff_counts(viewer.account, &wanted).await?;
    let newest = payments.newest_reconciliations().await?;
    let older = page.next.map(|next| next.to_string());
    Ok(PaymentsPage { query, payments: page.payments, older, counts, providers, newest, today })
}

/// Gives one payment's story.
pub async fn load_payment(id: String) -> Result<StoryPage, AppError> {
    use wallet::error::{Error, Refusal};
    let (_, wallet) = crate::current_user::payment_staff()?;
    let payment = id.parse().map_err(|_| Error::from(Refusal::not_found("payment")))?;
    let story = wallet.payments().story(payment).await?;
    let documents = wallet.invoices().documents_of(payment).await?;
    let outcome = crate::current_user::outcome(&format!("/admin/payments/{payment}"));
    Ok(StoryPage { story, documents, outcome })
}

/// Gives the comparisons with the providers' books.
pub async fn load_reconciliation() -> Result<ReconciliationPage, AppError> {
    let (_, wallet) = crate::current_user::payment_staff()?;
    let today = wallet.clock().now().date_naive();
    Ok(ReconciliationPage { report: wallet.payments().reconciliations().await?, today })
}

/// From the form's words to the wallet's filter.
pub mod filter {
    use chrono::{Datelike, Days, NaiveDate, NaiveTime};
    use wallet::payment::{BoughtKind, PaymentFilter};

    use super::PaymentsQuery;

    /// The most letters that are searched for.
    const TEXT_MAX: usize = 200;

    /// Reads the filter; words that mean nothing filter nothing. Days are counted in UTC, as everything on these pages.
    #[must_use]
    pub fn of(query: &PaymentsQuery, today: NaiveDate) -> PaymentFilter {
        let first_day = match query.period.as_str() {
            "all" => None,
            "7d" => today.checked_sub_days(Days::new(6)),
            "month" => today.with_day(1),
            _ => today.checked_sub_days(Days::new(29)),
        };
        let bought = match query.item.as_str() {
            "packages" => Some(BoughtKind::Package),
            "plans" => Some(BoughtKind::Plan),
            _ => None,
        };
        // A text of the database holds no NUL, so nothing can match one.
        let plain = |letter: char| if letter == '\0' { '\u{fffd}' } else { letter };
        let some = |text: &str| {
            Some(text.trim().chars().map(plain).take(TEXT_MAX).collect::<String>()).filter(|text| !text.is_empty())
        };
        PaymentFilter {
            group: query.group(),
            from: first_day.map(|day| day.and_time(NaiveTime::MIN).and_utc()),
            provider: some(&query.provider),
            bought,
            text: some(&query.q),
        }
    }
}
