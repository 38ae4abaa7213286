//! Names of things: one type for each, so that a project can't be passed for an account.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct IdError;

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new id (UUIDv7: later ones sort later).
            #[must_use]
            pub fn new() -> Self { Self(Uuid::now_v7()) }
            /// Takes the id from storage.
            #[must_use]
            pub const fn from_uuid(id: Uuid) -> Self { Self(id) }
            /// Gives the id for storage.
            #[must_use]
            pub const fn uuid(self) -> Uuid { self.0 }
        }

        impl Default for $name {
            fn default() -> Self { Self::new() }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::parse_str(text).map(Self).map_err(|_| IdError)
            }
        }
    )+};
}

uuid_id! {
    /// Who pays.
    AccountId,
    /// A thing under an account that spends.
    ProjectId,
    /// A person.
    UserId,
    /// An API key.
    KeyId,
    /// A service key: the platform's own.
    ServiceKeyId,
    /// Our intent to take money.
    PaymentId,
    /// A way to pay that was saved.
    PaymentMethodId,
    /// Money given back.
    RefundId,
    /// What a person asks to have back.
    RefundRequestId,
    /// Money that a buyer's bank wants back.
    DisputeId,
    /// An account on a plan, from its start to its end.
    SubscriptionId,
    /// An add-on of a wallet, from being switched on to its end.
    AddOnId,
    /// Redemption codes that were made together.
    CodeBatchId,
    /// A receipt, an invoice, a credit note.
    DocumentId,
}

/// Where an account's money rows live: 0–255, derived once from the account's id and kept.
///
/// It leads every key of the money tables, so that the same schema spreads over a cluster (all wallets of one
/// account stay together).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shard(i16);

impl Shard {
    /// Derives the shard of an account.
    #[must_use]
    pub(crate) fn of(account: AccountId) -> Self {
        // The last byte of a UUIDv7 is random.
        Self(i16::from(account.uuid().as_bytes()[15]))
    }

    /// Takes the shard from storage.
    #[doc(hidden)]
    #[must_use]
    pub const fn from_i16(shard: i16) -> Self {
        Self(shard)
    }

    /// Gives the shard for storage.
    #[must_use]
    pub const fn as_i16(self) -> i16 {
        self.0
    }
}

/// The wallet of one project environment: its number, and the shard where its rows live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WalletId {
    /// Where the rows live.
    pub shard: Shard,
    /// The number, unique over all shards; positive.
    pub number: i64,
}

impl WalletId {
    /// Makes a new wallet's id for an account: milliseconds since 1970 and 20 random bits.
    #[must_use]
    pub fn new(account: AccountId) -> Self {
        let id = Uuid::now_v7().as_u128();
        let millis = id >> 80;
        let random = id & 0xF_FFFF;
        let number = i64::try_from((millis << 20) | random).unwrap_or(i64::MAX);
        Self { shard: Shard::of(account), number }
    }
}

impl fmt::Display for WalletId {
    /// Writes `wal_<shard>_<number>` in hexadecimal: the public name of the wallet.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wal_{:02x}{:x}", self.shard.0, self.number)
    }
}

impl FromStr for WalletId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let hex = text.strip_prefix("wal_").ok_or(IdError)?;
        let (shard, number) = hex.split_at_checked(2).ok_or(IdError)?;
        let shard = u8::from_str_radix(shard, 16).map_err(|_| IdError)?;
        let number = i64::from_str_radix(number, 16).map_err(|_| IdError)?;
        Ok(Self { shard: Shard(i16::from(shard)), number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_names_come_back() {
        let wallet = WalletId::new(AccountId::new());
        assert_eq!(wallet.to_string().parse(), Ok(wallet));
        for text in ["", "wal_", "wal_x1", "hld_001"] {
            assert_eq!(text.parse::<WalletId>(), Err(IdError), "{text:?}");
        }
    }
}
