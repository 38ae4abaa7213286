//! What a connection's bytes tell about it: that a request comes, that an answer is complete, that nobody takes it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::registry::Connection;

/// A socket that notes what goes over it.
#[derive(Debug)]
pub struct Noted {
    stream: TcpStream,
    connection: Arc<Connection>,
    /// The bytes that were written in all.
    written: u64,
}

impl Noted {
    /// Takes a connection's socket.
    pub const fn new(stream: TcpStream, connection: Arc<Connection>) -> Self {
        Self { stream, connection, written: 0 }
    }

    fn note(&mut self, written: Poll<std::io::Result<usize>>) -> Poll<std::io::Result<usize>> {
        match &written {
            Poll::Pending => self.connection.waits(self.written),
            Poll::Ready(count) => {
                let count = count.as_ref().map_or(0, |count| u64::try_from(*count).unwrap_or(u64::MAX));
                self.written = self.written.saturating_add(count);
                self.connection.takes();
            }
        }
        written
    }
}

impl AsyncRead for Noted {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            this.connection.heard();
        }
        read
    }
}

impl AsyncWrite for Noted {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.note(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, bytes);
        this.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// A request that is being answered, until its answer is complete or given up.
#[derive(Debug)]
pub struct Busy(Arc<Connection>);

impl Busy {
    /// Notes that a request has come.
    pub fn begin(connection: &Arc<Connection>) -> Self {
        connection.begun();
        Self(Arc::clone(connection))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// An answer's body, which ends the request's time as busy when it is written or dropped.
#[derive(Debug)]
pub struct Answer {
    body: Body,
    _busy: Busy,
}

impl Answer {
    /// Joins both.
    pub const fn new(body: Body, busy: Busy) -> Self {
        Self { body, _busy: busy }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
