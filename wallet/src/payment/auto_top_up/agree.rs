//! What an owner may agree to: checked before it is stored, each mistake at its field.

#![cfg(feature = "postgres")]

use super::{AutoTopUpBuys, AutoTopUpTerms, NewAutoTopUp};
use crate::catalog::{CatalogView, FreeAmount};
use crate::error::{FieldError, Problem, Refusal};
use crate::money::{Credits, Money};
use crate::payment::method::{AmountRefused, within};
use crate::payment::model::{Order, TopUp};
use crate::payment::price::price;
use crate::payment::provider::AmountLimits;

/// The most charges that a month's limit may be for: what is more is a slip.
const CHARGES_MAX: i64 = 1_000;

/// Gives the order that is made for a wallet with so much available; `None` where it is not sold any more.
pub(crate) fn wanted(catalog: &CatalogView, terms: &AutoTopUpTerms, available: Credits) -> Option<TopUp> {
    of(catalog, &terms.buys, terms.most, available)
}

fn of(catalog: &CatalogView, buys: &AutoTopUpBuys, most: Money, available: Credits) -> Option<TopUp> {
    let top_up = |package: Option<String>, amount: Option<Credits>| TopUp {
        package,
        amount,
        currency: most.currency(),
        with: None,
        save_method: false,
    };
    let free = || catalog.settings.top_up.free_amount.as_ref();
    let step = catalog.settings.rounding_step;
    match buys {
        AutoTopUpBuys::Package { package } => Some(top_up(Some(package.clone()), None)),
        AutoTopUpBuys::Amount { money } => Some(top_up(None, Some(credits_for(free()?, *money, step)?))),
        AutoTopUpBuys::FillTo { credits } => {
            let free = free()?;
            let missing = credits.checked_sub(available.max(Credits::ZERO))?;
            Some(top_up(None, Some(rounded_up(missing, step)?.max(free.min))))
        }
    }
}

/// Gives the credits that an amount buys, in whole steps, rounded down: never more than was agreed to is charged.
fn credits_for(free: &FreeAmount, money: Money, step: Credits) -> Option<Credits> {
    let price = free.prices.iter().find(|price| price.currency() == money.currency())?;
    let top = i128::from(money.minor()).checked_mul(i128::from(free.credits.micros()))?;
    let micros = i64::try_from(top.checked_div(i128::from(price.minor()))?).ok()?;
    let over = micros.checked_rem(step.micros().max(1))?;
    Some(Credits::from_micros(micros.checked_sub(over)?))
}

fn rounded_up(credits: Credits, step: Credits) -> Option<Credits> {
    let step = step.micros().max(1);
    let over = credits.micros().checked_rem(step)?;
    let missing = if over == 0 { 0 } else { step.checked_sub(over)? };
    Some(Credits::from_micros(credits.micros().checked_add(missing)?))
}

/// Checks what an owner asks for, and gives what is agreed to. `limits` are what the card's provider takes.
pub(crate) fn agree(
    new: &NewAutoTopUp,
    method_label: &str,
    catalog: &CatalogView,
    limits: AmountLimits,
) -> Result<AutoTopUpTerms, Refusal> {
    let (field, zero) = (new.buys.code(), Money::from_minor(0, new.currency));
    must_be_possible(new, catalog)?;
    let order = of(catalog, &new.buys, zero, Credits::ZERO);
    let order = order.ok_or_else(|| {
        Refusal::unprocessable(field, Problem::NotAllowed, "This can't be bought here. Choose something else.")
    })?;
    let Order { credits, money: most, .. } = price(catalog, &order).map_err(|refusal| at(refusal, field))?;
    let mut errors = Vec::new();
    let mut error = |field: &str, problem, message: String| errors.push(FieldError::new(field, problem, message));
    if let Some(threshold) = new.threshold {
        let is_fill = matches!(new.buys, AutoTopUpBuys::FillTo { .. });
        if !threshold.is_positive() {
            let message = "Enter more than 0, or leave it empty to top up only when a charge would be refused.";
            error("threshold", Problem::TooSmall, message.to_owned());
        } else if threshold > credits || (is_fill && threshold == credits) {
            let message = format!("One top-up brings {credits}. Enter less, or buy more, so that one is enough.");
            error("threshold", Problem::TooLarge, message);
        }
    }
    // What it charges when the threshold has just been crossed.
    let least = match (&new.buys, new.threshold.filter(|threshold| *threshold < credits)) {
        (AutoTopUpBuys::FillTo { .. }, Some(threshold)) => of(catalog, &new.buys, zero, threshold)
            .and_then(|order| price(catalog, &order).ok())
            .map_or(most, |order| order.money),
        _ => most,
    };
    for money in [least, most] {
        match within(limits, money) {
            Ok(()) => {}
            Err(AmountRefused::Below(least)) => {
                let message = format!("The least that can be paid with this card is {least}. Buy more.");
                error(field, Problem::TooSmall, message);
                break;
            }
            Err(AmountRefused::Above(most)) => {
                error(
                    field,
                    Problem::TooLarge,
                    format!("The most that can be paid with this card is {most}. Buy less."),
                );
                break;
            }
        }
    }
    let top = most.minor().checked_mul(CHARGES_MAX);
    for (name, limit) in [("daily", new.daily), ("monthly", Some(new.monthly))] {
        let Some(limit) = limit else { continue };
        if limit.currency() != new.currency || limit.minor() < most.minor() {
            error(name, Problem::TooSmall, format!("One charge is {most}. Enter at least that."));
        } else if top.is_none_or(|top| limit.minor() > top) {
            error(name, Problem::TooLarge, format!("Enter at most {CHARGES_MAX} charges of {most}."));
        }
    }
    if new.daily.is_some_and(|daily| daily.minor() > new.monthly.minor()) {
        error("daily", Problem::TooLarge, "Enter at most the limit of the month.".to_owned());
    }
    if !errors.is_empty() {
        return Err(Refusal::Unprocessable { fields: errors });
    }
    Ok(AutoTopUpTerms {
        threshold: new.threshold,
        buys: new.buys.clone(),
        most,
        daily: new.daily.unwrap_or(new.monthly),
        monthly: new.monthly,
        method: new.method,
        method_label: method_label.to_owned(),
    })
}

/// Refuses what nothing is sold for, whatever it costs.
fn must_be_possible(new: &NewAutoTopUp, catalog: &CatalogView) -> Result<(), Refusal> {
    if !catalog.settings.currencies.contains(&new.currency) {
        return Err(Refusal::unprocessable("currency", Problem::NotAllowed, "This currency isn't taken here."));
    }
    match &new.buys {
        AutoTopUpBuys::Amount { money } if money.minor() <= 0 || money.currency() != new.currency => {
            Err(Refusal::unprocessable("amount", Problem::TooSmall, "Enter an amount above 0."))
        }
        AutoTopUpBuys::FillTo { credits } if !credits.is_positive() => {
            Err(Refusal::unprocessable("fill_to", Problem::TooSmall, "Enter a balance above 0."))
        }
        AutoTopUpBuys::FillTo { credits } => match &catalog.settings.top_up.free_amount {
            Some(free) if *credits < free.min => {
                let message = format!("The minimum is {}.", free.min);
                Err(Refusal::unprocessable("fill_to", Problem::TooSmall, message))
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Puts what is wrong with an order at the field of the form that it came from.
fn at(refusal: Refusal, field: &str) -> Refusal {
    match refusal {
        Refusal::Unprocessable { mut fields } => {
            for error in &mut fields {
                if error.field == "currency" {
                    continue;
                }
                // The order's own message speaks of credits; here money was typed.
                let message = match (field, error.problem) {
                    ("amount", Problem::TooSmall) => Some("This buys too few credits. Enter more."),
                    ("amount", Problem::TooLarge) => Some("This buys too many credits. Enter less."),
                    _ => None,
                };
                if let Some(message) = message {
                    message.clone_into(&mut error.message);
                }
                field.clone_into(&mut error.field);
            }
            Refusal::Unprocessable { fields }
        }
        refusal => refusal,
    }
}
