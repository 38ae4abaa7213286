//! The public price list.

use serde::{Deserialize, Serialize};
use wallet::catalog::CatalogView;
use wallet::tariff::{Announcement, PriceBook};

use crate::error::AppError;

/// Everything that the price page shows, and all that its calculator needs to count by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceList {
    /// The book in force; without what it costs us.
    pub book: PriceBook,
    /// What is sold besides single calls.
    pub catalog: CatalogView,
    /// Changes that were announced and are not in force yet.
    pub announced: Vec<Announcement>,
    /// The deployment's address, for the sample request.
    pub public_url: String,
}

/// Gives the public price list.
pub async fn load_prices() -> Result<PriceList, AppError> {
    let wallet = crate::current_user::wallet()?;
    let settings = crate::current_user::settings()?;
    let mut book = wallet.tariffs().active().await?.as_ref().clone();
    // What a model costs us is ours to know.
    book.created_by.clear();
    for tariff in &mut book.tariffs {
        tariff.upstream_cost = None;
    }
    let announced = wallet.tariffs().coming().await?.into_iter().collect();
    Ok(PriceList {
        book,
        catalog: wallet.catalog().view().await?.as_ref().clone(),
        announced,
        public_url: settings.public_url,
    })
}
