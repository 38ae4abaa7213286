//! Bringing a draft up to date with what was published since it was begun.

use serde_json::json;

use crate::error::Result;
use crate::identity::Actor;
use crate::tariff::editing::draft::read;
use crate::tariff::editing::merge::merge;
use crate::tariff::model::edit::EditKind;
use crate::tariff::model::price_book::PriceBook;
use crate::tariff::pricing::service::Tariffs;
use crate::tariff::repo;

impl Tariffs {
    /// Makes the book in force what a draft is a copy of, and keeps the draft's own changes. Gives the draft with the
    /// operations that both have changed: there the draft's prices stand. A draft that is up to date stays as it is.
    ///
    /// Earlier edits can't be undone after that: they would bring prices of the old copy back.
    pub async fn rebase(
        &self,
        staff: &Actor,
        version: i32,
        expected_revision: i64,
    ) -> Result<(PriceBook, Vec<String>)> {
        let mut change = self.change().await?;
        let draft = change.draft(version, expected_revision).await?;
        let active = change.active().await?;
        if draft.based_on == Some(active.version) {
            return Ok((draft, Vec::new()));
        }
        let base = match draft.based_on {
            Some(base) => read(&mut change.tx, base).await?,
            // Without the book that it was copied from, all that differs is the draft's own.
            None => active.clone(),
        };
        let merged = merge(&base, &active, &draft);
        let (based_on, rounding_step) = (Some(active.version), active.rounding_step);
        let after = PriceBook { tariffs: merged.tariffs, based_on, rounding_step, ..draft.clone() };
        let after = change.edit(staff, EditKind::Rebased, &draft, after).await?;
        repo::edit::keep_all(&mut change.tx, version).await?;
        repo::set_base(&mut change.tx, version, active.version, rounding_step).await?;
        let (was, is) =
            (json!({ "copy_of": draft.based_on }), json!({ "copy_of": based_on, "both": merged.conflicts }));
        change.audit(staff, "price_book.rebased", version, was, is).await?;
        self.finish(change).await?;
        Ok((after, merged.conflicts))
    }
}
