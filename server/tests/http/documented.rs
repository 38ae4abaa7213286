//! What the API says about itself is true.

use reqwest::StatusCode;
use serde_json::Value;
use sqlx::PgPool;

use crate::support::{Site, Told};

#[sqlx::test(migrations = "../migrations")]
async fn every_documented_call_exists_and_needs_a_key(pool: PgPool) {
    let site = Site::start(pool).await;
    let told =
        Told::of(site.client.get(format!("{}/api/openapi.json", site.url)).send().await.expect("an answer")).await;
    assert_eq!(told.status, StatusCode::OK);
    let document = told.json();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.")), "{}", document["openapi"]);
    assert_eq!(document["servers"][0]["url"], "/api/v2");
    let paths = document["paths"].as_object().expect("paths");
    let mut calls = 0;
    for (path, item) in paths {
        for method in ["get", "post"] {
            let Some(operation) = item.get(method) else { continue };
            calls += 1;
            assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 8), "{method} {path} says nothing");
            let address = format!(
                "{}/api/v2{}",
                site.url,
                path.replace("{operation}", "x").replace("{id}", "1").replace("{seq}", "1")
            );
            let request = if method == "get" { site.client.get(address) } else { site.client.post(address) };
            let told = Told::of(request.send().await.expect("an answer")).await;
            assert_eq!(
                (told.status, told.code().as_str()),
                (StatusCode::UNAUTHORIZED, "unauthenticated"),
                "{method} {path}"
            );
        }
    }
    assert!(calls >= 24, "{calls}");
    for path in ["/balance", "/models/{operation}/calculate-price", "/charges", "/events", "/ledger.csv", "/top-ups"] {
        assert!(paths.contains_key(path), "{path} is missing");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn every_reference_of_the_document_leads_somewhere(pool: PgPool) {
    let site = Site::start(pool).await;
    let told =
        Told::of(site.client.get(format!("{}/api/openapi.json", site.url)).send().await.expect("an answer")).await;
    let document = told.json();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let list = Told::of(site.client.get(format!("{}/llms.txt", site.url)).send().await.expect("an answer")).await;
    let page = Told::of(site.client.get(format!("{}/docs/api", site.url)).send().await.expect("an answer")).await;
    assert!(page.text.contains("POST /api/v2/charges") && page.text.contains("token_cost"), "{}", page.text);
    assert!(list.text.contains("POST /api/v2/charges") && list.text.contains("/api/openapi.json"), "{}", list.text);
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                references.push(reference.clone());
            }
            fields.values().for_each(|value| collect(value, references));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
