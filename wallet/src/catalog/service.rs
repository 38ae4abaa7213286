//! The catalog's handle: read what is sold, load a preset.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use super::{Brand, CatalogView, Preset, Settings, Warning, preset, repo};
use crate::db::Db;
use crate::error::{FieldError, PlacedImportError, Problem, Refusal, Result};
use crate::identity::{self, Actor, NewAudit};
use crate::ledger::Ledger;
use crate::tariff::{self, PriceBook, Tariffs};

/// How often a node asks whether something has changed.
const POLL: Duration = Duration::from_millis(500);

/// The most mistakes of a file that one answer lists.
const ERRORS_SHOWN: usize = 50;

/// What loading a preset did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// The catalog was empty and holds the preset now.
    New,
    /// The same preset was loaded before; nothing changed, and edits made since stand.
    Unchanged,
}

/// The catalog's handle; cheap to clone.
#[derive(Clone)]
pub struct Catalog {
    inner: Arc<Inner>,
    tariffs: Tariffs,
}

struct Inner {
    db: Db,
    ledger: Ledger,
    view: RwLock<Option<(i64, Arc<CatalogView>)>>,
}

impl Catalog {
    /// Starts to follow the catalog; the task ends when the last handle goes.
    pub(crate) fn start(db: Db, ledger: Ledger, tariffs: Tariffs) -> Self {
        let inner = Arc::new(Inner { db, ledger, view: RwLock::new(None) });
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(follow(Arc::downgrade(&inner)));
        }
        Self { inner, tariffs }
    }

    pub(super) const fn tariffs(&self) -> &Tariffs {
        &self.tariffs
    }

    /// Gives what is sold, from memory.
    pub async fn view(&self) -> Result<Arc<CatalogView>> {
        if let Some((_, view)) = self.inner.get() {
            return Ok(view);
        }
        self.inner.load().await?;
        let loaded = self.inner.get().map(|(_, view)| view);
        loaded.ok_or_else(|| Refusal::not_found("catalog (load a preset first)").into())
    }

    /// Reads the catalog where there is one, so that its settings count from the first command on.
    pub async fn prepare(&self) -> Result<()> {
        self.inner.load().await
    }

    /// Fills an empty catalog from a preset. The same preset again changes nothing, and edits made since stand.
    /// Another one is refused: its prices would take effect without notice. Import it into a draft instead.
    pub async fn load_preset(&self, preset: &Preset) -> Result<Loaded> {
        let mut tx = self.inner.db.begin().await?;
        if let Some((name, source)) = repo::source(&mut tx).await? {
            if name == preset.name && source == preset.source {
                return Ok(Loaded::Unchanged);
            }
            let message = format!(
                "The catalog already holds the preset “{name}”{}. Prices that are in force change by a draft that is \
                 published: open Tariffs, make a draft and import the file there.",
                if name == preset.name { ", of an earlier file" } else { "" }
            );
            return Err(Refusal::unprocessable("preset", Problem::NotAllowed, message).into());
        }
        let now = self.inner.db.now();
        let by = Actor::system("preset");
        repo::fill(&mut tx, preset, now).await?;
        let step = preset.view.settings.rounding_step;
        let version = self.tariffs.install_in_tx(&mut tx, step, &preset.tariffs, &by).await?;
        let audit = NewAudit {
            actor: by,
            action: "preset.loaded".to_owned(),
            subject: format!("price book {version}"),
            before: serde_json::Value::Null,
            after: serde_json::json!({ "preset": preset.name, "operations": preset.tariffs.len() }),
        };
        identity::audit_in_tx(&mut tx, &audit, now).await?;
        tx.commit().await?;
        self.inner.load().await?;
        self.tariffs.reload().await?;
        Ok(Loaded::New)
    }

    /// Changes what the platform is called, how it looks and where its customers reach it; refused by field, `name` or one
    /// of the brand's. Other nodes show it within a second.
    pub async fn set_brand(&self, staff: &Actor, name: &str, brand: &Brand) -> Result<()> {
        let mut fields = brand.errors();
        if !preset::is_name(name) {
            fields.push(FieldError::new(
                "name",
                Problem::Malformed,
                "A name has 1–100 letters and no control characters.",
            ));
        }
        if !fields.is_empty() {
            return Err(Refusal::Unprocessable { fields }.into());
        }
        let mut tx = self.inner.db.begin().await?;
        let before = repo::settings_to_change(&mut tx)
            .await?
            .ok_or_else(|| Refusal::not_found("catalog (load a preset first)"))?;
        let after = Settings { name: name.to_owned(), brand: brand.clone(), ..before.clone() };
        if after == before {
            return Ok(());
        }
        repo::set_settings(&mut tx, &after).await?;
        let told = |of: &Settings| {
            let logo = of.brand.logo.as_ref().map(|logo| format!("{} bytes", logo.len()));
            serde_json::json!({ "name": of.name, "brand": Brand { logo, ..of.brand.clone() } })
        };
        let audit = NewAudit {
            actor: staff.clone(),
            action: "catalog.brand_changed".to_owned(),
            subject: "catalog".to_owned(),
            before: told(&before),
            after: told(&after),
        };
        identity::audit_in_tx(&mut tx, &audit, self.inner.db.now()).await?;
        tx.commit().await?;
        self.inner.load().await
    }

    /// Writes the catalog with the prices in force as a preset file: the very file that it was filled from, comments
    /// and all, where nothing has changed since.
    pub async fn export(&self) -> Result<String> {
        let mut tx = self.inner.db.begin().await?;
        let source = repo::source(&mut tx).await?;
        tx.commit().await?;
        let (name, source) = source.ok_or_else(|| Refusal::not_found("catalog (load a preset first)"))?;
        let view = CatalogView::clone(self.view().await?.as_ref());
        let tariffs = self.tariffs.active().await?.tariffs.clone();
        match Preset::parse(&source) {
            Ok((preset, _)) if preset.view == view && preset.tariffs == tariffs => Ok(source),
            _ => Ok(Preset { name, view, tariffs, source: String::new() }.write()),
        }
    }
}

/// The form of a price list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceFormat {
    /// The preset's own form: everything, every rule.
    Toml,
    /// A sheet, one row for each price.
    Csv,
}

impl Catalog {
    /// Writes the prices of a version as a file.
    pub async fn export_prices(&self, version: i32, format: PriceFormat) -> Result<String> {
        let book = self.tariffs.book(version).await?;
        Ok(match format {
            PriceFormat::Toml => preset::write_prices(&book.tariffs),
            PriceFormat::Csv => tariff::write_prices(&book),
        })
    }

    /// Takes a file of prices into a draft: TOML replaces all operations, CSV changes the prices that it names. A file
    /// with one mistake changes nothing; each is told by line and column. Also gives what was odd in the file and could
    /// be read all the same.
    pub async fn import_prices(
        &self,
        staff: &Actor,
        version: i32,
        expected_revision: i64,
        format: PriceFormat,
        text: &str,
    ) -> Result<(PriceBook, Vec<Warning>)> {
        let (tariffs, warnings) = match format {
            PriceFormat::Toml => {
                let view = self.view().await?;
                preset::parse_prices(text, &view.plans).map_err(|errors| wrong_file("file", errors))?
            }
            PriceFormat::Csv => {
                let book = self.tariffs.book(version).await?;
                (tariff::read_prices(text, &book).map_err(|errors| wrong_file("file", errors))?, Vec::new())
            }
        };
        let book = self.tariffs.replace_all(staff, version, expected_revision, tariffs).await?;
        Ok((book, warnings))
    }
}

/// Refuses a file by its mistakes.
pub(super) fn wrong_file<E: Into<PlacedImportError>>(field: &str, errors: Vec<E>) -> Refusal {
    let field = |error: E| FieldError::in_file(field, error);
    Refusal::Unprocessable { fields: errors.into_iter().take(ERRORS_SHOWN).map(field).collect() }
}

impl Inner {
    fn get(&self) -> Option<(i64, Arc<CatalogView>)> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn load(&self) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let Some((revision, view)) = repo::view(&mut tx).await? else { return Ok(()) };
        tx.commit().await?;
        let mut known = self.view.write().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_none_or(|(known, _)| *known <= revision) {
            // While this is locked, so that an older load can't set older rules.
            self.ledger.set_rules(view.settings.ledger_rules());
            *known = Some((revision, Arc::new(view)));
        }
        Ok(())
    }
}

/// Follows the catalog until nobody holds it; looks at once, then twice a second.
async fn follow(inner: Weak<Inner>) {
    loop {
        {
            let Some(inner) = inner.upgrade() else { return };
            if inner.db.pool().is_closed() {
                return;
            }
            inner.poll().await;
        }
        tokio::time::sleep(POLL).await;
    }
}

impl Inner {
    /// Loads again where something has changed.
    async fn poll(&self) {
        let known = self.get().map(|(revision, _)| revision);
        // A failure keeps the last view; the price book's task, which reads the same row, says so.
        if let Ok(revision) = repo::revision(self.db.pool()).await
            && revision != known
        {
            self.load().await.ok();
        }
    }
}
