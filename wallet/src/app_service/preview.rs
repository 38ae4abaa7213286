//! Preview wallets are filled by hand: credits are moved between the two wallets of a project.

use crate::Wallet;
use crate::error::{Refusal, Result};
use crate::idempotency::IdempotencyKey;
use crate::identity::{Environment, Viewer};
use crate::ledger::{Command, Outcome, Submission};
use crate::money::Credits;

impl Wallet {
    /// Moves credits to one wallet of the viewer's project from its other one, once per key; they keep their terms.
    ///
    /// # Errors
    /// `forbidden` for a role that may not pay; `out_of_credits` with what can be moved: credits that are limited to
    /// operations stay; 422 with the field `amount` for an amount of zero, below zero or finer than the unit's step.
    pub async fn move_credits(
        &self,
        viewer: &Viewer,
        to: Environment,
        amount: Credits,
        key: &IdempotencyKey,
    ) -> Result<Outcome> {
        if !viewer.role.may_pay() {
            return Err(Refusal::Forbidden { why: "your role may not move credits".to_owned() }.into());
        }
        let (production, preview) = (viewer.wallet, viewer.preview_wallet);
        let (from, to, reason) = match to {
            Environment::Preview => (production, preview, "To preview"),
            Environment::Production => (preview, production, "To production"),
        };
        self.catch_up(from).await;
        let command = Command::Transfer { to, amount, reason: reason.to_owned() };
        self.ledger().submit(Submission::new(from, key.clone(), viewer.actor(), command)).await
    }
}
