//! Rate limits by account, session and address, and wrong keys by address.
//!
//! They count requests of the running minute, on this node. A key's own limit ([`by_key`]) holds across nodes. These
//! are wider, so that nobody gets past it with many keys, a page's script without any, or guesses; each node counts for
//! itself.

pub mod by_key;
mod windows;

use std::net::IpAddr;

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use wallet::error::Refusal;
use wallet::id::{AccountId, ServiceKeyId};

use crate::config::Web;
use crate::rate_limit::windows::{Counted, SharedWindows, minute_of, seconds_left};

/// A page has so many files at most, so an address reads so many times as many of them as pages.
const FILES: u32 = 10;
/// A platform speaks for many customers: it may name so many times as many wrong keys as an address may send.
const PLATFORM: u32 = 100;

/// Whose requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// All keys of an account, and what its people ask for that counts as calls.
    Account(AccountId),
    /// A signed-in browser, by its session's token.
    Session([u8; 16]),
    /// Pages and forms of one address.
    Address(IpAddr),
    /// Files of the site that one address reads.
    Files(IpAddr),
    /// Calls of one address with a wrong key, or none.
    WrongKeys(IpAddr),
    /// Calls of a service key on behalf of customers' keys that are wrong.
    WrongKeysFor(ServiceKeyId),
}

/// So many reads and writes within a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    reads: u32,
    writes: u32,
}

/// Counts the requests of subjects.
#[derive(Debug)]
pub struct SubjectRates {
    account: Limit,
    session: Limit,
    address: Limit,
    wrong_keys: u32,
    /// By subject, for reads and writes.
    windows: SharedWindows<(Subject, bool), u32>,
}

/// What is said to one request too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// After how many seconds the next window begins.
    pub reset_seconds: u32,
}

impl SubjectRates {
    /// Reads the limits from the settings. An account's is at least that of one of its keys.
    #[must_use]
    pub fn new(web: &Web) -> Self {
        Self {
            account: Limit {
                reads: web.rate_account_reads.max(web.rate_reads),
                writes: web.rate_account_writes.max(web.rate_writes),
            },
            session: Limit { reads: web.rate_session_reads, writes: web.rate_session_writes },
            address: Limit { reads: web.rate_address_reads, writes: web.rate_address_writes },
            wrong_keys: web.rate_wrong_keys,
            windows: SharedWindows::default(),
        }
    }

    const fn limit(&self, subject: Subject, is_write: bool) -> u32 {
        let limit = match subject {
            Subject::Account(_) => self.account,
            Subject::Session(_) => self.session,
            Subject::Address(_) => self.address,
            Subject::Files(_) => return self.address.reads.saturating_mul(FILES),
            Subject::WrongKeys(_) => return self.wrong_keys,
            Subject::WrongKeysFor(_) => return self.wrong_keys.saturating_mul(PLATFORM),
        };
        if is_write { limit.writes } else { limit.reads }
    }

    /// Counts a request; an error where there are too many.
    pub fn count(&self, subject: Subject, is_write: bool) -> Result<(), TooMany> {
        self.add(subject, is_write, Counted::Request, Utc::now().timestamp())
    }

    /// Counts the writes of a request beyond the one that it is; where these are too many, none of them.
    pub fn count_more(&self, subject: Subject, writes: u32) -> Result<(), TooMany> {
        self.add(subject, true, Counted::More(writes), Utc::now().timestamp())
    }

    fn add(&self, subject: Subject, is_write: bool, counted: Counted, now: i64) -> Result<(), TooMany> {
        let limit = self.limit(subject, is_write);
        let mut windows = self.windows.lock();
        let over = counted.add(windows.open((subject, is_write), minute_of(now)), 0, limit);
        if over { Err(TooMany { reset_seconds: seconds_left(now) }) } else { Ok(()) }
    }

    /// Takes back what was counted in this minute for something that was not done after all.
    pub fn give_back(&self, subject: Subject, is_write: bool, count: u32) {
        self.take_back(subject, is_write, count, Utc::now().timestamp());
    }

    fn take_back(&self, subject: Subject, is_write: bool, count: u32, now: i64) {
        if let Some(used) = self.windows.lock().running(&(subject, is_write), minute_of(now)) {
            *used = used.saturating_sub(count);
        }
    }
}

impl From<TooMany> for Refusal {
    fn from(many: TooMany) -> Self {
        Self::RateLimited { retry_after_seconds: many.reset_seconds }
    }
}

impl IntoResponse for TooMany {
    /// Says nothing itself: the answer gets the words of its status, in the reader's language.
    fn into_response(self) -> Response {
        let after = [(header::RETRY_AFTER, HeaderValue::from(self.reset_seconds))];
        (StatusCode::TOO_MANY_REQUESTS, after).into_response()
    }
}

/// Says whether a request may change something.
#[must_use]
pub const fn is_write(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 1_790_000_040;

    fn rates() -> SubjectRates {
        SubjectRates {
            account: Limit { reads: 3, writes: 2 },
            session: Limit { reads: 2, writes: 1 },
            address: Limit { reads: 5, writes: 4 },
            wrong_keys: 2,
            windows: SharedWindows::default(),
        }
    }

    #[test]
    fn each_subject_has_windows_of_its_own() {
        let rates = rates();
        let (account, other) = (Subject::Account(AccountId::new()), Subject::Account(AccountId::new()));
        let read = |subject, at| rates.add(subject, false, Counted::Request, at);
        for _ in 0..3 {
            assert_eq!(read(account, MINUTE), Ok(()));
        }
        assert_eq!(read(account, MINUTE + 20), Err(TooMany { reset_seconds: 40 }));
        assert_eq!(read(other, MINUTE + 20), Ok(()));
        assert_eq!(rates.add(account, true, Counted::Request, MINUTE + 20), Ok(()), "writes are counted apart");
        assert_eq!(read(account, MINUTE + 60), Ok(()), "a new minute");
        let session = Subject::Session([7; 16]);
        assert_eq!(rates.add(session, true, Counted::Request, MINUTE), Ok(()));
        assert!(rates.add(session, true, Counted::Request, MINUTE).is_err());
    }

    #[test]
    fn many_in_one_request_count_as_many_or_not_at_all() {
        let rates = rates();
        let account = Subject::Account(AccountId::new());
        assert!(rates.add(account, true, Counted::More(3), MINUTE).is_err());
        assert_eq!(
            rates.add(account, true, Counted::More(2), MINUTE),
            Ok(()),
            "what was refused as a whole took nothing"
        );
        assert!(rates.add(account, true, Counted::Request, MINUTE).is_err());
        rates.take_back(account, true, 2, MINUTE);
        assert_eq!(rates.add(account, true, Counted::Request, MINUTE), Ok(()));
        rates.take_back(account, true, 2, MINUTE + 60);
        assert!(rates.add(account, true, Counted::Request, MINUTE).is_err(), "another minute's");
    }

    #[test]
    fn wrong_keys_are_counted_by_address_and_a_platform_names_many() {
        let rates = rates();
        let [one, other] = [1, 2].map(|last| Subject::WrongKeys(IpAddr::from([192, 0, 2, last])));
        let add = |subject, at| rates.add(subject, false, Counted::Request, at).is_ok();
        assert_eq!([add(one, MINUTE), add(one, MINUTE), add(one, MINUTE)], [true, true, false]);
        assert!(add(other, MINUTE) && add(one, MINUTE + 60));
        let platform = Subject::WrongKeysFor(ServiceKeyId::new());
        assert_eq!((0..201).filter(|_| add(platform, MINUTE)).count(), 200);
    }
}
