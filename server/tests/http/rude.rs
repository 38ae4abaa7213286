//! One rude client: many reads at once, endpoints that hang, wrong keys, and pages without end. Others go on.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;
use server::api::ApiPayloads;
use server::webhook_delivery;
use sqlx::PgPool;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use wallet::identity::ServiceScope;

use crate::support::{Program, Site, TIMEOUT, Told, early_in_a_minute};

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
        let told = timeout(TIMEOUT, asked.join_next()).await.expect("at once").expect("one").expect("an answer");
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
    let search = timeout(TIMEOUT, other.get("/ledger?operation=gpt-5")).await.expect("no turn of the rude one's");
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
    let running = webhook_delivery::start(&site.state, ApiPayloads::of(&site.state)).expect("started");
    // Until every hostile account has all that it gets: eight messages that hang.
    let hanging = || all.iter().map(|counted| *counted.borrow()).sum::<usize>();
    timeout(TIMEOUT, async {
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
        let came = timeout(TIMEOUT, heard.recv()).await.expect("in time").expect("a message");
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
    let (cold, revoked) = (site.program("cold", 10).await, site.program("revoked", 10).await);
    assert_eq!(guess("192.0.2.1", &cold.key).await.status, StatusCode::OK, "and one that this node has never seen");
    let id = site.wallet().identity().keys(&revoked.viewer).await.expect("keys")[0].id;
    site.wallet().identity().revoke_key(&revoked.viewer, id).await.expect("revoked");
    assert_eq!(guess("192.0.2.1", &revoked.key).await.status, StatusCode::TOO_MANY_REQUESTS, "it works no more");
    let platform = site.platform().await;
    let told = guess("192.0.2.1", &platform.key).await;
    assert_eq!(told.status, StatusCode::FORBIDDEN, "a service key is heard as well: {}", told.text);
    let wrong = guess("192.0.2.1", &format!("{}x", platform.key)).await;
    assert_eq!(wrong.status, StatusCode::TOO_MANY_REQUESTS, "{}", wrong.text);
    assert_eq!(guess("192.0.2.2", "nb_live_x").await.status, StatusCode::UNAUTHORIZED, "another address");
    let told = guess("192.0.2.1", "").await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "rate_limited"));
    assert!(!told.header("retry-after").is_empty());
}

/// Makes another key of the same account.
async fn another_key<'s>(first: &Program<'s>) -> Program<'s> {
    let new = wallet::identity::NewKey {
        name: "another".to_owned(),
        environment: wallet::identity::Environment::Production,
        scopes: Vec::new(),
        ceiling: None,
    };
    let key = first.site.wallet().identity().create_key(&first.viewer, &new).await.expect("a key").secret;
    Program { site: first.site, key, viewer: first.viewer.clone() }
}

#[sqlx::test(migrations = "../migrations")]
async fn many_keys_of_an_account_have_one_limit_together(pool: PgPool) {
    let flags = ["--rate-reads=5", "--rate-account-reads=8", "--rate-writes=3", "--rate-account-writes=3"];
    let site = Site::start_with(pool, &flags).await;
    let first = site.program("kate", 100).await;
    let second = another_key(&first).await;
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
async fn the_platform_s_calls_count_for_the_account_of_the_key_that_they_name(pool: PgPool) {
    let flags = ["--rate-writes=3", "--rate-account-writes=5"];
    let site = Site::start_with(pool, &flags).await;
    let (first, platform) = (site.program("kate", 100).await, site.platform().await);
    let second = another_key(&first).await;
    early_in_a_minute().await;
    let mut statuses = Vec::new();
    for number in 0..6 {
        let program = if number % 2 == 0 { &first } else { &second };
        let body = json!({ "operation": "gpt-5" });
        let told = platform.post_for(program, "/service/charges", &format!("c{number}"), &body).await;
        statuses.push(told.status.as_u16());
    }
    assert_eq!(statuses, [201, 201, 201, 201, 201, 429], "neither key has had more than its three");
    let stranger = site.program("stranger", 100).await;
    let told = platform.post_for(&stranger, "/service/charges", "s", &json!({ "operation": "gpt-5" })).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn wrong_keys_of_customers_are_counted_and_right_ones_go_on(pool: PgPool) {
    let site = Site::start_with(pool, &["--rate-wrong-keys=1"]).await;
    let (customer, platform) = (site.program("kate", 100).await, site.platform_with("asks", &ServiceScope::ALL).await);
    early_in_a_minute().await;
    let told = platform.get_for("nb_live_0", "/service/keys/introspect").await;
    assert_eq!((told.status, told.json()["active"].clone()), (StatusCode::OK, json!(false)));
    let mut statuses = std::collections::BTreeSet::new();
    for number in 0..100 {
        let told = platform.get_for(&format!("nb_live_{number}"), "/service/keys/introspect").await;
        statuses.insert(told.status.as_u16());
    }
    assert_eq!(statuses, [200, 429].into(), "a hundred times as many as an address");
    let body = json!({ "on_behalf_of": "nb_live_x", "operation": "gpt-5" });
    assert_eq!(platform.post("/service/charges", "w", &body).await.status, StatusCode::TOO_MANY_REQUESTS);
    let told = platform.get_for(&customer.key, "/service/keys/introspect").await;
    assert_eq!((told.status, told.json()["active"].clone()), (StatusCode::OK, json!(true)), "{}", told.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_batch_that_is_refused_as_a_whole_uses_nothing_up(pool: PgPool) {
    let flags = ["--rate-writes=6", "--rate-account-writes=6"];
    let site = Site::start_with(pool, &flags).await;
    let program = site.program("kate", 100).await;
    let batch = |count: usize, key: &str| {
        json!({ "charges": (0..count).map(|number| json!({
            "idempotency_key": format!("{key}{number}"), "charge": { "operation": "gpt-5" }
        })).collect::<Vec<_>>() })
    };
    early_in_a_minute().await;
    let told = program.post("/charges/batch", "a", &batch(7, "a")).await;
    assert_eq!(told.status, StatusCode::TOO_MANY_REQUESTS, "{}", told.text);
    let told = program.post("/charges/batch", "b", &batch(5, "b")).await;
    assert_eq!(told.status, StatusCode::OK, "the refused call was one: {}", told.text);
    let told = program.post("/charges", "c", &json!({ "operation": "gpt-5" })).await;
    assert_eq!(told.status, StatusCode::TOO_MANY_REQUESTS, "six and no more");
}

#[sqlx::test(migrations = "../migrations")]
async fn files_and_documents_are_counted_by_address_and_providers_are_not(pool: PgPool) {
    let flags = ["--rate-address-reads=2", "--rate-address-writes=1", "--trusted-proxies=127.0.0.1"];
    let site = Site::start_with(pool, &flags).await;
    let ask = async |address: &str, path: &str| {
        let request = site.client.get(format!("{}{path}", site.url)).header("x-forwarded-for", address);
        request.send().await.expect("an answer").status().as_u16()
    };
    early_in_a_minute().await;
    let mut answers = Vec::new();
    for path in ["/api/openapi.json", "/docs/api", "/llms.txt"] {
        answers.push(ask("192.0.2.1", path).await);
    }
    assert_eq!(answers, [200, 200, 429]);
    answers.clear();
    for number in 0..21 {
        answers.push(ask("192.0.2.1", if number % 2 == 0 { "/plain.css" } else { "/favicon.ico" }).await);
    }
    assert_eq!(
        answers.iter().filter(|status| **status == 429).count(),
        1,
        "files apart, ten times as many: {answers:?}"
    );
    assert_eq!(ask("192.0.2.2", "/llms.txt").await, 200, "another address");
    for _ in 0..5 {
        let request = site.client.post(format!("{}/webhooks/sandbox", site.url)).header("x-forwarded-for", "192.0.2.1");
        let status = request.body("{}").send().await.expect("an answer").status();
        assert_eq!(status, StatusCode::BAD_REQUEST, "a provider is never one too many");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_browser_and_an_address_have_limits_and_a_form_is_kept(pool: PgPool) {
    let site = Site::start_with(pool.clone(), &["--rate-session-reads=3", "--rate-session-writes=2"]).await;
    site.person("kate").await;
    let (mut browser, mut other) = (site.browser(), site.browser());
    browser.sign_in("kate").await;
    other.sign_in("kate").await;
    early_in_a_minute().await;
    for (path, expected) in [("/wallet", 200), ("/wallet/history", 200), ("/pricing", 200), ("/wallet", 429)] {
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
