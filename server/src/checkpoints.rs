//! Checkpoints of ledgers, kept apart from the database: the keys, and the files that they are appended to.
//!
//! A chain proves that no row was changed; a checkpoint that is kept elsewhere proves that none was cut off. The files
//! are worth as much as their distance from the database: copy the folder to another machine.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use wallet::ledger::{Checkpoint, CheckpointKey};

use crate::config::Settings;

/// Reads the keys: the first signs, all of them have signed. None where there is no setting.
pub fn keys(settings: &Settings) -> anyhow::Result<Vec<CheckpointKey>> {
    let secrets: Vec<String> = match (&settings.head_key, &settings.head_key_file) {
        (Some(secret), _) => vec![secret.expose_secret().trim().to_owned()],
        (None, Some(path)) => {
            let text = fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
            let lines: Vec<String> =
                text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
            if lines.is_empty() {
                bail!("{} holds no key: write a secret of 32 characters or more into it", path.display());
            }
            lines
        }
        (None, None) => Vec::new(),
    };
    secrets.iter().map(|secret| key(secret)).collect()
}

/// Reads the keys, or says how to set one.
pub fn required_keys(settings: &Settings) -> anyhow::Result<Vec<CheckpointKey>> {
    let keys = keys(settings)?;
    if keys.is_empty() {
        bail!(
            "there is no key: set SCRIP_HEAD_KEY to a secret of 32 characters or more, or SCRIP_HEAD_KEY_FILE to its file"
        );
    }
    Ok(keys)
}

/// Makes a key; its name is a part of its own hash, so that a new secret is a new name.
fn key(secret: &str) -> anyhow::Result<CheckpointKey> {
    let digest = Sha256::new().chain_update("scrip-head-key:").chain_update(secret).finalize();
    let name: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    CheckpointKey::new(name, secret.as_bytes())
        .map_err(|_| anyhow!("the key that signs ledgers is too short: give 32 characters or more"))
}

/// Names the file of a day: `heads/2026-11-21.jsonl` in the data folder.
#[must_use]
pub fn file_of(settings: &Settings, now: DateTime<Utc>) -> PathBuf {
    settings.data_dir.join("heads").join(format!("{}.jsonl", now.format("%Y-%m-%d")))
}

/// Appends checkpoints to a file, one JSON object a line, and waits until they are on the disk.
pub fn append(path: &Path, checkpoints: &[Checkpoint]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let mut text = String::new();
    for checkpoint in checkpoints {
        text.push_str(&serde_json::to_string(checkpoint)?);
        text.push('\n');
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Reads files of checkpoints; a folder stands for all its files.
pub fn read(paths: &[PathBuf]) -> anyhow::Result<Vec<Checkpoint>> {
    let mut checkpoints = Vec::new();
    for path in paths {
        let unreadable = || format!("{} can't be read", path.display());
        let mut files = vec![path.clone()];
        if path.is_dir() {
            let entries = fs::read_dir(path).with_context(unreadable)?;
            files = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
            files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
            files.sort();
        }
        for path in files {
            let file = File::open(&path).with_context(|| format!("{} can't be read", path.display()))?;
            for (number, line) in (1_u32..).zip(BufReader::new(file).lines()) {
                let place = || format!("{}: line {number} is no checkpoint", path.display());
                let line = line.with_context(place)?;
                if !line.trim().is_empty() {
                    checkpoints.push(serde_json::from_str(&line).with_context(place)?);
                }
            }
        }
    }
    if checkpoints.is_empty() {
        bail!("there are no checkpoints in these files");
    }
    Ok(checkpoints)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_after_itself_and_short_ones_are_refused() {
        let (one, two) = (key(&"a".repeat(32)).expect("a key"), key(&"b".repeat(32)).expect("a key"));
        assert_ne!(one.id(), two.id());
        assert_eq!(one.id(), key(&"a".repeat(32)).expect("a key").id());
        assert!(key("short").is_err_and(|error| error.to_string().contains("32 characters")));
    }
}
