//! All payments as CSV, with the filters of the page: streamed part by part, safe to open in a spreadsheet.

use std::sync::Arc;

use app::context::Viewer;
use app::data::console::{PaymentsQuery, filter};
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::{Stream, TryStreamExt, stream};
use wallet::Wallet;
use wallet::error::Error;
use wallet::id::{AccountId, PaymentId};
use wallet::payment::{PaymentFilter, StaffPayment};

use crate::api::{BOM, csv_text, harmless};
use crate::json;
use crate::state::AppState;

const COLUMNS: [&str; 18] = [
    "id",
    "created_at",
    "updated_at",
    "status",
    "failure",
    "account",
    "customer",
    "email",
    "item",
    "plan",
    "interval",
    "credits",
    "amount",
    "tax",
    "currency",
    "provider",
    "reference",
    "method",
];

/// Gives the file, to staff who may see all payments.
pub async fn file(
    State(state): State<AppState>,
    viewer: Option<Extension<Viewer>>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(Extension(viewer)) = viewer.filter(|viewer| viewer.may_review_payments()) else {
        return super::missing();
    };
    let query: PaymentsQuery = match json::from_query(query.as_deref().unwrap_or_default()) {
        Ok(query) => query,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{}: {}", error.field, error.message)).into_response(),
    };
    let wanted = filter::of(&query, state.wallet.clock().now().date_naive());
    let rows = rows(state.wallet.clone(), viewer.account, wanted);
    super::csv_file("payments.csv", "text/csv; charset=utf-8", Body::from_stream(rows))
}

/// Where a stream of parts stands.
enum Next {
    Head,
    Part(Option<PaymentId>),
    End,
}

fn rows(wallet: Wallet, asks: AccountId, wanted: PaymentFilter) -> impl Stream<Item = Result<Bytes, Error>> {
    let wanted = Arc::new(wanted);
    stream::try_unfold(Next::Head, move |next| {
        let (wallet, wanted) = (wallet.clone(), Arc::clone(&wanted));
        async move {
            let before = match next {
                Next::Head => {
                    let head = csv_text(std::iter::once(COLUMNS.map(str::to_owned)))?;
                    return Ok(Some(([BOM.as_bytes(), &head].concat().into(), Next::Part(None))));
                }
                Next::Part(before) => before,
                Next::End => return Ok(None),
            };
            let part = wallet.payments().staff_file_part(asks, &wanted, before).await?;
            let next = part.next.map_or(Next::End, |next| Next::Part(Some(next)));
            Ok(Some((csv_text(part.payments.iter().map(row))?, next)))
        }
    })
    .inspect_err(|error: &Error| tracing::error!(%error, "a file of payments ended early"))
}

fn row(payment: &StaffPayment) -> [String; 18] {
    let some = |text: Option<&str>| harmless(text.unwrap_or_default());
    let plan = payment.plan.as_ref();
    let tax = wallet::money::Money::from_minor(payment.tax_minor, payment.money.currency());
    [
        payment.id.to_string(),
        payment.created_at.to_rfc3339(),
        payment.updated_at.to_rfc3339(),
        payment.status.code().to_owned(),
        some(payment.failure.as_deref()),
        payment.account.to_string(),
        harmless(&payment.account_name),
        harmless(&payment.email),
        harmless(&payment.title),
        some(plan.map(|plan| plan.plan.as_str())),
        some(plan.map(|plan| plan.interval.code())),
        payment.credits.to_string(),
        figure(payment.money),
        figure(tax),
        payment.money.currency().code().to_owned(),
        harmless(&payment.provider),
        some(payment.reference.as_deref()),
        some(payment.method.as_deref()),
    ]
}

/// Writes an amount without its currency, which has a column of its own.
fn figure(money: wallet::money::Money) -> String {
    money.to_string().split(' ').next().unwrap_or_default().to_owned()
}
