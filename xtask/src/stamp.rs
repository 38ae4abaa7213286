//! Skipping work whose inputs have not changed since it last succeeded.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell;

/// What some work was made from: equal prints, equal results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Print(String);

impl Print {
    /// Of words and the contents of files and folders.
    pub fn of(words: &[&str], paths: &[&Path]) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        words.hash(&mut hasher);
        for path in paths {
            for file in files(path)? {
                file.hash(&mut hasher);
                fs::read(&file).with_context(|| format!("can't read {}", file.display()))?.hash(&mut hasher);
            }
        }
        Ok(Self(format!("{:016x}", hasher.finish())))
    }
}

/// Whether the named work last succeeded with this print.
pub fn is_current(work: &str, print: &Print) -> bool {
    fs::read_to_string(place(work)).is_ok_and(|text| text == print.0)
}

/// Notes that the named work succeeded with this print.
pub fn record(work: &str, print: &Print) -> Result<()> {
    let place = place(work);
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&place, &print.0).with_context(|| format!("can't write {}", place.display()))
}

/// All files below a path, in a fixed order; none when the path is missing.
pub fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    if path.is_dir() {
        let mut entries = fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            if entry.file_name() != "node_modules" {
                found.extend(files(&entry.path())?);
            }
        }
    }
    Ok(found)
}

fn place(work: &str) -> PathBuf {
    shell::root().join(".dev/stamps").join(work)
}
