//! The platform's own calls: a service key spends for customers, and customers decide nothing of what that costs.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use wallet::identity::{Actor, Environment, KeyScope, NewKey, ServiceScope};
use wallet::money::Credits;

use crate::support::{Platform, Program, Site, Told, early_in_a_minute};

fn dalle() -> Value {
    json!({ "operation": "dall-e-3", "params": { "size": "1792x1024", "quality": "hd" } })
}

fn job() -> Value {
    json!({ "lines": [dalle()], "metadata": { "job": "17" } })
}

fn whole(credits: i64) -> Credits {
    Credits::from_whole(credits).expect("fits")
}

fn refused(told: &Told, what: &str) {
    assert_eq!((told.status, told.code().as_str()), (StatusCode::FORBIDDEN, "forbidden"), "{what}: {}", told.text);
    assert!(told.text.contains("platform"), "{what} says who may: {}", told.text);
}

/// Another key of somebody's account.
async fn another_key<'a>(
    program: &Program<'a>,
    environment: Environment,
    scopes: &[KeyScope],
    ceiling: Option<i64>,
) -> Program<'a> {
    let scopes = scopes.iter().map(|scope| scope.code().to_owned()).collect();
    let new = NewKey { name: "another".to_owned(), environment, scopes, ceiling: ceiling.map(whole) };
    let made = program.site.wallet().identity().create_key(&program.viewer, &new).await.expect("a key");
    Program { site: program.site, key: made.secret, viewer: program.viewer.clone() }
}

/// The place of somebody's production wallet, as calls name it.
fn place_of(program: &Program<'_>) -> Value {
    json!({ "account": program.viewer.account, "project": program.viewer.project, "environment": "production" })
}

fn with(mut body: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("fields") {
        body[name] = value.clone();
    }
    body
}

/// Tries everything by which a customer could undo a charge and a hold; nothing of it may work.
async fn tries_everything(customer: &Program<'_>, charge: &Value, hold: &Value, turn: &str) {
    let tries = [
        (format!("/charges/{charge}/credit-back"), json!({ "reason": "I want it back" })),
        (format!("/holds/{hold}/capture"), json!({})),
        (format!("/holds/{hold}/capture"), json!({ "amount": 0.01 })),
        (format!("/holds/{hold}/capture"), json!({ "lines": [0] })),
        (format!("/holds/{hold}/release"), json!({ "reason": "platform_failure" })),
        (format!("/holds/{hold}/release"), json!({ "reason": "customer_failure" })),
        (format!("/holds/{hold}/release"), json!({ "reason": "cancelled" })),
    ];
    for (at, (path, body)) in tries.iter().enumerate() {
        refused(&customer.post(path, &format!("{turn}-{at}"), body).await, &format!("{path} {body}"));
        refused(&customer.post(path, &format!("{turn}-{at}"), body).await, "the same again");
        let service = customer.post(&format!("/service{path}"), &format!("{turn}-s{at}"), body).await;
        assert_eq!(service.status, StatusCode::FORBIDDEN, "{path}: {}", service.text);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_customer_decides_nothing_of_what_the_platform_did(pool: PgPool) {
    let site = Site::start(pool).await;
    let (customer, platform) = (site.program("mia", 100).await, site.platform().await);
    let charge = platform.post_for(&customer, "/service/charges", "c", &dalle()).await;
    assert_eq!((charge.status, &charge.json()["amount"]), (StatusCode::CREATED, &json!(13)), "{}", charge.text);
    let hold = platform.post_for(&customer, "/service/holds", "h", &job()).await;
    assert_eq!((hold.status, &hold.json()["amount"]), (StatusCode::CREATED, &json!(13)), "{}", hold.text);
    let (charge, hold) = (charge.json()["id"].clone(), hold.json()["id"].clone());

    let (default, all) = (&[][..], &KeyScope::ALL[..]);
    for (turn, scopes) in [("default", default), ("all", all)] {
        let key = another_key(&customer, Environment::Production, scopes, None).await;
        tries_everything(&key, &charge, &hold, turn).await;
    }
    assert_eq!(customer.available().await, whole(74));
    assert_eq!(customer.get(&format!("/holds/{hold}")).await.json()["state"], json!("open"));

    // The platform finishes its own, and what it captured is its own as well.
    let taken = platform.post_for(&customer, &format!("/service/holds/{hold}/capture"), "t", &json!({})).await.json();
    let capture = taken["finished_by"].clone();
    let back = json!({ "reason": "mine" });
    refused(&customer.post(&format!("/charges/{capture}/credit-back"), "b", &back).await, "a capture");
    for (row, left) in [(&capture, 87), (&charge, 100)] {
        let path = format!("/service/charges/{row}/credit-back");
        let told = platform.post_for(&customer, &path, &format!("back-{row}"), &json!({ "reason": "failed" })).await;
        assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);
        assert_eq!(customer.available().await, whole(left));
    }
    let many = json!({ "charges": [{ "idempotency_key": "k", "credit_back": charge }] });
    assert_eq!(customer.post("/charges/batch", "k", &many).await.code(), "invalid_request");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_customer_finishes_own_holds_and_pays_nothing_back(pool: PgPool) {
    let site = Site::start(pool).await;
    let customer = site.program_with("own", 100, &[]).await;
    let charge = customer.post("/charges", "c", &dalle()).await.json();
    let back = customer.post(&format!("/charges/{}/credit-back", charge["id"]), "b", &json!({ "reason": "x" })).await;
    refused(&back, "an own charge");
    assert_eq!(customer.available().await, whole(87));
    let mut holds = Vec::new();
    for key in ["one", "two", "three"] {
        holds.push(customer.post("/holds", key, &job()).await.json()["id"].clone());
    }
    let release = async |hold: &Value, reason: &str| {
        let key = format!("{hold}-{reason}");
        customer.post(&format!("/holds/{hold}/release"), &key, &json!({ "reason": reason })).await
    };
    refused(&release(&holds[0], "platform_failure").await, "an own hold for the platform's reasons");
    assert_eq!(release(&holds[0], "cancelled").await.status, StatusCode::CREATED);
    assert_eq!(release(&holds[1], "customer_failure").await.status, StatusCode::CREATED);
    let path = format!("/holds/{}/capture", holds[2]);
    assert_eq!(customer.post(&path, "part", &json!({ "amount": 3 })).await.json()["captured"], json!(3));
    assert_eq!(customer.available().await, whole(84));
    // What customers made, the platform may undo.
    let platform = site.platform().await;
    let path = format!("/service/charges/{}/credit-back", charge["id"]);
    let told = platform.post_for(&customer, &path, "b", &json!({ "reason": "it failed" })).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);
    assert_eq!(customer.available().await, whole(97));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_that_a_customer_used_first_is_no_free_ride(pool: PgPool) {
    let site = Site::start(pool).await;
    let (customer, platform) = (site.program("first", 100).await, site.platform().await);
    // The customer guesses what the platform will send, and sends it first.
    let own = customer.post("/holds", "job-17", &job()).await.json()["id"].clone();
    let held = platform.post_for(&customer, "/service/holds", "job-17", &job()).await;
    assert_eq!((held.status, held.header("idempotent-replayed")), (StatusCode::CREATED, ""), "{}", held.text);
    let held = held.json()["id"].clone();
    assert_ne!(held, own);
    let called_off = customer.post(&format!("/holds/{own}/release"), "r", &json!({ "reason": "cancelled" })).await;
    assert_eq!(called_off.status, StatusCode::CREATED);
    let taken = platform.post_for(&customer, &format!("/service/holds/{held}/capture"), "r", &json!({})).await.json();
    assert_eq!((&taken["captured"], customer.available().await), (&json!(13), whole(87)));
    // The other way round: what the platform did answers no customer.
    platform.post_for(&customer, "/service/charges", "job-18", &dalle()).await;
    let own = customer.post("/charges", "job-18", &dalle()).await;
    assert_eq!((own.status, own.header("idempotent-replayed")), (StatusCode::CREATED, ""));
    assert_eq!(customer.available().await, whole(61));
    // The platform's own repeat is answered as the first was; for another key of the account it is another request.
    let again = platform.post_for(&customer, "/service/charges", "job-18", &dalle()).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (StatusCode::CREATED, "true"));
    let sibling = another_key(&customer, Environment::Production, &[], None).await;
    let told = platform.post_for(&sibling, "/service/charges", "job-18", &dalle()).await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch"));
    assert_eq!(customer.available().await, whole(61));
    // Customers read the key as the platform sent it.
    let row = customer.get(&format!("/ledger/{}", again.json()["id"])).await.json();
    let detail = site.wallet().ledger().entry(customer.viewer.wallet, row["seq"].as_i64().expect("a row")).await;
    assert_eq!(detail.expect("a row").idempotency_key.as_deref(), Some("job-18"));
    assert_eq!(row["actor"], json!({ "kind": "service", "name": "platform · test" }), "{row}");
}

#[sqlx::test(migrations = "../migrations")]
async fn service_keys_open_what_their_scopes_say_until_they_are_revoked(pool: PgPool) {
    let site = Site::start(pool).await;
    let customer = site.program("scopes", 100).await;
    let spends = site.platform_with("spends", &[ServiceScope::SpendWrite]).await;
    let reads = site.platform_with("reads", &[ServiceScope::KeysRead]).await;
    let spending = ["/service/charges/1/credit-back", "/service/holds/1/capture", "/service/holds/1/release"];
    let bodies = [json!({ "reason": "failed" }), json!({}), json!({ "reason": "cancelled" })];
    let calls = [("/service/charges", dalle()), ("/service/holds", job())];
    for (path, body) in calls.into_iter().chain(spending.into_iter().zip(bodies)) {
        let told = reads.post_for(&customer, path, path, &body).await;
        assert_eq!((told.status, told.code().as_str()), (StatusCode::FORBIDDEN, "forbidden"), "{path}");
        assert!(told.text.contains("spend:write"), "{}", told.text);
        let own = customer.post(path, path, &body).await;
        assert_eq!((own.status, own.code().as_str()), (StatusCode::FORBIDDEN, "forbidden"), "{path}");
        assert!(own.text.contains("service key"), "{}", own.text);
    }
    assert_eq!(reads.get_for(&customer.key, "/service/holds/1").await.status, StatusCode::FORBIDDEN);
    for platform in [&spends, &reads] {
        let told = platform.get_for(&customer.key, "/service/keys/introspect").await;
        assert_eq!(told.status, StatusCode::OK, "{}", told.text);
        // The price list is everybody's; whatever belongs to a wallet is not had by a service key alone.
        let list = platform.call(Method::GET, "/models").send().await.expect("an answer");
        assert_eq!(list.status(), StatusCode::OK);
        for path in ["/balance", "/ledger", "/budgets"] {
            let told = Told::of(platform.call(Method::GET, path).send().await.expect("an answer")).await;
            assert_eq!((told.status, told.code().as_str()), (StatusCode::FORBIDDEN, "forbidden"), "{path}");
        }
        assert_eq!(platform.post("/charges", "c", &dalle()).await.status, StatusCode::FORBIDDEN);
    }
    let unknown = wallet::identity::write_service_key("nb", wallet::id::ServiceKeyId::new(), [1, 2]);
    let last = if spends.key.ends_with('x') { 'y' } else { 'x' };
    let mistyped = format!("{}{last}", &spends.key[..spends.key.len() - 1]);
    for key in [unknown, mistyped, format!("{}0", spends.key)] {
        let wrong = Platform { site: &site, key };
        let told = wrong.post_for(&customer, "/service/charges", "w", &dalle()).await;
        assert_eq!((told.status, told.code().as_str()), (StatusCode::UNAUTHORIZED, "unauthenticated"), "{}", told.text);
    }
    let charged = spends.post_for(&customer, "/service/charges", "c", &dalle()).await;
    assert_eq!(charged.status, StatusCode::CREATED, "{}", charged.text);
    site.wallet().identity().flush_key_uses().await.expect("written");
    site.wallet().identity().revoke_service_key(&Actor::system("test"), "spends").await.expect("revoked");
    let told = spends.post_for(&customer, "/service/charges", "c", &dalle()).await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::UNAUTHORIZED, "unauthenticated"));
    let listed = site.wallet().identity().service_keys().await.expect("keys");
    let spends = listed.iter().find(|key| key.name == "spends").expect("listed");
    assert!(spends.last_used_at.is_some() && spends.revoked_at.is_some(), "{spends:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_wallet_is_named_by_a_key_or_by_its_place(pool: PgPool) {
    let site = Site::start(pool).await;
    let (customer, other) = (site.program("named", 100).await, site.program("other", 100).await);
    let platform = site.platform().await;
    let place = place_of(&customer);
    let charged = platform.post("/service/charges", "c", &with(dalle(), &place)).await;
    assert_eq!(charged.status, StatusCode::CREATED, "{}", charged.text);
    assert_eq!(charged.json()["wallet"], with(json!({ "key": null }), &place));
    assert_eq!((customer.available().await, other.available().await), (whole(87), whole(100)));

    let foreign = with(place.clone(), &json!({ "project": other.viewer.project }));
    let nobody = with(place.clone(), &json!({ "account": uuid::Uuid::now_v7() }));
    for wrong in [&foreign, &nobody] {
        let told = platform.post("/service/charges", "x", &with(dalle(), wrong)).await;
        assert_eq!((told.status, told.code().as_str()), (StatusCode::NOT_FOUND, "not_found"), "{}", told.text);
    }
    let both = with(place.clone(), &json!({ "on_behalf_of": customer.key }));
    let partly = json!({ "account": place["account"], "environment": "preview" });
    let wrong_key = json!({ "on_behalf_of": "nb_live_nothing" });
    let service_key = json!({ "on_behalf_of": platform.key });
    for (who, field) in [
        (&json!({}), "on_behalf_of"),
        (&both, "on_behalf_of"),
        (&partly, "project"),
        (&wrong_key, "on_behalf_of"),
        (&service_key, "on_behalf_of"),
    ] {
        for (path, body) in [("/service/charges", dalle()), ("/service/holds", job())] {
            let told = platform.post(path, "x", &with(body, who)).await;
            assert_eq!((told.status, told.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "unprocessable"));
            assert_eq!(told.json()["error"]["detail"]["fields"][0]["field"], json!(field), "{}", told.text);
        }
    }
    let told = platform.post("/service/charges", "x", &with(dalle(), &json!({ "environment": "live" }))).await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::BAD_REQUEST, "invalid_request"));
    let unkeyed = platform.call(Method::POST, "/service/charges").json(&with(dalle(), &place));
    let told = Told::of(unkeyed.send().await.expect("an answer")).await;
    assert_eq!(told.code(), "idempotency_key_required");

    // A hold is of the wallet that was named: under another one there is none.
    let hold = platform.post_for(&customer, "/service/holds", "h", &job()).await.json();
    let path = format!("/service/holds/{}", hold["id"]);
    assert_eq!(platform.get_for(&other.key, &path).await.status, StatusCode::NOT_FOUND);
    for (end, body) in [("capture", json!({})), ("release", json!({ "reason": "platform_failure" }))] {
        let told = platform.post_for(&other, &format!("{path}/{end}"), end, &body).await;
        assert_eq!((told.status, told.code().as_str()), (StatusCode::NOT_FOUND, "not_found"), "{}", told.text);
    }
    let told = platform.post_for(&other, "/service/charges/2/credit-back", "b", &json!({ "reason": "x" })).await;
    assert!(told.status.is_client_error() && other.available().await == whole(100), "{}", told.text);
    assert_eq!(platform.get_for(&customer.key, &path).await.json()["state"], json!("open"));

    // The customer's key goes; by the place that the answer told the platform finishes what it began.
    let key = site.wallet().identity().authenticate_key(&customer.key).await.expect("a key").id;
    site.wallet().identity().revoke_key(&customer.viewer, key).await.expect("revoked");
    let gone = platform.post_for(&customer, &format!("{path}/capture"), "t", &json!({})).await;
    assert_eq!(gone.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", gone.text);
    let mut place = hold["wallet"].clone();
    assert_eq!(place["key"], json!(key), "{hold}");
    place.as_object_mut().expect("fields").remove("key");
    let query = format!(
        "{path}?account={}&project={}&environment=production",
        place_text(&place, "account"),
        place_text(&place, "project")
    );
    let shown = Told::of(platform.call(Method::GET, &query).send().await.expect("an answer")).await;
    assert_eq!(shown.json()["state"], json!("open"), "{}", shown.text);
    let taken = platform.post(&format!("{path}/capture"), "t", &with(json!({ "amount": 10 }), &place)).await;
    assert_eq!((taken.status, &taken.json()["captured"]), (StatusCode::CREATED, &json!(10)), "{}", taken.text);
}

fn place_text<'a>(place: &'a Value, field: &str) -> &'a str {
    place[field].as_str().expect("an id")
}

#[sqlx::test(migrations = "../migrations")]
async fn the_customers_key_limits_what_is_spent_on_its_behalf(pool: PgPool) {
    let site = Site::start(pool).await;
    let (customer, platform) = (site.program("limits", 100).await, site.platform().await);
    let reader = another_key(&customer, Environment::Production, &[KeyScope::BalanceRead], None).await;
    for (path, body, scope) in
        [("/service/charges", dalle(), "charges:write"), ("/service/holds", job(), "holds:write")]
    {
        let told = platform.post_for(&reader, path, "r", &body).await;
        assert_eq!((told.status, told.code().as_str()), (StatusCode::FORBIDDEN, "forbidden"), "{path}");
        assert!(told.text.contains(scope), "{}", told.text);
    }
    // The key's own budget counts, also over a hold that is taken in part, and only the key's.
    let capped = another_key(&customer, Environment::Production, &[], Some(20)).await;
    let hold = platform.post_for(&capped, "/service/holds", "h", &job()).await.json();
    let over = platform.post_for(&capped, "/service/charges", "o", &dalle()).await;
    assert_eq!((over.status, over.code().as_str()), (StatusCode::PAYMENT_REQUIRED, "out_of_credits"));
    assert_eq!(over.json()["error"]["detail"]["ceiling"], json!("another"), "{}", over.text);
    let path = format!("/service/holds/{}/capture", hold["id"]);
    platform.post_for(&capped, &path, "t", &json!({ "amount": 7 })).await;
    let charge = platform.post_for(&capped, "/service/charges", "o", &dalle()).await;
    assert_eq!(charge.status, StatusCode::CREATED, "{}", charge.text);
    assert_eq!(
        capped.post("/charges", "own", &json!({ "operation": "gpt-5" })).await.status,
        StatusCode::PAYMENT_REQUIRED
    );
    let path = format!("/service/charges/{}/credit-back", charge.json()["id"]);
    platform.post_for(&capped, &path, "b", &json!({ "reason": "failed" })).await;
    assert_eq!(capped.post("/charges", "own", &json!({ "operation": "gpt-5" })).await.status, StatusCode::CREATED);
    assert_eq!(platform.post_for(&customer, "/service/charges", "free", &dalle()).await.status, StatusCode::CREATED);
    // A preview key spends from its own wallet, which is empty here.
    let preview = another_key(&customer, Environment::Preview, &[], None).await;
    let told = platform.post_for(&preview, "/service/charges", "p", &dalle()).await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::PAYMENT_REQUIRED, "out_of_credits"), "{}", told.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_customers_plan_and_rate_limit_count(pool: PgPool) {
    let site = Site::start_selling(pool, "neuraldraft", &["--rate-writes", "2", "--rate-reads", "1"]).await;
    let (customer, platform) = (site.program("gated", 1_000).await, site.platform().await);
    early_in_a_minute().await;
    let premium = json!({ "operation": "video_clip", "params": { "tier": "premium" } });
    for who in [json!({ "on_behalf_of": customer.key }), place_of(&customer)] {
        let told = platform.post("/service/charges", "p", &with(premium.clone(), &who)).await;
        assert_eq!((told.status, told.code().as_str()), (StatusCode::PAYMENT_REQUIRED, "plan_required"), "{who}");
    }
    let image = json!({ "operation": "image" });
    let mut holds = Vec::new();
    for key in ["h", "k"] {
        let hold = with(json!({ "lines": [image.clone()] }), &place_of(&customer));
        holds.push(platform.post("/service/holds", key, &hold).await.json()["id"].clone());
    }
    let told = platform.post_for(&customer, "/service/charges", "i", &image).await;
    assert_eq!((told.status, told.header("ratelimit-remaining")), (StatusCode::CREATED, "0"), "{}", told.text);
    let over = platform.post_for(&customer, "/service/charges", "j", &image).await;
    assert_eq!((over.status, over.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "rate_limited"));
    assert!(over.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds <= 61));
    assert_eq!(customer.post("/charges", "own", &image).await.status, StatusCode::TOO_MANY_REQUESTS, "one count");
    // A customer that uses its limit up does not keep the platform from finishing what it began.
    for (path, body) in [
        (format!("/service/holds/{}/capture", holds[0]), json!({})),
        (format!("/service/holds/{}/release", holds[1]), json!({ "reason": "cancelled" })),
        (format!("/service/charges/{}/credit-back", told.json()["id"]), json!({ "reason": "failed" })),
    ] {
        let told = platform.post_for(&customer, &path, &path, &body).await;
        assert_eq!(told.status, StatusCode::CREATED, "{path}: {}", told.text);
        let shown = platform.get_for(&customer.key, &format!("/service/holds/{}", holds[0])).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
        let told = platform.get_for(&customer.key, "/service/keys/introspect").await;
        assert!(told.status == StatusCode::OK && told.header("ratelimit-limit").is_empty(), "{}", told.text);
    }
    // Without a customer's key there is none whose calls could be counted.
    for at in 0..4 {
        let told =
            platform.post("/service/charges", &format!("a{at}"), &with(image.clone(), &place_of(&customer))).await;
        assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn introspection_tells_what_a_key_is_and_no_secret(pool: PgPool) {
    let site = Site::start(pool).await;
    let (customer, platform) = (site.program("looked", 50).await, site.platform().await);
    let scopes = [KeyScope::BalanceRead, KeyScope::ChargesWrite];
    let key = another_key(&customer, Environment::Production, &scopes, Some(30)).await;
    platform.post_for(&key, "/service/charges", "c", &dalle()).await;
    let told = platform.get_for(&key.key, "/service/keys/introspect").await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.text);
    assert!(!told.text.contains(&key.key), "{}", told.text);
    let facts = told.json();
    let of = &facts["key"];
    assert_eq!((&facts["active"], &of["name"]), (&json!(true), &json!("another")));
    assert_eq!((&of["account"], &of["project"]), (&json!(customer.viewer.account), &json!(customer.viewer.project)));
    assert_eq!((&of["environment"], &of["wallet"]), (&json!("production"), &json!(customer.viewer.wallet.to_string())));
    assert_eq!(of["scopes"], json!(["balance:read", "charges:write"]));
    assert_eq!(of["plan"]["code"], json!(customer.viewer.plan.code));
    let budget = &of["budgets"][0];
    assert_eq!((&budget["name"], &budget["ceiling"], &budget["spent"]), (&json!("another"), &json!(30), &json!(13)));
    let mut balance = of["balance"].clone();
    let bound = balance["bound_by"].take();
    let wanted = json!({ "available": 37, "held": 0, "settled": 37, "unit": "tokens", "spendable": 17, "bound_by": null,
                         "stopped": null });
    assert_eq!(balance, wanted);
    assert_eq!((&bound["name"], &bound["left"]), (&json!("another"), &json!(17)), "{bound}");

    let id = site.wallet().identity().authenticate_key(&key.key).await.expect("a key").id;
    site.wallet().identity().revoke_key(&customer.viewer, id).await.expect("revoked");
    for text in [key.key.as_str(), platform.key.as_str(), "nb_live_x", ""] {
        let told = platform.get_for(text, "/service/keys/introspect").await;
        assert_eq!((told.status, told.json()), (StatusCode::OK, json!({ "active": false, "key": null })), "{text}");
    }
    let bare = platform.call(Method::GET, "/service/keys/introspect").send().await.expect("an answer");
    assert_eq!(Told::of(bare).await.code(), "invalid_request");
}
