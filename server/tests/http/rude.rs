//! One rude client: many reads at once, endpoints that hang, wrong keys, and pages without end. Others go on.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;
use server::webhook_delivery;
use sqlx::PgPool;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::support::{PATIENCE, Program, Site, Told, early_in_a_minute};

/// Makes the account's long reads wait: whoever holds this lock of the ledger's table is a migration, or a test.
async fn stop_reads(pool: &PgPool) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let mut tx = pool.begin().await.expect("a transaction");
    sqlx::query("LOCK TABLE usage_summed IN ACCESS EXCLUSIVE MODE").execute(&mut *tx).await.expect("locked");
    tx
}

#[sqlx::test(migrations = "../migrations")]
async fn sixty_reads_at_once_take_nothing_from_others(pool: PgPool) {
    let site = Site::start_with(pool.clone(), &["--reads-queue=9", "--reads-timeout=60"]).await;
    let (rude, other) = (site.program("rude", 100).await, site.program("other", 100).await);
    for program in [&rude, &other] {
        program.post("/charges", "c", &json!({ "operation": "gpt-5" })).await;
    }
    let held = stop_reads(&pool).await;
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..60 {
        let request = rude.call(Method::GET, "/usage?group_by=day");
        asked.spawn(async move { Told::of(request.send().await.expect("an answer")).await });
    }
    // One has its turn and nine wait; the others hear so at once.
    for _ in 0..50 {
        let told = timeout(PATIENCE, asked.join_next()).await.expect("at once").expect("one").expect("an answer");
        assert_eq!((told.status, told.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "rate_limited"));
        assert!(told.header("retry-after").parse::<u32>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
    }
    // Meanwhile everything else goes on, for the rude one as well.
    for program in [&rude, &other] {
        assert_eq!(program.get("/balance").await.status, StatusCode::OK);
        let told = program.post("/charges", "meanwhile", &json!({ "operation": "gpt-5" })).await;
        assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);
        assert_eq!(program.get("/ledger").await.status, StatusCode::OK);
    }
    let search = timeout(PATIENCE, other.get("/ledger?operation=gpt-5")).await.expect("no turn of the rude one's");
    assert_eq!(search.status, StatusCode::OK, "{}", search.text);
    assert_eq!(rude.get("/ledger?operation=gpt-5").await.status, StatusCode::TOO_MANY_REQUESTS, "the same queue");
    assert_eq!(rude.get("/ledger.csv").await.status, StatusCode::TOO_MANY_REQUESTS, "and the same for files");
    held.rollback().await.expect("let go");
    while let Some(told) = asked.join_next().await {
        assert_eq!(told.expect("an answer").status, StatusCode::OK, "who waited is answered");
    }
    assert_eq!(rude.get("/ledger.csv").await.status, StatusCode::OK);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_search_of_the_page_has_its_words_where_it_is_one_too_many(pool: PgPool) {
    let site = Site::start_with(pool.clone(), &["--reads-queue=0", "--reads-timeout=60"]).await;
    let (_, viewer) = site.person("rude").await;
    let mut browser = site.browser();
    browser.sign_in("rude").await;
    let turn = site.wallet().db().reads().begin(viewer.account).await.expect("a turn");
    let page = browser.open("/wallet/history?q=x").await;
    assert!(page.text.contains("Too many"), "{}", page.text);
    let file = browser.open("/wallet/history.csv").await;
    assert_eq!(file.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!file.header("retry-after").is_empty());
    turn.end().await.expect("ended");
    assert_eq!(browser.open("/wallet/history?q=x").await.status, StatusCode::OK);
    assert_eq!(browser.open("/wallet/history.csv").await.status, StatusCode::OK);
}

/// An endpoint that takes connections and never answers; tells how many it has.
async fn hanging() -> (String, watch::Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (count, counted) = watch::channel(0);
    tokio::spawn(async move {
        let mut kept: Vec<TcpStream> = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
            count.send_replace(kept.len());
        }
    });
    (format!("http://{address}/hook"), counted)
}

/// An endpoint that tells when a message comes, and takes it.
async fn prompt() -> (String, mpsc::UnboundedReceiver<Instant>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 16_384];
            if stream.read(&mut bytes).await.unwrap_or(0) == 0 {
                continue;
            }
            sender.send(Instant::now()).ok();
            tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                .await
                .ok();
        }
    });
    (format!("http://{address}/hook"), receiver)
}

async fn listen(program: &Program<'_>, key: &str, url: &str) {
    let body = json!({ "url": url, "events": ["ledger.entry.created"] });
    let told = program.post("/webhook-endpoints", key, &body).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn four_accounts_whose_endpoints_hang_delay_a_stranger_by_less_than_two_seconds(pool: PgPool) {
    let site = Site::start_with(pool, &["--webhook-private=true"]).await;
    let mut all = Vec::new();
    for number in 0..4 {
        let hostile = site.program(&format!("hostile{number}"), 1_000).await;
        // Ten endpoints, each on a port of its own.
        for place in 0..10 {
            let (url, counted) = hanging().await;
            listen(&hostile, &format!("e{place}"), &url).await;
            all.push(counted);
        }
        for place in 0..20 {
            hostile.post("/charges", &format!("c{place}"), &json!({ "operation": "gpt-5" })).await;
        }
    }
    let stranger = site.program("stranger", 100).await;
    let (url, mut heard) = prompt().await;
    listen(&stranger, "own", &url).await;
    let running = webhook_delivery::start(&site.state).expect("started");
    // Until every hostile account has all that it gets: eight messages that hang.
    let hanging = || all.iter().map(|counted| *counted.borrow()).sum::<usize>();
    timeout(PATIENCE, async {
        while hanging() < 4 * 8 {
            futures::future::select_all(all.iter().map(|counted| {
                let mut counted = counted.clone();
                Box::pin(async move { counted.changed().await })
            }))
            .await
            .0
            .ok();
        }
    })
    .await
    .expect("they hang");
    for number in 0..3 {
        let began = Instant::now();
        stranger.post("/charges", &format!("s{number}"), &json!({ "operation": "gpt-5" })).await;
        let came = timeout(PATIENCE, heard.recv()).await.expect("in time").expect("a message");
        let took = came.duration_since(began);
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
    assert_eq!(hanging(), 4 * 8, "a share, and no more");
    running.abort();
}

#[sqlx::test(migrations = "../migrations")]
async fn wrong_keys_are_counted_by_address_and_right_ones_go_on(pool: PgPool) {
    let flags = ["--rate-wrong-keys=5", "--trusted-proxies=127.0.0.1"];
    let site = Site::start_with(pool, &flags).await;
    let program = site.program("kate", 10).await;
    assert_eq!(program.get("/balance").await.status, StatusCode::OK);
    let guess = async |address: &str, key: &str| {
        let request = site.client.get(format!("{}/api/v2/balance", site.url));
        let request = request.header("x-forwarded-for", address).bearer_auth(key);
        Told::of(request.send().await.expect("an answer")).await
    };
    early_in_a_minute().await;
    let mut statuses = Vec::new();
    for number in 0..8 {
        statuses.push(guess("192.0.2.1", &format!("nb_live_{number}")).await.status.as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429, 429]);
    assert_eq!(guess("192.0.2.1", &program.key).await.status, StatusCode::OK, "a key that is known is heard");
    assert_eq!(guess("192.0.2.2", "nb_live_x").await.status, StatusCode::UNAUTHORIZED, "another address");
    let told = guess("192.0.2.1", "").await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "rate_limited"));
    assert!(!told.header("retry-after").is_empty());
}

#[sqlx::test(migrations = "../migrations")]
async fn many_keys_of_an_account_have_one_limit_together(pool: PgPool) {
    let flags = ["--rate-reads=5", "--rate-account-reads=8", "--rate-writes=3", "--rate-account-writes=3"];
    let site = Site::start_with(pool, &flags).await;
    let first = site.program("kate", 100).await;
    let new = wallet::identity::NewKey {
        name: "another".to_owned(),
        environment: wallet::identity::Environment::Production,
        scopes: Vec::new(),
        ceiling: None,
    };
    let key = site.wallet().identity().create_key(&first.viewer, &new).await.expect("a key").secret;
    let second = Program { site: &site, key, viewer: first.viewer.clone() };
    early_in_a_minute().await;
    let mut statuses = Vec::new();
    for number in 0..10 {
        let program = if number % 2 == 0 { &first } else { &second };
        statuses.push(program.get("/balance").await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 200, 429, 429]);
    let many = json!({ "charges": (0..4).map(|number| json!({
        "idempotency_key": format!("b{number}"), "charge": { "operation": "gpt-5" }
    })).collect::<Vec<_>>() });
    let told = second.post("/charges/batch", "batch", &many).await;
    assert_eq!(told.status, StatusCode::TOO_MANY_REQUESTS, "each charge counts: {}", told.text);
    let stranger = site.program("stranger", 100).await;
    assert_eq!(stranger.get("/balance").await.status, StatusCode::OK);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_browser_and_an_address_have_limits_and_a_form_is_kept(pool: PgPool) {
    let site = Site::start_with(pool.clone(), &["--rate-session-reads=3", "--rate-session-writes=2"]).await;
    site.person("kate").await;
    let (mut browser, mut other) = (site.browser(), site.browser());
    browser.sign_in("kate").await;
    other.sign_in("kate").await;
    let server_fn = format!("{}/_fn/session", site.url);
    early_in_a_minute().await;
    for (path, expected) in [("/wallet", 200), ("/wallet/history", 200), (&server_fn, 302), ("/wallet", 429)] {
        let told = browser.open(path).await;
        assert_eq!(told.status.as_u16(), expected, "{path}");
        if expected == 429 {
            assert!(told.text.contains("Too many requests"), "{}", told.text);
            assert!(told.header("retry-after").parse::<u32>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
        }
    }
    assert_eq!(other.open("/wallet").await.status, StatusCode::OK, "another session");
    early_in_a_minute().await;
    for expected in [303, 303, 429] {
        let told = browser.post("/settings/theme", &[("theme", "dark"), ("next", "/wallet")]).await;
        assert_eq!(told.status.as_u16(), expected, "{}", told.text);
        if expected == 429 {
            assert!(told.text.contains("<form") && told.text.contains("dark"), "what was typed is kept: {}", told.text);
        }
    }

    let site = Site::start_with(pool, &["--rate-address-reads=2", "--rate-address-writes=1"]).await;
    let mut anybody = site.browser();
    early_in_a_minute().await;
    for expected in [200, 200, 429] {
        assert_eq!(anybody.open("/sign-in").await.status.as_u16(), expected);
    }
    early_in_a_minute().await;
    for expected in [422, 429] {
        let told = anybody.post("/sign-in", &[("email", "x"), ("password", "y")]).await;
        assert_eq!(told.status.as_u16(), expected, "{}", told.text);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn prices_that_are_kept_count_as_writes(pool: PgPool) {
    let flags = ["--rate-writes=5", "--rate-account-writes=5"];
    let site = Site::start_with(pool, &flags).await;
    site.person("kate").await;
    let mut browser = site.browser();
    browser.sign_in("kate").await;
    let line = json!({ "operation": "gpt-5", "params": {}, "count": 1 });
    let lines = json!([line, line, line]).to_string();
    early_in_a_minute().await;
    let first = browser.post("/wallet/quotes", &[("lines", &lines)]).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.text);
    let second = browser.post("/wallet/quotes", &[("lines", &lines)]).await;
    assert_eq!(second.status, StatusCode::TOO_MANY_REQUESTS, "six in all");
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM quotes").fetch_one(site.wallet().pool()).await.expect("counted");
    assert_eq!(kept, 3, "what is refused keeps none");
}
