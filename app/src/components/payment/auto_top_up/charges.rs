//! What was charged by itself.

use leptos::prelude::*;
use wallet::payment::{AutoTopUpCharge, PaymentStatus};

use crate::components::payment::order_steps::failure_text;
use crate::i18n::*;
use crate::text::amount::{credits_text, money_text};
use crate::text::date_time::{When, WhenStyle};

/// The last charges that nobody made by hand.
#[component]
pub fn LastCharges(
    /// Newest first.
    charges: Vec<AutoTopUpCharge>,
) -> impl IntoView {
    let i18n = use_i18n();
    if charges.is_empty() {
        return ().into_any();
    }
    let rows = charges.into_iter().map(|charge| view! { <ChargeRow charge=charge /> }).collect_view();
    view! {
        <section aria-labelledby="auto-charges">
            <h2 id="auto-charges" class="h2 mb-2">{t!(i18n, auto.last)}</h2>
            <ul class="border-t border-line">{rows}</ul>
        </section>
    }
    .into_any()
}

#[component]
fn ChargeRow(charge: AutoTopUpCharge) -> impl IntoView {
    let i18n = use_i18n();
    let (status, credits, money) = (charge.status, charge.credits, charge.money);
    let failure = StoredValue::new(charge.failure);
    let what = match status {
        PaymentStatus::Succeeded => {
            view! { <span class="font-semibold">{move || format!("+{}", credits_text(i18n.get_locale(), credits))}</span> }
                .into_any()
        }
        PaymentStatus::Failed => view! {
            <span class="text-error">
                {t!(i18n, auto.declined)}
                <span class="block text-sm text-muted">
                    {move || failure.with_value(|code| failure_text(i18n.get_locale(), code.as_deref()))}
                </span>
            </span>
        }
        .into_any(),
        PaymentStatus::Held => view! { <span>{t!(i18n, auto.being_checked)}</span> }.into_any(),
        PaymentStatus::Cancelled | PaymentStatus::Expired => {
            view! { <span class="text-muted">{t!(i18n, auto.not_charged)}</span> }.into_any()
        }
        _ => view! { <span>{t!(i18n, auto.pending)}</span> }.into_any(),
    };
    let is_paid = status == PaymentStatus::Succeeded;
    view! {
        <li class="flex gap-3 py-2.5 border-b border-line num">
            <a class="text-muted w-32 flex-none link-q" href=format!("/wallet/orders/{}", charge.payment)>
                <When at=charge.at style=WhenStyle::DateTime />
            </a>
            <span class="flex-1 min-w-0">{what}</span>
            {is_paid.then(|| view! { <span>{move || money_text(i18n.get_locale(), money)}</span> })}
        </li>
    }
}
