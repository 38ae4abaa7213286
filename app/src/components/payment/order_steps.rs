//! How far an order is, step by step.

use leptos::prelude::*;
use wallet::money::{Credits, Money};
use wallet::payment::{PaymentStatus, PaymentView};

use crate::i18n::*;
use crate::text::amount::{money_text, unit_text};
use crate::text::date_time::{When, WhenStyle};
use crate::text::payment::with_bonus_text;

/// How far one step is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Done,
    Now,
    Next,
}

/// The panel of an order on its way: what was ordered, and the four steps.
#[component]
pub fn OrderSteps(
    /// The order.
    order: PaymentView,
) -> impl IntoView {
    let i18n = use_i18n();
    let is_pending = order.status == PaymentStatus::Pending;
    let number = order.id.to_string();
    let (created, updated) = (order.created_at, order.updated_at);
    view! {
        <section aria-label=move || t_string!(i18n, order.progress) class="panel mt-5">
            <OrderHead credits=order.credits bonus=order.bonus money=order.money />
            <hr class="perf-x mx-2" />
            <ol class="p-5">
                <StepRow step=Step::Done>
                    <p class="font-medium">{t!(i18n, order.created)}</p>
                    <p class="text-sm text-muted num">
                        <When at=created style=WhenStyle::Clock />
                        " "
                        <span class="font-mono text-xs break-all">{number}</span>
                    </p>
                </StepRow>
                <StepRow step=if is_pending { Step::Now } else { Step::Done }>
                    <p class="font-medium">
                        {move || if is_pending { t_string!(i18n, order.pay_now) } else { t_string!(i18n, order.card_confirmed) }}
                    </p>
                    <p class="text-sm text-muted num">
                        {move || {
                            if is_pending {
                                view! { {t!(i18n, order.pay_now_note)} }.into_any()
                            } else {
                                view! { <When at=updated style=WhenStyle::Clock /> }.into_any()
                            }
                        }}
                    </p>
                </StepRow>
                <StepRow step=if is_pending { Step::Next } else { Step::Now }>
                    <p class=if is_pending { "text-muted" } else { "font-medium" }>{t!(i18n, order.bank)}</p>
                    <p class="text-sm text-muted">{t!(i18n, order.bank_note)}</p>
                </StepRow>
                <StepRow step=Step::Next>
                    <p class="text-muted">{t!(i18n, order.added)}</p>
                    <p class="text-sm text-muted">{t!(i18n, order.added_note)}</p>
                </StepRow>
            </ol>
        </section>
    }
}

/// What was ordered, and for how much.
#[component]
pub fn OrderHead(
    /// What the wallet gets.
    credits: Credits,
    /// What it gets for nothing beside them.
    bonus: Credits,
    /// What it costs.
    money: Money,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="p-5 flex items-baseline gap-3">
            <span class="fig text-2xl">{move || with_bonus_text(i18n.get_locale(), credits, bonus)}</span>
            <span>{move || unit_text(i18n.get_locale(), credits)}</span>
            <span class="flex-1"></span>
            <span class="num text-lg">{move || money_text(i18n.get_locale(), money)}</span>
        </div>
    }
}

/// One step with its mark and the line to the next one.
#[component]
fn StepRow(step: Step, children: Children) -> impl IntoView {
    let mark = match step {
        Step::Done => "bg-primary text-primary-content",
        Step::Now => "text-primary",
        Step::Next => "border border-control",
    };
    view! {
        <li class="relative pl-8 pb-5 last:pb-0 before:absolute before:left-[9px] before:top-6 before:bottom-0 before:w-px before:bg-control last:before:hidden">
            <span class=format!("absolute left-0 top-0.5 size-5 rounded-full grid place-items-center {mark}") aria-hidden="true">
                {match step {
                    Step::Done => view! { <span class="text-xs">"✓"</span> }.into_any(),
                    Step::Now => view! { <span class="spin size-[18px]"></span> }.into_any(),
                    Step::Next => ().into_any(),
                }}
            </span>
            {children()}
        </li>
    }
}

/// Says why a payment failed, in plain words.
#[must_use]
pub fn failure_text(locale: Locale, failure: Option<&str>) -> &'static str {
    match failure {
        Some("insufficient_funds") => td_string!(locale, order.failed_funds),
        Some("card_expired" | "expired_card") => td_string!(locale, order.failed_expired),
        Some("authentication_failed" | "three_d_secure_failed" | "3d_secure_failed") => {
            td_string!(locale, order.failed_3ds)
        }
        Some("provider_unavailable" | "customer_gone" | "try_later") => td_string!(locale, order.failed_provider),
        _ => td_string!(locale, order.failed_declined),
    }
}
