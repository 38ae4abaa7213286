//! One trial: its options, the price before, and the buttons.

use std::collections::BTreeMap;

use leptos::form::ActionForm;
use leptos::prelude::*;
use wallet::money::Credits;
use wallet::tariff::{ParamKind, ParamSpec, params_of_form};

use crate::components::ledger::entry::CategoryDot;
use crate::components::ui::typed::{chosen_before, typed_before};
use crate::i18n::*;
use crate::server_fns::playground::{RunTrial, Trial};
use crate::text::amount::{exact_text, unit_text};

/// A card with the form of one request. The price follows the options at once: the browser runs the same rule.
#[component]
pub fn TrialCard(
    /// The request.
    trial: Trial,
    /// The price book's rounding step.
    step: Credits,
    /// Runs it.
    run: ServerAction<RunTrial>,
    /// Counts the requests done, so that each has its own key.
    turn: Signal<usize>,
    /// Whether the card is there to be refused.
    is_refusal: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let tariff = trial.tariff;
    let count = trial.quote.as_ref().map_or(1, |quote| quote.count);
    let drawn = trial.quote.as_ref().map(|quote| quote.credits);
    let typed = RwSignal::new(trial.params);
    let specs = trial.specs;
    let price = {
        let (tariff, specs) = (tariff.clone(), specs.clone());
        Memo::new(move |_| {
            let params = typed.with(|typed| params_of_form(&specs, |name| typed.get(name).map(String::as_str)));
            tariff.price(&params, count, step).ok().map(|priced| priced.credits)
        })
    };
    let price = move || price.get().or(drawn);
    let key = trial.idempotency_key;
    let name = tariff.name.clone();
    let heading = move || if is_refusal { t_string!(i18n, playground.refused).to_owned() } else { name.clone() };
    let words = move || {
        let locale = i18n.get_locale();
        price().map(|price| format!("{} {}", exact_text(locale, price), unit_text(locale, price)))
    };
    let fields = specs.into_iter().map(|spec| view! { <ParamField spec=spec typed=typed /> }).collect_view();
    let can_hold = !is_refusal;
    let operation = tariff.operation.clone();
    let (shown, code) = (operation.clone(), operation.clone());
    let category = Some(tariff.category.code().to_owned());
    view! {
        <section class="panel p-4 flex flex-col" data-operation=operation>
            <ActionForm action=run attr:class="flex flex-col gap-3 flex-1">
                <input type="hidden" name="request[operation]" value=code />
                <input type="hidden" name="request[count]" value=count.to_string() />
                <input type="hidden" name="request[idempotency_key]" value=move || format!("{key}-{}", turn.get()) />
                <div class="flex items-start gap-2.5">
                    <span class="mt-2"><CategoryDot category=category /></span>
                    <div class="flex-1 min-w-0">
                        <h2 class="h2">{heading}</h2>
                        <p class="text-sm text-muted font-mono break-words">
                            {shown}{(count > 1).then(|| format!(" × {count}"))}
                        </p>
                    </div>
                    <p class="num text-right" data-testid="price">
                        <span class="font-semibold">{words}</span>
                    </p>
                </div>
                {is_refusal.then(|| view! { <p class="text-sm text-muted">{t!(i18n, playground.refused_note)}</p> })}
                {(!trial.is_allowed && !is_refusal).then(|| view! { <p class="text-sm text-rise">{t!(i18n, playground.needs_plan)}</p> })}
                <div class="grid gap-2">{fields}</div>
                <div class="flex gap-2 mt-auto">
                    <button class="btn btn-primary btn-sm" name="request[how]" value="charge">
                        {t!(i18n, playground.run)}
                    </button>
                    {can_hold
                        .then(|| {
                            view! {
                                <button class="btn btn-plain btn-sm" name="request[how]" value="hold">
                                    {t!(i18n, playground.hold)}
                                </button>
                            }
                        })}
                </div>
            </ActionForm>
        </section>
    }
}

/// One option of a request.
#[component]
fn ParamField(spec: ParamSpec, typed: RwSignal<BTreeMap<String, String>>) -> impl IntoView {
    let name = StoredValue::new(spec.name.clone());
    let field = format!("request[params][{}]", spec.name);
    let value = typed.with_untracked(|typed| typed.get(&spec.name).cloned()).unwrap_or_default();
    let set = move |text: String| {
        typed.update(|typed| {
            typed.insert(name.get_value(), text);
        });
    };
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
                    node_ref=chosen_before(set)
                    on:change=move |event| set(event_target_value(&event))
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
                node_ref=typed_before(set)
                value=value
                on:input=move |event| set(event_target_value(&event))
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
                node_ref=typed_before(set)
                value=value
                on:input=move |event| set(event_target_value(&event))
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
