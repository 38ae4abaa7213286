//! Who may have how many messages under way: a share for each endpoint, account and host, and few places for the slow.
//!
//! A message holds a place until its endpoint answers or its time is over. Whoever has an endpoint that hangs holds the
//! places of its share and no more, and once it is known as slow, all such endpoints together hold a part of the places.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::id::AccountId;

/// Messages under way at once on one node.
pub const PLACES: usize = 128;
/// Of one endpoint.
const OF_ENDPOINT: usize = 4;
/// Of an endpoint whose last try took long.
const OF_SLOW_ENDPOINT: usize = 1;
/// Of all endpoints of one account.
const OF_ACCOUNT: usize = 8;
/// To one host, whosever endpoints they are.
const OF_HOST: usize = 16;
/// Of all endpoints together whose last try took long.
const OF_SLOW: usize = 16;
/// A try that takes so many milliseconds makes an endpoint slow.
pub const SLOW_MILLIS: u32 = 2_000;

/// Whose place a message takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The endpoint.
    pub endpoint: Uuid,
    /// Whose it is.
    pub account: AccountId,
    /// The machine that it is on.
    pub host: String,
    /// Whether its last try took long.
    pub is_slow: bool,
}

/// The messages that are under way on this node.
#[derive(Clone, Debug, Default)]
pub struct UnderWay {
    endpoints: BTreeMap<Uuid, usize>,
    accounts: BTreeMap<AccountId, usize>,
    hosts: BTreeMap<String, usize>,
    slow: usize,
    all: usize,
}

impl UnderWay {
    /// Counts a message in; `false`, and nothing is counted, where a share is used up.
    pub fn begin(&mut self, claim: &Claim) -> bool {
        let count = |known: Option<&usize>| known.copied().unwrap_or(0);
        let of_endpoint = if claim.is_slow { OF_SLOW_ENDPOINT } else { OF_ENDPOINT };
        let fits = self.all < PLACES
            && count(self.endpoints.get(&claim.endpoint)) < of_endpoint
            && count(self.accounts.get(&claim.account)) < OF_ACCOUNT
            && count(self.hosts.get(&claim.host)) < OF_HOST
            && !(claim.is_slow && self.slow >= OF_SLOW);
        if fits {
            add(&mut self.endpoints, &claim.endpoint);
            add(&mut self.accounts, &claim.account);
            add(&mut self.hosts, &claim.host);
            self.slow = self.slow.saturating_add(usize::from(claim.is_slow));
            self.all = self.all.saturating_add(1);
        }
        fits
    }

    /// Counts a message out.
    pub fn end(&mut self, claim: &Claim) {
        take(&mut self.endpoints, &claim.endpoint);
        take(&mut self.accounts, &claim.account);
        take(&mut self.hosts, &claim.host);
        self.slow = self.slow.saturating_sub(usize::from(claim.is_slow));
        self.all = self.all.saturating_sub(1);
    }

    /// Counts the free places.
    #[must_use]
    pub fn free(&self) -> usize {
        PLACES.saturating_sub(self.all)
    }

    /// Says whether no slow endpoint may begin.
    #[must_use]
    pub fn is_slow_full(&self) -> bool {
        self.slow >= OF_SLOW
    }

    /// Lists the endpoints that have their share: a slow one has it with one message.
    #[must_use]
    pub fn full_endpoints(&self) -> Vec<Uuid> {
        full(&self.endpoints, OF_ENDPOINT)
    }

    /// Lists the endpoints that have a message under way.
    #[must_use]
    pub fn busy_endpoints(&self) -> Vec<Uuid> {
        full(&self.endpoints, 1)
    }

    /// Lists the accounts that have their share.
    #[must_use]
    pub fn full_accounts(&self) -> Vec<AccountId> {
        full(&self.accounts, OF_ACCOUNT)
    }

    /// Lists the hosts that have their share.
    #[must_use]
    pub fn full_hosts(&self) -> Vec<String> {
        full(&self.hosts, OF_HOST)
    }
}

fn add<K: Ord + Clone>(counts: &mut BTreeMap<K, usize>, key: &K) {
    let count = counts.entry(key.clone()).or_default();
    *count = count.saturating_add(1);
}

fn take<K: Ord>(counts: &mut BTreeMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

fn full<K: Clone>(counts: &BTreeMap<K, usize>, most: usize) -> Vec<K> {
    counts.iter().filter(|(_, count)| **count >= most).map(|(key, _)| key.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(account: AccountId, host: &str, is_slow: bool) -> Claim {
        Claim { endpoint: Uuid::now_v7(), account, host: host.to_owned(), is_slow }
    }

    /// How many of an account's messages begin, each for an endpoint and a host of its own.
    fn begin(under_way: &mut UnderWay, account: AccountId, count: usize, is_slow: bool) -> usize {
        (0..count).filter(|number| under_way.begin(&claim(account, &format!("{account}-{number}"), is_slow))).count()
    }

    #[test]
    fn four_hostile_accounts_leave_most_places_to_others() {
        let mut under_way = UnderWay::default();
        for _ in 0..4 {
            assert_eq!(begin(&mut under_way, AccountId::new(), 100, false), OF_ACCOUNT);
        }
        assert_eq!(under_way.free(), PLACES - 4 * OF_ACCOUNT);
        assert_eq!(under_way.full_accounts().len(), 4);
        assert_eq!(begin(&mut under_way, AccountId::new(), 1, false), 1);
    }

    #[test]
    fn slow_endpoints_of_all_accounts_share_few_places() {
        let mut under_way = UnderWay::default();
        let begun: usize = (0..100).map(|_| begin(&mut under_way, AccountId::new(), 10, true)).sum();
        assert_eq!(begun, OF_SLOW);
        assert!(under_way.is_slow_full());
        assert_eq!(begin(&mut under_way, AccountId::new(), 1, false), 1, "a quick one is not behind them");
    }

    #[test]
    fn a_slow_endpoint_has_one_message_under_way_and_a_quick_one_several() {
        for (is_slow, most) in [(true, OF_SLOW_ENDPOINT), (false, OF_ENDPOINT)] {
            let mut under_way = UnderWay::default();
            let one = claim(AccountId::new(), "a", is_slow);
            let begun = (0..10).filter(|_| under_way.begin(&one)).count();
            assert_eq!(begun, most);
            under_way.end(&one);
            assert!(under_way.begin(&one), "a place is given back");
        }
    }

    #[test]
    fn a_host_has_its_share_whosever_endpoints_they_are() {
        let mut under_way = UnderWay::default();
        let claims: Vec<Claim> = (0..40).map(|_| claim(AccountId::new(), "hooks.example", false)).collect();
        let begun: Vec<&Claim> = claims.iter().filter(|claim| under_way.begin(claim)).collect();
        assert_eq!((begun.len(), under_way.full_hosts()), (OF_HOST, vec!["hooks.example".to_owned()]));
        for claim in begun {
            under_way.end(claim);
        }
        assert_eq!(under_way.free(), PLACES);
        assert!(under_way.busy_endpoints().is_empty() && under_way.accounts.is_empty() && under_way.hosts.is_empty());
    }
}
