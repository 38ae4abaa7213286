//! The SQL of the catalog.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use super::{AddOn, CatalogView, MeteredItem, Package, Plan, Preset, Settings};
use crate::error::Result;
use crate::money::Credits;

fn json<T: Serialize>(value: &T) -> Result<Value> {
    Ok(serde_json::to_value(value)?)
}

/// Reads the catalog's revision; `None` where there is no catalog yet.
pub(super) async fn revision(pool: &PgPool) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar!("SELECT revision FROM catalog").fetch_optional(pool).await?)
}

/// Reads the file that the catalog was filled from, and its name; waits for whoever is filling it.
pub(super) async fn source(connection: &mut PgConnection) -> Result<Option<(String, String)>> {
    // Loading is rare: one at a time, before the row that could be locked exists.
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtext('scrip.catalog')::bigint)").execute(&mut *connection).await?;
    let row = sqlx::query!("SELECT preset, source FROM catalog").fetch_optional(connection).await?;
    Ok(row.map(|row| (row.preset, row.source)))
}

/// Reads everything that is sold, and its revision.
pub(super) async fn view(connection: &mut PgConnection) -> Result<Option<(i64, CatalogView)>> {
    let Some(row) = sqlx::query!("SELECT revision, settings FROM catalog").fetch_optional(&mut *connection).await?
    else {
        return Ok(None);
    };
    let view = CatalogView {
        settings: serde_json::from_value(row.settings)?,
        plans: plans(connection).await?,
        packages: packages(connection).await?,
        add_ons: add_ons(connection).await?,
        metered: metered(connection).await?,
    };
    Ok(Some((row.revision, view)))
}

/// Reads the settings, and keeps them until the transaction ends; `None` where there is no catalog yet.
pub(super) async fn settings_to_change(connection: &mut PgConnection) -> Result<Option<Settings>> {
    let settings = sqlx::query_scalar!("SELECT settings FROM catalog FOR UPDATE").fetch_optional(connection).await?;
    Ok(settings.map(serde_json::from_value).transpose()?)
}

/// Sets the settings, and lets every node know.
pub(super) async fn set_settings(connection: &mut PgConnection, settings: &Settings) -> Result<()> {
    sqlx::query!("UPDATE catalog SET settings = $1, revision = revision + 1", json(settings)?)
        .execute(connection)
        .await?;
    Ok(())
}

async fn plans(connection: &mut PgConnection) -> Result<Vec<Plan>> {
    let rows = sqlx::query!(
        "SELECT code, name, rank, prices, monthly_credits, one_time_credits, custom, features
         FROM plans
         ORDER BY rank"
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Plan {
                code: row.code,
                name: row.name,
                rank: row.rank,
                prices: serde_json::from_value(row.prices)?,
                monthly_credits: Credits::from_micros(row.monthly_credits),
                one_time_credits: Credits::from_micros(row.one_time_credits),
                custom: row.custom,
                features: serde_json::from_value(row.features)?,
            })
        })
        .collect()
}

async fn packages(connection: &mut PgConnection) -> Result<Vec<Package>> {
    let rows = sqlx::query!("SELECT code, name, credits, bonus, prices FROM packages ORDER BY credits, code")
        .fetch_all(connection)
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Package {
                code: row.code,
                name: row.name,
                credits: Credits::from_micros(row.credits),
                bonus: Credits::from_micros(row.bonus),
                prices: serde_json::from_value(row.prices)?,
            })
        })
        .collect()
}

async fn add_ons(connection: &mut PgConnection) -> Result<Vec<AddOn>> {
    let rows = sqlx::query!("SELECT code, name, monthly_credits, summary FROM add_ons ORDER BY position, code")
        .fetch_all(connection)
        .await?;
    let add_on = rows.into_iter().map(|row| AddOn {
        code: row.code,
        name: row.name,
        monthly_credits: Credits::from_micros(row.monthly_credits),
        summary: row.summary,
    });
    Ok(add_on.collect())
}

async fn metered(connection: &mut PgConnection) -> Result<Vec<MeteredItem>> {
    let rows = sqlx::query!(
        "SELECT code, name, unit, included, included_by_plan, monthly_credits
             FROM metered_items
             ORDER BY position, code"
    )
    .fetch_all(connection)
    .await?;
    let item = rows.into_iter().map(|row| {
        Ok(MeteredItem {
            code: row.code,
            name: row.name,
            unit: row.unit,
            included: row.included,
            included_by_plan: serde_json::from_value(row.included_by_plan)?,
            monthly_credits: Credits::from_micros(row.monthly_credits),
        })
    });
    item.collect()
}

/// Fills the empty catalog with everything of a preset but its prices.
pub(super) async fn fill(connection: &mut PgConnection, preset: &Preset, at: DateTime<Utc>) -> Result<()> {
    let view = &preset.view;
    sqlx::query!(
        "INSERT INTO catalog (preset, source, settings, loaded_at) VALUES ($1, $2, $3, $4)",
        preset.name,
        preset.source,
        json(&view.settings)?,
        at
    )
    .execute(&mut *connection)
    .await?;
    for plan in &view.plans {
        sqlx::query!(
            "INSERT INTO plans (code, name, rank, prices, monthly_credits, one_time_credits, custom, features)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            plan.code,
            plan.name,
            plan.rank,
            json(&plan.prices)?,
            plan.monthly_credits.micros(),
            plan.one_time_credits.micros(),
            plan.custom,
            json(&plan.features)?
        )
        .execute(&mut *connection)
        .await?;
    }
    for package in &view.packages {
        sqlx::query!(
            "INSERT INTO packages (code, name, credits, bonus, prices) VALUES ($1, $2, $3, $4, $5)",
            package.code,
            package.name,
            package.credits.micros(),
            package.bonus.micros(),
            json(&package.prices)?
        )
        .execute(&mut *connection)
        .await?;
    }
    for (position, add_on) in (0..).zip(&view.add_ons) {
        let position: i32 = position;
        sqlx::query!(
            "INSERT INTO add_ons (code, name, monthly_credits, summary, position) VALUES ($1, $2, $3, $4, $5)",
            add_on.code,
            add_on.name,
            add_on.monthly_credits.micros(),
            add_on.summary,
            position
        )
        .execute(&mut *connection)
        .await?;
    }
    for (position, item) in (0..).zip(&view.metered) {
        let position: i32 = position;
        sqlx::query!(
            "INSERT INTO metered_items (code, name, unit, included, included_by_plan, monthly_credits, position)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            item.code,
            item.name,
            item.unit,
            item.included,
            json(&item.included_by_plan)?,
            item.monthly_credits.micros(),
            position
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
