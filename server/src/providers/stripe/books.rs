//! Stripe's books: what it has taken in a period, to be compared with ours.

use stripe_core::payment_intent::ListPaymentIntent;
use stripe_shared::{PaymentIntent, PaymentIntentStatus};
use wallet::payment::{BookPeriod, BookedPayment, BooksAnswer};

use super::api::Failure;
use super::find::{PAGE, between};
use super::payment::{minor, order_of_intent, time};
use super::{Stripe, currency};

impl Stripe {
    pub(super) async fn page_of_books(&self, period: &BookPeriod) -> BooksAnswer {
        let mut list = ListPaymentIntent::new()
            .created(between(period.from, Some(period.to)))
            .limit(PAGE)
            .expand(vec!["data.latest_charge".to_owned()]);
        if let Some(after) = &period.cursor {
            list = list.starting_after(after);
        }
        let page = match self.api.send(&list).await {
            Ok(page) => page,
            Err(failure) => return BooksAnswer::Unknown { detail: failure.detail() },
        };
        let next = page.data.last().filter(|_| page.has_more).map(|intent| intent.id.as_str().to_owned());
        match page.data.iter().map(booked).collect() {
            Ok(payments) => BooksAnswer::Page { payments, next },
            Err(failure) => BooksAnswer::Unknown { detail: Failure::detail(failure) },
        }
    }
}

fn booked(intent: &PaymentIntent) -> Result<BookedPayment, Failure> {
    let currency = currency::named(&intent.currency);
    let currency = currency.ok_or_else(|| Failure::unreadable("a payment in a currency that is not known"))?;
    let is_paid = intent.status == PaymentIntentStatus::Succeeded;
    let amount = if is_paid { intent.amount_received } else { intent.amount };
    let total = currency::from_stripe(amount, currency);
    let charge = intent.latest_charge.as_ref().and_then(|charge| charge.as_object());
    Ok(BookedPayment {
        reference: intent.id.as_str().to_owned(),
        order: order_of_intent(intent),
        is_paid,
        total: total.ok_or_else(|| Failure::unreadable("an amount that the currency does not have"))?,
        refunded_minor: minor(charge.map_or(0, |charge| charge.amount_refunded), currency)?,
        created_at: time(intent.created)?,
    })
}
