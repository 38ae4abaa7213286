//! The session of this browser, fetched once for all pages.

use leptos::prelude::*;

use crate::data::session::{Session, load_session};
use crate::error::AppError;

/// The session, on its way or there.
#[derive(Clone, Copy, Debug)]
pub struct SessionResource(pub Resource<Result<Session, AppError>>);

/// Fetches the session and puts it into the context of all pages.
pub fn provide_session() {
    provide_context(SessionResource(Resource::new_blocking(|| (), |()| load_session())));
}

/// Gives the session's resource.
///
/// # Panics
///
/// Outside [`crate::App`], which provides it.
#[must_use]
pub fn use_session() -> Resource<Result<Session, AppError>> {
    expect_context::<SessionResource>().0
}
