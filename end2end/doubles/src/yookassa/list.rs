//! Lists: filters, and pages by cursor from the newest to the oldest.

use chrono::DateTime;
use serde_json::{Value, json};

use super::error::{ApiError, Result};
use super::payment::{Payment, Status, Time};
use super::refund::{Refund, RefundStatus};
use super::shop::Shop;

const LIMIT: usize = 10;
const LIMIT_MAX: usize = 100;

/// What a list is asked for; each filter as YooKassa names it.
#[derive(Debug, Default)]
struct Asked {
    created: Vec<(Bound, Time)>,
    captured: Vec<(Bound, Time)>,
    status: Option<String>,
    payment: Option<String>,
    method: Option<String>,
    limit: usize,
    cursor: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Bound {
    AtOrAfter,
    After,
    AtOrBefore,
    Before,
}

impl Bound {
    fn named(name: &str) -> Option<Self> {
        match name {
            "gte" => Some(Self::AtOrAfter),
            "gt" => Some(Self::After),
            "lte" => Some(Self::AtOrBefore),
            "lt" => Some(Self::Before),
            _ => None,
        }
    }

    fn holds(self, time: Time, bound: Time) -> bool {
        match self {
            Self::AtOrAfter => time >= bound,
            Self::After => time > bound,
            Self::AtOrBefore => time <= bound,
            Self::Before => time < bound,
        }
    }
}

impl Shop {
    /// `GET /payments`
    pub(super) fn list_payments(&self, query: &[(String, String)]) -> Result<Value> {
        let asked = read(query, &["captured_at", "payment_method"])?;
        let status = asked.status.as_deref().map(|name| Status::named(name).ok_or_else(|| unknown("status", name)));
        let status = status.transpose()?;
        let fits = |payment: &Payment| {
            within(&asked.created, Some(payment.created_at))
                && within(&asked.captured, payment.captured_at)
                && status.is_none_or(|status| status == payment.status)
                && asked.method.as_deref().is_none_or(|method| Some(method) == kind(payment))
        };
        let all = self.payments.iter().map(|payment| (payment.created_at, &payment.id, payment));
        page(all, fits, &asked, |payment| payment.json(&self.id))
    }

    /// `GET /refunds`
    pub(super) fn list_refunds(&self, query: &[(String, String)]) -> Result<Value> {
        let asked = read(query, &["payment_id"])?;
        let named = |name| RefundStatus::named(name).ok_or_else(|| unknown("status", name));
        let status = asked.status.as_deref().map(named).transpose()?;
        let fits = |refund: &Refund| {
            within(&asked.created, Some(refund.created_at))
                && status.is_none_or(|status| status == refund.status)
                && asked.payment.as_deref().is_none_or(|payment| payment == refund.payment)
        };
        page(self.refunds.iter().map(|refund| (refund.created_at, &refund.id, refund)), fits, &asked, Refund::json)
    }
}

fn kind(payment: &Payment) -> Option<&'static str> {
    let paid = payment.paid_with.as_ref().map(|with| with.instrument.kind());
    paid.or(payment.kind).map(|kind| kind.name())
}

fn within(bounds: &[(Bound, Time)], time: Option<Time>) -> bool {
    bounds.iter().all(|(bound, at)| time.is_some_and(|time| bound.holds(time, *at)))
}

fn unknown(parameter: &str, value: &str) -> ApiError {
    ApiError::invalid(parameter, format!("Unknown {parameter}: {value}"))
}

/// Reads the query; what this list does not know is refused.
fn read(query: &[(String, String)], besides: &[&str]) -> Result<Asked> {
    let mut asked = Asked { limit: LIMIT, ..Asked::default() };
    for (name, value) in query {
        let (field, bound) = name.split_once('.').unwrap_or((name, ""));
        let known = matches!(field, "created_at" | "status" | "limit" | "cursor") || besides.contains(&field);
        match (field, Bound::named(bound)) {
            _ if !known => return Err(ApiError::invalid(name, format!("Unknown parameter {name}"))),
            ("created_at", Some(bound)) => asked.created.push((bound, time(name, value)?)),
            ("captured_at", Some(bound)) => asked.captured.push((bound, time(name, value)?)),
            ("status", None) if bound.is_empty() => asked.status = Some(value.clone()),
            ("payment_id", None) if bound.is_empty() => asked.payment = Some(value.clone()),
            ("payment_method", None) if bound.is_empty() => asked.method = Some(value.clone()),
            ("cursor", None) if bound.is_empty() => asked.cursor = Some(value.clone()),
            ("limit", None) if bound.is_empty() => {
                let limit = value.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
                asked.limit = limit
                    .ok_or_else(|| ApiError::invalid("limit", format!("limit must be between 1 and {LIMIT_MAX}")))?;
            }
            _ => return Err(ApiError::invalid(name, format!("Unknown parameter {name}"))),
        }
    }
    Ok(asked)
}

fn time(name: &str, value: &str) -> Result<Time> {
    let read = DateTime::parse_from_rfc3339(value).map(|time| time.to_utc());
    read.map_err(|_| ApiError::invalid(name, format!("{name} must be a time like 2026-11-30T00:00:00.000Z")))
}

/// One page, and the cursor of the next: the id of the last object on this one.
///
/// `all` is in the order of making; an object keeps its place when it no longer fits.
fn page<'a, T: 'a>(
    all: impl Iterator<Item = (Time, &'a String, &'a T)>,
    fits: impl Fn(&T) -> bool,
    asked: &Asked,
    json: impl Fn(&T) -> Value,
) -> Result<Value> {
    let mut all: Vec<_> = all.enumerate().map(|(place, (at, id, object))| (at, place, id, object)).collect();
    all.sort_by_key(|(at, place, ..)| std::cmp::Reverse((*at, *place)));
    let begin = match &asked.cursor {
        None => 0,
        Some(cursor) => {
            let last = all.iter().position(|(_, _, id, _)| *id == cursor);
            last.map(|last| last + 1).ok_or_else(|| ApiError::invalid("cursor", "Illegal cursor"))?
        }
    };
    let mut rest = all.into_iter().skip(begin).filter(|(.., object)| fits(object));
    let here: Vec<_> = rest.by_ref().take(asked.limit).collect();
    let mut list = json!({"type": "list", "items": here.iter().map(|(.., object)| json(object)).collect::<Vec<_>>()});
    if let Some((_, _, id, _)) = here.last().filter(|_| rest.next().is_some()) {
        list["next_cursor"] = json!(id);
    }
    Ok(list)
}
