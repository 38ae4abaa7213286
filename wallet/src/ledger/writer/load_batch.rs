//! Locks and reads what the commands of a batch look at.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::clock::Clock;
use crate::error::Result;
use crate::id::{AccountId, WalletId};
use crate::idempotency::IdempotencyKey;
use crate::identity;
use crate::ledger::model::command::Command;
use crate::ledger::model::request::WalletRequest;
use crate::ledger::model::wallet_state::{Core, Grant, WalletState};
use crate::ledger::repo::{archive, holds, load};
use crate::ledger::rules::batch::Batch;

/// Locks and reads everything that the commands' decisions look at.
pub(in crate::ledger) async fn load_batch(
    connection: &mut PgConnection,
    works: &[&WalletRequest],
    clock: &Clock,
) -> Result<Batch> {
    let wallets: BTreeSet<WalletId> =
        works.iter().flat_map(|work| [Some(work.wallet), work.other_wallet()]).flatten().collect();
    let wallets: Vec<WalletId> = wallets.into_iter().collect();
    let locked = load::lock_wallets(connection, &wallets).await?;
    let mut states: HashMap<WalletId, WalletState> = HashMap::with_capacity(locked.len());
    let budgeted: BTreeSet<_> = locked
        .iter()
        .filter(|wallet| wallet.budgeted)
        .map(|wallet| (wallet.core.id.shard.as_i16(), wallet.project))
        .collect();
    let projects: HashMap<WalletId, Uuid> = locked.iter().map(|wallet| (wallet.core.id, wallet.project)).collect();
    // Never before a row that is there: time does not run back within a wallet.
    let moment = locked.iter().map(|wallet| wallet.core.last_at).fold(clock.now(), DateTime::max);
    for wallet in locked {
        let state = WalletState { core: wallet.core, holds: Default::default(), debits: Default::default() };
        states.insert(state.core.id, state);
    }
    for (wallet, grant) in load::open_grants(connection, &wallets).await? {
        add_grant(&mut states, wallet, grant);
    }
    if !budgeted.is_empty() {
        load_budgets(connection, &budgeted.into_iter().collect::<Vec<_>>(), &projects, moment, &mut states).await?;
    }
    let keys: Vec<(WalletId, &IdempotencyKey)> = works.iter().map(|work| (work.wallet, &work.request.key)).collect();
    let mut done = load::done(connection, &keys).await?;
    let archived = |(wallet, _): &&(WalletId, _)| states.get(wallet).is_some_and(|state| state.core.archived > 0);
    let keys: Vec<(WalletId, &IdempotencyKey)> = keys.iter().filter(archived).copied().collect();
    if !keys.is_empty() {
        done.extend(archive::done(connection, &keys).await?);
    }
    load_named(connection, works, &mut states).await?;
    let mut batch = Batch::default();
    states.into_values().for_each(|state| batch.know(Box::new(state)));
    for (wallet, key, done) in done {
        batch.know_done(wallet, key, done);
    }
    Ok(batch)
}

/// Reads wallets and their open grants without a lock: what is decided by them may be written only if they have not
/// moved since. One with budgets is left out: others spend from those too.
pub(in crate::ledger) async fn peek(connection: &mut PgConnection, wallets: &[WalletId]) -> Result<Vec<WalletState>> {
    let found = load::peek_wallets(connection, wallets).await?;
    let mut states: HashMap<WalletId, WalletState> = HashMap::with_capacity(found.len());
    for wallet in found.into_iter().filter(|wallet| !wallet.budgeted) {
        let state = WalletState { core: wallet.core, holds: Default::default(), debits: Default::default() };
        states.insert(state.core.id, state);
    }
    // After the wallets: grants that have moved meanwhile have moved their wallet, too.
    for (wallet, grant) in load::open_grants(connection, wallets).await? {
        add_grant(&mut states, wallet, grant);
    }
    Ok(states.into_values().collect())
}

/// Locks and reads budgets, and moves them on to the period of now in their account's time zone.
async fn load_budgets(
    connection: &mut PgConnection,
    budgeted: &[(i16, Uuid)],
    projects: &HashMap<WalletId, Uuid>,
    moment: DateTime<Utc>,
    states: &mut HashMap<WalletId, WalletState>,
) -> Result<()> {
    let account = |core: &Core| Some((*projects.get(&core.id)?, AccountId::from_uuid(core.account)));
    let accounts: HashMap<Uuid, AccountId> = states.values().filter_map(|state| account(&state.core)).collect();
    let zones = identity::time_zones(connection, &accounts.values().copied().collect::<Vec<_>>()).await?;
    for (project, wallet, budget) in load::lock_budgets(connection, budgeted).await? {
        let zone = accounts.get(&project).and_then(|account| zones.get(account)).copied().unwrap_or(Tz::UTC);
        let budget = budget.into_period(moment, &zone);
        let concerned = |core: &Core| {
            projects.get(&core.id) == Some(&project) && wallet.is_none_or(|number| number == core.id.number)
        };
        for state in states.values_mut().filter(|state| concerned(&state.core)) {
            state.core.budgets.push(budget.clone());
        }
    }
    Ok(())
}

/// Reads what commands name: holds, past debits and the grants that these come back to.
async fn load_named(
    connection: &mut PgConnection,
    works: &[&WalletRequest],
    states: &mut HashMap<WalletId, WalletState>,
) -> Result<()> {
    let mut named = Vec::new();
    let mut debits = Vec::new();
    let mut grants = Vec::new();
    for work in works.iter().filter(|work| states.contains_key(&work.wallet)) {
        match &work.request.command {
            Command::Capture { hold, .. } | Command::Release { hold, .. } | Command::ExpireHold { hold } => {
                named.push((work.wallet, *hold));
            }
            Command::CreditBack { charge: row, .. } | Command::Restore { void: row, .. } => {
                debits.push((work.wallet, *row));
            }
            Command::Clawback { grant: Some(grant), .. } | Command::Void { grant, .. } => {
                grants.push((work.wallet, *grant));
            }
            _ => {}
        }
    }
    if !named.is_empty() {
        for (wallet, hold) in holds::read(connection, &named).await? {
            if let Some(state) = states.get_mut(&wallet) {
                state.holds.insert(hold.seq, hold);
            }
        }
    }
    if !debits.is_empty() {
        for (wallet, debit) in load::debits(connection, &debits).await? {
            grants.extend(debit.allocations.iter().map(|share| (wallet, share.grant)));
            if let Some(state) = states.get_mut(&wallet) {
                state.debits.insert(debit.entry.seq, debit);
            }
        }
    }
    if !grants.is_empty() {
        for (wallet, grant) in load::grants(connection, &grants).await? {
            add_grant(states, wallet, grant);
        }
    }
    Ok(())
}

/// Adds a grant in its place of the burn order, unless it is there.
fn add_grant(states: &mut HashMap<WalletId, WalletState>, wallet: WalletId, grant: Grant) {
    let Some(state) = states.get_mut(&wallet) else { return };
    let grants = &mut state.core.grants;
    if grants.iter().any(|commit_state| commit_state.id == grant.id) {
        return;
    }
    let place = grants.partition_point(|commit_state| commit_state.burn_key() <= grant.burn_key());
    grants.insert(place, grant);
}
