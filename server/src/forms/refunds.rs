//! Refunds and disputes: a person asks and takes a request back; staff decide, and tell of disputes.

use app::text::refund::read_money;
use axum::extract::{Path, State};
use axum::response::Response;
use wallet::error::{Error, FieldError, Problem, Refusal};
use wallet::id::{DisputeId, PaymentId, RefundRequestId};
use wallet::money::{Currency, Money};
use wallet::refund::{NewRefundRequest, RefundAbout, RefundReason, RefundRequest};

use super::payments::staff;
use super::post::Post;
use crate::state::AppState;

const PAGE: &str = "/wallet/refunds/new";

/// Sends a request, once per form, and shows it.
pub async fn ask(State(state): State<AppState>, form: Post) -> Response {
    let asked = async {
        let (viewer, key) = (form.viewer()?, form.idempotency_key()?);
        state.wallet.refunds().ask(&viewer, &wanted(&form)?, key.as_str()).await
    };
    match asked.await {
        Ok(request) => form.answer(Ok(page_of(&request))).await,
        Err(error) => {
            let page = form_page(&form);
            form.refuse(&page, error).await
        }
    }
}

/// Takes a request back.
pub async fn withdraw(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let withdrawn = async { state.wallet.refunds().withdraw(&form.viewer()?, request(&id)?).await };
    let next = withdrawn.await.map(|request| page_of(&request));
    form.answer(next).await
}

/// Says yes to a request: all that the rule gives where the amount is the offered one, else the amount that was entered.
pub async fn approve(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let approved = async {
        let by = staff(&form)?;
        let amount = amount(&form)?;
        state.wallet.refunds().approve(&by, request(&id)?, amount, form.field("message")).await
    };
    let next = approved.await.map(|_| format!("{}?done=approved", form.page()));
    form.answer(next).await
}

/// Says no to a request.
pub async fn refuse(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let refused = async {
        let by = staff(&form)?;
        state.wallet.refunds().refuse(&by, request(&id)?, form.field("message")).await
    };
    let next = refused.await.map(|_| format!("{}?done=declined", form.page()));
    form.answer(next).await
}

/// Opens a dispute that the provider tells nothing of.
pub async fn open_dispute(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let opened = async {
        let by = staff(&form)?;
        let payment: PaymentId = id.parse().map_err(|_| Refusal::not_found("payment"))?;
        state.wallet.refunds().open_dispute(&by, payment, form.field("note")).await
    };
    let next = opened.await.map(|_| "/admin/disputes?done=opened".to_owned());
    form.answer(next).await
}

/// Records how a dispute ended that staff have opened.
pub async fn end_dispute(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let ended = async {
        let by = staff(&form)?;
        let id: DisputeId = id.parse().map_err(|_| Refusal::not_found("dispute"))?;
        let (is_won, done) = match form.field("result") {
            "won" => (true, "won"),
            "lost" => (false, "lost"),
            _ => return Err(Refusal::invalid("result", Problem::Required, "Choose won or lost.").into()),
        };
        if form.field("confirm") != "yes" {
            let message = "Confirm that the bank has decided.";
            return Err(Error::from(Refusal::invalid("confirm", Problem::Required, message)));
        }
        state.wallet.refunds().end_dispute(&by, id, is_won).await.map(|_| done)
    };
    let next = ended.await.map(|done| format!("/admin/disputes?done={done}"));
    form.answer(next).await
}

/// Reads what is asked for.
fn wanted(form: &Post) -> Result<NewRefundRequest, Error> {
    let about = match form.optional("row") {
        Some(row) => {
            let seq = row.parse().map_err(|_| Refusal::not_found("entry"))?;
            RefundAbout::Charge { seq }
        }
        None => {
            let payment = form.optional("payment").ok_or_else(|| {
                let message = "Choose what to refund.";
                Refusal::invalid("payment", Problem::Required, message)
            })?;
            RefundAbout::Payment { id: payment.parse().map_err(|_| Refusal::not_found("payment"))? }
        }
    };
    let reason = RefundReason::from_code(form.field("reason"))
        .ok_or_else(|| Refusal::invalid("reason", Problem::Required, "Choose a reason."))?;
    Ok(NewRefundRequest { about, reason, details: form.field("details").to_owned() })
}

/// The form's page with the same choice.
fn form_page(form: &Post) -> String {
    let named = ["row", "payment"].into_iter().find_map(|name| Some((name, form.optional(name)?)));
    let Some((name, value)) = named.filter(|(_, value)| value.len() <= 100) else { return PAGE.to_owned() };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair(name, value);
    format!("{PAGE}?{}", query.finish())
}

/// Reads the amount to refund; `None` where it is the one that the rule gives, which is worked out anew.
fn amount(form: &Post) -> Result<Option<Money>, Error> {
    let Some(currency) = form.optional("currency") else { return Ok(None) };
    let currency: Currency = currency
        .parse()
        .map_err(|_| Refusal::invalid("currency", Problem::Unknown, "The form is incomplete: load the page again."))?;
    let money =
        read_money(form.field("amount"), currency).map_err(|error| FieldError::amount("amount", error, "29.52"))?;
    let offered = form.optional("offered").and_then(|minor| minor.parse::<i64>().ok());
    Ok(Some(money).filter(|money| Some(money.minor()) != offered))
}

fn request(id: &str) -> Result<RefundRequestId, Error> {
    id.parse().map_err(|_| Refusal::not_found("refund request").into())
}

fn page_of(request: &RefundRequest) -> String {
    format!("/wallet/refunds/{}", request.id)
}
