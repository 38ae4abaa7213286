//! What the tests of prices share.

use std::ops::ControlFlow;

use serde_json::{Map, Value};
use sqlx::PgPool;
use wallet::Wallet;
use wallet::catalog::{Loaded, Preset};
use wallet::error::{Error, Problem, Refusal};
use wallet::id::{UserId, WalletId};
use wallet::identity::Actor;
use wallet::ledger::Outcome;
use wallet::money::Credits;
use wallet::tariff::Flat;
use wallet::tariff::{ChargeRequest, LineRequest, PriceBook, Rule, Simulation};

pub use crate::ledger_support::{capture_all, credits, grant, key, new_wallet, open, start, submit};

pub fn params(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

pub fn line(operation: &str, value: Value) -> LineRequest {
    LineRequest { operation: operation.to_owned(), params: params(value), count: 1 }
}

pub fn staff() -> Actor {
    Actor::Staff { id: UserId::new(), name: "Lev Orlov".to_owned() }
}

pub fn flat(whole: i64) -> Rule {
    Rule::Flat(Flat { credits: credits(whole) })
}

pub fn request(wallet: WalletId, rank: i32, line: LineRequest) -> ChargeRequest {
    ChargeRequest { wallet, plan_rank: rank, line, quote: None, metadata: Value::Null }
}

pub async fn load(wallet: &Wallet, name: &str) -> Loaded {
    let preset = Preset::by_name(name).expect("built in");
    wallet.catalog().load_preset(&preset).await.expect("loads")
}

/// A deployment that sells a preset, and a wallet with 100 credits.
pub async fn shop(pool: &PgPool, name: &str) -> (Wallet, WalletId) {
    let wallet = open(pool);
    assert_eq!(load(&wallet, name).await, Loaded::New);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "start", 100).await;
    (wallet, id)
}

pub async fn charge(wallet: &Wallet, request: ChargeRequest, name: &str) -> wallet::error::Result<Outcome> {
    wallet.tariffs().charge(request, Actor::system("test"), key(name)).await
}

pub async fn price(wallet: &Wallet, operation: &str) -> Credits {
    wallet.tariffs().quote(operation, &Map::new(), 1).await.expect("a price").credits
}

pub fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("a refusal, not {other:?}"),
    }
}

pub fn field<T: std::fmt::Debug>(result: Result<T, Error>) -> (String, Problem) {
    match refusal(result) {
        Refusal::Unprocessable { fields } => (fields[0].field.clone(), fields[0].problem),
        other => panic!("a field, not {other:?}"),
    }
}

/// A draft with one changed price.
pub async fn draft(wallet: &Wallet, operation: &str, whole: i64) -> PriceBook {
    let draft = wallet.tariffs().create_draft(&staff()).await.expect("a draft");
    let (version, revision) = (draft.version, draft.revision);
    wallet.tariffs().set_rule(&staff(), version, revision, operation, flat(whole)).await.expect("changed")
}

pub async fn diff_of(wallet: &Wallet, version: i32) -> Vec<String> {
    wallet.tariffs().diff(version).await.expect("a diff").into_iter().map(|change| change.operation).collect()
}

/// Does what was asked for, as the job does it; says how many rehearsals came to an end.
pub async fn run(wallet: &Wallet) -> u64 {
    wallet.tariffs().run_simulations(|_| ControlFlow::Continue(())).await.expect("run")
}

/// Rehearses a draft.
pub async fn simulate(wallet: &Wallet, version: i32) -> Simulation {
    wallet.tariffs().ask_simulation(&staff(), version).await.expect("asked");
    assert_eq!(run(wallet).await, 1);
    wallet.tariffs().simulation(version).await.expect("read").expect("kept")
}
