//! Skips work whose inputs have not changed since it last succeeded.

use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell;

/// A hash of some work's inputs: equal fingerprints, equal results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Hashes words and the contents of files and folders.
    pub fn of(words: &[&str], paths: &[&Path]) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        words.hash(&mut hasher);
        for path in paths {
            for file in shell::files(path)? {
                file.hash(&mut hasher);
                fs::read(&file).with_context(|| format!("can't read {}", file.display()))?.hash(&mut hasher);
            }
        }
        Ok(Self(format!("{:016x}", hasher.finish())))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the named work last succeeded with these inputs.
pub fn is_current(work: &str, inputs: &Fingerprint) -> bool {
    fs::read_to_string(record_of(work)).is_ok_and(|text| text == inputs.0)
}

/// Notes that the named work succeeded with these inputs.
pub fn record(work: &str, inputs: &Fingerprint) -> Result<()> {
    let file = record_of(work);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&file, &inputs.0).with_context(|| format!("can't write {}", file.display()))
}

/// Has the named work done again at its next turn.
pub fn forget(work: &str) -> Result<()> {
    match fs::remove_file(record_of(work)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn record_of(work: &str) -> PathBuf {
    shell::root().join(".dev/stamps").join(work)
}
