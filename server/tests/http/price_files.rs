//! Grids and files of prices over HTTP: whole, by name, and over nobody else's edit.

use reqwest::StatusCode;
use serde_json::json;
use sqlx::PgPool;
use wallet::catalog::OperationForm;
use wallet::identity::Actor;

use crate::support::{Browser, Site, Told, location};

async fn revision(site: &Site, version: i32) -> String {
    site.wallet().tariffs().book(version).await.expect("a draft").revision.to_string()
}

async fn prices(site: &Site, operation: &str) -> Vec<String> {
    let book = site.wallet().tariffs().book(2).await.expect("a draft");
    let cells = book.tariff(operation).expect("in the book").rule.cells();
    cells.into_iter().map(|cell| cell.credits.to_string()).collect()
}

/// Uploads a file into the draft, as a browser does.
async fn upload(site: &Site, browser: &mut Browser<'_>, name: &str, bytes: &[u8]) -> Told {
    let field = |head: &str, value: &[u8]| {
        let head = format!("--limit\r\nContent-Disposition: form-data; {head}\r\n\r\n");
        [head.as_bytes(), value, b"\r\n"].concat()
    };
    let now = revision(site, 2).await;
    let file = field(&format!("name=\"upload\"; filename=\"{name}\"\r\nContent-Type: text/plain"), bytes);
    let body =
        [field("name=\"revision\"", now.as_bytes()), field("name=\"file\"", b""), file, b"--limit--\r\n".to_vec()];
    let request = site.client.post(format!("{}/admin/tariffs/2/import", site.url)).body(body.concat());
    let request = request.header("content-type", "multipart/form-data; boundary=limit");
    browser.send(request.header("sec-fetch-site", "same-origin").header("origin", &site.url)).await
}

#[sqlx::test(migrations = "../migrations")]
async fn the_largest_grid_is_saved_whole(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut browser = site.admin().await;
    browser.post("/admin/tariffs", &[]).await;
    let values =
        |letter: char, many: usize| (0..many).map(|n| format!("\"{letter}{n}\"")).collect::<Vec<_>>().join(", ");
    let axes = format!(
        "axes = [{{ param = \"row\", values = [{}] }}, {{ param = \"column\", values = [{}] }}]",
        values('r', 100),
        values('c', 20)
    );
    let form = OperationForm {
        operation: "grid".to_owned(),
        name: "Grid".to_owned(),
        category: "image".to_owned(),
        unit: "image".to_owned(),
        kind: "matrix".to_owned(),
        rule: format!("{axes}\ncells = [{}]", "1, ".repeat(2_000)),
        ..OperationForm::default()
    };
    let book = site.wallet().tariffs().book(2).await.expect("a draft");
    site.wallet().catalog().add_operation(&Actor::system("test"), 2, book.revision, form).await.expect("added");
    let page = browser.open("/admin/tariffs/2?edit=grid").await;
    assert!(page.text.contains("name=\"price.1999\""), "the grid is on its page");
    let now = revision(&site, 2).await;
    let typed: Vec<(String, String)> = (0..2_000).map(|n| (format!("price.{n}"), (n % 7).to_string())).collect();
    let seen = vec!["1"; 2_000].join(" ");
    let mut fields = vec![("operation", "grid"), ("revision", now.as_str()), ("seen", seen.as_str())];
    fields.extend(typed.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let told = browser.post("/admin/tariffs/2/prices", &fields).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    assert_eq!(prices(&site, "grid").await, typed.into_iter().map(|(_, value)| value).collect::<Vec<_>>());
    let many: Vec<(String, String)> = (0..2_200).map(|n| (format!("x{n}"), String::new())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(browser.post("/admin/tariffs/2/prices", &many).await.status, StatusCode::BAD_REQUEST);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_second_try_after_a_conflict_brings_only_what_was_changed(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut browser = site.admin().await;
    browser.post("/admin/tariffs", &[]).await;
    let before = prices(&site, "dall-e-3").await;
    assert_eq!(before, ["5", "9", "9", "13", "9", "13"]);
    let seen = before.join(" ");
    let save = |now: String, seen: String, typed: Vec<String>| {
        let mut fields = vec![("operation".to_owned(), "dall-e-3".to_owned()), ("revision".to_owned(), now)];
        fields.push(("seen".to_owned(), seen));
        fields.extend(typed.into_iter().enumerate().map(|(place, price)| (format!("price.{place}"), price)));
        fields
    };
    let post = async |browser: &mut Browser<'_>, fields: &[(String, String)]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.post("/admin/tariffs/2/prices", &fields).await
    };
    let old = revision(&site, 2).await;
    // Somebody else changes the first price; this person the last one, on the page that was open before.
    let mut theirs = before.clone();
    theirs[0] = "4".to_owned();
    assert_eq!(post(&mut browser, &save(old.clone(), seen.clone(), theirs)).await.status, StatusCode::SEE_OTHER);
    let mut mine = before.clone();
    mine[5] = "12".to_owned();
    let told = post(&mut browser, &save(old, seen, mine)).await;
    assert_eq!(told.status, StatusCode::CONFLICT, "{}", told.text);
    let shown = |place: usize| {
        let grid = told.text.split("id=\"edit\"").nth(1).expect("the grid");
        let field = grid.split(&format!("name=\"price.{place}\"")).nth(1).expect("the field");
        let value = field.split("value=\"").nth(1).expect("a value");
        value.split('"').next().expect("a value").to_owned()
    };
    let all: Vec<String> = (0..6).map(shown).collect();
    assert_eq!(all, ["4", "9", "9", "13", "9", "12"], "theirs where this person changed nothing");
    let again = save(revision(&site, 2).await, prices(&site, "dall-e-3").await.join(" "), all);
    assert_eq!(post(&mut browser, &again).await.status, StatusCode::SEE_OTHER);
    assert_eq!(prices(&site, "dall-e-3").await, ["4", "9", "9", "13", "9", "12"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_uploaded_file_is_named_and_must_be_text(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut browser = site.admin().await;
    browser.post("/admin/tariffs", &[]).await;
    let before = revision(&site, 2).await;
    let latin = b"operation,price,name,category,unit\nsora,1,S\xf6ra,video,clip\n";
    let toml = b"# prices\n[[operations]]\ncode = \"gpt-5\"\n";
    let plain = b"code = \"gpt-5\"\nflat = 2\n";
    let cases: [(&str, &[u8], &str); 7] = [
        ("prices.csv", latin, "line 1, column 1: this is not text in UTF-8"),
        (
            "prices.csv",
            b"operation;price\ngpt-5;1,000\n",
            "line 2, column 7: \u{201c}1,000\u{201d} can be read in two ways; write 1000 or 1.00",
        ),
        ("prices.csv", b"operation,price,unit\ngpt-5,2,call\n", "the unit of gpt-5 is"),
        ("prices.csv", b"operation,price,name,category,unit\nsora,1,a\0b,video,clip\n", "control character"),
        ("prices.toml", toml, "line 2, column 3: unknown field `operations`"),
        ("list.txt", plain, "line 1, column 1: unknown field `code`"),
        ("empty.toml", b"operation\n", "line 1"),
    ];
    for (name, bytes, told) in cases {
        let answer = upload(&site, &mut browser, name, bytes).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{told}: {}", answer.text);
        assert!(answer.text.contains(told), "{told}: {}", answer.text);
        assert!(answer.text.contains(&format!("{name} has mistakes")), "{name}: {}", answer.text);
    }
    assert_eq!(revision(&site, 2).await, before, "nothing changed");
    let nul = "[[operation]]\ncode = \"x\"\nname = \"a\\u0000b\"\ncategory = \"text\"\nunit = \"call\"\nflat = 1\n";
    let answer = browser.post("/admin/tariffs/2/import", &[("revision", &before), ("file", nul)]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("No control characters here"), "{}", answer.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_doubled_row_is_told_after_the_import(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut browser = site.admin().await;
    browser.post("/admin/tariffs", &[]).await;
    let source = wallet::catalog::Preset::source_of("neuralbox").expect("built in");
    let told = upload(&site, &mut browser, "neuralbox.toml", source.as_bytes()).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    assert_eq!(location(&told), "/admin/tariffs/2?show=changed&doubled=luma-ray2-flash");
    let page = browser.open(&location(&told)).await;
    let words = "Listed twice with the same price, kept once: luma-ray2-flash.";
    assert!(page.text.contains(words), "{}", page.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn no_control_character_reaches_the_book_by_a_form(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut browser = site.admin().await;
    browser.post("/admin/tariffs", &[]).await;
    let composite =
        |label: &str| format!("base = 1\nlabel = \"{label}\"\ntargets = [{{ param = \"n\", credits = 1, max = 2 }}]");
    let nul = "a\u{0}b".to_owned();
    let good = [("operation", "new"), ("name", "New"), ("category", "job"), ("unit", "job"), ("supplier", "Us")];
    for wrong in ["name", "unit", "supplier", "rule"] {
        let now = revision(&site, 2).await;
        let rule = composite(if wrong == "rule" { "a\\u0000b" } else { "Base" });
        let mut fields: Vec<(&str, &str)> = vec![("revision", &now), ("kind", "composite"), ("rule", &rule)];
        fields.extend(good.map(|(name, value)| if name == wrong { (name, nul.as_str()) } else { (name, value) }));
        let told = browser.post("/admin/tariffs/2/operations", &fields).await;
        assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {}", told.text);
        assert!(told.text.contains("control characters"), "{wrong}: {}", told.text);
        assert!(told.text.contains("value=\"new\""), "what was typed is still there");
    }
    let program = site.program("nora", 10).await;
    assert_eq!(program.get("/models/new").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        program.post("/charges", "a", &json!({ "operation": "new" })).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}
