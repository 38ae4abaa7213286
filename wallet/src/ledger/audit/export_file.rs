//! Files of ledger rows, and their check without any database.
//!
//! An export is JSON lines: a [`Header`], then one [`ProvenEntry`] a line. An archive has the same form. An [`Audit`]
//! needs nothing else, so whoever holds the files of a wallet can check them, one after the other, and compare them
//! with heads that were signed earlier and kept elsewhere.

use std::collections::BTreeMap;
use std::io::BufRead;

use crate::ledger::audit::chain_verifier::{ProvenEntry, Verifier};
use crate::ledger::audit::checkpoint::Checkpoint;
use crate::ledger::model::archive::{EXPORT_FORM, Header, Verified};

/// Checks the files of one wallet, one after the other, and the checkpoints that must lie on their rows.
#[derive(Debug, Default)]
pub struct Audit {
    verifier: Option<Verifier>,
    heads: BTreeMap<(String, i64), Vec<String>>,
    met: u64,
    after: i64,
    rows: u64,
}

impl Audit {
    /// Expects a checkpoint on the rows to come. Whether its signature is right is the caller's to ask.
    pub fn expect(&mut self, head: &Checkpoint) {
        self.heads.entry((head.wallet.clone(), head.seq)).or_default().push(head.hash.clone());
    }

    /// Checks a file that starts, or that goes on where the one before ended; the error names the line.
    pub fn read(&mut self, file: impl BufRead) -> Result<(), String> {
        let mut lines = file.lines();
        let first = lines.next().ok_or("the file is empty")?.map_err(|error| error.to_string())?;
        let header: Header = serde_json::from_str(&first).map_err(|error| format!("line 1: {error}"))?;
        if header.scrip_ledger != EXPORT_FORM {
            return Err(format!("line 1: form {} is not known", header.scrip_ledger));
        }
        let mut verifier = self.begin(&header).map_err(|what| format!("line 1: {what}"))?;
        for (number, line) in (2_u64..).zip(lines) {
            let line = line.map_err(|error| format!("line {number}: {error}"))?;
            if line.trim().is_empty() {
                continue;
            }
            let proven: ProvenEntry = serde_json::from_str(&line).map_err(|error| format!("line {number}: {error}"))?;
            let entry = proven.entry(verifier.wallet()).ok_or_else(|| format!("line {number}: not a row"))?;
            verifier.next(&entry).map_err(|what| format!("line {number}: {what}"))?;
            self.rows = self.rows.saturating_add(1);
            self.meet(&verifier).map_err(|what| format!("line {number}: {what}"))?;
        }
        self.verifier = Some(verifier);
        Ok(())
    }

    /// Starts with the first file, or goes on with a later one.
    fn begin(&mut self, header: &Header) -> Result<Verifier, String> {
        let start = Verifier::after_header(header).ok_or("not a wallet or not a hash")?;
        match self.verifier.take() {
            None => {
                self.after = header.after;
                // Checkpoints of rows before the file can't be looked at; the one of the row right before it can.
                self.heads.retain(|(_, seq), _| *seq >= header.after);
                self.meet(&start)?;
                Ok(start)
            }
            Some(before) => {
                let (seq, hash) = before.head();
                if start.wallet() != before.wallet() {
                    return Err(format!("this is {}, the file before is {}", start.wallet(), before.wallet()));
                }
                if start.head().0 != seq {
                    let begins = start.head().0.saturating_add(1);
                    return Err(format!("this begins at row {begins}, the file before ends at row {seq}"));
                }
                if start.head().1 != hash || start.balances() != before.balances() {
                    return Err(format!("this does not go on from row {seq} as the file before leaves it"));
                }
                Ok(before)
            }
        }
    }

    /// Compares the newest row with the checkpoints that were signed for it.
    fn meet(&mut self, verifier: &Verifier) -> Result<(), String> {
        let (seq, hash) = verifier.head();
        let Some(signed) = self.heads.remove(&(verifier.wallet().to_string(), seq)) else { return Ok(()) };
        let hash = hash.to_string();
        if signed.iter().any(|signed| *signed != hash) {
            return Err(format!("row {seq} is not what was signed"));
        }
        self.met = self.met.saturating_add(1);
        Ok(())
    }

    /// Ends the check: every checkpoint of this wallet must have been met.
    pub fn finish(self) -> Result<Verified, String> {
        let verifier = self.verifier.ok_or("there is no file")?;
        let (seq, hash) = verifier.head();
        let name = verifier.wallet().to_string();
        if let Some((_, missing)) = self.heads.keys().rfind(|(wallet, _)| *wallet == name) {
            return Err(format!(
                "row {missing} was signed and is not here: the rows end at {seq}, so they were cut off, or are older"
            ));
        }
        let (settled, held) = verifier.balances();
        Ok(Verified {
            wallet: verifier.wallet(),
            after: self.after,
            rows: self.rows,
            seq,
            hash: hash.to_string(),
            settled,
            held,
            heads: self.met,
        })
    }
}

/// Verifies one exported file.
pub fn verify_export(file: impl BufRead) -> Result<Verified, String> {
    let mut audit = Audit::default();
    audit.read(file)?;
    audit.finish()
}
