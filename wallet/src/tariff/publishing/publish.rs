//! Publishing a draft: at once, from an instant on, or its drops at once and its rises after the notice.
//!
//! A book that is published never changes, with one exception: a drop that takes effect at once is also taken into the
//! book that is already announced, else that one would quietly undo it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::error::{Problem, Refusal, Result};
use crate::identity::Actor;
use crate::tariff::editing::draft::{Change, check, read};
use crate::tariff::editing::merge::{Announced, merge};
use crate::tariff::model::change::PriceChange;
use crate::tariff::model::price_book::{BookStatus, PriceBook};
use crate::tariff::pricing::service::Tariffs;
use crate::tariff::repo;

impl Tariffs {
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
        let draft = change.draft(version, expected_revision).await?;
        let active = change.active_under(&draft).await?;
        let changes = active.changes(&draft, |plan| change.rank(plan));
        let from = effective_at.unwrap_or(change.now).max(change.now);
        check_notice(&changes, from, change.first_rise())?;
        let simulated = repo::simulated_revision(&mut change.tx, version).await?;
        check_simulated(&changes, simulated == Some(draft.revision))?;
        change.put_out(staff, &active, &draft, from).await?;
        self.tell_in_tx(&mut change, version).await?;
        let book = read(&mut change.tx, version).await?;
        self.finish(change).await?;
        Ok(book)
    }

    /// Publishes a draft in two steps at once: what needs no notice is in force now, under the draft's version; the
    /// whole draft follows as the next version at an instant that the notice allows. Both or neither; gives both.
    pub async fn publish_drops_first(
        &self,
        staff: &Actor,
        version: i32,
        expected_revision: i64,
        rises_at: DateTime<Utc>,
    ) -> Result<(PriceBook, PriceBook)> {
        let mut change = self.change().await?;
        let whole = change.draft(version, expected_revision).await?;
        let active = change.active_under(&whole).await?;
        let changes = active.changes(&whole, |plan| change.rank(plan));
        check_notice(&changes, rises_at, change.first_rise())?;
        let simulated = repo::simulated_revision(&mut change.tx, version).await?;
        check_simulated(&changes, simulated == Some(whole.revision))?;
        let first = active.without_rises(&whole, |plan| change.rank(plan));
        let (step, base) = (whole.rounding_step, Some(version));
        let later = repo::insert_book(&mut change.tx, BookStatus::Draft, None, step, base, staff, change.now).await?;
        repo::replace_tariffs(&mut change.tx, later, &whole.tariffs).await?;
        repo::replace_tariffs(&mut change.tx, version, &first.tariffs).await?;
        let later = read(&mut change.tx, later).await?;
        repo::move_simulation(&mut change.tx, version, later.version, later.revision).await?;
        let now = change.now;
        change.put_out(staff, &active, &first, now).await?;
        let first = read(&mut change.tx, version).await?;
        change.put_out(staff, &first, &later, rises_at).await?;
        self.tell_in_tx(&mut change, version).await?;
        self.tell_in_tx(&mut change, later.version).await?;
        let later = read(&mut change.tx, later.version).await?;
        self.finish(change).await?;
        Ok((first, later))
    }

    /// Has people told of a version, as soon as it is committed.
    pub(in crate::tariff) async fn tell_in_tx(&self, change: &mut Change, version: i32) -> Result<()> {
        self.db
            .enqueue_in_tx(
                &mut change.tx,
                crate::tariff::publishing::notice::ANNOUNCE_PRICES,
                &json!({ "version": version }),
            )
            .await
    }
}

impl Change {
    /// Reads the book in force, which the draft must be a copy of.
    async fn active_under(&mut self, draft: &PriceBook) -> Result<PriceBook> {
        let active = self.active().await?;
        if draft.based_on != Some(active.version) {
            // Prices were published since this draft was copied; publishing it would undo them unseen.
            let message = format!(
                "Prices were published after this draft was created: version {} is in force. Update the draft \
                 first; its own changes are kept.",
                active.version
            );
            return Err(Refusal::unprocessable("version", Problem::Outdated, message).into());
        }
        Ok(active)
    }

    /// The first instant at which a rise that is told now may take effect.
    fn first_rise(&self) -> DateTime<Utc> {
        self.now + TimeDelta::days(self.rules.notice_days)
    }

    /// Puts a draft in force, or announces it for later.
    async fn put_out(
        &mut self,
        staff: &Actor,
        active: &PriceBook,
        draft: &PriceBook,
        from: DateTime<Utc>,
    ) -> Result<()> {
        let (version, now) = (draft.version, self.now);
        check(self, draft)?;
        let changes = active.changes(draft, |plan| self.rank(plan));
        if changes.is_empty() {
            return Err(
                Refusal::unprocessable("version", Problem::NotAllowed, "Nothing is changed in this draft.").into()
            );
        }
        check_notice(&changes, from, self.first_rise())?;
        repo::fix_changes(&mut self.tx, version, now, &changes).await?;
        repo::edit::clear(&mut self.tx, version).await?;
        repo::forget_run(&mut self.tx, version).await?;
        let scheduled = self.scheduled().await?;
        if from > now {
            if scheduled.is_some() {
                let message = "Another price book is announced already. Wait until it is in force.";
                return Err(Refusal::unprocessable("version", Problem::NotAllowed, message).into());
            }
            repo::schedule(&mut self.tx, version, from).await?;
        } else {
            if let Some(scheduled) = scheduled {
                carry(self, active, draft, &scheduled).await?;
            }
            repo::put_in_force(&mut self.tx, version, from).await?;
        }
        let before = json!({ "version": active.version, "prices": prices(&changes, |change| change.before.as_ref()) });
        let after = json!({ "version": version, "effective_at": from, "prices": prices(&changes, |change| change.after.as_ref()) });
        self.audit(staff, "price_book.published", version, before, after).await
    }
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
fn check_simulated(changes: &[PriceChange], is_simulated: bool) -> Result<()> {
    if is_simulated || !changes.iter().any(|change| change.direction.needs_notice()) {
        return Ok(());
    }
    let message = "Run a simulation of this draft first: a price rise is published only after its effect is known.";
    Err(Refusal::unprocessable("rehearsal", Problem::Required, message).into())
}

/// What an audit row says of prices: `{"gpt-5": "2", "dall-e-3": "5–13"}`.
fn prices<'a>(
    changes: &'a [PriceChange],
    side: impl Fn(&'a PriceChange) -> Option<&'a crate::tariff::rule::PriceRange>,
) -> serde_json::Map<String, Value> {
    let text = |range: &crate::tariff::rule::PriceRange| match range.min == range.max {
        true => range.min.to_string(),
        false => format!("{}–{}", range.min, range.max),
    };
    changes
        .iter()
        .map(|change| (change.operation.clone(), side(change).map_or(Value::Null, |range| text(range).into())))
        .collect()
}

/// Takes what a book changes at once into the book that is already announced, wherever that one has no change of
/// its own: else it would quietly undo the change when its day comes. What rises on that day though nobody was told of
/// a rise needs a notice of its own, counted from now.
async fn carry(change: &mut Change, base: &PriceBook, now: &PriceBook, told: &PriceBook) -> Result<()> {
    let mut carried = PriceBook { tariffs: merge(base, now, told).tariffs, ..told.clone() };
    carried.relink();
    let untold = Announced { base, now, told, carried: &carried }.untold(|plan| change.rank(plan));
    if !untold.is_empty() && carried.effective_at.is_none_or(|from| from < change.first_rise()) {
        let names = untold.into_iter().collect::<Vec<_>>().join(", ");
        let message = format!(
            "Version {} is announced already. On its day {names} would cost more again than now, and nobody was notified of \
             that rise. Leave {names} as announced until then, or withdraw version {} first.",
            told.version, told.version
        );
        return Err(Refusal::unprocessable("version", Problem::RiseUntold, message).into());
    }
    check(change, &carried)?;
    repo::replace_tariffs(&mut change.tx, carried.version, &carried.tariffs).await?;
    let changes = now.changes(&carried, |plan| change.rank(plan));
    repo::set_changes(&mut change.tx, carried.version, &changes, change.now).await
}
