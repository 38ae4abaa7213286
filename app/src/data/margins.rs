//! Margins, for the platform's admins.

use serde::{Deserialize, Serialize};
use wallet::tariff::{CostRow, Margins};

use crate::context::FormOutcome;
use crate::error::AppError;

/// Everything that the page of margins shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarginsPage {
    /// The table.
    pub margins: Margins,
    /// The operation whose history is open, with what it cost over time, newest first.
    pub history: Option<(String, Vec<CostRow>)>,
    /// What became of a form, where the page answers it.
    pub outcome: FormOutcome,
}

/// Gives the page of margins.
pub async fn load_margins(operation: Option<String>) -> Result<MarginsPage, AppError> {
    let (_, wallet) = crate::current_user::staff()?;
    let history = match operation {
        Some(operation) => Some((operation.clone(), wallet.tariffs().cost_history(&operation).await?)),
        None => None,
    };
    Ok(MarginsPage {
        margins: wallet.catalog().margins().await?,
        history,
        outcome: crate::current_user::outcome("/admin/margins"),
    })
}
