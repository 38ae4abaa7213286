//! Who does something: it stands beside every entry and every audit row.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who does something. The name is kept as it was at that time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A person with an account.
    User {
        /// Which one.
        id: crate::id::UserId,
        /// The person's name.
        name: String,
    },
    /// A program with an API key.
    Key {
        /// Which key.
        id: crate::id::KeyId,
        /// The key's name.
        name: String,
    },
    /// Somebody of the platform.
    Staff {
        /// Which one.
        id: crate::id::UserId,
        /// The person's name.
        name: String,
    },
    /// Scrip itself: a job, a payment that settled.
    System {
        /// What of it: `payments`, `expiry`.
        what: String,
    },
}

/// What somebody of the platform is called outside of it.
const STAFF: &str = "staff";

impl Actor {
    /// Names a part of Scrip itself.
    pub fn system(what: impl Into<String>) -> Self {
        Self::System { what: what.into() }
    }

    /// Gives the name to show.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::User { name, .. } | Self::Key { name, .. } | Self::Staff { name, .. } => name,
            Self::System { what } => what,
        }
    }

    /// Gives the id of the person or key; `None` for Scrip itself.
    #[must_use]
    pub const fn uuid(&self) -> Option<Uuid> {
        match self {
            Self::User { id, .. } | Self::Staff { id, .. } => Some(id.uuid()),
            Self::Key { id, .. } => Some(id.uuid()),
            Self::System { .. } => None,
        }
    }

    /// Gives who did it as customers see it: staff are the platform, not persons.
    #[must_use]
    pub fn outside(self) -> Self {
        match self {
            Self::Staff { .. } => Self::Staff { id: crate::id::UserId::from_uuid(Uuid::nil()), name: STAFF.to_owned() },
            other => other,
        }
    }

    /// Gives the number that storage and the hash chain use for the kind.
    #[must_use]
    pub const fn code(&self) -> i16 {
        match self {
            Self::User { .. } => 1,
            Self::Key { .. } => 2,
            Self::Staff { .. } => 3,
            Self::System { .. } => 4,
        }
    }

    /// Takes an actor from storage; anything unknown is Scrip itself.
    #[must_use]
    pub fn from_parts(code: i16, id: Option<Uuid>, name: String) -> Self {
        match (code, id) {
            (1, Some(id)) => Self::User { id: crate::id::UserId::from_uuid(id), name },
            (2, Some(id)) => Self::Key { id: crate::id::KeyId::from_uuid(id), name },
            (3, Some(id)) => Self::Staff { id: crate::id::UserId::from_uuid(id), name },
            _ => Self::System { what: name },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_of_the_platform_staff_are_nobody() {
        let staff = |name: &str| Actor::Staff { id: crate::id::UserId::new(), name: name.to_owned() };
        assert_eq!(staff("Lev Orlov").outside(), staff("Ada Admin").outside());
        assert_eq!(staff("Lev Orlov").outside().name(), "staff");
        let own = Actor::User { id: crate::id::UserId::new(), name: "Mira".to_owned() };
        assert_eq!(own.clone().outside(), own);
    }
}
