//! The HTTP client of `bench` and `chaos`: one kept-alive connection that sends a request and reads the whole answer.
//!
//! A measured load must take as little as it can from the machine that it measures, so this is no general client: it
//! speaks to this machine alone, and does no more with an answer than to find its end, its status and its body.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How many headers an answer may have.
const HEADERS_MAX: usize = 64;

/// A request in the form that is sent, so that writing it down is no part of a measured call.
#[derive(Clone, Debug)]
pub struct Request(Vec<u8>);

impl Request {
    /// Writes down a request with a body, which may be empty.
    pub fn new(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        text.extend(["\r\n", body]);
        Self(text.into_bytes())
    }

    /// Writes down a call of the REST API: JSON, with an API key and an idempotency key.
    pub fn api(method: &str, path: &str, key: &str, idempotency_key: &str, body: &str) -> Self {
        let bearer = format!("Bearer {key}");
        let headers =
            [("Authorization", &*bearer), ("Content-Type", "application/json"), ("Idempotency-Key", idempotency_key)];
        Self::new(method, path, &headers, body)
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Whether it repeats an earlier one.
    pub replayed: bool,
    /// Its body; as it was sent where it came in chunks.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads the body; null where it is no JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A kept-alive connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    time_limit: Duration,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects to a port of this machine; this and each answer may take as long as the time limit says.
    pub async fn open(port: u16, time_limit: Duration) -> Result<Self> {
        let stream = tokio::time::timeout(time_limit, TcpStream::connect(("127.0.0.1", port))).await??;
        stream.set_nodelay(true)?;
        Ok(Self { stream, time_limit, buffer: Vec::with_capacity(4096) })
    }

    /// Sends a request and waits for the whole answer.
    pub async fn send(&mut self, request: &Request) -> Result<Answer> {
        tokio::time::timeout(self.time_limit, self.exchange(request)).await.context("no answer in time")?
    }

    async fn exchange(&mut self, request: &Request) -> Result<Answer> {
        self.stream.write_all(&request.0).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
            if let Some(answer) = whole(&self.buffer)? {
                return Ok(answer);
            }
        }
    }
}

/// Whether a server can serve.
pub async fn is_ready(port: u16, time_limit: Duration) -> bool {
    let request = Request::new("GET", "/ready", &[], "");
    let ask = async { Connection::open(port, time_limit).await?.send(&request).await };
    ask.await.is_ok_and(|answer| answer.status == 200)
}

/// Reads an answer that has come completely.
fn whole(bytes: &[u8]) -> Result<Option<Answer>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut parsed = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = parsed.parse(bytes).context("not HTTP")? else { return Ok(None) };
    let field = |name: &str| parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    let rest = &bytes[head..];
    let body = match field("content-length") {
        Some(length) => {
            let length: usize = std::str::from_utf8(length.value)?.parse()?;
            rest.get(..length)
        }
        // Pages come in chunks; the last one is empty.
        None if field("transfer-encoding").is_some() => Some(rest).filter(|rest| rest.ends_with(b"\r\n0\r\n\r\n")),
        None => bail!("an answer has no length"),
    };
    let Some(body) = body else { return Ok(None) };
    Ok(Some(Answer {
        status: parsed.code.context("an answer has no status")?,
        replayed: field("idempotent-replayed").is_some_and(|header| header.value == b"true"),
        body: body.to_vec(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_when_it_is_whole() {
        assert!(whole(b"HTTP/1.1 201 Created\r\ncontent-").unwrap().is_none());
        assert!(whole(b"HTTP/1.1 201 Created\r\nContent-Length: 8\r\n\r\n{\"id\":").unwrap().is_none());
        let answer = whole(b"HTTP/1.1 201 Created\r\nIdempotent-Replayed: true\r\nContent-Length: 8\r\n\r\n{\"id\":4}");
        let answer = answer.unwrap().unwrap();
        assert_eq!((answer.status, answer.replayed, &answer.json()["id"]), (201, true, &4.into()));
        assert!(whole(b"HTTP/1.1 201 Created\r\n\r\n{}").is_err());
    }

    #[test]
    fn an_answer_in_chunks_is_whole_with_its_last_one() {
        let page = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n<p>a\r\n0\r\n\r\n";
        assert!(whole(&page[..page.len() - 5]).unwrap().is_none());
        assert_eq!(whole(page).unwrap().unwrap().status, 200);
    }

    #[test]
    fn a_request_says_what_it_brings() {
        let Request(bytes) = Request::api("POST", "/charges", "nb_1", "key-1", "{}");
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("POST /charges HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n"), "{text}");
        assert!(
            text.contains("Authorization: Bearer nb_1\r\n") && text.contains("Idempotency-Key: key-1\r\n"),
            "{text}"
        );
        assert!(text.ends_with("\r\n\r\n{}"), "{text}");
    }
}
