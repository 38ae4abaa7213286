//! PostgreSQL, killed as a power cut would: every process of it at once.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::plan::Plan;

/// How long killed processes may take to be gone.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long PostgreSQL may refuse to start after it was killed.
const STARTS: Duration = Duration::from_secs(180);
/// The wait before it is started once more.
const PAUSE: Duration = Duration::from_secs(2);

/// The private cluster of this run.
#[derive(Debug)]
pub struct Postgres {
    data: PathBuf,
    xtask: PathBuf,
}

impl Postgres {
    /// Knows the cluster by its data folder.
    pub fn new(plan: &Plan) -> Self {
        Self { data: plan.data.clone(), xtask: plan.xtask.clone() }
    }

    /// Sends SIGKILL to the server and all that it has started, and waits until they are gone.
    pub fn kill(&self) -> Result<()> {
        let file = self.data.join("postmaster.pid");
        let text = std::fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
        let server: u32 = text.lines().next().unwrap_or_default().trim().parse().context("no process id")?;
        let mut all: Vec<u32> =
            processes()?.into_iter().filter(|(_, parent)| *parent == server).map(|(process, _)| process).collect();
        all.insert(0, server);
        let mut kill = Command::new("kill");
        kill.arg("-KILL").args(all.iter().map(u32::to_string));
        // Some may have ended by themselves meanwhile.
        let _some_gone = kill.stderr(Stdio::null()).status()?;
        let killed_at = Instant::now();
        while processes()?.iter().any(|(process, _)| all.contains(process)) {
            if killed_at.elapsed() > TIMEOUT {
                bail!("PostgreSQL does not die");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Starts it again, which recovers what was committed. Where its shared memory is still in use by what was killed,
    /// it is tried again for a while.
    pub async fn start(&self) -> Result<()> {
        let asked_at = Instant::now();
        loop {
            match self.try_start() {
                Err(error) if asked_at.elapsed() < STARTS => {
                    eprintln!("{error:#}; it is tried again");
                    tokio::time::sleep(PAUSE).await;
                }
                done => return done,
            }
        }
    }

    fn try_start(&self) -> Result<()> {
        let status = Command::new(&self.xtask)
            .args(["db", "start", "chaos"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .with_context(|| format!("can't start {}", self.xtask.display()))?;
        if status.success() { Ok(()) } else { bail!("PostgreSQL did not start again ({status})") }
    }
}

/// Lists what runs on this machine: process and parent. What is dead and only waits for its parent does not run.
fn processes() -> Result<Vec<(u32, u32)>> {
    let output = Command::new("ps").args(["-A", "-o", "pid=,ppid=,stat="]).output().context("can't start `ps`")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = |line: &str| {
        let mut fields = line.split_whitespace();
        let process = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        (!fields.next()?.starts_with('Z')).then_some(process)
    };
    Ok(text.lines().filter_map(line).collect())
}
