//! Rebuilds a wallet's row and grants from the rows of its ledger, which are the truth: for a wallet whose numbers do
//! not follow from its rows, so that nothing can be written to it any more.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;

use crate::db;
use crate::error::{Error, Problem, Refusal, Result};
use crate::id::WalletId;
use crate::identity::{self, Actor, NewAudit};
use crate::ledger::audit::chain_verifier::Verifier;
use crate::ledger::model::breach::Scope;
use crate::ledger::model::entry::EntryKind;
use crate::ledger::model::entry_payload::EntryPayload;
use crate::ledger::model::wallet_state::{DEBT, Entry};
use crate::ledger::repo::rebuild::{self, GrantNumbers, WalletNumbers};
use crate::ledger::repo::{archive, load, verify};
use crate::ledger::service::Ledger;
use crate::money::Credits;

/// How many rows are read at once.
const PAGE: i64 = 5_000;

/// One number that does not follow from the rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RebuiltNumber {
    /// Which: `seq`, `settled`, `grant 3 remaining`.
    pub what: String,
    /// What is stored.
    pub stored: String,
    /// What the rows say.
    pub derived: String,
}

/// What the rows of a wallet say.
struct Derived {
    chain: Verifier,
    last_at: DateTime<Utc>,
    /// By grant (and debt): what it has, held or not, and what of that is held.
    shares: BTreeMap<i64, (Credits, Credits)>,
    /// By the row that brought grants: what was taken back with its money.
    clawed: BTreeMap<i64, Credits>,
    /// By the row that took something back: the row that brought the grant.
    voids: BTreeMap<i64, i64>,
}

impl Derived {
    /// Goes on by one row; an error where it does not follow from the one before.
    fn add(&mut self, row: &Entry) -> Result<(), String> {
        self.chain.next(row)?;
        self.last_at = row.view.created_at;
        for share in &row.allocations {
            self.share(share.grant, share.amount, share.held)?;
        }
        // A grant that went wholly to debt has no share.
        for grant in row.detail.as_deref().and_then(EntryPayload::from_text).iter().flat_map(EntryPayload::grant_ids) {
            self.share(grant, Credits::ZERO, Credits::ZERO)?;
        }
        if let (EntryKind::Clawback, Some(seq)) = (row.view.kind, row.view.refers_to) {
            // What is given back refers to the row that took it, and that one to the grant's.
            let seq = if row.view.amount.is_positive() { self.voids.get(&seq).copied().unwrap_or(seq) } else { seq };
            self.voids.insert(row.view.seq, seq);
            let taken = self.clawed.entry(seq).or_default();
            *taken = taken.checked_sub(row.view.amount).ok_or(TOO_LARGE)?;
        }
        Ok(())
    }

    fn share(&mut self, grant: i64, amount: Credits, held: Credits) -> Result<(), String> {
        let share = self.shares.entry(grant).or_default();
        share.0 = share.0.checked_add(amount).ok_or(TOO_LARGE)?;
        share.1 = share.1.checked_add(held).ok_or(TOO_LARGE)?;
        Ok(())
    }

    /// Gives the wallet's numbers; `newest` is its newest grant that is stored, whose row may be archived.
    fn wallet(&self, newest: i64) -> Result<WalletNumbers, String> {
        let ((seq, head), (settled, held)) = (self.chain.head(), self.chain.balances());
        let debt = self.shares.get(&DEBT).map_or(Credits::ZERO, |share| share.0).checked_neg().ok_or(TOO_LARGE)?;
        let grants_made = self.shares.keys().copied().fold(newest, i64::max);
        Ok(WalletNumbers { seq, settled, held, debt, grants_made, head, last_at: self.last_at })
    }

    /// Gives a grant's numbers; `stored` says what it is, and what it has by now.
    fn grant(&self, stored: &GrantNumbers) -> Result<GrantNumbers, String> {
        let (has, held) = self.shares.get(&stored.id).copied().unwrap_or_default();
        let remaining = has.checked_sub(held).ok_or(TOO_LARGE)?;
        if remaining.is_negative() || held.is_negative() || has > stored.granted {
            return Err(format!("grant {} would have {has} of {}, {held} held", stored.id, stored.granted));
        }
        Ok(GrantNumbers { remaining, held, ..*stored })
    }
}

const TOO_LARGE: &str = "a number is too large";

impl Ledger {
    /// Tells what [`Ledger::rebuild`] would change; nothing where the wallet is what its rows say. Refused where the
    /// rows themselves do not add up.
    pub async fn rebuild_plan(&self, wallet: WalletId) -> Result<Vec<RebuiltNumber>> {
        let mut transaction = self.db.begin().await?;
        db::one_moment(&mut transaction).await?;
        let plan = plan(&mut transaction, wallet).await?;
        transaction.rollback().await?;
        Ok(plan.differences())
    }

    /// Makes a wallet's row and its grants what its rows say, in one transaction under the wallet's lock, with a row in
    /// the audit log. Refused where the rows themselves do not add up, or where the wallet still fails a check after
    /// it; and where that is not what `expected` was told of before. Freezes and the owner's activity stay.
    pub async fn rebuild(
        &self,
        wallet: WalletId,
        (by, note): (&Actor, &str),
        expected: &[RebuiltNumber],
    ) -> Result<()> {
        let mut transaction = self.db.begin().await?;
        load::lock_wallets(&mut transaction, &[wallet]).await?;
        let plan = plan(&mut transaction, wallet).await?;
        let differences = plan.differences();
        if differences != expected {
            return Err(refused("the wallet has moved meanwhile; look again"));
        }
        if differences.is_empty() {
            return Ok(());
        }
        rebuild::set_wallet(&mut transaction, wallet, &plan.derived).await?;
        for (_, grant) in plan.grants.iter().filter(|(stored, derived)| stored != derived) {
            rebuild::set_grant(&mut transaction, wallet, grant).await?;
        }
        let breaches = self.verify_in_tx(&mut transaction, Scope::Wallet(wallet)).await?;
        if let Some(breach) = breaches.first() {
            return Err(refused(&format!("it would still fail {}: {}", breach.invariant, breach.found)));
        }
        let audit = NewAudit {
            actor: by.clone(),
            action: "wallet.rebuilt".to_owned(),
            subject: format!("wallet {wallet}"),
            before: side(&differences, |number| &number.stored),
            after: json!({ "note": note, "numbers": side(&differences, |number| &number.derived) }),
        };
        identity::audit_in_tx(&mut transaction, &audit, self.db.now()).await?;
        Ok(transaction.commit().await?)
    }
}

fn side<'a>(numbers: &'a [RebuiltNumber], of: impl Fn(&'a RebuiltNumber) -> &'a str) -> serde_json::Value {
    numbers.iter().map(|number| (number.what.clone(), of(number))).collect::<serde_json::Value>()
}

fn refused(why: &str) -> Error {
    Refusal::unprocessable("wallet", Problem::NotAllowed, format!("The wallet was not rebuilt: {why}.")).into()
}

/// What is stored, and what the rows say.
struct Plan {
    stored: WalletNumbers,
    derived: WalletNumbers,
    grants: Vec<(GrantNumbers, GrantNumbers)>,
}

impl Plan {
    fn differences(&self) -> Vec<RebuiltNumber> {
        let (stored, derived) = (&self.stored, &self.derived);
        let mut found = Vec::new();
        let mut compare = |what: String, stored: String, derived: String| {
            if stored != derived {
                found.push(RebuiltNumber { what, stored, derived });
            }
        };
        compare("seq".into(), stored.seq.to_string(), derived.seq.to_string());
        compare("settled".into(), stored.settled.to_string(), derived.settled.to_string());
        compare("held".into(), stored.held.to_string(), derived.held.to_string());
        compare("debt".into(), stored.debt.to_string(), derived.debt.to_string());
        compare("grants made".into(), stored.grants_made.to_string(), derived.grants_made.to_string());
        compare("head hash".into(), stored.head.to_string(), derived.head.to_string());
        compare("last row at".into(), stored.last_at.to_rfc3339(), derived.last_at.to_rfc3339());
        for (stored, derived) in &self.grants {
            let id = stored.id;
            compare(format!("grant {id} remaining"), stored.remaining.to_string(), derived.remaining.to_string());
            compare(format!("grant {id} held"), stored.held.to_string(), derived.held.to_string());
            compare(format!("grant {id} clawed back"), stored.clawed.to_string(), derived.clawed.to_string());
        }
        found
    }
}

/// Reads what is stored, and derives it anew.
async fn plan(connection: &mut PgConnection, wallet: WalletId) -> Result<Plan> {
    let stored = rebuild::wallet(connection, wallet).await?.ok_or_else(|| Refusal::not_found("wallet"))?;
    let (derived, archived) = derive(connection, wallet, stored.last_at).await?;
    let known = rebuild::grants(connection, wallet).await?;
    let ids: HashSet<i64> = known.iter().map(|grant| grant.id).collect();
    if let Some(id) = derived.shares.keys().find(|id| **id != DEBT && !ids.contains(id)) {
        return Err(refused(&format!("grant {id} stands in the rows and is not there")));
    }
    let mut brought: HashMap<i64, u32> = HashMap::with_capacity(known.len());
    for grant in &known {
        let by_row = brought.entry(grant.seq).or_default();
        *by_row = by_row.saturating_add(1);
    }
    let mut grants = Vec::with_capacity(known.len());
    for stored in &known {
        let mut grant = derived.grant(stored).map_err(|why| refused(&why))?;
        let is_alone = brought.get(&stored.seq) == Some(&1);
        // Of archived rows, and of several grants that one row brought, only the grants themselves say what was taken
        // back; the checks afterwards hold them against the rows.
        if is_alone && stored.seq > archived {
            grant.clawed = derived.clawed.get(&stored.seq).copied().unwrap_or_default();
        }
        grants.push((*stored, grant));
    }
    let newest = known.iter().map(|grant| grant.id).fold(0, i64::max);
    let derived = derived.wallet(newest).map_err(|why| refused(&why))?;
    if derived.debt.is_negative() {
        return Err(refused("more debt was repaid than there was"));
    }
    Ok(Plan { stored, derived, grants })
}

/// Follows all rows of a wallet, from its newest archive on; gives also up to which row it is archived.
async fn derive(connection: &mut PgConnection, wallet: WalletId, made_at: DateTime<Utc>) -> Result<(Derived, i64)> {
    let span = archive::newest(connection, wallet).await?;
    let archived = span.as_ref().map_or(0, |span| span.to);
    let (chain, last_at) = match &span {
        Some(span) => (Verifier::after_archive(wallet, span), span.last_at),
        None => (Verifier::new(wallet), made_at),
    };
    let mut derived =
        Derived { chain, last_at, shares: BTreeMap::new(), clawed: BTreeMap::new(), voids: BTreeMap::new() };
    for (grant, amount, held) in rebuild::archived_shares(connection, wallet).await? {
        derived.share(grant, amount, held).map_err(|why| refused(&why))?;
    }
    loop {
        let rows = verify::chain_after(connection, wallet, derived.chain.head().0, PAGE).await?;
        if rows.is_empty() {
            return Ok((derived, archived));
        }
        for row in &rows {
            derived.add(row).map_err(|why| refused(&why))?;
        }
    }
}
