//! The catalog's handle: read what is sold, load a preset.

use std::sync::Arc;

use super::{CatalogView, Preset};
use crate::db::Db;
use crate::error::Result;

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
    db: Db,
}

impl Catalog {
    /// Starts to follow the catalog.
    pub(crate) fn start(db: Db) -> Self {
        Self { db }
    }

    /// Gives what is sold, from memory.
    pub async fn view(&self) -> Result<Arc<CatalogView>> {
        let _ = &self.db;
        Err(crate::error::Error::internal("not built yet"))
    }

    /// Fills an empty catalog from a preset. The same preset again changes nothing; another one is refused, because
    /// its prices would take effect without notice: import it into a draft instead.
    pub async fn load_preset(&self, preset: &Preset) -> Result<Loaded> {
        let _ = preset;
        Err(crate::error::Error::internal("not built yet"))
    }
}
