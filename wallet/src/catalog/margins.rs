//! Margins: prices in force, at the catalog's base rate, beside what they cost us.

use super::service::wrong_file;
use super::{Catalog, CatalogView, Interval};
use crate::error::Result;
use crate::identity::Actor;
use crate::money::Currency;
use crate::tariff::{self, BaseRate, MarginRow, Margins, PriceBook};

impl CatalogView {
    /// Gives what a credit is sold for, by currency.
    #[must_use]
    pub(crate) fn base_rates(&self) -> Vec<BaseRate> {
        self.settings.currencies.iter().filter_map(|currency| self.base_rate(*currency)).collect()
    }

    /// Gives what a credit is sold for without any discount: a free amount, else the smallest package, else the base
    /// plan. `None` where credits aren't sold in the currency.
    #[must_use]
    pub(crate) fn base_rate(&self, currency: Currency) -> Option<BaseRate> {
        let free = self.settings.top_up.free_amount.as_ref().and_then(|free| {
            let money = free.prices.iter().find(|price| price.currency() == currency)?;
            Some(BaseRate { money: *money, credits: free.credits })
        });
        let package = || {
            let smallest = self.packages.iter().min_by_key(|package| package.credits)?;
            Some(BaseRate { money: smallest.price(currency)?, credits: smallest.credits })
        };
        let plan = || {
            let plan = self.base_plan()?;
            Some(BaseRate { money: plan.price(Interval::Month, currency)?, credits: plan.monthly_credits })
        };
        let is_sold = |rate: &BaseRate| rate.money.minor() > 0 && rate.credits.is_positive();
        free.filter(is_sold).or_else(|| package().filter(is_sold)).or_else(|| plan().filter(is_sold))
    }
}

impl Catalog {
    /// Puts the prices in force beside what they cost us.
    pub async fn margins(&self) -> Result<Margins> {
        let view = self.view().await?;
        self.tariffs().margins(view.base_rates(), view.settings.upstream_review_days).await
    }

    /// Puts the prices of any version beside what they cost us.
    pub async fn margins_of(&self, book: &PriceBook) -> Result<Vec<MarginRow>> {
        self.tariffs().margins_of(book, &self.view().await?.base_rates()).await
    }

    /// Takes a sheet of upstream costs. A sheet with one mistake changes nothing; each is told by line and column.
    /// Says how many costs were new.
    pub async fn upload_costs(&self, staff: &Actor, text: &str) -> Result<usize> {
        let days = self.view().await?.settings.upstream_review_days;
        let book = self.tariffs().active().await?;
        let costs = tariff::read_sourced_costs(text, &book, self.tariffs().today(), days)
            .map_err(|errors| wrong_file("costs", errors))?;
        self.tariffs().add_costs(staff, &costs).await
    }

    /// Writes the upstream costs that are known as a sheet.
    pub async fn export_costs(&self) -> Result<String> {
        Ok(tariff::write_costs(&self.margins().await?.rows))
    }
}
