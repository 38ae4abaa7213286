//! Tariffs: what each operation costs, by which rule, and why. README.md is the contract.
//!
//! A price book is a versioned set of tariffs, one for each operation; a tariff has one [`Rule`], a pure function from
//! params to credits. The browser's calculator runs the same functions as a charge. Without feature `postgres` this
//! module prices and compares.
//!
//! Each part imports only what stands before it: `rule` (pure), `model` (types), `repo` (SQL), `pricing`, `editing`,
//! `costs`, `simulation`, `publishing`.

mod costs;
mod editing;
#[cfg(test)]
pub(crate) mod fixtures;
mod model;
mod pricing;
mod publishing;
#[cfg(feature = "postgres")]
mod repo;
pub(crate) mod rule;
mod simulation;

pub(crate) use costs::csv::{read_sourced_costs, write_costs};
pub use costs::margin::{BaseRate, Margin, MarginRow, Margins, NoMargin};
pub(crate) use editing::csv::{read_prices, write_prices};
pub use editing::rule_fields::{
    CellKind, RuleField, RuleFields, RuleLayout, RuleTable, cell_field, row_field, rule_layout,
};
pub use model::announcement::{Announcement, Changelog, PercentSpan};
pub use model::category::{Category, CategoryError};
pub use model::change::{Apart, Direction, OptionChange, PriceChange};
pub use model::cost::CostRow;
pub use model::edit::{DraftEdit, EditKind};
pub use model::impact::{Impact, RiseNotice};
pub use model::plan_requirement::{PlanRequirement, RequirementChange, plan_above};
pub use model::price_book::{BATCH_MAX, BookStatus, BookSummary, PriceBook};
pub use model::quote::{LineRequest, LockedQuote, Quote, QuoteBatch, QuoteId};
pub use model::simulation::{AccountImpact, Failing, OperationImpact, Progress, RunState, Simulation, SimulationRun};
pub(crate) use model::tariff::is_operation;
pub use model::tariff::{OptionRequirement, Tariff, UpstreamCost};
pub use pricing::affordability::Buy;
pub use rule::param::{ParamKind, ParamSpec, params_of_form};
pub use rule::{
    Axis, CELLS_MAX, COUNT_MAX, Composite, Flat, Level, Matrix, Meter, PerUnit, PriceCell, PriceRange, Priced,
    Quantity, Range, Rule, Sum, SumPart, Tiered, read_price,
};
#[cfg(feature = "postgres")]
pub(crate) use {
    pricing::ports::{PlanRanks, PlanUpkeep},
    repo::invariants,
};
#[cfg(feature = "postgres")]
pub use {
    pricing::service::{ChargeRequest, HoldRequest, Tariffs},
    publishing::notice::{ANNOUNCE_PRICES, Told},
    simulation::run::SIMULATE_PRICES,
};
