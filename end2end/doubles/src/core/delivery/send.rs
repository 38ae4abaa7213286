//! One POST to a receiver on this machine.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a receiver has to answer.
const ANSWER: Duration = Duration::from_secs(20);

/// Posts JSON; returns the status, or why there is none.
pub async fn post(url: &str, body: &[u8], headers: &[(&'static str, String)]) -> Result<u16, String> {
    match timeout(ANSWER, try_post(url, body, headers)).await {
        Ok(sent) => sent,
        Err(_) => Err(format!("no answer within {} s", ANSWER.as_secs())),
    }
}

async fn try_post(url: &str, body: &[u8], headers: &[(&'static str, String)]) -> Result<u16, String> {
    let uri: Uri = url.parse().map_err(|_| format!("not an address: {url}"))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    if uri.scheme_str() != Some("http") || !matches!(host, "127.0.0.1" | "localhost" | "::1") {
        return Err("only http:// on this machine is delivered to".into());
    }
    let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await.map_err(told)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(told)?;
    let connection = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::post(path)
        .header(header::HOST, uri.authority().map_or("localhost", |authority| authority.as_str()))
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(header::USER_AGENT, "doubles/1.0");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request.body(Body::from(body.to_vec())).map_err(told)?;
    let response = sender.send_request(request).await.map_err(told)?;
    connection.abort();
    Ok(response.status().as_u16())
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}
