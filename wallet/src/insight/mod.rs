//! What a wallet's rows say about its days to come: what was spent on what, and until when the credits last.
//!
//! Reading order: `spending` (days and categories), `forecast` (the pace of seven days carried on); then, with a
//! database, the query and the handle [`Insight`]. Nothing here decides about money.

mod forecast;
#[cfg(feature = "postgres")]
mod repo;
#[cfg(feature = "postgres")]
mod service;
mod spending;

pub use forecast::{Forecast, Pace, Unused};
#[cfg(feature = "postgres")]
pub use service::{Insight, Seen};
pub use spending::{Spending, SpentDay};
