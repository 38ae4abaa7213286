//! Plans: facts and the panel of the wallet's front page.

pub mod change;
pub mod facts;
pub mod panel;
