//! One trial: its options, the price before, and the buttons.

use leptos::prelude::*;
use leptos_router::params::ParamsMap;
use wallet::tariff::{ParamKind, ParamSpec};

use crate::data::playground::{Trial, TrialRequest};
use crate::i18n::*;
use crate::islands::entry::CategoryDot;
use crate::text::amount::{exact_text, unit_text};

/// Reads from the address which card is asked for, and with which options: what its form sends.
pub fn asked_of(address: &ParamsMap) -> Option<TrialRequest> {
    let param = |name: &str| name.strip_prefix("param.").map(str::to_owned);
    let pairs = address.clone().into_iter();
    Some(TrialRequest {
        operation: address.get("operation")?,
        params: pairs.filter_map(|(name, value)| Some((param(&name)?, value))).collect(),
    })
}

/// A card with the form of one request; after a changed option the server draws it again, with its price.
#[component]
pub fn TrialCard(
    /// The request.
    trial: Trial,
    /// Whether the card is there to be refused.
    is_refusal: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let locale = i18n.get_locale();
    let tariff = trial.tariff;
    let count = trial.count;
    let price = trial.quote.as_ref().map(|quote| quote.credits);
    let price = price.map(|price| format!("{} {}", exact_text(locale, price), unit_text(locale, price)));
    let heading = if is_refusal { t_string!(i18n, playground.refused).to_owned() } else { tariff.name };
    let typed = trial.params;
    let fields = trial.specs.into_iter().map(|spec| {
        let value = typed.get(&spec.name).cloned().unwrap_or_default();
        view! { <ParamField spec=spec value=value /> }
    });
    let fields = fields.collect_view();
    let can_hold = !is_refusal;
    let operation = tariff.operation;
    let id = format!("{}-{operation}", if is_refusal { "refused" } else { "trial" });
    let part = format!("[id='{id}']");
    let category = Some(tariff.category.code().to_owned());
    view! {
        <section class="panel p-4 flex flex-col" id=id data-operation=operation.clone()>
            <form
                method="post"
                action="/playground/run"
                class="flex flex-col gap-3 flex-1"
                data-once
                data-redraw=part
                data-redraw-from="/playground"
            >
                <input type="hidden" name="operation" value=operation.clone() />
                <input type="hidden" name="count" value=count.to_string() />
                <input type="hidden" name="idempotency_key" value=trial.idempotency_key.to_string() />
                <div class="flex items-start gap-2.5">
                    <span class="mt-2"><CategoryDot category=category /></span>
                    <div class="flex-1 min-w-0">
                        <h2 class="h2">{heading}</h2>
                        <p class="text-sm text-muted font-mono break-words">
                            {operation.clone()}{(count > 1).then(|| format!(" × {count}"))}
                        </p>
                    </div>
                    <p class="num text-right" data-testid="price">
                        <output class="font-semibold">{price}</output>
                    </p>
                </div>
                {is_refusal.then(|| view! { <p class="text-sm text-muted">{t!(i18n, playground.refused_note)}</p> })}
                {(!trial.is_allowed && !is_refusal).then(|| view! { <p class="text-sm text-rise">{t!(i18n, playground.needs_plan)}</p> })}
                <div class="grid gap-2">{fields}</div>
                <div class="flex gap-2 mt-auto">
                    <button class="btn btn-primary btn-sm" name="how" value="charge">
                        {t!(i18n, playground.run)}
                    </button>
                    {can_hold
                        .then(|| {
                            view! {
                                <button class="btn btn-plain btn-sm" name="how" value="hold">
                                    {t!(i18n, playground.hold)}
                                </button>
                            }
                        })}
                </div>
            </form>
        </section>
    }
}

/// One option of a request.
#[component]
fn ParamField(spec: ParamSpec, value: String) -> impl IntoView {
    let field = format!("param.{}", spec.name);
    let input = match spec.kind {
        ParamKind::Choice(values) => {
            let options = values
                .into_iter()
                .map(|option| {
                    let is_chosen = option == value;
                    let code = option.clone();
                    view! { <option value=code selected=is_chosen>{option}</option> }
                })
                .collect_view();
            view! {
                <select
                    class="field field-sm"
                    name=field
                >
                    {options}
                </select>
            }
            .into_any()
        }
        ParamKind::Choices(_) => view! {
            <input
                class="field field-sm"
                name=field
                value=value
            />
        }
        .into_any(),
        ParamKind::Integer { min, max, .. } => view! {
            <input
                class="field field-sm num"
                type="number"
                name=field
                min=min.to_string()
                max=max.to_string()
                value=value
            />
        }
        .into_any(),
    };
    view! {
        <label class="grid grid-cols-[7rem_minmax(0,1fr)] items-center gap-2">
            <span class="text-sm text-muted break-words">{spec.name}</span>
            {input}
        </label>
    }
}
