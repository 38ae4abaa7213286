//! Every `<form method="post">` of the pages: read the fields, call one method of the wallet, redirect.
//!
//! A refused form is answered with the page that holds it (status 422), with what was typed and what is wrong; see
//! [`FormOutcome`](app::context::FormOutcome). So the same code serves browsers with and without script.

mod account;
mod add_ons;
mod admin;
mod auto_top_up;
mod codes;
mod documents;
mod draft;
mod files;
mod keys;
mod margins;
mod notifications;
mod payment_methods;
mod payments;
mod plan;
mod playground;
mod post;
mod recovery;
mod refunds;
mod rise_banner;
mod security;
mod settings;
mod wallet;
mod webhooks;

use axum::Router;
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;
use axum::routing::{get, post};

use crate::http::redirect::{next_page, see_other};
use crate::state::AppState;

pub use post::Post;
pub use recovery::keep;

/// The forms that have an address of their own, and the pages that hold them: a visit goes on to the page, and so does a
/// form that can't be taken.
const HELD: [(&str, &str); 51] = [
    ("/sign-out", "/wallet"),
    ("/verify-email/resend", "/wallet"),
    ("/wallet/orders/{id}/check", "/wallet/orders/{id}"),
    ("/wallet/top-up/code", "/wallet/top-up"),
    ("/wallet/payment/methods", "/wallet/payment"),
    ("/wallet/payment/methods/{id}/default", "/wallet/payment"),
    ("/wallet/payment/methods/{id}/plan", "/wallet/payment"),
    ("/wallet/payment/methods/{id}/remove", "/wallet/payment"),
    ("/wallet/payment/auto-top-up", "/wallet/payment"),
    ("/wallet/payment/auto-top-up/off", "/wallet/payment"),
    ("/wallet/payment/auto-top-up/pay", "/wallet/payment"),
    ("/wallet/documents/{id}/invoice", "/wallet/documents"),
    ("/wallet/plan/pay", "/wallet/plan"),
    ("/wallet/plan/change", "/wallet/plan"),
    ("/wallet/plan/keep", "/wallet/plan"),
    ("/wallet/plan/cancel", "/wallet/plan"),
    ("/wallet/plan/resume", "/wallet/plan"),
    ("/wallet/plan/add-ons", "/wallet/plan"),
    ("/wallet/plan/add-ons/off", "/wallet/plan"),
    ("/wallet/plan/time-zone", "/wallet/plan"),
    ("/wallet/confirm-activity", "/wallet"),
    ("/wallet/refunds/{id}/withdraw", "/wallet/refunds/{id}"),
    ("/wallet/price-changes/{version}/dismiss", "/wallet"),
    ("/developers/keys/move", "/developers/keys"),
    ("/developers/keys/{id}/revoke", "/developers/keys"),
    ("/developers/webhooks/{id}/rotate", "/developers/webhooks"),
    ("/developers/webhooks/{id}/test", "/developers/webhooks"),
    ("/developers/webhooks/{id}/enable", "/developers/webhooks"),
    ("/developers/webhooks/{id}/remove", "/developers/webhooks"),
    ("/developers/webhooks/deliveries/{id}/replay", "/developers/webhooks"),
    ("/playground/run", "/playground"),
    ("/playground/finish", "/playground"),
    ("/admin/payments/{id}/decision", "/admin/payments/{id}"),
    ("/admin/payments/{id}/dispute", "/admin/payments/{id}"),
    ("/admin/refunds/{id}/approve", "/admin/refunds/{id}"),
    ("/admin/refunds/{id}/refuse", "/admin/refunds/{id}"),
    ("/admin/disputes/{id}/result", "/admin/disputes"),
    ("/admin/tariffs/{n}/prices", "/admin/tariffs/{n}"),
    ("/admin/tariffs/{n}/remove", "/admin/tariffs/{n}"),
    ("/admin/tariffs/{n}/discard", "/admin/tariffs/{n}"),
    ("/admin/tariffs/{n}/undo", "/admin/tariffs/{n}"),
    ("/admin/tariffs/{n}/rebase", "/admin/tariffs/{n}"),
    ("/admin/tariffs/{n}/withdraw", "/admin/tariffs/{n}"),
    ("/admin/tariffs/{n}/rehearse", "/admin/tariffs/{n}/publish"),
    ("/admin/margins/draft", "/admin/margins"),
    ("/settings/security/password", "/settings/security"),
    ("/settings/security/name", "/settings/security"),
    ("/settings/security/sessions/end", "/settings/security"),
    ("/settings/security/sessions/{id}/end", "/settings/security"),
    ("/settings/theme", "/"),
    ("/settings/locale", "/"),
];

/// Finds the page that holds the form of an address; `None` where the address is a page's own.
fn page_of(path: &str) -> Option<String> {
    HELD.into_iter().find_map(|(form, page)| {
        let Some((start, rest)) = form.split_once('{') else { return (path == form).then(|| page.to_owned()) };
        let (name, end) = rest.split_once('}')?;
        let value = path.strip_prefix(start)?.strip_suffix(end)?;
        let is_segment = !value.is_empty() && !value.contains('/');
        is_segment.then(|| page.replace(&format!("{{{name}}}"), value))
    })
}

/// Finds the page that a form was on, where the browser names one of ours.
fn referring_page(headers: &HeaderMap) -> Option<String> {
    let referer = headers.get(header::REFERER)?.to_str().ok()?;
    let url = reqwest::Url::parse(referer).ok()?;
    let page = match (page_of(url.path()), url.query()) {
        (Some(page), _) => page,
        (None, Some(query)) => format!("{}?{query}", url.path()),
        (None, None) => url.path().to_owned(),
    };
    (next_page(&page) == page).then_some(page)
}

/// Sends a visit of a form's address on to its page.
async fn to_page(uri: Uri) -> Response {
    see_other(&page_of(uri.path()).unwrap_or_else(|| "/".to_owned()))
}

/// Gives the routes, in the order of a visit.
pub fn router() -> Router<AppState> {
    HELD.into_iter().fold(posts(), |router, (form, _)| router.route(form, get(to_page)))
}

fn posts() -> Router<AppState> {
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
        .route("/wallet/top-up/code", post(codes::redeem))
        .route("/wallet/invite", post(codes::invite))
        .route("/wallet/quotes", post(wallet::lock_quotes))
        .route("/wallet/orders/{id}/check", post(wallet::check_order))
        .route("/wallet/orders/{id}/return", get(wallet::return_to_order))
        // The playground.
        .route("/playground/run", post(playground::run))
        .route("/playground/finish", post(playground::finish))
        // Saved cards.
        .route("/wallet/payment/methods", post(payment_methods::add))
        .route("/wallet/payment/methods/{id}/return", get(payment_methods::come_back))
        .route("/wallet/payment/methods/{id}/default", post(payment_methods::set_default))
        .route("/wallet/payment/methods/{id}/plan", post(payment_methods::use_for_plan))
        .route("/wallet/payment/methods/{id}/remove", post(payment_methods::remove))
        // Auto top-up.
        .route("/wallet/payment/auto-top-up", post(auto_top_up::agree))
        .route("/wallet/payment/auto-top-up/off", post(auto_top_up::switch_off))
        .route("/wallet/payment/auto-top-up/pay", post(auto_top_up::pay))
        // Documents.
        .route("/wallet/documents/{id}/invoice", post(documents::issue_invoice))
        .route("/settings/billing", post(documents::set_billing))
        // What owners are told of.
        .route("/settings/notifications", post(notifications::save))
        .route("/unsubscribe", post(notifications::unsubscribe))
        // The plan.
        .route("/wallet/plan", post(plan::choose))
        .route("/wallet/plan/pay", post(plan::pay))
        .route("/wallet/plan/change", post(plan::change))
        .route("/wallet/plan/keep", post(plan::keep))
        .route("/wallet/plan/cancel", post(plan::cancel))
        .route("/wallet/plan/resume", post(plan::resume))
        .route("/wallet/plan/add-ons", post(add_ons::switch_on))
        .route("/wallet/plan/add-ons/off", post(add_ons::switch_off))
        .route("/wallet/plan/time-zone", post(plan::time_zone))
        .route("/wallet/confirm-activity", post(wallet::confirm_activity))
        // Refunds.
        .route("/wallet/refunds/new", post(refunds::ask))
        .route("/wallet/refunds/{id}/withdraw", post(refunds::withdraw))
        // A price rise that was read.
        .route("/wallet/price-changes/{version}/dismiss", post(rise_banner::dismiss))
        // Keys.
        .route("/developers/keys", post(keys::create))
        .route("/developers/keys/move", post(keys::move_credits))
        .route("/developers/keys/{id}/revoke", post(keys::revoke))
        // Webhooks.
        .route("/developers/webhooks", post(webhooks::create))
        .route("/developers/webhooks/{id}/rotate", post(webhooks::rotate))
        .route("/developers/webhooks/{id}/test", post(webhooks::test))
        .route("/developers/webhooks/{id}/enable", post(webhooks::enable))
        .route("/developers/webhooks/{id}/remove", post(webhooks::remove))
        .route("/developers/webhooks/deliveries/{id}/replay", post(webhooks::replay))
        // Payments in review.
        .route("/admin/payments/{id}/decision", post(payments::decide))
        // Refunds and disputes.
        .route("/admin/refunds/{id}/approve", post(refunds::approve))
        .route("/admin/refunds/{id}/refuse", post(refunds::refuse))
        .route("/admin/payments/{id}/dispute", post(refunds::open_dispute))
        .route("/admin/disputes/{id}/result", post(refunds::end_dispute))
        // Tariffs.
        .route("/admin/tariffs", post(admin::create_draft))
        .route("/admin/tariffs/{n}/prices", post(draft::change_price))
        .route("/admin/tariffs/{n}/operations", post(draft::put_operation))
        .route("/admin/tariffs/{n}/remove", post(draft::remove_operation))
        .route("/admin/tariffs/{n}/import", post(draft::import))
        .route("/admin/tariffs/{n}/discard", post(draft::discard))
        .route("/admin/tariffs/{n}/undo", post(draft::undo))
        .route("/admin/tariffs/{n}/rebase", post(draft::merge))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_to_the_page_that_holds_it() {
        assert_eq!(page_of("/admin/tariffs/7/prices").as_deref(), Some("/admin/tariffs/7"));
        assert_eq!(page_of("/settings/security/sessions/end").as_deref(), Some("/settings/security"));
        assert_eq!(page_of("/settings/security/sessions/abc/end").as_deref(), Some("/settings/security"));
        for page in ["/admin/tariffs/7", "/admin/tariffs//prices", "/admin/tariffs/7/8/prices", "/wallet", "/"] {
            assert_eq!(page_of(page), None, "{page}");
        }
        for (form, page) in HELD {
            assert_eq!(page_of(page), None, "{form} leads to another form");
        }
    }

    #[test]
    fn a_page_is_ours_or_none() {
        let page = |referer: &'static str| {
            referring_page(&HeaderMap::from_iter([(header::REFERER, axum::http::HeaderValue::from_static(referer))]))
        };
        assert_eq!(page("https://x.example/wallet/history?kind=in").as_deref(), Some("/wallet/history?kind=in"));
        assert_eq!(page("https://x.example/admin/tariffs/7/undo").as_deref(), Some("/admin/tariffs/7"));
        assert_eq!((page("https://x.example//evil.example/"), page("nonsense")), (None, None));
    }
}
