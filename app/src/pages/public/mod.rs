//! Pages that everybody may see.

mod changelog;
mod email_links;
mod form_page;
mod not_found;
mod pricing;
mod sign_in;
mod unsubscribe;

pub use changelog::{AnnouncementPage, ChangelogPage};
pub use email_links::{ForgotPage, ResetPage, VerifyEmailPage};
pub use not_found::NotFoundPage;
pub use pricing::PricingPage;
pub use sign_in::{SignInPage, SignUpPage};
pub use unsubscribe::UnsubscribePage;
