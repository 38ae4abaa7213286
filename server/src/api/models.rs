//! The price list: what can be charged for, and what a call would cost.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use wallet::identity::KeyScope;
use wallet::ledger::FormulaLine;
use wallet::ledger::Purpose;
use wallet::tariff::{Category, LineRequest, LockedQuote, PriceBook, Quote, Tariff};

use super::amount::Amount;
use super::body::{Asked, Body, Named, Out};
use super::caller::Caller;
use super::envelope::{Answer, ErrorBody, Fault};
use super::schemas::{CategoryCode, Params};
use crate::json;
use crate::state::AppState;

/// One operation of the price list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Model {
    /// What is charged for.
    #[schema(example = "dall-e-3")]
    operation: String,
    /// The name for people.
    name: String,
    /// What it makes: `text`, `image`, `video`, `music`, `tts`, `stt`, `tool`, `job`.
    category: String,
    /// What one call is.
    #[schema(example = "image")]
    unit: String,
    /// The least that a call of one unit costs.
    min: Amount,
    /// The most, without what is counted per target.
    max: Amount,
    /// The least that a call costs however small it is, where the rule sets one.
    minimum: Option<Amount>,
    /// The rule: `flat`, `per_unit`, `graduated`, `volume`, `matrix`, `range`, `composite`, `sum`.
    #[schema(example = "matrix")]
    pricing_type: String,
    /// What can be asked, and what of it is needed.
    params: Vec<Param>,
    /// The lowest plan that may call it.
    plan: Option<String>,
    /// The options that need a plan.
    gates: Vec<PlanRequirement>,
    /// Who makes the model.
    supplier: Option<String>,
}

/// An option that needs a plan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Gate)]
struct PlanRequirement {
    /// The param.
    #[schema(example = "tier")]
    param: String,
    /// The option.
    #[schema(example = "premium")]
    value: String,
    /// The lowest plan that may ask for it.
    plan: String,
}

/// A param of an operation.
#[derive(Debug, Serialize, ToSchema)]
struct Param {
    /// The name in `params`.
    name: String,
    /// What it takes: `{"choice": […]}`, `{"choices": […]}` or `{"integer": {"min", "max", "unit"}}`.
    #[schema(value_type = Object)]
    kind: Value,
    /// Whether a call without it is refused.
    required: bool,
    /// What a call without it means.
    default: Option<String>,
}

/// The price list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelList {
    /// The version of the price book.
    price_book_version: i32,
    /// From when it is in force.
    effective_at: Option<DateTime<Utc>>,
    /// The operations.
    models: Vec<Model>,
}

/// Which operations to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ModelFilter {
    /// Only this category.
    #[param(inline, value_type = Option<CategoryCode>)]
    category: Option<String>,
}

impl From<&Tariff> for Model {
    fn from(tariff: &Tariff) -> Self {
        let range = tariff.rule.range();
        let params = tariff.rule.params().into_iter().map(|spec| Param {
            name: spec.name,
            kind: serde_json::to_value(spec.kind).unwrap_or_default(),
            required: spec.required,
            default: spec.default,
        });
        let gates = tariff.gates.iter().map(|gate| PlanRequirement {
            param: gate.param.clone(),
            value: gate.value.clone(),
            plan: gate.plan.clone(),
        });
        Self {
            operation: tariff.operation.clone(),
            name: tariff.name.clone(),
            category: tariff.category.code().to_owned(),
            unit: tariff.unit.clone(),
            min: range.min.into(),
            max: range.max.into(),
            minimum: tariff.rule.minimum().map(Amount),
            pricing_type: range.pricing_type,
            params: params.collect(),
            plan: tariff.minimum_plan.clone(),
            gates: gates.collect(),
            supplier: tariff.supplier.clone(),
        }
    }
}

fn list_of(book: &PriceBook, category: Option<Category>) -> ModelList {
    let wanted = |tariff: &&Tariff| category.is_none_or(|category| tariff.category == category);
    ModelList {
        price_book_version: book.version,
        effective_at: book.effective_at,
        models: book.tariffs.iter().filter(wanted).map(Model::from).collect(),
    }
}

/// Lists what can be charged for.
#[utoipa::path(get, path = "/models", tag = "Prices", params(ModelFilter),
    responses((status = 200, body = ModelList), (status = 400, body = ErrorBody)))]
pub async fn list(State(state): State<AppState>, Asked(filter): Asked<ModelFilter>) -> Answer<Response> {
    let category = filter.category.as_deref().map(str::parse::<Category>).transpose();
    let category = category.map_err(|error| Fault::invalid("category", format!("This is {error}.")))?;
    let book = state.wallet.tariffs().active().await?;
    Ok(Out(list_of(&book, category)).into_response())
}

/// Shows one operation.
#[utoipa::path(get, path = "/models/{operation}", tag = "Prices", params(("operation" = String, Path)),
    responses((status = 200, body = Model), (status = 404, body = ErrorBody)))]
pub async fn one(State(state): State<AppState>, Named(operation): Named<String>) -> Answer<Response> {
    let book = state.wallet.tariffs().active().await?;
    Ok(Out(Model::from(find(&book, &operation)?)).into_response())
}

/// The name is a part of the address, so an unknown one is simply not found.
fn find<'a>(book: &'a PriceBook, operation: &str) -> Answer<&'a Tariff> {
    book.tariff(operation).ok_or_else(|| wallet::error::Refusal::not_found("the operation").into())
}

/// What to price.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceRequest {
    /// The operation's params.
    #[serde(default, deserialize_with = "json::params")]
    #[schema(value_type = Params)]
    params: Map<String, Value>,
    /// How many calls.
    #[serde(default = "one_call")]
    #[schema(minimum = 1, maximum = 1_000_000, default = 1)]
    count: i64,
    /// Keeps the price for a while, for a charge or hold that names the quote.
    #[serde(default)]
    lock: bool,
}

pub(super) const fn one_call() -> i64 {
    1
}

/// What a call would cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallPrice {
    /// What it costs.
    token_cost: Amount,
    /// The least that the same quantity costs under other options.
    min_token_cost: Amount,
    /// The most.
    max_token_cost: Amount,
    /// The rule.
    #[schema(example = "matrix")]
    pricing_type: String,
    /// The unit that costs are counted in.
    #[schema(example = "tokens")]
    unit: String,
    /// What the wallet has that can be spent on it: of a locked quote, for keys that may read the balance.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<Amount>,
    /// The formula.
    lines: Vec<Line>,
    /// The version of the price book.
    price_book_version: i32,
    /// The quote that keeps this price, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<LockedPrice>,
}

/// A quote that keeps a price.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Kept)]
struct LockedPrice {
    /// What a charge or hold names.
    id: String,
    /// Until when.
    expires_at: DateTime<Utc>,
}

/// One line of a formula.
#[derive(Debug, Serialize, ToSchema)]
pub struct Line {
    /// What is counted.
    label: String,
    /// How much of it, with its unit.
    quantity: String,
    /// The price of one.
    unit_price: Option<Amount>,
    /// What the line comes to.
    credits: Amount,
}

impl From<FormulaLine> for Line {
    fn from(line: FormulaLine) -> Self {
        Self {
            label: line.label,
            quantity: line.quantity,
            unit_price: line.unit_price.map(Amount),
            credits: line.credits.into(),
        }
    }
}

impl CallPrice {
    fn new(quote: Quote, unit: String, available: Option<Amount>, locked: Option<LockedPrice>) -> Self {
        Self {
            token_cost: quote.credits.into(),
            min_token_cost: quote.min.into(),
            max_token_cost: quote.max.into(),
            pricing_type: quote.pricing_type,
            unit,
            available,
            lines: quote.lines.into_iter().map(Line::from).collect(),
            price_book_version: quote.price_book_version,
            quote: locked,
        }
    }
}

/// Prices a call, without charging it.
#[utoipa::path(post, path = "/models/{operation}/calculate-price", tag = "Prices", params(("operation" = String, Path)),
    request_body = PriceRequest,
    responses((status = 200, body = CallPrice), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn calculate_price(
    State(state): State<AppState>,
    caller: Caller,
    Named(operation): Named<String>,
    body: Body<PriceRequest>,
) -> Answer<Response> {
    let PriceRequest { params, count, lock } = body.value;
    let tariffs = state.wallet.tariffs();
    let category = find(&*tariffs.active().await?, &operation)?.category;
    let (quote, kept, available) = if lock {
        let available = available(&state, &caller, (&operation, category.code())).await?;
        let line = LineRequest { operation, params, count };
        let LockedQuote { id, expires_at, quote } = tariffs.lock_quote(caller.0.wallet, &line).await?;
        (quote, Some(LockedPrice { id: id.to_string(), expires_at }), available)
    } else {
        (tariffs.quote(&operation, &params, count).await?, None, None)
    };
    let unit = state.wallet.catalog().view().await?.settings.unit.code.clone();
    Ok(Out(CallPrice::new(quote, unit, available, kept)).into_response())
}

/// Tells what the caller's wallet has that can be spent on an operation, where the caller may know.
async fn available(state: &AppState, caller: &Caller, (code, category): (&str, &str)) -> Answer<Option<Amount>> {
    if caller.may(KeyScope::BalanceRead).is_err() {
        return Ok(None);
    }
    let balance = state.wallet.ledger().balance(caller.0.wallet).await?;
    Ok(Some(balance.available_for(Purpose::Operation { code, category })?.into()))
}

/// Several things to price at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest {
    /// From 1 to 100 lines.
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<PricedLine>,
}

/// One thing to price.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PricedLine {
    /// The operation.
    operation: String,
    /// Its params.
    #[serde(default, deserialize_with = "json::params")]
    #[schema(value_type = Params)]
    params: Map<String, Value>,
    /// How many calls.
    #[serde(default = "one_call")]
    #[schema(minimum = 1, maximum = 1_000_000, default = 1)]
    count: i64,
}

/// One thing to set aside.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedLine {
    /// The operation.
    pub operation: String,
    /// Its params.
    #[serde(default, deserialize_with = "json::params")]
    #[schema(value_type = Params)]
    pub params: Map<String, Value>,
    /// How many calls.
    #[serde(default = "one_call")]
    #[schema(minimum = 1, maximum = 1_000_000, default = 1)]
    pub count: i64,
    /// A locked quote to honour.
    #[serde(default)]
    #[schema(value_type = String, pattern = "^quo_[0-9a-f]{32}$")]
    pub quote_id: Option<String>,
}

/// What several things would cost together.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchPrice {
    /// The sum.
    total: Amount,
    /// The sum of the least.
    min: Amount,
    /// The sum of the most.
    max: Amount,
    /// The unit that costs are counted in.
    unit: String,
    /// Each line's price, in the order asked.
    lines: Vec<CallPrice>,
}

/// Prices several things at once: a pipeline, a blog post with its translations.
#[utoipa::path(post, path = "/quotes/batch", tag = "Prices", request_body = BatchRequest,
    responses((status = 200, body = BatchPrice), (status = 422, body = ErrorBody)))]
pub async fn quote_batch(State(state): State<AppState>, body: Body<BatchRequest>) -> Answer<Response> {
    let lines = body.value.lines.into_iter().map(|line| LineRequest {
        operation: line.operation,
        params: line.params,
        count: line.count,
    });
    let lines: Vec<LineRequest> = lines.collect();
    let batch = state.wallet.tariffs().quote_batch(&lines).await?;
    let unit = state.wallet.catalog().view().await?.settings.unit.code.clone();
    let body = BatchPrice {
        total: batch.total.into(),
        min: batch.min.into(),
        max: batch.max.into(),
        lines: batch.quotes.into_iter().map(|quote| CallPrice::new(quote, unit.clone(), None, None)).collect(),
        unit,
    };
    Ok(Out(body).into_response())
}
