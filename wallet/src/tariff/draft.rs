//! The versions of the price book: drafting, comparing, publishing.
//!
//! Every change locks the catalog's one row first, so that two admins work one after the other, names the revision
//! that its author saw (another one is a version conflict and changes nothing), and writes its audit row in the same
//! transaction. A book that is published never changes, with one exception: a drop that takes effect at once is also
//! taken into the book that is already announced, else that one would quietly undo it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::{PgConnection, Postgres, Transaction};

use super::book::PriceBook;
use super::repo::{self, Rules};
use super::{BookStatus, BookSummary, PriceChange, Rule, Tariff, Tariffs};
use crate::error::{Error, Problem, Refusal, Result};
use crate::identity::{self, Actor, NewAudit};
use crate::money::Credits;

/// An open change of prices: the catalog's row is locked.
struct Change {
    tx: Transaction<'static, Postgres>,
    rules: Rules,
    ranks: Vec<(String, i32)>,
    now: DateTime<Utc>,
}

impl Change {
    fn rank(&self, plan: &str) -> Option<i32> {
        self.ranks.iter().find(|(code, _)| code == plan).map(|(_, rank)| *rank)
    }

    /// Reads a draft at the revision that its author saw.
    async fn draft(&mut self, version: i32, expected_revision: i64) -> Result<PriceBook> {
        let book = read(&mut self.tx, version).await?;
        if book.status != BookStatus::Draft || book.revision != expected_revision {
            return Err(Refusal::VersionConflict.into());
        }
        Ok(book)
    }

    /// Reads the book in force.
    async fn active(&mut self) -> Result<PriceBook> {
        for version in repo::live_versions(&mut self.tx).await? {
            let book = read(&mut self.tx, version).await?;
            if book.status == BookStatus::Active {
                return Ok(book);
            }
        }
        Err(Refusal::not_found("price book (load a preset first)").into())
    }

    /// Reads the announced book, if there is one.
    async fn scheduled(&mut self) -> Result<Option<PriceBook>> {
        for version in repo::live_versions(&mut self.tx).await? {
            let book = read(&mut self.tx, version).await?;
            if book.status == BookStatus::Scheduled {
                return Ok(Some(book));
            }
        }
        Ok(None)
    }

    async fn audit(&mut self, staff: &Actor, action: &str, version: i32, before: Value, after: Value) -> Result<()> {
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

async fn read(connection: &mut PgConnection, version: i32) -> Result<PriceBook> {
    Ok(repo::book(connection, version).await?.ok_or_else(|| Refusal::not_found(format!("price book {version}")))?)
}

/// What an audit row keeps of a tariff.
fn kept(tariff: Option<&Tariff>) -> Value {
    tariff.map_or(Value::Null, |tariff| serde_json::to_value(tariff).unwrap_or(Value::Null))
}

impl Tariffs {
    async fn change(&self) -> Result<Change> {
        // A book whose instant has come is in force before anything is compared with it.
        super::service::settle(&self.db).await?;
        let mut tx = self.db.begin().await?;
        repo::lock(&mut tx).await?;
        let rules = repo::rules(&mut *tx).await?.ok_or_else(|| Refusal::not_found("catalog (load a preset first)"))?;
        let ranks = repo::ranks(&mut *tx).await?;
        Ok(Change { tx, rules, ranks, now: self.db.now() })
    }

    /// Commits and takes the change into this node's memory.
    async fn finish(&self, mut change: Change) -> Result<()> {
        repo::touch(&mut change.tx).await?;
        change.tx.commit().await?;
        self.keeper.reload().await
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
        self.keeper.reload().await
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
    pub(super) async fn draft_with(&self, staff: &Actor, replaced: Vec<Tariff>) -> Result<PriceBook> {
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
        let mut book = change.draft(version, expected_revision).await?;
        let mut tariff = book.tariff_or_refuse(operation)?.clone();
        tariff.rule = rule;
        self.put(&mut change, staff, &mut book, tariff).await?;
        self.finish(change).await?;
        Ok(book)
    }

    /// Adds an operation to a draft, or replaces the one of the same name.
    pub async fn set_tariff(
        &self,
        staff: &Actor,
        version: i32,
        expected_revision: i64,
        tariff: Tariff,
    ) -> Result<PriceBook> {
        let mut change = self.change().await?;
        let mut book = change.draft(version, expected_revision).await?;
        self.put(&mut change, staff, &mut book, tariff).await?;
        self.finish(change).await?;
        Ok(book)
    }

    /// Puts a tariff into a draft, checks the whole book, and writes what has changed.
    async fn put(&self, change: &mut Change, staff: &Actor, book: &mut PriceBook, tariff: Tariff) -> Result<()> {
        let operation = tariff.operation.clone();
        let before = book.tariffs.clone();
        match book.tariffs.iter_mut().find(|known| known.operation == operation) {
            Some(known) => *known = Tariff { position: known.position, ..tariff },
            None => book.tariffs.push(tariff),
        }
        book.relink();
        check(change, book)?;
        for (position, tariff) in (0..).zip(&book.tariffs) {
            let known = before.iter().find(|known| known.operation == tariff.operation);
            // A sum changes with its parts.
            if known != Some(tariff) {
                repo::put_tariff(&mut change.tx, book.version, tariff, position).await?;
            }
        }
        self.count_edit(change, book).await?;
        let old = before.iter().find(|known| known.operation == operation);
        let action = if old.is_some() { "tariff.changed" } else { "tariff.added" };
        change.audit(staff, action, book.version, kept(old), kept(book.tariff(&operation))).await
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
        let mut book = change.draft(version, expected_revision).await?;
        let before = kept(Some(book.tariff_or_refuse(operation)?));
        book.tariffs.retain(|tariff| tariff.operation != operation);
        check(&change, &book)?;
        repo::replace_tariffs(&mut change.tx, version, &book.tariffs).await?;
        self.count_edit(&mut change, &mut book).await?;
        change.audit(staff, "tariff.removed", version, before, Value::Null).await?;
        self.finish(change).await?;
        Ok(book)
    }

    /// Replaces all tariffs of a draft: an import.
    pub async fn replace_all(
        &self,
        staff: &Actor,
        version: i32,
        expected_revision: i64,
        tariffs: Vec<Tariff>,
    ) -> Result<PriceBook> {
        let mut change = self.change().await?;
        let mut book = change.draft(version, expected_revision).await?;
        let before = PriceBook { tariffs, ..book.clone() };
        let before = std::mem::replace(&mut book, before);
        book.relink();
        check(&change, &book)?;
        let changes = before.changes(&book, |plan| change.rank(plan));
        repo::replace_tariffs(&mut change.tx, version, &book.tariffs).await?;
        self.count_edit(&mut change, &mut book).await?;
        let after = json!({ "operations": book.tariffs.len(), "changes": changes });
        change
            .audit(staff, "price_book.imported", version, json!({ "operations": before.tariffs.len() }), after)
            .await?;
        self.finish(change).await?;
        Ok(book)
    }

    async fn count_edit(&self, change: &mut Change, book: &mut PriceBook) -> Result<()> {
        if !repo::next_revision(&mut change.tx, book.version, book.revision).await? {
            return Err(Refusal::VersionConflict.into());
        }
        book.revision = book.revision.checked_add(1).ok_or_else(|| Error::internal("too many revisions"))?;
        Ok(())
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
        let shelf = self.keeper.shelf().await?;
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
        Ok(before.changes(&later, |plan| shelf.rank(plan)))
    }

    /// Publishes a draft: at once, or from an instant on.
    ///
    /// A rise (or an operation that goes away, or a plan that is asked for where none was) takes effect no earlier
    /// than the notice allows: nobody may publish it sooner. A drop may take effect at once.
    pub async fn publish(
        &self,
        staff: &Actor,
        version: i32,
        expected_revision: i64,
        effective_at: Option<DateTime<Utc>>,
    ) -> Result<PriceBook> {
        let mut change = self.change().await?;
        let now = change.now;
        let draft = change.draft(version, expected_revision).await?;
        let active = change.active().await?;
        if draft.based_on != Some(active.version) {
            // Prices were published since this draft was copied; publishing it would undo them unseen.
            return Err(Refusal::VersionConflict.into());
        }
        check(&change, &draft)?;
        let from = effective_at.unwrap_or(now).max(now);
        let scheduled = change.scheduled().await?;
        let changes = active.changes(&draft, |plan| change.rank(plan));
        if changes.is_empty() {
            return Err(
                Refusal::unprocessable("version", Problem::NotAllowed, "Nothing is changed in this draft.").into()
            );
        }
        check_notice(&changes, from, now + TimeDelta::days(change.rules.notice_days))?;
        let rehearsed = repo::rehearsed_revision(&mut change.tx, version).await?;
        check_rehearsed(&changes, rehearsed == Some(draft.revision))?;
        repo::announce(&mut change.tx, version, now, &changes).await?;
        if from > now {
            if scheduled.is_some() {
                let message = "Another price book is announced already. Wait until it is in force.";
                return Err(Refusal::unprocessable("version", Problem::NotAllowed, message).into());
            }
            repo::schedule(&mut change.tx, version, from).await?;
        } else {
            if let Some(scheduled) = scheduled {
                carry(&mut change, &active, &draft, scheduled).await?;
            }
            repo::put_in_force(&mut change.tx, version, from).await?;
        }
        let before = json!({ "version": active.version, "prices": prices(&changes, |change| change.before.as_ref()) });
        let after = json!({ "version": version, "effective_at": from, "prices": prices(&changes, |change| change.after.as_ref()) });
        change.audit(staff, "price_book.published", version, before, after).await?;
        self.db.enqueue_in_tx(&mut change.tx, super::ANNOUNCE_PRICES, &json!({ "version": version })).await?;
        let book = read(&mut change.tx, version).await?;
        self.finish(change).await?;
        Ok(book)
    }
}

/// Refuses a book that is wrong anywhere; `plan` gates must name plans that there are.
fn check(change: &Change, book: &PriceBook) -> Result<()> {
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

/// Refuses a rise that comes before its notice is over.
fn check_notice(changes: &[PriceChange], from: DateTime<Utc>, first: DateTime<Utc>) -> Result<()> {
    if from >= first {
        return Ok(());
    }
    let rises: Vec<&str> = changes
        .iter()
        .filter(|change| change.direction.needs_notice())
        .map(|change| change.operation.as_str())
        .collect();
    if rises.is_empty() {
        return Ok(());
    }
    let day = first.format("%Y-%m-%d %H:%M UTC");
    let message = format!("{} would cost more; a rise can take effect from {day} on.", rises.join(", "));
    Err(Refusal::unprocessable("effective_at", Problem::TooSoon, message).into())
}

/// Refuses a rise of which nobody has seen what it would do.
fn check_rehearsed(changes: &[PriceChange], is_rehearsed: bool) -> Result<()> {
    if is_rehearsed || !changes.iter().any(|change| change.direction.needs_notice()) {
        return Ok(());
    }
    let message = "Rehearse exactly this draft first: a rise is published only after its effect has been seen.";
    Err(Refusal::unprocessable("rehearsal", Problem::Required, message).into())
}

/// What an audit row says of prices: `{"gpt-5": "2", "dall-e-3": "5–13"}`.
fn prices<'a>(
    changes: &'a [PriceChange],
    side: impl Fn(&'a PriceChange) -> Option<&'a super::PriceRange>,
) -> serde_json::Map<String, Value> {
    let text = |range: &super::PriceRange| match range.min == range.max {
        true => range.min.to_string(),
        false => format!("{}–{}", range.min, range.max),
    };
    changes
        .iter()
        .map(|change| (change.operation.clone(), side(change).map_or(Value::Null, |range| text(range).into())))
        .collect()
}

/// Takes what a book changes at once into the book that is already announced, wherever that one has no change of
/// its own: else it would quietly undo the change when its day comes.
async fn carry(change: &mut Change, base: &PriceBook, now: &PriceBook, mut announced: PriceBook) -> Result<()> {
    for tariff in &now.tariffs {
        let before = base.tariff(&tariff.operation);
        if before == Some(tariff) {
            continue;
        }
        match announced.tariffs.iter_mut().find(|known| known.operation == tariff.operation) {
            Some(known) if Some(&*known) == before => *known = tariff.clone(),
            None if before.is_none() => announced.tariffs.push(tariff.clone()),
            _ => {}
        }
    }
    announced.relink();
    repo::replace_tariffs(&mut change.tx, announced.version, &announced.tariffs).await?;
    let changes = now.changes(&announced, |plan| change.rank(plan));
    repo::set_changes(&mut change.tx, announced.version, &changes).await
}
