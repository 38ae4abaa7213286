//! Auto top-up: agreed to, switched off, and paid by hand where the bank asks for its owner.

use app::text::auto_top_up::TypedTerms;
use axum::extract::State;
use axum::response::Response;
use wallet::error::{Error, FieldError, Problem, Refusal, Result};
use wallet::id::PaymentMethodId;
use wallet::money::{Credits, Currency, Money};
use wallet::payment::{AutoTopUpBuys, NewAutoTopUp};

use super::post::Post;
use crate::http::redirect::see_other;
use crate::providers;
use crate::state::AppState;

const PAGE: &str = "/wallet/payment";

impl Post {
    /// Reads an amount of money that a person typed into a field; `None` where it is empty.
    fn money(&self, field: &str, currency: Currency) -> Result<Option<Money>> {
        let Some(amount) = self.amount(field, "60")? else { return Ok(None) };
        // The amount's own plain decimal: digits that the currency does not have are refused.
        let money = Money::parse(&amount.to_string(), currency).map_err(|_| {
            let decimals = currency.exponent();
            let message = format!("At most {decimals} decimals in {currency}.");
            FieldError::new(field, Problem::TooPrecise, message)
        })?;
        Ok(Some(money))
    }

    fn credits(&self, field: &str) -> Result<Option<Credits>> {
        self.amount(field, "300")
    }
}

/// Takes every result, and gives all that is wrong at once.
fn all<T>(errors: &mut Vec<FieldError>, read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Error::Refused(Refusal::Invalid { fields } | Refusal::Unprocessable { fields })) => {
            errors.extend(fields);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What the form says, as it was typed: what the text named that the person agreed to.
fn typed(form: &Post) -> TypedTerms {
    let of = |name: &str| form.field(name).trim().to_owned();
    TypedTerms {
        currency: of("currency"),
        threshold: of("threshold"),
        buys: of("buys"),
        package: of("package"),
        amount: of("amount"),
        fill_to: of("fill_to"),
        daily: of("daily"),
        monthly: of("monthly"),
        card: of("method"),
    }
}

fn wanted(form: &Post) -> Result<NewAutoTopUp> {
    let mut errors = Vec::new();
    let unknown = || Refusal::unprocessable("currency", Problem::Unknown, "There is no such currency.");
    let currency: Currency = form.field("currency").parse().map_err(|_| unknown())?;
    let required = |field: &str, message: &str| Error::from(FieldError::new(field, Problem::Required, message));
    let threshold = all(&mut errors, form.credits("threshold"))?.flatten();
    let buys = match form.field("buys") {
        "package" => Ok(AutoTopUpBuys::Package { package: form.field("package").to_owned() }),
        "amount" => form.money("amount", currency).and_then(|money| {
            let money = money.ok_or_else(|| required("amount", "Enter an amount such as 10."))?;
            Ok(AutoTopUpBuys::Amount { money })
        }),
        "fill_to" => form.credits("fill_to").and_then(|credits| {
            let credits = credits.ok_or_else(|| required("fill_to", "Enter a balance such as 1000."))?;
            Ok(AutoTopUpBuys::FillTo { credits })
        }),
        _ => Err(required("buys", "Choose what each top-up buys.")),
    };
    let buys = all(&mut errors, buys)?;
    let daily = all(&mut errors, form.money("daily", currency))?.flatten();
    let monthly = form
        .money("monthly", currency)
        .and_then(|money| money.ok_or_else(|| required("monthly", "Enter the most to spend in a month, such as 60.")));
    let monthly = all(&mut errors, monthly)?;
    let method = form.field("method").parse::<PaymentMethodId>();
    let method = all(&mut errors, method.map_err(|_| required("method", "Choose a card.")))?;
    match (buys, monthly, method) {
        (Some(buys), Some(monthly), Some(method)) if errors.is_empty() => {
            Ok(NewAutoTopUp { threshold, buys, currency, daily, monthly, method })
        }
        _ => Err(Refusal::Unprocessable { fields: errors }.into()),
    }
}

/// Says whether the person has agreed to what was sent: ticked, under a text that named the same.
fn is_agreed(form: &Post) -> Result<()> {
    if form.field("shown") != typed(form).shown() {
        let message = "You have changed what this text names. Read it again and tick the box.";
        return Err(Refusal::unprocessable("consent", Problem::Outdated, message).into());
    }
    if form.field("consent") != "yes" {
        let message = "Tick the box to allow the charges.";
        return Err(FieldError::new("consent", Problem::Required, message).into());
    }
    Ok(())
}

/// Switches it on by what the person agrees to.
pub async fn agree(State(state): State<AppState>, mut form: Post) -> Response {
    let agreed = async {
        let viewer = form.payer()?;
        let new = wanted(&form)?;
        is_agreed(&form)?;
        state.wallet.payments().agree_to_auto_top_up(&viewer, &new).await
    };
    match agreed.await {
        Ok(_) => see_other("/wallet/payment?done=auto-on#auto-top-up"),
        Err(error) => {
            // What was agreed to was another text: the box is ticked anew.
            form.forget("consent");
            form.refuse(PAGE, error).await
        }
    }
}

/// Switches it off, at once.
pub async fn switch_off(State(state): State<AppState>, form: Post) -> Response {
    let done = async { state.wallet.payments().switch_auto_top_up_off(&form.viewer()?).await };
    let next = done.await.map(|()| "/wallet/payment?done=auto-off#auto-top-up".to_owned());
    form.answer(next).await
}

/// Opens the page on which its owner pays what the bank would not let be charged without them.
pub async fn pay(State(state): State<AppState>, form: Post) -> Response {
    let ordered = async {
        let (viewer, key) = (form.viewer()?, form.idempotency_key()?);
        let base = providers::base_url(&state, form.parts());
        state.wallet.payments().pay_auto_top_up(&viewer, key.as_str(), &base).await
    };
    match ordered.await {
        Ok(payment) => match payment.checkout_url {
            Some(url) if payment.status.is_open() => see_other(&url),
            _ => see_other(&format!("/wallet/orders/{}", payment.id)),
        },
        Err(error) => form.refuse(PAGE, error).await,
    }
}
