//! Who asks for a page, and what that person may: everything that pages read authorises itself here.

use chrono::NaiveDate;
use wallet::Wallet;
use wallet::error::{Error, Refusal};
use wallet::identity::Viewer;

use crate::context;
use crate::error::AppError;

/// The wallet's façade.
pub fn wallet() -> Result<Wallet, AppError> {
    context::wallet().ok_or_else(|| Error::internal("no wallet in the context").into())
}

/// The process's settings.
pub fn settings() -> Result<context::AppSettings, AppError> {
    context::settings().ok_or_else(|| Error::internal("no settings in the context").into())
}

/// A signed-in person.
pub fn signed_in() -> Result<(Viewer, Wallet), AppError> {
    let viewer = context::viewer().ok_or(Refusal::Unauthenticated)?;
    Ok((viewer, wallet()?))
}

/// A signed-in admin of the platform; for others the page does not exist.
pub fn staff() -> Result<(Viewer, Wallet), AppError> {
    let (viewer, wallet) = signed_in()?;
    if viewer.is_admin() {
        return Ok((viewer, wallet));
    }
    Err(Refusal::not_found("page").into())
}

/// Staff who may see all payments: admins and finance. For others the page does not exist, as for [`staff`].
pub fn payment_staff() -> Result<(Viewer, Wallet), AppError> {
    let (viewer, wallet) = signed_in()?;
    if viewer.may_review_payments() { Ok((viewer, wallet)) } else { staff() }
}

/// What became of the form that this page answers, if it was posted to this path or below it.
#[must_use]
pub fn outcome(path: &str) -> context::FormOutcome {
    context::form_outcome().filter(|outcome| outcome.path.starts_with(path)).unwrap_or_default()
}

/// Gives the day that it is for an account.
#[must_use]
pub fn today(viewer: &Viewer, wallet: &Wallet) -> NaiveDate {
    wallet.clock().now().with_timezone(&wallet::time_zone::named(&viewer.time_zone)).date_naive()
}
