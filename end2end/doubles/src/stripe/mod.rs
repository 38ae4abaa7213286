//! The stand-in of Stripe.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::core::Core;
use crate::{Options, Provider};

/// The stand-in: its state, and what it shares.
#[derive(Debug)]
pub struct Stripe {
    core: Arc<Core>,
}

impl Stripe {
    /// Starts empty.
    pub fn new(core: Arc<Core>, _options: &Options) -> Arc<Self> {
        Arc::new(Self { core })
    }

    /// Its calls and pages.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
    }
}

impl Provider for Stripe {
    fn tick(&self) {}

    fn reset(&self) {}

    fn snapshot(&self) -> Value {
        json!({ "at": self.core.clock.now() })
    }
}
