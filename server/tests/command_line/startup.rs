//! How the server starts, and what keeps it from starting: settings, its database, a demo in production.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::PgPool;

use crate::{empty, folder, refuses, run, scrip, url};

/// The longest wait for something that must come.
const TIMEOUT: Duration = Duration::from_secs(30);

#[test]
fn wrong_settings_are_refused_in_one_line() {
    let database = ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none");
    let production = [("SCRIP_MODE", "production"), database];
    refuses(&run(&["serve"], &[("PORT", "many"), database]), &["--port", "many"]);
    refuses(&run(&["serve"], &[("PORT", "0")]), &["DATABASE_URL is missing"]);
    refuses(&run(&["migrate"], &[]), &["DATABASE_URL is missing", "set it"]);
    refuses(&run(&["migrate"], &[("DATABASE_URL", "")]), &["database-url"]);
    refuses(&run(&["migrate"], &[("DATABASE_URL", "mysql://x")]), &["not an address of PostgreSQL"]);
    refuses(&run(&["migrate"], &[database]), &["127.0.0.1:1", "start it"]);
    refuses(&run(&["serve"], &[("SCRIP_MODE", "party")]), &["party"]);
    refuses(&run(&["serve"], &[("PUBLIC_URL", "wallet.example.com"), database]), &["public-url"]);
    refuses(&run(&["serve"], &[("SCRIP_LOG", "===="), database]), &["SCRIP_LOG"]);
    refuses(&run(&["serve"], &production), &["PUBLIC_URL is missing"]);
    let with = |more: (&'static str, &'static str)| [production[0], production[1], more];
    refuses(&run(&["serve"], &with(("PUBLIC_URL", "http://a.example"))), &["https://"]);
    refuses(&run(&["serve"], &with(("PUBLIC_URL", "https://a.example"))), &["MAIL_URL is missing"]);
    refuses(&run(&["serve"], &with(("SCRIP_DEMO", "true"))), &["SCRIP_DEMO"]);
    // Not by accident: development is only for this machine where nobody said so.
    let open = |more: (&'static str, &'static str)| run(&["serve"], &[database, more]);
    refuses(&open(("PUBLIC_URL", "https://a.example")), &["PUBLIC_URL", "SCRIP_MODE is not set", "production"]);
    refuses(&open(("HOST", "0.0.0.0")), &["HOST=0.0.0.0", "SCRIP_MODE is not set", "production"]);
    let chosen = [database, ("HOST", "0.0.0.0"), ("PORT", "0"), ("SCRIP_MODE", "development")];
    refuses(&run(&["serve"], &chosen), &["127.0.0.1:1", "start it"]);
    refuses(&open(("TRUSTED_PROXIES", "10.0.0.0/8,proxy")), &["trusted-proxies", "192.168.0.0/16"]);
    refuses(&run(&["demo", "load"], &production), &["never for production"]);
    let key = |key: &'static str| ("STRIPE_SECRET_KEY", key);
    let secret = ("STRIPE_WEBHOOK_SECRET", "whsec_1");
    refuses(&open(key("pk_test_1")), &["STRIPE_SECRET_KEY", "publishable"]);
    refuses(&open(key("sk_test_1")), &["STRIPE_WEBHOOK_SECRET", "scrip payments setup stripe"]);
    refuses(&run(&["serve"], &[database, key("sk_live_1"), secret]), &["live key", "PAYMENTS_ANY_MODE"]);
    let test_key = [production[0], database, key("sk_test_1"), secret];
    refuses(&run(&["serve"], &test_key), &["test key", "PAYMENTS_ANY_MODE"]);
    refuses(&open(("STRIPE_API_URL", "https://api.stripe.com")), &["stripe-api-url", "this machine"]);
    refuses(&run(&["payments", "setup", "stripe"], &[]), &["STRIPE_SECRET_KEY is missing"]);
    let here = [key("sk_test_1"), ("PUBLIC_URL", "http://127.0.0.1:3000")];
    refuses(&run(&["payments", "setup", "stripe"], &here), &["https", "stripe listen"]);
    let shop = ("YOOKASSA_SHOP_ID", "1000500");
    refuses(&open(shop), &["YOOKASSA_SECRET_KEY is missing"]);
    refuses(&open(("YOOKASSA_API_URL", "https://api.yookassa.ru/v3")), &["yookassa-api-url", "this machine"]);
    let with_key = |key: &'static str| run(&["serve"], &[database, shop, ("YOOKASSA_SECRET_KEY", key)]);
    refuses(&with_key("secret"), &["YOOKASSA_SECRET_KEY", "test_ or live_"]);
    refuses(&with_key("live_key"), &["live shop's", "PAYMENTS_ANY_MODE"]);
    let test_key = ("YOOKASSA_SECRET_KEY", "test_key");
    refuses(&run(&["serve"], &[production[0], database, shop, test_key]), &["test shop's", "PAYMENTS_ANY_MODE"]);
    refuses(&run(&["dance"], &[]), &["dance", "--help"]);
    refuses(&run(&["preset", "check", "/none.toml"], &[]), &["/none.toml", "neuralbox"]);
    refuses(&run(&["ledger", "verify", "/none"], &[]), &["/none"]);
    refuses(&run(&["clock", "advance", "1y"], &[("SCRIP_DEMO", "true")]), &["1y", "32d"]);
}

#[test]
fn help_lists_every_setting() {
    for arguments in [&["--help"][..], &["serve", "--help"]] {
        let output = run(arguments, &[("DATABASE_URL", "postgres://scrip:hunter2@db/scrip")]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success());
        for name in [
            "DATABASE_URL",
            "DATABASE_POOL",
            "HOST",
            "PORT",
            "PUBLIC_URL",
            "SCRIP_MODE",
            "SCRIP_DEMO",
            "SCRIP_DATA_DIR",
            "SCRIP_LOG",
            "SCRIP_LOG_FORMAT",
            "SCRIP_HEAD_KEY",
            "SCRIP_HEAD_KEY_FILE",
            "SCRIP_NO_MIGRATE",
            "TRUSTED_PROXIES",
            "WEBHOOK_PRIVATE",
            "SANDBOX_WEBHOOK_SECRET",
            "PAYMENTS_ANY_MODE",
            "STRIPE_SECRET_KEY",
            "STRIPE_SECRET_KEY_FILE",
            "STRIPE_WEBHOOK_SECRET",
            "STRIPE_WEBHOOK_SECRET_FILE",
            "STRIPE_AUTOMATIC_TAX",
            "STRIPE_API_URL",
            "YOOKASSA_SHOP_ID",
            "YOOKASSA_SECRET_KEY",
            "YOOKASSA_SECRET_KEY_FILE",
            "YOOKASSA_API_URL",
            "YOOKASSA_AUTOPAYMENTS",
            "YOOKASSA_RECEIPT",
            "YOOKASSA_VAT_CODE",
            "YOOKASSA_PAYMENT_MODE",
            "DATABASE_TIMEOUT",
            "MAIL_URL",
            "MAIL_DIR",
            "MAIL_FROM",
            "SESSION_DAYS",
            "REQUEST_TIMEOUT",
            "REQUEST_BODY_MAX",
            "RATE_READS",
            "RATE_WRITES",
            "STREAMS_MAX",
            "SHUTDOWN_SECONDS",
            "JOBS_CONCURRENCY",
        ] {
            assert!(text.contains(name), "{name} is not in {arguments:?}");
        }
        assert!(!text.contains("hunter2"), "a secret is shown");
    }
    let list = run(&["preset", "list"], &[]);
    assert_eq!(String::from_utf8_lossy(&list.stdout).lines().count(), 5);
    for name in ["neuralbox", "neuralinka", "aixplain", "neuraldraft", "monthly-credits"] {
        let output = run(&["preset", "check", name], &[]);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[sqlx::test(migrations = false)]
async fn a_database_is_refused_for_what_it_is(pool: PgPool) {
    empty(&pool).await;
    let url = url(&pool);
    let missing = url.replace(pool.connect_options().get_database().expect("a name"), "no_such_database");
    refuses(&run(&["migrate"], &[("DATABASE_URL", &missing)]), &["does not exist", "createdb"]);
    refuses(&run(&["verify"], &[("DATABASE_URL", &url)]), &["scrip migrate"]);
    refuses(
        &run(&["serve"], &[("DATABASE_URL", &url), ("PORT", "0"), ("SCRIP_NO_MIGRATE", "true")]),
        &["scrip migrate"],
    );
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    refuses(&run(&["serve"], &[("DATABASE_URL", &url), ("PORT", &port)]), &["in use", "PORT"]);

    let careless = format!("{url}{}options=-c%20synchronous_commit%3Doff", if url.contains('?') { "&" } else { "?" });
    let production = [
        ("SCRIP_MODE", "production"),
        ("PUBLIC_URL", "https://wallet.example.com"),
        ("MAIL_URL", "smtps://u:p@mail.example.com"),
        ("PORT", "0"),
        ("DATABASE_URL", careless.as_str()),
    ];
    refuses(&run(&["serve"], &production), &["synchronous_commit", "acknowledged"]);
    let doctor = run(&["doctor"], &[("DATABASE_URL", &careless)]);
    let text = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(!doctor.status.success() && text.contains("commits may be lost"), "{text}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_database_of_a_later_version_is_left_alone(pool: PgPool) {
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (99990101, 'of a later version', true, '', 0)";
    sqlx::query(newer).execute(&pool).await.expect("a migration that this program does not know");
    let url = url(&pool);
    let settings = [("DATABASE_URL", url.as_str()), ("PORT", "0")];
    for command in ["serve", "migrate", "verify"] {
        refuses(&run(&[command], &settings), &["1 migrations ahead of this program", "or a later one"]);
    }
    refuses(&run(&["serve"], &[settings[0], settings[1], ("SCRIP_NO_MIGRATE", "true")]), &["ahead of this program"]);
    let doctor = run(&["doctor"], &settings);
    let text = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(!doctor.status.success() && text.contains("ahead of this program"), "{text}");
}

/// A server that runs in the background; ended when dropped.
pub struct Running {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Running {
    pub fn start(settings: &[(&str, &str)]) -> Self {
        let mut command = scrip(&["serve"], settings);
        let mut child = command.stderr(Stdio::inherit()).spawn().expect("the program");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, output }
    }

    /// Reads the output up to a line that holds a word.
    pub fn until(&mut self, word: &str) -> String {
        let mut text = String::new();
        while !text.contains(word) {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).expect("a line"), 0, "it ended: {text}");
            text.push_str(&line);
        }
        text
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("a status");
    }

    /// Asks it to stop, and waits for the end.
    fn stop(&mut self) -> Duration {
        let asked = Instant::now();
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
        while asked.elapsed() < TIMEOUT {
            if let Some(status) = self.child.try_wait().expect("a status") {
                assert!(status.success(), "{status}");
                return asked.elapsed();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it did not stop");
    }
}

#[sqlx::test(migrations = false)]
async fn the_demo_starts_with_one_command_and_stops_with_open_streams(pool: PgPool) {
    let (url, folder) = (url(&pool), folder());
    let settings =
        [("DATABASE_URL", url.as_str()), ("PORT", "0"), ("SCRIP_DEMO", "true"), ("SCRIP_DATA_DIR", folder.as_str())];
    let mut server = Running::start(&settings);
    let text = server.until("/api/v2/service/charges");
    let address = text.split_whitespace().find(|word| word.starts_with("http://")).expect("an address").to_owned();
    let key = text.lines().find_map(|line| line.trim().strip_prefix("API key: ")).expect("a key").to_owned();
    assert!(text.contains("Sign in as") && text.contains("/dev/mail"), "{text}");
    assert!(text.contains("Service key: nb_service_") && text.contains("on_behalf_of"), "{text}");
    assert_eq!(text.matches("curl ").count(), 3, "{text}");

    let client = reqwest_client();
    let ready = client.get(format!("{address}/ready")).send().await.expect("an answer");
    assert_eq!(ready.status(), 200);
    let balance = client.get(format!("{address}/api/v2/balance")).bearer_auth(&key).send().await.expect("an answer");
    assert_eq!(balance.status(), 200);
    let mut events = client.get(format!("{address}/api/v2/events")).bearer_auth(&key).send().await.expect("a stream");
    assert!(events.chunk().await.expect("an event").is_some());
    let took = server.stop();
    assert!(took < Duration::from_secs(8), "an open stream held it up for {took:?}");
    while let Ok(Some(_)) = events.chunk().await {}

    // A second start finds everything, and prints the same key.
    let mut again = Running::start(&settings);
    assert!(again.until("API key").contains(&key));
    again.stop();
    let verify = run(&["verify"], &settings);
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stdout));
    std::fs::remove_dir_all(folder).ok();
}

fn reqwest_client() -> reqwest::Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::builder().timeout(TIMEOUT).build().expect("a client")
}

#[sqlx::test(migrations = false)]
async fn a_demo_never_serves_in_production(pool: PgPool) {
    let (url, folder) = (url(&pool), folder());
    // The tests' server gives durability away for speed; this one connection asks for it, so that nothing else is
    // refused.
    let database = ("DATABASE_URL", url.as_str());
    let production = [
        database,
        ("SCRIP_MODE", "production"),
        ("PUBLIC_URL", "https://wallet.example.com"),
        ("MAIL_URL", "smtps://u:p@mail.example.com"),
        ("PORT", "0"),
        ("SCRIP_DATA_DIR", folder.as_str()),
    ];
    let demo = [database, ("SCRIP_DEMO", "true"), ("SCRIP_DATA_DIR", folder.as_str())];
    assert!(run(&["migrate"], &[database]).status.success());
    let doctor = |settings: &[(&str, &str)]| {
        let output = run(&["doctor"], settings);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let wallet = wallet::Wallet::new(pool.clone(), wallet::Options::default());
    assert_eq!(wallet.demo_traces().await.expect("read"), [""; 0]);
    assert!(doctor(&production).contains("ok       demo"));
    assert!(run(&["demo", "load"], &demo).status.success());
    let is_durable = wallet::db::durability(&pool).await.expect("asked").lapses().is_empty();
    let refused = run(&["serve"], &production);
    if is_durable {
        refuses(
            &refused,
            &[
                "demo@scrip.example",
                "admin@scrip.example",
                "the demo's API key",
                "the demo's service key",
                "DATABASE_URL",
            ],
        );
    } else {
        refuses(&refused, &["acknowledged"]);
    }
    let told = doctor(&production);
    for words in [
        "problem  demo",
        "demo@scrip.example",
        "admin@scrip.example",
        "the demo's API key",
        "the demo's service key",
        "DATABASE_URL",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(doctor(&demo).contains("note     demo"), "in development it is only said");
    // Each trace by itself is one.
    let forget = "ALTER TABLE users DISABLE TRIGGER ALL; DELETE FROM members; DELETE FROM users; DELETE FROM api_keys;
                  ALTER TABLE service_keys DISABLE TRIGGER ALL; DELETE FROM service_keys";
    sqlx::raw_sql(forget).execute(&pool).await.expect("gone");
    assert_eq!(wallet.demo_traces().await.expect("read"), [""; 0]);
    assert!(run(&["clock", "advance", "32d"], &demo).status.success());
    assert_eq!(wallet.demo_traces().await.expect("read"), ["a clock that is 768 hours ahead"]);
    assert!(doctor(&production).contains("a clock that is 768 hours ahead"));
    std::fs::remove_dir_all(folder).ok();
}
