//! What a test does at a stand-in of a provider, whichever it is.

use reqwest::{Client, Response, StatusCode};
use serde_json::Value;

/// Submits a form of a page; gives where the browser is led, or nothing where the form was refused.
pub async fn submit(client: &Client, page: &str, fields: &[(&str, &str)]) -> Option<String> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = client.post(page).header("content-type", "application/x-www-form-urlencoded").body(body);
    let response = request.send().await.expect("an answer");
    let place = response.headers().get("location").and_then(|place| place.to_str().ok()).map(str::to_owned);
    place.filter(|_| response.status() == StatusCode::SEE_OTHER)
}

/// Reads an answer that says yes.
pub async fn read(response: Response) -> Value {
    let status = response.status();
    let text = response.text().await.expect("a text");
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).expect("JSON")
}
