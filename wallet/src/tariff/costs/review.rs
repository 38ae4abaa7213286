//! Upstream costs: uploaded by admins, beside the prices as margins, looked at again when their day comes.

use chrono::NaiveDate;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::{Problem, Refusal, Result};
use crate::identity::{self, Actor, NewAudit};
use crate::tariff::costs::margin::{BaseRate, MarginRow, Margins, passed_on};
use crate::tariff::model::cost::{CostRow, SourcedCost};
use crate::tariff::model::price_book::PriceBook;
use crate::tariff::model::tariff::{Tariff, UpstreamCost};
use crate::tariff::pricing::service::Tariffs;
use crate::tariff::repo::{self, cost};

/// The most rows of an operation's history.
const HISTORY_MAX: i64 = 50;

/// Costs now, and what each price rests on.
struct Costs {
    newest: Vec<CostRow>,
    first: Vec<CostRow>,
}

impl Costs {
    async fn read(connection: &mut PgConnection) -> Result<Self> {
        Ok(Self { newest: cost::newest(connection).await?, first: cost::first(connection).await? })
    }

    fn newest(&self, operation: &str) -> Option<&CostRow> {
        self.newest.iter().find(|cost| cost.operation == operation)
    }

    /// Gives the cost that a price rests on: as its price book says, else the first that anybody uploaded.
    fn rests_on(&self, tariff: &Tariff) -> Option<UpstreamCost> {
        let first = || self.first.iter().find(|cost| cost.operation == tariff.operation).map(CostRow::cost);
        tariff.upstream_cost.clone().or_else(first)
    }
}

impl Tariffs {
    /// Keeps upstream costs; one that says what is known already is left out. Says how many were new.
    pub(crate) async fn add_costs(&self, staff: &Actor, costs: &[SourcedCost]) -> Result<usize> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        // One upload after the other: what is known is read under the catalog's lock.
        repo::lock(&mut tx).await?;
        let known = cost::newest(&mut tx).await?;
        let is_known = |new: &SourcedCost| {
            known.iter().any(|old| {
                (&old.operation, old.micros, old.per) == (&new.operation, new.micros, new.per)
                    && (old.currency, &old.source, old.review_on) == (new.currency, &new.source, new.review_on)
            })
        };
        let mut added = Vec::new();
        for new in costs.iter().filter(|new| !is_known(new)) {
            cost::insert(&mut tx, new, staff.name(), now).await?;
            added.push(new);
        }
        if !added.is_empty() {
            let shown = |micros: i64, per: i64, currency: crate::money::Currency| {
                format!("{} {currency} / {per}", crate::money::Credits::from_micros(micros))
            };
            let before: serde_json::Map<String, serde_json::Value> = added
                .iter()
                .filter_map(|new| known.iter().find(|old| old.operation == new.operation))
                .map(|old| (old.operation.clone(), shown(old.micros, old.per, old.currency).into()))
                .collect();
            let after: serde_json::Map<String, serde_json::Value> = added
                .iter()
                .map(|new| (new.operation.clone(), shown(new.micros, new.per, new.currency).into()))
                .collect();
            let audit = NewAudit {
                actor: staff.clone(),
                action: "upstream_costs.uploaded".to_owned(),
                subject: format!("{} upstream costs", added.len()),
                before: json!({ "costs": before }),
                after: json!({ "costs": after }),
            };
            identity::audit_in_tx(&mut tx, &audit, now).await?;
        }
        let count = added.len();
        tx.commit().await?;
        Ok(count)
    }

    /// Puts the prices in force beside what they cost us: the worst margin first.
    pub async fn margins(&self, rates: Vec<BaseRate>, review_days: u16) -> Result<Margins> {
        let active = self.active().await?;
        let mut rows = self.margins_of(&active, &rates).await?;
        rows.sort_by_key(|row| row.margin.as_ref().map_or((1, i64::MAX), |(worst, _)| (0, worst.0)));
        Ok(Margins { version: active.version, rates, rows, review_days })
    }

    /// Puts the prices of any version beside what they cost us, in the version's order.
    pub async fn margins_of(&self, book: &PriceBook, rates: &[BaseRate]) -> Result<Vec<MarginRow>> {
        let mut connection = self.db.begin().await?;
        let costs = Costs::read(&mut connection).await?;
        connection.commit().await?;
        let today = self.today();
        let row = |tariff: &Tariff| {
            let cost = costs.newest(&tariff.operation).cloned();
            MarginRow::of(tariff, cost, costs.rests_on(tariff), rates, today)
        };
        Ok(book.tariffs.iter().map(row).collect())
    }

    /// Gives what an operation cost over time, newest first.
    pub async fn cost_history(&self, operation: &str) -> Result<Vec<CostRow>> {
        cost::history(self.db.pool(), operation, HISTORY_MAX).await
    }

    /// Tells the day.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.db.now().date_naive()
    }

    /// Drafts a version that passes drops of upstream costs on: each price falls by what its cost fell. It is a draft
    /// like any other, and nobody but an admin publishes it. Gives it with the number of lower prices.
    pub async fn draft_drops(&self, by: &Actor) -> Result<(PriceBook, usize)> {
        let lower = self.drops().await?;
        if lower.is_empty() {
            let message = "No upstream cost has fallen enough to lower a price.";
            return Err(Refusal::unprocessable("draft", Problem::NotAllowed, message).into());
        }
        let count = lower.len();
        Ok((self.draft_with(by, lower).await?, count))
    }

    /// The same for the review: the draft that it made before stands, and without a drop there is none.
    pub(crate) async fn draft_drops_once(&self, by: &Actor) -> Result<Option<(i32, usize)>> {
        let lower = self.drops().await?;
        if lower.is_empty() {
            return Ok(None);
        }
        let (count, active) = (lower.len(), self.active().await?.version);
        let version = match cost::draft_of(self.db.pool(), by.name(), active).await? {
            Some(version) => version,
            None => self.draft_with(by, lower).await?.version,
        };
        Ok(Some((version, count)))
    }

    /// Lists the tariffs in force whose costs fell, with lower prices and the costs that these rest on.
    async fn drops(&self) -> Result<Vec<Tariff>> {
        let active = self.active().await?;
        let mut connection = self.db.begin().await?;
        let costs = Costs::read(&mut connection).await?;
        connection.commit().await?;
        let lower = |tariff: &Tariff| {
            let (now, before) = (costs.newest(&tariff.operation)?, costs.rests_on(tariff)?);
            let rule = passed_on(tariff, &before, now, active.rounding_step)?;
            Some(Tariff { rule, upstream_cost: Some(now.cost()), ..tariff.clone() })
        };
        Ok(active.tariffs.iter().filter_map(lower).collect())
    }

    /// Lists costs whose review is due and of which nobody was reminded.
    pub(crate) async fn due_costs(&self) -> Result<Vec<(Uuid, String)>> {
        cost::due(self.db.pool(), self.today()).await
    }

    /// Notes that the admins are reminded of costs; `false` where somebody else did it meanwhile.
    pub(crate) async fn remind_in_tx(&self, connection: &mut PgConnection, costs: &[Uuid]) -> Result<bool> {
        Ok(cost::remind(connection, costs, self.db.now()).await? > 0)
    }
}
