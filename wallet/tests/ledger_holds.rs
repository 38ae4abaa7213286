//! Holds are rows of the ledger: how the sweep finds those that time out, and how older databases come to that.
#![cfg(feature = "postgres")]

mod ledger_support;

use chrono::{DateTime, TimeDelta, Utc};
use ledger_support::*;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use wallet::db::MIGRATOR;
use wallet::error::Refusal;
use wallet::id::AccountId;
use wallet::ledger::{Command, Environment, HoldState, Receipt, Scope};

/// The migration that made holds rows of the ledger alone.
const HOLDS_ARE_ENTRIES: i64 = 13;

fn hold_for(seconds: u32) -> Command {
    Command::Hold { lines: vec![Receipt::flat("job", "Job", credits(1))], expires_in: Some(seconds) }
}

async fn swept_until(pool: &PgPool) -> Option<DateTime<Utc>> {
    sqlx::query_scalar("SELECT swept_until FROM hold_sweep").fetch_optional(pool).await.expect("read")
}

#[sqlx::test(migrations = "../migrations")]
async fn the_sweep_goes_on_from_where_it_was_and_misses_none(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 100).await;
    let mut holds = Vec::new();
    for (name, seconds) in [("a", 30), ("b", 90), ("c", 30), ("d", 7200), ("e", 600)] {
        holds.push(submit(&wallet, id, name, hold_for(seconds)).await.expect("held").seq());
    }
    submit(&wallet, id, "taken", capture_all(holds[2])).await.expect("captured");
    assert_eq!(wallet.ledger().expire_holds().await.expect("swept"), 0);
    let began = swept_until(&pool).await.expect("a point");
    assert!(began < start(), "what was decided a moment ago may still be on its way");

    wallet.clock().advance(TimeDelta::seconds(100));
    assert_eq!(wallet.ledger().expire_holds().await.expect("swept"), 2);
    assert!(swept_until(&pool).await.expect("a point") < start() + TimeDelta::seconds(30), "two were still open");
    // One that times out behind the others, but not behind that point.
    let late = submit(&wallet, id, "f", hold_for(1)).await.expect("held").seq();
    wallet.clock().advance(TimeDelta::seconds(120));
    assert_eq!(wallet.ledger().expire_holds().await.expect("swept"), 1);
    assert_eq!(wallet.ledger().hold(id, late).await.expect("a hold").state, HoldState::Expired);
    assert_eq!(wallet.ledger().expire_holds().await.expect("swept"), 0);
    assert_eq!(swept_until(&pool).await, Some(start() + TimeDelta::seconds(160)));

    wallet.clock().advance(hours(1));
    assert_eq!(wallet.ledger().lateness().await.expect("counted").holds, 1);
    assert_eq!(wallet.ledger().expire_holds().await.expect("swept"), 1);
    assert_eq!(wallet.ledger().lateness().await.expect("counted").holds, 0);
    let open: Vec<i64> = wallet.ledger().open_holds(id).await.expect("holds").iter().map(|hold| hold.seq).collect();
    assert_eq!(open, [holds[3]]);
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn no_hold_is_placed_where_the_sweep_has_been(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 100).await;
    let point = |seconds| {
        let until = start() + TimeDelta::seconds(seconds);
        sqlx::query(
            "INSERT INTO hold_sweep (swept_until) VALUES ($1)
             ON CONFLICT (only_row) DO UPDATE SET swept_until = excluded.swept_until",
        )
        .bind(until)
        .execute(&pool)
    };
    point(60).await.expect("moved");
    assert_eq!(refusal(submit(&wallet, id, "short", hold_for(60)).await), Refusal::Unavailable);
    assert_eq!(wallet.ledger().balance(id).await.expect("a balance").held, credits(0));
    // Nor does it stop those who come with it.
    let other = wallet_of(&wallet, AccountId::new(), Environment::Production).await;
    grant(&wallet, other, "g", 100).await;
    let (refused, done, elsewhere) = tokio::join!(
        submit(&wallet, id, "short", hold_for(60)),
        charge(&wallet, id, "beside", 1),
        charge(&wallet, other, "elsewhere", 1)
    );
    assert_eq!(refusal(refused), Refusal::Unavailable);
    done.and(elsewhere).expect("charged");
    let held = submit(&wallet, id, "longer", hold_for(61)).await.expect("held").seq();
    submit(&wallet, id, "taken", capture_all(held)).await.expect("captured");
    charge(&wallet, id, "charge", 1).await.expect("charges know no sweep");
    point(-60).await.expect("moved");
    submit(&wallet, id, "short", hold_for(60)).await.expect("held");
    wallet.shutdown().await;
}

#[sqlx::test(migrations = false)]
async fn holds_of_an_older_database_stay_what_they_were(pool: PgPool) {
    // What the database was copied with, if anything.
    sqlx::raw_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").execute(&pool).await.expect("empty");
    let migrations = MIGRATOR.iter().filter(|migration| migration.version < HOLDS_ARE_ENTRIES).cloned();
    let before = Migrator { migrations: migrations.collect(), ..Migrator::DEFAULT };
    before.run(&pool).await.expect("migrated");
    // Rows as the version before wrote them, as far as holds are concerned: an open one of two grants, a captured one,
    // and one whose rows are archived.
    sqlx::raw_sql(
        "INSERT INTO wallets (shard, wallet_id, account_id, project_id, environment, seq, settled, held, last_at,
                              active_at, created_at, archived_seq)
         VALUES (7, 1, gen_random_uuid(), gen_random_uuid(), 'production', 6, 9, 3, now(), now(), now(), 2);
         INSERT INTO entries (shard, wallet_id, seq, kind, actor_kind, amount, held_change, settled_after, held_after,
                              quantity, grant_id, refers_to, created_at, actor_name, metadata, detail, idem_key, request_hash, hash)
         SELECT 7, 1, n.seq, n.kind, 4, n.amount, n.change, 9, 9, 1, n.grant_id, n.refers_to, now(), 'test',
                '{\"customer_id\":\"c7\"}',
                CASE WHEN n.kind <> 2 THEN
                    format('{\"l\":[{\"o\":\"job\",\"n\":\"Job\",\"c\":\"tool\",\"q\":1,\"a\":%s,\"k\":%s,\"v\":0,\"r\":\"flat\",\"t\":\"fixed\"}]}',
                           abs(n.change), -n.amount)
                END, n.seq, repeat('x', 16)::bytea, repeat('y', 32)::bytea
         FROM (VALUES (3, 3, 0, 4, 1, NULL), (4, 4, -3, -4, 1, 3), (5, 2, -1, 0, 1, NULL), (6, 3, 0, 3, NULL, NULL))
              AS n (seq, kind, amount, change, grant_id, refers_to);
         INSERT INTO allocations (shard, wallet_id, seq, place, grant_id, amount, held_change)
         VALUES (7, 1, 6, 1, 2, 0, 1), (7, 1, 6, 2, 1, 0, 2);
         INSERT INTO holds (shard, wallet_id, seq, state, amount, captured, created_at, expires_at, pin_grants,
                            pin_amounts, customer, finished_by)
         VALUES (7, 1, 1, 3, 5, 0, now(), now(), '{1}', '{5}', NULL, 2),
                (7, 1, 3, 2, 4, 3, now(), now(), '{1}', '{4}', 'c7', 4),
                (7, 1, 6, 1, 3, 0, now(), '2026-03-01 12:00:00Z', '{2,1}', '{1,2}', 'c7', NULL)",
    )
    .execute(&pool)
    .await
    .expect("written");
    MIGRATOR.run(&pool).await.expect("migrated");

    let wallet = open(&pool);
    // Before the open hold's time is over.
    wallet.clock().set("2026-02-01T00:00:00Z".parse().expect("a time"));
    let id = wallet::id::WalletId { shard: wallet::id::Shard::from_i16(7), number: 1 };
    let states = [(1, HoldState::Released, 0), (3, HoldState::Captured, 3), (6, HoldState::Open, 0)];
    for (seq, state, captured) in states {
        let hold = wallet.ledger().hold(id, seq).await.expect("a hold");
        assert_eq!((hold.state, hold.captured.micros()), (state, captured), "{seq}");
    }
    let open = wallet.ledger().hold(id, 6).await.expect("a hold");
    assert_eq!((open.amount.micros(), open.expires_at.to_rfc3339()), (3, "2026-03-01T12:00:00+00:00".to_owned()));
    assert!(sqlx::query("UPDATE entries SET expires_at = NULL").execute(&pool).await.is_err(), "append-only again");
    wallet.shutdown().await;
}
