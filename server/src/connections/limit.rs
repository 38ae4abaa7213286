//! How many connections the process can have.

use crate::config::Settings;

/// How many connections there may be: no more than the process may open.
#[must_use]
pub fn most(settings: &Settings) -> usize {
    let wanted = usize::try_from(settings.web.connections_max).unwrap_or(usize::MAX);
    match descriptors() {
        Some(all) => wanted.min(all.saturating_sub(KEPT_DESCRIPTORS).max(all / 2)).max(1),
        None => wanted,
    }
}

/// How many files and sockets the process may open, where the system tells.
fn descriptors() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

/// Descriptors that are kept for the database, files, and connections to others.
const KEPT_DESCRIPTORS: usize = 200;
