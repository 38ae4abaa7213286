//! What all requests share: middleware, limits by address, error pages, redirects.

pub mod by_address;
pub mod drain_body;
pub mod error_page;
pub mod html_page;
pub mod language_path;
pub mod locale;
pub mod logo;
pub mod middleware;
pub mod precompressed;
pub mod redirect;
