//! Makes checkpoints of chains, and compares those that were kept apart with the chains of now.

use crate::error::{Error, Result};
use crate::id::WalletId;
use crate::ledger::audit::checkpoint::{Checkpoint, CheckpointKey};
use crate::ledger::model::breach::Breach;
use crate::ledger::model::hash::Hash;
use crate::ledger::repo::{archive, checkpoint};
use crate::ledger::service::Ledger;

/// How many checkpoints are made in one transaction.
const PAGE: i64 = 1_000;
/// What a breach found by a kept checkpoint is called.
const KEPT_CHECKPOINTS: &str = "kept_heads_are_on_the_chain";

impl Ledger {
    /// Makes a checkpoint of every wallet that has moved since its last one, and hands them to `keep`, which stores
    /// them apart from the database; gives how many. What `keep` did not store counts as not signed: it is signed
    /// again.
    pub async fn sign_checkpoints(
        &self,
        key: &CheckpointKey,
        mut keep: impl FnMut(&[Checkpoint]) -> std::io::Result<()>,
    ) -> Result<u64> {
        let mut all = 0_u64;
        loop {
            let mut transaction = self.db.begin().await?;
            let heads = checkpoint::unsigned(&mut transaction, PAGE).await?;
            if heads.is_empty() {
                return Ok(all);
            }
            let signed_at = self.db.now();
            let signed: Vec<Checkpoint> =
                heads.iter().map(|(wallet, seq, hash)| key.sign(*wallet, *seq, *hash, signed_at)).collect();
            let bytes = |head: &Checkpoint| Hash::from_hex(&head.signature).map(|hash| hash.as_bytes().to_vec());
            let signatures = signed.iter().map(bytes).collect::<Option<_>>();
            let signatures = signatures.ok_or_else(|| Error::internal("a signature is not 32 bytes"))?;
            let key_id = key.id().to_owned();
            checkpoint::keep(&mut transaction, &checkpoint::Signed { heads, signatures, signed_at, key_id }).await?;
            keep(&signed).map_err(Error::internal)?;
            transaction.commit().await?;
            all = all.saturating_add(u64::try_from(signed.len()).unwrap_or(u64::MAX));
        }
    }

    /// Compares checkpoints that were kept apart with the chains of now.
    ///
    /// One of the keys must have signed each, and its row must be there with its hash, or lie in an archive.
    pub async fn verify_checkpoints(&self, keys: &[CheckpointKey], kept: &[Checkpoint]) -> Result<Vec<Breach>> {
        let mut connection = self.db.pool().acquire().await?;
        let mut breaches = Vec::new();
        for signed in kept {
            let wallet: Option<WalletId> = signed.wallet.parse().ok();
            let breach = |found: String| Breach { invariant: KEPT_CHECKPOINTS.to_owned(), wallet, found };
            let Some(id) = wallet.filter(|_| keys.iter().any(|key| key.has_signed(signed))) else {
                breaches.push(breach(format!("row {}: the signature is of none of the keys", signed.seq)));
                continue;
            };
            let archived = archive::containing(&mut connection, id, signed.seq).await?;
            // Within an archive the rows are the file's to prove; its last row is known here.
            let hash = match archived {
                Some(span) if span.to != signed.seq => continue,
                Some(span) => Some(span.last_hash),
                None => checkpoint::hash_of(&mut connection, id, signed.seq).await?,
            };
            match hash {
                Some(hash) if hash.to_string() == signed.hash => {}
                Some(_) => breaches.push(breach(format!("row {} was changed", signed.seq))),
                None => breaches.push(breach(format!("row {} is gone", signed.seq))),
            }
        }
        Ok(breaches)
    }
}
