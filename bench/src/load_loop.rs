//! Closed-loop load: callers that call again as soon as they have an answer.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::resource_usage::ResourceUsage;
use crate::sample::Sample;

/// How long to work before it counts, and how long it counts.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Time to fill caches and to settle.
    pub warm_up: Duration,
    /// Time that is measured.
    pub measured: Duration,
}

/// Runs so many callers through a window and measures their calls. `call` gets the caller's number and how often that
/// caller has called before.
pub async fn run_callers<Call, Answer>(
    name: &str,
    callers: usize,
    window: Window,
    usage: &ResourceUsage,
    call: Call,
) -> Result<Sample>
where
    Call: Fn(usize, u64) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<()>> + Send,
{
    usage.checkpoint().await?;
    let call = Arc::new(call);
    let from = Instant::now() + window.warm_up;
    let to = from + window.measured;
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let call = Arc::clone(&call);
            tokio::spawn(async move { keep_calling(caller, from, to, &*call).await })
        })
        .collect();
    tokio::time::sleep_until(from.into()).await;
    let before = usage.read().await?;
    tokio::time::sleep_until(to.into()).await;
    let after = usage.read().await?;
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    let cost = usage.cost(&before, &after, times.len());
    Ok(Sample::new(name, callers, times, window.measured, cost))
}

/// Returns the times of the calls that came back in the window.
async fn keep_calling<Call, Answer>(caller: usize, from: Instant, to: Instant, call: &Call) -> Result<Vec<Duration>>
where
    Call: Fn(usize, u64) -> Answer,
    Answer: Future<Output = Result<()>>,
{
    let mut times = Vec::new();
    for number in 0.. {
        let started_at = Instant::now();
        if started_at >= to {
            break;
        }
        call(caller, number).await?;
        let ended_at = Instant::now();
        if ended_at >= from && ended_at < to {
            times.push(ended_at - started_at);
        }
    }
    Ok(times)
}
