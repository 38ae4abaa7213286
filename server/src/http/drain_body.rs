//! Bodies that nobody read: an answer that comes before its request was heard out would not arrive.
//!
//! A connection that is closed with bytes still drain is reset, and the sender sees "connection reset" in place of
//! "the body is too large". So what is left of a large body is read and thrown away before the answer goes out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures::stream::poll_fn;
use futures::{Stream, StreamExt as _};

/// Bodies up to this size, in bytes, fit into the buffers of a socket: their sender is through with them.
const SMALL: u64 = 65_536;
/// The most bytes that are read for nothing.
const MOST: usize = 64 * 1024 * 1024;
/// The longest time that is spent on it.
const LONGEST: Duration = Duration::from_secs(10);

/// What is left of a request's body.
#[derive(Debug)]
pub struct BodyDrain(Arc<Mutex<BodyDataStream>>);

impl BodyDrain {
    /// Keeps a hand on the body of a request, when it is large or of unknown size.
    pub fn of(request: &mut Request) -> Option<Self> {
        if request.body().size_hint().upper().is_some_and(|size| size <= SMALL) {
            return None;
        }
        let body = std::mem::take(request.body_mut()).into_data_stream();
        let shared = Arc::new(Mutex::new(body));
        *request.body_mut() = Body::from_stream(pieces(Arc::clone(&shared)));
        Some(Self(shared))
    }

    /// Reads to the end, within bounds.
    pub async fn drain(self) {
        let mut left = MOST;
        let mut pieces = pieces(self.0);
        let reading = async {
            while let Some(Ok(piece)) = pieces.next().await {
                left = left.saturating_sub(piece.len());
                if left == 0 {
                    break;
                }
            }
        };
        tokio::time::timeout(LONGEST, reading).await.ok();
    }
}

/// Reads on in a body that somebody else may read, too.
fn pieces(body: Arc<Mutex<BodyDataStream>>) -> impl Stream<Item = Result<Bytes, axum::Error>> {
    poll_fn(move |context| body.lock().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(context))
}

/// Hears a request out before it is answered.
pub async fn drain_body(mut request: Request, next: Next) -> Response {
    let drain = BodyDrain::of(&mut request);
    let response = next.run(request).await;
    if let Some(drain) = drain {
        drain.drain().await;
    }
    response
}
