//! `scrip brand`: changed piece by piece, audited, refused by name.

use sqlx::PgPool;

use crate::*;

#[sqlx::test(migrations = false)]
async fn the_operator_sets_name_logo_colour_and_addresses(pool: PgPool) {
    let (url, folder) = (url(&pool), folder());
    let settings = [("DATABASE_URL", url.as_str()), ("SCRIP_DATA_DIR", folder.as_str())];
    assert!(run(&["migrate"], &settings).status.success());
    refuses(&run(&["brand", "show"], &settings), &["load a preset"]);
    assert!(run(&["preset", "load", "neuralbox"], &settings).status.success());
    let says = |arguments: &[&str]| {
        let output = run(arguments, &settings);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(says(&["brand", "show"]).contains("name           NeuralBox"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let logo = format!("{folder}/logo.svg");
    std::fs::write(&logo, "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").expect("written");
    let told = says(&["brand", "set", "--logo", &logo, "--accent", "#1020c0", "--support-email", "help@box.example"]);
    assert!(told.contains("#1020c0") && told.contains("help@box.example"), "{told}");
    assert!(says(&["brand", "set", "--logo", ""]).contains("logo           -"));
    // What is not given stays; an empty text takes a thing away.
    let told = says(&["brand", "set", "--name", "Box", "--accent", "", "--hide-scrip", "true"]);
    assert!(told.contains("name           Box") && told.contains("help@box.example"), "{told}");
    assert!(!told.contains("#1020c0") && told.contains("not said"), "{told}");
    refuses(&run(&["brand", "set"], &settings), &["--name"]);
    refuses(&run(&["brand", "set", "--accent", "blue"], &settings), &["--accent blue", "#rrggbb"]);
    refuses(&run(&["brand", "set", "--logo", "logo.gif"], &settings), &["SVG, PNG or WebP"]);
    refuses(&run(&["brand", "set", "--help-url", "http://box.example"], &settings), &["help_url", "https://"]);
    assert!(says(&["brand", "show"]).contains("help           -"));
    let wallet = wallet::Wallet::new(pool.clone(), wallet::Options::default());
    let log = wallet.identity().audit_log(None, 50).await.expect("the log");
    assert_eq!(log.rows.iter().filter(|row| row.action == "catalog.brand_changed").count(), 3);
    // What is sold is written with it, and reads back.
    let exported = says(&["preset", "export"]);
    assert!(exported.contains("[settings.brand]") && exported.contains("name = \"Box\""), "{exported}");
    assert!(wallet::catalog::Preset::parse(&exported).is_ok());
    std::fs::remove_dir_all(folder).ok();
}
