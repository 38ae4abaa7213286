//! Boundaries over HTTP: what a plan brings is there when it is due, without a job and with every view alike.

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::json;
use sqlx::PgPool;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::Actor;
use wallet::ledger::{Command, GrantSource, NewGrant, Receipt, Submission};
use wallet::money::Credits;

use crate::support::{Site, TIMEOUT};

fn credits(whole: i64) -> Credits {
    Credits::from_whole(whole).expect("fits")
}

/// Moves the deployment's clock.
async fn advance(site: &Site, by: TimeDelta) {
    wallet::db::advance_clock(site.wallet().pool(), by).await.expect("moved");
    wallet::db::observe_clock(site.wallet().pool(), site.wallet().clock()).await.expect("seen");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_free_plans_months_are_there_without_a_job(pool: PgPool) {
    let site = Site::start_selling(pool, "monthly-credits", &[]).await;
    let program = site.program("monthly", 100).await;
    let all = json!({ "operation": "message", "count": 100 });
    assert_eq!(program.post("/charges", "all", &all).await.status, StatusCode::CREATED);
    assert_eq!(program.post("/charges", "more", &all).await.status, StatusCode::PAYMENT_REQUIRED);
    advance(&site, TimeDelta::days(32)).await;
    let told = program.post("/charges", "more", &all).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);
    advance(&site, TimeDelta::days(32)).await;
    assert_eq!(program.get("/balance").await.json()["available"], json!(100));
    assert_eq!(program.post("/charges", "last", &all).await.status, StatusCode::CREATED);

    // And the node looks by itself.
    advance(&site, TimeDelta::days(32)).await;
    let renewals = server::looks::start(&site.state, server::looks::Look::Plans);
    let mut rows = site.wallet().ledger().watch(program.viewer.wallet);
    let before = site.wallet().ledger().balance(program.viewer.wallet).await.expect("a balance").seq;
    let came = rows.wait_for(|seq| *seq > before);
    tokio::time::timeout(TIMEOUT, came).await.expect("in time").expect("watched");
    site.state.stopping.cancel();
    tokio::time::timeout(Duration::from_secs(5), renewals).await.expect("ends").expect("well");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_over_is_over_in_every_view_before_the_sweep(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("over", 20).await;
    let (id, ledger) = (program.viewer.wallet, site.wallet().ledger());
    let submit = async |key: &str, command: Command| {
        let submission = Submission::new(id, IdempotencyKey::internal(key), Actor::system("test"), command);
        ledger.submit(submission).await.expect("done")
    };
    let ends = Some(site.wallet().clock().now() + TimeDelta::seconds(50));
    let gift = NewGrant { expires_at: ends, ..NewGrant::new(credits(7), GrantSource::Promo, "Gift") };
    submit("gift", Command::Grant(gift)).await;
    let lines = vec![Receipt::flat("job", "Job", credits(15))];
    let held = submit("hold", Command::Hold { lines, expires_in: Some(60) }).await.seq();
    let told = program.get("/balance").await.json();
    assert_eq!((&told["available"], &told["held"]), (&json!(12), &json!(15)), "{told}");

    advance(&site, TimeDelta::seconds(61)).await;
    let hold = program.get(&format!("/holds/{held}")).await.json();
    assert_eq!((&hold["state"], &hold["finished_by"]), (&json!("expired"), &json!(null)));
    let now = site.wallet().clock().now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let then = program.get(&format!("/balance/at?time={now}")).await.json();
    assert_eq!(then["holds"][0]["state"], json!("expired"), "{then}");
    let numbers = (&then["available"], &then["held"], &then["settled"]);
    assert_eq!(numbers, (&json!(20), &json!(0), &json!(20)), "{then}");
    let balance = ledger.balance(id).await.expect("a balance");
    assert_eq!((balance.available, balance.held, balance.settled), (credits(20), credits(0), credits(20)));
    assert!(then["grants"].as_array().expect("grants").iter().all(|grant| grant["remaining"] != json!(7)), "{then}");
    let told = program.get("/balance").await.json();
    assert_eq!((&told["available"], &told["held"], &told["settled"]), (&json!(20), &json!(0), &json!(20)), "{told}");
    assert_eq!(told["expiring"], json!([]));
    // Looking did what was due: the sweep finds nothing.
    assert_eq!(ledger.expire_holds().await.expect("swept"), 0);
    assert_eq!(ledger.expire_grants().await.expect("swept"), 0);

    // Whoever looks first.
    let platform = site.platform().await;
    for view in ["introspection", "events"] {
        let lines = vec![Receipt::flat("job", "Job", credits(15))];
        submit(view, Command::Hold { lines, expires_in: Some(60) }).await;
        advance(&site, TimeDelta::seconds(61)).await;
        let told = match view {
            "introspection" => {
                let told = platform.get_for(&program.key, "/service/keys/introspect").await.json();
                assert_eq!(told["key"]["balance"]["spendable"], json!(20), "{told}");
                told["key"]["balance"].clone()
            }
            _ => {
                let mut stream = program.call(reqwest::Method::GET, "/events").send().await.expect("a stream");
                let mut text = String::new();
                while !text.contains("\n\n") {
                    let part = tokio::time::timeout(TIMEOUT, stream.chunk()).await.expect("in time");
                    text.push_str(std::str::from_utf8(&part.expect("read").expect("more")).expect("UTF-8"));
                }
                let data = text.lines().find_map(|line| line.strip_prefix("data:")).expect("data");
                serde_json::from_str(data).expect("JSON")
            }
        };
        assert_eq!(
            (&told["available"], &told["held"], &told["settled"]),
            (&json!(20), &json!(0), &json!(20)),
            "{view}"
        );
    }

    // A call that needs what a hold kept does not wait for the sweep either.
    let lines = vec![Receipt::flat("job", "Job", credits(20))];
    submit("again", Command::Hold { lines, expires_in: Some(60) }).await;
    let charge = json!({ "operation": "gpt-5", "count": 10 });
    assert_eq!(program.post("/charges", "early", &charge).await.status, StatusCode::PAYMENT_REQUIRED);
    advance(&site, TimeDelta::seconds(61)).await;
    assert_eq!(program.post("/charges", "then", &charge).await.status, StatusCode::CREATED);
}
