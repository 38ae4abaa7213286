//! Signs the heads of chains, and compares signed heads that were kept apart with the chains of now.

use super::chain::Hash;
use super::head::{HeadKey, SignedHead};
use super::repo::head;
use super::service::Ledger;
use super::verify::Breach;
use crate::error::Result;
use crate::id::WalletId;

/// How many heads are signed in one transaction.
const PAGE: i64 = 1_000;
/// What a breach found by a kept head is called.
const KEPT_HEADS: &str = "kept_heads_are_on_the_chain";

impl Ledger {
    /// Signs the head of every wallet that has moved since its last one; gives them, to be kept apart from the
    /// database.
    pub async fn sign_heads(&self, key: &HeadKey) -> Result<Vec<SignedHead>> {
        let mut all = Vec::new();
        loop {
            let mut transaction = self.db.begin().await?;
            let heads = head::unsigned(&mut transaction, PAGE).await?;
            if heads.is_empty() {
                return Ok(all);
            }
            let signed_at = self.db.now();
            let signed: Vec<SignedHead> =
                heads.iter().map(|(wallet, seq, hash)| key.sign(*wallet, *seq, *hash, signed_at)).collect();
            let bytes = |head: &SignedHead| Hash::from_hex(&head.signature).unwrap_or_default().as_bytes().to_vec();
            let signatures = signed.iter().map(bytes).collect();
            let key_id = key.id().to_owned();
            head::keep(&mut transaction, &head::Signed { heads, signatures, signed_at, key_id }).await?;
            transaction.commit().await?;
            all.extend(signed);
        }
    }

    /// Compares heads that were kept apart with the chains of now: each row must be there, with its hash.
    pub async fn verify_heads(&self, key: &HeadKey, kept: &[SignedHead]) -> Result<Vec<Breach>> {
        let mut connection = self.db.pool().acquire().await?;
        let mut breaches = Vec::new();
        for signed in kept {
            let wallet: Option<WalletId> = signed.wallet.parse().ok();
            let breach = |found: String| Breach { invariant: KEPT_HEADS.to_owned(), wallet, found };
            let Some(id) = wallet.filter(|_| key.has_signed(signed)) else {
                breaches.push(breach(format!("row {}: the signature is not this key's", signed.seq)));
                continue;
            };
            match head::hash_of(&mut connection, id, signed.seq).await? {
                Some(hash) if hash.to_string() == signed.hash => {}
                Some(_) => breaches.push(breach(format!("row {} was changed", signed.seq))),
                None => breaches.push(breach(format!("row {} is gone", signed.seq))),
            }
        }
        Ok(breaches)
    }
}
