//! The schema in the database that PostgreSQL copies new ones from.
//!
//! Each database test has a database of its own. With the schema in the template, a test only looks whether it is the
//! one of `migrations/`; without it, each applies them all, which takes longer than most tests do.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::cluster_dir::ClusterDir;
use super::{Cluster, Purpose, start, start_empty};
use crate::shell;
use crate::up_to_date::Fingerprint;

/// What PostgreSQL copies.
const TEMPLATE: &str = "template1";

/// Starts a cluster whose template has the schema; `migrate` brings it into the database of a URL where it is not there.
pub fn start_with_schema(purpose: Purpose, migrate: impl FnOnce(&str) -> Result<()>) -> Result<Cluster> {
    let schema = schema()?;
    if kept(&ClusterDir::of(purpose.name())?).as_ref() == Some(&schema) {
        return start(purpose);
    }
    let cluster = start_empty(purpose)?;
    migrate(&cluster.url_of(TEMPLATE))?;
    let record = record(&ClusterDir::of(purpose.name())?);
    fs::write(&record, schema).with_context(|| format!("can't write {}", record.display()))?;
    Ok(cluster)
}

/// Whether a cluster's template has another schema than that of `migrations/`: no test would start on it.
pub fn is_outdated(dir: &ClusterDir) -> Result<bool> {
    let schema = schema()?;
    Ok(kept(dir).is_some_and(|kept| kept != schema))
}

/// Tells schemas apart.
fn schema() -> Result<String> {
    Ok(Fingerprint::of(&[], &[&shell::root().join("migrations")])?.to_string())
}

fn kept(dir: &ClusterDir) -> Option<String> {
    fs::read_to_string(record(dir)).ok()
}

fn record(dir: &ClusterDir) -> PathBuf {
    dir.folder.join("schema")
}
