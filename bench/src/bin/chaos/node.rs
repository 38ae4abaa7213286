//! One server process.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::ANSWER_LIMIT;
use crate::plan::Plan;
use crate::stripe;

/// How long a server may take to start.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A server process; killed when dropped.
#[derive(Debug)]
pub struct Node {
    number: usize,
    port: u16,
    program: PathBuf,
    url: String,
    stripe: String,
    folder: PathBuf,
    child: Option<Child>,
}

impl Node {
    /// Starts a server on a free port, over a database, with Stripe's stand-in, and waits until it answers.
    pub async fn start(plan: &Plan, number: usize, url: &str, stripe: &str) -> Result<Self> {
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let folder = plan.folder.join(format!("node-{number}"));
        std::fs::create_dir_all(&folder)?;
        let (program, url, stripe) = (plan.server.clone(), url.to_owned(), stripe.to_owned());
        let mut node = Self { number, port, program, url, stripe, folder, child: None };
        node.launch().await?;
        Ok(node)
    }

    /// The port that it listens on.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its mails.
    pub fn mails(&self) -> PathBuf {
        self.folder.join("mail")
    }

    async fn launch(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.folder.join("server.log"))?;
        let child = Command::new(&self.program)
            .arg("serve")
            .env("DATABASE_URL", &self.url)
            .env("HOST", "127.0.0.1")
            .env("PORT", self.port.to_string())
            .env("SCRIP_MODE", "development")
            .env("SCRIP_DATA_DIR", &self.folder)
            .env("DATABASE_TIMEOUT", "2")
            .env("STRIPE_SECRET_KEY", stripe::KEY)
            .env("STRIPE_WEBHOOK_SECRET", stripe::SECRET)
            .env("STRIPE_API_URL", &self.stripe)
            .env("RATE_READS", u32::MAX.to_string())
            .env("RATE_WRITES", u32::MAX.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("can't start {}", self.program.display()))?;
        self.child = Some(child);
        let asked_at = Instant::now();
        while !http_client::is_ready(self.port, ANSWER_LIMIT).await {
            self.must_live()?;
            if asked_at.elapsed() > TIMEOUT {
                bail!("node {} did not start; see {}", self.number, self.folder.display());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Kills it in the middle of whatever it does, and starts it again on the same port.
    pub async fn kill_and_restart(&mut self) -> Result<()> {
        self.end()?;
        self.launch().await
    }

    /// Fails where the process has ended by itself.
    pub fn must_live(&self) -> Result<()> {
        let Some(child) = &self.child else { return Ok(()) };
        // `try_wait` wants the child for itself; the process's folder is enough to see that it is there.
        let output = Command::new("ps").args(["-o", "stat=", "-p", &child.id().to_string()]).output()?;
        let state = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if state.is_empty() || state.starts_with('Z') {
            bail!("node {} ended by itself; see {}", self.number, self.folder.display());
        }
        Ok(())
    }

    /// Ends it.
    pub fn stop(&mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _gone = self.end();
    }
}
