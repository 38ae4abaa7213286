//! The yardstick: PostgreSQL's own benchmark, TPC-B.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::load_loop::Window;
use crate::resource_usage::ResourceUsage;
use crate::sample::Sample;

/// How many branches, so that clients rarely meet on one.
const SCALE: u32 = 50;

/// pgbench, with a database of its own.
#[derive(Debug)]
pub struct Pgbench {
    program: PathBuf,
    url: String,
}

impl Pgbench {
    /// Finds the program; `None` when PostgreSQL was installed without it.
    pub fn find(folder: Option<&Path>, url: &str) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = folder.map(Path::to_path_buf).into_iter().chain(std::env::split_paths(&path));
        let program = folders.map(|folder| folder.join("pgbench")).find(|program| program.is_file())?;
        Some(Self { program, url: url.to_owned() })
    }

    /// Fills its tables.
    pub fn prepare(&self) -> Result<()> {
        let scale = SCALE.to_string();
        self.run(&["--initialize", "--quiet", "--scale", &scale])?;
        Ok(())
    }

    /// Runs TPC-B.
    pub async fn run_tpcb(&self, clients: usize, window: Window, usage: &ResourceUsage) -> Result<Sample> {
        usage.checkpoint().await?;
        let number = clients.to_string();
        let threads = clients.min(2).to_string();
        let run = |time: Duration| {
            let seconds = time.as_secs().max(1).to_string();
            self.run(&["-M", "prepared", "-n", "-c", &number, "-j", &threads, "-T", &seconds])
        };
        run(window.warm_up)?;
        let before = usage.read().await?;
        let text = run(window.measured)?;
        let after = usage.read().await?;
        let per_second = figure(&text, "tps = ")?;
        let average = Duration::from_secs_f64(figure(&text, "latency average = ")? / 1000.0);
        let calls = figure(&text, "number of transactions actually processed: ")?;
        Ok(Sample {
            name: format!("pgbench TPC-B, {clients} clients"),
            callers: clients,
            per_second,
            mean: average,
            cost: usage.cost(&before, &after, calls as usize),
            ..Sample::default()
        })
    }

    fn run(&self, args: &[&str]) -> Result<String> {
        let output = Command::new(&self.program).args(args).arg(&self.url).output()?;
        if !output.status.success() {
            bail!("pgbench failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// The number after some words.
fn figure(text: &str, after: &str) -> Result<f64> {
    let (_, rest) = text.split_once(after).with_context(|| format!("pgbench did not say `{after}`"))?;
    let number: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    number.parse().with_context(|| format!("pgbench said no number after `{after}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_pgbench_prints() {
        let text = "number of transactions actually processed: 9683/9683\nlatency average = 3.304 ms\n\
                    tps = 4842.115 (without initial connection time)\n";
        assert_eq!(figure(text, "tps = ").unwrap(), 4842.115);
        assert_eq!(figure(text, "latency average = ").unwrap(), 3.304);
        assert_eq!(figure(text, "number of transactions actually processed: ").unwrap(), 9683.0);
        assert!(figure(text, "no such words").is_err());
    }
}
