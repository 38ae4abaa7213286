//! Parts of the public price page.

mod buys;
mod calculator;
mod call;
mod packages;
mod plans;
mod query;
mod table;
mod words;

pub use buys::BuysList;
pub use calculator::CallCalculator;
pub use packages::PackageTable;
pub use plans::PlanStrip;
pub use query::{Kept, PriceQuery, submit_on_change};
pub use table::{CategoryTabs, PriceSearch, PriceTable};
pub use words::unit_words;
