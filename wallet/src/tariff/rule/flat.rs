//! The same for every call: gpt-5 costs 2, a contact form costs 0 and is still in the book.

use serde::{Deserialize, Serialize};

use super::{Line, Worked};
use crate::money::Credits;
use crate::tariff::rule::fraction::Exact;

/// One price for every call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flat {
    /// The price; zero is free.
    pub credits: Credits,
}

impl Flat {
    pub(crate) fn work(&self) -> Worked {
        let amount = Exact::of(self.credits);
        let line = Line { label: String::new(), measured: None, unit_price: Some(self.credits), amount };
        Worked::fixed(amount, vec![line])
    }
}
