//! Scrip beside pgbench, in one run.

fn main() {}
