//! Payments and refunds whose names never reached us, found by our own ids in the shop's lists.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use uuid::Uuid;
use wallet::id::{PaymentId, RefundId};

use super::api::{Answer, Api};
use super::wire::{ListObject, ORDER, PaymentObject, REFUND, RefundObject};

/// The most objects that YooKassa puts on a page.
pub const PAGE_MAX: u32 = 100;
/// How many pages one search reads: four thousand payments around an order.
const PAGES_MAX: u32 = 40;
/// YooKassa knows a key for a day; from here on a call is not repeated, since it could be another payment.
const KEY_KEPT: TimeDelta = TimeDelta::hours(23);
/// How far YooKassa's clock and ours may lie apart.
const SKEW: TimeDelta = TimeDelta::minutes(10);
/// Most payments are made soon after their order, so that this part of the day is read first.
const SOON: TimeDelta = TimeDelta::minutes(30);
/// A payment is made while its key is kept, and never later.
const DAY: TimeDelta = TimeDelta::hours(24);

/// Says whether a call about one of our ids may be made, or made again: YooKassa still knows whether it was. An id
/// tells when it was made (UUIDv7, of this machine's clock); one that does not is taken for old.
#[must_use]
pub fn may_repeat(id: Uuid, now: DateTime<Utc>) -> bool {
    made_at(id).is_some_and(|made| now < made + KEY_KEPT)
}

fn made_at(id: Uuid) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}

/// Finds the payment of an order among those made on its day. `shift` is how far the wallet's clock was moved ahead of
/// this machine's, for demos and tests.
pub async fn payment_of(api: &Api, order: PaymentId, shift: TimeDelta) -> Answer<PaymentObject> {
    let Some(made) = made_at(order.uuid()) else { return Answer::Missing };
    for (from, to) in windows(made, Utc::now(), shift) {
        let query = [("created_at.gte", written(from)), ("created_at.lt", written(to))];
        let is_it = |payment: &PaymentObject| payment.metadata.id(ORDER) == Some(order);
        match first(api, "payments", &query, is_it).await {
            Answer::Missing => {}
            answer => return answer,
        }
    }
    Answer::Missing
}

/// Finds one of our refunds of a payment.
pub async fn refund_of(api: &Api, payment: &str, refund: RefundId) -> Answer<RefundObject> {
    let query = [("payment_id", payment.to_owned())];
    first(api, "refunds", &query, |found: &RefundObject| found.metadata.id(REFUND) == Some(refund)).await
}

/// Lists the refunds of a payment.
pub async fn refunds_of(api: &Api, payment: &str) -> Answer<Vec<RefundObject>> {
    let query = [("payment_id", payment.to_owned())];
    let mut all = Vec::new();
    // Nothing fits, so that every page is read.
    let seen = first(api, "refunds", &query, |found: &RefundObject| {
        all.push(found.clone());
        false
    });
    match seen.await {
        Answer::Done(_) | Answer::Missing => Answer::Done(all),
        Answer::Refused(fault) => Answer::Refused(fault),
        Answer::Unknown(detail) => Answer::Unknown(detail),
    }
}

/// Reads a list until something fits. That there is nothing is said only after the last page.
async fn first<T: DeserializeOwned>(
    api: &Api,
    list: &str,
    filter: &[(&str, String)],
    mut fits: impl FnMut(&T) -> bool,
) -> Answer<T> {
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let mut query = filter.to_vec();
        query.push(("limit", PAGE_MAX.to_string()));
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        let page: ListObject<T> = match api.get(&[list], &query).await {
            Answer::Done(page) => page,
            // A list is there; what else it may mean is not known.
            Answer::Missing => return Answer::Unknown("the list is missing".to_owned()),
            Answer::Refused(_) => return Answer::Unknown("the list was refused".to_owned()),
            Answer::Unknown(detail) => return Answer::Unknown(detail),
        };
        if let Some(found) = page.items.into_iter().find(&mut fits) {
            return Answer::Done(found);
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Answer::Missing;
        }
    }
    Answer::Unknown("too many payments to look through".to_owned())
}

/// Cuts the time in which a payment may have been made: soon after the order, then the rest up to now.
fn windows(made: DateTime<Utc>, now: DateTime<Utc>, shift: TimeDelta) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let shift = if shift > SKEW { shift } else { TimeDelta::zero() };
    let end = (made + DAY + shift).min(now + SKEW + shift);
    let soon = (made + SOON).min(end);
    [(made - SKEW, soon), (soon, end)].into_iter().filter(|(from, to)| from < to).collect()
}

/// Writes a moment as YooKassa's filters take it.
#[must_use]
pub fn written(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + hour * 3600, 0).expect("an instant")
    }

    fn id_of(moment: DateTime<Utc>) -> Uuid {
        let seconds = u64::try_from(moment.timestamp()).expect("after 1970");
        Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, 0))
    }

    #[test]
    fn nothing_is_charged_under_a_key_that_yookassa_may_have_forgotten() {
        let id = id_of(at(0));
        assert_eq!(made_at(id), Some(at(0)));
        assert!(may_repeat(id, at(0)) && may_repeat(id, at(22)));
        assert!(!may_repeat(id, at(23)) && !may_repeat(id, at(48)));
        assert!(!may_repeat(Uuid::nil(), at(0)), "it tells no time");
    }

    #[test]
    fn all_of_the_day_is_searched_without_a_gap_and_nothing_else() {
        let day = windows(at(0), at(72), TimeDelta::zero());
        assert_eq!(day, [(at(0) - SKEW, at(0) + SOON), (at(0) + SOON, at(24))]);
        let young = windows(at(0), at(0) + TimeDelta::minutes(5), TimeDelta::seconds(-3));
        assert_eq!(young, [(at(0) - SKEW, at(0) + TimeDelta::minutes(15))]);
        let moved = windows(at(0), at(1), TimeDelta::days(30));
        assert_eq!(moved.last().map(|(_, to)| *to), Some(at(1) + SKEW + TimeDelta::days(30)));
        assert_eq!(written(at(0)), "2026-09-21T14:13:20.000Z");
    }
}
