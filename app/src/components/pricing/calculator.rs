//! The price of one call: inputs, one figure, one formula line; the rule itself counts, here and on the server.

use leptos::prelude::*;
use wallet::catalog::CatalogView;
use wallet::money::Credits;
use wallet::tariff::{Category, ParamKind, ParamSpec, PriceBook};
use wallet::tariff::{Matrix, Rule};

use crate::components::pricing::call::Call;
use crate::components::pricing::query::{CarriedChoices, LINES_MAX, PARAM_PREFIX, PriceQuery};
use crate::components::pricing::quote_lines::QuoteLines;
use crate::components::pricing::reader::{Reader, missing_plan};
use crate::i18n::*;
use crate::text::amount::{exact_text, unit_text};
use crate::text::price_labels::{category_name, label_words, option_words, quantity_words, unit_words};
use crate::text::refusal::field_error_text;

/// What the calculator's form asks for itself.
const OWN: &[&str] = &["model", "count", "cell", PARAM_PREFIX];

/// The calculator of one call.
#[component]
pub fn CallCalculator(
    /// The book in force.
    book: StoredValue<PriceBook>,
    /// What the reader chose.
    query: Memo<PriceQuery>,
    /// What is sold: plans for the gates, and how long a quote is kept.
    offers: StoredValue<CatalogView>,
    /// The plan of who is signed in.
    own: StoredValue<Option<String>>,
    /// What a credit costs this reader.
    reader: Memo<Option<Reader>>,
    /// The deployment's address.
    public_url: String,
) -> impl IntoView {
    let i18n = use_i18n();
    let call = Memo::new(move |_| book.with_value(|book| Call::of(book, &query.read())));
    let operation = Memo::new(move |_| call.read().as_ref().map(|call| call.tariff.operation.clone()));
    let gate = move |call: &Call| {
        let own = own.get_value();
        let plan = |book: &PriceBook| offers.with_value(|offers| missing_plan(book, offers, own.as_deref(), call));
        book.with_value(plan)
    };
    let minutes = offers.with_value(|offers| offers.settings.quote_minutes);
    view! {
        <aside id="calc" aria-labelledby="calc-title" class="panel p-5 self-start lg:sticky lg:top-6 scroll-mt-6">
            <h3 id="calc-title" class="h2">{t!(i18n, prices.one_call)}</h3>
            <form method="get" action="/pricing" data-redraw="main">
                <CarriedChoices query=query own=OWN />
                <div class="mt-3 grid gap-3">
                    <ModelChoice book=book operation=operation />
                    {move || {
                        operation.track();
                        let call = call.get_untracked();
                        call.map(|call| view! { <Inputs call=call /> })
                    }}
                    <button class="btn btn-plain justify-self-start">{t!(i18n, prices.recalculate)}</button>
                </div>
            </form>
            <hr class="perf-x my-4 -mx-1" />
            <output class="block" aria-live="polite">
                {move || call.get().map(|call| view! { <Answer plan=gate(&call) call=call /> })}
            </output>
            <AddLine call=call query=query />
            <QuoteLines book=book query=query reader=reader minutes=minutes is_signed_in=own.with_value(Option::is_some) />
            <details class="mt-4 text-sm">
                <summary class="cursor-pointer font-medium">{t!(i18n, prices.same_by_api)}</summary>
                <pre class="code p-3 mt-2 overflow-x-auto text-xs leading-5" tabindex="0">
                    {move || call.get().map(|call| sample(&public_url, &call))}
                </pre>
            </details>
        </aside>
    }
}

fn sample(public_url: &str, call: &Call) -> String {
    let operation = &call.tariff.operation;
    format!(
        "curl {public_url}/api/v2/models/{operation}/calculate-price \\\n  -H \"Authorization: Bearer $KEY\" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{}'",
        call.body()
    )
}

/// Puts the call on the list of calls that are priced together.
#[component]
fn AddLine(call: Memo<Option<Call>>, query: Memo<PriceQuery>) -> impl IntoView {
    let i18n = use_i18n();
    move || {
        let line = call.read().as_ref().and_then(Call::line)?;
        let mut lines = query.read().lines();
        if lines.len() >= LINES_MAX {
            return Some(view! { <p class="text-sm text-muted mt-3">{t!(i18n, quote.full, count = move || LINES_MAX.to_string())}</p> }.into_any());
        }
        lines.push(line);
        let address = query.read().with_lines(&lines);
        Some(view! { <a class="btn btn-plain btn-sm mt-3" href=address>{t!(i18n, quote.add)}</a> }.into_any())
    }
}

/// The models, by category.
#[component]
fn ModelChoice(book: StoredValue<PriceBook>, operation: Memo<Option<String>>) -> impl IntoView {
    let i18n = use_i18n();
    let groups = Category::ALL
        .into_iter()
        .filter_map(|category| {
            let models: Vec<(String, String)> = book.with_value(|book| {
                let of_category = book.tariffs.iter().filter(|tariff| tariff.category == category);
                of_category.map(|tariff| (tariff.operation.clone(), tariff.name.clone())).collect()
            });
            let options = models
                .into_iter()
                .map(|(code, name)| {
                    let this = code.clone();
                    view! {
                        <option value=code selected=move || operation.read().as_deref() == Some(this.as_str())>
                            {name}
                        </option>
                    }
                })
                .collect::<Vec<_>>();
            (!options.is_empty()).then(
                || view! { <optgroup label=move || category_name(i18n.get_locale(), category)>{options}</optgroup> },
            )
        })
        .collect_view();
    view! {
        <label class="block">
            <span class="block text-sm font-medium mb-1">{t!(i18n, prices.model)}</span>
            <select name="model" class="field">
                {groups}
            </select>
        </label>
    }
}

/// The fields that the model's rule asks for.
#[component]
fn Inputs(call: Call) -> impl IntoView {
    let i18n = use_i18n();
    let grid = match &call.tariff.rule {
        Rule::Matrix(matrix) if matrix.axes.len() == 2 => Some(matrix.clone()),
        _ => None,
    };
    let params = match grid {
        Some(matrix) => view! { <OptionGrid matrix=matrix call=call.clone() /> }.into_any(),
        None => {
            let specs = call.tariff.rule.params();
            specs
                .into_iter()
                .map(|spec| view! { <ParamField value=call.option(&spec.name) spec=spec /> })
                .collect_view()
                .into_any()
        }
    };
    view! {
        {params}
        <label class="flex items-center gap-3">
            <span class="text-sm font-medium">{t!(i18n, prices.count)}</span>
            <input
                name="count"
                class="field num text-right !w-28"
                inputmode="numeric"
                maxlength="7"
                autocomplete="off"
                value=call.count
            />
        </label>
    }
}

/// A grid of prices: rows are the first option, columns the second.
#[component]
fn OptionGrid(matrix: Matrix, call: Call) -> impl IntoView {
    let i18n = use_i18n();
    let (Some(rows), Some(columns)) = (matrix.axes.first().cloned(), matrix.axes.get(1).cloned()) else {
        return ().into_any();
    };
    let chosen = (call.option(&rows.param), call.option(&columns.param));
    let body = rows
        .values
        .iter()
        .enumerate()
        .map(|(row, row_value)| {
            let cells = columns
                .values
                .iter()
                .enumerate()
                .map(|(column, column_value)| {
                    let credits = matrix.cell(&[row, column]).unwrap_or(Credits::ZERO);
                    let is_chosen = chosen.0.as_deref() == Some(row_value.as_str())
                        && chosen.1.as_deref() == Some(column_value.as_str());
                    let name = format!("{}, {}", option_words(row_value), option_words(column_value));
                    view! {
                        <td class="p-0">
                            <label class="pick block h-10 leading-10 font-medium">
                                <input
                                    type="radio"
                                    name="cell"
                                    value=format!("{row_value},{column_value}")
                                    checked=is_chosen
                                    aria-label=move || {
                                        let locale = i18n.get_locale();
                                        format!("{name}: {} {}", exact_text(locale, credits), unit_text(locale, credits))
                                    }
                                />
                                {move || exact_text(i18n.get_locale(), credits)}
                            </label>
                        </td>
                    }
                })
                .collect_view();
            view! {
                <tr>
                    <th scope="row" class="text-left text-sm font-normal pr-2 whitespace-nowrap">{option_words(row_value)}</th>
                    {cells}
                </tr>
            }
        })
        .collect_view();
    let heads = columns
        .values
        .iter()
        .map(|value| view! { <th scope="col" class="font-normal">{option_words(value)}</th> })
        .collect_view();
    view! {
        <fieldset>
            <legend class="text-sm font-medium mb-1">{format!("{} × {}", rows.param, columns.param)}</legend>
            <table class="w-full table-fixed num text-center border-separate border-spacing-1 -mx-1">
                <thead>
                    <tr class="text-sm text-muted">
                        <td class="w-2/5"></td>
                        {heads}
                    </tr>
                </thead>
                <tbody>{body}</tbody>
            </table>
        </fieldset>
    }
    .into_any()
}

/// One option of a rule that has no grid.
#[component]
fn ParamField(spec: ParamSpec, value: Option<String>) -> impl IntoView {
    let i18n = use_i18n();
    let name = format!("{PARAM_PREFIX}{}", spec.name);
    let label = option_words(&spec.name);
    let value = value.unwrap_or_default();
    let field = match spec.kind {
        ParamKind::Choice(options) => {
            // What is not chosen is not shown as chosen.
            let none = (!options.contains(&value))
                .then(|| view! { <option value="" selected=true>{t!(i18n, prices.choose)}</option> });
            let options = options
                .into_iter()
                .map(|option| view! { <option value=option.clone() selected=option == value>{option_words(&option)}</option> })
                .collect_view();
            view! {
                <select name=name class="field">
                    {none}
                    {options}
                </select>
            }
            .into_any()
        }
        ParamKind::Choices(_) | ParamKind::Integer { .. } => view! {
            <input
                name=name
                class="field num"
                autocomplete="off"
                value=value
            />
        }
        .into_any(),
    };
    view! {
        <label class="block">
            <span class="block text-sm font-medium mb-1">{label}</span>
            {field}
        </label>
    }
}

/// The figure and its formula, or what is wrong; and the plan that the call asks for and the reader is not on.
#[component]
fn Answer(call: Call, plan: Option<String>) -> impl IntoView {
    let i18n = use_i18n();
    let priced = match call.answer {
        Ok(priced) => priced,
        Err(errors) => {
            let words = move || {
                let locale = i18n.get_locale();
                errors.first().map_or_else(
                    || t_string!(i18n, prices.count_wrong).to_owned(),
                    |error| field_error_text(locale, error),
                )
            };
            return view! { <p class="text-error">{words}</p> }.into_any();
        }
    };
    let unit = call.tariff.unit.clone();
    let formula = move || {
        let locale = i18n.get_locale();
        let lines: Vec<String> = priced
            .lines
            .iter()
            .map(|line| match line.unit_price {
                Some(price) => {
                    let (quantity, label) = (quantity_words(locale, &line.quantity), label_words(locale, &line.label));
                    format!("{quantity} × {} ({label})", exact_text(locale, price))
                }
                None => format!("{}: {}", label_words(locale, &line.label), exact_text(locale, line.credits)),
            })
            .collect();
        lines.join(" + ")
    };
    let (credits, min) = (priced.credits, priced.min);
    view! {
        <span class="flex items-baseline gap-2">
            <span class="fig text-3xl" data-testid="call-price">{move || exact_text(i18n.get_locale(), credits)}</span>
            <span class="text-lg">{move || unit_text(i18n.get_locale(), credits)}</span>
            <span class="flex-1"></span>
            <span class="text-muted">{move || unit_words(i18n.get_locale(), &unit)}</span>
        </span>
        <span class="block text-sm text-muted num mt-1">
            {formula}
            {(min < credits)
                .then_some(move || format!(". {}", t_string!(i18n, prices.cheapest, price = exact_text(i18n.get_locale(), min))))}
        </span>
        {plan
            .map(|plan| {
                view! {
                    <span class="block text-sm mt-2" data-testid="gate">
                        {t!(i18n, quote.needs_plan, plan = move || plan.clone())} " " <a class="link-q" href="/wallet/plan">{t!(i18n, quote.see_plans)}</a>
                    </span>
                }
            })}
    }
    .into_any()
}
