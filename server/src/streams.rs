//! Open streams of events: how many there may be, in all, of an account and a wallet, and their end when what opened them works
//! no more.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wallet::Wallet;
use wallet::error::Result;
use wallet::id::{AccountId, KeyId, WalletId};

/// The most streams of one wallet on this node: windows of its people, programs with its keys.
const OF_WALLET_MAX: usize = 100;
/// The most streams of all wallets of one account.
const OF_ACCOUNT_MAX: usize = 200;
/// How often it is asked whether what opened the streams still works: one query for all sessions, one for all keys.
const CHECK_EVERY: Duration = Duration::from_secs(3);

/// What a stream was opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pass {
    /// A browser's session, by its token.
    Session([u8; 16]),
    /// An API key.
    Key(KeyId),
}

/// The streams of this node.
#[derive(Debug)]
pub struct Streams {
    most: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    streams: HashMap<u64, Stream>,
    of_wallets: HashMap<WalletId, usize>,
    of_accounts: HashMap<AccountId, usize>,
    is_watched: bool,
}

#[derive(Debug)]
struct Stream {
    account: AccountId,
    wallet: WalletId,
    pass: Pass,
    end: CancellationToken,
}

/// The place of one open stream; given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    streams: Arc<Streams>,
    number: u64,
    end: CancellationToken,
}

impl Place {
    /// Fires when the stream must end.
    #[must_use]
    pub fn end(&self) -> CancellationToken {
        self.end.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        let Some(stream) = open.streams.remove(&self.number) else { return };
        one_less(&mut open.of_wallets, &stream.wallet);
        one_less(&mut open.of_accounts, &stream.account);
    }
}

fn one_less<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

impl Streams {
    /// Allows so many streams at once.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, open: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a wallet of an account; `None` where too many are open.
    pub fn enter(self: &Arc<Self>, (account, wallet): (AccountId, WalletId), pass: Pass) -> Option<Place> {
        let mut open = self.lock();
        let of_wallet = open.of_wallets.get(&wallet).copied().unwrap_or(0);
        let of_account = open.of_accounts.get(&account).copied().unwrap_or(0);
        if open.streams.len() >= self.most || of_wallet >= OF_WALLET_MAX || of_account >= OF_ACCOUNT_MAX {
            return None;
        }
        open.of_wallets.insert(wallet, of_wallet + 1);
        open.of_accounts.insert(account, of_account + 1);
        let (number, end) = (open.next, CancellationToken::new());
        open.next += 1;
        open.streams.insert(number, Stream { account, wallet, pass, end: end.clone() });
        Some(Place { streams: Arc::clone(self), number, end })
    }

    /// Looks after the passes for as long as there are streams; a second call does nothing meanwhile.
    pub fn watch(self: &Arc<Self>, wallet: &Wallet) {
        if std::mem::replace(&mut self.lock().is_watched, true) {
            return;
        }
        let (streams, wallet) = (Arc::clone(self), wallet.clone());
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(CHECK_EVERY).await;
                let Some(passes) = streams.passes() else { return };
                match still_good(&wallet, &passes).await {
                    Ok(good) => streams.end_others(&passes, &good),
                    // A database that is away says nothing about who may listen.
                    Err(error) => tracing::warn!(%error, "sessions and keys of streams could not be checked"),
                }
            }
        });
    }

    /// Lists what the streams were opened with; `None` where there are none, and nobody watches any more.
    fn passes(&self) -> Option<HashSet<Pass>> {
        let mut open = self.lock();
        if open.streams.is_empty() {
            open.is_watched = false;
            return None;
        }
        Some(open.streams.values().map(|stream| stream.pass).collect())
    }

    /// Ends the streams of passes that were asked about and are not good any more.
    fn end_others(&self, asked: &HashSet<Pass>, good: &HashSet<Pass>) {
        for stream in self.lock().streams.values() {
            if asked.contains(&stream.pass) && !good.contains(&stream.pass) {
                stream.end.cancel();
            }
        }
    }
}

async fn still_good(wallet: &Wallet, passes: &HashSet<Pass>) -> Result<HashSet<Pass>> {
    let (mut sessions, mut keys) = (Vec::new(), Vec::new());
    for pass in passes {
        match pass {
            Pass::Session(token) => sessions.push(*token),
            Pass::Key(key) => keys.push(*key),
        }
    }
    let sessions = wallet.identity().sessions_alive(&sessions).await?.into_iter().map(Pass::Session);
    let keys = wallet.identity().keys_working(&keys).await?.into_iter().map(Pass::Key);
    Ok(sessions.chain(keys).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (AccountId, WalletId) {
        let account = AccountId::new();
        (account, WalletId::new(account))
    }

    #[test]
    fn one_wallet_can_not_take_all_places() {
        let streams = Arc::new(Streams::new(OF_WALLET_MAX + 1));
        let (greedy, other) = (place(), place());
        let enter = |wallet| streams.enter(wallet, Pass::Key(KeyId::new()));
        let mut places: Vec<Place> = (0..OF_WALLET_MAX).map(|_| enter(greedy).expect("a place")).collect();
        assert!(enter(greedy).is_none(), "others need the rest");
        let last = enter(other).expect("a place");
        assert!(enter(other).is_none(), "all are taken");
        drop(last);
        places.pop();
        assert!(enter(greedy).is_some(), "a place is given back");
    }

    #[test]
    fn one_account_can_not_take_all_places_by_many_wallets() {
        let streams = Arc::new(Streams::new(2 * OF_ACCOUNT_MAX));
        let account = AccountId::new();
        let enter = |account| streams.enter((account, WalletId::new(account)), Pass::Key(KeyId::new()));
        let places: Vec<Place> = (0..OF_ACCOUNT_MAX).map(|_| enter(account).expect("a place")).collect();
        assert!(enter(account).is_none(), "each of another wallet, and yet too many");
        assert!(enter(AccountId::new()).is_some());
        drop(places);
        assert!(enter(account).is_some());
        let open = streams.lock();
        assert!(open.of_accounts.is_empty() && open.of_wallets.is_empty());
    }

    #[test]
    fn streams_end_with_what_opened_them() {
        let streams = Arc::new(Streams::new(10));
        let wallet = place();
        let (kept, lost) = (Pass::Session([1; 16]), Pass::Session([2; 16]));
        let [one, other] = [kept, lost].map(|pass| streams.enter(wallet, pass).expect("a place"));
        let asked = streams.passes().expect("some");
        let newer = streams.enter(wallet, Pass::Key(KeyId::new())).expect("a place");
        streams.end_others(&asked, &HashSet::from([kept]));
        assert_eq!([&one, &other, &newer].map(|place| place.end().is_cancelled()), [false, true, false]);
        drop((one, other, newer));
        assert!(streams.passes().is_none());
    }
}
