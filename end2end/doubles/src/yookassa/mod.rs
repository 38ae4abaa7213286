//! The stand-in of Yookassa.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::core::Core;
use crate::{Options, Provider};

/// The stand-in: its state, and what it shares.
#[derive(Debug)]
pub struct Yookassa {
    core: Arc<Core>,
}

impl Yookassa {
    /// Starts empty.
    pub fn new(core: Arc<Core>, _options: &Options) -> Arc<Self> {
        Arc::new(Self { core })
    }

    /// Its calls and pages.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
    }
}

impl Provider for Yookassa {
    fn tick(&self) {}

    fn reset(&self) {}

    fn snapshot(&self) -> Value {
        json!({ "at": self.core.clock.now() })
    }
}
