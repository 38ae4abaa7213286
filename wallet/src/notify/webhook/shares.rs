//! Limits of the messages under way, by endpoint, account and host, with few places for slow endpoints.
//!
//! A message holds a place until its endpoint answers or its time is over. Whoever has an endpoint that hangs holds the
//! places of its share and no more, and once it is known as slow, all such endpoints together hold a part of the
//! places. Of what accounts share (all places, the slow ones, those of a host) the last quarter is for accounts that
//! have nothing there, and free places go round the accounts: the one with less under way first, then the one that
//! waits for longer.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::id::AccountId;

/// Messages under way at once on one node.
pub(crate) const PLACES: usize = 128;
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
/// Of those of one account.
const OF_SLOW_ACCOUNT: usize = 2;
/// The last quarter of what many share is for accounts that have nothing there.
const RESERVE: usize = 4;
/// Accounts of which it is known when they had their last turn; older ones come before them.
const TURNS_MAX: usize = 2_000;
/// How many of them are kept where they are too many.
const TURNS_KEPT: usize = 1_000;
/// A try that takes so many milliseconds makes an endpoint slow.
pub(crate) const SLOW_MILLIS: u32 = 2_000;

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

/// The messages that are under way on this node, and whose turn it is next.
#[derive(Clone, Debug, Default)]
pub struct UnderWay {
    endpoints: BTreeMap<Uuid, usize>,
    accounts: BTreeMap<AccountId, usize>,
    slow_accounts: BTreeMap<AccountId, usize>,
    hosts: BTreeMap<String, usize>,
    /// The same by account.
    at_hosts: BTreeMap<(String, AccountId), usize>,
    slow: usize,
    all: usize,
    /// The number of an account's last turn, of its slow endpoints (`true`) and of the others.
    turns: BTreeMap<(AccountId, bool), i64>,
    turn: i64,
}

/// What an account has of the places, for choosing whose message goes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The account.
    pub account: AccountId,
    /// Whether this is about its slow endpoints, or about the others.
    pub is_slow: bool,
    /// How many messages of these are under way.
    pub under_way: usize,
    /// When it had its last turn: a number that grows; 0 where it had none.
    pub last: i64,
}

/// Says whether one more fits into what many share: the last quarter is for accounts that have nothing there.
const fn has_room(taken: usize, most: usize, own: usize) -> bool {
    if own == 0 { taken < most } else { is_open(taken, most) }
}

/// Says whether more than the reserve is left of what many share.
const fn is_open(taken: usize, most: usize) -> bool {
    taken.saturating_mul(RESERVE) < most.saturating_mul(RESERVE.saturating_sub(1))
}

impl UnderWay {
    /// Counts a message in; `false`, and nothing is counted, where a share is used up.
    pub fn begin(&mut self, claim: &Claim) -> bool {
        let of_endpoint = if claim.is_slow { OF_SLOW_ENDPOINT } else { OF_ENDPOINT };
        let of_account = count(&self.accounts, &claim.account);
        let slow_of_account = count(&self.slow_accounts, &claim.account);
        let there = (claim.host.clone(), claim.account);
        let fits_slow = slow_of_account < OF_SLOW_ACCOUNT && has_room(self.slow, OF_SLOW, slow_of_account);
        let fits = count(&self.endpoints, &claim.endpoint) < of_endpoint
            && of_account < OF_ACCOUNT
            && has_room(self.all, PLACES, of_account)
            && has_room(count(&self.hosts, &claim.host), OF_HOST, count(&self.at_hosts, &there))
            && (!claim.is_slow || fits_slow);
        if fits {
            add(&mut self.endpoints, &claim.endpoint);
            add(&mut self.accounts, &claim.account);
            add(&mut self.hosts, &claim.host);
            add(&mut self.at_hosts, &there);
            if claim.is_slow {
                add(&mut self.slow_accounts, &claim.account);
                self.slow = self.slow.saturating_add(1);
            }
            self.all = self.all.saturating_add(1);
            self.turn = self.turn.saturating_add(1);
            self.turns.insert((claim.account, claim.is_slow), self.turn);
            self.forget_old_turns();
        }
        fits
    }

    /// Counts a message out.
    pub fn end(&mut self, claim: &Claim) {
        take(&mut self.endpoints, &claim.endpoint);
        take(&mut self.accounts, &claim.account);
        take(&mut self.hosts, &claim.host);
        take(&mut self.at_hosts, &(claim.host.clone(), claim.account));
        if claim.is_slow {
            take(&mut self.slow_accounts, &claim.account);
            self.slow = self.slow.saturating_sub(1);
        }
        self.all = self.all.saturating_sub(1);
    }

    /// Forgets the older half of the turns where they are many: those accounts come first then, as they would have.
    fn forget_old_turns(&mut self) {
        if self.turns.len() > TURNS_MAX {
            let mut numbers: Vec<i64> = self.turns.values().copied().collect();
            numbers.sort_unstable_by_key(|number| std::cmp::Reverse(*number));
            let oldest = numbers.get(TURNS_KEPT).copied().unwrap_or(0);
            self.turns.retain(|_, last| *last > oldest);
        }
    }

    /// Counts the free places.
    #[must_use]
    pub fn free(&self) -> usize {
        PLACES.saturating_sub(self.all)
    }

    /// Says whether no slow endpoint may begin.
    #[must_use]
    pub(crate) fn is_slow_full(&self) -> bool {
        self.slow >= OF_SLOW
    }

    /// Lists the endpoints that have their share: a slow one has it with one message.
    #[must_use]
    pub(crate) fn full_endpoints(&self) -> Vec<Uuid> {
        full(&self.endpoints, OF_ENDPOINT)
    }

    /// Lists the endpoints that have a message under way.
    #[must_use]
    pub(crate) fn busy_endpoints(&self) -> Vec<Uuid> {
        full(&self.endpoints, 1)
    }

    /// Lists the accounts that have their share.
    #[must_use]
    pub(crate) fn full_accounts(&self) -> Vec<AccountId> {
        full(&self.accounts, if is_open(self.all, PLACES) { OF_ACCOUNT } else { 1 })
    }

    /// Lists the accounts whose slow endpoints have their share.
    #[must_use]
    pub(crate) fn full_slow_accounts(&self) -> Vec<AccountId> {
        full(&self.slow_accounts, if is_open(self.slow, OF_SLOW) { OF_SLOW_ACCOUNT } else { 1 })
    }

    /// Lists the hosts that have their share.
    #[must_use]
    pub(crate) fn full_hosts(&self) -> Vec<String> {
        full(&self.hosts, OF_HOST)
    }

    /// Lists the hosts at which only the reserve is left, with the accounts that have something there.
    #[must_use]
    pub(crate) fn full_at_hosts(&self) -> Vec<(String, AccountId)> {
        let is_full = |host: &String| !is_open(count(&self.hosts, host), OF_HOST);
        self.at_hosts.keys().filter(|(host, _)| is_full(host)).cloned().collect()
    }

    /// Lists what accounts have, and when they had their last turn: whoever has less, and waits for longer, is next.
    #[must_use]
    pub(crate) fn turns(&self) -> Vec<Turn> {
        let turn = |(&(account, is_slow), &last): (&(AccountId, bool), &i64)| {
            let slow = count(&self.slow_accounts, &account);
            let under_way = if is_slow { slow } else { count(&self.accounts, &account).saturating_sub(slow) };
            Turn { account, is_slow, under_way, last }
        };
        self.turns.iter().map(turn).collect()
    }
}

fn count<K: Ord>(counts: &BTreeMap<K, usize>, key: &K) -> usize {
    counts.get(key).copied().unwrap_or(0)
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
        assert_eq!(begun, OF_SLOW, "twelve by six accounts, and one each of four others");
        assert_eq!(under_way.full_slow_accounts().len(), 10);
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

    #[test]
    fn four_accounts_on_a_shared_host_leave_a_place_there_to_a_fifth() {
        let mut under_way = UnderWay::default();
        let hostile = [(); 4].map(|()| AccountId::new());
        let mut begun = 0;
        for _ in 0..10 {
            for account in hostile {
                begun += usize::from(under_way.begin(&claim(account, "hooks.example", false)));
            }
        }
        assert_eq!(begun, OF_HOST - OF_HOST / RESERVE, "the reserve is not theirs");
        assert_eq!(under_way.full_at_hosts().len(), 4);
        assert!(under_way.begin(&claim(AccountId::new(), "hooks.example", false)));
        assert!(under_way.begin(&claim(hostile[0], "other.example", false)), "another host");
    }

    #[test]
    fn four_accounts_whose_endpoints_are_slow_leave_places_to_a_fifth() {
        let mut under_way = UnderWay::default();
        let begun: usize = (0..4).map(|_| begin(&mut under_way, AccountId::new(), 40, true)).sum();
        assert_eq!(begun, 4 * OF_SLOW_ACCOUNT);
        assert_eq!(begin(&mut under_way, AccountId::new(), 1, true), 1);
    }

    #[test]
    fn all_places_keep_a_reserve_for_who_has_none() {
        let mut under_way = UnderWay::default();
        let begun: usize = (0..12).map(|_| begin(&mut under_way, AccountId::new(), 10, false)).sum();
        assert_eq!(begun, PLACES - PLACES / RESERVE);
        let late = AccountId::new();
        assert_eq!(begin(&mut under_way, late, 5, false), 1, "one, as everybody who has none");
        assert_eq!(under_way.full_accounts().len(), 13);
    }

    #[test]
    fn a_turn_is_remembered_until_there_are_too_many() {
        let mut under_way = UnderWay::default();
        let (first, second) = (AccountId::new(), AccountId::new());
        let mut last = |account| {
            let one = claim(account, "a", false);
            assert!(under_way.begin(&one));
            under_way.end(&one);
            under_way.turns().iter().find(|turn| turn.account == account).map(|turn| (turn.under_way, turn.last))
        };
        assert_eq!([last(first), last(second), last(first)], [Some((0, 1)), Some((0, 2)), Some((0, 3))]);
        for _ in 0..TURNS_MAX {
            last(AccountId::new());
        }
        assert!(under_way.turns().len() <= TURNS_MAX);
        assert!(under_way.turns().iter().all(|turn| turn.account != first), "the oldest are forgotten");
    }
}
