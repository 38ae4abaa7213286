//! One call as the calculator asks for it: read from the page's address, priced by the tariff's own rule.

use serde_json::{Map, Value};
use wallet::error::{FieldError, Refusal};
use wallet::tariff::{LineRequest, PriceBook, Tariff, params_of_form};
use wallet::tariff::{Matrix, Priced, Rule};

use crate::components::pricing::query::{PARAM_PREFIX, PriceQuery};

/// The most of one thing that the calculator counts.
pub const COUNT_MAX: i64 = 1_000_000;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What is called.
    pub tariff: Tariff,
    /// Its options.
    pub params: Map<String, Value>,
    /// How often, as typed.
    pub count: String,
    /// What it costs, or what is wrong with it.
    pub answer: Result<Priced, Vec<FieldError>>,
}

impl Call {
    /// Reads the call from the address; the first model with options stands there at first.
    pub fn of(book: &PriceBook, query: &PriceQuery) -> Option<Self> {
        let chosen = query.get("model").and_then(|operation| book.tariff(operation));
        let by_options = || book.tariffs.iter().find(|tariff| matches!(tariff.rule, Rule::Matrix(_)));
        let tariff = chosen.or_else(by_options).or_else(|| book.tariffs.first())?.clone();
        let specs = tariff.rule.params();
        let mut params = params_of_form(&specs, |name| query.get(&format!("{PARAM_PREFIX}{name}")));
        if let (Rule::Matrix(matrix), Some(cell)) = (&tariff.rule, query.get("cell")) {
            choose_cell(matrix, cell, &mut params);
        }
        // Before this model is asked for anything, what must be said is said as in an example; what was cleared then is
        // missing. The form of another model, sent along when the model is changed, asks this one nothing.
        let is_asked = specs.iter().any(|spec| query.has(&format!("{PARAM_PREFIX}{}", spec.name)));
        if !is_asked && params.is_empty() {
            params = tariff.rule.example();
        }
        let count = query.get("count").unwrap_or("1").to_owned();
        let answer = price(&tariff, &params, &count, book);
        Some(Self { tariff, params, count, answer })
    }

    /// Gives an option as text: what was asked for, else what a call without it means.
    pub fn option(&self, name: &str) -> Option<String> {
        match self.params.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => Some(other.to_string()),
            None => self.tariff.rule.params().into_iter().find(|spec| spec.name == name)?.default,
        }
    }

    /// Gives the call as one line of a quote; nothing where it has no price.
    pub fn line(&self) -> Option<LineRequest> {
        self.answer.as_ref().ok()?;
        let (operation, params) = (self.tariff.operation.clone(), self.params.clone());
        Some(LineRequest { operation, params, count: self.count.parse().ok()? })
    }

    /// Writes the same call as a body of the API.
    pub fn body(&self) -> String {
        let mut params = self.params.clone();
        for spec in self.tariff.rule.params() {
            if let (false, Some(text)) = (params.contains_key(&spec.name), &spec.default)
                && let Some(value) = spec.value_of(text)
            {
                params.insert(spec.name, value);
            }
        }
        let count = self.count.parse::<i64>().unwrap_or(1);
        serde_json::json!({ "params": params, "count": count }).to_string()
    }
}

fn price(
    tariff: &Tariff,
    params: &Map<String, Value>,
    count: &str,
    book: &PriceBook,
) -> Result<Priced, Vec<FieldError>> {
    let count = count.parse::<i64>().ok().filter(|count| (1..=COUNT_MAX).contains(count)).ok_or_else(Vec::new)?;
    tariff.price(params, count, book.rounding_step).map_err(|refusal| match refusal {
        Refusal::Invalid { fields } | Refusal::Unprocessable { fields } => fields,
        _ => Vec::new(),
    })
}

/// Takes the options of one cell of the grid: `1792x1024,hd`.
fn choose_cell(matrix: &Matrix, cell: &str, params: &mut Map<String, Value>) {
    let values: Vec<&str> = cell.split(',').collect();
    let fits = values.len() == matrix.axes.len()
        && matrix.axes.iter().zip(&values).all(|(axis, value)| axis.values.iter().any(|one| one == value));
    if fits {
        for (axis, value) in matrix.axes.iter().zip(values) {
            params.insert(axis.param.clone(), Value::from(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use leptos_router::params::ParamsMap;
    use wallet::catalog::Preset;
    use wallet::error::Problem;

    fn book(name: &str) -> PriceBook {
        Preset::by_name(name).expect("built in").price_book()
    }

    fn call(name: &str, pairs: &[(&str, &str)]) -> Call {
        let map: ParamsMap = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Call::of(&book(name), &PriceQuery::of(&map)).expect("a call")
    }

    fn answer(call: Call) -> Result<String, Vec<(String, Problem)>> {
        let problems = |fields: Vec<FieldError>| fields.into_iter().map(|field| (field.field, field.problem)).collect();
        call.answer.map(|priced| priced.credits.to_string()).map_err(problems)
    }

    #[test]
    fn a_model_opens_with_an_example_and_what_is_cleared_is_missing() {
        assert_eq!(answer(call("aixplain", &[("model", "gpt-4")])), Ok("60".to_owned()));
        let fresh = call("aixplain", &[("model", "gpt-4"), ("p.characters", "5"), ("cell", "a,b"), ("count", "2")]);
        assert_eq!(answer(fresh), Ok("120".to_owned()), "the form of another model was sent");
        let typed = call("aixplain", &[("model", "gpt-4"), ("p.tokens", "16000"), ("count", "1")]);
        assert_eq!((typed.option("tokens"), answer(typed)), (Some("16000".to_owned()), Ok("0.96".to_owned())));
        let cleared = answer(call("aixplain", &[("model", "gpt-4"), ("p.tokens", ""), ("count", "1")]));
        assert_eq!(cleared, Err(vec![("params.tokens".to_owned(), Problem::Required)]));
        for operation in ["azure-translate", "aws-transcribe", "google-tts", "speech-translation", "benchmark"] {
            assert!(answer(call("aixplain", &[("model", operation)])).is_ok(), "{operation}");
        }
        assert_eq!(answer(call("neuralbox", &[("model", "dall-e-3"), ("cell", "1792x1024,hd")])), Ok("13".to_owned()));
    }
}
