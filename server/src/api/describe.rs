//! The OpenAPI document, completed: what is true of every call is said here once, and not beside each handler.
//!
//! Names of operations, the answers that any call may give, what follows a write (links), the form of an
//! `Idempotency-Key`, and that nothing that is sent may be null.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

/// The methods that a path may have.
pub const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Where one call's answer leads to: method, path and status, then the call that follows, and where its path's param
/// stands in the body. Calls below `POST x` at `x/{id}` are found by themselves.
const LINKS: [(&str, &str, &str, &str, &str, &str, &str); 6] = [
    ("post", "/top-ups", "201", "get", "/payments/{id}", "id", "/payment_id"),
    ("put", "/budgets", "200", "delete", "/budgets/{id}", "id", "/budgets/0/id"),
    ("post", "/charges", "201", "get", "/ledger/{seq}", "seq", "/id"),
    ("post", "/holds", "201", "get", "/ledger/{seq}", "seq", "/id"),
    ("post", "/webhook-endpoints/{id}/test", "202", "get", "/webhook-deliveries/{id}", "id", "/id"),
    ("post", "/webhook-endpoints/{id}/test", "202", "post", "/webhook-deliveries/{id}/redeliver", "id", "/id"),
];

/// What the price list leads to: the calls that name an operation or a package, with bodies that do.
fn purchases() -> [(&'static str, &'static str, &'static str, Value); 5] {
    let operation = json!("$response.body#/models/0/operation");
    [
        ("/models", "post", "/charges", json!({ "operation": operation })),
        ("/models", "post", "/holds", json!({ "lines": [{ "operation": operation }] })),
        ("/models", "post", "/quotes/batch", json!({ "lines": [{ "operation": operation }] })),
        (
            "/packages",
            "post",
            "/top-ups",
            json!({
                "package": "$response.body#/packages/0/code",
                "currency": "$response.body#/packages/0/prices/0/currency",
            }),
        ),
        (
            "/budgets",
            "put",
            "/budgets",
            json!({ "name": "all", "scope": "environment", "period": "day", "ceiling": 1000 }),
        ),
    ]
}

/// Writes the document with all that is true of every call.
pub fn complete(document: &OpenApi) -> Value {
    let Ok(mut document) = serde_json::to_value(document) else { return Value::Null };
    name_operations(&mut document);
    each_operation(&mut document, |_, _, operation| {
        add_answers(operation);
        tighten_params(operation);
    });
    add_links(&mut document);
    refuse_null(&mut document);
    document["webhooks"] = super::payloads::described();
    document
}

/// Does something with every operation: its method, its path, itself.
fn each_operation(document: &mut Value, mut change: impl FnMut(&str, &str, &mut Value)) {
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method) {
                change(method, path, operation);
            }
        }
    }
}

/// Names each operation by its method and path: handlers of different nouns share their names.
fn name_operations(document: &mut Value) {
    each_operation(document, |method, path, operation| operation["operationId"] = operation_id(method, path).into());
}

fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// Adds the refusals that a call may answer with besides its own: who asks, how often, what was sent.
fn add_answers(operation: &mut Value) {
    let has_body = operation.get("requestBody").is_some();
    let is_place = |place: &str| {
        let params = operation["parameters"].as_array();
        params.is_some_and(|params| params.iter().any(|param| param["in"] == place))
    };
    let has_path = is_place("path");
    let media = if has_body { "The body is not JSON, or it is packed." } else { "A body came that is packed." };
    let mut answers = vec![
        ("400", "A parameter, a header or the body is missing or malformed; `detail.fields` says which."),
        ("401", "There is no valid key."),
        ("403", "The key may not do this."),
        ("405", "The call has other methods."),
        ("415", media),
        ("429", "Too many requests; `Retry-After` says when to come again."),
        ("500", "Something broke inside; the same key may be tried again."),
        ("503", "Not available at the moment, or the outcome is not known: try again with the same Idempotency-Key."),
    ];
    if has_path {
        answers.push(("404", "Nothing has this name, or it belongs to another account."));
    }
    if has_body {
        answers.extend([
            ("413", "The body is too large."),
            ("422", "Well-formed, but not allowed; or the key was used with another body."),
        ]);
    }
    let schema = json!({ "$ref": "#/components/schemas/ErrorBody" });
    let responses = &mut operation["responses"];
    for (status, words) in answers {
        if responses.get(status).is_none() {
            responses[status] =
                json!({ "description": words, "content": { "application/json": { "schema": schema } } });
        }
    }
}

/// Says what a parameter looks like, where its type alone does not.
fn tighten_params(operation: &mut Value) {
    for param in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        not_null(&mut param["schema"]);
        if param["name"] == "Idempotency-Key" {
            param["description"] = "Makes a repeat answer as the first did.".into();
            param["schema"] = json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" });
        }
    }
}

/// Links the answer of a write to the calls that take its name.
fn add_links(document: &mut Value) {
    let paths = document["paths"].as_object().cloned().unwrap_or_default();
    for (method, path, status, to_method, to_path, param, pointer) in LINKS {
        if paths.get(to_path).is_some_and(|item| item.get(to_method).is_some()) {
            link(document, (method, path, status), (to_method, to_path), param, pointer);
        }
    }
    for (path, to_method, to_path, body) in purchases() {
        if paths.get(path).is_some() && paths.get(to_path).is_some() {
            let name = operation_id(to_method, to_path);
            let link = json!({ "operationId": name, "requestBody": body });
            document["paths"][path]["get"]["responses"]["200"]["links"][name] = link;
        }
    }
    for (path, item) in &paths {
        let made =
            ["201", "202"].into_iter().find(|status| item.pointer(&format!("/post/responses/{status}")).is_some());
        let Some(made) = made else { continue };
        let below = format!("{path}/{{id}}");
        for (to_path, to) in paths.iter().filter(|(to_path, _)| to_path.starts_with(&below)) {
            for to_method in METHODS.iter().filter(|method| to.get(**method).is_some()) {
                link(document, ("post", path, made), (to_method, to_path), "id", "/id");
            }
        }
    }
}

fn link(document: &mut Value, from: (&str, &str, &str), to: (&str, &str), param: &str, pointer: &str) {
    let (method, path, status) = from;
    let place = format!("/paths/{}/{method}/responses/{status}", path.replace('~', "~0").replace('/', "~1"));
    if let Some(response) = document.pointer_mut(&place) {
        let name = operation_id(to.0, to.1);
        let link = json!({ "operationId": name, "parameters": { param: format!("$response.body#{pointer}") } });
        response["links"][name] = link;
    }
}

/// Nothing that is sent may be null: takes the null out of all schemas that bodies are made of and answers are not.
fn refuse_null(document: &mut Value) {
    let (mut sent, mut told) = (BTreeSet::new(), BTreeSet::new());
    for item in document["paths"].as_object().into_iter().flat_map(Map::values) {
        for operation in METHODS.iter().filter_map(|method| item.get(*method)) {
            names(document, &operation["requestBody"], &mut sent);
            names(document, &operation["responses"], &mut told);
        }
    }
    for name in sent.difference(&told) {
        for field in
            document["components"]["schemas"][name.as_str()]["properties"].as_object_mut().into_iter().flatten()
        {
            not_null(field.1);
        }
    }
}

/// Gathers the schemas that a part of the document names, and those that they name.
fn names(document: &Value, part: &Value, found: &mut BTreeSet<String>) {
    match part {
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str).and_then(|place| place.rsplit('/').next());
            if let Some(name) = name.filter(|name| found.insert((*name).to_owned())) {
                names(document, &document["components"]["schemas"][name], found);
            }
            fields.values().for_each(|part| names(document, part, found));
        }
        Value::Array(parts) => parts.iter().for_each(|part| names(document, part, found)),
        _ => {}
    }
}

/// Takes null out of what a schema allows.
fn not_null(schema: &mut Value) {
    let is_null = |schema: &Value| schema == "null" || schema["type"] == "null";
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| !is_null(kind));
        if let [kind] = kinds.as_slice() {
            schema["type"] = kind.clone();
        }
    }
    for key in ["oneOf", "anyOf"] {
        let Some(choices) = schema.get_mut(key).and_then(Value::as_array_mut) else { continue };
        choices.retain(|choice| !is_null(choice));
        if let [only] = choices.as_slice() {
            let (only, description) = (only.clone(), schema.get("description").cloned());
            *schema = only;
            if let (Some(fields), Some(description)) = (schema.as_object_mut(), description) {
                fields.insert("description".to_owned(), description);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        let (_, mut document) = crate::api::calls();
        crate::api::docs::complete(&mut document);
        complete(&document)
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let mut names = BTreeSet::new();
        each_operation(&mut document(), |_, _, operation| {
            let name = operation["operationId"].as_str().expect("a name").to_owned();
            assert!(names.insert(name.clone()), "{name} stands twice");
        });
        assert!(names.contains("post_holds_id_capture"), "{names:?}");
    }

    #[test]
    fn every_call_tells_of_the_refusals_that_any_call_may_get() {
        each_operation(&mut document(), |method, path, operation| {
            for status in ["400", "401", "403", "415", "429", "503"] {
                assert!(operation["responses"].get(status).is_some(), "{method} {path} {status}");
            }
        });
    }

    #[test]
    fn writes_lead_to_what_they_made() {
        let document = document();
        let links = &document["paths"]["/holds"]["post"]["responses"]["201"]["links"];
        let capture = &links["post_holds_id_capture"]["parameters"]["id"];
        assert_eq!(capture, "$response.body#/id", "{links}");
        let (mut linked, mut known) = (BTreeSet::new(), BTreeSet::new());
        let mut copy = document.clone();
        each_operation(&mut copy, |_, _, operation| {
            known.insert(operation["operationId"].as_str().unwrap_or_default().to_owned());
            for response in operation["responses"].as_object().into_iter().flat_map(Map::values) {
                let links = response["links"].as_object().into_iter().flat_map(Map::values);
                linked.extend(links.map(|link| link["operationId"].as_str().unwrap_or_default().to_owned()));
            }
        });
        assert!(linked.is_subset(&known) && linked.len() >= 12, "{linked:?}");
    }

    #[test]
    fn nothing_that_is_sent_may_be_null() {
        let schemas = &document()["components"]["schemas"];
        for (schema, field) in [("NewHold", "expires_in"), ("NewCharge", "quote_id"), ("NewCeiling", "of")] {
            let field = &schemas[schema]["properties"][field];
            assert!(!field.is_null() && !field.to_string().contains("null"), "{schema}: {field}");
        }
        assert!(schemas["Charge"]["properties"]["receipt"].to_string().contains("null"), "answers may hold null");
    }
}
