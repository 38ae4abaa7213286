//! Edits of a draft: prices, whole operations, files, and taking the last edit back. For the platform's admins.

use axum::extract::{Path, State};
use axum::response::Response;
use wallet::catalog::{OperationForm, PriceFormat};
use wallet::error::{Error, Problem, Refusal};

use super::admin::{admin, revision};
use super::post::{Post, see_other};
use crate::state::AppState;

/// The most operations that an address names.
const CLASHES_SHOWN: usize = 50;

/// Writes a code for an address.
fn encoded(code: &str) -> String {
    form_urlencoded::byte_serialize(code.as_bytes()).collect()
}

/// Changes the prices of one operation of a draft.
pub async fn change_price(State(state): State<AppState>, Path(n): Path<i32>, form: Post) -> Response {
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
        // A grid of prices is edited on a page of its own.
        Err(error) if !form.field("price.1").is_empty() => form.refuse(&format!("{page}?edit={edited}"), error).await,
        Err(error) => form.refuse(&page, error).await,
    }
}

/// Adds an operation to a draft, or replaces one with its words, its plan and its rule.
pub async fn put_operation(State(state): State<AppState>, Path(n): Path<i32>, form: Post) -> Response {
    let text = |name: &str| form.field(name).trim().to_owned();
    let typed = OperationForm {
        operation: text("operation"),
        name: text("name"),
        category: text("category"),
        unit: text("unit"),
        supplier: text("supplier"),
        minimum_plan: text("minimum_plan"),
        kind: text("kind"),
        // Browsers send line ends of their own.
        rule: form.field("rule").replace("\r\n", "\n"),
    };
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
    match put.await {
        Ok(_) => see_other(&format!("/admin/tariffs/{n}#op-{operation}")),
        Err(error) => form.refuse(&format!("/admin/tariffs/{n}/operations"), error).await,
    }
}

/// Removes an operation from a draft.
pub async fn remove_operation(State(state): State<AppState>, Path(n): Path<i32>, form: Post) -> Response {
    let removed = async {
        let (actor, revision) = (admin(&form)?, revision(&form)?);
        state.wallet.tariffs().remove(&actor, n, revision, form.field("operation")).await
    };
    let page = format!("/admin/tariffs/{n}");
    match removed.await {
        Ok(_) => see_other(&format!("{page}#op-{}", encoded(form.field("operation")))),
        Err(error) => form.refuse(&page, error).await,
    }
}

/// Takes a file of prices into a draft: uploaded, or pasted.
pub async fn import(State(state): State<AppState>, Path(n): Path<i32>, mut form: Post) -> Response {
    form.take_file("upload", "file");
    let imported = async {
        let (actor, revision) = (admin(&form)?, revision(&form)?);
        let text = form.field("file");
        if text.trim().is_empty() {
            let message = "Choose a file, or paste its text.";
            return Err(Error::from(Refusal::invalid("file", Problem::Required, message)));
        }
        let format = if is_toml(text) { PriceFormat::Toml } else { PriceFormat::Csv };
        state.wallet.catalog().import_prices(&actor, n, revision, format, text).await
    };
    match imported.await {
        Ok(_) => see_other(&format!("/admin/tariffs/{n}?show=changed")),
        Err(error) => form.refuse(&format!("/admin/tariffs/{n}/import"), error).await,
    }
}

/// Tells the two forms apart: a price list in TOML has tables, a sheet never does.
fn is_toml(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with("[[operation"))
}

/// Throws a draft away.
pub async fn discard(State(state): State<AppState>, Path(n): Path<i32>, form: Post) -> Response {
    let discarded = async { state.wallet.tariffs().discard(&admin(&form)?, n, revision(&form)?).await };
    match discarded.await {
        Ok(()) => see_other("/admin/tariffs"),
        Err(error) => form.refuse(&format!("/admin/tariffs/{n}"), error).await,
    }
}

/// Takes the last edit of a draft back.
pub async fn undo(State(state): State<AppState>, Path(n): Path<i32>, form: Post) -> Response {
    let undone = async { state.wallet.tariffs().undo(&admin(&form)?, n, revision(&form)?).await };
    let page = format!("/admin/tariffs/{n}");
    match undone.await {
        Ok(_) => see_other(&page),
        Err(error) => form.refuse(&page, error).await,
    }
}

/// Brings a draft up to date with what was published since it was begun; what both have changed is named.
pub async fn rebase(State(state): State<AppState>, Path(n): Path<i32>, form: Post) -> Response {
    let rebased = async { state.wallet.tariffs().rebase(&admin(&form)?, n, revision(&form)?).await };
    let page = format!("/admin/tariffs/{n}");
    match rebased.await {
        Ok((_, clashes)) if clashes.is_empty() => see_other(&format!("{page}?show=changed")),
        Ok((_, clashes)) => {
            let clashes = clashes.iter().take(CLASHES_SHOWN).map(|code| encoded(code)).collect::<Vec<_>>().join(",");
            see_other(&format!("{page}?show=changed&clash={clashes}"))
        }
        Err(error) => form.refuse(&page, error).await,
    }
}
