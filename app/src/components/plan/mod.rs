//! Plans and add-ons: facts and the panel of the wallet's front page.

pub mod add_ons;
pub mod change;
pub mod facts;
pub mod metered;
pub mod panel;
