//! Types of prices: tariffs, price books, quotes, and what is told of their changes. No SQL.

pub(super) mod category;
pub(super) mod tariff;
pub(super) mod price_book;
pub(super) mod change;
pub(super) mod plan_requirement;
pub(super) mod quote;
pub(super) mod edit;
#[cfg(feature = "postgres")]
pub(super) mod undo;
pub(super) mod cost;
pub(super) mod simulation;
pub(super) mod impact;
pub(super) mod announcement;
