//! Resource usage of measured work: WAL, flushes to the disk, processor time.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use sqlx::PgPool;

use crate::sample::Cost;

/// Ticks of processor time a second in `/proc`, on every Linux that people run this on.
const TICKS: f64 = 100.0;
/// From this share on a processor counts as the thing that holds the work back.
const BUSY: f64 = 0.85;

/// Reads the counters of PostgreSQL and of the machine before and after some work.
#[derive(Clone, Debug)]
pub struct ResourceUsage {
    pool: PgPool,
    /// How long one flush to the disk takes when nothing else goes on.
    fsync: Duration,
    cores: f64,
    old: bool,
}

/// The counters at one moment.
#[derive(Debug)]
pub struct Reading {
    at: Instant,
    wal_bytes: i64,
    fsyncs: i64,
    machine: (f64, f64),
    backends: HashMap<u32, f64>,
}

impl ResourceUsage {
    /// Gets ready, and measures what one flush costs in a folder on the database's disk.
    pub async fn new(pool: PgPool, folder: &Path) -> Result<Self> {
        let version: i32 =
            sqlx::query_scalar("SELECT current_setting('server_version_num')::int").fetch_one(&pool).await?;
        let cores = std::thread::available_parallelism()?.get() as f64;
        Ok(Self { pool, fsync: fsync_time(folder)?, cores, old: version < 180_000 })
    }

    /// How long one flush to the disk takes when nothing else goes on.
    pub fn fsync(&self) -> Duration {
        self.fsync
    }

    /// Begins a fair window: nothing left over from the work before.
    pub async fn checkpoint(&self) -> Result<()> {
        sqlx::query("CHECKPOINT").execute(&self.pool).await?;
        Ok(())
    }

    /// Reads the counters.
    pub async fn read(&self) -> Result<Reading> {
        // PostgreSQL 18 counts flushes where it counts all input and output.
        let fsyncs = if self.old {
            "SELECT wal_sync::bigint FROM pg_stat_wal"
        } else {
            "SELECT coalesce(sum(fsyncs), 0)::bigint FROM pg_stat_io WHERE object = 'wal'"
        };
        let fsyncs = sqlx::query_scalar(fsyncs).fetch_one(&self.pool).await?;
        let lsn = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint";
        let wal_bytes = sqlx::query_scalar(lsn).fetch_one(&self.pool).await?;
        let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&self.pool).await?;
        let backends = postgres_times(u32::try_from(backend)?);
        Ok(Reading { at: Instant::now(), wal_bytes, fsyncs, machine: machine_times(), backends })
    }

    /// What was used between two readings, for so many calls.
    pub fn cost(&self, before: &Reading, after: &Reading, calls: usize) -> Cost {
        let seconds = after.at.duration_since(before.at).as_secs_f64();
        let spent = |(pid, ticks): (&u32, &f64)| (ticks - before.backends.get(pid).unwrap_or(&0.0)) / TICKS / seconds;
        let (busy, total) = (after.machine.0 - before.machine.0, after.machine.1 - before.machine.1);
        let mut cost = Cost {
            wal_bytes: (after.wal_bytes - before.wal_bytes) as f64 / (calls.max(1) as f64),
            fsyncs: (after.fsyncs - before.fsyncs) as f64 / seconds,
            machine: if total > 0.0 { busy / total } else { 0.0 },
            postgres: after.backends.iter().map(spent).sum(),
            busiest: after
                .backends
                .iter()
                .filter(|(pid, _)| before.backends.contains_key(*pid))
                .map(spent)
                .fold(0.0, f64::max),
            bound: String::new(),
        };
        cost.bound = self.bound(&cost);
        cost
    }

    /// Says what holds the work back.
    fn bound(&self, cost: &Cost) -> String {
        let flushing = cost.fsyncs * self.fsync.as_secs_f64();
        let postgres = 100.0 * cost.postgres / self.cores / cost.machine.max(0.01);
        if cost.machine > BUSY {
            format!("all {} processors ({postgres:.0} % of it PostgreSQL)", self.cores)
        } else if cost.busiest > BUSY {
            "one PostgreSQL process, which is one processor".to_owned()
        } else if flushing > BUSY {
            "flushing to the disk".to_owned()
        } else {
            format!(
                "waiting for one another (machine {:.0} %, flushing {:.0} %)",
                cost.machine * 100.0,
                flushing * 100.0
            )
        }
    }
}

/// The median time of writing 8 KB and flushing it.
fn fsync_time(folder: &Path) -> Result<Duration> {
    let path = folder.join("fsync");
    let mut file = fs::File::create(&path)?;
    let mut times = Vec::new();
    for _ in 0..200 {
        file.write_all(&[0; 8192])?;
        let started_at = Instant::now();
        file.sync_data()?;
        times.push(started_at.elapsed());
    }
    fs::remove_file(&path)?;
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// Busy and total ticks of all processors.
fn machine_times() -> (f64, f64) {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = line.split_whitespace().skip(1).take(8).filter_map(|ticks| ticks.parse().ok()).collect();
    let idle: f64 = ticks.iter().skip(3).take(2).sum();
    let total: f64 = ticks.iter().sum();
    (total - idle, total)
}

/// Ticks of every process of the PostgreSQL that one backend belongs to.
fn postgres_times(backend: u32) -> HashMap<u32, f64> {
    let Some((postmaster, _)) = process(backend) else { return HashMap::new() };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut times: HashMap<u32, f64> = processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| process(pid).filter(|(parent, _)| *parent == postmaster).map(|(_, ticks)| (pid, ticks)))
        .collect();
    // Those that ended meanwhile count with their parent.
    times.extend(ticks(postmaster, 13).map(|ticks| (postmaster, ticks)));
    times
}

/// A process's parent, and the ticks that it has used.
fn process(pid: u32) -> Option<(u32, f64)> {
    Some((fields(pid)?.get(1)?.parse().ok()?, ticks(pid, 11)?))
}

/// The ticks of a process in user and in system mode, from one field of its line on.
fn ticks(pid: u32, from: usize) -> Option<f64> {
    let fields = fields(pid)?;
    Some(fields.get(from)?.parse::<f64>().ok()? + fields.get(from + 1)?.parse::<f64>().ok()?)
}

/// What the system says of a process, from its state on.
fn fields(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may have spaces.
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}
