//! As little HTTP as the callers need: one kept-alive connection, whole answers, a time limit.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long an answer may take before the caller gives up and asks again.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Whether it repeats an earlier one.
    pub replayed: bool,
    /// Its body; null where it is no JSON.
    pub body: Value,
}

/// A kept-alive connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    port: u16,
}

impl Connection {
    /// Connects to a port of this machine.
    pub async fn open(port: u16) -> Result<Self> {
        let stream = tokio::time::timeout(PATIENCE, TcpStream::connect(("127.0.0.1", port))).await??;
        stream.set_nodelay(true)?;
        Ok(Self { stream, port })
    }

    /// Sends a request and waits for the whole answer.
    pub async fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer> {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: {}\r\n", self.port, body.len());
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        request.push_str(body);
        tokio::time::timeout(PATIENCE, self.exchange(request.as_bytes())).await.context("no answer in time")?
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.write_all(request).await?;
        let mut buffer = Vec::with_capacity(4096);
        loop {
            if self.stream.read_buf(&mut buffer).await? == 0 {
                bail!("the server hung up");
            }
            if let Some(answer) = whole(&buffer)? {
                return Ok(answer);
            }
        }
    }
}

/// Whether a server can serve.
pub async fn is_ready(port: u16) -> bool {
    let ask = async { Connection::open(port).await?.ask("GET", "/ready", &[], "").await };
    ask.await.is_ok_and(|answer| answer.status == 200)
}

/// Reads an answer that has come completely.
fn whole(bytes: &[u8]) -> Result<Option<Answer>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let length: usize = field("content-length:").unwrap_or("0").parse()?;
    let Some(body) = bytes.get(end + 4..end + 4 + length) else { return Ok(None) };
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("not HTTP")?;
    let replayed = field("idempotent-replayed:") == Some("true");
    Ok(Some(Answer { status, replayed, body: serde_json::from_slice(body).unwrap_or_default() }))
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
        assert_eq!((answer.status, answer.replayed, &answer.body["id"]), (201, true, &4.into()));
    }
}
