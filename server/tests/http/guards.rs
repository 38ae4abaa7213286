//! Who may what: keys, scopes, limits, other sites' pages, headers.

use reqwest::{Method, StatusCode};
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Program, Site, Told, early_in_a_minute, location};

#[sqlx::test(migrations = "../migrations")]
async fn only_right_keys_come_in(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("kate", 10).await;
    let mut wrong = program.key.clone();
    wrong.pop();
    for key in ["", "x", "nb_YOUR_API_KEY", wrong.as_str(), &"x".repeat(10_000), "ключ"] {
        let header = format!("Bearer {key}");
        let request = site.client.get(format!("{}/api/v2/balance", site.url));
        let request = request
            .header("authorization", reqwest::header::HeaderValue::from_bytes(header.as_bytes()).expect("a value"));
        let told = Told::of(request.send().await.expect("an answer")).await;
        assert_eq!((told.status, told.code().as_str()), (StatusCode::UNAUTHORIZED, "unauthenticated"), "{key}");
        assert_eq!(told.header("www-authenticate"), "Bearer");
    }
    let keyless = site.client.get(format!("{}/api/v2/balance", site.url)).send().await.expect("an answer");
    assert_eq!(keyless.status(), StatusCode::UNAUTHORIZED);

    let keys = site.wallet().identity().keys(&program.viewer).await.expect("keys");
    site.wallet().identity().revoke_key(&program.viewer, keys[0].id).await.expect("revoked");
    assert_eq!(program.get("/balance").await.status, StatusCode::UNAUTHORIZED);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_does_what_its_scopes_say(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program_with("scope", 10, &["balance:read"]).await;
    assert_eq!(program.get("/balance").await.status, StatusCode::OK);
    let told = program.get("/ledger").await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::FORBIDDEN, "forbidden"));
    assert_eq!(program.post("/charges", "k", &json!({ "operation": "gpt-5" })).await.code(), "forbidden");
    let top_up = json!({ "package": "light", "currency": "RUB" });
    assert_eq!(program.post("/top-ups", "k", &top_up).await.code(), "forbidden");
}

#[sqlx::test(migrations = "../migrations")]
async fn reads_and_writes_have_limits_of_their_own(pool: PgPool) {
    let site = Site::start_with(pool, &["--rate-reads", "3", "--rate-writes", "2"]).await;
    let program = site.program("rate", 10).await;
    early_in_a_minute().await;
    for left in [2, 1, 0] {
        let told = program.get("/balance").await;
        assert_eq!(told.status, StatusCode::OK);
        assert_eq!(
            (told.header("ratelimit-limit"), told.header("ratelimit-remaining")),
            ("3", left.to_string().as_str())
        );
    }
    let told = program.get("/balance").await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "rate_limited"));
    assert!(told.header("retry-after").parse::<u32>().is_ok_and(|seconds| (1..=61).contains(&seconds)));
    let told = program.post("/charges", "k", &json!({ "operation": "gpt-5" })).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);
}

async fn cross_site(program: &Program<'_>, path: &str, headers: &[(&str, &str)]) -> StatusCode {
    let mut request = program.site.client.request(Method::POST, format!("{}{path}", program.site.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body("email=a%40b.cc&password=x").send().await.expect("an answer").status()
}

#[sqlx::test(migrations = "../migrations")]
async fn other_sites_pages_can_not_post(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("csrf", 10).await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    for path in
        ["/sign-in", "/sign-out", "/wallet/top-up", "/developers/keys", "/playground/run", "/sandbox/checkout/x"]
    {
        for headers in [
            [form, ("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
            [form, ("sec-fetch-site", "same-site"), ("origin", "https://evil.localhost")],
            [form, ("x-nothing", ""), ("origin", "https://evil.example")],
            [form, ("x-nothing", ""), ("origin", "null")],
        ] {
            assert_eq!(cross_site(&program, path, &headers).await, StatusCode::FORBIDDEN, "{path} {headers:?}");
        }
        let own = [form, ("sec-fetch-site", "same-origin"), ("origin", site.url.as_str())];
        assert_ne!(cross_site(&program, path, &own).await, StatusCode::FORBIDDEN, "{path}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_are_closed_to_those_who_may_not_see_them(pool: PgPool) {
    let site = Site::start(pool).await;
    site.person("guest").await;
    let mut browser = site.browser();
    for path in ["/wallet", "/wallet/history?kind=charge", "/developers/keys", "/admin/tariffs"] {
        let told = browser.open(path).await;
        let next: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
        assert_eq!((told.status, location(&told)), (StatusCode::SEE_OTHER, format!("/sign-in?next={next}")));
    }
    assert_eq!(browser.open("/playground").await.status, StatusCode::NOT_FOUND, "only in the demo");
    assert_eq!(browser.open("/live").await.status, StatusCode::UNAUTHORIZED);
    let stream = site.client.get(format!("{}/live", site.url)).header("accept", "text/event-stream");
    let told = Told::of(stream.send().await.expect("an answer")).await;
    assert_eq!(told.status, StatusCode::OK, "an EventSource never learns the status of a refusal");
    assert!(told.text.starts_with("event: signed_out\n"), "{}", told.text);
    browser.sign_in("guest").await;
    assert_eq!(browser.open("/wallet").await.status, StatusCode::OK);
    for path in ["/admin", "/admin/tariffs", "/admin/audit"] {
        assert_eq!(browser.open(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let told = browser.post("/admin/tariffs", &[]).await;
    assert_eq!(told.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrations = "../migrations")]
async fn every_answer_carries_the_headers_that_protect(pool: PgPool) {
    let site = Site::start(pool).await;
    for path in
        ["/pricing", "/sign-in", "/nothing-here", "/health", "/api/v2/balance", "/api/openapi.json", "/pkg/none.js"]
    {
        let told = Told::of(site.client.get(format!("{}{path}", site.url)).send().await.expect("an answer")).await;
        let policy = told.header("content-security-policy").to_owned();
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("script-src 'unsafe-inline'") && !policy.contains("unsafe-eval' "), "{policy}");
        assert_eq!(told.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(told.header("access-control-allow-origin"), "", "{path}");
        assert!(!told.header("x-request-id").is_empty(), "{path}");
    }
    let page = Told::of(site.client.get(format!("{}/sign-in", site.url)).send().await.expect("an answer")).await;
    let nonce = page.header("content-security-policy").split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next());
    assert!(page.text.contains(&format!("nonce=\"{}\"", nonce.expect("a nonce"))), "scripts carry the header's nonce");
    assert_eq!(page.header("cache-control"), "no-store");
    let id = site
        .client
        .get(format!("{}/health", site.url))
        .header("x-request-id", "abc-1")
        .send()
        .await
        .expect("an answer");
    assert_eq!(id.headers()["x-request-id"], "abc-1");
    let id = site
        .client
        .get(format!("{}/health", site.url))
        .header("x-request-id", "<script>")
        .send()
        .await
        .expect("an answer");
    assert_ne!(id.headers()["x-request-id"], "<script>");
}

#[sqlx::test(migrations = "../migrations")]
async fn one_guesser_behind_a_trusted_proxy_makes_nobody_else_wait(pool: PgPool) {
    let site = Site::start_with(pool.clone(), &["--trusted-proxies", "127.0.0.0/8,::1"]).await;
    site.person("owner").await;
    let guess = async |from: &str| {
        let body = "email=owner%40example.com&password=wrong+horse";
        let request = site.client.post(format!("{}/sign-in", site.url)).header("origin", &site.url);
        let request =
            request.header("x-forwarded-for", from).header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(request.body(body).send().await.expect("an answer").status(), StatusCode::UNPROCESSABLE_ENTITY);
        let counted = "SELECT count(*) FROM sign_in_throttle";
        sqlx::query_scalar::<_, i64>(counted).fetch_one(&pool).await.expect("a count")
    };
    // The address that was guessed at, the guesser, and both together; whatever the guesser writes in front of its own
    // address, which the proxy adds.
    for made_up in ["198.51.100.7", "203.0.113.1, 198.51.100.7", "127.0.0.1, 198.51.100.7"] {
        assert_eq!(guess(made_up).await, 3, "{made_up}");
    }
    assert_eq!(guess("198.51.100.8").await, 5, "somebody else");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_limit_holds_across_nodes(pool: PgPool) {
    let one = Site::start_with(pool.clone(), &["--rate-writes", "60"]).await;
    let two = Site::start_with(pool, &["--rate-writes", "60"]).await;
    let program = one.program("spread", 10).await;
    let there = Program { site: &two, key: program.key.clone(), viewer: program.viewer.clone() };
    let call =
        async |program: &Program<'_>| program.post("/charges", "same", &json!({ "operation": "gpt-5-nano" })).await;
    // A minute may end in between, once.
    for _ in 0..2 {
        for _ in 0..50 {
            assert_eq!(call(&program).await.status, StatusCode::CREATED);
        }
        one.state.rates.share(one.wallet()).await.expect("told");
        for _ in 0..8 {
            call(&there).await;
        }
        two.state.rates.share(two.wallet()).await.expect("heard");
        let told = call(&there).await;
        let left: u32 = told.header("ratelimit-remaining").parse().expect("a number");
        if left < 10 {
            assert_eq!(left, 1, "fifty there, nine here");
            return;
        }
    }
    panic!("the other node's calls were never heard of");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_failed_in_a_browser_is_told_by_our_own_pages_in_a_few_words(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut browser = site.browser();
    let told =
        browser.post("/browser-errors", &[("page", "/wallet"), ("message", "unreachable\nat account.wasm")]).await;
    assert_eq!(told.status, StatusCode::NO_CONTENT);
    assert_eq!(browser.post("/browser-errors", &[("page", "/wallet")]).await.status, StatusCode::BAD_REQUEST);
    let foreign = site.client.post(format!("{}/browser-errors", site.url)).header("origin", "https://evil.example");
    let foreign = foreign.header("content-type", "application/x-www-form-urlencoded").body("page=/&message=x");
    let foreign = foreign.send().await.expect("an answer");
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    let long = "x".repeat(3_000_000);
    let told = browser.post("/browser-errors", &[("page", "/"), ("message", long.as_str())]).await;
    assert!([StatusCode::PAYLOAD_TOO_LARGE, StatusCode::BAD_REQUEST].contains(&told.status), "{}", told.status);
}
