//! Queries of calls that take none: refused by the parameter's name, as those with parameters refuse unknown ones.

use std::sync::LazyLock;

use axum::extract::Request;
use axum::http::Method;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, ParameterIn};

use super::envelope::Fault;

/// The calls of the contract: method, path, and whether there are query parameters.
static CALLS: LazyLock<Vec<Call>> = LazyLock::new(|| {
    let (_, document) = super::calls();
    let mut calls = Vec::new();
    for (path, item) in document.paths.paths {
        let methods = [
            (Method::GET, item.get),
            (Method::POST, item.post),
            (Method::PUT, item.put),
            (Method::PATCH, item.patch),
            (Method::DELETE, item.delete),
        ];
        for (method, operation) in methods {
            if let Some(operation) = operation {
                calls.push(Call { method, path: path.clone(), takes_query: takes_query(&operation) });
            }
        }
    }
    calls
});

/// A call of the contract.
struct Call {
    method: Method,
    path: String,
    takes_query: bool,
}

fn takes_query(operation: &Operation) -> bool {
    let mut params = operation.parameters.iter().flatten();
    params.any(|param| matches!(param, RefOr::T(param) if matches!(param.parameter_in, ParameterIn::Query)))
}

impl Call {
    /// Says how many parts of a path are the call's own words; `None` where it is another call's path.
    fn fit(&self, method: &Method, path: &str) -> Option<usize> {
        if self.method != *method && !(*method == Method::HEAD && self.method == Method::GET) {
            return None;
        }
        let (mut own, mut asked) = (self.path.split('/'), path.split('/'));
        let mut words = 0_usize;
        loop {
            match (own.next(), asked.next()) {
                (None, None) => return Some(words),
                (Some(own), Some(asked)) if own == asked => words = words.saturating_add(1),
                (Some(own), Some(_)) if own.starts_with('{') => {}
                _ => return None,
            }
        }
    }
}

/// Refuses the query of a call that takes none. Calls with parameters read theirs themselves, and strictly.
pub(super) fn refused(request: &Request) -> Option<Fault> {
    let query = request.uri().query().filter(|query| !query.is_empty())?;
    let (method, path) = (request.method(), request.uri().path());
    let fits = CALLS.iter().filter_map(|call| Some((call.fit(method, path)?, call)));
    let (_, call) = fits.max_by_key(|(words, _)| *words)?;
    if call.takes_query {
        return None;
    }
    let (name, _) = form_urlencoded::parse(query.as_bytes()).next()?;
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(64).collect();
    Some(Fault::invalid(&name, "There is no such parameter; this call takes none."))
}
