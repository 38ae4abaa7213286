//! What a top-up costs: the catalog's price, whatever a caller sends.

use super::model::{Order, TopUp};
use crate::catalog::CatalogView;
use crate::error::{Problem, Refusal};
use crate::money::Credits;

/// Prices a top-up from the catalog.
pub(crate) fn price(catalog: &CatalogView, top_up: &TopUp) -> Result<Order, Refusal> {
    let settings = &catalog.settings;
    if !settings.currencies.contains(&top_up.currency) {
        let message = "This currency isn't taken here.";
        return Err(Refusal::unprocessable("currency", Problem::NotAllowed, message));
    }
    match (&top_up.package, top_up.amount) {
        (Some(code), None) => {
            let unknown = || Refusal::unprocessable("package", Problem::Unknown, "There is no such package.");
            let package = catalog.package(code).filter(|_| settings.top_up.packages).ok_or_else(unknown)?;
            let money = package.price(top_up.currency).ok_or_else(|| {
                Refusal::unprocessable("currency", Problem::NotAllowed, "This package has no price in that currency.")
            })?;
            let (credits, bonus) = (package.credits, package.bonus);
            let (package, title) = (Some(package.code.clone()), package.name.clone());
            Ok(Order { package, title, credits, bonus, money })
        }
        (None, Some(amount)) => {
            let Some(free) = &settings.top_up.free_amount else {
                return Err(Refusal::unprocessable("amount", Problem::NotAllowed, "Choose one of the packages."));
            };
            if amount < free.min {
                let message = format!("The minimum is {}.", free.min);
                return Err(Refusal::unprocessable("amount", Problem::TooSmall, message));
            }
            if amount > free.max {
                let message = format!("The maximum is {}.", free.max);
                return Err(Refusal::unprocessable("amount", Problem::TooLarge, message));
            }
            let step = settings.rounding_step.micros().max(1);
            if amount.micros().checked_rem(step) != Some(0) {
                let message = format!("Enter a multiple of {}.", settings.rounding_step);
                return Err(Refusal::unprocessable("amount", Problem::TooPrecise, message));
            }
            let money = free.price(amount, top_up.currency).ok_or_else(|| {
                Refusal::unprocessable("currency", Problem::NotAllowed, "There is no price in that currency.")
            })?;
            let title = format!("{amount} {}", settings.unit.word("en", amount));
            Ok(Order { package: None, title, credits: amount, bonus: Credits::ZERO, money })
        }
        (Some(_), Some(_)) => {
            let message = "Choose a package or enter an amount, not both.";
            Err(Refusal::unprocessable("amount", Problem::NotAllowed, message))
        }
        (None, None) => {
            Err(Refusal::unprocessable("package", Problem::Required, "Choose a package, or enter an amount."))
        }
    }
}
