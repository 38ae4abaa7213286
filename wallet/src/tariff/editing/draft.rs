//! Drafts of the price book: begin one, edit it, compare it. [`crate::tariff::publishing::publish`] puts it in force.
//!
//! Every change locks the catalog's one row first, so that two admins work one after the other, names the revision
//! that its author saw (another one is a version conflict and changes nothing), and writes its audit row in the same
//! transaction. A book that is published never changes, with one exception: a drop that takes effect at once is also
//! taken into the book that is already announced, else that one would quietly undo it.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{PgConnection, Postgres, Transaction};

use crate::error::{Error, Problem, Refusal, Result};
use crate::identity::{self, Actor, NewAudit};
use crate::money::Credits;
use crate::tariff::model::change::PriceChange;
use crate::tariff::model::edit::{DraftEdit, EditKind};
use crate::tariff::model::price_book::{BookStatus, BookSummary, PriceBook};
use crate::tariff::model::tariff::Tariff;
use crate::tariff::model::undo::Undo;
use crate::tariff::pricing::service::Tariffs;
use crate::tariff::repo::edit::NewEdit;
use crate::tariff::repo::{self, Rules};
use crate::tariff::rule::Rule;

/// An open change of prices: the catalog's row is locked.
pub(in crate::tariff) struct Change {
    pub(in crate::tariff) tx: Transaction<'static, Postgres>,
    pub(in crate::tariff) rules: Rules,
    ranks: Vec<(String, i32)>,
    pub(in crate::tariff) now: DateTime<Utc>,
}

impl Change {
    pub(in crate::tariff) fn rank(&self, plan: &str) -> Option<i32> {
        self.ranks.iter().find(|(code, _)| code == plan).map(|(_, rank)| *rank)
    }

    /// Reads a draft at the revision that its author saw.
    pub(in crate::tariff) async fn draft(&mut self, version: i32, expected_revision: i64) -> Result<PriceBook> {
        let book = read(&mut self.tx, version).await?;
        if book.status != BookStatus::Draft || book.revision != expected_revision {
            return Err(Refusal::VersionConflict.into());
        }
        Ok(book)
    }

    /// Reads the book in force.
    pub(in crate::tariff) async fn active(&mut self) -> Result<PriceBook> {
        for version in repo::live_versions(&mut self.tx).await? {
            let book = read(&mut self.tx, version).await?;
            if book.status == BookStatus::Active {
                return Ok(book);
            }
        }
        Err(Refusal::not_found("price book (load a preset first)").into())
    }

    /// Reads the announced book, if there is one.
    pub(in crate::tariff) async fn scheduled(&mut self) -> Result<Option<PriceBook>> {
        for version in repo::live_versions(&mut self.tx).await? {
            let book = read(&mut self.tx, version).await?;
            if book.status == BookStatus::Scheduled {
                return Ok(Some(book));
            }
        }
        Ok(None)
    }

    /// Writes what an edit makes of a draft: checks the whole book, counts the revision, and keeps how to undo it.
    pub(in crate::tariff) async fn edit(
        &mut self,
        staff: &Actor,
        kind: EditKind,
        before: &PriceBook,
        mut after: PriceBook,
    ) -> Result<PriceBook> {
        after.relink();
        check(self, &after)?;
        if !repo::next_revision(&mut self.tx, before.version, before.revision).await? {
            return Err(Refusal::VersionConflict.into());
        }
        after.revision = before.revision.checked_add(1).ok_or_else(|| Error::internal("too many revisions"))?;
        for (position, tariff) in (0..).zip(&mut after.tariffs) {
            tariff.position = position;
        }
        repo::rewrite_tariffs(&mut self.tx, after.version, &before.tariffs, &after.tariffs).await?;
        let changes = before.changes(&after, |plan| self.rank(plan));
        let undo = Undo::between(&before.tariffs, &after.tariffs);
        let edit = NewEdit {
            version: after.version,
            revision: after.revision,
            kind,
            changes: &changes,
            undo: Some(&undo).filter(|_| !matches!(kind, EditKind::Undone | EditKind::Rebased)),
            by: staff,
            at: self.now,
        };
        repo::edit::insert(&mut self.tx, edit).await?;
        Ok(after)
    }

    pub(in crate::tariff) async fn audit(
        &mut self,
        staff: &Actor,
        action: &str,
        version: i32,
        before: Value,
        after: Value,
    ) -> Result<()> {
        let audit = NewAudit {
            actor: staff.clone(),
            action: action.to_owned(),
            subject: format!("price book {version}"),
            before,
            after,
        };
        identity::audit_in_tx(&mut self.tx, &audit, self.now).await
    }
}

pub(in crate::tariff) async fn read(connection: &mut PgConnection, version: i32) -> Result<PriceBook> {
    Ok(repo::book(connection, version).await?.ok_or_else(|| Refusal::not_found(format!("price book {version}")))?)
}

/// What an audit row keeps of a tariff.
fn kept(tariff: Option<&Tariff>) -> Value {
    tariff.map_or(Value::Null, |tariff| serde_json::to_value(tariff).unwrap_or(Value::Null))
}

impl Tariffs {
    pub(in crate::tariff) async fn change(&self) -> Result<Change> {
        // A book whose instant has come is in force before anything is compared with it.
        crate::tariff::pricing::service::settle(&self.db).await?;
        let mut tx = self.db.begin().await?;
        repo::lock(&mut tx).await?;
        let rules = repo::rules(&mut *tx).await?.ok_or_else(|| Refusal::not_found("catalog (load a preset first)"))?;
        let ranks = repo::ranks(&mut *tx).await?;
        Ok(Change { tx, rules, ranks, now: self.db.now() })
    }

    /// Commits and takes the change into this node's memory.
    pub(in crate::tariff) async fn finish(&self, mut change: Change) -> Result<()> {
        repo::touch(&mut change.tx).await?;
        change.tx.commit().await?;
        self.cache.reload().await
    }

    /// Fills an empty price book list with version 1, in force at once: loading a preset.
    pub(crate) async fn install_in_tx(
        &self,
        connection: &mut PgConnection,
        rounding_step: Credits,
        tariffs: &[Tariff],
        by: &Actor,
    ) -> Result<i32> {
        let now = self.db.now();
        let status = BookStatus::Active;
        let version = repo::insert_book(connection, status, Some(now), rounding_step, None, by, now).await?;
        repo::replace_tariffs(connection, version, tariffs).await?;
        Ok(version)
    }

    /// Takes what was just committed into this node's memory.
    pub(crate) async fn reload(&self) -> Result<()> {
        self.cache.reload().await
    }

    /// Lists the versions, newest first.
    pub async fn versions(&self) -> Result<Vec<BookSummary>> {
        repo::versions(self.db.pool()).await
    }

    /// Reads one version with its tariffs.
    pub async fn book(&self, version: i32) -> Result<PriceBook> {
        let mut tx = self.db.begin().await?;
        repo::snapshot(&mut tx).await?;
        let book = read(&mut tx, version).await?;
        tx.commit().await?;
        Ok(book)
    }

    /// Copies the book in force to a new draft.
    pub async fn create_draft(&self, staff: &Actor) -> Result<PriceBook> {
        self.draft_with(staff, Vec::new()).await
    }

    /// Copies the book in force to a new draft, with some of its tariffs replaced.
    pub(in crate::tariff) async fn draft_with(&self, staff: &Actor, replaced: Vec<Tariff>) -> Result<PriceBook> {
        let mut change = self.change().await?;
        let active = change.active().await?;
        let (step, base) = (active.rounding_step, Some(active.version));
        let version = repo::insert_book(&mut change.tx, BookStatus::Draft, None, step, base, staff, change.now).await?;
        let after = json!({ "copy_of": active.version, "replaced": replaced.len() });
        let mut book = active;
        for tariff in replaced {
            if let Some(known) = book.tariffs.iter_mut().find(|known| known.operation == tariff.operation) {
                *known = tariff;
            }
        }
        book.relink();
        check(&change, &book)?;
        repo::replace_tariffs(&mut change.tx, version, &book.tariffs).await?;
        change.audit(staff, "price_book.drafted", version, Value::Null, after).await?;
        let book = read(&mut change.tx, version).await?;
        self.finish(change).await?;
        Ok(book)
    }

    /// Changes the rule of one operation of a draft.
    pub async fn set_rule(
        &self,
        staff: &Actor,
        version: i32,
        expected_revision: i64,
        operation: &str,
        rule: Rule,
    ) -> Result<PriceBook> {
        let mut change = self.change().await?;
        let before = change.draft(version, expected_revision).await?;
        let tariff = Tariff { rule, ..before.tariff_or_refuse(operation)?.clone() };
        self.put(change, staff, before, tariff).await
    }

    /// Adds an operation to a draft, or replaces the one of the same name.
    #[doc(hidden)]
    pub async fn set_tariff(
        &self,
        staff: &Actor,
        version: i32,
        expected_revision: i64,
        tariff: Tariff,
    ) -> Result<PriceBook> {
        let mut change = self.change().await?;
        let before = change.draft(version, expected_revision).await?;
        self.put(change, staff, before, tariff).await
    }

    /// Puts a tariff into a draft.
    async fn put(&self, mut change: Change, staff: &Actor, before: PriceBook, tariff: Tariff) -> Result<PriceBook> {
        let (version, operation) = (before.version, tariff.operation.clone());
        let mut after = before.clone();
        match after.tariffs.iter_mut().find(|known| known.operation == operation) {
            Some(known) => *known = Tariff { position: known.position, ..tariff },
            None => after.tariffs.push(tariff),
        }
        let old = before.tariff(&operation);
        let kind = if old.is_some() { EditKind::Changed } else { EditKind::Added };
        let after = change.edit(staff, kind, &before, after).await?;
        let action = if old.is_some() { "tariff.changed" } else { "tariff.added" };
        change.audit(staff, action, version, kept(old), kept(after.tariff(&operation))).await?;
        self.finish(change).await?;
        Ok(after)
    }

    /// Removes an operation from a draft.
    pub async fn remove(
        &self,
        staff: &Actor,
        version: i32,
        expected_revision: i64,
        operation: &str,
    ) -> Result<PriceBook> {
        let mut change = self.change().await?;
        let before = change.draft(version, expected_revision).await?;
        let removed = kept(Some(before.tariff_or_refuse(operation)?));
        let mut after = before.clone();
        after.tariffs.retain(|tariff| tariff.operation != operation);
        let after = change.edit(staff, EditKind::Removed, &before, after).await?;
        change.audit(staff, "tariff.removed", version, removed, Value::Null).await?;
        self.finish(change).await?;
        Ok(after)
    }

    /// Replaces all tariffs of a draft: an import.
    pub(crate) async fn replace_all(
        &self,
        staff: &Actor,
        version: i32,
        expected_revision: i64,
        tariffs: Vec<Tariff>,
    ) -> Result<PriceBook> {
        let mut change = self.change().await?;
        let before = change.draft(version, expected_revision).await?;
        let after = PriceBook { tariffs, ..before.clone() };
        let after = change.edit(staff, EditKind::Imported, &before, after).await?;
        let changes = before.changes(&after, |plan| change.rank(plan));
        let (was, is) = (json!({ "operations": before.tariffs.len() }), after.tariffs.len());
        let told = json!({ "operations": is, "changes": changes });
        change.audit(staff, "price_book.imported", version, was, told).await?;
        self.finish(change).await?;
        Ok(after)
    }

    /// Takes the last edit of a draft back; again for the one before it. Edits are kept with the draft, so a reload or
    /// another admin changes nothing about it.
    pub async fn undo(&self, staff: &Actor, version: i32, expected_revision: i64) -> Result<PriceBook> {
        let mut change = self.change().await?;
        let before = change.draft(version, expected_revision).await?;
        let Some(undo) = repo::edit::take_last(&mut change.tx, version).await? else {
            let message = "There is nothing left to undo in this draft.";
            return Err(Refusal::unprocessable("version", Problem::NotAllowed, message).into());
        };
        let after = PriceBook { tariffs: undo.apply(&before.tariffs), ..before.clone() };
        let after = change.edit(staff, EditKind::Undone, &before, after).await?;
        let changes = before.changes(&after, |plan| change.rank(plan));
        change.audit(staff, "price_book.undone", version, Value::Null, json!({ "changes": changes })).await?;
        self.finish(change).await?;
        Ok(after)
    }

    /// Lists the newest edits of a draft, newest first.
    pub async fn edits(&self, version: i32) -> Result<Vec<DraftEdit>> {
        repo::edit::list(self.db.pool(), version).await
    }

    /// Throws a draft away.
    pub async fn discard(&self, staff: &Actor, version: i32, expected_revision: i64) -> Result<()> {
        let mut change = self.change().await?;
        let book = change.draft(version, expected_revision).await?;
        repo::delete_draft(&mut change.tx, version).await?;
        let before = json!({ "copy_of": book.based_on, "revision": book.revision });
        change.audit(staff, "price_book.discarded", version, before, Value::Null).await?;
        self.finish(change).await
    }

    /// Lists what a version changes against the book in force (one that was published: against the one before it).
    pub async fn diff(&self, version: i32) -> Result<Vec<PriceChange>> {
        let cached = self.cache.current().await?;
        let mut tx = self.db.begin().await?;
        repo::snapshot(&mut tx).await?;
        let later = read(&mut tx, version).await?;
        let before = match later.status {
            BookStatus::Draft => Some(self.active().await?.version),
            _ => repo::version_before(&mut tx, version).await?,
        };
        let Some(before) = before else { return Ok(Vec::new()) };
        let before = read(&mut tx, before).await?;
        tx.commit().await?;
        Ok(before.changes(&later, |plan| cached.rank(plan)))
    }

    /// Reads a published version and the one that it replaces, as of one moment.
    pub(in crate::tariff) async fn sides(&self, version: i32) -> Result<(PriceBook, PriceBook)> {
        let mut tx = self.db.begin().await?;
        repo::snapshot(&mut tx).await?;
        let after = read(&mut tx, version).await?;
        let before = repo::version_before(&mut tx, version).await?;
        let before = before.ok_or_else(|| Error::internal(format!("price book {version} replaces none")))?;
        let before = read(&mut tx, before).await?;
        tx.commit().await?;
        Ok((before, after))
    }
}

/// Refuses a book that is wrong anywhere; `plan` gates must name plans that there are.
pub(in crate::tariff) fn check(change: &Change, book: &PriceBook) -> Result<()> {
    let mut problems = book.problems();
    for tariff in &book.tariffs {
        let gates = tariff.gates.iter().map(|gate| &gate.plan);
        for plan in tariff.minimum_plan.iter().chain(gates) {
            if change.rank(plan).is_none() {
                let field = format!("{}.minimum_plan", tariff.operation);
                let message = format!("There is no plan “{plan}”.");
                problems.push(crate::error::FieldError::new(field, Problem::Unknown, message));
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Refusal::Unprocessable { fields: problems }.into()) }
}
