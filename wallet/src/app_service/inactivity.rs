//! A wallet that nobody has used for long: spending waits, its owner is asked once, and one word lets it go on.

use crate::Wallet;
use crate::error::{Error, Refusal, Result};
use crate::identity::Viewer;
use crate::ledger::Unseen;
use crate::notify::Mail;

/// How many wallets one look goes through at once.
const PAGE: i64 = 500;

impl Wallet {
    /// Notes that a person still wants the open project's wallets, so that spending goes on.
    pub async fn confirm_activity(&self, viewer: &Viewer) -> Result<()> {
        if !viewer.role.may_pay() {
            let why = "only the owner or an admin of the account says that a wallet is still in use".to_owned();
            return Err(Refusal::Forbidden { why }.into());
        }
        self.ledger().confirm_activity(viewer.wallet).await?;
        self.ledger().confirm_activity(viewer.preview_wallet).await
    }

    /// Asks the owners of wallets whose spending waits, once for each wait; gives how many were asked. Safe on any
    /// number of nodes at once.
    pub async fn ask_inactive(&self) -> Result<u64> {
        let mut asked = 0_u64;
        let mut after = None;
        loop {
            let page = self.ledger().unseen_after(after, PAGE).await?;
            for unseen in &page {
                if self.ask(unseen).await? {
                    asked = asked.saturating_add(1);
                }
            }
            match page.last() {
                Some(last) => after = Some(last.wallet),
                None => return Ok(asked),
            }
        }
    }

    /// Asks about one wallet: the note that it was asked and the mail are one transaction.
    async fn ask(&self, unseen: &Unseen) -> Result<bool> {
        let owner = match self.identity().owner(unseen.account).await {
            Ok(owner) => owner,
            // An account without people has nobody to ask.
            Err(Error::Refused(Refusal::NotFound { .. })) => return Ok(false),
            Err(error) => return Err(error),
        };
        let mut transaction = self.db().begin().await?;
        if !self.ledger().note_asked_in_tx(&mut transaction, unseen).await? {
            return Ok(false);
        }
        let mail = Mail::Inactive { name: owner.name };
        self.notify().enqueue_mail_in_tx(&mut transaction, &owner.email, &owner.locale, &mail).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
