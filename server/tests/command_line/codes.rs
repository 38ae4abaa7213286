//! `scrip codes`: made once, listed without them, withdrawn, refused by name, audited.

use sqlx::PgPool;

use crate::*;

#[sqlx::test(migrations = false)]
async fn staff_make_list_and_withdraw_codes(pool: PgPool) {
    let (url, folder) = (url(&pool), folder());
    let settings = [("DATABASE_URL", url.as_str()), ("SCRIP_DATA_DIR", folder.as_str())];
    assert!(run(&["migrate"], &settings).status.success());
    assert!(run(&["preset", "load", "neuralbox"], &settings).status.success());
    let says = |arguments: &[&str]| {
        let output = run(arguments, &settings);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(says(&["codes", "list"]), "There are no codes.\n");
    let make = |count: &'static str, expires: &'static str, more: &[&'static str]| -> Vec<&'static str> {
        let asked = ["codes", "make", "--credits", "100", "--count", count, "--expires", expires, "--label", "Spring"];
        [&asked[..], &["--reason", "the spring campaign"], more].concat()
    };
    let lines = says(&make("3", "2999-01-31", &[]));
    let codes: Vec<&str> = lines.lines().collect();
    assert_eq!(codes.len(), 3, "codes alone, to be piped: {lines}");
    assert!(codes.iter().all(|code| code.starts_with("GC-") && code.len() == 25), "{lines}");
    let table = says(&make("2", "2999-01-31", &["--csv", "--per-account", "2", "--grant-days", "30"]));
    assert!(table.starts_with("number,code\n1,GC-") && table.lines().count() == 3, "{table}");
    let listed = says(&["codes", "list"]);
    assert!(listed.contains("3 codes of 100, 0 redeemed, 1 an account  until 2999-02-01 00:00 UTC"), "{listed}");
    assert!(listed.contains("2 an account, credits for 30 days") && listed.contains("by command line"), "{listed}");
    assert!(!listed.contains("GC-"), "the codes are nowhere");
    let batch = listed.lines().last().and_then(|line| line.split("  ").next()).expect("the first batch").to_owned();
    let withdraw = ["codes", "withdraw", &batch, "--reason", "over"];
    assert!(says(&[&withdraw[..], &["--number", "2"]].concat()).contains("0 redeemed, 1 an account, 1 withdrawn"));
    for _ in 0..2 {
        assert!(says(&withdraw).contains("withdrawn 20"), "a repeat changes nothing");
    }
    refuses(&run(&["codes", "withdraw", "x", "--reason", "y"], &settings), &["x names no batch", "scrip codes list"]);
    refuses(&run(&[&withdraw[..], &["--number", "9"]].concat(), &settings), &["code of this number not found"]);
    refuses(&run(&["codes", "withdraw", &batch], &settings), &["--reason"]);
    refuses(&run(&make("0", "2999-01-31", &[]), &settings), &["count", "From 1 to 10000"]);
    refuses(&run(&make("3", "2020-01-31", &[]), &settings), &["expires", "to come"]);
    refuses(&run(&make("3", "tomorrow", &[]), &settings), &["--expires"]);
    let wallet = wallet::Wallet::new(pool.clone(), wallet::Options::default());
    let log = wallet.identity().audit_log(None, 50).await.expect("the log");
    let count = |action: &str| log.rows.iter().filter(|row| row.action == action).count();
    assert_eq!((count("codes.made"), count("codes.withdrawn")), (2, 2));
    let stored: String = sqlx::query_scalar("SELECT string_agg(c::text, ' ') FROM redemption_codes AS c")
        .fetch_one(&pool)
        .await
        .expect("the rows");
    assert!(!stored.contains(&codes[0].replace('-', "")), "only hashes are stored");
    std::fs::remove_dir_all(folder).ok();
}
