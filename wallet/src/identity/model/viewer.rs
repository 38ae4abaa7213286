//! Who asks: a signed-in person with the account, project and wallets that the person sees.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, ProjectId, UserId, WalletId};
use crate::identity::model::actor::Actor;
use crate::identity::model::plan_summary::PlanSummary;

/// What a member may do in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Pays, and may do everything, also give the account away.
    Owner,
    /// May do everything but give the account away.
    Admin,
    /// Makes keys and sees the ledger.
    Developer,
    /// Reads.
    Viewer,
}

impl Role {
    /// Gives the name kept in storage.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Developer => "developer",
            Self::Viewer => "viewer",
        }
    }

    /// Reads the name kept in storage.
    #[must_use]
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        [Self::Owner, Self::Admin, Self::Developer, Self::Viewer].into_iter().find(|role| role.code() == code)
    }

    /// Says whether the role may spend money (top up, change the plan).
    #[must_use]
    pub const fn may_pay(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }

    /// Says whether the role may make and revoke API keys.
    #[must_use]
    pub const fn may_manage_keys(self) -> bool {
        matches!(self, Self::Owner | Self::Admin | Self::Developer)
    }
}

/// What a person may do on the platform itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Everything.
    Admin,
    /// Looks at accounts, gives small credits.
    Support,
    /// Refunds and invoices.
    Finance,
}

impl StaffRole {
    /// Gives the name kept in storage.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Support => "support",
            Self::Finance => "finance",
        }
    }

    /// Reads the name kept in storage.
    #[must_use]
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        [Self::Admin, Self::Support, Self::Finance].into_iter().find(|role| role.code() == code)
    }
}

/// A signed-in person, with the account that is open and what it spends from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// The person.
    pub user: UserId,
    /// The address as the person typed it.
    pub email: String,
    /// The name to greet by.
    pub name: String,
    /// Whether the address is proven.
    pub email_verified: bool,
    /// The platform role, for staff.
    pub staff: Option<StaffRole>,
    /// The role in the open account.
    pub role: Role,
    /// The open account.
    pub account: AccountId,
    /// Its name.
    pub account_name: String,
    /// The open project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// The wallet of the project's production environment.
    pub wallet: WalletId,
    /// The wallet of the project's preview environment.
    pub preview_wallet: WalletId,
    /// The language, `en` or `ru`.
    pub locale: String,
    /// The IANA time zone in which the account's dates are counted.
    pub time_zone: String,
    /// The plan that the account is on.
    pub plan: PlanSummary,
}

impl Viewer {
    /// Gives the person as the actor of what happens in the own account.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::User { id: self.user, name: self.name.clone() }
    }

    /// Gives the person as the actor of staff work; `None` for others.
    #[must_use]
    pub fn staff_actor(&self) -> Option<Actor> {
        self.staff.map(|_| Actor::Staff { id: self.user, name: self.name.clone() })
    }

    /// Says whether the person may see all payments and decide those in review: admins and finance.
    #[must_use]
    pub fn may_review_payments(&self) -> bool {
        matches!(self.staff, Some(StaffRole::Admin | StaffRole::Finance))
    }

    /// Says whether the person may edit tariffs and read the audit log.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.staff == Some(StaffRole::Admin)
    }
}

/// Where a wallet belongs, for staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletOwner {
    /// Who pays.
    pub account: AccountId,
    /// The account's name.
    pub account_name: String,
    /// The owner's address.
    pub owner_email: Option<String>,
    /// The project's name.
    pub project_name: String,
    /// `production` or `preview`.
    pub environment: String,
}
