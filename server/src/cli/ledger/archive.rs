//! `scrip ledger archive`: old rows leave the database for files; each is on the disk and verified before its rows go.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use sha2::{Digest, Sha256};
use wallet::Wallet;
use wallet::id::WalletId;
use wallet::ledger::{ArchiveFile, ArchivePart, Hash, verify_export};

use super::super::admin::plain;
use crate::cli;
use crate::config::Settings;

/// Wallets listed at once.
const PAGE: i64 = 500;

/// Archives everything, or one wallet.
pub async fn run(
    before: NaiveDate,
    folder: &Path,
    name: Option<&str>,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    let only = name.map(super::wallet_id).transpose()?;
    let before = before.and_time(NaiveTime::MIN).and_utc();
    fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    let wallet = cli::open(settings).await?;
    let mut moved = Moved::default();
    match only {
        Some(id) => moved.add(one(&wallet, id, before, folder).await?),
        None => {
            let mut after = None;
            loop {
                let due = wallet.ledger().archive_due(before, after, PAGE).await.map_err(plain)?;
                for id in &due {
                    moved.add(one(&wallet, *id, before, folder).await?);
                }
                match due.last() {
                    Some(last) => after = Some(*last),
                    None => break,
                }
            }
        }
    }
    wallet.shutdown().await;
    println!("{} rows are in {} new files of {}.", moved.rows, moved.files, folder.display());
    Ok(ExitCode::SUCCESS)
}

/// What was moved.
#[derive(Default)]
struct Moved {
    rows: u64,
    files: u64,
}

impl Moved {
    fn add(&mut self, other: Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.files = self.files.saturating_add(other.files);
    }
}

/// Archives one wallet, part by part; says where it stands after each.
async fn one(wallet: &Wallet, id: WalletId, before: DateTime<Utc>, folder: &Path) -> anyhow::Result<Moved> {
    let mut moved = Moved::default();
    while let Some(part) = wallet.ledger().archive_part(id, before).await.map_err(plain)? {
        let file = write(&part, folder)?;
        if wallet.ledger().archive(&part, &file).await.map_err(plain)? {
            let (from, to) = part.span();
            println!("{id}: rows {from} to {to} are in {}", file.name);
            moved.add(Moved { rows: file.verified.rows, files: 1 });
        }
    }
    Ok(moved)
}

/// Writes a part to its file, complete or not at all, waits for the disk, and reads it back.
fn write(part: &ArchivePart, folder: &Path) -> anyhow::Result<ArchiveFile> {
    let name = part.file_name();
    let path = folder.join(&name);
    let failed = || format!("{} can't be written", path.display());
    let new = folder.join(format!("{name}.{}.new", std::process::id()));
    let mut file = BufWriter::new(File::create(&new).with_context(failed)?);
    for line in part.lines() {
        writeln!(file, "{}", line.map_err(plain)?).with_context(failed)?;
    }
    file.into_inner().map_err(|error| anyhow!("{}: {error}", failed()))?.sync_all().with_context(failed)?;
    fs::rename(&new, &path).with_context(failed)?;
    // The name, too, must be on the disk before any row goes.
    File::open(folder).and_then(|folder| folder.sync_all()).with_context(failed)?;

    let mut bytes = Vec::new();
    File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes)).with_context(failed)?;
    let verified = verify_export(BufReader::new(bytes.as_slice())).map_err(|what| anyhow!("{name}: {what}"))?;
    let length = u64::try_from(bytes.len())?;
    Ok(ArchiveFile { name, bytes: length, sha256: Hash::from_bytes(Sha256::digest(&bytes).into()), verified })
}
