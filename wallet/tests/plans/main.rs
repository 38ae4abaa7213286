//! Plans that renew, on PostgreSQL: begun once, paid once a period, granted once a month, whoever runs and whatever fails.
#![cfg(feature = "postgres")]

mod add_ons;
mod assign;
mod auto_top_up;
mod auto_top_up_told;
mod begin;
mod boundary;
mod change;
mod held;
mod late;
mod lost;
mod metered;
mod metered_races;
mod metered_year;
mod method_of_plan;
mod methods;
mod monthly_year;
mod paid_meanwhile;
#[path = "../people_support/mod.rs"]
mod people_support;
mod preview;
mod reconcile;
mod renew;
mod support;
mod trouble;
