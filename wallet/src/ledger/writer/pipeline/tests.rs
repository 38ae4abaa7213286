//! The order of commands in a pending batch, and what is known of each after a commit.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::id::AccountId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::Actor;
use crate::ledger::model::command::{Command, NewGrant};
use crate::ledger::model::entry::GrantSource;
use crate::ledger::model::receipt::Receipt;
use crate::ledger::model::request::Request;
use crate::ledger::model::wallet_state::Core;
use crate::ledger::writer::pipeline::*;
use crate::money::Credits;

const LONG: Duration = Duration::from_secs(3600);

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
}

fn moment() -> Moment {
    Moment { rules: Rules::default(), now: now(), blocked_wallets: HashSet::new() }
}

fn whole(credits: i64) -> Credits {
    Credits::from_whole(credits).expect("fits")
}

fn work(wallet: WalletId, key: &str, command: Command) -> WalletRequest {
    let request = Request {
        command,
        key: IdempotencyKey::parse(key).expect("a key"),
        request_hash: RequestHash::of(key.as_bytes()),
        actor: Actor::system("test"),
        metadata: serde_json::Value::Null,
        metadata_text: None,
    };
    WalletRequest { wallet, request }
}

fn charge(wallet: WalletId, key: &str, credits: i64) -> Job {
    let receipt = Receipt::flat("gpt-5", "GPT-5", whole(credits));
    Job::new(Box::new(work(wallet, key, Command::Charge { receipt })), tokio::sync::oneshot::channel().0)
}

/// A wallet with five credits, as it is stored.
fn stored() -> WalletState {
    let id = WalletId::new(AccountId::new());
    let core = Core {
        id,
        account: uuid::Uuid::now_v7(),
        version: 0,
        seq: 0,
        settled: Credits::ZERO,
        held: Credits::ZERO,
        debt: Credits::ZERO,
        head: Default::default(),
        last_at: now(),
        grants_made: 0,
        archived: 0,
        last_refill: None,
        frozen: None,
        active_at: now(),
        grants: Vec::new(),
        budgets: Vec::new(),
    };
    let mut batch = Batch::default();
    batch.know(Box::new(WalletState { core, holds: BTreeMap::new(), debits: BTreeMap::new() }));
    let grant = Command::Grant(NewGrant::new(whole(5), GrantSource::TopUp, "Light"));
    batch.perform(&work(id, "g", grant), now(), &Rules::default()).expect("granted");
    *batch.into_states().next().expect("the wallet")
}

/// A writer that remembers the wallet, and reads first for now.
fn careful(state: &WalletState) -> Cache {
    let mut cache = Cache::new(LONG);
    let mut batch = Batch::default();
    batch.know(Box::new(state.clone()));
    cache.keep(batch);
    for _ in 0..5 {
        cache.note(true);
    }
    cache
}

#[test]
fn a_command_waits_behind_one_whose_wallet_is_about_to_be_read() {
    let (state, mut pending) = (stored(), PendingBatch::default());
    let (wallet, mut cache) = (state.core.id, careful(&state));
    pending.add(vec![charge(wallet, "dear", 10)], &moment(), &mut cache);
    // From here on the writer trusts its memory again, and it remembers the wallet.
    cache.trust_again();
    pending.add(vec![charge(wallet, "cheap", 1)], &moment(), &mut cache);
    assert_eq!(pending.waiting, [0, 1]);
    pending.decide_waiting(vec![state], &moment(), &mut cache);
    // The first is refused, so both are decided under the wallet's lock.
    assert!(pending.answers.iter().all(Option::is_none));
    assert!(pending.locked.contains(&wallet));
    assert!(pending.close(&mut cache).is_none(), "nothing is stored");
}

#[test]
fn commands_that_waited_are_decided_in_their_order() {
    let (state, mut pending) = (stored(), PendingBatch::default());
    let (wallet, mut cache) = (state.core.id, careful(&state));
    pending.add(vec![charge(wallet, "one", 3)], &moment(), &mut cache);
    cache.trust_again();
    pending.add(
        vec![charge(wallet, "two", 1), charge(wallet, "one", 3), charge(wallet, "three", 1)],
        &moment(),
        &mut cache,
    );
    pending.decide_waiting(vec![state.clone()], &moment(), &mut cache);
    // The repeated key must be looked up under a lock, and so must all that is behind it: what came before is decided
    // only where it was before in the queue, too.
    assert!(pending.answers.iter().all(Option::is_none), "one wallet's commands stay in order");
    assert!(pending.close(&mut cache).is_none());
}

#[test]
fn a_wallet_that_was_read_never_takes_the_place_of_one_that_was_decided_on() {
    let (state, mut pending) = (stored(), PendingBatch::default());
    let (wallet, mut cache) = (state.core.id, careful(&state));
    cache.trust_again();
    pending.add(vec![charge(wallet, "one", 1)], &moment(), &mut cache);
    pending.decide_waiting(vec![state.clone()], &moment(), &mut cache);
    let writes = pending.close(&mut cache).expect("one charge to store");
    assert_eq!(writes.newest().collect::<Vec<_>>(), [(wallet, state.core.seq + 1)]);
}

#[test]
fn what_may_have_happened_is_known_of_each_command() {
    let (state, mut pending) = (stored(), PendingBatch::default());
    let (wallet, mut cache) = (state.core.id, careful(&state));
    cache.trust_again();
    pending.add(vec![charge(wallet, "sent", 1), charge(wallet, "dear", 10)], &moment(), &mut cache);
    pending.void(&mut cache, CommitState::Unknown);
    let commit_state: Vec<CommitState> = pending.jobs.iter().map(|job| job.commit_state).collect();
    assert_eq!(commit_state, [CommitState::Unknown, CommitState::NotCommitted]);
    pending.void(&mut cache, CommitState::NotCommitted);
    assert_eq!(pending.jobs[0].commit_state, CommitState::Unknown, "it is never forgotten");
}
