//! What the browser draws and keeps up to date by itself: islands in pages that the server draws.
//!
//! An island is a component with `#[island]`; its props travel in the page as JSON. All islands of a page have one owner
//! above them, so that what is put into its context here is shared: the live wallet, the unit's word, the account's time
//! zone. The page's script (`style/public/pkg/page.js`) starts them in the order of the document.
//!
//! There is a WASM for each group of pages, by the feature of its name: `account`, `payment`, `admin`. The frame of a page
//! names its group (`data-islands`), so an island belongs to every group whose pages draw it.

#![expect(missing_docs, reason = "the macro writes props of its own for the browser")]

#[cfg(any(feature = "ssr", feature = "admin"))]
pub mod approve_amount;
#[cfg(any(feature = "ssr", feature = "account"))]
pub mod balance_banner;
#[cfg(any(feature = "ssr", feature = "account"))]
pub mod balance_card;
#[cfg(any(feature = "ssr", feature = "account", feature = "payment"))]
pub mod balance_pill;
#[cfg(any(feature = "ssr", feature = "account"))]
pub mod entry;
#[cfg(any(feature = "ssr", feature = "account"))]
pub mod feed;
#[cfg(any(feature = "ssr", feature = "account"))]
pub mod history;
#[cfg(any(feature = "ssr", feature = "admin"))]
pub mod keyboard;
#[cfg(any(feature = "ssr", feature = "account", feature = "payment"))]
pub mod live_start;
#[cfg(any(feature = "ssr", feature = "account", feature = "payment"))]
pub mod live_status;
#[cfg(any(feature = "ssr", feature = "account", feature = "payment"))]
pub mod pack;
pub mod parts;
#[cfg(any(feature = "ssr", feature = "admin"))]
pub mod price_field;
#[cfg(any(feature = "ssr", feature = "account"))]
pub mod table;
#[cfg(any(feature = "ssr", feature = "payment"))]
pub mod terms_fields;
#[cfg(any(feature = "ssr", feature = "payment"))]
pub mod terms_form;
#[cfg(any(feature = "ssr", feature = "payment", feature = "admin"))]
pub mod typed;

use leptos::prelude::*;
use wallet::catalog::UnitName;
use wallet::time_zone::LocalTime;

#[cfg(feature = "hydrate")]
pub use browser::{at_root, start};

/// What islands find in the context of their page. Stands before all others in the frame.
#[island]
pub fn PageData(
    /// What credits are called.
    unit: Option<UnitName>,
    /// In which zone times are written.
    zone: Option<LocalTime>,
) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    browser::share(unit, zone);
    #[cfg(not(feature = "hydrate"))]
    let _ = (unit, zone);
}

#[cfg(feature = "hydrate")]
mod browser {
    use std::cell::RefCell;

    use leptos::prelude::*;
    use leptos::wasm_bindgen;
    use wallet::catalog::UnitName;
    use wallet::time_zone::LocalTime;

    use crate::text::amount::Unit;
    use crate::text::date_time::Zone;

    thread_local! {
        /// The owner above all islands.
        static ROOT: RefCell<Option<Owner>> = const { RefCell::new(None) };
    }

    /// Prepares what the islands of the page share. Comes before the first of them.
    pub fn start() {
        ROOT.set(Owner::current());
        #[cfg(any(feature = "account", feature = "payment"))]
        crate::live::provide_live_wallet();
    }

    /// Makes the next island belong to the page, not to the one before it.
    #[wasm_bindgen::prelude::wasm_bindgen(wasm_bindgen = leptos::wasm_bindgen)]
    pub fn at_root() {
        ROOT.with_borrow(|root| {
            if let Some(root) = root {
                root.set();
            }
        });
    }

    /// Puts what the page knows into the context of all islands.
    pub fn share(unit: Option<UnitName>, zone: Option<LocalTime>) {
        let Some(root) = ROOT.with_borrow(Clone::clone) else { return };
        root.with(|| {
            if let Some(unit) = unit {
                provide_context(Unit(unit));
            }
            if let Some(zone) = zone {
                provide_context(Zone::of(zone));
            }
        });
    }
}
