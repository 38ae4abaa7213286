//! Calls over HTTP: the server as it is shipped, and the load on it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use http_client::{Connection, Request};

use crate::load_loop::Window;
use crate::resource_usage::ResourceUsage;
use crate::sample::Sample;

/// How long the server may take to start, and for one answer.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The server under load; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts the server on a free port and waits until it answers.
    pub async fn start(program: &Path, database_url: &str, folder: &Path) -> Result<Self> {
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let log = std::fs::File::create(folder.join(format!("server-{port}.log")))?;
        let child = Command::new(program)
            .arg("serve")
            .env("DATABASE_URL", database_url)
            .env("HOST", "127.0.0.1")
            .env("PORT", port.to_string())
            .env("SCRIP_MODE", "development")
            .env("SCRIP_DATA_DIR", folder.join("data"))
            // Limits are per key, and here one key is a whole platform.
            .env("RATE_READS", u32::MAX.to_string())
            .env("RATE_WRITES", u32::MAX.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("can't start {}", program.display()))?;
        let mut server = Self { child, port };
        let asked_at = Instant::now();
        while Connection::open(port, TIME_LIMIT).await.is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("the server ended ({status}); see {}", folder.display());
            }
            if asked_at.elapsed() > TIME_LIMIT {
                bail!("the server did not start; see {}", folder.display());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(server)
    }

    /// Asks over so many connections, each time with the next of the keys, and measures it.
    pub async fn load(
        &self,
        name: &str,
        connections: usize,
        keys: &Arc<Vec<String>>,
        ask: &Ask,
        window: Window,
        usage: &ResourceUsage,
    ) -> Result<Sample> {
        usage.checkpoint().await?;
        let from = Instant::now() + window.warm_up;
        let to = from + window.measured;
        let run = uuid::Uuid::now_v7().simple().to_string();
        let (port, ask, keys) = (self.port, ask.clone(), Arc::clone(keys));
        // One thread, so that the generator takes no more than it must from what it measures.
        let load = std::thread::spawn(move || -> Result<Vec<Duration>> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut tasks = tokio::task::JoinSet::new();
                for number in 0..connections {
                    let caller =
                        Caller { number, connections, run: run.clone(), keys: Arc::clone(&keys), ask: ask.clone() };
                    tasks.spawn(caller.work(port, from, to));
                }
                let mut times = Vec::new();
                while let Some(done) = tasks.join_next().await {
                    times.extend(done??);
                }
                Ok(times)
            })
        });
        tokio::time::sleep_until(from.into()).await;
        let before = usage.read().await?;
        tokio::time::sleep_until(to.into()).await;
        let after = usage.read().await?;
        let times = tokio::task::spawn_blocking(move || load.join())
            .await?
            .map_err(|_| anyhow::anyhow!("the load failed"))??;
        let cost = usage.cost(&before, &after, times.len());
        Ok(Sample::new(name, connections, times, window.measured, cost))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// What is asked, each time with an idempotency key of its own.
#[derive(Clone, Debug)]
pub struct Ask {
    /// How.
    pub method: &'static str,
    /// Where.
    pub path: &'static str,
    /// With what JSON.
    pub body: String,
    /// The status that the answer must have.
    pub status: u16,
    /// How long a caller waits before it asks again.
    pub pause: Duration,
}

impl Ask {
    /// Posts, one call after the other.
    pub fn post(path: &'static str, status: u16) -> Self {
        Self { method: "POST", path, body: String::new(), status, pause: Duration::ZERO }
    }

    /// Gets, one call after the other.
    pub fn get(path: &'static str) -> Self {
        Self { method: "GET", ..Self::post(path, 200) }
    }
}

/// Who uses one connection.
struct Caller {
    number: usize,
    connections: usize,
    run: String,
    keys: Arc<Vec<String>>,
    ask: Ask,
}

impl Caller {
    async fn work(self, port: u16, from: Instant, to: Instant) -> Result<Vec<Duration>> {
        let mut connection = Connection::open(port, TIME_LIMIT).await?;
        let mut times = Vec::new();
        let Ask { method, path, ref body, status, pause } = self.ask;
        for turn in 0_usize.. {
            let key = &self.keys[(self.number + turn * self.connections) % self.keys.len()];
            let request = Request::api(method, path, key, &format!("{}-{}-{turn}", self.run, self.number), body);
            let started_at = Instant::now();
            if started_at >= to {
                break;
            }
            let answer = connection.send(&request).await?;
            let ended_at = Instant::now();
            let text = || String::from_utf8_lossy(&answer.body);
            ensure!(answer.status == status, "the answer is {}, not {status}:\n{}", answer.status, text());
            if ended_at >= from && ended_at < to {
                times.push(ended_at - started_at);
            }
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
        Ok(times)
    }
}
