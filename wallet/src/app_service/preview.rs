//! The two wallets of a project: credits are moved between them by hand, and one pays what the other owes.

use serde_json::json;

use crate::Wallet;
use crate::error::{Error, Refusal, Result};
use crate::id::WalletId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::{Actor, Environment, Viewer};
use crate::ledger::{Command, Outcome, Purpose, Submission};
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
        environment: Environment,
        amount: Credits,
        key: &IdempotencyKey,
    ) -> Result<Outcome> {
        if !viewer.role.may_pay() {
            return Err(Refusal::Forbidden { why: "your role may not move credits".to_owned() }.into());
        }
        let (production, preview) = (viewer.wallet, viewer.preview_wallet);
        let (from, to, reason) = match environment {
            Environment::Preview => (production, preview, "To preview"),
            Environment::Production => (preview, production, "To production"),
        };
        self.catch_up(from).await;
        let command = Command::Transfer { to, amount, reason: reason.to_owned(), grant: None };
        let submission = Submission::new(from, key.clone(), viewer.actor(), command);
        self.ledger().submit(submission.with_metadata(json!({ "to": environment.code() }))).await
    }

    /// Pays what a wallet owes, and what the other wallet of its project owes.
    pub(crate) async fn pay_debts(&self, wallet: WalletId, (owes, other_owes): (bool, bool)) -> Result<()> {
        if owes {
            self.pay_debt(wallet).await?;
        }
        match self.ledger().other_environment(wallet).await?.filter(|_| other_owes) {
            Some(other) => self.pay_debt(other).await,
            None => Ok(()),
        }
    }

    /// Pays what a wallet owes with what the other wallet of its project has, as far as that goes: credits that were moved
    /// away do not escape the money that went back.
    async fn pay_debt(&self, wallet: WalletId) -> Result<()> {
        let balance = self.ledger().balance(wallet).await?;
        let owed = balance.available.checked_neg().unwrap_or_default();
        let Some(other) = self.ledger().other_environment(wallet).await?.filter(|_| owed.is_positive()) else {
            return Ok(());
        };
        // In whole steps, as every transfer of less than all there is.
        let wanted = owed.up_to_steps_of(self.catalog().view().await?.settings.rounding_step).unwrap_or(owed);
        let amount = wanted.min(self.ledger().balance(other).await?.available_for(Purpose::Other)?);
        if !amount.is_positive() {
            return Ok(());
        }
        let command = Command::Transfer { to: wallet, amount, reason: "Repayment".to_owned(), grant: None };
        // Each state of the wallet is paid for once.
        let key = IdempotencyKey::internal(format!("debt:{wallet}:{}", balance.seq));
        let same = RequestHash::of(key.as_str().as_bytes());
        let submission = Submission::new(other, key, Actor::system("repayment"), command).with_request_hash(same);
        match self.ledger().submit(submission.with_metadata(json!({ "repays": wallet.to_string() }))).await {
            // Spent in this moment, or frozen: looked at again with the next row.
            Ok(_)
            | Err(Error::Refused(Refusal::OutOfCredits { .. } | Refusal::Forbidden { .. } | Refusal::WalletInactive)) => {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
