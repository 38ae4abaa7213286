//! Where the live wallet starts from.

#![expect(missing_docs, reason = "the macro writes props of its own for the browser")]

use leptos::prelude::*;
use wallet::ledger::BalanceView;

use crate::live::use_live_wallet;

/// Gives the balance that the page was drawn with to the live wallet, which goes on from it.
#[island]
pub fn LiveStart(
    /// The balance.
    balance: BalanceView,
) -> impl IntoView {
    if let Some(live) = use_live_wallet() {
        live.start_from(balance);
    }
}
