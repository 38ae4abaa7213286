//! The pages that stand in the sidebar.

use wallet::identity::Viewer;

use crate::components::ui::icon::Icon;
use crate::data::session::Waiting;
use crate::i18n::*;

/// Where a page stands in the sidebar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nav {
    /// `/wallet`.
    Overview,
    /// `/wallet/history`.
    History,
    /// `/wallet/top-up`.
    TopUp,
    /// `/wallet/plan`.
    Plan,
    /// `/wallet/orders`.
    Orders,
    /// `/wallet/payment`.
    Payment,
    /// `/developers/keys`.
    Keys,
    /// `/developers/webhooks`.
    Webhooks,
    /// `/settings/notifications`.
    Notifications,
    /// `/settings/security`.
    Security,
    /// `/playground`.
    Playground,
    /// `/admin/payments`.
    Payments,
    /// `/admin/refunds`.
    Refunds,
    /// `/admin/disputes`.
    Disputes,
    /// `/admin/tariffs`.
    PriceBook,
    /// `/admin/margins`.
    Margins,
    /// `/admin/audit`.
    Audit,
}

impl Nav {
    /// Gives the page's address.
    pub(super) const fn href(self) -> &'static str {
        match self {
            Self::Overview => "/wallet",
            Self::History => "/wallet/history",
            Self::TopUp => "/wallet/top-up",
            Self::Plan => "/wallet/plan",
            Self::Orders => "/wallet/orders",
            Self::Payment => "/wallet/payment",
            Self::Keys => "/developers/keys",
            Self::Webhooks => "/developers/webhooks",
            Self::Notifications => "/settings/notifications",
            Self::Security => "/settings/security",
            Self::Playground => "/playground",
            Self::Payments => "/admin/payments",
            Self::Refunds => "/admin/refunds",
            Self::Disputes => "/admin/disputes",
            Self::PriceBook => "/admin/tariffs",
            Self::Margins => "/admin/margins",
            Self::Audit => "/admin/audit",
        }
    }

    /// Says whether it is a page of the staff.
    pub(super) const fn is_admin(self) -> bool {
        matches!(self, Self::Payments | Self::Refunds | Self::Disputes | Self::PriceBook | Self::Margins | Self::Audit)
    }

    /// Names the group of islands that its pages draw: the browser loads that group's WASM.
    pub(super) const fn islands(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            page if page.is_admin() => "admin",
            _ => "account",
        }
    }

    /// Says whether a person may go there: of the admin pages, finance has payments, refunds and disputes.
    pub(super) fn is_for(self, viewer: Option<&Viewer>) -> bool {
        match self {
            Self::Payments | Self::Refunds | Self::Disputes => viewer.is_some_and(Viewer::may_review_payments),
            other => !other.is_admin() || viewer.is_some_and(Viewer::is_admin),
        }
    }

    /// Gives its icon.
    pub(super) const fn icon(self) -> Icon {
        match self {
            Self::Overview => Icon::Wallet,
            Self::History => Icon::List,
            Self::TopUp => Icon::Plus,
            Self::Plan => Icon::Table,
            Self::Orders => Icon::Receipt,
            Self::Payment => Icon::Card,
            Self::Keys => Icon::Key,
            Self::Webhooks => Icon::Joined,
            Self::Notifications => Icon::Warn,
            Self::Security => Icon::Lock,
            Self::Playground => Icon::Play,
            Self::Payments => Icon::Card,
            Self::Refunds => Icon::Back,
            Self::Disputes => Icon::Flag,
            Self::PriceBook => Icon::Book,
            Self::Margins => Icon::Bars,
            Self::Audit => Icon::Clock,
        }
    }

    /// Names it.
    pub(super) fn name(self, locale: Locale) -> &'static str {
        match self {
            Self::Overview => td_string!(locale, nav.overview),
            Self::History => td_string!(locale, nav.history),
            Self::TopUp => td_string!(locale, nav.top_up),
            Self::Plan => td_string!(locale, plan.title),
            Self::Orders => td_string!(locale, nav.orders),
            Self::Payment => td_string!(locale, pay.title),
            Self::Keys => td_string!(locale, nav.keys),
            Self::Webhooks => td_string!(locale, webhooks.title),
            Self::Notifications => td_string!(locale, notifications.title),
            Self::Security => td_string!(locale, nav.security),
            Self::Playground => td_string!(locale, nav.playground),
            Self::Payments => td_string!(locale, payments.title),
            Self::Refunds => td_string!(locale, refunds.title),
            Self::Disputes => td_string!(locale, disputes.title),
            Self::PriceBook => td_string!(locale, nav.price_book),
            Self::Margins => td_string!(locale, margins.title),
            Self::Audit => td_string!(locale, nav.audit),
        }
    }

    /// How much waits for staff there, and the words for who can't see where the figure stands.
    pub(super) fn waiting(self, locale: Locale, waiting: Waiting) -> Option<(i64, &'static str)> {
        let (count, words) = match self {
            Self::Payments => (waiting.payments, td_string!(locale, payments.wait)),
            Self::Refunds => (waiting.refunds, td_string!(locale, refunds.wait)),
            Self::Disputes => (waiting.disputes, td_string!(locale, disputes.wait)),
            _ => return None,
        };
        (count > 0).then_some((count, words))
    }
}
