//! Types of prices: tariffs, price books, quotes, and what is told of their changes. No SQL.

pub(super) mod announcement;
pub(super) mod category;
pub(super) mod change;
pub(super) mod cost;
pub(super) mod edit;
pub(super) mod impact;
pub(super) mod plan_requirement;
pub(super) mod price_book;
pub(super) mod quote;
pub(super) mod simulation;
pub(super) mod tariff;
#[cfg(feature = "postgres")]
pub(super) mod undo;
