//! What all requests share: dispatch, middleware, the caller's address, error pages, redirects.

pub mod by_address;
pub mod client_ip;
pub mod dispatch;
pub mod drain_body;
pub mod error_page;
pub mod form_recovery;
pub mod html_page;
pub mod locale;
pub mod middleware;
pub mod packed;
pub mod redirect;
