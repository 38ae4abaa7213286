//! Scrip's wallet: the one place of the wallet logic.
//!
//! Without features the crate is pure (numbers, ids, decisions, read models) and compiles to WebAssembly, so that
//! the browser counts with the same [`money::Credits`]. Feature `postgres` adds the services and their SQL.

pub mod id;
pub mod money;
