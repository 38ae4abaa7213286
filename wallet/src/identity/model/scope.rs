//! What API keys may be limited to.

use serde::{Deserialize, Serialize};

/// What a call needs of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyScope {
    /// Reads the balance, and the budgets.
    BalanceRead,
    /// Reads the ledger, and payments.
    LedgerRead,
    /// Charges, and pays back.
    ChargesWrite,
    /// Holds, captures and releases.
    HoldsWrite,
    /// Sets and removes budgets.
    BudgetsWrite,
    /// Orders credits.
    TopUpsWrite,
    /// Reads webhook endpoints and their log.
    WebhooksRead,
    /// Makes and changes webhook endpoints.
    WebhooksWrite,
}

impl KeyScope {
    /// All of them, in the order of the keys page.
    pub const ALL: [Self; 8] = [
        Self::BalanceRead,
        Self::LedgerRead,
        Self::ChargesWrite,
        Self::HoldsWrite,
        Self::BudgetsWrite,
        Self::TopUpsWrite,
        Self::WebhooksRead,
        Self::WebhooksWrite,
    ];
    /// Stands for everything that making content takes: reading, charging, holding.
    pub(crate) const CONTENT: &'static str = "content:*";

    /// Gives the name kept in storage, which people type.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::BalanceRead => "balance:read",
            Self::LedgerRead => "ledger:read",
            Self::ChargesWrite => "charges:write",
            Self::HoldsWrite => "holds:write",
            Self::BudgetsWrite => "budgets:write",
            Self::TopUpsWrite => "top_ups:write",
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksWrite => "webhooks:write",
        }
    }

    /// Says whether somebody may ask for a key with this name among its scopes.
    #[must_use]
    pub(crate) fn is_known(name: &str) -> bool {
        name == Self::CONTENT || Self::ALL.into_iter().any(|scope| scope.code() == name)
    }

    /// Says whether making content takes it. What governs a wallet or spends money is not among it: a key has that only
    /// where it is named.
    #[doc(hidden)]
    #[must_use]
    pub const fn is_content(self) -> bool {
        matches!(self, Self::BalanceRead | Self::LedgerRead | Self::ChargesWrite | Self::HoldsWrite)
    }

    /// Says whether a list of scopes holds this one: an empty list holds what making content takes.
    #[must_use]
    pub fn is_in(self, held: &[String]) -> bool {
        let named = |held: &String| match held.strip_suffix('*') {
            Some(_) if held == Self::CONTENT => self.is_content(),
            Some(start) => self.code().starts_with(start),
            None => held == self.code(),
        };
        if held.is_empty() { self.is_content() } else { held.iter().any(named) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(scope: KeyScope, names: &[&str]) -> bool {
        scope.is_in(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn what_governs_a_wallet_must_be_named() {
        for scope in KeyScope::ALL {
            assert_eq!(held(scope, &[]), scope.is_content(), "{scope:?}");
            assert_eq!(held(scope, &["content:*"]), scope.is_content(), "{scope:?}");
            assert!(held(scope, &[scope.code()]) && KeyScope::is_known(scope.code()));
        }
        assert!(held(KeyScope::WebhooksRead, &["balance:read", "webhooks:*"]), "older keys hold such names");
        assert!(!held(KeyScope::BudgetsWrite, &["webhooks:*"]) && !held(KeyScope::ChargesWrite, &["balance:read"]));
    }

    #[test]
    fn other_names_are_not_known() {
        assert!(KeyScope::is_known("content:*"));
        for name in ["", "*", "webhooks:*", "content:write", "Balance:read", "everything"] {
            assert!(!KeyScope::is_known(name), "{name}");
        }
    }
}
