//! The operator's commands: presets, staff, keys, wallets, ledgers that leave, the demo's clock.

use std::io::Read;

use sqlx::PgPool;

use crate::{folder, refuses, run, url};

#[test]
fn a_wrong_preset_is_refused_by_file_line_and_column_and_an_odd_one_is_taken_with_a_word() {
    let list = run(&["preset", "check", "neuralbox"], &[]);
    let told = String::from_utf8_lossy(&list.stderr);
    let doubled =
        "warning: line 414: the operation luma-ray2-flash is listed twice with the same price; one row is kept";
    assert_eq!((list.status.success(), told.trim_end()), (true, doubled));
    let source = wallet::catalog::Preset::source_of("neuralbox").expect("built in");
    let file = format!("{}.toml", folder());
    std::fs::write(&file, source.replacen("flat = 39", "flat = -39", 1).replacen("rank = 4", "rank = 3", 1))
        .expect("written");
    let output = run(&["preset", "check", &file], &[]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> = told.lines().collect();
    assert!(!output.status.success() && output.stdout.is_empty(), "{told}");
    // A negative amount stops the reader of TOML: it is the one mistake that is told.
    assert!(lines.len() == 1 && lines[0].starts_with("scrip: ") && lines[0].contains(&file), "{told}");
    assert!(lines[0].contains("column 8: -39 is negative; an amount is 0 or more"), "{told}");
    let wrong = source.replacen("rank = 4", "rank = 3", 1).replacen("code = \"gpt-5\"", "code = \"gpt 5\"", 1);
    std::fs::write(&file, wrong).expect("written");
    let told = String::from_utf8_lossy(&run(&["preset", "check", &file], &[]).stderr).into_owned();
    for words in ["column 8: a rank is 0 or more", "column 8: gpt 5.operation: An operation is 1–64"] {
        let named = told.lines().filter(|line| line.contains(&file) && line.contains("line ") && line.contains(words));
        assert_eq!(named.count(), 1, "{words}: {told}");
    }
    std::fs::write(&file, [0xff, 0xfe, 0x00]).expect("written");
    refuses(&run(&["preset", "check", &file], &[]), &[&file, "can't be read"]);
    std::fs::remove_file(&file).ok();
}

#[sqlx::test(migrations = false)]
async fn a_preset_leaves_as_the_file_that_it_came_from(pool: PgPool) {
    let database = url(&pool);
    let settings = [("DATABASE_URL", database.as_str())];
    assert!(run(&["migrate"], &settings).status.success());
    refuses(&run(&["preset", "export"], &settings), &["load a preset first"]);
    let loaded = run(&["preset", "load", "neuralbox"], &settings);
    let told = String::from_utf8_lossy(&loaded.stderr);
    assert!(loaded.status.success() && told.contains("warning: line 414: the operation luma-ray2-flash"), "{told}");
    let output = run(&["preset", "export"], &settings);
    let source = wallet::catalog::Preset::source_of("neuralbox").expect("built in");
    assert_eq!(String::from_utf8_lossy(&output.stdout), source);
    let again = run(&["preset", "load", "neuralbox"], &settings);
    assert!(String::from_utf8_lossy(&again.stdout).contains("nothing changed"));
}

#[sqlx::test(migrations = false)]
async fn an_admin_is_made_and_a_ledger_leaves_with_its_proof(pool: PgPool) {
    let (url, folder) = (url(&pool), folder());
    let settings = [("DATABASE_URL", url.as_str()), ("SCRIP_DEMO", "true"), ("SCRIP_DATA_DIR", folder.as_str())];
    assert!(run(&["demo", "load"], &settings).status.success());
    let made =
        run(&["admin", "create", "--email", "root@example.com", "--password", "correct horse battery"], &settings);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    refuses(&run(&["admin", "create", "--email", "root", "--password", "x"], &settings), &["email", "password"]);
    refuses(&run(&["admin", "create", "--email", "a@example.com"], &settings), &["--password"]);

    let held = run(&["payment", "held"], &settings);
    assert!(String::from_utf8_lossy(&held.stdout).contains("Nothing is in review"), "{held:?}");
    refuses(&run(&["payment", "release", "x", "--note", "why"], &settings), &["x is no payment", "scrip payment held"]);
    refuses(&run(&["payment", "returned", "x"], &settings), &["--note"]);
    let unknown = "0193a1d2-7f5e-7c3a-9b1e-5d2f8c6a4b10";
    refuses(&run(&["payment", "returned", unknown, "--note", "why"], &settings), &["payment not found"]);

    let wallet = wallet::Wallet::new(pool.clone(), wallet::Options::default());
    let user = wallet.identity().authenticate(wallet::demo::USER_EMAIL, wallet::demo::USER_PASSWORD, None);
    let viewer = wallet.identity().viewer(user.await.expect("a person").id).await.expect("a viewer");
    let file = format!("{folder}/ledger.jsonl");
    std::fs::create_dir_all(&folder).expect("a folder");
    let exported = run(&["ledger", "export", &viewer.wallet.to_string(), "--file", &file], &settings);
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let verified = run(&["ledger", "verify", &file], &[]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let mut text = String::new();
    std::fs::File::open(&file).expect("the file").read_to_string(&mut text).expect("its text");
    std::fs::write(&file, text.replacen("gpt-5", "gpt-6", 1)).expect("written");
    refuses(&run(&["ledger", "verify", &file], &[]), &["line "]);
    refuses(&run(&["ledger", "export", "wal_x"], &settings), &["wal_x"]);
    let moved = run(&["clock", "advance", "32d"], &settings);
    assert!(moved.status.success(), "{}", String::from_utf8_lossy(&moved.stderr));
    std::fs::remove_dir_all(folder).ok();
}

#[sqlx::test(migrations = false)]
async fn staff_make_list_and_revoke_service_keys(pool: PgPool) {
    let (url, folder) = (url(&pool), folder());
    let settings = [("DATABASE_URL", url.as_str()), ("SCRIP_DATA_DIR", folder.as_str())];
    assert!(run(&["demo", "load"], &settings).status.success());
    let says = |arguments: &[&str]| {
        let output = run(arguments, &settings);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let create = ["service-key", "create", "--name", "gateway-eu", "--scope", "spend:write", "--scope", "keys:read"];
    let made = says(&create);
    let secret = made.lines().next().expect("the key").to_owned();
    assert!(secret.starts_with("nb_service_") && made.contains("shown once"), "{made}");
    let wallet = wallet::Wallet::new(pool.clone(), wallet::Options::default());
    let access = wallet.identity().authenticate_service_key(&secret).await.expect("it works");
    assert_eq!((access.name.as_str(), access.scopes.len()), ("gateway-eu", 2));
    refuses(&run(&create, &settings), &["name", "Choose another"]);
    let wrong = ["service-key", "create", "--name", "two words", "--scope", "grants:write"];
    refuses(&run(&wrong, &settings), &["name", "no scope grants:write", "spend:write, keys:read"]);
    refuses(&run(&["service-key", "create", "--name", "none"], &settings), &["--scope"]);
    let listed = says(&["service-key", "list"]);
    assert!(listed.contains("gateway-eu  nb_service_") && listed.contains("by command line"), "{listed}");
    assert!(!listed.contains(&secret), "the secret is nowhere");
    assert!(says(&["service-key", "revoke", "gateway-eu"]).contains("works no more"));
    assert!(says(&["service-key", "revoke", "gateway-eu"]).contains("works no more"), "a repeat changes nothing");
    assert!(says(&["service-key", "list"]).contains("revoked 20"));
    refuses(&run(&["service-key", "revoke", "nobody"], &settings), &["service key not found"]);
    refuses(&run(&create, &settings), &["name", "Choose another"]);
    let log = wallet.identity().audit_log(None, 50).await.expect("the log");
    let count = |action: &str| log.rows.iter().filter(|row| row.action == action).count();
    assert_eq!((count("service_key.created"), count("service_key.revoked")), (2, 1), "the demo's and this one");
    let stored: String = sqlx::query_scalar("SELECT string_agg(k::text, ' ') FROM service_keys AS k")
        .fetch_one(&pool)
        .await
        .expect("the rows");
    assert!(!stored.contains(&secret), "only its hash is stored");
    std::fs::remove_dir_all(folder).ok();
}

#[sqlx::test(migrations = false)]
async fn staff_show_assign_and_end_a_plan(pool: PgPool) {
    let (url, folder) = (url(&pool), folder());
    let settings = [("DATABASE_URL", url.as_str()), ("SCRIP_DATA_DIR", folder.as_str())];
    assert!(run(&["demo", "load"], &settings).status.success());
    let says = |arguments: &[&str]| {
        let output = run(arguments, &settings);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let account = "demo@scrip.example";
    says(&["plan", "show", account]);
    let assign = |plan: &'static str, price: &'static str| {
        let mut arguments = vec!["plan", "assign", account, "--plan", plan, "--months", "3", "--price", price];
        arguments.extend(["--currency", "RUB", "--credits", "9000", "--note", "contract 7"]);
        arguments
    };
    refuses(&run(&assign("elite", "many"), &settings), &["--price many"]);
    refuses(&run(&["plan", "show", "nobody@scrip.example"], &settings), &["nobody has the address"]);
    let on_paid = run(&assign("elite", "100"), &settings);
    if !on_paid.status.success() {
        refuses(&on_paid, &["End that one first"]);
        assert!(says(&["plan", "end", account, "--note", "moves to a contract"]).contains("has ended"));
        assert!(says(&assign("elite", "100")).contains("then it ends"));
    }
    assert!(says(&["plan", "show", account]).contains("9000 credits a month"));
    refuses(&run(&["plan", "end", account, "--note", " "], &settings), &["note"]);
    assert!(says(&["plan", "end", account, "--note", "over"]).contains("has ended"));
    assert!(says(&["plan", "show", account]).contains("costs nothing"));
    std::fs::remove_dir_all(folder).ok();
}

#[sqlx::test(migrations = false)]
async fn old_rows_leave_for_files_and_checkpoints_prove_that_none_is_missing(pool: PgPool) {
    let (url, folder) = (url(&pool), folder());
    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("SCRIP_DATA_DIR", folder.as_str()),
        ("SCRIP_HEAD_KEY", "a secret that nobody guesses, of 32 letters"),
    ];
    let says = |arguments: &[&str], settings: &[(&str, &str)]| {
        let output = run(arguments, settings);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    says(&["demo", "load"], &settings);
    let (heads, archives) = (format!("{folder}/heads"), format!("{folder}/archives"));
    assert!(says(&["ledger", "sign"], &settings).contains(" heads are in "));
    assert!(says(&["ledger", "sign"], &settings).contains("No ledger has moved"));
    assert!(says(&["ledger", "verify-heads", &heads], &settings).contains("still on their chains"));
    refuses(&run(&["ledger", "sign"], &settings[..2]), &["SCRIP_HEAD_KEY"]);
    refuses(&run(&["ledger", "sign"], &[settings[0], ("SCRIP_HEAD_KEY", "short")]), &["32 characters"]);
    let another = [settings[0], ("SCRIP_HEAD_KEY", "another secret of 32 or more letters")];
    let other = run(&["ledger", "verify-heads", &heads], &another);
    assert!(!other.status.success() && String::from_utf8_lossy(&other.stdout).contains("none of the keys"));

    // Everything but the newest row leaves; a second time there is nothing to do.
    let day = (chrono::Utc::now() + chrono::TimeDelta::days(2)).format("%Y-%m-%d").to_string();
    let archive = ["ledger", "archive", "--before", &day, "--folder", &archives];
    let moved = says(&archive, &settings);
    let name = moved.split_whitespace().find(|word| word.ends_with(".jsonl")).expect(&moved).to_owned();
    assert!(says(&archive, &settings).starts_with("0 rows"));
    assert!(says(&["verify"], &settings).contains("Every invariant holds"));
    assert!(says(&["ledger", "verify-heads", &heads], &settings).contains("still on their chains"));

    let wallet = name.split('-').next().expect("a wallet");
    let (first, rest) = (format!("{archives}/{name}"), format!("{folder}/rest.jsonl"));
    says(&["ledger", "export", wallet, "--file", &rest], &settings);
    let proof = says(&["ledger", "verify", &first, &rest, "--heads", &heads], &settings[1..]);
    assert!(proof.contains("are right") && proof.contains("1 signed heads lie on these rows"), "{proof}");
    assert!(says(&["ledger", "verify", &rest, "--heads", &heads], &[]).contains("were not checked"));
    refuses(&run(&["ledger", "verify", &rest, &first], &[]), &["file before"]);
    // The archive alone lacks the signed row: so would a ledger whose end was cut off.
    refuses(&run(&["ledger", "verify", &first, "--heads", &heads], &settings[1..]), &["was signed and is not here"]);
    std::fs::remove_dir_all(folder).ok();
}

#[sqlx::test(migrations = false)]
async fn a_year_of_renewals_passes_with_one_command(pool: PgPool) {
    use wallet::payment::PlanChoice;
    use wallet::payment::SandboxStep;
    let (url, folder) = (url(&pool), folder());
    let settings = [("DATABASE_URL", url.as_str()), ("SCRIP_DEMO", "true"), ("SCRIP_DATA_DIR", folder.as_str())];
    assert!(run(&["demo", "load"], &settings).status.success());
    let wallet = wallet::Wallet::new(pool.clone(), wallet::Options::default());
    let line = <server::cli::Cli as clap::Parser>::try_parse_from(["scrip", "serve"]).expect("settings");
    server::providers::attach(&wallet, &line.settings);
    let user = wallet.identity().authenticate(wallet::demo::USER_EMAIL, wallet::demo::USER_PASSWORD, None);
    let viewer = wallet.identity().viewer(user.await.expect("a person").id).await.expect("a viewer");
    let (interval, currency) = (wallet::catalog::Interval::Month, wallet::money::Currency::RUB);
    let choice = PlanChoice { plan: "vip".to_owned(), interval, currency, with: None };
    let order = wallet.payments().start_plan(&viewer, &choice, "form", "http://localhost").await.expect("ordered");
    let page = order.checkout_url.expect("a page").rsplit('/').next().expect("a name").to_owned();
    let step = SandboxStep::Pay { method: "Visa •• 4242".to_owned() };
    wallet.payments().sandbox().advance(&page, &step).await.expect("paid");
    wallet.payments().check(&viewer, order.id).await.expect("checked");

    let moved = run(&["clock", "advance", "366d"], &settings);
    let told = String::from_utf8_lossy(&moved.stdout);
    assert!(moved.status.success(), "{told}{}", String::from_utf8_lossy(&moved.stderr));
    assert!(told.contains("12 renewals paid, 0 declined"), "{told}");
    let mut months = wallet.plans().periods(viewer.account).await.expect("listed");
    months.reverse();
    assert_eq!(months.len(), 13);
    for (before, after) in months.iter().zip(months.iter().skip(1)) {
        assert_eq!(before.ends_at, after.starts_at);
        let row = wallet.ledger().entry(viewer.wallet, after.entry_seq).await.expect("a row").entry;
        assert!(row.created_at - after.starts_at < chrono::TimeDelta::minutes(1), "{row:?}");
    }
    let verify = run(&["verify"], &settings);
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stdout));
    std::fs::remove_dir_all(folder).ok();
}

#[sqlx::test(migrations = false)]
async fn a_wallet_is_shown_frozen_thawed_and_rebuilt(pool: PgPool) {
    let database = url(&pool);
    let settings = [("DATABASE_URL", database.as_str()), ("SCRIP_DEMO", "true")];
    assert!(run(&["migrate"], &settings).status.success());
    assert!(run(&["preset", "load", "neuralbox"], &settings).status.success());
    let loaded = run(&["demo", "load"], &settings);
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    let (shard, number): (i16, i64) =
        sqlx::query_as("SELECT shard, wallet_id FROM wallets WHERE seq > 2 ORDER BY seq DESC LIMIT 1")
            .fetch_one(&pool)
            .await
            .expect("a wallet");
    let shard = wallet::id::Shard::from_i16(shard);
    let name = wallet::id::WalletId { shard, number }.to_string();
    let told = |arguments: &[&str]| {
        let output = run(arguments, &settings);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let shown = told(&["wallet", "show", &name]);
    for words in [name.as_str(), "owner", "@", "production", "available", "state      open"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    refuses(&run(&["wallet", "freeze", &name], &settings), &["--reason"]);
    refuses(&run(&["wallet", "freeze", "wal_x", "--reason", "x"], &settings), &["wal_x is no wallet"]);
    refuses(&run(&["wallet", "show", "wal_zzz"], &settings), &["wal_zzz is no wallet"]);
    told(&["wallet", "freeze", &name, "--reason", "chargeback"]);
    assert!(told(&["wallet", "show", &name]).contains("frozen: chargeback"));
    told(&["wallet", "unfreeze", &name, "--note", "won"]);
    assert!(told(&["wallet", "show", &name]).contains("state      open"));
    assert!(told(&["wallet", "rebuild", &name]).contains("nothing to rebuild"));
    // A gift, once for its key; a mend; and what is left of the gift is taken back.
    let gift = ["wallet", "gift", &name, "--credits", "12", "--days", "30", "--key", "k1", "--reason", "sorry"];
    let given = told(&gift);
    assert!(given.contains(", 12, ") && !given.contains("done before"), "{given}");
    assert!(told(&gift).contains("done before"));
    // Credits for images only; what the price book does not have is refused by name.
    let limited =
        ["wallet", "gift", &name, "--credits", "3", "--category", "image", "--label", "Pictures", "--reason", "x"];
    told(&limited);
    let shown = told(&["wallet", "show", &name]);
    assert!(shown.contains("Pictures (only for image)"), "{shown}");
    let unknown = ["wallet", "gift", &name, "--credits", "3", "--category", "images", "--reason", "x"];
    refuses(&run(&unknown, &settings), &["no category images", "image, video"]);
    let unknown = ["wallet", "gift", &name, "--credits", "3", "--operation", "gpt-55", "--reason", "x"];
    refuses(&run(&unknown, &settings), &["no operation gpt-55"]);
    let other = ["wallet", "gift", &name, "--credits", "13", "--key", "k1", "--reason", "sorry"];
    refuses(&run(&other, &settings), &["another request"]);
    refuses(&run(&["wallet", "gift", &name, "--credits", "0", "--reason", "x"], &settings), &["amount"]);
    assert!(told(&["wallet", "adjust", &name, "--credits=-2", "--reason", "a mistake"]).contains(", -2, "));
    let newest: i64 = sqlx::query_scalar("SELECT max(grant_id) FROM grants WHERE wallet_id = $1 AND label = 'Gift'")
        .bind(number)
        .fetch_one(&pool)
        .await
        .expect("a grant");
    let newest = newest.to_string();
    assert!(told(&["wallet", "show", &name]).contains(&newest));
    let taken = told(&["wallet", "void", &name, &newest, "--reason", "given twice"]);
    assert!(taken.contains(", -1"), "{taken}");
    refuses(&run(&["wallet", "void", &name, &newest, "--reason", "x"], &settings), &["not found"]);
    assert!(told(&["verify"]).contains("Every invariant holds"));
    // Its numbers are not what its rows say.
    sqlx::query("UPDATE wallets SET settled = settled + 1 WHERE wallet_id = $1")
        .bind(number)
        .execute(&pool)
        .await
        .expect("tampered");
    assert!(told(&["wallet", "rebuild", &name, "--dry-run"]).contains("settled: "));
    assert!(!run(&["verify"], &settings).status.success());
    assert!(told(&["wallet", "rebuild", &name, "--reason", "wedged"]).contains("is rebuilt"));
    assert!(told(&["verify"]).contains("Every invariant holds"));
}

#[sqlx::test(migrations = false)]
async fn staff_finish_holds_and_pay_charges_back(pool: PgPool) {
    use wallet::id::{AccountId, ProjectId, ServiceKeyId};
    use wallet::idempotency::IdempotencyKey;
    use wallet::identity::Actor;
    use wallet::ledger::{Command, Environment, GrantSource, NewGrant, NewWallet, Receipt, Submission};
    use wallet::money::Credits;

    let database = url(&pool);
    let settings = [("DATABASE_URL", database.as_str())];
    assert!(run(&["migrate"], &settings).status.success());
    assert!(run(&["preset", "load", "neuralbox"], &settings).status.success());
    let wallet = wallet::Wallet::new(pool.clone(), wallet::Options::default());
    let new = NewWallet { account: AccountId::new(), project: ProjectId::new(), environment: Environment::Production };
    let mut tx = wallet.db().begin().await.expect("a transaction");
    let id = wallet.ledger().create_wallet_in_tx(&mut tx, new).await.expect("a wallet");
    tx.commit().await.expect("committed");
    let credits = |whole: i64| Credits::from_whole(whole).expect("fits");
    let gateway = Actor::Service { id: ServiceKeyId::new(), name: "gateway".to_owned() };
    let submit = async |name: &str, command: Command| {
        let key = IdempotencyKey::parse(name).expect("a key").of_platform();
        wallet
            .ledger()
            .submit(Submission::new(id, key, gateway.clone(), command))
            .await
            .expect("done")
            .seq()
            .to_string()
    };
    submit("g", Command::Grant(NewGrant::new(credits(100), GrantSource::Promo, "Gift"))).await;
    let receipt = || Receipt::flat("job", "Job", credits(10));
    let charge = submit("c", Command::Charge { receipt: receipt() }).await;
    let hold = || Command::Hold { lines: vec![receipt()], expires_in: None };
    let (one, two) = (submit("h1", hold()).await, submit("h2", hold()).await);
    let (name, available) = (id.to_string(), async || wallet.ledger().balance(id).await.expect("a balance").available);
    let told = |arguments: &[&str]| {
        let output = run(arguments, &settings);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let capture = ["hold", "capture", &name, &one, "--amount", "4", "--note", "the gateway is down"];
    assert!(told(&capture).contains("captured: 4 of 10"), "a part");
    assert!(told(&capture).starts_with("Done before: "), "the same again");
    refuses(&run(&["hold", "capture", &name, &one, "--note", "all"], &settings), &["captured before"]);
    refuses(&run(&["hold", "capture", &name, &two, "--amount", "1,000", "--note", "x"], &settings), &["--amount"]);
    refuses(&run(&["hold", "release", &name, &two, "--reason", "cancelled"], &settings), &["--note"]);
    let release = ["hold", "release", &name, &two, "--reason", "platform_failure", "--note", "it crashed"];
    assert!(told(&release).contains("released: 10 given back"));
    assert_eq!(available().await, credits(100 - 10 - 4));
    let back = ["charge", "credit-back", &name, &charge, "--reason", "it failed"];
    assert!(told(&back).contains("is paid back: 10"));
    assert!(told(&back).starts_with("Done before: "));
    assert_eq!(available().await, credits(96));
    refuses(&run(&["charge", "credit-back", &name, "999", "--reason", "x"], &settings), &["charge not found"]);
    let log = wallet.identity().audit_log(None, 50).await.expect("the log").rows;
    for action in ["hold.captured", "hold.released", "charge.credited_back"] {
        let rows: Vec<_> = log.iter().filter(|row| row.action == action).collect();
        assert_eq!((rows.len(), rows[0].actor.name()), (1, "command line"), "{action}: once");
        assert!(rows[0].subject.ends_with(&name) && rows[0].after["row"].is_i64(), "{:?}", rows[0].after);
    }
    wallet.shutdown().await;
    assert!(told(&["verify"]).contains("Every invariant holds"));
}

#[sqlx::test(migrations = false)]
async fn payments_are_reconciled_and_the_exit_code_says_whether_they_agree(pool: PgPool) {
    let database = url(&pool);
    let settings = [("DATABASE_URL", database.as_str())];
    assert!(run(&["migrate"], &settings).status.success());
    let reconcile = ["payments", "reconcile", "--from", "2026-11-01", "--to", "2026-11-30"];
    let output = run(&reconcile, &settings);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && told.starts_with("sandbox: 0 match, 0 differ"), "{told}");
    let stranger =
        "INSERT INTO sandbox_checkouts (reference, order_id, idempotency_key, title, minor, currency, locale,
                                                   state, return_url, cancel_url, created_at, updated_at, expires_at)
                    VALUES ('sbx_stranger', gen_random_uuid(), 'stranger', 'x', 50000, 'RUB', 'en', 'paid', '', '',
                            '2026-11-30 23:59:59Z', now(), now())";
    sqlx::raw_sql(stranger).execute(&pool).await.expect("added");
    for new in [1, 0] {
        let output = run(&reconcile, &settings);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines: Vec<&str> = told.trim_end().lines().collect();
        assert_eq!((output.status.code(), lines.len()), (Some(1), 2), "{told}");
        assert!(lines[0].starts_with(&format!("sandbox: 0 match, 1 differ ({new} new)")), "{told}");
        assert!(
            lines[1].contains("an order that is not known here") && lines[1].contains("there 500.00 RUB"),
            "{told}"
        );
    }
    let wrong = ["payments", "reconcile", "--from", "2026-11-30", "--to", "2026-11-01"];
    refuses(&run(&wrong, &settings), &["--to is before --from"]);
}

#[sqlx::test(migrations = false)]
async fn refunds_and_disputes_are_decided_by_name(pool: PgPool) {
    let database = url(&pool);
    let settings = [("DATABASE_URL", database.as_str())];
    assert!(run(&["migrate"], &settings).status.success());
    assert!(run(&["preset", "load", "neuraldraft"], &settings).status.success());
    let told = |arguments: &[&str]| {
        let output = run(arguments, &settings);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(told(&["refund", "list"]).contains("No request waits."));
    assert!(told(&["dispute", "list"]).contains("No payment is disputed."));
    let nobody = "00000000-0000-0000-0000-000000000000";
    refuses(&run(&["refund", "approve", "R-1", "--message", "Yes"], &settings), &["R-1 is no request"]);
    refuses(&run(&["refund", "approve", nobody, "--message", "Yes"], &settings), &["not found"]);
    refuses(&run(&["refund", "refuse", nobody, "--message", " "], &settings), &["message"]);
    refuses(&run(&["refund", "make", nobody, "--note", "Sorry"], &settings), &["no credits"]);
    let half = ["refund", "make", nobody, "--amount", "1.5 QQQ", "--note", "Sorry"];
    refuses(&run(&half, &settings), &["no currency QQQ"]);
    refuses(&run(&["refund", "make", nobody, "--amount", "12", "--note", "Sorry"], &settings), &["18.50 USD"]);
    refuses(&run(&["dispute", "open", nobody, "--reason", "Letter"], &settings), &["no credits"]);
    refuses(&run(&["dispute", "won", nobody], &settings), &["not found"]);
}
