//! Parts of the public price page.

mod buys;
mod calculator;
mod call;
pub mod change;
mod offers;
mod packages;
mod plans;
mod query;
mod quote_lines;
mod reader;
mod table;

pub use buys::BuysList;
pub use calculator::CallCalculator;
pub use offers::{AddOnList, FreeAmountLine, MeteredTable};
pub use packages::PackageTable;
pub use plans::PlanStrip;
pub use query::{CarriedChoices, PriceQuery};
pub use reader::{Coming, Reader};
pub use table::{CategoryTabs, PriceSearch, PriceTable};
