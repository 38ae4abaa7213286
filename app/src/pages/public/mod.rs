//! Pages that everybody may see.

mod changelog;
mod enter;
mod mailed;
mod not_found;
mod pricing;

pub use changelog::{AnnouncementPage, ChangelogPage};
pub use enter::{SignInPage, SignUpPage};
pub use mailed::{ForgotPage, ResetPage, VerifyEmailPage};
pub use not_found::NotFoundPage;
pub use pricing::PricingPage;
