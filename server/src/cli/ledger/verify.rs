//! `scrip ledger verify`: the proof, from files alone.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use wallet::ledger::Audit;

use crate::checkpoints;
use crate::config::Settings;

/// Checks files of one wallet, in order, and that the checkpoints lie on their rows.
pub fn run(files: &[PathBuf], signed: &[PathBuf], settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut audit = Audit::default();
    let keys = checkpoints::keys(settings)?;
    if !signed.is_empty() {
        for head in checkpoints::read(signed)? {
            if !keys.is_empty() && !keys.iter().any(|key| key.has_signed(&head)) {
                bail!("the checkpoint at row {} of {} is signed by none of the keys", head.seq, head.wallet);
            }
            audit.expect(&head);
        }
    }
    for path in files {
        let file = File::open(path).with_context(|| format!("{} can't be read", path.display()))?;
        audit.read(BufReader::new(file)).map_err(|what| anyhow!("{}: {what}", path.display()))?;
    }
    let verified = audit.finish().map_err(|what| anyhow!("{what}"))?;
    println!(
        "{}: {} rows up to {} are right; settled {}, held {}, head {}",
        verified.wallet, verified.rows, verified.seq, verified.settled, verified.held, verified.hash
    );
    if verified.after > 0 {
        println!("The rows up to {} are in an earlier file.", verified.after);
    }
    match (signed.is_empty(), keys.is_empty()) {
        (true, _) => {}
        (false, true) => println!(
            "{} signed heads lie on these rows. Their signatures were not checked: set SCRIP_HEAD_KEY to do so.",
            verified.heads
        ),
        (false, false) => println!("{} signed heads lie on these rows.", verified.heads),
    }
    Ok(ExitCode::SUCCESS)
}
