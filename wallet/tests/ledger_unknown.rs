//! A commit whose outcome nobody told: the caller never hears that nothing has happened.
#![cfg(feature = "postgres")]

mod ledger_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use ledger_support::*;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wallet::clock::Clock;
use wallet::error::Refusal;
use wallet::ledger::{BudgetPeriod, BudgetScope, NewBudget, Scope};
use wallet::{Options, Wallet};

/// A wire to PostgreSQL that breaks, once it is told to, right after the next COMMIT has gone through.
struct Wire {
    port: u16,
    armed: Arc<AtomicBool>,
    cuts: Arc<AtomicU32>,
}

impl Wire {
    async fn to(host: String, port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let own = listener.local_addr().expect("an address").port();
        let (armed, cuts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (arm, cut) = (Arc::clone(&armed), Arc::clone(&cuts));
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect((host.as_str(), port)).await.expect("PostgreSQL");
                tokio::spawn(carry(near, far, Arc::clone(&arm), Arc::clone(&cut)));
            }
        });
        Self { port: own, armed, cuts }
    }
}

/// Carries bytes both ways until one side ends, or the wire breaks.
async fn carry(mut near: TcpStream, mut far: TcpStream, armed: Arc<AtomicBool>, cuts: Arc<AtomicU32>) {
    let (mut asked, mut told) = (vec![0_u8; 64 * 1024], vec![0_u8; 64 * 1024]);
    loop {
        tokio::select! {
            read = near.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let bytes = &asked[..length];
                if far.write_all(bytes).await.is_err() {
                    return;
                }
                let commits = bytes.windows(6).any(|word| word == b"COMMIT");
                if commits && armed.swap(false, Ordering::SeqCst) {
                    cuts.fetch_add(1, Ordering::SeqCst);
                    return;
                }
            }
            read = far.read(&mut told) => {
                let Ok(length @ 1..) = read else { return };
                if near.write_all(&told[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Commits of rows with this key take longer than anybody waits for the wallet.
const SLOW: &str = "CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN PERFORM pg_sleep(4); RETURN NULL; END $$;
                    CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON entries
                    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                    WHEN (NEW.idem_key = 'slow') EXECUTE FUNCTION slow_commit()";

#[sqlx::test(migrations = "../migrations")]
async fn a_commit_that_may_have_happened_is_never_told_as_nothing(pool: PgPool) {
    sqlx::raw_sql(SLOW).execute(&pool).await.expect("a slow commit");
    let options = pool.connect_options();
    let wire = Wire::to(options.get_host().to_owned(), options.get_port()).await;
    let through = options.as_ref().clone().host("127.0.0.1").port(wire.port);
    let near = PgPoolOptions::new().connect_with(through).await.expect("connected through the wire");
    let wallet = Wallet::new(near, Options::for_tests(Clock::fixed(start())));
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 100).await;
    // Under a budget of its project a charge is decided under the wallet's lock, in a transaction with a COMMIT.
    let (name, scope) = ("Day".to_owned(), BudgetScope::Project);
    let budget = NewBudget { name, scope, period: BudgetPeriod::Day, ceiling: credits(50) };
    wallet.ledger().set_budget(id, budget).await.expect("set");
    charge(&wallet, id, "before", 1).await.expect("charged");
    wire.armed.store(true, Ordering::SeqCst);
    let told = refusal(charge(&wallet, id, "slow", 2).await);
    assert_eq!(wire.cuts.load(Ordering::SeqCst), 1, "the wire broke at the commit");
    assert_eq!(told, Refusal::OutcomeUnknown, "the commit may still land");
    // It lands, and the same key tells so.
    let again = loop {
        match charge(&wallet, id, "slow", 2).await {
            Ok(outcome) => break outcome,
            Err(error) => assert!(error.refusal().is_some(), "{error}"),
        }
    };
    assert!(again.replayed, "it had happened");
    assert_eq!(available(&wallet, id).await, credits(97));
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);
    wallet.shutdown().await;
}
