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
    /// The platform's own program, with a service key: for a wallet that it named.
    Service {
        /// Which service key.
        id: crate::id::ServiceKeyId,
        /// The service key's name.
        name: String,
    },
    /// The platform's own program, with a service key: on behalf of a customer's key.
    ServiceFor {
        /// The customer's key: what it spends counts as if the key had spent it.
        key: crate::id::KeyId,
        /// The service key's name and the customer's key's, as `service_for` joins them.
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
/// Stands between the name of a service key, which has no space, and the name of the customer's key that it acts for.
const ON_BEHALF_OF: &str = " · ";

/// Who decides what a row costs in the end: whoever made it, and above everybody the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Who pays: a person, or a program with one of the account's API keys.
    Customer,
    /// Who is paid: a service key, staff, Scrip itself.
    Platform,
}

/// Names a service key together with the customer's key that it acts for.
fn service_for(service: &str, key: &str) -> String {
    format!("{service}{ON_BEHALF_OF}{key}")
}

impl Actor {
    /// Names a part of Scrip itself.
    pub fn system(what: impl Into<String>) -> Self {
        Self::System { what: what.into() }
    }

    /// Names a service key that acts on behalf of a customer's key.
    #[doc(hidden)]
    #[must_use]
    pub fn on_behalf_of(service: &str, key: crate::id::KeyId, key_name: &str) -> Self {
        Self::ServiceFor { key, name: service_for(service, key_name) }
    }

    /// Says on whose side the actor decides.
    #[must_use]
    pub(crate) const fn side(&self) -> Side {
        match self {
            Self::User { .. } | Self::Key { .. } => Side::Customer,
            Self::Service { .. } | Self::ServiceFor { .. } | Self::Staff { .. } | Self::System { .. } => Side::Platform,
        }
    }

    /// Gives the customer's key that spends: the key itself, or the one that a service key acts for.
    #[must_use]
    pub(crate) const fn spending_key(&self) -> Option<crate::id::KeyId> {
        match self {
            Self::Key { id, .. } | Self::ServiceFor { key: id, .. } => Some(*id),
            Self::User { .. } | Self::Service { .. } | Self::Staff { .. } | Self::System { .. } => None,
        }
    }

    /// Gives the word for the kind in the REST API.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::User { .. } => "user",
            Self::Key { .. } => "key",
            Self::Service { .. } | Self::ServiceFor { .. } => "service",
            Self::Staff { .. } => "staff",
            Self::System { .. } => "system",
        }
    }

    /// Gives the name to show.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::User { name, .. }
            | Self::Key { name, .. }
            | Self::Service { name, .. }
            | Self::ServiceFor { name, .. }
            | Self::Staff { name, .. } => name,
            Self::System { what } => what,
        }
    }

    /// Gives the id of the person or key (for a service key on behalf of a customer's key: the customer's); `None` for
    /// Scrip itself.
    #[must_use]
    pub const fn uuid(&self) -> Option<Uuid> {
        match self {
            Self::User { id, .. } | Self::Staff { id, .. } => Some(id.uuid()),
            Self::Key { id, .. } | Self::ServiceFor { key: id, .. } => Some(id.uuid()),
            Self::Service { id, .. } => Some(id.uuid()),
            Self::System { .. } => None,
        }
    }

    /// Gives who did it as customers see it: staff are the platform, not persons.
    #[must_use]
    pub(crate) fn redact_staff(self) -> Self {
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
            Self::Service { .. } => 5,
            Self::ServiceFor { .. } => 6,
        }
    }

    /// Takes an actor from storage; anything unknown is Scrip itself.
    #[must_use]
    pub(crate) fn from_parts(code: i16, id: Option<Uuid>, name: String) -> Self {
        match (code, id) {
            (1, Some(id)) => Self::User { id: crate::id::UserId::from_uuid(id), name },
            (2, Some(id)) => Self::Key { id: crate::id::KeyId::from_uuid(id), name },
            (3, Some(id)) => Self::Staff { id: crate::id::UserId::from_uuid(id), name },
            (5, Some(id)) => Self::Service { id: crate::id::ServiceKeyId::from_uuid(id), name },
            (6, Some(id)) => Self::ServiceFor { key: crate::id::KeyId::from_uuid(id), name },
            _ => Self::System { what: name },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_read_back_as_it_was_stored() {
        let (user, key) = (crate::id::UserId::new(), crate::id::KeyId::new());
        let name = || "ci · main".to_owned();
        let actors = [
            (Actor::User { id: user, name: name() }, "user", Side::Customer, None),
            (Actor::Key { id: key, name: name() }, "key", Side::Customer, Some(key)),
            (Actor::Staff { id: user, name: name() }, "staff", Side::Platform, None),
            (Actor::system("payments"), "system", Side::Platform, None),
            (Actor::Service { id: crate::id::ServiceKeyId::new(), name: name() }, "service", Side::Platform, None),
            (Actor::on_behalf_of("gateway", key, "ci · main"), "service", Side::Platform, Some(key)),
        ];
        for (actor, word, side, spends) in actors {
            let stored = Actor::from_parts(actor.code(), actor.uuid(), actor.name().to_owned());
            assert_eq!(stored, actor);
            assert_eq!((actor.word(), actor.side(), actor.spending_key()), (word, side, spends));
            let text = serde_json::to_string(&actor).expect("json");
            assert_eq!(serde_json::from_str::<Actor>(&text).expect("an actor"), actor);
        }
        assert_eq!(Actor::on_behalf_of("gateway", key, "ci").name(), "gateway · ci");
    }

    #[test]
    fn outside_of_the_platform_staff_are_nobody() {
        let staff = |name: &str| Actor::Staff { id: crate::id::UserId::new(), name: name.to_owned() };
        assert_eq!(staff("Lev Orlov").redact_staff(), staff("Ada Admin").redact_staff());
        assert_eq!(staff("Lev Orlov").redact_staff().name(), "staff");
        let own = Actor::User { id: crate::id::UserId::new(), name: "Mira".to_owned() };
        assert_eq!(own.clone().redact_staff(), own);
    }
}
