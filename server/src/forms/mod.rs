//! Every `<form method="post">` of the pages: read the fields, call one method of the wallet, redirect.
//!
//! A refused form is answered with the page that holds it (status 422), with what was typed and what is wrong; see
//! [`FormOutcome`](app::context::FormOutcome). So the same code serves browsers with and without script.

mod account;
mod admin;
mod draft;
mod files;
mod keys;
mod margins;
mod news;
mod plan;
mod post;
mod security;
mod settings;
mod wallet;
mod webhooks;

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;

pub use crate::http::locale::locale_of;
pub use crate::http::redirect::see_other;
pub use post::{Post, SECRET};

/// Gives the routes, in the order of a visit.
pub fn router() -> Router<AppState> {
    Router::new()
        // Coming in and out.
        .route("/sign-up", post(account::sign_up))
        .route("/sign-in", post(account::sign_in))
        .route("/sign-out", post(account::sign_out))
        .route("/forgot", post(account::forgot))
        .route("/reset", post(account::reset))
        .route("/verify-email", post(account::verify_email))
        .route("/verify-email/resend", post(account::resend_verification))
        // Buying credits.
        .route("/wallet/top-up", post(wallet::top_up))
        .route("/wallet/quotes", post(wallet::lock_quotes))
        .route("/wallet/orders/{id}/check", post(wallet::check_order))
        .route("/wallet/orders/{id}/return", get(wallet::return_to_order))
        // The plan.
        .route("/wallet/plan", post(plan::choose))
        .route("/wallet/plan/pay", post(plan::pay))
        .route("/wallet/plan/cancel", post(plan::cancel))
        .route("/wallet/plan/resume", post(plan::resume))
        .route("/wallet/plan/time-zone", post(plan::time_zone))
        .route("/wallet/confirm-activity", post(wallet::confirm_activity))
        // A price rise that was read.
        .route("/wallet/price-changes/{version}/dismiss", post(news::dismiss))
        // Keys.
        .route("/developers/keys", post(keys::create))
        .route("/developers/keys/{id}/revoke", post(keys::revoke))
        // Webhooks.
        .route("/developers/webhooks", post(webhooks::create))
        .route("/developers/webhooks/{id}/rotate", post(webhooks::rotate))
        .route("/developers/webhooks/{id}/test", post(webhooks::test))
        .route("/developers/webhooks/{id}/enable", post(webhooks::enable))
        .route("/developers/webhooks/{id}/remove", post(webhooks::remove))
        .route("/developers/webhooks/deliveries/{id}/replay", post(webhooks::replay))
        // Tariffs.
        .route("/admin/tariffs", post(admin::create_draft))
        .route("/admin/tariffs/{n}/prices", post(draft::change_price))
        .route("/admin/tariffs/{n}/operations", post(draft::put_operation))
        .route("/admin/tariffs/{n}/remove", post(draft::remove_operation))
        .route("/admin/tariffs/{n}/import", post(draft::import))
        .route("/admin/tariffs/{n}/discard", post(draft::discard))
        .route("/admin/tariffs/{n}/undo", post(draft::undo))
        .route("/admin/tariffs/{n}/rebase", post(draft::rebase))
        .route("/admin/tariffs/{n}/rehearse", post(admin::simulate))
        .route("/admin/tariffs/{n}/publish", post(admin::publish))
        .route("/admin/tariffs/{n}/withdraw", post(admin::withdraw))
        // Margins.
        .route("/admin/margins", post(margins::upload))
        .route("/admin/margins/draft", post(margins::draft))
        // The own sign-in.
        .route("/settings/security/password", post(security::password))
        .route("/settings/security/name", post(security::name))
        .route("/settings/security/sessions/end", post(security::end_others))
        .route("/settings/security/sessions/{id}/end", post(security::end_session))
        // How it looks.
        .route("/settings/theme", post(settings::theme))
        .route("/settings/locale", post(settings::locale))
}
