//! Edits of a draft: prices, whole operations, files, and taking the last edit back. For the platform's admins.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use wallet::catalog::{OperationForm, PriceFormat, Warning};
use wallet::error::{Error, Problem, Refusal};
use wallet::tariff::{CELLS_MAX, RuleFields, read_price};

use super::admin::{admin, revision};
use super::post::Post;
use crate::http::redirect::see_other;
use crate::state::AppState;

/// The most oddities of a file that the next page tells.
const WARNINGS_TOLD: usize = 20;
/// The most operations that an address names.
const CLASHES_SHOWN: usize = 50;

/// Writes a code for an address.
fn encoded(code: &str) -> String {
    form_urlencoded::byte_serialize(code.as_bytes()).collect()
}

/// Changes the prices of one operation of a draft.
pub async fn change_price(State(state): State<AppState>, Path(n): Path<i32>, mut form: Post) -> Response {
    let operation = form.field("operation").to_owned();
    let changed = async {
        let actor = admin(&form)?;
        let tariffs = state.wallet.tariffs();
        let revision = revision(&form)?;
        let book = tariffs.book(n).await?;
        let tariff = book.tariff_or_refuse(&operation)?;
        let rule = tariff.rule.with_typed(|field| form.optional(field))?;
        tariffs.set_rule(&actor, n, revision, &operation, rule).await
    };
    let page = format!("/admin/tariffs/{n}");
    let edited = encoded(&operation);
    match changed.await {
        Ok(_) => see_other(&format!("{page}#op-{edited}")),
        Err(error) => {
            // A grid of prices is edited on a page of its own.
            let is_grid = !form.field("price.1").is_empty();
            if matches!(error, Error::Refused(Refusal::VersionConflict)) {
                forget_untouched(&mut form);
            }
            form.refuse(&if is_grid { format!("{page}?edit={edited}") } else { page }, error).await
        }
    }
}

/// Forgets the prices that were sent as they had been shown: after a conflict the page shows them as they are now, so
/// that the second try brings only what this person has changed.
fn forget_untouched(form: &mut Post) {
    let seen: Vec<String> = form.field("seen").split(' ').take(CELLS_MAX).map(str::to_owned).collect();
    for (place, seen) in seen.iter().enumerate() {
        let name = format!("price.{place}");
        let typed = read_price(&name, form.field(&name)).ok();
        if typed.is_some() && typed == read_price(&name, seen).ok() {
            form.forget(&name);
        }
    }
}

/// Adds an operation to a draft, or replaces one with its words, its plan and its rule.
pub async fn put_operation(State(state): State<AppState>, Path(n): Path<i32>, form: Post) -> Response {
    let typed = typed_operation(&form);
    if let Some(command) = form.optional("edit").map(str::to_owned) {
        return edit_rule(form, typed, &command).await;
    }
    let operation = encoded(&typed.operation);
    let put = async {
        let (actor, revision) = (admin(&form)?, revision(&form)?);
        let catalog = state.wallet.catalog();
        if form.field("replaces") == "yes" {
            catalog.replace_operation(&actor, n, revision, typed).await
        } else {
            catalog.add_operation(&actor, n, revision, typed).await
        }
    };
    let next = put.await.map(|_| format!("/admin/tariffs/{n}#op-{operation}"));
    form.answer(next).await
}

fn typed_operation(form: &Post) -> OperationForm {
    let text = |name: &str| form.field(name).trim().to_owned();
    let kind = text("kind");
    let sheet = (form.field("as") == "sheet").then(|| RuleFields::typed(&kind, &form.outcome().values));
    OperationForm {
        operation: text("operation"),
        name: text("name"),
        category: text("category"),
        unit: text("unit"),
        supplier: text("supplier"),
        minimum_plan: text("minimum_plan"),
        gates: form.field("gates").replace("\r\n", "\n"),
        kind,
        // Browsers send line ends of their own.
        rule: form.field("rule").replace("\r\n", "\n"),
        fields: sheet,
    }
}

/// Shows the form again with a row more or less, a grid of other options, or the rule in its other notation; nothing is
/// saved.
async fn edit_rule(form: Post, typed: OperationForm, command: &str) -> Response {
    let mut outcome = form.outcome();
    let edited = match (command, typed.fields.clone()) {
        ("as text", _) => typed.into_text(),
        ("as sheet", _) => typed.into_fields(),
        (command, Some(sheet)) => Ok(OperationForm { fields: Some(sheet.edited(command)), ..typed }),
        (_, None) => Ok(typed),
    };
    let code = match edited {
        Ok(edited) => {
            outcome.values.retain(|name, _| !RuleFields::holds(name));
            outcome.values.insert("as".to_owned(), if edited.fields.is_some() { "sheet" } else { "text" }.to_owned());
            outcome.values.insert("rule".to_owned(), edited.rule);
            outcome.values.extend(edited.fields.into_iter().flat_map(|sheet| sheet.values));
            StatusCode::OK
        }
        Err(errors) => {
            outcome.errors = errors;
            StatusCode::UNPROCESSABLE_ENTITY
        }
    };
    let page = form.page();
    form.show(&page, outcome, code).await
}

/// Removes an operation from a draft.
pub async fn remove_operation(State(state): State<AppState>, Path(n): Path<i32>, form: Post) -> Response {
    let removed = async {
        let (actor, revision) = (admin(&form)?, revision(&form)?);
        state.wallet.tariffs().remove(&actor, n, revision, form.field("operation")).await
    };
    let next = removed.await.map(|_| format!("{}#op-{}", form.page(), encoded(form.field("operation"))));
    form.answer(next).await
}

/// Takes a file of prices into a draft: uploaded, or pasted.
pub async fn import(State(state): State<AppState>, Path(n): Path<i32>, mut form: Post) -> Response {
    let taken = form.take_file("upload", "file");
    let imported = async {
        let (actor, revision) = (admin(&form)?, revision(&form)?);
        taken?;
        let text = form.field("file");
        if text.trim().is_empty() {
            let message = "Choose a file, or paste its text.";
            return Err(Error::from(Refusal::invalid("file", Problem::Required, message)));
        }
        let format = if is_toml(text, form.file_name()) { PriceFormat::Toml } else { PriceFormat::Csv };
        state.wallet.catalog().import_prices(&actor, n, revision, format, text).await
    };
    let next =
        imported.await.map(|(_, warnings)| format!("/admin/tariffs/{n}?show=changed{}", warnings_query(&warnings)));
    form.answer(next).await
}

/// Writes what was odd in a file for the page that comes next: the operations that stood in it twice.
fn warnings_query(warnings: &[Warning]) -> String {
    let doubled: Vec<&str> = warnings.iter().take(WARNINGS_TOLD).map(|warning| warning.operation.as_str()).collect();
    if doubled.is_empty() { String::new() } else { format!("&doubled={}", encoded(&doubled.join(","))) }
}

/// Tells the two forms apart: a price list in TOML has tables and values, the head of a sheet has neither. The name of
/// a file decides only where its text says nothing.
fn is_toml(text: &str, file_name: &str) -> bool {
    let lines = || text.trim_start_matches('\u{feff}').lines().map(str::trim);
    let first = lines().find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    first.starts_with('[')
        || first.contains('=')
        || lines().any(|line| line.starts_with("[[operation"))
        || file_name.to_lowercase().ends_with(".toml")
}

/// Throws a draft away.
pub async fn discard(State(state): State<AppState>, Path(n): Path<i32>, form: Post) -> Response {
    let discarded = async { state.wallet.tariffs().discard(&admin(&form)?, n, revision(&form)?).await };
    let next = discarded.await.map(|()| "/admin/tariffs".to_owned());
    form.answer(next).await
}

/// Takes the last edit of a draft back.
pub async fn undo(State(state): State<AppState>, Path(n): Path<i32>, form: Post) -> Response {
    let undone = async { state.wallet.tariffs().undo(&admin(&form)?, n, revision(&form)?).await };
    let next = undone.await.map(|_| form.page());
    form.answer(next).await
}

/// Brings a draft up to date with what was published since it was begun; what both have changed is named.
pub async fn merge(State(state): State<AppState>, Path(n): Path<i32>, form: Post) -> Response {
    let merged = async { state.wallet.tariffs().rebase(&admin(&form)?, n, revision(&form)?).await };
    let next = merged.await.map(|(_, clashes)| {
        let clashes = clashes.iter().take(CLASHES_SHOWN).map(|code| encoded(code)).collect::<Vec<_>>().join(",");
        let named = if clashes.is_empty() { String::new() } else { format!("&clash={clashes}") };
        format!("{}?show=changed{named}", form.page())
    });
    form.answer(next).await
}
