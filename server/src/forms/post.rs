//! A posted form: its fields, who posted it, and how it is refused.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use app::context::{FormOutcome, Viewer};
use app::i18n::I18nLocaleTrait as _;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use wallet::error::{Error, FieldError, ImportError, PlacedImportError, Problem, Refusal};
use wallet::idempotency::IdempotencyKey;
use wallet::identity::Visit;
use wallet::money::{Credits, TypedError, read_amount};

use super::{files, page_of};
use crate::auth::{AuthSession, device};
use crate::http::locale::locale_of;
use crate::http::redirect::see_other;
use crate::pages;
use crate::state::AppState;

/// The most fields of one form: the largest grid of prices, and what goes with it.
const FIELDS_MAX: usize = wallet::tariff::CELLS_MAX + 100;
/// What the name of an uploaded file is kept as.
const FILE_NAME: &str = "file_name";
/// Fields that are never shown again.
pub const SECRET: [&str; 4] = ["password", "new_password", "current_password", "token"];

/// A posted form.
#[derive(Debug)]
pub struct Post {
    parts: Parts,
    fields: BTreeMap<String, String>,
    /// What the uploaded files are called, by their fields.
    file_names: BTreeMap<String, String>,
    /// Uploaded files that are not UTF-8, by their fields.
    unreadable: BTreeSet<String>,
    state: AppState,
}

impl FromRequest<AppState> for Post {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let mut request = request;
        DefaultBodyLimit::max(state.settings.request_body_max()).apply(&mut request);
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.to_ascii_lowercase().starts_with("multipart/form-data") {
            let files::Parts { fields, names: file_names, unreadable } =
                files::read(Request::from_parts(parts.clone(), body), state).await?;
            return Ok(Self { parts, fields, file_names, unreadable, state: state.clone() });
        }
        if !kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
            let text = "Send the form as application/x-www-form-urlencoded.";
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response());
        }
        let body = Bytes::from_request(Request::from_parts(parts.clone(), body), state)
            .await
            .map_err(IntoResponse::into_response)?;
        // Several values of a field (checkboxes) are joined by commas. Text that is not UTF-8 becomes replacement
        // characters, which no rule takes.
        let mut fields = BTreeMap::<String, String>::new();
        if form_urlencoded::parse(&body).nth(FIELDS_MAX).is_some() {
            return Err((StatusCode::BAD_REQUEST, "The form has too many fields.").into_response());
        }
        for (name, value) in form_urlencoded::parse(&body) {
            match fields.entry(name.into_owned()) {
                Entry::Vacant(place) => _ = place.insert(value.into_owned()),
                Entry::Occupied(mut place) => {
                    place.get_mut().push(',');
                    place.get_mut().push_str(&value);
                }
            }
        }
        let (file_names, unreadable) = (BTreeMap::new(), BTreeSet::new());
        Ok(Self { parts, fields, file_names, unreadable, state: state.clone() })
    }
}

impl Post {
    /// What a field says; empty where it is missing.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// What a field says, trimmed; `None` where that is nothing.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<&str> {
        Some(self.field(name).trim()).filter(|text| !text.is_empty())
    }

    /// Reads an amount that a person typed into a field; `None` where it is empty. `example` is one that would do.
    pub fn amount(&self, field: &str, example: &str) -> Result<Option<Credits>, Error> {
        match read_amount(self.field(field)) {
            Ok(amount) => Ok(Some(amount)),
            Err(TypedError::Empty) => Ok(None),
            Err(error) => Err(FieldError::amount(field, error, example).into()),
        }
    }

    /// Puts the text of an uploaded file in place of a field, where there is a file; refuses one that is no text.
    pub fn take_file(&mut self, file: &str, field: &str) -> Result<(), Error> {
        let name = self.file_names.remove(file);
        if self.unreadable.remove(file) {
            self.fields.extend(name.map(|name| (FILE_NAME.to_owned(), name)));
            let error =
                FieldError::in_file(field, PlacedImportError { line: 1, column: 1, mistake: ImportError::NotText });
            return Err(error.into());
        }
        if let Some(text) = self.fields.remove(file).filter(|text| !text.trim().is_empty()) {
            self.fields.insert(field.to_owned(), text);
            self.fields.extend(name.map(|name| (FILE_NAME.to_owned(), name)));
        }
        Ok(())
    }

    /// What the file that was taken is called; empty where none was.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.field(FILE_NAME)
    }

    /// Forgets a field: the page then shows what is saved.
    pub fn forget(&mut self, name: &str) {
        self.fields.remove(name);
    }

    /// Everything that it says, by the fields' names.
    #[must_use]
    pub fn into_fields(self) -> BTreeMap<String, String> {
        self.fields
    }

    /// All values of a field that a form may hold several times.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<String> {
        self.field(name).split(',').map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
    }

    /// The address of the caller's machine, also behind trusted proxies.
    #[must_use]
    pub fn peer(&self) -> Option<IpAddr> {
        device::peer_of(&self.parts.extensions, &self.parts.headers, &self.state)
    }

    /// From where the browser asks: its machine, and the session that it has.
    #[must_use]
    pub fn visit(&self, session: &AuthSession) -> Visit {
        device::visit(&self.parts.extensions, &self.parts.headers, &self.state, session)
    }

    /// The language that the person chose, else the browser's first.
    #[must_use]
    pub fn locale(&self) -> String {
        locale_of(&self.parts.headers).as_str().to_owned()
    }

    /// Adds something that the page may read.
    pub fn put<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        self.parts.extensions.insert(value);
    }

    /// Who posted it; the guard lets nobody else through to the pages of signed-in people.
    pub fn viewer(&self) -> Result<Viewer, Error> {
        self.parts.extensions.get::<Viewer>().cloned().ok_or(Error::Refused(Refusal::Unauthenticated))
    }

    /// Who posted it, if they may spend money: asked before anything about the form's fields.
    pub fn payer(&self) -> Result<Viewer, Error> {
        let viewer = self.viewer()?;
        match viewer.role.may_pay() {
            true => Ok(viewer),
            false => Err(Refusal::Forbidden { why: "your role may not spend money".to_owned() }.into()),
        }
    }

    /// The request's head.
    #[must_use]
    pub const fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The key that makes a second submit of the same form do nothing new.
    pub fn idempotency_key(&self) -> Result<IdempotencyKey, Error> {
        IdempotencyKey::parse(self.field("idempotency_key")).map_err(|_| {
            let message = "The form is incomplete: load the page again.";
            FieldError::new("idempotency_key", Problem::Required, message).into()
        })
    }

    /// What was typed, for the page to show again.
    #[must_use]
    pub fn outcome(&self) -> FormOutcome {
        let shown = |(name, _): &(&String, &String)| !SECRET.contains(&name.as_str());
        let values = self.fields.iter().filter(shown).map(|(name, value)| (name.clone(), value.clone())).collect();
        FormOutcome { path: self.parts.uri.path().to_owned(), values, ..FormOutcome::default() }
    }

    /// The page that holds the form.
    #[must_use]
    pub fn page(&self) -> String {
        let path = self.parts.uri.path();
        page_of(path).unwrap_or_else(|| path.to_owned())
    }

    /// Goes on to the page that comes next, or answers with the form's page again and what is wrong.
    pub async fn answer(self, next: Result<String, Error>) -> Response {
        match next {
            Ok(next) => see_other(&next),
            Err(error) => {
                let page = self.page();
                self.refuse(&page, error).await
            }
        }
    }

    /// Answers with a page again, and what is wrong.
    pub async fn refuse(self, page: &str, error: Error) -> Response {
        let mut outcome = self.outcome();
        let retry = match &error {
            Error::Refused(Refusal::RateLimited { retry_after_seconds }) => Some(*retry_after_seconds),
            _ => None,
        };
        let code = match error {
            Error::Refused(Refusal::Unauthenticated) => return Redirect::to("/sign-in").into_response(),
            Error::Refused(Refusal::Invalid { fields } | Refusal::Unprocessable { fields }) => {
                outcome.errors = fields;
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Error::Refused(refusal) => {
                outcome.errors = vec![about_the_form(&refusal)];
                outcome.notice = Some(refusal.code().to_owned());
                StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
            }
            Error::Internal(cause) => {
                tracing::error!(%cause, path = outcome.path, "a form failed inside");
                outcome.errors = vec![about_the_form(&Refusal::Unavailable)];
                outcome.notice = Some(Refusal::Unavailable.code().to_owned());
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        let mut answer = self.show(page, outcome, code).await;
        if let Some(retry) = retry {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry));
        }
        answer
    }

    /// Answers with a page and an outcome: for what is shown exactly once.
    pub async fn show(self, page: &str, outcome: FormOutcome, code: StatusCode) -> Response {
        pages::show_again(&self.state, self.parts, page, outcome, code).await
    }
}

fn about_the_form(refusal: &Refusal) -> FieldError {
    FieldError::new("", Problem::NotAllowed, refusal.to_string())
}
