//! A package on offer, in one currency.

use serde::{Deserialize, Serialize};
use wallet::catalog::{Package, Rate};
use wallet::money::{Credits, Currency, Money};

/// One pack on offer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pack {
    /// The package's code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What the wallet gets.
    pub credits: Credits,
    /// What it gets for nothing beside them.
    pub bonus: Credits,
    /// What it costs.
    pub money: Money,
}

impl Pack {
    /// Takes a package of the catalog; `None` where it isn't sold in the currency.
    #[must_use]
    pub fn of(package: &Package, currency: Currency) -> Option<Self> {
        let money = package.prices.iter().copied().find(|price| price.currency() == currency)?;
        let (code, name) = (package.code.clone(), package.name.clone());
        Some(Self { code, name, credits: package.credits, bonus: package.bonus, money })
    }

    /// Gives the price of one credit, for comparing packs.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        Rate::new(self.money, self.credits)
    }
}
