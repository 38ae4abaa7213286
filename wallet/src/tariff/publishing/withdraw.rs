//! Withdrawing an announced version before its day: its prices never come, and whoever was told of them hears so.

use serde_json::json;

use crate::error::{Problem, Refusal, Result};
use crate::identity::Actor;
use crate::tariff::editing::draft::read;
use crate::tariff::model::price_book::BookStatus;
use crate::tariff::pricing::service::Tariffs;
use crate::tariff::repo;

impl Tariffs {
    /// Withdraws an announced version that is not in force yet. It stays in the changelog, as withdrawn; the prices in
    /// force go on. A repeat changes nothing.
    pub async fn withdraw(&self, staff: &Actor, version: i32) -> Result<()> {
        let mut change = self.change().await?;
        let book = read(&mut change.tx, version).await?;
        let day = book.effective_at.filter(|from| *from > change.now);
        match (book.status, day) {
            (BookStatus::Withdrawn, _) => return Ok(()),
            (BookStatus::Scheduled, Some(_)) => {}
            _ => {
                let message = "Only an announced version that is not in force yet can be withdrawn.";
                return Err(Refusal::unprocessable("version", Problem::NotAllowed, message).into());
            }
        }
        repo::withdraw(&mut change.tx, version, change.now).await?;
        let (was, is) = (json!({ "effective_at": book.effective_at }), json!({ "effective_at": null }));
        change.audit(staff, "price_book.withdrawn", version, was, is).await?;
        self.tell_in_tx(&mut change, version).await?;
        self.finish(change).await
    }
}
