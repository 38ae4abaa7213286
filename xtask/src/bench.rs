//! `make bench`: Scrip beside pgbench, both on one durable PostgreSQL of their own.

use anyhow::Result;

use crate::postgres::{self, Purpose};
use crate::{shell, site};

/// Builds a release and measures it.
pub fn bench(args: &[&str]) -> Result<()> {
    shell::heed_signals()?;
    // The server has the site built in, and is a part of what is measured.
    site::build(site::Profile::Release)?;
    shell::run(shell::cargo().args(["build", "--release", "--package", "bench", "--package", "server"]))?;
    let cluster = postgres::start(Purpose::Bench)?;
    let mut bench = shell::command(shell::target().join("release/bench"));
    bench.args(args).env("DATABASE_URL", cluster.url()).env("PG_BIN", postgres::programs(Purpose::Bench)?);
    bench.env("SCRIP_BIN", shell::target().join("release/scrip"));
    bench.env("BENCH_FOLDER", shell::target_of_clone().join("bench"));
    shell::run(&mut bench)
}
