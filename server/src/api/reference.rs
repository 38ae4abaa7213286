//! `/docs/api`: the OpenAPI document as a page to read; made once, at start.

use std::fmt::Write;

use serde_json::Value;

use super::BASE;
use super::describe::METHODS;
use super::docs::DOCUMENT;
use crate::http::html_page::escape;

/// How deep a body is drawn.
const DEPTH_MAX: usize = 6;

/// Writes the page.
#[must_use]
pub fn page(json: &Value) -> String {
    let text = |value: &Value| escape(value.as_str().unwrap_or_default());
    let mut page = format!(
        "<h1>REST API</h1><p class=\"muted pre\">{}</p><p><a href=\"{DOCUMENT}\">openapi.json</a> · <a href=\"/llms.txt\">llms.txt</a></p>",
        text(&json["info"]["description"])
    );
    for (path, item) in json["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                call(&mut page, json, method, path, operation);
            }
        }
    }
    page.push_str("<h1 id=\"events\">Webhook events</h1>");
    for (event, item) in json["webhooks"].as_object().into_iter().flatten() {
        let schema = item.pointer("/post/requestBody/content/application~1json/schema/properties/data");
        let data = drawn(json, schema.unwrap_or(&Value::Null), 0);
        let about = schema.map(|schema| text(&schema["description"])).unwrap_or_default();
        let _ = write!(
            page,
            "<section class=\"panel\"><h2><code>{}</code></h2><p>{about}</p><pre>{}</pre></section>",
            escape(event),
            escape(&data)
        );
    }
    crate::http::html_page::page("en", "REST API", &page)
}

fn call(page: &mut String, json: &Value, method: &str, path: &str, operation: &Value) {
    let text = |value: &Value| escape(value.as_str().unwrap_or_default());
    let _ = write!(
        page,
        "<section class=\"panel\"><h2><code>{} {BASE}{}</code></h2><p>{} {}</p>",
        method.to_uppercase(),
        escape(path),
        text(&operation["summary"]),
        text(&operation["description"]),
    );
    let parameters = operation["parameters"].as_array();
    if let Some(parameters) = parameters.filter(|parameters| !parameters.is_empty()) {
        page.push_str("<table><tbody>");
        for parameter in parameters {
            let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
            let _ = write!(page, "<tr><td>{name}</td><td>{place}. {}</td></tr>", text(&parameter["description"]));
        }
        page.push_str("</tbody></table>");
    }
    if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") {
        let _ = write!(page, "<p class=\"muted\">Body</p><pre>{}</pre>", escape(&drawn(json, schema, 0)));
    }
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let schema = answer.pointer("/content/application~1json/schema");
        if let Some(schema) = schema.filter(|_| status.starts_with('2')) {
            let _ = write!(page, "<p class=\"muted\">{status}</p><pre>{}</pre>", escape(&drawn(json, schema, 0)));
        }
    }
    page.push_str("</section>");
}

/// Draws a schema as the JSON that it describes.
fn drawn(json: &Value, schema: &Value, depth: usize) -> String {
    if depth > DEPTH_MAX {
        return "…".to_owned();
    }
    if let Some(target) = schema["$ref"].as_str().and_then(|place| json.pointer(place.trim_start_matches('#'))) {
        return drawn(json, target, depth);
    }
    if let Some(fields) = schema["properties"].as_object() {
        let pad = "  ".repeat(depth + 1);
        let mut text = "{\n".to_owned();
        for (name, field) in fields {
            let _ = writeln!(text, "{pad}\"{name}\": {},", drawn(json, field, depth + 1));
        }
        text.push_str(&"  ".repeat(depth));
        text.push('}');
        return text;
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        let known = |schema: &&Value| schema["type"] != "null";
        if let Some(first) = schema[key].as_array().and_then(|schemas| schemas.iter().find(known)) {
            return drawn(json, first, depth);
        }
    }
    if schema.get("items").is_some() {
        return format!("[{}]", drawn(json, &schema["items"], depth));
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    kinds.join(" or ")
}
